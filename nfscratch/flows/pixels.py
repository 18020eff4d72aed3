"""Pixels: whole numbers 0 to V - 1 in arrays (N, C, H, W). What is something else is refused, with the remedy.

The usual mistakes are silent without this: an image scaled to [0, 1] is one dark image out of 256 levels, and its bits
per dimension look excellent.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as onp
from autograd.tracer import isbox

from nfscratch import backend, outside, validate
from nfscratch.ops.events import laid_out

FEW = 4  # images that use fewer than one value of FEW are warned of


class PixelWarning(UserWarning):
    """The images are whole numbers, but look as if they had another number of values."""


def checked_pixels(name: str, x: Any, shape: tuple[int, ...], values: int, like: Any) -> Any:
    """x as an array (N, *shape) of whole numbers 0 to values - 1, in the dtype of `like`; or ValueError in one line."""
    if isbox(x):
        raise ValueError(f"{name} must be whole numbers, which have no derivative; got an array under a derivative")
    x = validate.numeric(name, x)
    _check_shape(name, x, shape)
    if x.dtype.kind == "f":
        validate.finite(name, x)
        _check_whole(name, x, values)
    _check_range(name, x, values)
    return laid_out(backend.asarray(x, dtype=like.dtype, like=like))


def warn_of_unused_values(name: str, x: Any, values: int) -> None:
    """Warn where x (N, *shape) ends far below values - 1: as 0 and 1 do, or digits from 0 to 16, with values=256."""
    top = int(x.max()) if x.size else values
    if FEW * (top + 1) <= values:
        outside.warn(
            f"{name} has no value above {top}, of 0 to {values - 1}: "
            f"if no image can have more, pass values={max(top + 1, 2)}; bits per dimension depend on it",
            PixelWarning,
        )


def _check_shape(name, x, shape):
    if tuple(x.shape[1:]) == shape and x.ndim > 0:
        return
    expected = ", ".join(map(str, shape))
    raise ValueError(f"{name} must have shape (N, {expected}); got {tuple(x.shape)}{_remedy(name, x, shape)}")


def _remedy(name, x, shape):
    """How an array of another layout becomes one of images, where that is plain."""
    if x.ndim == 2 and x.shape[1] == prod(shape):
        return f"; pass {name}.reshape(-1, {', '.join(map(str, shape))})"
    if tuple(x.shape) == shape:
        return f"; for one image pass {name}[None]"
    return validate.hint_of_images(name, x, shape) if x.ndim > 0 else ""


def _check_whole(name, x, values):
    fractions = x != onp.floor(x)
    if not bool(fractions.any()):
        return
    requirement = f"{name} must hold whole pixel values, 0 to {values - 1}"
    low, high = float(x.min()), float(x.max())
    if 0 <= low and high <= 1:
        raise ValueError(f"{requirement}; got fractions from 0 to 1: pass numpy.round({values - 1} * {name})")
    if -1 <= low < 0 and high <= 1:
        remedy = f"numpy.round({values - 1} * ({name} + 1) / 2)"
        raise ValueError(f"{requirement}; got fractions from -1 to 1: pass {remedy} if -1 is black and 1 is white")
    raise ValueError(f"{requirement}; got {_first(x, fractions)}: the noise between two values is added here")


def _check_range(name, x, values):
    outside = (x < 0) | (x > values - 1)
    if bool(outside.any()):
        raise ValueError(f"{name} must hold whole pixel values, 0 to {values - 1}; got {_first(x, outside)}")


def _first(x, where):
    """The first entry of x where `where` holds, and its row."""
    row, *place = onp.argwhere(backend.to_numpy(where))[0].tolist()
    return f"{float(x[(row, *place)]):.6g} in row {row}"
