"""`fit`: maximum likelihood for a flow, by `minimize` and the layers' own pullbacks.

    minimize   -1/N sum_n log p(x_n + jitter)        fresh jitter, where data is discretised

A part of the rows is held out; the parameters that do best on it are returned.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import trees, validate
from nfscratch.checkpoint.description import config_hash, describe, fingerprint
from nfscratch.checkpoint.header import about
from nfscratch.checkpoint.resume import RunFile
from nfscratch.flows.boundary import check_rows
from nfscratch.flows.parts import has_own_part
from nfscratch.training import data_rows, divergence, objectives
from nfscratch.training.batches import take_rows
from nfscratch.training.held_out import hold_out, jittered
from nfscratch.training.minimize import minimize
from nfscratch.training.optimizers import Adam, cosine
from nfscratch.training.record import Result


def fit(
    flow: Any,
    x: Any,
    *,
    rng: onp.random.Generator,
    context: Any = None,
    params: Any = None,
    validation: Any = 0.1,
    jitter: Any = None,
    steps: int = 2000,
    batch_size: int = 256,
    optimizer: Adam | None = None,
    schedule: Callable[[float], float] = cosine,
    clip: float | None = None,
    evaluate_every: int | None = None,
    patience: int | None = None,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int | None = None,
) -> Result:
    """Maximum likelihood: minimize the mean of -log p(x) in nats over minibatches of x (N, *shape).

    validation: a share of the rows to hold out; or x, or (x, context), to evaluate on; or None.
    jitter: width of the uniform noise U[0, jitter) that is added to every batch afresh, a number or one per column:
        it makes a density of discretised data bounded. A held-out share gets it once; rows given as `validation`
        are taken as they are.
    optimizer, schedule, clip: Adam and the factor on its rate; the largest length of a gradient.
    patience: stop after this many evaluations without a better one.
    params: where to start; default: flow.init on the training rows.
    checkpoint: a file that keeps the run: written every `checkpoint_every` steps (default: every 30 seconds), at
        Ctrl-C and at the end. Where it is there, the same call goes on from it, to the same result as without a stop;
        `rng` is then set to where the run began, so it must have the same seed, not the same state.
        With schedule=nf.constant a run can be made longer: the same call with more `steps` (see minimize).
    ValueError: data that does not fit the flow, by row number where it is not finite; a base or a layer that does not
        give each row its own number, by its place in the flow.
    """
    validate.generator(rng)
    x, context = data_rows.checked(flow, params, x, context)
    if len(x) < 2:
        raise ValueError(f"x must have at least 2 rows to fit to; got {len(x)}")
    noisy = jittered(jitter, flow.shape)
    if checkpoint is not None:  # before the first number is drawn
        with about(checkpoint):
            identity = _identity(flow, x, context, validation, jitter, params)
        checkpoint = RunFile(checkpoint, checkpoint_every, rng, identity)
    (x, context), held_out = hold_out(validation, x, context, flow, noisy, rng)
    params = _start(flow, params, noisy, x, context, rng)
    return minimize(
        lambda p, rng, batch: objectives.nll_value_and_grad(flow, p, *batch, rng),
        params,
        rng=rng,
        data=(x, context),
        evaluate=None if held_out is None else lambda p: objectives.nll(flow, p, *held_out),
        augment=None if jitter is None else lambda batch, rng: (noisy(batch[0], rng), batch[1]),
        update=(lambda p, batch: flow.update(p, *batch)) if flow.updates else None,
        blame=lambda p, grads, batch: divergence.blame(flow, p, grads, *batch),
        has_grad=True,
        title="fit",
        steps=steps,
        batch_size=batch_size,
        optimizer=optimizer,
        schedule=schedule,
        clip=clip,
        evaluate_every=evaluate_every,
        patience=patience,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
    )


def _start(flow, params, noisy, x, context, rng):
    """The parameters to start from, after a check that each part of the flow gives every row its own number."""
    if params is None:
        params = trees.cast(flow.init(rng, noisy(x, rng), context), x.dtype)
    if has_own_part((flow.base, flow.bijection, flow.embed)):
        check_rows(flow, params, *take_rows((x, context), [0, len(x) // 2, len(x) - 1]))
    return params


def _identity(flow, x, context, validation, jitter, params):
    """The part of a run's identity that only `fit` knows: the flow, the data, and where it starts."""
    share = validation is None or isinstance(validation, Real)
    return {
        "flow": config_hash(describe(flow)),
        "x": fingerprint(x),
        "context": fingerprint(context),
        "validation": validation if share else fingerprint(validation),
        "jitter": None if jitter is None else onp.asarray(jitter, dtype=onp.float64).tolist(),
        "params": fingerprint(params),
    }
