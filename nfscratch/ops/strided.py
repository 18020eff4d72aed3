"""A convolution in steps: its value at every s-th pixel alone, so that the image shrinks. Batch-last.

    y_o(p) = sum over channels c and offsets d of K_oc(d) h_c(s p + d)          zeros outside of the image        (1)

h (C_in, H, W, N) becomes (C_out, ceil(H / s_1), ceil(W / s_2), N), for K (C_out, C_in, k_1, k_2) of odd widths and the
steps s = (s_1, s_2). A series (C, T) is an image of height 1, with k_1 = s_1 = 1. As in convolution.py, `shifted` lays
the shifted images side by side, and (1) is one product with K as a matrix. For a gradient g of y:

    g_K = g shifted(h)^T            g_h: each entry of K^T g, added at the pixel s p + d that it came from        (2)

The map g -> g_h makes an image larger: `spread_in_steps`, called a transposed convolution too (Dumoulin and Visin 2016,
arXiv:1603.07285). It is linear in g and in K, and its transpose is (1). So, for a gradient u of what it makes,

    g_g = K shifted(u)              g_K = g shifted(u)^T                                                          (3)
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp, primitive


def convolve_in_steps(K, h, steps):
    """(1), the plain twin."""
    return _product(K, shifted(h, K.shape[2:], steps))


def convolve_in_steps_vjp(K, h, steps):
    """(1), and pullback(g) -> g_K, g_h."""
    images = shifted(h, K.shape[2:], steps)

    def pullback(g):  # (2)
        rows = onp.reshape(g, (g.shape[0], g[0].size))
        g_K = onp.reshape(rows @ _side_by_side(images).T, K.shape)
        return g_K, spread_in_steps(K, g, h.shape[1:3], steps)

    return _product(K, images), pullback


def spread_in_steps(K, g, size, steps):
    """g_h of (2), the plain twin: g (C_out, ceil(H / s_1), ceil(W / s_2), N) -> (C_in, H, W, N), size (H, W)."""
    C_out, *offsets = K.shape
    rows = np.reshape(g, (C_out, g.shape[1] * g.shape[2] * g.shape[3]))
    images = np.reshape(np.matmul(_matrix(K).T, rows), (offsets[0], offsets[1] * offsets[2], *g.shape[1:]))
    return put_back(images, size, K.shape[2:], steps)


def spread_in_steps_vjp(K, g, size, steps):
    """The same, and pullback(u) -> g_K, g_g."""

    def pullback(u):  # (3)
        images = shifted(u, K.shape[2:], steps)
        rows = onp.reshape(g, (g.shape[0], g[0].size))
        return onp.reshape(rows @ _side_by_side(images).T, K.shape), _product(K, images)

    return spread_in_steps(K, g, size, steps), pullback


def shifted(h, widths, steps):
    """(C, H, W, N) -> (C, k_1 k_2, H', W', N): every s-th pixel of the image, shifted by each offset in turn."""
    wide = _framed(_framed(h, widths[0] // 2, 1), widths[1] // 2, 2)
    return np.stack([wide[place] for place in _places(h.shape[1:3], widths, steps)], axis=1)


@primitive
def put_back(images, size, widths, steps):
    """The adjoint of `shifted`: (C, k_1 k_2, H', W', N) -> (C, H, W, N); a pixel gets all that was read from it."""
    (a, b), (H, W) = (width // 2 for width in widths), size
    wide = onp.zeros_like(images, shape=(images.shape[0], H + 2 * a, W + 2 * b, images.shape[4]))
    for d, place in enumerate(_places(size, widths, steps)):
        wide[place] += images[:, d]
    return wide[:, a : a + H, b : b + W]


defvjp(put_back, lambda ans, images, size, widths, steps: lambda g: shifted(g, widths, steps), argnums=(0,))
defjvp(put_back, lambda g, ans, images, size, widths, steps: put_back(g, size, widths, steps), argnums=(0,))


def _places(size, widths, steps):
    """Where in the framed image the pixels of each offset lie."""
    (H, W), everything = size, slice(None)
    return [
        (everything, slice(i, i + H, steps[0]), slice(j, j + W, steps[1]))
        for i in range(widths[0])
        for j in range(widths[1])
    ]


def _framed(h, width, axis):
    """h with `width` zeros on both sides along an axis."""
    if width == 0:
        return h
    zeros = np.zeros_like(h, shape=(*h.shape[:axis], width, *h.shape[axis + 1 :]))
    return np.concatenate((zeros, h, zeros), axis=axis)


def _product(K, images):
    return np.reshape(np.matmul(_matrix(K), _side_by_side(images)), (K.shape[0], *images.shape[2:]))


def _matrix(K):
    return np.reshape(K, (K.shape[0], K.shape[1] * K.shape[2] * K.shape[3]))


def _side_by_side(images):
    C, offsets, H, W, N = images.shape
    return np.reshape(images, (C * offsets, H * W * N))
