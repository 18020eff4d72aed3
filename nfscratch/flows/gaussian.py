"""Linear flows on a standard normal base: the full-covariance Gaussian, trained like any other flow.

    z ~ N(0, I),  u = A z + b  ~  N(b, A A^T),     x = Standardize(u)

For "plu", "qr" and "triangular" every covariance is reached, within the bound of their log-diagonals (by default scales
of 4.5e-5 to 22,026, in the data's own units by Standardize); "diagonal" has variances only, and "householder" is a
rotation: with the data's own scales after it, the least that a linear layer can do.
"""

from __future__ import annotations

from typing import Any

from nfscratch import validate
from nfscratch.bijections import PLU, QR, Diagonal, Householder, Standardize, Triangular
from nfscratch.bijections.chain import Chain
from nfscratch.distributions import Distribution, StandardNormal
from nfscratch.flows.flow import Flow

KINDS = {"plu": PLU, "qr": QR, "triangular": Triangular, "diagonal": Diagonal, "householder": Householder}


def linear(dim: int, kind: str = "plu", *, base: Distribution | None = None, **options: Any) -> Flow:
    """One linear layer, then Standardize. `options` go to the layer: seed for "plu", lower for "triangular", ..."""
    validate.count("dim", dim, least=1)
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
    return Flow(base or StandardNormal(dim), Chain([KINDS[kind](dim, **options), Standardize(dim)]))
