"""Channels: ActNorm, BatchNorm and Standardize have one number for each entry of an event's first axis.

    event (D,)         D numbers, one for each variable
    event (C, H, W)    C numbers, one for each channel; all H W pixels of a channel share it

Inside of a layer arrays are batch-last: z is (C, H, W, N), and a parameter is (C, 1, 1, n), to be broadcast against z.
n = 1 for a parameter (C,) that all rows share, and n = N for parameters per sample, (N, C).

    x = scale_c z + shift_c at each pixel,    log_det = H W sum_c log scale_c
"""

from __future__ import annotations

from math import prod

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.bijections.contract import zeros_per_row
from nfscratch.ops.events import batch_first
from nfscratch.ops.identity import identity
from nfscratch.ops.layout import columns, from_columns


def channel_shape(who, given):
    """D, (D,) or (C, H, W), as a tuple; ValueError for anything else."""
    return validate.event_shape(who, given, axes=(1, 3))


def per_channel(p, z):
    """A parameter (C,) or (N, C), to be broadcast against batch_last(z): (C, n), or (C, 1, 1, n) for images z."""
    p = columns(p)
    return p if z.ndim == 2 else p.reshape((p.shape[0], *(1,) * (z.ndim - 2), p.shape[1]))


def from_channels(g, like):
    """The reverse, for the gradient of a parameter like `like`."""
    return from_columns(g.reshape((g.shape[0], g.shape[-1])), like)


def channel_log_det(log_scale, z):
    """H W sum_c log_scale_c for each row of z; log_scale as `per_channel` returns it."""
    total = log_scale.sum(axis=tuple(range(log_scale.ndim - 1)))
    return prod(z.shape[2:]) * total + zeros_per_row(z)


def channel_jacobian(scale, z):
    """The diagonal matrix (N, C H W, C H W) that has scale_c at each pixel of channel c."""
    n, D = len(z), prod(z.shape[1:])
    diagonal = np.reshape(batch_first(scale) + np.zeros_like(z), (n, D))
    return diagonal[:, :, None] * identity(D, z)


def samples(x):
    """The values of each channel, one row for each pixel: (N, C, H, W) -> (N H W, C), and (N, D) as it is."""
    return x if x.ndim == 2 else onp.moveaxis(x, 1, -1).reshape((-1, x.shape[1]))
