"""D and K: the density of a flow against its definition, and its samples against its density.

D    log_prob(x) = log q(z) + log|det dz/dx|,   z = inverse(x), q the base density, the Jacobian a numeric one
K    z = inverse(sample) follows q: the largest distance between distribution functions, in every coordinate, on
     random directions and in |z|, stays under the bound of Dvoretzky, Kiefer and Wolfowitz,

         sqrt(log(2 / alpha) / 2n)   for one sample against a known law,   alpha = 1e-6 / (number of comparisons)
"""

from __future__ import annotations

from math import erf, log, sqrt
from typing import Any

import numpy as onp

from nfscratch.check.finding import Finding, not_applicable
from nfscratch.check.intervals import bounded
from nfscratch.check.laws import judged, log_abs_det
from nfscratch.check.trial import Trial, flat, largest

ALPHA = 1e-6


def check_definition(trial: Trial) -> Finding:
    """D."""
    s = trial.subject
    if s.log_prob is None:
        return not_applicable("D", "no log_prob was given")
    with onp.errstate(all="ignore"):
        claimed = onp.asarray(s.log_prob(trial.x.copy()), dtype=onp.float64)
    if claimed.shape != (len(trial),):
        return not_applicable("D", "log_prob is not one number for each row, as S says")
    J, spread, _, _ = trial.numeric_back
    log_det, allowed = log_abs_det(J, spread, claimed, trial)
    z = trial.back[0]
    with onp.errstate(all="ignore"):
        q = onp.asarray(s.q(z), dtype=onp.float64)
        allowed = allowed + trial.allowed * (1.0 + largest(z)) * s.dim + 64 * s.eps * onp.abs(q)
        error = onp.abs(claimed - (q + log_det))
    evidence = {
        "z": flat(z), "x": flat(trial.x), "yours": claimed, "expected": q + log_det, "q": q, "log_det": log_det,
        "q_at_x": onp.asarray(s.q(trial.x), dtype=onp.float64), "J": J,
    }  # fmt: skip
    return judged("D", "log_prob against log q(z) + log|det J|", error, allowed, trial, evidence, "x")


def check_samples(trial: Trial, rng: onp.random.Generator, n: int = 8000) -> Finding:
    """K: on the subject's own samples; without any, on standard normal draws carried forward."""
    s = trial.subject
    if s.sample is None and bounded(s.domain):
        return not_applicable("K", f"no samples, and no standard normal base on {s.domain}")
    own = s.sample is not None
    x = onp.asarray(s.sample(rng, n) if own else trial.apply("forward", _normal(rng, n, s))[0])
    what = "samples against the density" if own else "forward of N(0, I) against its density (a base is assumed)"
    if x.shape != (n, *s.out_shape) or not bool(onp.isfinite(x).all()):
        bad = f"sample(rng, {n}) must give {(n, *s.out_shape)}, finite; got {x.shape}, "
        bad += f"{(~onp.isfinite(x)).sum()} numbers not finite"
        return Finding("K", "shape and finiteness of the samples", float("inf"), 0.0, bad)
    z = flat(trial.apply("inverse", x)[0])
    against = None if s.base_sample is None else flat(s.base_sample(rng, n))
    distance, allowed, where = distance_from(z, against, rng)
    evidence = {"x": flat(x), "z": z, "where": where, "base": against, "row": 0, "symbol": "x"}
    return Finding("K", f"{what}, {where}", distance, allowed, "", evidence=evidence)


def _normal(rng, n, subject):
    return rng.standard_normal((n, *subject.in_shape)).astype(subject.dtype)


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
        F = normal_cdf(a)
        return max(float((steps - F).max()), float((F - steps + 1 / len(a)).max()))
    both = onp.sort(onp.concatenate([a, b]))
    counts = [onp.searchsorted(onp.sort(v), both, side="right") / len(v) for v in (a, b)]
    return float(onp.abs(counts[0] - counts[1]).max())


def normal_cdf(a: Any) -> Any:
    return onp.array([0.5 * (1 + erf(v / 2**0.5)) for v in a])
