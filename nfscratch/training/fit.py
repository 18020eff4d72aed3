"""`fit`: maximum likelihood for a flow, or another objective, by `minimize` and the layers' own pullbacks.

    minimize   -1/N sum_n log p(x_n + jitter)        fresh jitter, where data is discretised

A part of the rows is held out; the parameters that do best on it are returned.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.bijections import Bijection
from nfscratch.checkpoint.description import config_hash, describe, fingerprint
from nfscratch.checkpoint.header import about
from nfscratch.excerpt import excerpt
from nfscratch.flows import Dequantized, Flow
from nfscratch.flows.boundary import check_rows
from nfscratch.flows.parameters import disagreement
from nfscratch.flows.parts import has_own_part
from nfscratch.training import (
    advice,
    data_rows,
    defaults,
    dependent,
    discrete,
    far_end,
    repeated,
    row_weights,
    unreachable,
    verdict,
)
from nfscratch.training.batches import take_rows
from nfscratch.training.beginning import beginning
from nfscratch.training.budget import Budget
from nfscratch.training.descent import Descent
from nfscratch.training.folds import fit_by_folds
from nfscratch.training.held_out import Rows, enough, hold_out, jittered
from nfscratch.training.interrupts import RETURN
from nfscratch.training.memory import STORE
from nfscratch.training.minimize import minimize
from nfscratch.training.objectives import MaximumLikelihood, Objective
from nfscratch.training.optimizers import Adam, adam, cosine
from nfscratch.training.record import Result
from nfscratch.training.resume import RunFile
from nfscratch.training.run import Evaluation

LIKELIHOOD = MaximumLikelihood()


def fit(
    flow: Any,
    x: Any,
    *,
    rng: onp.random.Generator | int,
    context: Any = None,
    weights: Any = None,
    numbers: Any = None,
    params: Any = None,
    validation: Any = 0.1,
    jitter: Any = None,
    objective: Objective = LIKELIHOOD,
    steps: int | None = None,
    epochs: float | None = None,
    seconds: float | None = None,
    batch_size: int | None = None,
    optimizer: Adam | None = None,
    schedule: Callable[[float], float] = cosine,
    clip: float | None = None,
    evaluate_every: int | None = None,
    patience: int | None = None,
    callback: Callable[[Evaluation], Any] | None = None,
    interrupt: str = RETURN,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int | None = None,
    memory: str = STORE,
) -> Result:
    """Maximum likelihood: minimize the mean of -log p(x) in nats over minibatches of x (N, *shape).

    rng: a generator, or the integer seed of one. It is required, so that every result can be repeated.
    context: for p(x | context), a row for each row of x, (N, C), or one row for all; images where the flow embeds them.
    weights: (N,), non-negative: the loss and the validation are weighted means. A row of weight 0 takes no part
        (but it must be finite like the others), and one of weight 2 counts as two equal rows do. The scales and the
        correlations from which a flow starts, of x and of the context, follow the weights too: they are taken from
        copies of the rows, each row as often as its weight says. A held-out share is drawn whatever the weights are.
    numbers: (N,), whole numbers by which messages call the rows; default 0 to N - 1. Rows of one number are one row.
    validation: a share of the rows to hold out (of 3 to 5 rows, one), equal rows together; or x, (x, context) or
        (x, context, weights) to evaluate on, which are checked as x is; or None.
    jitter: width of the uniform noise U[0, jitter) that is added to every batch afresh, a number or one per column:
        it makes a density of discretised data bounded. nf.recording_steps(x) gives one per column. A held-out share
        gets it once; rows given as `validation` are taken as they are.
    objective: what is minimized, and what held-out rows are judged by: the default is maximum likelihood. A continuous
        flow can be trained by nf.objectives.FlowMatching() or nf.objectives.ScoreMatching(): then `validation` in the
        result is that loss, and no density. Only its field and its embedding are trained. Their loss of one batch is
        mostly chance, so with validation=None take result.last_params.
    steps, epochs: how long to train. Without both, steps, batch_size, patience and the times of the evaluations follow
        the size of the data (defaults.py). A held-out share is then 10 rows at least, or a fifth of fewer than 50, and
        where its rows do not show that training helped, the parameters of step 0 are returned (verdict.py), taken from
        all rows, the held-out ones too (beginning.py). Where a share would be fewer than 7 rows, as of 34, five folds
        choose the number of steps, and all rows are trained on (folds.py). epochs=, passes over the rows, sets the
        number of steps alone and has no patience. With steps=, batch_size is 256, patience is off, and a run has 50
        evaluations. What is given counts.
    seconds: a budget of time, from now on: the run stops after the step in which it is spent (see minimize).
    optimizer, schedule, clip: Adam, by default with the rate 3e-3 where the length follows the data and 1e-3 elsewhere;
        the factor on its rate; the largest length of a gradient.
    patience: stop after this many evaluations without a better one after step 0.
    callback(Evaluation): called after each evaluation with step, loss, validation, params, ...; True stops the run.
        Not in the folds of few rows.
    interrupt: after Ctrl-C "return" the result, and the program goes on; or "raise" a KeyboardInterrupt with `result`.
        A handler that the host of the program has for Ctrl-C, other than Python's own, is called before that.
    params: where to start; default: flow.init on the training rows.
    checkpoint: a file that keeps the run: written every `checkpoint_every` steps (default: every 30 seconds), at
        Ctrl-C and at the end. The folds of few rows are not kept: the file is written from where all rows are trained
        on, and a warning says so where that does not begin.
        Where the file is there, the same call goes on from it, to the same result as without a stop;
        `rng` is then set to where the run began, so it must have the same seed, not the same state. A run that the
        callback or `seconds` ended goes on too; the callback's next evaluation may end it again.
        With schedule=nf.constant a run can be made longer: the same call with more `steps` (see minimize).
    memory: "store", or "recompute" for deep flows: then a step keeps each layer's input alone, and computes the layer
        again for its gradient, which is the same (memory.py).
    ValueError: data that does not fit the flow, by row number where it is not finite, or where the flow has density 0
        with any parameters; a base or a layer that does not give each row its own number, by its place in the flow.
    TrainingWarning: training made the held-out rows worse, or its end is far worse than its best; or, as
        DiscreteDataWarning, columns need jitter.
    """
    rng, budget = validate.seeded(rng), Budget.of(seconds)
    if hasattr(flow, "trainer"):  # one of nf.models
        raise TypeError(f"flow must be a Flow, such as nf.flows.maf(2); got {type(flow).__name__}: use {flow.trainer}")
    if not isinstance(flow, (Flow, Dequantized)):
        layer = ": nf.Flow(base, bijection) makes one of it" if isinstance(flow, Bijection) else ""
        raise TypeError(f"flow must be a Flow, such as nf.flows.maf(2); got {excerpt(flow)}{layer}")
    validate.part("objective", objective, Objective, "nf.objectives.FlowMatching()")
    objective.check(flow)
    discrete.refuse_jitter(flow, jitter)
    if params is not None:
        _check_params(flow, params)
    x, context, weights = data_rows.checked(flow, params, x, context, weights, cast_only=False)
    noisy = jittered(jitter, flow.shape)
    rows = _that_count(Rows(x, context, weights, data_rows.numbered(numbers, len(x))), validation)
    unreachable.refuse(flow, rows, jitter)
    copies_count = not discrete.is_for_discrete_data(flow)
    if copies_count:
        dependent.warn_of_dependent_columns(rows.x, jitter)
        discrete.warn_of_columns(rows.once().x, jitter)
    if checkpoint is not None:  # before the first number is drawn
        with about(checkpoint):
            identity = _identity(flow, x, context, weights, validation, jitter, params, objective)
        checkpoint = RunFile(checkpoint, checkpoint_every, rng, identity)
    given = rows
    everywhere = jitter is not None and bool(onp.all(jitter))  # then rows are equal by rounding
    groups = repeated.groups_of if copies_count and not everywhere else lambda rows: None
    by_size = steps is None and epochs is None
    least = defaults.TO_JUDGE if by_size else 0
    rows, held_out = hold_out(validation, rows, flow, params, noisy, rng, groups, least)
    if held_out is not None and held_out.where != rows.where:
        unreachable.refuse(flow, held_out, None)
    judges = by_size and held_out is not None and held_out.where == given.where
    judges = judges and isinstance(objective, MaximumLikelihood)
    in_folds = judges and len(held_out.x) < verdict.LEAST
    length = defaults.chosen(
        *(len((given if in_folds else rows).x), rows.x[0].size),
        steps=steps,
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        evaluate_every=evaluate_every,
        held_out=held_out is not None,
    )
    options = {
        "optimizer": adam(defaults.RATE) if optimizer is None and by_size else optimizer,
        **{"schedule": schedule, "clip": clip, "seconds": budget, "callback": callback, "interrupt": interrupt},
        **{"progress": progress, "checkpoint": checkpoint, "checkpoint_every": checkpoint_every},
    }
    descent = Descent(flow, objective, None if jitter is None else noisy, memory, options)
    if in_folds:
        start = _beginning(flow, params, noisy, given, rng, given, None)
        return fit_by_folds(descent, start.params, params, given, noisy, groups, rng, length)
    start = _beginning(flow, params, noisy, rows, rng, given, held_out)
    result = minimize(**descent.arguments(start.params, rows, held_out, rng, **length))
    in_nats = isinstance(objective, MaximumLikelihood)
    if held_out is not None and not onp.isfinite(result.history["validation"]).any():
        return result  # it was said, and nothing can be compared
    if not in_nats or held_out is None:
        far_end.review(result, far_end.nats(rows.x[0].size) if in_nats else None)
        return result
    if not (judges and verdict.takes_back(flow, start.params, result, held_out)):
        advice.review(flow, result, held_out)
    return start.from_all_rows(result, given) if judges else result


def _that_count(rows, validation):
    """Without the rows of weight 0; there must be enough of the others."""
    counting = row_weights.rows_that_count(rows.weights)
    if counting is None:
        return enough(rows, validation)
    return enough(rows.take(counting), validation, " of a weight above 0")


def _check_params(flow, params):
    if (wrong := disagreement(flow, params, per_sample=False)) is not None:
        raise wrong


def _beginning(flow, params, noisy, rows, rng, given, held_out):
    """Where to start, after a check that each part of the flow gives every row its own number."""
    start = beginning(flow, params, noisy, rows, rng, given, held_out)
    if has_own_part((flow.base, flow.bijection, flow.embed)):
        N = len(rows.x)
        check_rows(flow, start.params, *take_rows((rows.x, rows.context), [0, N // 2, N - 1]))
    return start


def _identity(flow, x, context, weights, validation, jitter, params, objective):
    """The part of a run's identity that only `fit` knows: the flow, the data, and where it starts."""
    share = validation is None or isinstance(validation, Real)
    return {
        "flow": config_hash(describe(flow)),
        "x": fingerprint(x),
        "context": fingerprint(context),
        "weights": fingerprint(weights),
        "validation": validation if share else fingerprint(validation),
        "jitter": None if jitter is None else onp.asarray(jitter, dtype=onp.float64).tolist(),
        "params": fingerprint(params),
        **({} if objective == LIKELIHOOD else {"objective": repr(objective)}),
    }
