"""`fit_vae`: a variational autoencoder trained by `minimize`, with its own pullbacks.

    minimize   -mean log w(x),   log w = log p(x | z) + beta_t [log p(z) - log q(z | x)],   z ~ q(z | x)           (1)
    beta_t = min(1, (t + 1) / anneal)         t: the steps done                                                    (2)

The number of steps done is stored in the tree under "fixed" while the run lasts, so that a run that goes on from its
file goes on with the same beta. Held-out rows are judged by the ELBO with beta = 1, with the same noise each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import trees, validate
from nfscratch.checkpoint.description import config_hash, describe, fingerprint
from nfscratch.checkpoint.header import about
from nfscratch.models.vae import VAE
from nfscratch.training.batches import take_rows
from nfscratch.training.budget import Budget
from nfscratch.training.interrupts import RETURN
from nfscratch.training.minimize import TAKES, minimize
from nfscratch.training.optimizers import Adam, cosine
from nfscratch.training.record import Result
from nfscratch.training.resume import RunFile, named
from nfscratch.training.run import Evaluation

STEP = "step"  # under "fixed": (1,), how many steps were done


def fit_vae(
    vae: VAE,
    x: Any,
    *,
    rng: onp.random.Generator | int,
    params: Any = None,
    validation: Any = 0.1,
    augment: Callable[[Any, Any], Any] | None = None,
    anneal: int = 0,
    draws: int = 1,
    importance: bool = False,
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
    """Maximise the ELBO over rows x (N, D), in nats per row; `result.params` are the best on the held-out rows.

    rng: a generator, or the integer seed of one. params: where to start; default: vae.init.
    validation: a share of the rows to hold out, or rows (M, D), or None.
    augment(rows, rng): what the step sees in place of its rows, as many as they are, such as nf.models.binarised, which
        draws 0 and 1 with the rows as probabilities. Held-out rows are augmented once.
    anneal: over so many steps beta of (1) rises to 1. With 0 it is 1 from the start.
    draws, importance: of `VAE.loss_value_and_grad`: several draws for each row, and their importance-weighted bound.
    The other arguments are those of `minimize`. A checkpoint makes the run go on where the last call ended, bit for
    bit.
    """
    rng, budget = validate.seeded(rng), Budget.of(seconds)
    validate.part("vae", vae, VAE, "nf.models.VAE(nf.MLP(), nf.MLP(), nf.flows.posterior(8, 64))")
    anneal, draws = validate.count("anneal", anneal), validate.count("draws", draws, least=1)
    importance = validate.flag("importance", importance)
    for name, f in (("augment", augment), ("callback", callback)):  # minimize is given others, which call them
        if f is not None:
            validate.function(name, f, TAKES[name])
    like = trees.array_like({} if params is None else params)
    x = _one_at_least("x", vae.rows(x, like) if params is None else vae.checked(params, x))
    if checkpoint is not None:  # before the first number is drawn
        with about(checkpoint):
            identity = _identity(vae, x, params, validation)
        settings = {"anneal": anneal, "draws": draws, "importance": importance, "augment": named(augment)}
        checkpoint = RunFile(checkpoint, checkpoint_every, rng, {**identity, **settings})
    x, held_out = _hold_out(validation, x, vae, rng)
    augment = None if augment is None else _checked(augment, vae)
    if held_out is not None and augment is not None:
        held_out = augment(held_out, onp.random.default_rng(0))
    start = vae.init(rng, x) if params is None else params
    return minimize(
        _loss(vae, anneal, draws, importance),
        {**start, trees.FIXED: {STEP: onp.zeros_like(trees.first_array(start), shape=(1,))}},
        rng=rng,
        data=x,
        evaluate=None if held_out is None else lambda p: _judged(vae, p, held_out, draws),
        update=lambda p, batch: _after_a_step(vae, p),
        augment=augment,
        has_grad=True,
        title="fit_vae",
        steps=steps,
        batch_size=batch_size,
        optimizer=optimizer,
        schedule=schedule,
        clip=clip,
        evaluate_every=evaluate_every,
        patience=patience,
        seconds=budget,
        callback=None if callback is None else lambda at: callback(replace(at, params=_without_the_count(at.params))),
        interrupt=interrupt,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        finish=_finish,
    )


def _loss(vae, anneal, draws, importance):
    """loss(params, rng, batch) -> value, gradient tree, at the beta of (2)."""

    def loss(params, rng, batch):
        done = float(params[trees.FIXED][STEP][0])
        beta = min(1.0, (done + 1.0) / anneal) if anneal else 1.0
        return vae.loss_value_and_grad(params, rng, batch, beta, draws, importance)

    return loss


def _checked(augment, vae):
    """augment(rows, rng), whose result must be as many rows, which the likelihood can have."""

    def augmented(rows, rng):
        new = vae.rows(augment(rows, rng), rows, rows.shape[1], "augment(rows, rng)")
        if len(new) != len(rows):
            raise ValueError(f"augment(rows, rng) must have one row for each of the {len(rows)} rows; got {len(new)}")
        return new

    return augmented


def _one_at_least(name, rows):
    if len(rows) == 0:
        raise ValueError(f"{name} must have at least 1 row; got 0")
    return rows


def _after_a_step(vae, params):
    return {**vae.update(params), trees.FIXED: {STEP: params[trees.FIXED][STEP] + 1.0}}


def _judged(vae, params, rows, draws):
    """Minus the mean ELBO: the same noise each time, so that only the parameters make a difference."""
    return -float(vae.elbo(params, rows, onp.random.default_rng(0), draws).mean(dtype=onp.float64))


def _hold_out(validation, x, vae, rng):
    """Rows to train on, and rows to judge by or None."""
    if validation is None:
        return x, None
    if not isinstance(validation, Real):
        return x, _one_at_least("validation", vae.rows(validation, x, x.shape[1], "validation"))
    n = round(validation * len(x))
    if not 0 < n < len(x):
        raise ValueError(
            f"validation must leave rows on both sides; got {validation} of {len(x)} rows (None holds out none)"
        )
    order = rng.permutation(len(x))
    return take_rows(x, order[n:]), take_rows(x, order[:n])


def _identity(vae, x, params, validation):
    """The part of a run's identity that only `fit_vae` knows: the model, the data, and where it starts."""
    share = validation is None or isinstance(validation, Real)
    return {
        "vae": config_hash(describe(vae, "vae")),
        "x": fingerprint(x),
        "params": fingerprint(params),
        "validation": validation if share else fingerprint(validation),
    }


def _finish(result):
    result.params, result.last_params = map(_without_the_count, (result.params, result.last_params))


def _without_the_count(params):
    """The tree as `vae.init` makes it."""
    return {name: part for name, part in params.items() if name != trees.FIXED}
