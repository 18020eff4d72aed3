"""A convolution in steps: its value at every s-th pixel alone, so that the image shrinks. Batch-last.

    y_o(p) = sum over channels c and offsets d of K_oc(d) h_c(s p + d)          zeros outside of the image        (1)

h (C_in, H, W, N) becomes (C_out, ceil(H / s_1), ceil(W / s_2), N), for K (C_out, C_in, k_1, k_2) of odd widths and the
steps s = (s_1, s_2). A series (C, T) is an image of height 1, with k_1 = s_1 = 1. As in convolution.py, `shifted` lays
the shifted images side by side, and (1) is one product with K as a matrix. For a gradient g of y:

    g_K = g shifted(h)^T            g_h: each entry of K^T g, added at the pixel s p + d that it came from        (2)
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp


def convolve_in_steps(K, h, steps):
    """(1), the plain twin."""
    return _product(K, shifted(h, K.shape[2:], steps))


def convolve_in_steps_vjp(K, h, steps):
    """(1), and pullback(g) -> g_K, g_h."""
    images = shifted(h, K.shape[2:], steps)

    def pullback(g):  # (2)
        rows = onp.reshape(g, (g.shape[0], g[0].size))
        g_K = onp.reshape(rows @ _side_by_side(images).T, K.shape)
        return g_K, _put_back(onp.reshape(_matrix(K).T @ rows, images.shape), h, K.shape[2:], steps)

    return _product(K, images), pullback


def shifted(h, widths, steps):
    """(C, H, W, N) -> (C, k_1 k_2, H', W', N): every s-th pixel of the image, shifted by each offset in turn."""
    wide = _framed(_framed(h, widths[0] // 2, 1), widths[1] // 2, 2)
    return np.stack([wide[place] for place in _places(h, widths, steps)], axis=1)


def _put_back(g_images, h, widths, steps):
    """The gradient of h from that of `shifted`: what was read from one pixel is added up there."""
    (a, b), (_, H, W, _) = (width // 2 for width in widths), h.shape
    wide = onp.zeros_like(h, shape=(h.shape[0], H + 2 * a, W + 2 * b, h.shape[3]))
    for d, place in enumerate(_places(h, widths, steps)):
        wide[place] += g_images[:, d]
    return wide[:, a : a + H, b : b + W]


def _places(h, widths, steps):
    """Where in the framed image the pixels of each offset lie."""
    (_, H, W, _), everything = h.shape, slice(None)
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
