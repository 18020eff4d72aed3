"""Inverses that are cut off: at the end of a bracket, or because they clip their argument.

z' = clip(z, -B, B)             the end of a bracket, where B is a round number
forward(z') = clip(x, -C, C)    the argument is clipped, where C is a round number
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial


def bracket(c: Columns) -> Mistake | None:
    """z' = clip(z, -B, B), or forward(z') = clip(x, -C, C): whichever of B and C is a round number was meant."""
    B, C = _cut_at(c.z, c.back), _cut_at(c.x, c.again)
    if B is None and C is None:
        return clamped_bracket(c.trial)
    round_B, round_C = B is not None and is_round(B), C is not None and is_round(C)
    if round_B != round_C:
        return Mistake.END_OF_BRACKET if round_B else Mistake.CLIPS_ARGUMENT
    return Mistake.CUT_OFF


def _cut_at(right, came):
    """The bound at which `came` is `right` cut off, or None."""
    bound = onp.abs(came).max(initial=0.0)
    beyond = onp.abs(right) > bound * (1 + 1e-6) + 1e-6
    if not beyond.any() or not same(onp.clip(right, -bound, bound), came, 1e-3).all():
        return None
    # A search that stops early is as wrong near 0 as far out: what is cut off is right up to the bound.
    near = onp.abs(right) < 0.9 * bound
    least = onp.abs(came - right)[near].max(initial=0.0)
    return bound if near.any() and (onp.abs(right) - bound).max() > 100 * least + 1e-3 * bound else None


def is_round(number: float) -> bool:
    """One digit and zeros, as somebody would write the end of a bracket: 3, 10, 0.5, 1000."""
    first = float(f"{number:.0e}")
    return number > 0 and abs(number - first) < 1e-3 * first


def clamped_bracket(trial: Trial) -> Mistake | None:
    """Several z' that stand at one round number, in a trial whose z do not."""
    back = flat(trial.back[0])
    ends = onp.abs(back[onp.isfinite(back)])
    top = ends.max(initial=0.0)
    if is_round(top) and (ends > top - 1e-9).sum() >= 2 and (onp.abs(flat(trial.z)) < top).any():
        return Mistake.END_OF_BRACKET
    return None
