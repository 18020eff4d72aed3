"""E, O, G and T by name: edges, range, gradients and structure. Their symptoms say most of it."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.diagnosis.wrong_bracket import is_round
from nfscratch.check.diagnosis.wrong_passes import is_deep
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.growth import check_growth
from nfscratch.check.letters.structure import acyclic_order
from nfscratch.check.message import Case
from nfscratch.check.rows import flat

# --- E ---

AT_AN_EDGE = {
    Symptom.JUMP: Mistake.MAP_JUMPS,
    Symptom.BATCH_SHAPE: Mistake.SMALL_BATCH,
    Symptom.NOT_FINITE: Mistake.NOT_FINITE_AT_EDGE,
    Symptom.RAISES: Mistake.RAISES_AT_EDGE,
    Symptom.ROUND_TRIP: Mistake.INEXACT_AT_EDGE,
    Symptom.LOG_DETS: Mistake.INEXACT_AT_EDGE,
}


def name_edge(case: Case) -> Mistake:
    """E."""
    evidence, symptom = case.finding.evidence, case.finding.symptom
    if symptom is Symptom.DERIVATIVE_JUMPS:
        return Mistake.END_SLOPES if min(evidence["sides"]) < 1e-9 else Mistake.DERIVATIVE_JUMPS
    if symptom is Symptom.RAISES and issubclass(evidence["raised_by"], IndexError):
        return Mistake.BIN_AT_RIGHT_EDGE
    if symptom is Symptom.BATCH_RAISES:
        return Mistake.EMPTY_BATCH_RAISES if evidence["size"] == 0 else Mistake.BATCH_OF_ONE_RAISES
    if symptom is Symptom.SLOPE:
        return Mistake.LOG_DET_FAR_OUT if evidence["far"] else Mistake.LOG_DET_AT_EDGE
    return Mistake.NOT_ONTO if _is_not_onto(case) else AT_AN_EDGE[symptom]


def raises_at_end(case: Case) -> bool:
    """Whether an IndexError comes at the very end of an interval, and not just inside of it."""
    s = case.trial.subject
    if not issubclass(case.finding.evidence["raised_by"], IndexError):
        return False
    return any(_raises_only_at(case.trial, direction, *s.ends(direction)) for direction in ("forward", "inverse"))


def _raises_only_at(trial, direction, low, high):
    if not onp.isfinite(high - low).all():
        return False
    inside = [low + (high - low) * share for share in (1e-6, 0.5, 1 - 1e-6)]
    return _raises(trial, direction, high) and not any(_raises(trial, direction, value) for value in inside)


def _raises(trial, direction, value):
    try:
        trial.apply(direction, onp.full((1, *trial.subject.shape(direction)), value, dtype=trial.subject.dtype), [0])
    except IndexError:
        return True
    except Exception:  # of another kind: a refusal in words
        return False
    return False


def _is_not_onto(case):
    breaks = case.finding.symptom in (Symptom.JUMP, Symptom.NOT_FINITE)
    return breaks and check_growth(case.trial, onp.random.default_rng(0)).failed


# --- O ---


def name_onto(case: Case, cases: list[Case]) -> Named:
    """O. An inverse that gives one round number again and again gives the end of its bracket."""
    if case.finding.symptom is Symptom.LEAVES:
        return Named(Mistake.LEAVES_CODOMAIN, "forward")
    if case.finding.symptom is Symptom.SIGN:
        return Named(Mistake.FOLDS, "det J")
    if "function" in case.finding.evidence:  # far out, where a refusal would be no mistake
        return Named(Mistake.RAISES, f"forward raises {case.finding.evidence['raised_by'].__name__}")
    if case.finding.symptom is Symptom.REACH and _is_bracket(case.finding.evidence["z"]):
        return Named(Mistake.END_OF_BRACKET, "inverse")
    return Named(_of_constant_columns(case.trial) or Mistake.NOT_ONTO, "range")


def _of_constant_columns(trial):
    """Some x_i that are one number, of all z: passes are missing where inverse has an order, or they are left out."""
    still = onp.ptp(flat(trial.x), axis=0) == 0
    if not still.any() or still.all() or len(trial) < 2:
        return None
    depends = onp.abs(trial.numeric_back[0]).max(axis=0) > 1e-7
    ordered = acyclic_order(depends) is not None and is_deep(depends)
    if ordered:
        return Mistake.TOO_FEW_PASSES
    unread = len(still) == trial.J.shape[2] and not onp.abs(trial.J[:, :, still]).max() > 0  # z_i goes nowhere else
    return Mistake.COLUMN_SKIPPED if unread else None


def _is_bracket(z):
    top = onp.abs(z).max(initial=0.0)
    return is_round(float(top)) and (onp.abs(z) > top * (1 - 1e-4)).sum() >= 2


# --- G ---


def name_gradient(case: Case, cases: list[Case]) -> Named:
    """G: of forward, inverse or log_prob."""
    mistakes = {Symptom.NOT_FINITE: Mistake.GRADIENT_NOT_FINITE, Symptom.LEAK: Mistake.FLOAT64_LEAK}
    return Named(mistakes.get(case.finding.symptom, Mistake.GRADIENT), case.finding.evidence["function"])


# --- T ---

DEPENDENCIES = {
    Symptom.CYCLE: Mistake.SEES_LATER,
    Symptom.NEAREST_PARENT: Mistake.PARENT_DROPPED,
    Symptom.MISSING: Mistake.PARENT_DROPPED,
    Symptom.SKIPPED_COLUMN: Mistake.COLUMN_SKIPPED,
    Symptom.NEVER_MOVES: Mistake.HALF_NEVER_MOVES,
    Symptom.NOTHING_MOVES: Mistake.HALF_NEVER_MOVES,
    Symptom.FORBIDDEN: Mistake.STRUCTURE,
    Symptom.NOT_IN_PLACE: Mistake.STRUCTURE,
    Symptom.RANK: Mistake.STRUCTURE,
}


def name_structure(case: Case, cases: list[Case]) -> Named:
    """T: at the entry of the Jacobian that shows it."""
    i, j = case.finding.evidence["entry"]
    return Named(DEPENDENCIES[case.finding.symptom], f"dx_{i}/dz_{j}")
