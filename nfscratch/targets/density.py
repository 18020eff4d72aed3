"""Density: a named law on R^dim with its exact entropy; what the toy sets are made of.

    H[p] = -E_p[log p(x)]         the entropy, in nats: a perfect flow's mean test loss
    E_p[-log q(x)] = H[p] + KL(p || q)   what maximum likelihood minimises: never below H[p]

So `entropy` says how far a fit can still fall, and where `log_prob` is known the gap is measured more
sharply by the paired mean of log p(x) - log q(x) over the same points. This is host-side NumPy in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from nfscratch import backend, validate
from nfscratch.excerpt import excerpt

LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False, repr=False)
class Density:
    """`draw(rng, n) -> (n, dim)` samples the law; `log_density(x) -> (N,)` is its exact log, or None where unknown."""

    name: str
    dim: int
    entropy: float  # nats
    about: str  # one sentence, with the formula
    draw: Callable[[np.random.Generator, int], np.ndarray]
    log_density: Callable[[np.ndarray], np.ndarray] | None = None

    @property
    def has_log_prob(self) -> bool:
        return self.log_density is not None

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw n independent points, (n, dim) float64."""
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"rng must be a numpy.random.Generator; got {type(rng).__name__}")
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 0:
            raise ValueError(f"n must be an integer, 0 or more; got {excerpt(n)}")
        return self.draw(rng, int(n))

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """log p(x) in nats, (N, dim) -> (N,): -inf outside the support, and where a square overflows; never NaN."""
        if self.log_density is None:
            raise NotImplementedError(f"{self.name} has no formula for log_prob; its entropy is {self.entropy:.4f}")
        x = self._points(x)
        with np.errstate(all="ignore"):  # log 0 = -inf and exp(-1000) = 0 are the right answers here
            log_p = self.log_density(x)
        # inf - inf comes only of squares or means that overflowed, some 1e150 away from all the mass.
        return np.where(np.isnan(log_p), -np.inf, log_p)

    def _points(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(backend.to_numpy(validate.numeric("x", x)), dtype=float)
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"{self.name}: x must have shape (N, {self.dim}); got {x.shape}")
        bad = np.flatnonzero(np.isnan(x).any(axis=1))
        if bad.size:
            raise ValueError(f"{self.name}: x must be free of NaN; row {bad[0]} has one ({bad.size} such rows)")
        return x

    def __repr__(self) -> str:
        return f"Density({self.name!r}, dim={self.dim}, entropy={self.entropy:.4f} nats)"


def log_sum_exp(terms: np.ndarray) -> np.ndarray:
    """log sum_k exp(terms[..., k]); a row that is all -inf gives -inf."""
    top = terms.max(axis=-1)
    shift = np.where(np.isfinite(top), top, 0.0)  # -inf - -inf would be NaN
    return shift + np.log(np.exp(terms - shift[..., None]).sum(axis=-1))


def log_normal(x: np.ndarray, mean: np.ndarray | float, sd: float) -> np.ndarray:
    """log N(x; mean, sd^2), elementwise."""
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * LOG_2PI


def in_chunks(log_density: Callable[[np.ndarray], np.ndarray], x: np.ndarray, rows: int) -> np.ndarray:
    """log_density(x), `rows` points at a time: quadrature needs (rows, nodes) numbers, not (N, nodes)."""
    if len(x) <= rows:
        return log_density(x) if len(x) else np.empty(0)
    return np.concatenate([log_density(x[start : start + rows]) for start in range(0, len(x), rows)])
