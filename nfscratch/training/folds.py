"""Few rows: five folds say how many steps to take, because the fifth of them that a fit would hold out says too little.

    d_n(s) = log p(x_n; step s) - log p(x_n; start),    each by the run that has not seen x_n
    s* = argmax_s mean_n d_n(s);    all rows take s* steps where  mean(d(s*)) > t_{0.99, N-1} sd(d(s*)) / sqrt(N)

A share of fewer than 7 rows never shows that training helped (verdict.py). So where `fit` chooses how long to train and
would hold out so few, every row is held out once. On 30 rows of tables without a context the start is mostly the best;
with a context, as in a regression, training gains a nat and more where the context matters. The folds are the same for
every seed, and equal rows are in the same one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as onp

from nfscratch import backend, outside
from nfscratch.training import deciding_rows, verdict
from nfscratch.training.beginning import begun
from nfscratch.training.descent import Descent, say_what_was_taken
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.held_out import Rows
from nfscratch.training.minimize import minimize
from nfscratch.training.record import Result, TrainingWarning

FOLDS = 5
KEPT = "The parameters of step 0, the start, are returned, taken from all rows"
CUT_SHORT = (Ended.INTERRUPTED, Ended.OUT_OF_TIME)


@dataclass(frozen=True)
class Curve:
    """log_p (T, N) of all rows after `steps` (T,), each by a run that has not seen the row; `cut`: short of its end."""

    steps: Any
    log_p: Any
    cut: Ending | None = None


def fit_by_folds(
    descent: Descent, start: Any, params: Any, rows: Rows, noisy: Callable, groups: Callable, rng: Any, length: dict
) -> Result:
    """`rows` trained on for the number of steps that their folds show to help.

    start: parameters from all rows. params: the caller's, or None. groups, noisy: as `hold_out` takes them. length: the
    arguments of `minimize` that say how long a run is.
    """
    N = len(rows.x)
    curve = _curve(descent, params, rows, noisy, _folds(N, groups(rows)), length if N >= verdict.LEAST else None)
    if curve.cut is not None:
        if curve.cut.how is Ended.OUT_OF_TIME:
            outside.warn(f"{_too_short(N)}. {KEPT}; give it more time, or say how long: steps=100", TrainingWarning)
        return _start(descent, start, curve.cut)
    log_p = curve.log_p if rows.weights is None else verdict.weighted(curve.log_p, rows.weights)
    history = {"step": curve.steps.tolist(), "validation": (-log_p.mean(axis=1)).tolist()}
    if N < verdict.LEAST:
        return _untrained(descent, start, f"x has {N} rows: so few cannot show that training helps", history)
    best = int(onp.nanargmax(log_p.mean(axis=1)))
    with onp.errstate(invalid="ignore"):  # a row of density 0 at both ends
        gain, error = verdict.mean_and_error(log_p[best] - log_p[0])
    if not gain > verdict.quantile(N - 1) * error:  # at best == 0 both are 0
        return _untrained(descent, start, _why(N, curve.steps[best], gain, error), history)
    share, schedule = curve.steps[best] / length["steps"], descent.options["schedule"]
    length = {**length, "steps": int(curve.steps[best]), "patience": None}
    result = minimize(
        **descent.arguments(start, rows, None, rng, schedule=lambda done: schedule(share * done), **length)
    )
    result.history.update(history)
    return result


def _why(N, step, gain, error):
    if step == 0:
        return f"in {FOLDS} folds of the {N} rows of x no step made the validation better"
    return (
        f"{FOLDS} folds of the {N} rows of x do not show that training helps: on average step {step} is {gain:.3g} ± "
        f"{error:.2g} nats better than the start, and it takes {verdict.quantile(N - 1):.1f} standard errors"
    )


def _too_short(N):
    return f"the time was spent before {FOLDS} folds of the {N} rows of x could say how long to train"


def _untrained(descent, start, why, history=None):
    outside.warn(f"{why}. {KEPT}; to train all the same, say how long: steps=100", TrainingWarning)
    return _start(descent, start, Ending(Ended.NOT_TRAINED), history)


def _start(descent, start, ending, history=None):
    if descent.options["checkpoint"] is not None:
        path = descent.options["checkpoint"].path
        outside.warn(
            f"{path}: nothing was written: a checkpoint keeps the run on all rows, and it did not begin",
            TrainingWarning,
        )
    result = Result(start, {"loss": [], "step": [], "validation": [], **(history or {})}, ending, 0, start)
    say_what_was_taken(descent.flow, result)
    return result


# --- the folds ---


def _curve(descent, params, rows, noisy, fold, length):
    """Each fold is held out once. A run that ends earlier than others keeps its last value. length None: no steps."""
    runs = []
    for k in range(fold.max() + 1):
        inside, held = rows.take(onp.flatnonzero(fold != k)), rows.take(onp.flatnonzero(fold == k))
        rng = onp.random.default_rng(k)
        held = replace(held, x=noisy(held.x, rng))
        start = params if params is not None else _quietly_begun(descent.flow, noisy, inside, rng)
        seen = {0: _log_p(descent.flow, start, held)}
        ending = _run(descent, start, inside, held, rng, seen, length)
        if ending in CUT_SHORT:
            return Curve(None, None, Ending(ending, 0))
        runs.append(seen)
    steps = onp.array(sorted(set().union(*runs)))
    log_p = onp.empty((len(steps), len(rows.x)))
    for k, seen in enumerate(runs):
        log_p[:, fold == k] = [seen[min(step, max(seen))] for step in steps]
    return Curve(steps, log_p)


def _run(descent, start, inside, held, rng, seen, length):
    """How a run without the held-out rows ended; their log p after each evaluation goes into `seen`."""
    if length is None:
        return Ended.NOT_TRAINED
    length = {**length, "batch_size": min(length["batch_size"], len(inside.x))}
    alone = {"progress": False, "checkpoint": None, "checkpoint_every": None}
    watch = lambda at: seen.update({at.step: _log_p(descent.flow, at.params, held)})  # noqa: E731
    return minimize(**descent.arguments(start, inside, held, rng, callback=watch, **length, **alone)).ended


def _log_p(flow, params, rows):
    return backend.to_numpy(flow.log_prob(params, rows.x, rows.context)).astype(onp.float64)


def _folds(n, groups):
    """(n,): the fold of each row; rows of one group are in one fold."""
    groups = onp.arange(n) if groups is None else groups
    order = onp.random.default_rng(0).permutation(groups.max() + 1)
    return (order % FOLDS)[groups]


def _quietly_begun(flow, noisy, rows, rng):
    """Parameters from the rows of a fold: what there is to say of them was said of all rows."""
    with deciding_rows.said(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return begun(flow, rng, noisy(rows.x, rng), rows)
