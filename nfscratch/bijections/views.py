"""Views: how a coupling's network sees the variables that are kept, and which of its outputs move which variable.

    view         the network sees                        it returns
    Vector       z_K                    (N, |K|)         (N, P |C|)
    Channels     the kept channels      (N, c, H, W)     (N, P (C - c), H, W)
    Masked       b z, zeros for C       (N, C, H, W)     (N, P C, H, W), of which those at K are not used

Outputs come parameter by parameter: the P parameters of a variable are the outputs i, i + n, i + 2n, ... of all n.
A dense network takes a Vector. A network that sees images takes Channels where the mask keeps whole channels, and
Masked where it keeps some pixels, as a checkerboard does (Dinh et al. 2017, arXiv:1605.08803, section 3.4).
"""

from __future__ import annotations

from functools import cached_property
from math import prod

import autograd.numpy as np
import numpy as onp

from nfscratch.backend import Constant
from nfscratch.nets import ConvNet, ResidualConvNet
from nfscratch.ops.events import batch_first, batch_last

ON_IMAGES = (ConvNet, ResidualConvNet)


def view_of(network, mask, n_params):
    """The view for a network and a mask: booleans in the shape of the event, True where a variable is kept."""
    if not getattr(network, "sees_images", False):
        return Vector(mask, n_params)
    if mask.ndim != 3:
        raise ValueError(
            f"mask must have the shape (C, H, W) of an image, because {type(network).__name__} sees images; "
            f"got a mask of shape {mask.shape}"
        )
    whole = bool((mask == mask[:, :1, :1]).all())
    return Channels(mask, n_params) if whole else Masked(mask, n_params)


def check_context(network, shape, context_dim):
    """Refuse a network that takes the context as an image, of the height and width of `shape`, where it is none."""
    for each in getattr(network, "networks", ()):  # of Heads
        check_context(each, shape, context_dim)
    channels = network.context_channels if isinstance(network, ON_IMAGES) else 0  # a caller's own may mean another
    if channels and context_dim != channels * prod(shape[1:]):
        raise ValueError(
            f"context_dim must be {channels * prod(shape[1:])}, because {type(network).__name__} takes the context as "
            f"an image of context_channels = {channels} and of {' by '.join(map(str, shape[1:]))} pixels; "
            f"got {context_dim}"
        )


class Vector:
    """n_in, n_out: the sizes that `Network.init` takes. Rows are batch-last: kept (|K|, N), theta (N, |C|, P)."""

    def __init__(self, mask, n_params):
        self.mask, self.P = mask, n_params
        self.n_kept = int(mask.sum())
        self.n_changed = mask.size - self.n_kept

    n_in = property(lambda self: self.n_kept)
    n_out = property(lambda self: self.P * self.n_changed)

    def seen(self, kept):
        """The network's input."""
        return kept.T

    def kept_of(self, g_seen):
        """The gradient of z_K (|K|, N), from that of the network's input."""
        return g_seen.T

    def theta(self, out):
        """The network's output as theta (N, |C|, P): a view."""
        return _theta(out.T, self.P)

    def out_of(self, g_theta):
        """The gradient of the network's output, from that of theta."""
        return _rows(g_theta).T

    def dtheta(self, jacobian):
        """d theta / d z_K (N, |C|, P, |K|), from the network's Jacobian (N, D_out, D_in)."""
        shape = (jacobian.shape[0], self.P, self.n_changed, self.n_kept)
        return np.swapaxes(jacobian.reshape(shape), 1, 2)


class Channels(Vector):
    """K and C are channels, in the order that they have in the image."""

    @property
    def n_in(self):
        return int(self.mask[:, 0, 0].sum())

    @property
    def n_out(self):
        return self.P * (len(self.mask) - self.n_in)

    def seen(self, kept):
        return batch_first(np.reshape(kept, (self.n_in, *self.mask.shape[1:], kept.shape[1])))

    def kept_of(self, g_seen):
        return np.reshape(batch_last(g_seen), (self.n_kept, len(g_seen)))

    def theta(self, out):
        return _theta(np.reshape(batch_last(out), (self.P * self.n_changed, len(out))), self.P)

    def out_of(self, g_theta):
        rows = _rows(g_theta)
        return batch_first(rows.reshape((self.n_out, *self.mask.shape[1:], rows.shape[1])))


class Masked(Vector):
    """K and C are any pixels; the network returns parameters at all of them."""

    n_in = property(lambda self: len(self.mask))
    n_out = property(lambda self: self.P * len(self.mask))

    @cached_property
    def _kept(self):
        return Constant(onp.flatnonzero(self.mask), int)

    @cached_property
    def _changed(self):
        return Constant(onp.flatnonzero(~self.mask), int)

    @cached_property
    def _order(self):
        """Puts the rows of (K, C), side by side, back in place."""
        return Constant(onp.argsort(onp.argsort(~self.mask.ravel(), kind="stable")), int)

    def seen(self, kept):
        zeros = np.zeros_like(kept, shape=(self.n_changed, kept.shape[1]))
        rows = np.concatenate((kept, zeros), axis=0)[self._order.on(kept)]
        return batch_first(np.reshape(rows, (*self.mask.shape, kept.shape[1])))

    def kept_of(self, g_seen):
        return batch_last(g_seen).reshape((self.mask.size, len(g_seen)))[self._kept.on(g_seen)]

    def theta(self, out):
        rows = np.reshape(batch_last(out), (self.P, self.mask.size, len(out)))[:, self._changed.on(out)]
        return rows.T

    def out_of(self, g_theta):
        rows = onp.zeros_like(g_theta, shape=(self.P, self.mask.size, len(g_theta)))
        rows[:, self._changed.on(g_theta)] = g_theta.T
        return batch_first(rows.reshape((self.n_out, *self.mask.shape[1:], len(g_theta))))

    def dtheta(self, jacobian):
        D = self.mask.size
        every = jacobian.reshape((jacobian.shape[0], self.P, D, D))
        moved = every[:, :, self._changed.on(jacobian)][..., self._kept.on(jacobian)]
        return np.swapaxes(moved, 1, 2)


def _theta(rows, P):
    """(P |C|, N) -> (N, |C|, P)."""
    return np.reshape(rows, (P, rows.shape[0] // P, rows.shape[1])).T


def _rows(g_theta):
    """The reverse."""
    rows = g_theta.T
    return rows.reshape((rows.shape[0] * rows.shape[1], rows.shape[2]))
