"""A dense network on batch-last arrays, with its derivative.

    h_0 = x                     (n_in, N)
    a_k = W_k h_{k-1} + b_k     (n_k, N)
    h_k = act(a_k),             the last layer has no activation

Its pullback, for a gradient g of shape (n_out, N), from the last layer to the first:

    g_b_k = sum over the batch of g,    g_W_k = g h_{k-1}^T,    g <- (W_k^T g) * act'(a_{k-1})

W h may be any linear map: a convolution, with x (C, H, W, N), is another (products.py).
The activations and their slopes are those of ops/activations.py, which says what of a and h is kept.
"""

from __future__ import annotations

import numpy as onp

from nfscratch.ops.activations import ACTIVATIONS, activated
from nfscratch.ops.products import DENSE, bias, bias_gradient


def dense(layers, x, activation="relu", product=DENSE):
    """The plain twin. layers: [{"W": (n_k, n_{k-1}), "b": (n_k,)}, ...]; x (n_in, N) -> (n_out, N)."""
    act = ACTIVATIONS[activation].plain
    for k, layer in enumerate(layers):
        a = product.times(layer["W"], x) + bias(layer["b"], x)
        x = act(a) if k < len(layers) - 1 else a
    return x


def dense_vjp(layers, x, activation="relu", product=DENSE):
    """(n_out, N), and pullback(g) -> (gradients of the layers, g_x)."""
    act, zeros = ACTIVATIONS[activation], onp.zeros_like(x, shape=(1, x.shape[-1]))
    hidden, kept = [x], [None]  # kept: what the slope at a layer's input is a function of
    for k, layer in enumerate(layers):
        a = product.times(layer["W"], hidden[-1])
        a += bias(layer["b"], a)
        if k == len(layers) - 1:
            return a, lambda g: _pullback(layers, hidden, kept, act.slope, product, g)
        h, a = activated(a, act, zeros)
        hidden.append(h)
        kept.append(a)


def _pullback(layers, hidden, kept, slope, product, g):
    ones = onp.ones_like(g, shape=g[0].size)
    grads = []
    for k in reversed(range(len(layers))):
        g_b = bias_gradient(g, ones)
        g_W, g = product.gradients(layers[k]["W"], g, hidden[k])
        grads.append({"W": g_W, "b": g_b})
        if k:
            g *= slope(kept[k])
    return grads[::-1], g


def dense_linearized(layers, x, activation="relu", product=DENSE):
    """(n_out, N), and back(u) -> J^T u for the first columns, as many as u has; as often as wanted."""
    act, zeros = ACTIVATIONS[activation], onp.zeros_like(x, shape=(1, x.shape[-1]))
    slopes, weights = [], [layer["W"] for layer in layers]
    for k, layer in enumerate(layers):
        x = product.times(layer["W"], x)
        x += bias(layer["b"], x)
        if k < len(layers) - 1:
            x, kept = activated(x, act, zeros)
            slopes.append(act.slope(kept))

    def back(u):
        u = product.back(weights[-1], u)
        for W, slope in zip(weights[-2::-1], slopes[::-1], strict=True):
            u = product.back(W, slope[..., : u.shape[-1]] * u)
        return u

    return x, back


def dense_jacobian(layers, x, activation="relu"):
    """The closed form d out / d x = W_K diag(act'_{K-1}) W_{K-1} ... W_1 for every column of x: (N, n_out, n_in)."""
    act, J = ACTIVATIONS[activation], layers[0]["W"]
    for k, layer in enumerate(layers[:-1]):
        a = layer["W"] @ x + layer["b"][:, None]
        x = act.plain(a)
        J = layers[k + 1]["W"] @ (act.slope(x if act.of_value else a).T[:, :, None] * J)
    return onp.zeros_like(x, shape=(x.shape[-1], 1, 1)) + J
