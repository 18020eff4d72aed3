"""Inverses that are cut off: at the end of a bracket, or because they clip their argument.

z' = clip(z, A, B)             the end of a bracket, where A and B are round numbers
forward(z') = clip(x, A, B)    the argument is clipped, where A and B are round numbers
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

AT_END = 3  # rows that stand at one end
MARGIN = 1e-3  # of the largest z: a clip that comes so late is none that was seen


def bracket(c: Columns) -> Mistake | None:
    """z' = clip(z, A, B), or forward(z') = clip(x, A, B): whichever has round numbers for its ends was meant."""
    of_z, of_x = _cut_at(c.z, c.back), _cut_at(c.x, c.again)
    if not of_z and not of_x:
        return clamped_bracket(c.trial) or _stands_at_an_end(c)
    round_z, round_x = (bool(ends) and all(map(is_round, ends)) for ends in (of_z, of_x))
    if round_z != round_x:
        return Mistake.END_OF_BRACKET if round_z else Mistake.CLIPS_ARGUMENT
    return Mistake.CUT_OFF


def _cut_at(right, came):
    """The sizes of the ends, one or two, at which `came` is `right` cut off, in the columns that are wrong; or none."""
    wrong = (onp.abs(came - right) > 1e-6 * (1 + onp.abs(right))).any(axis=0)
    if not wrong.any():
        return []
    right, came = right[:, wrong], came[:, wrong]
    low, high = came.min(), came.max()
    bound = max(abs(low), abs(high))
    if not same(onp.clip(right, low, high), came, 1e-3).all():
        return []
    # A search that stops early is as wrong near 0 as far out: what is cut off is right up to the ends.
    near = (right > low + 0.05 * (high - low)) & (right < high - 0.05 * (high - low))
    least = onp.abs(came - right)[near].max(initial=0.0)
    sides = ((abs(low), low - right.min()), (abs(high), right.max() - high))
    return [end for end, by in sides if near.any() and by > 100 * least + max(1e-3 * bound, 1e-6)]


def _stands_at_an_end(c):
    """One column that comes to a number of two digits wherever z is beyond it. Others may look at it, and be wrong."""
    for z, back in ((sign * c.z.T, sign * c.back.T) for sign in (1.0, -1.0)):
        for right, came, again in zip(z, back, c.again.T, strict=True):
            end = came.max()
            there = came > end - 1e-9
            beyond = (right[there] > end + 1e-6 * (1 + abs(end))).all() and onp.ptp(right[there]) > 1e-6
            if there.sum() >= AT_END and beyond and is_round(end, 2):
                of_x = onp.ptp(again[there]) < 1e-9 and is_round(abs(again[there][0]), 2)
                return Mistake.CUT_OFF if of_x else Mistake.END_OF_BRACKET
    return None


def is_round(number: float, digits: int = 1) -> bool:
    """One digit and zeros, as somebody would write the end of a bracket: 3, 10, 0.5, 1000. Of two digits, 1.5, too."""
    first = float(f"{number:.{digits - 1}e}")
    return number > 0 and abs(number - first) < 10.0 ** (-2 - digits) * first


def name_of_stop(trial: Trial) -> Mistake:
    """Of a forward that gives one x again and again: it clips z, or a round number is the end of a bracket."""
    if clips_argument(trial):
        return Mistake.CLIPS_ARGUMENT
    numbers, often = onp.unique(onp.abs(flat(trial.x)), return_counts=True)
    ends = numbers[(often > 1) & (numbers > 0.5 * numbers.max())]
    return Mistake.END_OF_BRACKET if any(map(is_round, ends)) else Mistake.STANDS_STILL


def clips_argument(trial: Trial) -> bool:
    """Whether forward gives the same for clip(z, -b, b) or clip(z, a, b) as for z, with ends of two digits.

    A search that ends with its bracket does so too, but there the ends of x are round, and those of z are not. One that
    always comes to one of the two ends asks for the sign of z alone: no clip does.
    """
    z = trial.z[trial.usable]
    ends = [_end_of_z(trial, z, sign) for sign in (1.0, -1.0)]
    if all(end is not None and abs(end) < 1e-6 for end in ends):
        return False
    return all(end is None or abs(end - round(end, 2)) < 1e-6 for end in ends) and ends != [None, None]


def _end_of_z(trial, z, sign):
    """The largest b beyond which a larger sign * z changes nothing of x; None where all of it counts."""
    x, top = trial.apply("forward", z)[0], float((sign * z).max())

    def unchanged(b):
        return onp.array_equal(trial.apply("forward", sign * onp.minimum(sign * z, b))[0], x)

    low, high = min(0.0, top), top
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if unchanged(middle) else (middle, high)
    return None if top - high < MARGIN * abs(top) else sign * high


def clamped_bracket(trial: Trial) -> Mistake | None:
    """Several z' that stand at one round number, in a trial whose z do not."""
    back = flat(trial.back[0])
    ends = onp.abs(back[onp.isfinite(back)])
    top = ends.max(initial=0.0)
    if is_round(top) and (ends > top - 1e-9).sum() >= 2 and (onp.abs(flat(trial.z)) < top).any():
        return Mistake.END_OF_BRACKET
    return None
