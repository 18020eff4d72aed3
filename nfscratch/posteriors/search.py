"""Where a posterior is, roughly: Gaussians along the paths of an optimizer, and draws of the best of them.

From several points an optimizer (BFGS) climbs log p(y), y unconstrained. At points y_t of each path, with the gradient
g and the Hessian H of log p there,

    q_t = N(y_t + S g, S),     S = |-H|^-1                                                                         (1)

where |.| makes every eigenvalue positive: one Newton step from y_t, and the curvature there. Of each path the q_t with
the largest ELBO is kept. The last point is not always the best: the density of a hierarchical model can be highest
where there is little mass (Pathfinder: Zhang, Carpenter, Gelman and Vehtari 2022, JMLR 23(306), arXiv:2108.03782; its
S comes from the optimizer's memory, here H is a difference of gradients). Each path then gives draws in proportion to
exp(ELBO), so that several modes have a share of their own. These draws are not the posterior. A flow looks at them as
it looks at data, for its location, its scales and its correlations. Where the Gaussians lie apart, it is fitted to the
draws first: a descent on the ELBO alone, from one wide Gaussian, ends in one of the modes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

WIDTHS = (0.0, 2.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0, 16.0, 16.0)  # of the boxes about 0 where the paths begin
POINTS, DRAWS = 16, 64
SHRUNK = (1.0, 0.5, 0.25)  # a Gaussian with the curvature of the top can be too wide for the sides
STEPS = 300  # of the optimizer
NEWTON = 8  # steps that end a path, where its curvature allows them
RELATIVE = 1e-3  # a difference quotient's step, in units of a variable's scale
FLATTEST = 1e-7  # the smallest curvature, where 1 is that of a variable by itself
FAR = 1e12  # no posterior is there
APART, LEAST_SHARE = 2.0, 0.01  # standard deviations in each variable; of the draws
FULL = 128  # dimensions with a full Hessian; with more, its diagonal


class Why(Enum):
    """Why a search found nothing."""

    NOT_FINITE = "log p is not finite at any point where the search begins"
    NO_PEAK = "log p still rises very far out"
    EDGE = "no Gaussian that was tried lies where log p is finite"


class NoStart(ValueError):
    """The search failed; its argument is the Why."""


@dataclass(frozen=True)
class Rough:
    """A Gaussian N(mean, A A^T), and its ELBO."""

    mean: Any
    A: Any
    elbo: float

    def draw(self, noise: Any) -> Any:
        return self.mean + noise @ self.A.T


def rough_posterior(value: Callable, both: Callable, dim: int, rng: Any) -> list[Rough]:
    """The best Gaussian of each path. value(y) -> (n,); both(y) -> (n,), (n, D) with the gradient; float64 on the host.

    Raises NoStart, which says why, where there is none.
    """
    firsts = [rng.uniform(-1.0, 1.0, dim) * width for width in WIDTHS]
    paths = [path for first in firsts if (path := _climb(value, both, first))]
    if not paths:
        raise NoStart(Why.NOT_FINITE)
    if any(np.abs(path[-1]).max() > FAR for path in paths):
        raise NoStart(Why.NO_PEAK)
    found = [best for path in paths if (best := _best_of_path(value, both, path, rng))]
    if not found:
        raise NoStart(Why.EDGE)
    return found


def several(roughs: list[Rough]) -> bool:
    """Whether two of them that have a share of the draws lie apart, each as seen in units of the wider one."""
    shares = _shares(roughs)
    seen = [rough for rough, share in zip(roughs, shares, strict=True) if share > LEAST_SHARE]
    return any(min(_distance(a, b), _distance(b, a)) > APART for a in seen for b in seen)


def _distance(a, b):
    return np.linalg.norm(np.linalg.solve(a.A, a.mean - b.mean)) / len(a.mean) ** 0.5


def _shares(roughs):
    elbos = np.array([rough.elbo for rough in roughs])
    share = np.exp(elbos - elbos.max())
    return share / share.sum()


def draws_of(roughs: list[Rough], rng: Any, n: int) -> Any:
    """n draws (n, D), in proportion to exp(ELBO)."""
    counts = rng.multinomial(n, _shares(roughs))
    dim = len(roughs[0].mean)
    return np.concatenate([r.draw(rng.standard_normal((c, dim))) for r, c in zip(roughs, counts, strict=True) if c])


def _best_of_path(value, both, path, rng):
    """The Gaussian with the largest ELBO; None where none has a finite one."""
    scale, candidates = None, []
    for y in path:
        rough, scale = _gaussian(both, y, scale)
        candidates += [] if rough is None else [rough]
    noise = rng.standard_normal((DRAWS, len(path[0])))
    rated = [Rough(mean, c * A, _elbo(value, mean, c * A, noise)) for mean, A in candidates for c in SHRUNK]
    return max((rough for rough in rated if np.isfinite(rough.elbo)), key=lambda rough: rough.elbo, default=None)


def _climb(value, both, first):
    """Points of one path, at most POINTS: the first and the last are among them."""
    from scipy.optimize import minimize

    if not np.isfinite(value(first[None])[0]):
        return []
    path = [first]

    def loss(y):
        (v,), (g,) = both(y[None])
        return (-v, -g) if np.isfinite(v) and np.isfinite(g).all() else (np.inf, np.zeros_like(g))

    def on_the_way(y):
        path.append(y.copy())
        if np.abs(y).max() > FAR:
            raise NoStart(Why.NO_PEAK)

    options = {"maxiter": STEPS, "maxfun": 5 * STEPS, "gtol": 0.0, "ftol": 1e-13, "maxls": 40}
    with np.errstate(all="ignore"):
        minimize(loss, first, jac=True, method="L-BFGS-B", callback=on_the_way, options=options)
    keep = np.unique(np.linspace(0, len(path) - 1, POINTS).astype(int))
    return [path[k] for k in keep] + _newton(value, both, path[-1])


def _newton(value, both, y):
    """Points of Newton's method from y, as long as each is higher than the one before."""
    points, scale, height = [], None, value(y[None])[0]
    for _ in range(NEWTON):
        rough, scale = _gaussian(both, y, scale)
        if rough is None:
            break
        along = y + (rough[0] - y) * (0.5 ** np.arange(8.0))[:, None]
        heights = value(along)
        best = np.nanargmax(np.where(np.isfinite(heights), heights, -np.inf))
        if not heights[best] > height:
            break
        points.append(along[best])
        gain, y, height = heights[best] - height, along[best], heights[best]
        if gain < 1e-6:
            break
    return points


def _gaussian(both, y, scale):
    """Mean and factor of (1), and the scales (D,) that its Hessian says, for the next point. None where it fails."""
    scale = np.maximum(np.abs(y), 1.0) if scale is None else scale
    step = np.maximum(RELATIVE * scale, 1e-9 * np.abs(y))
    g = both(y[None])[1][0]
    if not np.isfinite(g).all():
        return None, None
    P = _precision(both, y, step)
    if not np.isfinite(P).all():
        return None, None
    own = np.sqrt(np.maximum(np.abs(np.diagonal(P)), 1e-300))
    own = np.where(own > 1e-12 / scale, own, 1.0 / scale)
    l, v = np.linalg.eigh(P / own / own[:, None])
    l = np.maximum(np.abs(l), FLATTEST)
    A = (v / np.sqrt(l)) / own[:, None]
    mean = y + A @ (A.T @ g)
    return ((mean, A) if np.isfinite(mean).all() else None), np.minimum(1.0 / own, 1e6 * scale)


def _precision(both, y, step):
    """-H by central differences of the gradient: 2 D of them, in one call."""
    dim = len(y)
    if dim > FULL:
        towards = np.random.default_rng(0).choice([-1.0, 1.0], (8, dim)) * step  # Hutchinson's diagonal
        change = (both(y - towards)[1] - both(y + towards)[1]) / 2.0
        return np.diag((change / towards).mean(axis=0))
    moves = np.diag(step)
    change = (both(y - moves)[1] - both(y + moves)[1]) / (2.0 * step[:, None])
    return 0.5 * (change + change.T)


def _elbo(value, mean, A, noise):
    log_p = value(mean + noise @ A.T)
    if not np.isfinite(log_p).all():
        return -np.inf
    return log_p.mean() + np.linalg.slogdet(A)[1] + 0.5 * len(mean) * (1.0 + np.log(2.0 * np.pi))
