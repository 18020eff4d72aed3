"""A network and its derivative along given directions, and the derivative of both: the second derivative by hand.

    a_k = W_k h_{k-1} + b_k       h_k = act(a_k)                   the network, h_0 = x                        (1)
    A_k = W_k H_{k-1}             H_k = act'(a_k) A_k              its tangents, H_0 = v: H_K = J v            (2)

T directions are carried at once, and W_k is linear, so that (2) is one more product. With the unit vectors as v, H_K is
the whole Jacobian J. What a log-determinant or a trace of J needs is the pullback of (1) and (2) together. For
cotangents g of h_k, and G of H_k, from the last layer to the first:

    G_A = act'(a_k) G             g_a = act'(a_k) g + act''(a_k) sum over directions of A_k G                 (3)
    g_W_k = g_a h_{k-1}^T + sum over directions of G_A H_{k-1}^T,     g_b_k = g_a                             (4)
    g <- W_k^T g_a                G <- W_k^T G_A                                                              (5)

The sum over directions in (3) is where the second slope comes in: a tangent depends on where its slope was taken.
W h may be any linear map with (4) and (5) of its own, such as a convolution (products.py).

Arrays are batch-last: x (n_in, N), v (n_v, T, N), or (n_v, T, 1) where all rows share the directions. Images have more
axes in place of n_in. Where n_v < n_in, the last n_in - n_v rows of x (a context, a time) are held: v is 0 there.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

from nfscratch.ops.activations import ACTIVATIONS
from nfscratch.ops.products import DENSE, bias, bias_gradient


def tangents(layers, x, v, activation="relu", product=DENSE):
    """The plain twin: f (n_out, N) and J v (n_out, T, N), (1) and (2)."""
    act = ACTIVATIONS[activation]
    for k, layer in enumerate(layers):
        a = product.times(layer["W"], x) + bias(layer["b"], x)
        v = _along(product.times, layer["W"][:, : v.shape[0]], v)
        if k == len(layers) - 1:
            return a, np.zeros_like(a)[..., None, :] + v
        x = act.plain(a)
        v = act.slope(x if act.of_value else a)[..., None, :] * v


def tangents_vjp(layers, x, v, activation="relu", product=DENSE):
    """f, J v, and pullback(g, G) -> (gradients of the layers, g_x, g_v)."""
    act, inputs, moved, bent = ACTIVATIONS[activation], [x], [v], []
    for k, layer in enumerate(layers):
        W, h, H = layer["W"], inputs[-1], moved[-1]
        a = product.times(W, h)
        a += bias(layer["b"], h)
        A = _along(product.times, W[:, : len(H)], H)
        if k == len(layers) - 1:
            A = A if A.shape[-1] == a.shape[-1] else onp.zeros_like(a)[..., None, :] + A
            return a, A, lambda g, G: _pullback(layers, inputs, moved, bent, product, g, G)
        h, slope, second = act.jet(a)
        bent.append((slope, second, A))
        inputs.append(h)
        moved.append(slope[..., None, :] * A)


def _pullback(layers, inputs, moved, bent, product, g, G):
    grads = []
    for k in reversed(range(len(layers))):
        W, h, H = layers[k]["W"], inputs[k], moved[k]
        if H.shape[-1] != G.shape[-1]:  # all rows share the directions
            G = G.sum(axis=-1, keepdims=True)
        g_W = product.outer(g, h, W)  # (4)
        g_W[:, : len(H)] += product.outer(_merged(G), _merged(H), W[:, : len(H)])
        grads.append({"W": g_W, "b": bias_gradient(g)})
        g, G = product.back(W, g), _along(product.back, W[:, : len(H)], G)  # (5)
        if k:
            slope, second, A = bent[k - 1]
            g = slope * g + second * (A * G).sum(axis=-2)  # (3)
            G = slope[..., None, :] * G
    return grads[::-1], g, G


def _along(times, W, V):
    """The product for every direction: those of all rows are one wide array."""
    out = times(W, _merged(V))
    return out.reshape((*out.shape[:-1], *V.shape[-2:]))


def _merged(V):
    return V.reshape((*V.shape[:-2], V.shape[-2] * V.shape[-1]))
