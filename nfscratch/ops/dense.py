"""A dense network on batch-last arrays, with its derivative.

    h_0 = x                     (n_in, N)
    a_k = W_k h_{k-1} + b_k     (n_k, N)
    h_k = act(a_k),             the last layer has no activation

Its pullback, for a gradient g of shape (n_out, N), from the last layer to the first:

    g_b_k = sum over the batch of g,    g_W_k = g h_{k-1}^T,    g <- (W_k^T g) * act'(a_{k-1})

Each activation's derivative is written in terms of its *value* h, so that a is not kept.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

ACTIVATIONS = {
    "relu": (lambda a: np.maximum(a, 0.0), lambda h: h > 0),
    "tanh": (np.tanh, lambda h: 1.0 - h * h),
}


def dense(layers, x, activation="relu"):
    """The plain twin. layers: [{"W": (n_k, n_{k-1}), "b": (n_k,)}, ...]; x (n_in, N) -> (n_out, N)."""
    act, _ = ACTIVATIONS[activation]
    for k, layer in enumerate(layers):
        a = np.matmul(layer["W"], x) + layer["b"][:, None]
        x = act(a) if k < len(layers) - 1 else a
    return x


def dense_vjp(layers, x, activation="relu"):
    """(n_out, N), and pullback(g) -> (gradients of the layers, g_x)."""
    hidden, zeros = [x], onp.zeros_like(x, shape=(1, x.shape[1]))
    for k, layer in enumerate(layers):
        W, h = layer["W"], hidden[-1]
        a = W @ h if len(h) != 1 else W * h  # an outer product: BLAS takes four times as long for it
        a += layer["b"][:, None]
        if k < len(layers) - 1:
            activate(a, activation, zeros)
        hidden.append(a)
    return hidden.pop(), lambda g: _pullback(layers, hidden, activation, g)


def activate(a, activation, zeros):
    """act(a), in place: a kernel's own array. `zeros` (1, N): ufuncs take a row twice as fast as the number 0."""
    onp.maximum(a, zeros, out=a) if activation == "relu" else onp.tanh(a, out=a)


def _pullback(layers, hidden, activation, g):
    slope = ACTIVATIONS[activation][1]
    ones = onp.ones_like(g, shape=g.shape[1:])
    grads = []
    for k in reversed(range(len(layers))):
        grads.append({"W": g @ hidden[k].T, "b": g @ ones})  # a product with ones sums faster than .sum(axis=1)
        g = layers[k]["W"].T @ g
        if k:
            g *= slope(hidden[k])
    return grads[::-1], g


def dense_jacobian(layers, x, activation="relu"):
    """The closed form d out / d x = W_K diag(act'_{K-1}) W_{K-1} ... W_1 for every column of x: (N, n_out, n_in)."""
    act, slope = ACTIVATIONS[activation]
    J = layers[0]["W"]
    for k, layer in enumerate(layers[:-1]):
        x = act(layer["W"] @ x + layer["b"][:, None])
        J = layers[k + 1]["W"] @ (slope(x).T[:, :, None] * J)
    return onp.zeros_like(x, shape=(x.shape[-1], 1, 1)) + J
