"""Columns whose numbers leave too few digits for what varies in them: seconds since 1970 in float32."""

from __future__ import annotations

from typing import Any

import numpy as onp
from autograd.tracer import isbox

from nfscratch import backend, outside
from nfscratch.array_kinds import plain

FINE, TOLD_APART = 512, 8  # gaps between numbers in a standard deviation: enough, and hardly any
ROUNDING = 2  # or less: a column that varies by rounding of its own size, and is constant


def check(name: str, x: Any, dtype: Any, cast_only: bool = False) -> None:
    """Warn of a column whose mean is so large that its numbers in `dtype` leave few digits for what varies.

    Numbers of size m lie eps m apart in a dtype: 128 at 1.7e9 in float32. A column is warned of where its standard
    deviation is less than 512 such steps, where log p is off by 0.01 nats and more. Below 8 steps it is refused, unless
    it came in `dtype`. cast_only: look only at what the cast to `dtype` loses.
    """
    if x is None or isbox(x):
        return
    x, dtype = plain(name, x), onp.dtype(dtype)
    wider = _is_wider(x.dtype, dtype)
    if x.ndim < 2 or len(x) < 2 or not (wider or x.dtype == dtype) or (cast_only and not wider):
        return
    x = onp.asarray(backend.to_numpy(x))
    if x.dtype.kind == "f" and not onp.isfinite(x).all():
        return  # `finite` refuses it: NaN has no digits to lose
    axes = (0, *range(2, x.ndim))
    numbers = onp.finfo(dtype)
    least = float(numbers.eps) * float(numbers.tiny)  # how far numbers near 0 lie apart
    step = onp.maximum(float(numbers.eps) * onp.abs(x.astype(onp.float64)).max(axis=axes), least)
    spread = _spread(x, axes)
    varies = (x.max(axis=axes) > x.min(axis=axes)) & (wider | (spread > ROUNDING * step))
    coarse = onp.flatnonzero(varies & (spread < FINE * step))
    if not len(coarse):
        return
    worst = int(coarse[onp.argmin(spread[coarse] / step[coarse])])
    words = (
        f"{name}: column {worst} has values up to {onp.abs(x[:, worst]).max():.4g} with standard deviation "
        f"{spread[worst]:.3g}, and {dtype} numbers of that size lie {step[worst]:.3g} apart"
    )
    small = bool(step[worst] == least)
    remedy = ("multiply" if small else "subtract an offset from") + " the column" + " by a constant" * small
    remedy += ', or use float64: nf.use(dtype="float64")' * wider
    if wider and spread[worst] < TOLD_APART * step[worst]:
        raise ValueError(f"{words}: its values cannot be told apart; {remedy}")
    outside.warn(f"{words}: digits are lost; {remedy}")


def _spread(x, axes):
    """The standard deviation of each column; whole numbers are subtracted exactly."""
    with onp.errstate(over="ignore", invalid="ignore"):  # a difference may be too large for a number
        u = (x - x.min(axis=axes, keepdims=True)).astype(onp.float64)
        size = u.max(axis=axes, keepdims=True)
        odd = (size > 0.0) & (size < 1e-100)  # its square would be 0
        size = onp.where(odd, size, 1.0)
        return (u / size if odd.any() else u).std(axis=axes) * size.reshape((-1,))


def _is_wider(given: Any, dtype: Any) -> bool:
    """Whether numbers of the dtype `given` have digits that `dtype` has not."""
    if given.kind == "f":
        return given.itemsize > dtype.itemsize
    return given.kind in "iu" and 8 * given.itemsize > onp.finfo(dtype).nmant + 1
