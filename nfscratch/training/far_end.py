"""After a run: a warning where its end is far worse than its best, whatever was minimised.

    v_0 ... v_T      the validation after each evaluation; without one, medians of a twentieth of the losses each
    far worse        v_T is not finite,  or  v_T - min v > bearable                                             (1)

A bearable rise is no explosion. Where a loss is in nats per row of D numbers it is max(10, D), as in advice.py; where a
loss has no unit that is known, it is what the best had gained over v_0, so that at the end all of that is lost. Where
patience ended the run it is ten times as much, because an end that is worse than the best is what patience waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as onp

from nfscratch.training import outside
from nfscratch.training.ending import Ended
from nfscratch.training.record import Result, TrainingWarning
from nfscratch.training.remedies import SMALLER_STEPS

PIECES, SHORTEST = 20, 3  # of the losses, and steps in one
SHORT = 50  # steps, before which a model may not have begun to learn


def nats(width: int) -> float:
    """The rise of a loss in nats per row of `width` numbers that is no explosion."""
    return float(max(10, width))


def patiently(result: Result) -> int:
    """What a bearable rise is multiplied by."""
    return 10 if result.ended is Ended.EARLY_STOPPING else 1


def review(result: Result, bearable: float | None, remedy: str = SMALLER_STEPS) -> None:
    """Warn where (1) holds, or where no step was better than the start. bearable None: a loss of no known unit."""
    if result.ended is Ended.DIVERGED or result.steps == 0:
        return
    history, best = result.history, result.best_step
    if not history["validation"]:
        keep = "The last parameters are returned; hold out rows with validation=, which keeps the best, or"
        say(result, "the loss", *_medians(history["loss"]), bearable, f"{keep} {remedy}")
    elif best == 0 and result.steps >= SHORT and not history["validation"][-1] <= history["validation"][0]:
        start, end = history["validation"][0], history["validation"][-1]
        outside.warn(
            f"no step made the validation better: it was {start:.4g} at the start and is {end:.4g} at the end, after "
            f"{result.steps} steps. The parameters of step 0, the start, are returned; {remedy}",
            TrainingWarning,
        )
    else:
        keep = f"The parameters of step {best} are returned"
        say(result, "the validation", history["step"], history["validation"], bearable, f"{keep}; {remedy}")


def say(result: Result, what: str, steps: Sequence, values: Sequence, bearable: float | None, what_to_do: str) -> None:
    """Warn where (1) holds for `values`, which were found after so many `steps`."""
    finite = onp.where(onp.isfinite(values), values, onp.inf)
    if len(finite) < 2 or not isfinite(finite.min()):
        return
    best, last = int(finite.argmin()), float(values[-1])
    bearable = finite[0] - finite[best] if bearable is None else bearable
    if isfinite(last) and not last - finite[best] > bearable * patiently(result):
        return
    outside.warn(
        f"{what} rose from {finite[best]:.4g} at step {steps[best]} to {last:.4g} at the end, after {result.steps} "
        f"steps. {what_to_do}",
        TrainingWarning,
    )


def _medians(losses):
    """The ends of up to 20 pieces of a run, and the median loss of each: a single batch does not count."""
    count = min(PIECES, len(losses) // SHORTEST)
    if count < 2:
        return [], []
    pieces = onp.array_split(onp.asarray(losses, dtype=float), count)
    return onp.cumsum([len(piece) for piece in pieces]).tolist(), [float(onp.median(piece)) for piece in pieces]
