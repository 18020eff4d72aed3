"""Linear flows on a standard normal base: the full-covariance Gaussian, trained like any other flow.

    z ~ N(0, I),  u = A z + b  ~  N(b, A A^T),     x = Standardize(u)

For "plu", "qr" and "triangular" every covariance is reached, within the bound of their log-diagonals (by default scales
of 4.5e-5 to 22,026, in the data's own units by Standardize); "diagonal" has variances only, and "householder" is a
rotation: with the data's own scales after it, the least that a linear layer can do.

With a context, a network gives each row the parameters of its own Gaussian: A and b follow the context (Conditioned).
There is one layer, so that `linear` takes no `layers`; `seed` is an option of "plu".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from nfscratch import validate
from nfscratch.bijections import PLU, QR, Diagonal, Householder, Triangular
from nfscratch.distributions import Distribution
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import following
from nfscratch.flows.recipe import for_data
from nfscratch.flows.support import Support
from nfscratch.nets import MLP, Network

KINDS = {"plu": PLU, "qr": QR, "triangular": Triangular, "diagonal": Diagonal, "householder": Householder}


def linear(
    dim: int,
    kind: str = "plu",
    *,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "diagonal",
    standardize: str = "moments",
    **options: Any,
) -> Flow:
    """One linear layer, then Standardize. `options` go to the layer: seed for "plu", lower for "triangular", ..."""
    validate.choice("kind", kind, KINDS)
    _check_options(kind, options)
    layer = following(KINDS[kind](dim, **options), MLP(hidden, activation, gain), context_dim)
    return for_data(dim, [layer], base, embed, support, whiten, standardize)


def _check_options(kind, options):
    known = [field.name for field in fields(KINDS[kind]) if field.name != "dim"]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise TypeError(f"options of kind {kind!r} must be among {', '.join(known)}; got {', '.join(unknown)}")
