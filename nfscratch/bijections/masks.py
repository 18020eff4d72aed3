"""Masks of coupling layers: True where a variable is kept, in the shape of the event.

    half_mask(4)                          alternating_mask(4)
        T T . .                               . T . T
    checkerboard_mask((C, 3, 4))          channel_mask((4, H, W))
        . T . T      in every channel         T T . .  of the channels, at every pixel
        T . T .
        . T . T

Dinh et al. 2017, arXiv:1605.08803, figure 3 and section 3.4: the checkerboard keeps the pixels whose h + w is odd, the
channel mask keeps the first half of the channels. `flip` keeps the others; two layers, one of them flipped, move
every variable. With one variable, pixel or channel nothing is kept, flipped or not.
"""

from __future__ import annotations

import numpy as onp

from nfscratch import validate
from nfscratch.excerpt import excerpt


def half_mask(dim: int, flip: bool = False) -> tuple[bool, ...]:
    """The first dim // 2 variables are kept; `flip`: the last dim - dim // 2 are. At dim = 1 nothing is kept."""
    dim, flip = validate.size("dim", dim), validate.flag("flip", flip)
    keep_last = flip and dim > 1
    return tuple((i >= dim // 2) if keep_last else (i < dim // 2) for i in range(dim))


def alternating_mask(dim: int, flip: bool = False) -> tuple[bool, ...]:
    """Every second variable is kept, from the second on; `flip`: from the first on. At dim = 1 nothing is kept."""
    dim, flip = validate.size("dim", dim), validate.flag("flip", flip)
    offset = 0 if flip and dim > 1 else 1
    return tuple(i % 2 == offset for i in range(dim))


def checkerboard_mask(shape: tuple[int, ...], flip: bool = False) -> tuple:
    """Pixels (h, w) with h + w odd are kept, in every channel of (C, H, W); `flip`: those with h + w even."""
    channels, *pixels = validate.event_shape("checkerboard_mask", shape, axes=range(2, 33))
    flip = validate.flag("flip", flip)
    odd = onp.indices(pixels).sum(axis=0) % 2 == 1
    kept = ~odd if flip and odd.size > 1 else odd
    return as_tuple(onp.broadcast_to(kept, (channels, *pixels)))


def channel_mask(shape: tuple[int, ...], flip: bool = False) -> tuple:
    """The first C // 2 channels of (C, H, W) are kept, all their pixels; `flip`: the last C - C // 2 channels."""
    channels, *pixels = validate.event_shape("channel_mask", shape)
    kept = onp.reshape(half_mask(channels, flip), (channels, *(1,) * len(pixels)))
    return as_tuple(onp.broadcast_to(kept, (channels, *pixels)))


def as_mask(given) -> onp.ndarray:
    """What a caller gives as a mask, as an array of booleans in the shape of the event. At least one must change."""
    try:
        mask = onp.asarray(given)
    except ValueError:  # rows of unequal length
        mask = onp.asarray(None)
    if mask.ndim == 0 or not onp.isin(mask, (0, 1)).all():
        raise ValueError(
            f"mask must hold booleans in the shape of the event, such as half_mask(4) or channel_mask((3, 8, 8)); "
            f"got {excerpt(given)}"
        )
    if mask.astype(bool).all():
        raise ValueError(f"mask must leave at least one variable to change; got {mask.size} kept of {mask.size}")
    return mask.astype(bool)


def as_tuple(mask: onp.ndarray) -> tuple:
    """An array of booleans as nested tuples."""
    return tuple(map(as_tuple, mask)) if mask.ndim > 1 else tuple(mask.tolist())
