"""K: samples against the density. What came out of `sample` is carried back, z = inverse(x), and has to follow q:

distance    the largest distance between distribution functions, in every coordinate and on random directions, under
            the bound of Dvoretzky, Kiefer and Wolfowitz, sqrt(log(2 / alpha) / 2n) for one sample against a known law
bridge      E_q[r / (q + r)] = E_r[q / (q + r)], which sees scales, constants and the weights of modes: bridge.py
moments     the same with test functions: squares of coordinates, products of two, which see scales and correlations.
            Where one is 3.5 sigma off, a second sample, eight times as large, decides
distinct    no point comes twice, and no value of a coordinate comes again and again: a density has no atoms
rows        no two rows are correlated at any lag, in their values or in their sizes
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as onp
from scipy.special import ndtr, ndtri

from nfscratch.check.bridge import worst_bridge, worst_moment
from nfscratch.check.finding import Finding, not_applicable
from nfscratch.check.intervals import bounded
from nfscratch.check.trial import Trial, flat

ALPHA = 1e-6
DRAWS = 12_000
SUSPICION = 3.5  # sigma
ATOM = 0.002


def check_samples(trial: Trial, rng: onp.random.Generator, n: int = DRAWS) -> Finding:
    """K: on the subject's own samples; without any, on standard normal draws carried forward."""
    s = trial.subject
    if s.sample is None and bounded(s.domain):
        return not_applicable("K", f"no samples, and no standard normal base on {s.domain}")
    own = s.sample is not None
    draw = s.sample if own else lambda rng, n: trial.apply("forward", _normal(rng, n, s))[0]
    what = "samples against the density" if own else "forward of N(0, I) against its density (a base is assumed)"
    worst = Finding("K", what, 0.0, 1.0)
    for name, f in (("", draw), ("sample_and_log_prob: ", s.sample_and_log_prob)):
        finding = worst if f is None else _judged(trial, f, name + what, rng, n)
        if not finding.ok:
            return finding
        worst = max(worst, finding, key=lambda found: found.error / max(found.tolerance, 1e-300))
    return worst


def _judged(trial, draw, what, rng, n):
    s = trial.subject
    x = draw(rng, n)
    x = onp.asarray(x[0] if isinstance(x, tuple) else x)
    if x.shape != (n, *s.out_shape) or not bool(onp.isfinite(x).all()):
        bad = f"sample(rng, {n}) must give {(n, *s.out_shape)}, finite; got {x.shape}, "
        bad += f"{(~onp.isfinite(x)).sum()} numbers not finite"
        return Finding("K", "shape and finiteness of the samples", float("inf"), 0.0, bad)
    repeated = n - len(onp.unique(x.reshape(n, -1), axis=0))
    if repeated > 0.005 * n:  # float32 has a few repetitions by chance
        return _found("repeated", "the same points twice", repeated / n, 0.005, {"x": flat(x)})
    z = flat(trial.apply("inverse", x)[0])
    for a in (z, flat(x)) if not bounded(s.codomain) else (z,):
        share, value, column = most_frequent(a)
        if share > ATOM and s.dtype == onp.float64:  # float32 has too few numbers for that
            ends = a[:, column].min(), a[:, column].max()
            extreme = min(abs(value - end) for end in ends) <= 1e-9 * (1 + ends[1] - ends[0])
            evidence = {"x": flat(x), "extreme": extreme}
            words = f"one value in column {column}, {value:.4g}, again and again"
            return _found("atom", words, share, ATOM, evidence)
    against = None if s.base_sample is None else flat(s.base_sample(rng, n))
    evidence = {"x": flat(x), "z": z, "base": against}
    looks = (
        ("distance", lambda: distance_from(z, against, rng)),
        ("bridge", lambda: bridge_to_base(trial, z, rng)),
        ("moments", lambda: moments_of(trial, z, draw, rng)),
        ("rows", lambda: correlation_of_rows(z)),
    )
    for kind, look in looks:
        error, allowed, where = look()
        finding = _found(kind, f"{what}, {where}", error, allowed, evidence)
        if not finding.ok:
            return finding
    return finding


def _found(kind, what, error, allowed, evidence):
    evidence = {"kind": kind, "row": 0, "symbol": "x", **evidence}
    return Finding("K", what, float(error), float(allowed), evidence=evidence)


def _normal(rng, n, subject):
    return rng.standard_normal((n, *subject.in_shape)).astype(subject.dtype)


# --- one sample, one law ---


def bridge_to_base(trial: Trial, z: Any, rng: onp.random.Generator, shift: float = 0.0) -> tuple[float, float, str]:
    """Whether the points z (N, D) follow the base density q."""
    s = trial.subject
    z = z[onp.isfinite(z).all(axis=1)]
    if len(z) < 200:
        return float("inf"), 0.0, "most of them carried back to nothing finite"
    error, allowed, where = worst_bridge(z, s.log_q, rng, shift)
    return error, allowed, f"bridged to {where}"


def moments_of(trial: Trial, z: Any, draw: Any, rng: onp.random.Generator) -> tuple[float, float, str]:
    """Moments of z against q: a suspicion is put to a larger sample of `draw`, which alone is judged."""
    s = trial.subject
    error, allowed, sigma, where = worst_moment(z[onp.isfinite(z).all(axis=1)], s.log_q, rng)
    if sigma < SUSPICION:
        return 0.0, 1.0, f"moments: {where}"
    x = draw(rng, 8 * len(z))
    z = flat(trial.apply("inverse", onp.asarray(x[0] if isinstance(x, tuple) else x))[0])
    error, allowed, _, where = worst_moment(z[onp.isfinite(z).all(axis=1)], s.log_q, rng)
    return error, allowed, f"moments: {where}"


def most_frequent(a: Any) -> tuple[float, float, int]:
    """The share of the value that comes most often in a column, up to rounding, the value, and the column."""
    found = []
    for j, column in enumerate(a.T[:8]):
        v = onp.sort(column[onp.isfinite(column)])
        if len(v) < 4:
            continue
        spread = v[3 * len(v) // 4] - v[len(v) // 4]
        new = onp.diff(v) > 1e-12 * spread + 64 * 2.3e-16 * onp.abs(v[1:])
        starts = onp.concatenate([[0], onp.flatnonzero(new) + 1, [len(v)]])
        k = int(onp.argmax(onp.diff(starts)))
        found.append((float(onp.diff(starts)[k] / len(v)), float(v[starts[k]]), j))
    return max(found, default=(0.0, 0.0, 0))


def distance_from(z: Any, base: Any, rng: onp.random.Generator) -> tuple[float, float, str]:
    """The largest distance of z's distribution from N(0, I), or from that of the sample `base`, over projections."""
    dim = z.shape[1]
    directions = [onp.eye(dim)[i] for i in range(min(dim, 8))]
    names = [f"coordinate {i}" for i in range(min(dim, 8))]
    if dim > 1:
        drawn = rng.normal(size=(3, dim))
        directions += list(drawn / onp.linalg.norm(drawn, axis=1, keepdims=True))
        names += ["a random direction"] * 3
    alpha = ALPHA / len(directions)
    n = len(z)
    factor = 1.0 if base is None else 2.0
    allowed = sqrt(factor * log(2 / alpha) / (2 * n))
    distances = [_distance(z @ d, None if base is None else base @ d) for d in directions]
    worst = int(onp.argmax(distances))
    return float(distances[worst]), allowed, names[worst]


def _distance(a, b):
    """Kolmogorov and Smirnov's statistic; a value that is no number lies outside of every interval."""
    a = onp.sort(onp.where(onp.isfinite(a), a, onp.inf))
    steps = onp.arange(1, len(a) + 1) / len(a)
    if b is None:
        F = ndtr(a)
        return max(float((steps - F).max()), float((F - steps + 1 / len(a)).max()))
    both = onp.sort(onp.concatenate([a, b]))
    counts = [onp.searchsorted(onp.sort(v), both, side="right") / len(v) for v in (a, b)]
    return float(onp.abs(counts[0] - counts[1]).max())


def correlation_of_rows(z: Any) -> tuple[float, float, str]:
    """The largest correlation between row i and row i + k, over all lags k, of normal scores of values and sizes.

    For independent rows each is about N(0, 1 / n), and the largest of m stays under sqrt(2 log(2 m / alpha) / n).
    """
    columns = list(z.T[:8])
    series = columns + [onp.abs(a - onp.median(a)) for a in columns]
    n, m = len(z), len(series) * (len(z) // 2)
    correlations = onp.stack([_autocorrelation(_scores(a)) for a in series])
    lag = int(onp.argmax(onp.abs(correlations).max(axis=0))) + 1
    allowed = sqrt(2 * log(2 * m / ALPHA) / n)
    return float(onp.abs(correlations).max()), allowed, f"rows i and i + {lag}"


def _scores(a):
    return ndtri((onp.argsort(onp.argsort(a)) + 0.5) / len(a))


def _autocorrelation(a):
    """At the lags 1 ... n / 2, around the end."""
    power = onp.square(onp.abs(onp.fft.rfft(a)))
    products = onp.fft.irfft(power, n=len(a))
    return products[1 : len(a) // 2 + 1] / products[0]
