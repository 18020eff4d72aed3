"""Where a posterior is, roughly: Gaussians along the paths of an optimizer, and draws of the best of them.

From several points an optimizer (L-BFGS-B) climbs log p(y), y unconstrained. At points y_t of each path, with the
gradient g and the Hessian H of log p there,

    q_t = N(y_t + S g, S),     S = |-H|^-1                                                                         (1)

where |.| makes every eigenvalue positive: one Newton step from y_t, and the curvature there. Of each path the q_t with
the largest ELBO is kept. The last point is not always the best: the density of a hierarchical model can be highest
where there is little mass (Pathfinder: Zhang, Carpenter, Gelman and Vehtari 2022, JMLR 23(306), arXiv:2108.03782; its
S comes from the optimizer's memory, here H is a difference of gradients). The paths begin in boxes about 0, then about
what was found (elsewhere.py), as long as that shows something new. Each mode is kept once, and gives draws in
proportion to exp(ELBO), so that it has a share of its own. These draws are not the posterior. A flow looks at them as
it looks at data, for its location, its scales and its correlations. Where the Gaussians lie apart, it is fitted to the
draws first: a descent on the ELBO alone, from one wide Gaussian, ends in one of the modes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from nfscratch.blas import ONE_THREAD
from nfscratch.posteriors.elsewhere import starts_elsewhere

WIDTHS = (0.0, 2.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0, 16.0, 16.0)  # of the boxes about 0 where the paths begin
POINTS, DRAWS = 16, 64
SHRUNK = (1.0, 0.5, 0.25)  # a Gaussian with the curvature of the top can be too wide for the sides
STEPS = 300  # of the optimizer
NEWTON = 8  # steps that end a path, where its curvature allows them
RELATIVE = 1e-3  # a difference quotient's step, in units of a variable's scale
FLATTEST = 1e-7  # the smallest curvature, where 1 is that of a variable by itself
FAR = 1e12  # no posterior is there
APART, SAME = 2.0, 0.5  # standard deviations in each variable
LEAST_SHARE = 0.01  # of the draws
ROUNDS = 3  # of second searches, at most
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


@np.errstate(over="ignore", invalid="ignore")  # what overflows is not finite, and is dropped
def rough_posterior(value: Callable, both: Callable, dim: int, rng: Any) -> list[Rough]:
    """The best Gaussians that differ. value(y) -> (n,); both(y) -> (n,), (n, D) with the gradient; float64 on the host.

    Raises NoStart, which says why, where there is none.
    """
    import scipy.optimize  # noqa: F401  its own BLAS comes with it, and must be there when the limit is set

    with ONE_THREAD:  # as in a fit
        found = _first(value, both, dim, rng)
        for _ in range(ROUNDS):
            before, found = found, _distinct(found + _again(value, both, found, rng))
            if not any(_is_elsewhere(rough, before) for rough in _seen(found)):
                break
    return found


def _first(value, both, dim, rng):
    """From boxes about 0."""
    firsts = [rng.uniform(-1.0, 1.0, dim) * width for width in WIDTHS]
    paths = [path for first in firsts if (path := _climb(value, both, first))]
    if not paths:
        raise NoStart(Why.NOT_FINITE)
    if any(np.abs(path[-1]).max() > FAR for path in paths):
        raise NoStart(Why.NO_PEAK)
    found = [best for path in paths if (best := _best_of_path(value, both, path, rng))]
    if not found:
        raise NoStart(Why.EDGE)
    return _distinct(found)


def _again(value, both, found, rng):
    """About what was found. A path that leads nowhere, or to a Gaussian that is known, gives nothing."""
    more = []
    for first in starts_elsewhere(value, found, rng):
        try:
            path = _climb(value, both, first)
        except NoStart:
            continue
        if path and np.abs(path[-1]).max() < FAR and min(_off(rough, path[-1]) for rough in found) > SAME:
            best = _best_of_path(value, both, path, rng)
            more += [best] if best else []
    return more


def _distinct(roughs):
    """Each mode once, however many paths end there: its best Gaussian."""
    kept = []
    for rough in sorted(roughs, key=lambda rough: -rough.elbo):
        if all(max(_off(rough, other.mean), _off(other, rough.mean)) > SAME for other in kept):
            kept.append(rough)
    return kept


def several(roughs: list[Rough]) -> bool:
    """Whether two of them that have a share of the draws lie apart."""
    seen = _seen(roughs)
    return any(_are_apart(a, b) for a in seen for b in seen)


def _seen(roughs):
    return [rough for rough, share in zip(roughs, _shares(roughs), strict=True) if share > LEAST_SHARE]


def _is_elsewhere(rough, others):
    return all(_are_apart(rough, other) for other in others)


def _are_apart(a, b):
    """As seen in units of the wider one."""
    return min(_off(a, b.mean), _off(b, a.mean)) > APART


def _off(rough, y):
    """The distance of y from the mean, in standard deviations, as the root mean square over the variables."""
    return np.linalg.norm(np.linalg.solve(rough.A, y - rough.mean)) / len(y) ** 0.5


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
