"""The rows that a fit does not train on, and the noise that makes a density of discretised data bounded.

validation = 0.1            a share of the rows, drawn at random; it gets its noise once
validation = x              rows of their own, or (x, context); they are taken as they are
validation = None or 0      none
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import backend, validate
from nfscratch.training.batches import take_rows


def hold_out(validation: Any, x: Any, context: Any, flow: Any, noisy: Callable, rng: Any) -> tuple[Any, Any]:
    """Training rows, and rows to evaluate on: ((x, context), (x, context) or None)."""
    if validation is None or (isinstance(validation, Real) and validation == 0):
        return (x, context), None
    if isinstance(validation, Real):
        return _share(validation, x, context, noisy, rng)
    return (x, context), _given(validation, x, context, flow)


def _share(share, x, context, noisy, rng):
    n = round(share * len(x)) if onp.isfinite(share) else 0
    if not 0 < n < len(x) - 1:
        raise ValueError(
            f"validation must leave rows on both sides; got {share} of {len(x)} rows (validation=None holds out none)"
        )
    rows = rng.permutation(len(x))
    held_x, held_context = take_rows((x, context), rows[:n])
    return take_rows((x, context), rows[n:]), (noisy(held_x, rng), held_context)


def _given(validation, x, context, flow):
    if isinstance(validation, tuple) and len(validation) != 2:
        raise ValueError(f"validation must be a share, rows x, or (x, context); got a tuple of {len(validation)}")
    held_x, held_context = validation if isinstance(validation, tuple) else (validation, None)
    held_x = validate.events("validation", held_x, flow.shape, x)
    if len(held_x) == 0:
        raise ValueError("validation must have at least 1 row; got 0")
    if held_context is not None or context is not None:
        width = None if context is None else context.shape[1]
        held_context = validate.context(held_context, width, len(held_x), x)
    return held_x, held_context


def jittered(width: Any, shape: tuple[int, ...]) -> Callable[[Any, Any], Any]:
    """(batch, rng) -> batch + U[0, width)."""
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
        return x + backend.asarray(onp.asfortranarray(noise), dtype=x.dtype, like=x)

    return noisy
