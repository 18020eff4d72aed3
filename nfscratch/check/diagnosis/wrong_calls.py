"""S and P by name: what a function gives back, and what it leaves behind."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.left_behind import left_behind
from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.diagnosis.set_once import set_once
from nfscratch.check.diagnosis.wrong_inverse import failing_layer, name_inverse
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.message import Case

LEAVES = {Mistake.ANOTHER_OUTPUT, Mistake.PARAMETERS_CHANGED, Mistake.INITIALISED_AGAIN}
ONCE = {Mistake.ANOTHER_OUTPUT, Mistake.INITIALISED_AGAIN}  # what the first call alone may have left behind
LOG_DETS = {"log_det forward": "forward", "log_det inverse": "inverse"}  # of which direction
IMPURE = {
    Symptom.ARGUMENT_CHANGED: Mistake.ARGUMENT_CHANGED,
    Symptom.PARAMETERS_CHANGED: Mistake.PARAMETERS_CHANGED,
    Symptom.ANOTHER_OUTPUT: Mistake.ANOTHER_OUTPUT,
    Symptom.FIRST_BATCH: Mistake.INITIALISED_AGAIN,
    Symptom.GLOBAL_STATE: Mistake.GLOBAL_STATE,
    Symptom.OVERWRITTEN: Mistake.OVERWRITTEN,
    Symptom.SETTINGS_CHANGED: Mistake.SETTINGS_CHANGED,
    Symptom.SEED_GIVES_OTHERS: Mistake.SEED_GIVES_OTHERS,
    Symptom.SEED_IS_IGNORED: Mistake.SEED_IS_IGNORED,
    Symptom.DRAW_REPEATS: Mistake.DRAW_REPEATS,
}


def name_impurity(case: Case, cases: list[Case]) -> Named:
    """P. Of a function that gives something else the second time, the line that leaves something behind, too."""
    mistake, function = IMPURE[case.finding.symptom], case.finding.evidence["function"]
    left = left_behind(case.trial) if mistake in LEAVES else []
    known = bool(left) and left[0].of_batch
    if mistake in ONCE and not known and (where := set_once(case.trial)) is not None:
        return Named(Mistake.INITIALISED_AGAIN, f"{function}, where {where}")
    if not left:
        return Named(mistake, function)
    return Named(Mistake.INITIALISED_AGAIN if left[0].of_batch else mistake, f"{function}, where {left[0]}")


def name_shape(case: Case, cases: list[Case]) -> Named:
    """S: of the first array that is wrong."""
    which = case.finding.evidence["wrong"][0]
    got = case.finding.evidence["results"][which]
    for look in (_of_log_prob, _kept_axis, _leak, _logarithm):
        if (mistake := look(case, which, got)) is not None:
            return Named(mistake, which)
    if (named := _of_inverse(case, which, got)) is not None:
        return named
    return Named(Mistake.NOT_FINITE if case.finding.symptom is Symptom.NOT_FINITE else Mistake.SHAPE, which)


def _of_log_prob(case, which, got):
    n, shape = len(case.trial), onp.shape(got)
    if which != "log_prob" or not onp.issubdtype(onp.asarray(got).dtype, onp.number):
        return None
    if shape == (n, n) or (len(shape) == 2 and shape[0] == shape[1] > 1):
        return Mistake.BROADCAST
    return Mistake.MEAN_OVER_ROWS if shape in ((), (1,)) else None


def _kept_axis(case, which, got):
    shape = onp.shape(got)
    return Mistake.KEPT_AXIS if which in LOG_DETS and len(shape) == 2 and shape[1] == 1 else None


def _leak(case, which, got):
    wide = getattr(got, "dtype", None) == onp.float64 and case.trial.subject.dtype == onp.float32
    return Mistake.FLOAT64_LEAK if wide and onp.shape(got)[:1] == (len(case.trial),) else None


def _logarithm(case, which, got):
    """NaN exactly where det J < 0. The sign of the inverse's determinant is that of forward's."""
    if which not in LOG_DETS or onp.shape(got) != (len(case.trial),) or not onp.isnan(got).any():
        return None
    if LOG_DETS[which] == "inverse" and check_round_trip(case.trial).failed:  # it stands at another point
        return None
    J = case.trial.J if LOG_DETS[which] == "forward" else case.trial.J[case.trial.usable]
    negative = onp.linalg.det(J) < 0
    of_one = not (negative.all() and case.trial.subject.layers())  # a chain's permutation may make all of them negative
    same = len(J) == len(got) and negative.any() and (onp.isnan(got) == negative).all() and of_one
    return Mistake.NO_ABSOLUTE_VALUE if same else None


def _of_inverse(case, which, got):
    """An inverse that is not finite may be one whose mistake has a name."""
    rows = onp.shape(case.finding.evidence["results"].get("z", ()))[:1]
    if case.finding.symptom is Symptom.SHAPE or which not in ("z", "log_det inverse") or onp.shape(got)[:1] != rows:
        return None
    k, trial = failing_layer(case.trial) or (None, case.trial)
    mistake = name_inverse(trial)
    n, name = len(case.trial.layers), trial.subject.name
    where = "inverse" if k is None else f"inverse of layer {k + 1} of {n} ({name})"
    return None if mistake is Mistake.NO_UNDOING else Named(mistake, where)
