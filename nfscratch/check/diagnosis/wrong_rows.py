"""I by name: which rows a function mixes, and by what."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.letters.calls import functions
from nfscratch.check.letters.independence import check_independence
from nfscratch.check.message import Case
from nfscratch.check.rows import flat
from nfscratch.check.trial import OTHER, Trial


def name_dependence(case: Case, cases: list[Case]) -> Named:
    """I."""
    evidence, trial = case.finding.evidence, case.trial
    which = evidence["function"]
    whole = onp.asarray(evidence["whole"], dtype=float)
    if evidence["fresh"]:
        return Named(Mistake.INITIALISED_AGAIN, which)
    if which != "log_prob" and evidence["which"] == 1 and _is_one_number(whole):
        of_one = _is_of_first_row(trial, which, whole)
        return Named(Mistake.DEPENDS_ON_BATCH if of_one else Mistake.SUMMED_OVER_BATCH, f"log_det {which}")
    if which == "log_prob" and _summed_base(trial, whole):
        return Named(Mistake.BASE_SUMMED, which)
    return Named(_context(trial) or _of_rows(trial, evidence, which, len(whole)), which)


def _is_one_number(whole):
    return whole.ndim == 1 and onp.ptp(whole) < 1e-9 * (1 + abs(whole[0]))


def _is_of_first_row(trial, which, whole):
    """Whether all rows get what the first one gets alone: that is no sum."""
    if len(whole) < 2:
        return False
    alone = onp.asarray(trial.apply(which, trial.input(which)[:1], onp.arange(1))[1])
    return bool(onp.abs(alone[0] - whole[0]) < 1e-9 * (1 + abs(whole[0])))


def _summed_base(trial, whole):
    rows = onp.flatnonzero(trial.usable)
    z, log_det = trial.apply("inverse", trial.x[rows], rows)
    rest = whole - log_det
    return whole.shape == log_det.shape and onp.abs(rest - trial.subject.q(z).sum()).max() < 1e-5 * (1 + abs(rest[0]))


def _of_rows(trial, evidence, which, n):
    if len(evidence["rows"]) == n > 1:  # the same rows in another order: of the batch nothing else changed
        return Mistake.DEPENDS_ON_CALLS if _remembers(trial, which) else Mistake.PLACE_IN_BATCH
    if which == "log_prob" or evidence["which"] == 1:
        return Mistake.DEPENDS_ON_BATCH
    return _among_rows(trial, which)


def _remembers(trial, which):
    """Whether two different batches get the same log_dets, different from row to row: those of an earlier call."""
    try:
        f, a = next((f, a) for name, f, a in functions(trial) if name == which)
        with onp.errstate(all="ignore"):
            first, second = (onp.asarray(f(batch)[1]) for batch in (a.copy(), a * a.dtype.type(0.5)))
    except Exception:  # of any kind: a map that does not take other batches says no more
        return False
    if first.shape != (len(a),) or not (first == second).all():
        return False
    return len(onp.unique(first)) > len(a) // 2  # one number for the first rows, and another for the rest, is no memory


# --- the context ---


def _context(trial):
    """Rows that are independent as soon as all have the same context: it is the context that went astray."""
    s = trial.subject
    if s.context is None:
        return None
    one = s.with_context(s.given[:1])
    if check_independence(Trial(one, trial.z)).failed:
        return None
    return Mistake.FIRST_CONTEXT if _same_results(trial, one) else Mistake.OTHER_CONTEXT


def _same_results(trial, other):
    return all(
        onp.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
        for (_, f, at), (_, g, _) in zip(functions(trial), functions(trial, other), strict=True)
        for a, b in zip(f(at), g(at), strict=True)
    )


# --- the batch ---


def _among_rows(trial, which):
    """What x or z of a row depends on: calls before, the statistics of the batch, or other rows somehow."""
    try:
        with onp.errstate(all="ignore"):
            return _among(*_both(trial, which))
    except Exception:  # of any kind: a map that does not take other batches says no more
        return Mistake.DEPENDS_ON_BATCH


def _both(trial, which):
    """The function `which` and its input, and the same of the other direction."""
    found = {name: (f, a) for name, f, a in functions(trial) if name != "log_prob"}
    return *found[which], *found[OTHER[which]]


def _among(one, a, other, b):
    def result(batch, *rows):
        return flat(one(batch, *rows)[0])

    other(b.copy())
    after_its_twin = result(a.copy())
    other(b[::-1] * b.dtype.type(0.5))
    after_another = result(a.copy())
    if onp.abs(after_another - after_its_twin).max() > 1e-6 * (1 + onp.abs(after_its_twin).max()):
        return Mistake.DEPENDS_ON_CALLS
    return Mistake.BATCH_STATISTICS if _uses_statistics(result, a, after_another) else Mistake.DEPENDS_ON_BATCH


def _uses_statistics(result: Any, a: Any, right: Any) -> bool:
    """Each row twice: mean and spread are the same, and so is the result. Other rows moved: they are not."""
    twice = result(onp.concatenate([a, a]), onp.arange(2 * len(a)) % len(a))[: len(a)]
    moved = a.copy()
    moved[1:] = 0.5 * moved[1:] + 0.1
    change = onp.abs(result(moved)[:1] - right[:1]).max()
    return bool(change > 1e-6 and onp.abs(twice - right).max() < 0.1 * change)
