"""The unclamped s is summed, where several variables change: l_i = clamp(a_i), and the claim is sum_i a_i.

The inverse of each usual clamp is tried, with its bound p, its slope k and its offset m found from the numbers:

    c = k sum_i h(l_i, p) + m |changed|    h = atanh(l/p), tan(pi l/2p), l/(p - |l|), logit(e^l - p), log(e^{e^l} - 1)

k, m and p are three numbers; the rows are many, and all of them have to fit to six digits.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake

BOUNDS = 160  # that are tried between the largest |l| and 40 times that
STEPS = 60  # of the search for the best bound
EXACT = 1e-5  # of the spread of the claim
LEAST = 10  # rows
STEP, STEEP = 1e-6, 1e3  # of the slope of h: l is known to ten digits, and a to seven


def by_inverse_clamp(samples: list[Any]) -> Mistake | None:
    """The claim is the sum of a of which the l_i are one clamp, in every sample that is wrong."""
    wrong = [s for s in samples if s.failed]
    logs = [s.logs() for s in wrong]
    if not wrong or any(l is None for l in logs):
        return None
    changed = [l[:, onp.abs(s.J - onp.eye(s.dim)).max(axis=(0, 2)) > 1e-7] for s, l in zip(wrong, logs, strict=True)]
    sets = [(s.c if s.direction == "forward" else -s.c, l if s.direction == "forward" else -l)
            for s, l in zip(wrong, changed, strict=True)]  # fmt: skip
    of_one_clamp = any(all(_fits(c, l, h, bounds) for c, l in sets) for h, bounds in CLAMPS)
    return Mistake.UNCLAMPED if of_one_clamp else None


def is_inverse_clamp(c: Any, l: Any) -> bool:
    """Whether c (N,) is the sum of the a of which l (N, D) are a clamp, up to a factor and a constant."""
    return any(_fits(c, l, h, bounds) for h, bounds in CLAMPS)


def _fits(c, l, h, bounds):
    """Whether some bound makes the claim a straight line in sum_i h(l_i): the best of many, made better."""
    if len(c) < LEAST or onp.ptp(c) < 1e-3 or l.shape[1] == 0:
        return False
    if _miss(c, l, lambda l, p: l, 0.0) < 1e-3:  # a straight line clamps nothing
        return False
    tried = bounds(l)
    misses = onp.array([_miss(c, l, h, p) for p in tried])
    best = int(onp.argmin(misses))
    low, high = tried[max(0, best - 1)], tried[min(len(tried) - 1, best + 1)]
    return min(misses[best], _best_between(lambda p: _miss(c, l, h, p), low, high)) < EXACT


def _miss(c, l, h, p):
    """The largest error of the best line, relative to the spread of the claim. A slope that is not positive is none."""
    with onp.errstate(all="ignore"):
        total, beside = h(l, p).sum(axis=1), [h(l + step, p) for step in (-STEP, STEP)]
        slope = onp.abs(beside[1] - beside[0]).max(axis=1) / (2 * STEP)
    good = onp.isfinite(total) & (slope < STEEP)  # where the clamp is flat, l does not tell a
    if good.sum() < max(LEAST, 0.3 * len(c)) or onp.ptp(total[good]) < 1e-6:
        return onp.inf
    slope, offset = onp.polyfit(total[good], c[good], 1)
    rest = onp.abs(c[good] - slope * total[good] - offset).max()
    return rest / onp.ptp(c[good]) if slope > 0 else onp.inf


def _best_between(miss, low, high):
    """The least miss between two bounds, by golden sections."""
    ratio, least = 0.5 * (5**0.5 - 1), onp.inf
    for _ in range(STEPS):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        at_a, at_b = miss(a), miss(b)
        least = min(least, at_a, at_b)
        low, high = (low, b) if at_a <= at_b else (a, high)
    return least


def _above(l):
    """Bounds from just above the largest |l| on."""
    top = onp.abs(l).max(initial=1e-3)
    return top * (1 + onp.geomspace(1e-6, 40, BOUNDS))


def _below(l):
    """Offsets of a sigmoid, which lie below the smallest e^l."""
    shares = onp.union1d(onp.geomspace(1e-6, 1, BOUNDS), onp.linspace(1e-3, 1, BOUNDS))
    return onp.sort(onp.exp(l).min(initial=1.0) * (1 - shares))


CLAMPS = (
    (lambda l, p: onp.arctanh(l / p), _above),
    (lambda l, p: onp.tan(0.5 * onp.pi * l / p), _above),
    (lambda l, p: l / (p - onp.abs(l)), _above),
    (lambda l, p: l / onp.sqrt(p * p - l * l), _above),
    (lambda l, p: onp.log(onp.exp(l) - p) - onp.log1p(p - onp.exp(l)), _below),
    (lambda l, p: onp.log(onp.expm1(onp.exp(l) - p)), _below),
)
