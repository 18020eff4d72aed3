"""The bridge identity: are these points drawn from that density?  (Bennett 1976; Meng and Wong 1996.) A companion of K.

For any two densities q and r, with both sides the integral of q r / (q + r),

    E_q[ r / (q + r) ]  =  E_r[ q / (q + r) ]                                                          (1)

The left side is a mean over the points that claim to be draws of q. The right side is a mean over draws of a normal law
r, which is fitted to some other points of the sample. All terms lie in [0, 1], so that a bound holds for any q, however
heavy its tails or far its modes (empirical Bernstein; Maurer and Pontil 2009, arXiv:0907.3740, theorem 4). With V the
variances of both sides' terms and n their numbers, a difference is chance while it is at most

    sqrt(2 (V_q / n_q + V_r / n_r) log(4 / alpha))  +  7 log(4 / alpha) / (3 min(n_q, n_r))            (2)

A missing constant in q, a wrong scale of the points, a wrong weight of a mode: each makes the two sides differ. r is
as wide as the points, narrower and wider; and as wide as the surroundings of single points, which see single modes.

A test function h under both means sees what h measures, without a draw of q:

    E_q[ h r / (q + r) ]  =  E_r[ h q / (q + r) ],    h = u_i, u_i^2, u_i u_j, |u|^2                     (3)

u are the points on the scale of their quartiles, cut off at +-3: moments, and correlations between columns.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

import numpy as onp

ALPHA = 1e-7
WIDTHS = (0.5, 0.75, 1.0, 1.5)
CUT = 3.0
LOCAL = 3  # surroundings that are looked at, each of a tenth of the points


def worst_bridge(
    z: Any, log_q: Callable[[Any], Any], rng: onp.random.Generator, shift: float = 0.0
) -> tuple[float, float, str]:
    """The difference of both sides of (1) that is furthest beyond its bound, the bound, and which r it was.

    z (N, D): the points; a quarter of them fits r, and the others are judged. shift: a number that is added to log_q.
    """
    known, judged = _split(z)
    found = []
    for words, mean, root in _references(known, rng):
        y = mean + rng.standard_normal((2 * len(judged), z.shape[1])) @ root.T
        at_q = _share(_log_normal(judged, mean, root), _density(log_q, judged) + shift)
        at_r = _share(_density(log_q, y) + shift, _log_normal(y, mean, root))
        found.append((abs(at_q.mean() - at_r.mean()), _bound(at_q, at_r), words))
    return max(found, key=lambda f: f[0] / f[1])


def worst_moment(z: Any, log_q: Callable[[Any], Any], rng: onp.random.Generator) -> tuple[float, float, float, str]:
    """The difference of both sides of (3) that is most sigma, its bound, how many sigma, and which h it was."""
    known, judged = _split(z)
    quartiles = onp.quantile(known, (0.25, 0.5, 0.75), axis=0)
    middle, scale = quartiles[1], onp.maximum((quartiles[2] - quartiles[0]) / 1.349, 1e-300)
    y = middle + scale * rng.standard_normal((2 * len(judged), z.shape[1]))
    root = onp.diag(scale)
    at_q = _share(_log_normal(judged, middle, root), _density(log_q, judged))
    at_r = _share(_density(log_q, y), _log_normal(y, middle, root))
    u, v = (onp.clip((a - middle) / scale, -CUT, CUT) for a in (judged, y))
    tests = _tests(z.shape[1])
    found = [(*_difference(h(u) * at_q, h(v) * at_r, width, len(tests)), words) for words, h, width in tests]
    return max(found, key=lambda f: f[2])


def _difference(p, q, width, looks):
    """Of two means: the difference, its bound, and how many sigma it is."""
    difference, sigma = abs(p.mean() - q.mean()), (p.var() / len(p) + q.var() / len(q)) ** 0.5
    return difference, _bound(p, q, width=width, looks=looks), difference / max(sigma, 1e-300)


def fitted_shift(z: Any, log_q: Callable[[Any], Any], rng: onp.random.Generator, reach: float = 60.0) -> float | None:
    """c such that both sides of (1) agree for q e^c: Bennett's estimate of a constant. None where none does."""
    known, judged = _split(z)
    mean, root = _fitted(known)
    y = mean + rng.standard_normal((2 * len(judged), z.shape[1])) @ root.T
    at_q = _log_normal(judged, mean, root) - _density(log_q, judged)
    at_r = _density(log_q, y) - _log_normal(y, mean, root)
    low, high = -reach, reach
    for _ in range(60):  # the left side falls in c, the right one grows
        c = 0.5 * (low + high)
        less = _share(at_r + c, 0.0).mean() < _share(at_q - c, 0.0).mean()
        low, high = (c, high) if less else (low, c)
    return c if abs(c) < reach - 1 else None


def _split(z):
    """A quarter of the points, to which r is fitted, and the others."""
    return z[: len(z) // 4], z[len(z) // 4 :]


def _tests(dim, most=8):
    """(words, h, the width of its range)."""
    columns = range(min(dim, most))
    tests = [(f"the mean of z_{i}", lambda u, i=i: u[:, i], 2 * CUT) for i in columns]
    tests += [(f"the square of z_{i}", lambda u, i=i: u[:, i] ** 2, CUT**2) for i in columns]
    tests += [
        (f"z_{i} with z_{j}", lambda u, i=i, j=j: u[:, i] * u[:, j], 2 * CUT**2) for i in columns for j in range(i)
    ]
    return [*tests, ("the size of z", lambda u: onp.square(u).sum(axis=1), dim * CUT**2)]


def _references(known, rng):
    """(words, mean, root of the covariance) of each normal law r."""
    mean, root = _fitted(known)
    for width in WIDTHS:
        yield f"a normal law {width:g} times as wide as the points", mean, width * root
    centred = onp.linalg.solve(root, (known - mean).T).T
    for k in rng.choice(len(known), LOCAL, replace=False):
        near = onp.argsort(onp.square(centred - centred[k]).sum(axis=1))[: max(50, len(known) // 10)]
        yield "a normal law around some of the points", *_fitted(known[near])


def _fitted(points):
    covariance = onp.cov(points, rowvar=False).reshape(points.shape[1], -1)
    scale = onp.maximum(onp.diag(covariance), 1e-300)
    return points.mean(axis=0), onp.linalg.cholesky(covariance + 1e-6 * onp.diag(scale))


def _log_normal(points, mean, root):
    u = onp.linalg.solve(root, (points - mean).T)
    constant = onp.log(onp.diag(root)).sum() + 0.5 * len(root) * log(2 * pi)
    return -0.5 * onp.square(u).sum(axis=0) - constant


def _density(log_q, points):
    """log q, and -inf where it is no number: outside of its domain."""
    with onp.errstate(all="ignore"):
        value = onp.asarray(log_q(points), dtype=onp.float64).reshape(len(points))
    return onp.where(onp.isnan(value), -onp.inf, value)


def _share(log_a, log_b):
    """a / (a + b)."""
    with onp.errstate(all="ignore"):
        share = 0.5 * (1 + onp.tanh(0.5 * (log_a - log_b)))
    return onp.where(onp.isnan(share), 0.0, share)


def _bound(*sides, width=1.0, looks=1):
    """Equation (2), for terms in an interval of this width, and that many looks."""
    spread = log(4 * looks / ALPHA)
    variance = sum(terms.var(ddof=1) / len(terms) for terms in sides)
    return (2 * variance * spread) ** 0.5 + 7 * width * spread / (3 * min(map(len, sides)))
