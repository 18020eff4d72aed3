"""Wrong terms of log_det = sum_i l_i: some left out, those of one branch, those of an unclamped s, those far out.

l_i = log|J_ii|, where J is triangular in some order. A clamp shows as a plateau: several rows whose l_i have the same
largest size, among others whose l_i vary; the claim then goes beyond the plateau, to the same side.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.clamp import flattens
from nfscratch.check.diagnosis.mistakes import Mistake

MOST_TERMS = 8  # of which all subsets are tried
BOUNDS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0)


def near(c: Any, prediction: Any, tolerance: float = 2e-5) -> Any:
    """Nothing is near an infinite prediction: its own tolerance would take in every number."""
    with onp.errstate(all="ignore"):
        gap, size = onp.abs(c - prediction), onp.minimum(onp.abs(c), onp.abs(prediction))
        return (gap <= tolerance * (1.0 + size)) & onp.isfinite(gap)


def by_subset(samples: list[Any]) -> Mistake | None:
    """The same l_i left out in all rows of a draw."""
    logs = [s.logs() for s in samples]
    if any(l is None for l in logs) or max(s.dim for s in samples) < 2:
        return None
    seen = [_is_subset(s.c, l[:, onp.abs(l).max(axis=0) > 1e-9]) for s, l in zip(samples, logs, strict=True)]
    return Mistake.TERMS_LEFT_OUT if all(seen) else None


def _is_subset(c, l):
    """Whether c is the sum of some columns of l. Of many, equal ones go together, or a stretch of them."""
    if l.shape[1] > MOST_TERMS:
        same, times = onp.unique(onp.round(l, 6), axis=1, return_counts=True)
        return _is_stretch(c, l) if same.shape[1] > MOST_TERMS else _is_subset(c, same * times)
    return any(near(c, l[:, _bits(k, l.shape[1])].sum(axis=1)).all() for k in range(1, 2 ** l.shape[1]))


def _is_stretch(c, l):
    sums = onp.cumsum(onp.column_stack([onp.zeros(len(l)), l]), axis=1)
    stretches = (sums[:, j] - sums[:, i] for i, j in combinations(range(l.shape[1] + 1), 2))
    return any(near(c, part).all() or near(c, sums[:, -1] - part).all() for part in stretches)


def _bits(k, dim):
    return onp.array([bool(k >> i & 1) for i in range(dim)])


def by_branch(samples: list[Any]) -> Mistake | None:
    """The error is a multiple of the number of variables below 0."""
    return Mistake.ONE_BRANCH if all(_branch(s) for s in samples) else None


def _branch(s):
    """A gap that is one number tells no branch: of a map to numbers below 0 all rows have as many of them."""
    for below in ((s.at < 0).sum(axis=1), (s.there < 0).sum(axis=1)):
        gap = s.c - s.t
        slope = (gap * below).sum() / max(1, (below * below).sum())
        if near(gap, slope * below).all() and (len(set(below.tolist())) > 1 or abs(slope) < 1e-9):
            return True
    return False


def by_unclamped_scale(samples: list[Any]) -> Mistake | None:
    """The claim is the sum of b atanh(l_i / b) for one bound b, or of an s that the map cuts."""
    logs = [s.logs() for s in samples]
    if any(l is None for l in logs):
        return None
    pairs = list(zip(samples, logs, strict=True))
    for bound in BOUNDS:
        seen = [_soft(s, l, bound) for s, l in pairs]
        if all(fits for fits, _ in seen) and any(informative for _, informative in seen):
            return Mistake.UNCLAMPED
    cuts = [_cut(s, l) for s, l in pairs]
    return Mistake.UNCLAMPED if all(fits for fits, _ in cuts) and any(seen for _, seen in cuts) else None


def by_any_clamp(samples: list[Any]) -> Mistake | None:
    """Where one variable changes: the claim is the a of which the truth is a clamp."""
    single = [s for s in samples if s.changed() == 1 and s.logs() is not None]
    return Mistake.UNCLAMPED if single and all(flattens(s.c, s.t) for s in single) else None


def _soft(s, l, bound):
    """Whether the rows fit whose tanh can be inverted, and whether three of them tell atanh from the identity."""
    known = (onp.abs(l) < 0.99999 * bound).all(axis=1)
    with onp.errstate(all="ignore"):
        raw = (onp.arctanh(l / bound) * bound).sum(axis=1)
    gap = onp.abs(raw - s.t)
    fits = onp.abs(s.c - raw) <= 1e-3 * (1.0 + onp.abs(raw))
    telling = known & (gap > 1e-2 * (1.0 + onp.abs(raw)))
    return bool(fits[known].all()), bool((telling & fits).sum() > 2)


def _cut(s, l):
    """Whether the rows fit a clamp at the largest |l_i|, and whether the claim goes beyond it in three of them."""
    top = onp.abs(l).max(initial=0.0)
    cut = onp.abs(l) > top - 1e-6
    rows = cut.any(axis=1)
    if not near(s.c[~rows], s.t[~rows]).all():
        return False, False
    if not s.failed:
        return True, False
    single = cut.sum(axis=1) == 1  # there the raw s of the one variable that is cut is known
    if not single.any():
        return True, False
    side = onp.sign(onp.where(cut, l, 0.0).sum(axis=1))
    beyond = ((s.c - s.t) * side)[single]
    varied = len(onp.unique(onp.round(l[~cut], 6))) > 3
    return bool((beyond >= -1e-6).all()), bool(cut.sum() > 3 and varied and (beyond > 1e-4).sum() > 2)


def by_distance(samples: list[Any]) -> Mistake | None:
    """The claim is right up to some radius and wrong beyond it, in all rows of every draw."""
    size = onp.concatenate([onp.abs(s.at).max(axis=1) for s in samples])
    wrong = onp.concatenate([~near(s.c, s.t, 1e-4) for s in samples])
    if wrong.sum() < 3 or (~wrong).sum() < 3:
        return None
    return Mistake.WRONG_FAR_OUT if size[wrong].min() > size[~wrong].max() else None
