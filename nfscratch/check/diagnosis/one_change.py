"""OneChange: what the search of check/repair/ adds to a name, or puts in its place.

no name of its own, or one that is inferred    the name is the change, which is proved by trying it
a name of one direction                        stays, unless the change is to the other direction alone
any other name                                 stays; the message says the change beside it
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.message import Case
from nfscratch.check.repair.beside import SearchBeside
from nfscratch.check.repair.child import answered_by_child
from nfscratch.check.repair.columns_joined import puts_back
from nfscratch.check.repair.edit import Kind
from nfscratch.check.repair.frozen import frozen
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.planar import BELOW, product_below
from nfscratch.check.repair.search import Search
from nfscratch.check.repair.ways import both_directions, may_be_changed

LETTERS = "SIRXJ"  # whose laws the search asks
OF_ONE_FUNCTION = "DK"  # of log_prob, and of sample: they are searched by themselves; I where it speaks of log_prob
SAME = {"X": "XJ", "J": "XJ"}  # laws of one log_det
GENERAL = {
    Mistake.LOG_DET_FORMULA, Mistake.NO_UNDOING, Mistake.BELOW_RESOLUTION, Mistake.MULTIPLIED, Mistake.OFF_BY_CONSTANT,
    Mistake.SHAPE, Mistake.NOT_FINITE, Mistake.RAISES, Mistake.DEPENDS_ON_BATCH, Mistake.RESCALING,
    Mistake.LOG_PROB_FORMULA, Mistake.LOG_DET_MULTIPLIED, Mistake.CONSTANT_MISSING, Mistake.SAMPLES,
    Mistake.STANDS_STILL,
}  # fmt: skip
INFERRED = {  # from what else fits, not from numbers that only this mistake gives
    Mistake.LAST_LAYER, Mistake.LAYER_LEFT_OUT, Mistake.TERMS_LEFT_OUT, Mistake.CHANGED_HALF, Mistake.TOO_FEW_PASSES,
    Mistake.VISITING_ORDER,
    Mistake.DIAGONAL_UNDONE, Mistake.AT_X, Mistake.AT_Z, Mistake.COLUMN_SKIPPED, Mistake.DIAGONAL_OF_L,
    Mistake.PLACE_IN_BATCH, Mistake.HALVES_SWAPPED, Mistake.APPLIES_FORWARD, Mistake.RETURNS_ARGUMENT,
    Mistake.TOO_FEW_STEPS, Mistake.END_OF_BRACKET, Mistake.NO_CONTRACTION, Mistake.ON_ARGUMENTS,
    Mistake.LAYERS_IN_ORDER, Mistake.LAYER_NOT_UNDONE, Mistake.WRONG_FAR_OUT, Mistake.SERIES_CUT, Mistake.TRACE_ALONE,
    Mistake.ALWAYS_ZERO, Mistake.PERMUTATION_LATE,
    Mistake.FACTOR_NOT_INVERTED, Mistake.SCALE_NOT_UNDONE, Mistake.OTHER_ROOT, Mistake.KNOTS_OF_Z,
    Mistake.DEPENDS_ON_CALLS, Mistake.PLANAR_U, Mistake.LOGIT_SCALE, Mistake.FOLDS, Mistake.CLIPS_ARGUMENT,
}  # fmt: skip
PARTS = {  # a name that says one of the two words that a change exchanges, or how it reads: it may stand beside it
    Mistake.MEAN: ("mean",), Mistake.SUMMED_OVER_BATCH: ("sum", "axis"), Mistake.KEPT_AXIS: ("keepdims", "axis"),
    Mistake.EXP_SUMMED: ("exp",), Mistake.NO_LOGARITHM: ("log",), Mistake.ABSOLUTE_SUMMED: ("abs",),
    Mistake.FACTOR_TWO: ("2", "0.5", "sqrt"), Mistake.PERMUTATION: ("argsort", "[", "reversed"),
    Mistake.SHIFT_NOT_UNDONE: ("+", "-"), Mistake.SIGN: ("-", "+"),
    Mistake.NO_ABSOLUTE_VALUE: ("abs",), Mistake.PIXELS_MISSING: ("*",), Mistake.MULTIPLIES: ("/", "*", "exp"),
    Mistake.PLANAR_H: ("tanh", "h"), Mistake.ONE_BRANCH: ("where",), Mistake.SPLINE_SLOPE: ("*", "2"),
    Mistake.LOG_DET_SUBTRACTED: ("+", "-"), Mistake.LOG_DET_ADDED: ("+", "-"), Mistake.LOG_DET_MISSING: ("+", "-"),
    Mistake.BROADCAST: ("axis", "keepdims", "[", "reshape", "ravel", "squeeze", "sum"),
    Mistake.MEAN_OVER_ROWS: ("mean", "axis"), Mistake.BASE_SUMMED: ("sum", "axis"),
    Mistake.MEAN_LOG_DET: ("mean", "/", "*"), Mistake.DIVIDED_BY_D: ("mean", "/", "*"),
    Mistake.SEES_LATER: ("<", ">", "=", "tri", "mask", "0", "1"),
    Mistake.SPLINE_DENOMINATOR: ("*", "2"), Mistake.CLAMP_IN_FORWARD: ("tanh", "clip", "arctan", "imum", "("),
}  # fmt: skip


def with_change(letter: str, named: Named, cases: list[Case]) -> tuple[Named, str]:
    """The name, and a line for the message; the name itself where the search finds nothing."""
    repair = _repair(letter, cases) if letter in LETTERS + OF_ONE_FUNCTION else None
    named = _with_product(named, cases) if named.mistake is Mistake.FOLDS else named
    if repair is None or not any(law[0] in SAME.get(letter, letter) for law in repair.laws):
        return named, ""
    if named.mistake is Mistake.FOLDS and not (repair.is_of_one or repair.constrains or "J forward" in repair.laws):
        return named, ""  # of a map that folds much else in both directions makes one that does not
    if named.mistake is Mistake.NO_ABSOLUTE_VALUE and _turns_sign(repair):
        return named, ""  # what is negative has a logarithm with another sign, too: that is the name said worse
    laws = f"{', '.join(repair.laws)} hold{'s' * (len(repair.laws) == 1)}"
    if named.mistake is Mistake.FOLDS and repair.is_a_guess:
        # the number itself has said it; nobody would write it so; the logarithm alone has a value with it
        said = BELOW in named.where or "--" in repair.after or "R" not in repair.laws
        return named, "" if said else f"{_capital(repair.where)}: {repair.change}, for example, {laws}."
    if named.mistake in GENERAL | INFERRED | {None} or _is_of_the_other(named, repair) or not _agrees(named, repair):
        changed = repair.changed - {"x"}
        direction = next(iter(changed)) if len(changed) == 1 else None
        this = f"{repair.where}, {repair.change}"
        if (other := _of_the_other_direction(repair)) is not None:
            return Named(Mistake.ONE_CHANGE, f"either {this}, or {other}"), _either(repair, laws)
        return Named(Mistake.ONE_CHANGE, this, direction), f"With it, {laws}.{_others(repair)}"
    return named, f"{_capital(repair.where)}: {repair.change} {laws}.{_others(repair)}"


def _with_product(named, cases):
    """Of a planar map that folds, the number that says so; of another, that its slope is not the one that it states."""
    trial = cases[-1].trial if cases else None
    if trial is None:
        return named
    if (below := product_below(Reached(partial(both_directions, trial, 0)))) is not None:
        return replace(named, where=f"{named.where}, where {below}")
    if named.where.startswith("inverse") and check_jacobian(trial, "forward").failed:
        return replace(named, where=f"{named.where}, of a forward whose log_det is not that of its Jacobian, either")
    return named


def _turns_sign(repair):
    """Whether it does no more than to put in a minus, or another matrix."""
    return any(repair.after.count(sign) > repair.before.count(sign) for sign in "-@")


def _capital(text):
    return text[0].upper() + text[1:]


def _of_the_other_direction(repair):
    """The change of the other direction for which as much speaks; or what that direction may lack."""
    if repair.others and repair.others[0].keeps_x != repair.keeps_x:
        return f"{repair.others[0].where}, {repair.others[0].change}"
    if repair.orphans and not repair.others:
        return f"{', '.join(repair.orphans)} is missing in the other direction"
    return None


def _either(repair, laws):
    which = "either" if repair.others else "the first"
    return f"With {which}, {laws}: the numbers alone do not say which of the two directions is meant."


def _others(repair):
    """Where other changes do the same, the numbers do not say which is meant: the reader is to know them."""
    if not repair.others:
        return ""
    other = repair.others[0]
    if other.keeps_x != repair.keeps_x:
        return f" Or the other direction is the wrong one: {other.where}, {other.change}."
    so = "So they do" if len(repair.laws) > 1 else "So it does"
    several = ", among others" if len(repair.others) > 1 else ""
    return f" {so} with another change alone{several}: {other.where}, {other.change}."


def _repair(letter: str, cases: list[Case]) -> Repair | None:
    """What the search finds in the largest dimension, and what holds in the others too."""
    failed = [case for case in cases if case.finding.failed]
    double = [case for case in failed if case.trial.subject.dtype == onp.float64]
    case = (double or failed)[-1]
    row = int((case.finding.evidence or {}).get("row", 0))
    others = {c.dim: c.trial for c in cases if c.dim != case.dim and c.trial.subject.dtype == case.trial.subject.dtype}

    of_density = letter == "I" and (case.finding.evidence or {}).get("function") == "log_prob"
    by_itself = letter in OF_ONE_FUNCTION or of_density

    def search():
        with onp.errstate(all="ignore"):
            if by_itself:
                beside = SearchBeside(letter, case.trial, list(others.values()))
                with frozen(beside.reached, beside.call):
                    return beside.repair()
            found = Search(case.trial, row, list(others.values()))
            with frozen(found.reached, found.both):
                return found.repair()

    if by_itself:
        return answered_by_child(search)
    return answered_by_child(search) if may_be_changed(case.trial, row) else None


def _agrees(named, repair):
    """Whether the name may be of the same mistake as the change: a word of it is in one of its two sides alone."""
    if named.mistake is Mistake.WRONG_ORDER:  # it says where a bracket is missing, or of two lines of one variable
        whole = repair.of_lines
        if whole is not None:
            return whole.kind is Kind.EXCHANGED and len(set(whole.targets)) == 1
        return repair.after.count("(") > repair.before.count("(")
    if repair.of_lines is not None and repair.of_lines.kind is Kind.BOUND:  # no look knows what a loop has made
        return False
    if named.mistake is Mistake.NOT_NEGATED:  # it says that a minus is missing
        return repair.after.count("-") > repair.before.count("-") or bool(repair.of_lines)
    if named.mistake is Mistake.PERMUTATION and not _is_of_columns(repair):
        return False
    if named.mistake is Mistake.UNCLAMPED:  # of a scale exp(s): where a logarithm is missing, s is none
        return repair.after.count("log") == repair.before.count("log") or bool(repair.of_lines)
    if named.mistake not in PARTS or repair.of_lines:
        return True
    return any(_count(word, repair.before) != _count(word, repair.after) for word in PARTS[named.mistake])


def _count(word, text):
    """How often a word or a sign stands in a text; a number only by itself: s2 is no factor 2."""
    return len(re.findall(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text)) if word[0].isdigit() else text.count(word)


def _is_of_columns(repair):
    """Whether a change may be to the order of columns, and undoes one: of layers or of lines it is another mistake.

    So it is where halves are put back to where they were taken from.
    """
    left_out = repair.after.count("[") < repair.before.count("[") or puts_back(repair.before, repair.after)
    moved = repair.of_lines is not None and repair.of_lines.kind in (Kind.EXCHANGED, Kind.AT_ONCE, Kind.SWAPPED)
    return not (left_out or repair.before.startswith("for ") or moved)


def _is_of_the_other(named, repair):
    """Whether the name speaks of one direction, and the change is to the other alone."""
    direction = named.direction or ("inverse" if named.where.startswith("inverse") else None)
    return direction is not None and bool(repair.changed) and direction not in repair.changed
