"""After a run: a warning where its end is far worse than its best, whatever was minimised.

    v_0 ... v_T      the validation after each evaluation; without one, medians of a twentieth of the losses each
    far worse        v_T is not finite,  or  v_T - min v > bearable                                             (1)

A bearable rise does not count. Where a loss is in nats per row of D numbers it is max(10, D), as in advice.py; where a
loss has no unit that is known, it is what the best had gained over v_0, so that at the end all of that is lost. Where
patience ended the run it is ten times as much, because an end that is worse than the best is what patience waits for.

A rise that chance can make does not count either. Losses of batches scatter, so that a median of a few of them can
rise by as much as four of their interquartile ranges. Where a model sees rows in raw units, its loss can be 5e4 nats,
and 40 are little: a hundredth of its size is bearable.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite

import numpy as onp

from nfscratch import outside
from nfscratch.training.ending import Ended
from nfscratch.training.record import Result, TrainingWarning
from nfscratch.training.remedies import SMALLER_STEPS

PIECES, SHORTEST = 20, 3  # of the losses, and steps in one
SCATTER = 4.0  # interquartile ranges of the losses in a piece: a rise of its median that chance can make
SHORT = 50  # steps, before which a model may not have begun to learn


def nats(width: int) -> float:
    """The largest bearable rise of a loss in nats per row of `width` numbers."""
    return float(max(10, width))


def patiently(result: Result) -> int:
    """What a bearable rise is multiplied by."""
    return 10 if result.ended is Ended.EARLY_STOPPING else 1


def review(result: Result, bearable: float | None, remedy: str = SMALLER_STEPS, share: float = 0.0) -> None:
    """Warn where (1) holds, or where no step was better than the start. bearable None: a loss of no known unit.

    share: so much of the size of the best value is bearable too.
    """
    if result.ended is Ended.DIVERGED or result.steps == 0:
        return
    history, best = result.history, result.best_step
    if not history["validation"]:
        keep = "The last parameters are returned; hold out rows with validation=, which keeps the best, or"
        steps, medians, chance = _medians(history["loss"])
        say(result, "the loss", steps, medians, bearable, f"{keep} {remedy}", chance, share)
    elif best == 0 and result.steps >= SHORT and not history["validation"][-1] <= history["validation"][0]:
        start, end = history["validation"][0], history["validation"][-1]
        outside.warn(
            f"no step made the validation better: it was {start:.4g} at the start and is {end:.4g} at the end, after "
            f"{result.steps} steps. The parameters of step 0, the start, are returned; {remedy}",
            TrainingWarning,
        )
    else:
        keep = f"The parameters of step {best} are returned"
        steps, values = history["step"], history["validation"]
        say(result, "the validation", steps, values, bearable, f"{keep}; {remedy}", share=share)


def say(
    result: Result,
    what: str,
    steps: Sequence,
    values: Sequence,
    bearable: float | None,
    what_to_do: str,
    chance: float = 0.0,
    share: float = 0.0,
) -> None:
    """Warn where (1) holds for `values`, found after so many `steps`. A rise by `chance` is bearable."""
    finite = onp.where(onp.isfinite(values), values, onp.inf)
    if len(finite) < 2 or not isfinite(finite.min()):
        return
    best, last = int(finite.argmin()), float(values[-1])
    if bearable is None:
        bearable = max(finite[0] - finite[best], chance) or inf  # where nothing was gained, nothing is lost
    bearable = max(bearable, share * abs(finite[best]))
    if isfinite(last) and not last - finite[best] > bearable * patiently(result):
        return
    outside.warn(
        f"{what} rose from {finite[best]:.4g} at step {steps[best]} to {last:.4g} at the end, after {result.steps} "
        f"steps. {what_to_do}",
        TrainingWarning,
    )


def _medians(losses):
    """The ends of up to 20 pieces of a run, the median loss of each, since a single batch does not count, and a rise
    of a median that chance can make."""
    count = min(PIECES, len(losses) // SHORTEST)
    if count < 2:
        return [], [], 0.0
    pieces = onp.array_split(onp.asarray(losses, dtype=float), count)
    chance = SCATTER * float(onp.median([onp.subtract(*onp.percentile(piece, (75, 25))) for piece in pieces]))
    return onp.cumsum([len(piece) for piece in pieces]).tolist(), [float(onp.median(piece)) for piece in pieces], chance
