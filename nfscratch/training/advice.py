"""After a fit: a warning where training made the held-out rows worse, with the rows that show it and what to do.

step 0 is the best     no step made the validation better: the flow that comes back is not trained
the end exploded       the last validation is more than max(10, D) nats above the best; ten times that where
                           patience ended the run, which is what it is for (far_end.py)
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as onp

from nfscratch import backend, outside
from nfscratch.training import far_end, remedies
from nfscratch.training.ending import Ended
from nfscratch.training.record import Result, TrainingWarning

FEW, MOST = 5, 0.8  # so few rows are named where they carry so much of the rise
LEAST = 0.1  # nats: a smaller mean rise is not the work of a few rows
SHORT = 50  # steps, after which a flow may simply not have learned yet
HUGE = 1e200  # the rise of a row whose density became 0


def review(flow: Any, result: Result, held_out: Any) -> None:
    """Warn where the best step is 0 although steps made it worse, or where the end is far above the best."""
    if held_out is None or result.ended is Ended.DIVERGED or result.steps == 0:
        return
    last, best = result.history["validation"][-1], result.validation
    worse = not isfinite(last) or last > best
    if result.best_step == 0 and (worse or result.ended is Ended.OUT_OF_TIME):
        problem = f"no step made the validation better: it was {best:.4g} nats at the start and is {last:.4g}"
        kept = "The parameters of step 0, the start, are returned"
    elif worse and not last - best <= _bearable(result, held_out):
        problem = f"the validation rose from {best:.4g} nats at step {result.best_step} to {last:.4g}"
        kept = f"The parameters of step {result.best_step} are returned"
    else:
        return
    rows = _rows_that_rise(flow, result, held_out)
    words = [f"{problem} at the end, after {result.steps} steps", rows, f"{kept}; {_remedy(flow, result)}"]
    outside.warn(". ".join(filter(None, words)), TrainingWarning)


def _bearable(result, held_out):
    """The largest bearable rise, in nats."""
    return far_end.nats(held_out.x[0].size) * far_end.patiently(result)


def _rows_that_rise(flow, result, held_out):
    """A sentence that names the few rows that carry most of the rise; "" where it takes many."""
    with onp.errstate(all="ignore"):
        rise = _nll(flow, result.last_params, held_out) - _nll(flow, result.params, held_out)
    rise = onp.clip(onp.nan_to_num(rise, nan=HUGE, posinf=HUGE), 0.0, HUGE)
    order = onp.argsort(-rise, kind="stable")
    if rise.mean() < LEAST:
        return ""
    count = 1 + int(onp.argmax(onp.cumsum(rise[order]) >= MOST * rise.sum()))
    if count > min(FEW, max(1, len(rise) // 10)):
        return ""
    names = ", ".join(map(str, held_out.numbers[order[:count]]))
    those = (
        f"Row {names} of {held_out.where} carries it" if count == 1 else f"Rows {names} of {held_out.where} carry it"
    )
    return "; ".join(filter(None, (those, remedies.far_entry(held_out, order[:count]))))


def _nll(flow, params, held_out):
    log_p = backend.to_numpy(flow.log_prob(params, held_out.x, held_out.context)).astype(onp.float64)
    return -log_p if held_out.weights is None else -log_p * backend.to_numpy(held_out.weights)


def _remedy(flow, result):
    """By what the flow has and the run was: an unbounded activation first, then the things that always help."""
    if result.best_step == 0 and result.steps < SHORT and result.history["validation"][-1] - result.validation < 1.0:
        return "try more steps"
    unbounded = remedies.unbounded_activations(flow)
    bounded = f'activation="tanh" ({unbounded[0]} grows without bound on rows far out), ' if unbounded else ""
    stop = "" if result.ended is Ended.EARLY_STOPPING or result.best_step == 0 else "patience=10, "
    start = " (a flow that starts as the Gaussian of the data is best there if the data is one)"
    return (
        f"try {bounded}{stop}a smaller rate, fewer or narrower layers, or more rows{'' if result.best_step else start}"
    )
