"""K: samples against the density. The draws of `sample` are carried back, z = inverse(x), and z has to follow q.

distinct    no point comes twice, and no value of a coordinate comes again and again: a density has no atoms
distance    the distribution functions of z and of q lie close together: sample_statistics.py
bridge      E_q[r / (q + r)] = E_r[q / (q + r)], which sees scales, constants and the weights of modes: bridge.py
moments     the same with test functions: squares of coordinates, products of two, which see scales and correlations.
            Where one is 3.5 sigma off, a second sample, eight times as large, decides
rows        no two rows are correlated at any lag, in their values or in their sizes; of a user's own functions this is
            told, and no mistake by itself: draws may be sorted, or antithetic, on purpose
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch.check.domains import bounded, words_of_ends
from nfscratch.check.finding import Finding, Symptom, inconclusive, not_applicable
from nfscratch.check.letters.bridge import worst_bridge, worst_moment
from nfscratch.check.letters.sample_statistics import correlation_of_rows, distance_from, most_frequent
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial

DRAWS_OF_K = 12_000
SUSPICION = 3.5  # sigma
REPEATS = 0.005  # this share of the points may come twice: float32 repeats a few by chance
ATOM = 0.002


def check_samples(trial: Trial, rng: onp.random.Generator, n: int = DRAWS_OF_K) -> Finding:
    """K: on the subject's own samples; without any, on standard normal draws carried forward."""
    if trial.subject.flow is not None and trial.subject.flow.base.context_dim:
        trial = Trial(trial.subject.at([0]), trial.z[:1])  # z has one law at one context
    s = trial.subject
    if s.sample is None and bounded(s.domain):
        return not_applicable("K", f"no samples, and no standard normal base on {words_of_ends(s.domain)}")
    own = s.sample is not None
    if _is_spoiled(trial, 0.5 if own else 0.0):
        return inconclusive("K", "samples against the density", "rounding spoils the way back")
    draw = s.sample if own else lambda rng, n: trial.apply("forward", _normal(rng, n, s))[0]
    what = "samples against the density" if own else "forward of N(0, I) against its density (a base is assumed)"
    worst = Finding("K", what, 0.0, 1.0)
    for name, f in (("", draw), ("sample_and_log_prob: ", s.sample_and_log_prob)):
        finding = worst if f is None else _of_draws(trial, f, name + what, rng, n)
        if finding.failed or finding.why:
            return finding
        worst = max(worst, finding, key=lambda found: found.share)
    return worst


def _is_spoiled(trial, share, near=3.0, most=0.1):
    """Whether rounding may move z by more than `most` where a normal base has its draws, at more than a share of them.

    A base that is only assumed may lie where a map saturates: there one such point is enough.
    """
    rows = largest(trial.z) <= near
    return rows.any() and (~(trial.allowed[rows] <= most)).mean() > share


def _normal(rng, n, subject):
    return rng.standard_normal((n, *subject.in_shape)).astype(subject.dtype)


def _drawn(draw, rng, n):
    x = draw(rng, n)
    return onp.asarray(x[0] if isinstance(x, tuple) else x)


def _of_draws(trial, draw, what, rng, n):
    s, x = trial.subject, _drawn(draw, rng, n)
    if (wrong := _misshapen(s, x, n) or _repeated(x)) is not None:
        return wrong
    z = flat(trial.apply("inverse", x)[0])
    if (wrong := _atom(s, z, flat(x))) is not None:
        return wrong
    evidence = {"x": flat(x), "z": z, "base": None if s.base_sample is None else flat(s.base_sample(rng, n))}
    for symptom, look in _looks(trial, z, evidence["base"], draw, rng):
        error, allowed, where = look()
        finding = _found(symptom, f"{what}, {where}", error, allowed, evidence)
        if finding.failed and symptom is Symptom.ROWS and s.bijection is None:
            why = f"rows of a sample depend on each other ({where.removeprefix('rows ')}); no other mistake was seen"
            return Finding("K", finding.what, 0.0, allowed, why=why)
        if finding.failed:
            return finding
    return finding


def _looks(trial, z, base, draw, rng):
    return (
        (Symptom.DISTANCE, lambda: distance_from(z, base, rng)),
        (Symptom.BRIDGE, lambda: bridge_to_base(trial, shuffled(z), rng)),
        (Symptom.MOMENTS, lambda: moments_of(trial, shuffled(z), draw, rng)),
        (Symptom.ROWS, lambda: correlation_of_rows(z)),
    )


def shuffled(z: Any) -> Any:
    """In another order: a part of sorted draws is no sample."""
    return onp.random.default_rng(0).permutation(z)


def _found(symptom, what, error, allowed, evidence):
    evidence = {"row": 0, "symbol": "x", **evidence}
    return Finding("K", what, float(error), float(allowed), symptom=symptom, evidence=evidence)


# --- distinct ---


def _misshapen(s, x, n):
    if x.shape == (n, *s.out_shape) and bool(onp.isfinite(x).all()):
        return None
    bad = f"{(~onp.isfinite(x)).sum()} numbers not finite"
    words = f"sample(rng, {n}) must give {(n, *s.out_shape)}, finite; got {x.shape}, {bad}"
    return Finding("K", "shape and finiteness of the samples", float("inf"), 0.0, words, symptom=Symptom.SHAPE)


def _repeated(x):
    repeated = len(x) - len(onp.unique(flat(x), axis=0))
    if repeated <= REPEATS * len(x):
        return None
    return _found(Symptom.REPEATED, "the same points twice", repeated / len(x), REPEATS, {"x": flat(x)})


def _atom(s, z, x):
    """The finding of a value that comes again and again. float32 has too few numbers to tell."""
    if s.dtype != onp.float64:
        return None
    for a in (z,) if bounded(s.codomain) else (z, x):
        share, value, column = most_frequent(a)
        if share > ATOM:
            low, high = a[:, column].min(), a[:, column].max()
            extreme = min(value - low, high - value) <= 1e-9 * (1 + high - low)
            words = f"one value in column {column}, {value:.4g}, again and again"
            return _found(Symptom.ATOM, words, share, ATOM, {"x": x, "extreme": extreme})
    return None


# --- one sample, one law ---


def bridge_to_base(trial: Trial, z: Any, rng: onp.random.Generator, shift: float = 0.0) -> tuple[float, float, str]:
    """Whether the points z (N, D) follow the base density q: the error, the bound, and the other law."""
    z = z[onp.isfinite(z).all(axis=1)]
    if len(z) < 200:
        return float("inf"), 0.0, "most of them carried back to nothing finite"
    error, allowed, where = worst_bridge(z, trial.subject.log_q, rng, shift)
    return error, allowed, f"bridged to {where}"


def moments_of(
    trial: Trial, z: Any, draw: Callable[..., Any], rng: onp.random.Generator
) -> tuple[float, float, str]:  # fmt: skip
    """Moments of z against q: a suspicion is put to a larger sample of `draw`, which alone is judged."""
    log_q = trial.subject.log_q
    _, _, sigma, where = worst_moment(z[onp.isfinite(z).all(axis=1)], log_q, rng)
    if sigma < SUSPICION:
        return 0.0, 1.0, f"moments: {where}"
    z = shuffled(flat(trial.apply("inverse", _drawn(draw, rng, 8 * len(z)))[0]))
    error, allowed, _, where = worst_moment(z[onp.isfinite(z).all(axis=1)], log_q, rng)
    return error, allowed, f"moments: {where}"
