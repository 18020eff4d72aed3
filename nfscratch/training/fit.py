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

from nfscratch import backend, trees, validate
from nfscratch.checkpoint.description import config_hash, describe, fingerprint
from nfscratch.checkpoint.header import about
from nfscratch.checkpoint.resume import RunFile
from nfscratch.training import divergence, objectives
from nfscratch.training.batches import take_rows
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
    Raises ValueError for data that does not fit the flow, by row number where it is not finite.
    """
    validate.generator(rng)
    like = backend.asarray([]) if trees.first_array(params) is None else trees.first_array(params)
    x = validate.events("x", x, flow.shape, like)
    if len(x) < 2:
        raise ValueError(f"x must have at least 2 rows to fit to; got {len(x)}")
    context = validate.context(context, _context_width(flow, params), len(x), like)
    noisy = _jitter(jitter, flow.shape, like)
    if checkpoint is not None:  # before the first number is drawn
        with about(checkpoint):
            configuration = _configuration(flow, x, context, validation, jitter, params)
        checkpoint = RunFile(checkpoint, checkpoint_every, rng, configuration)
    (x, context), held_out = _hold_out(validation, x, context, flow, noisy, rng, like)
    if params is None:
        params = trees.cast(flow.init(rng, noisy(x, rng), context), like.dtype)

    def value_and_grad(p, rng, batch):
        return objectives.nll_value_and_grad(flow, p, *batch, rng)

    def evaluate(p):
        return float(objectives.nll(flow, p, *held_out))

    return minimize(
        value_and_grad,
        params,
        rng=rng,
        data=(x, context),
        evaluate=None if held_out is None else evaluate,
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


def _configuration(flow, x, context, validation, jitter, params):
    """What tells a fit from others, beside what tells its minimize."""
    share = validation is None or isinstance(validation, Real)
    return {
        "flow": config_hash(describe(flow)),
        "x": fingerprint(x),
        "context": fingerprint(context),
        "validation": validation if share else fingerprint(validation),
        "jitter": None if jitter is None else onp.asarray(jitter, dtype=onp.float64).tolist(),
        "params": fingerprint(params),
    }


def _context_width(flow, params):
    """C of the context (N, C); None where the embedding network is still to be built for it."""
    if flow.embed is None:
        return flow.bijection.context_dim
    return None if params is None else flow.embed.n_in(params["embed"])


def _hold_out(validation, x, context, flow, noisy, rng, like):
    """Training rows, and rows to evaluate on: ((x, context), (x, context) or None)."""
    if validation is None or (isinstance(validation, Real) and validation == 0):
        return (x, context), None
    if isinstance(validation, Real):
        n = round(validation * len(x)) if onp.isfinite(validation) else 0
        if not 0 < n < len(x) - 1:
            raise ValueError(
                f"validation must leave rows on both sides; got {validation} of {len(x)} rows "
                "(validation=None holds out none)"
            )
        rows = rng.permutation(len(x))
        held_x, held_context = take_rows((x, context), rows[:n])
        return take_rows((x, context), rows[n:]), (noisy(held_x, rng), held_context)
    if isinstance(validation, tuple) and len(validation) != 2:
        raise ValueError(f"validation must be a share, rows x, or (x, context); got a tuple of {len(validation)}")
    held_x, held_context = validation if isinstance(validation, tuple) else (validation, None)
    held_x = validate.events("validation", held_x, flow.shape, like)
    if len(held_x) == 0:
        raise ValueError("validation must have at least 1 row; got 0")
    if held_context is not None or context is not None:
        width = None if context is None else context.shape[1]
        held_context = validate.context(held_context, width, len(held_x), like)
    return (x, context), (held_x, held_context)


def _jitter(width, shape, like):
    """batch, rng -> batch + U[0, width)."""
    if width is None:
        return lambda x, rng: x
    given = onp.asarray(width, dtype=onp.float64)
    if given.shape not in ((), (1,), tuple(shape)):
        raise ValueError(f"jitter must be one width, or one per column, shape {tuple(shape)}; got {given.shape}")
    if not (onp.isfinite(given).all() and (given >= 0).all()):
        raise ValueError(f"jitter must be finite and at least 0; got {width}")
    width = onp.broadcast_to(given, shape)

    def noisy(x, rng):
        noise = rng.random((len(x), *shape)) * width
        return x + backend.asarray(onp.asfortranarray(noise), dtype=like.dtype, like=like)

    return noisy
