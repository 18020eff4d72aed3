"""`fit_model`: a model of nf.models trained by `minimize`, with the pullbacks that it has by formula.

    minimize   model.loss_value_and_grad(params, rng, rows, **at_step(t))         t: the steps done              (1)

The number of steps done is stored in the tree under "fixed" while the run lasts, so that a run that goes on from its
file goes on with the same t. Held-out rows are judged by model.validation_loss, with the same noise each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import returned, trees, validate
from nfscratch.checkpoint.description import config_hash, describe, fingerprint
from nfscratch.checkpoint.header import about
from nfscratch.models.model import Model
from nfscratch.training import far_end
from nfscratch.training.batches import take_rows
from nfscratch.training.budget import Budget
from nfscratch.training.called_with import check_functions
from nfscratch.training.interrupts import RETURN
from nfscratch.training.minimize import minimize
from nfscratch.training.optimizers import Adam, cosine
from nfscratch.training.record import Result
from nfscratch.training.resume import RunFile, named
from nfscratch.training.run import Evaluation

SHARE = 0.01  # of the loss: a bearable rise where rows come in raw units
STEP = "step"  # under "fixed": (1,), how many steps were done


def fit_model(
    model: Model,
    x: Any,
    *,
    rng: onp.random.Generator | int,
    params: Any = None,
    validation: Any = 0.1,
    augment: Callable[[Any, Any], Any] | None = None,
    at_step: Callable[[int], dict] | None = None,
    steps: int = 2000,
    batch_size: int = 128,
    optimizer: Adam | None = None,
    schedule: Callable[[float], float] = cosine,
    clip: float | None = None,
    evaluate_every: int | None = None,
    patience: int | None = None,
    seconds: float | None = None,
    callback: Callable[[Evaluation], Any] | None = None,
    interrupt: str = RETURN,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int | None = None,
) -> Result:
    """Minimise the model's loss over rows x (N, D); `result.params` are the best on the held-out rows.

    rng: a generator, or the integer seed of one. params: where to start; default: model.init.
    validation: a share of the rows to hold out, or rows (M, D), or None.
    augment(rows, rng): what the step sees in place of its rows, as many as they are, such as nf.models.binarised, which
        draws 0 and 1 with the rows as probabilities. Held-out rows are augmented once.
    at_step(t): further arguments of the loss after t steps, such as a weight that rises.
    The other arguments are those of `minimize`. A checkpoint makes the run go on where the last call ended, bit for
    bit.
    TrainingWarning: the end of the run is far worse than its best (far_end.py), or no step was better than the start.
    """
    rng, budget = validate.seeded(rng), Budget.of(seconds)
    check_model("model", model, fit_model, "nf.models.AutoEncoder(nf.MLP(), nf.MLP(), 2)")
    check_functions(augment=augment, callback=callback, at_step=at_step)
    x = first_rows(model, x, params)
    if checkpoint is not None:  # before the first number is drawn
        share = validation is None or isinstance(validation, Real)
        given = {"validation": validation if share else fingerprint(validation), "augment": named(augment)}
        run = {**identity(checkpoint, model, x, params), **given, **_settings(at_step)}
        checkpoint = RunFile(checkpoint, checkpoint_every, rng, run)
    x, held_out = _hold_out(validation, x, model, rng)
    augment = None if augment is None else _checked(augment, model)
    if held_out is not None and augment is not None:
        held_out = augment(held_out, onp.random.default_rng(0))
    arguments = (lambda p: {}) if at_step is None else (lambda p: returned.mapping("at_step", at_step(steps_done(p))))
    result = minimize(
        lambda p, rng, batch: model.loss_value_and_grad(p, rng, batch, **arguments(p)),
        counted(model.init(rng, x) if params is None else params),
        rng=rng,
        data=x,
        evaluate=None if held_out is None else lambda p: _judged(model, p, held_out, arguments(p)),
        update=lambda p, batch: one_more(model, p),
        augment=augment,
        has_grad=True,
        title=f"fit_{model.called}",
        steps=steps,
        batch_size=batch_size,
        optimizer=optimizer,
        schedule=schedule,
        clip=clip,
        evaluate_every=evaluate_every,
        patience=patience,
        seconds=budget,
        callback=None if callback is None else lambda at: callback(replace(at, params=without_count(at.params))),
        interrupt=interrupt,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        finish=lambda result: _finish(result, model, x),
    )
    far_end.review(result, model.bearable(x.shape[1]), share=SHARE)
    return result


def _judged(model, params, rows, arguments):
    """The same noise each time, so that only the parameters make a difference."""
    return model.validation_loss(params, onp.random.default_rng(0), rows, **arguments)


def _checked(augment, model):
    """augment(rows, rng), whose result must be as many rows, which the model can have."""

    def augmented(rows, rng):
        new = model.rows(augment(rows, rng), rows, rows.shape[1], "augment(rows, rng)")
        if len(new) != len(rows):
            raise ValueError(f"augment(rows, rng) must have one row for each of the {len(rows)} rows; got {len(new)}")
        return new

    return augmented


def _hold_out(validation, x, model, rng):
    """Rows to train on, and rows to judge by or None."""
    if validation is None:
        return x, None
    if not isinstance(validation, Real):
        return x, one_at_least("validation", model.rows(validation, x, x.shape[1], "validation"))
    n = round(validation * len(x)) if 0 < validation < len(x) else 0
    if not 0 < n < len(x):
        raise ValueError(
            f"validation must leave rows on both sides; got {validation} of {len(x)} rows (None holds out none)"
        )
    order = rng.permutation(len(x))
    return take_rows(x, order[n:]), take_rows(x, order[:n])


def _settings(at_step):
    """What of `at_step` belongs to a run's identity: the fields of an object, or the name of a function."""
    if is_dataclass(at_step):
        return {field.name: getattr(at_step, field.name) for field in fields(at_step)}
    return {} if at_step is None else {"at_step": named(at_step)}


def _finish(result, model, x):
    result.params, result.last_params = (model.look(without_count(p), x) for p in (result.params, result.last_params))


# --- what fit_gan needs as well ---------------------------------------------------------------------------------------


def check_model(name: str, model: Any, trainer: Callable, example: str) -> None:
    """Raise TypeError unless this function, `trainer`, trains the model, its argument `name`."""
    validate.part(name, model, Model, example)
    if model.trainer != f"nf.{trainer.__name__}":
        raise TypeError(
            f"{name} must be one that nf.{trainer.__name__} trains; got {type(model).__name__}: use {model.trainer}"
        )


def first_rows(model: Model, x: Any, params: Any) -> Any:
    """The rows x, checked against the parameters where these are given; at least 1."""
    rows = model.rows(x, trees.array_like({})) if params is None else model.checked(params, x)
    return one_at_least("x", rows)


def one_at_least(name, rows):
    if len(rows) == 0:
        raise ValueError(f"{name} must have at least 1 row; got 0")
    return rows


def identity(path: str | os.PathLike, model: Model, x: Any, params: Any) -> dict:
    """The part of a run's identity that `minimize` does not know: the model, the data, and where it starts."""
    with about(path):
        described = config_hash(describe(model, model.called))
    return {model.called: described, "x": fingerprint(x), "params": fingerprint(params)}


def counted(params: Any) -> Any:
    """The tree with the count of steps at 0."""
    return {**params, trees.FIXED: {STEP: onp.zeros_like(trees.array_like(params), shape=(1,))}}


def steps_done(params: Any) -> int:
    return int(params[trees.FIXED][STEP][0])


def one_more(model: Model, params: Any) -> Any:
    """The tree after a step."""
    return {**model.update(params), trees.FIXED: {STEP: params[trees.FIXED][STEP] + 1.0}}


def without_count(params: Any) -> Any:
    """The tree as `model.init` makes it."""
    return {name: part for name, part in params.items() if name != trees.FIXED}
