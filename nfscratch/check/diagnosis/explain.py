"""Explain: from a failed check to the name of the mistake, and the message of four parts.

The diagnosis computes the would-be value of each known mistake from trusted numbers, and compares it with what came. In
a chain it looks at the first layer that fails by itself; where none does, the chain is wrong. When X fails, J tells
which direction is wrong. A name needs evidence of its own: what fits none is called "the formula of log_det", "it does
not undo forward", and the like.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns
from nfscratch.check.diagnosis.hints import HINTS
from nfscratch.check.diagnosis.in_time import named_in_time
from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.diagnosis.of_range import with_change_of_range
from nfscratch.check.diagnosis.one_change import with_change
from nfscratch.check.diagnosis.wrong_bracket import name_of_stop
from nfscratch.check.diagnosis.wrong_calls import name_impurity, name_shape
from nfscratch.check.diagnosis.wrong_chain import name_inverse_of_chain
from nfscratch.check.diagnosis.wrong_density import name_density, name_integral, name_joint
from nfscratch.check.diagnosis.wrong_directions import name_log_det_of
from nfscratch.check.diagnosis.wrong_edges import (
    name_edge,
    name_gradient,
    name_onto,
    name_structure,
    raises_at_end,
)
from nfscratch.check.diagnosis.wrong_inverse import failing_layer, in_chain, name_inverse
from nfscratch.check.diagnosis.wrong_log_det import Sample
from nfscratch.check.diagnosis.wrong_rows import name_dependence
from nfscratch.check.diagnosis.wrong_samples import name_samples
from nfscratch.check.diagnosis.wrong_search import has_both_signs, name_of_fold
from nfscratch.check.diagnosis.wrong_terms import near
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.onto import check_sign
from nfscratch.check.message import Case, counter_example, message
from nfscratch.check.report import Failure
from nfscratch.check.rows import finite_matrices
from nfscratch.check.time_limit import without_limit

LAWS_OF_LOG_DET = "XJ"
NAMELESS = Named(None)
# What makes a log_det overflow that is itself an ordinary number: a sign or a factor does not.
OVERFLOW = (
    Mistake.AT_X, Mistake.AT_Z, Mistake.CHANGED_HALF, Mistake.EXP_SUMMED, Mistake.NO_LOGARITHM, Mistake.UNCLAMPED,
)  # fmt: skip


def explain(letter: str, cases: list[Case], across: list[Case], no_round_trip: bool, changes: bool) -> Failure:
    """The failure of one letter: `cases` are its findings over all dimensions, `across` those of J.

    no_round_trip: R fails, so that both directions look at different points: the inverse's log_det gets no name.
    changes: whether to look for the change that mends it.
    """
    first = next(case for case in cases if case.finding.failed)
    named = named_in_time(letter, lambda: _named(letter, first, cases, across))
    if letter in LAWS_OF_LOG_DET and no_round_trip and _is_of_inverse(named):
        named = replace(named, mistake=Mistake.LOG_DET_FORMULA)
    if named.mistake is Mistake.NO_ABSOLUTE_VALUE and any(has_both_signs(case.trial) for case in cases + across):
        named = Named(Mistake.FOLDS, "det J has both signs")
    with without_limit():  # the search has its own
        look = with_change_of_range if letter in "EO" else partial(with_change, letter)
        named, change = look(named, cases) if changes else (named, "")
    return _failure(letter, str(named), HINTS[named.mistake], cases, named, change)


def unexplained(letter: str, cases: list[Case], changes: bool = False) -> Failure:
    """The failure of a letter that has no name: what was found, and where; or the change that mends it."""
    first = next(case for case in cases if case.finding.failed)
    with without_limit():
        named, change = with_change(letter, NAMELESS, cases) if changes else (NAMELESS, "")
    if named.mistake is None:
        return _failure(letter, first.finding.what, "Run it at the point shown.", cases)
    return _failure(letter, str(named), HINTS[named.mistake], cases, named, change)


def _failure(letter, name, hint, cases, named=NAMELESS, change=""):
    failed = [case for case in cases if case.finding.failed]
    first, others = failed[0], sorted({str(c.dim) for c in failed} - {str(failed[0].dim)})
    text = message(letter, name, hint, first, others, change)
    return Failure(letter, name, text, counter_example(first), named.mistake, named.direction)


def _is_of_inverse(named):
    return named.direction == "inverse" or named.mistake is Mistake.BELOW_RESOLUTION


def _named(letter, first, cases, across):
    if first.finding.symptom is Symptom.RAISES and letter != "O":  # O: an exception far out means that x is not reached
        at_an_edge = letter == "E" or raises_at_end(first)
        return Named(name_edge(first) if at_an_edge else Mistake.RAISES, _raised(first.finding.evidence))
    if letter in LAWS_OF_LOG_DET:
        return name_log_det_of(first, across or cases)
    named = LOOKS[letter](first, cases)
    if named.mistake is Mistake.NOT_FINITE:
        named = _of_finite_rows(named, first, across)
    return name_inverse_of_chain(letter, cases, named) if letter in "SR" else named


def _of_finite_rows(named, first, across):
    """A log_det that is not finite in some rows: the mistake that explains it in the others, if any does.

    Where the map turns back, a determinant has no logarithm: then the fold is the mistake.
    """
    if not named.where.startswith("log_det"):
        return named
    if (fold := _fold_of(first)) is not None:
        return fold
    if not across:
        return named
    found = name_log_det_of(first, across)
    return found if found.mistake in OVERFLOW or _is_wrong_where_finite(named.where, across) else named


def _fold_of(first):
    """What R calls it, where that is a fold."""
    named = name_inverse_of_chain("R", [first], _name_inverse_of(first, [first]))
    return named if named.mistake is Mistake.FOLDS else None


def _is_wrong_where_finite(where, across):
    """Whether the claim is finite in most rows, and wrong in most of those: it is not the range of exp that is left."""
    samples = [Sample(c.trial, where.split()[1]) for c in across if c.trial.subject.dtype == onp.float64]
    claims = [(s.c, s.t) for s in samples if s.failed]
    finite = [onp.isfinite(c) for c, _ in claims]
    wrong = [~near(c[k], t[k], 1e-4) for (c, t), k in zip(claims, finite, strict=True)]
    return bool(wrong) and all(most.mean() > 0.5 for most in (*finite, *wrong))


def _raised(evidence):
    kind = evidence["raised_by"].__name__
    return f"{evidence['function']} raises {kind}" if "function" in evidence else kind


# --- R ---


def _name_inverse_of(first, cases):
    """R: of the layer that fails, of the chain, or of the map as a whole."""
    if first.finding.symptom is Symptom.STANDS_STILL:
        return Named(name_of_stop(first.trial), "forward")
    inner = failing_layer(first.trial)
    if inner is not None:
        k, trial = inner
        return Named(
            name_inverse(trial), f"inverse of layer {k + 1} of {len(first.trial.layers)} ({trial.subject.name})"
        )
    if first.trial.subject.layers() and (mistake := in_chain(first.trial)) is not None:
        return Named(mistake, "inverse")
    return _most_frequent_name(cases)


def _most_frequent_name(cases):
    found = [name_inverse(case.trial) for case in _spread(cases)]
    known = [mistake for mistake in found if mistake is not Mistake.NO_UNDOING]
    folding = [case.trial for case in cases if set(known) <= {Mistake.TOO_FEW_STEPS} and check_sign(case.trial).failed]
    if folding:
        return Named(name_of_fold(Columns(folding[-1], finite_matrices(folding[-1].J))), "det J")
    if set(known) == {Mistake.P_LEFT_OUT, Mistake.PERMUTATION}:  # one proves it, the others leave it open
        return Named(Mistake.P_LEFT_OUT, "inverse")
    return Named(max(known, key=known.count) if known else Mistake.NO_UNDOING, "inverse")


def _spread(cases):
    """A few of the failures, from the largest dimensions down: there fewer mistakes look alike."""
    failed = [case for case in cases if case.finding.failed]
    double = [case for case in failed if case.trial.subject.dtype == onp.float64]
    return (double or failed)[::-1][:6]


# --- D, N ---


def _name_density_of(first, cases):
    """D: the definition that fits all trials that were looked at in the same way."""
    symptom = first.finding.symptom
    if symptom is Symptom.SHAPE:
        return Named(Mistake.SHAPE, "sample_and_log_prob")
    alike = [c for c in cases if c.finding.evidence and c.finding.symptom is symptom]
    alike = [c.finding.evidence | {"dtype": onp.dtype(c.trial.subject.dtype).name} for c in alike]
    if symptom is Symptom.JOINT:
        return Named(name_joint(alike), "sample_and_log_prob")
    return Named(name_density(alike), "log_prob")


def _name_integral_of(first, cases):
    return Named(name_integral(first.finding.evidence["yours"], first.trial.subject.dim), "log_prob")


LOOKS = {
    "S": name_shape,
    "P": name_impurity,
    "I": name_dependence,
    "R": _name_inverse_of,
    "D": _name_density_of,
    "T": name_structure,
    "E": lambda first, cases: Named(name_edge(first)),
    "O": name_onto,
    "G": name_gradient,
    "K": name_samples,
    "N": _name_integral_of,
}
