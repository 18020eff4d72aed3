"""Layered: a network of products and activations, dense or convolutional, with every derivative by formula.

    out = W_K act(... act(W_1 (x, context) + b_1) ...) + b_K          params: [{"W", "b"}, ...]

Its `product` says what W h is (ops/products.py). ops/dense.py has the value and its pullback, ops/tangents.py the
derivative along directions and the pullback of that. Images see a context as channels that are constant in space; or,
where it is an image itself, flattened as (N, c H W), as c more channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import autograd.numpy as np

from nfscratch.nets.network import Network
from nfscratch.ops.dense import dense, dense_linearized, dense_vjp
from nfscratch.ops.events import batch_first, batch_last
from nfscratch.ops.identity import identity
from nfscratch.ops.products import DENSE, Product
from nfscratch.ops.tangents import tangents, tangents_vjp


@dataclass(frozen=True, eq=False)
class Layered(Network):
    """A network of layers; `activation` is a field of its subclasses. x is (N, n), or (N, C, H, W)."""

    product: ClassVar[Product] = DENSE
    context_channels = 0  # c, where the context is an image

    def _columns(self, x, context):
        return columns(x, context, self.context_channels)

    def _apart(self, g_in, x, context):
        return apart(g_in, x, context, self.context_channels)

    def n_in(self, params):
        return params[0]["W"].shape[1]

    def apply(self, params, x, context=None):
        return batch_first(dense(params, self._columns(x, context), self.activation, self.product))

    def apply_vjp(self, params, x, context=None):
        out, back = dense_vjp(params, self._columns(x, context), self.activation, self.product)

        def pullback(g):
            g_params, g_in = back(batch_last(g))
            return (g_params, *self._apart(g_in, x, context))

        return batch_first(out), pullback

    def jvp(self, params, x, v, context=None):
        f, Jv = tangents(params, self._columns(x, context), _last(v), self.activation, self.product)
        return batch_first(f), _first(Jv)

    def jvp_vjp(self, params, x, v, context=None):
        f, Jv, back = tangents_vjp(params, self._columns(x, context), _last(v), self.activation, self.product)

        def pullback(g_f, g_Jv):
            g_params, g_in, g_v = back(batch_last(g_f), _last(g_Jv))
            g_x, g_context = self._apart(g_in, x, context)
            return g_params, g_x, _first(g_v), g_context

        return batch_first(f), _first(Jv), pullback

    def linearized(self, params, x, context=None):
        f, back = dense_linearized(params, self._columns(x, context), self.activation, self.product)
        return batch_first(f), lambda u: batch_first(back(batch_last(u))[: x.shape[1]])

    def jacobian(self, params, x, context=None):
        """df/dx for every row, events flattened: (N, D_out, D_in)."""
        return _by_rows(tangents(params, self._columns(x, context), _unit(x), self.activation, self.product)[1])

    def jacobian_vjp(self, params, x, context=None):
        f, J, back = tangents_vjp(params, self._columns(x, context), _unit(x), self.activation, self.product)

        def pullback(g_f, g_J):
            g_params, g_in, _ = back(batch_last(g_f), np.transpose(g_J, (1, 2, 0)).reshape(J.shape))
            return (g_params, *self._apart(g_in, x, context))

        return batch_first(f), _by_rows(J), pullback


def _unit(x):
    """The unit vectors, as directions that all rows of x share: (*event, D, 1)."""
    D = prod(x.shape[1:])
    return identity(D, x).reshape((*x.shape[1:], D, 1))


def _by_rows(J):
    """(*event, D, N) -> (N, D_out, D)."""
    return np.transpose(np.reshape(J, (prod(J.shape[:-2]), *J.shape[-2:])), (2, 0, 1))


def columns(x, context, channels=0):
    """A network's input, batch-last: (n_in + C, N), or (channels + C, H, W, N)."""
    rows = batch_last(x)
    if context is None:
        return rows
    c = context.T
    if channels:
        c = np.reshape(c, (channels, *rows.shape[1:]))
    elif rows.ndim > 2:
        c = np.zeros_like(rows, shape=(c.shape[0], *rows.shape[1:])) + c[:, None, None, :]
    return np.concatenate((rows, c), axis=0)


def apart(g_in, x, context, channels=0):
    """The gradients of x and of the context, from that of `columns`."""
    n = x.shape[1]
    if context is None:
        return batch_first(g_in), None
    if channels:
        g_context = g_in[n:].reshape((context.shape[1], len(context)))
    else:
        g_context = g_in[n:] if g_in.ndim == 2 else g_in[n:].sum(axis=(1, 2))
    return batch_first(g_in[:n]), g_context.T


def _last(v):
    """(K, N, *event) -> (*event, K, N)."""
    return np.transpose(v, (*range(2, v.ndim), 0, 1))


def _first(V):
    return np.transpose(V, (V.ndim - 2, V.ndim - 1, *range(V.ndim - 2)))
