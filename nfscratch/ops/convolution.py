"""A convolution of images (C, H, W, N), batch-last, as one product of matrices.

    y_o(p) = sum over channels c and offsets d of K_oc(d) h_c(p + d)          zeros outside of the image        (1)

K is (C_out, C_in, k, k), k odd; the image keeps its size. `patches` lays the k^2 shifted images side by side, as
(C_in k^2, H W N), and then (1) is one product with K as a matrix (im2col: Chellapilla et al. 2006). Batch-last, each
shifted image is a copy of whole runs of N numbers. The gradients of a cotangent g are convolutions again:

    g_h = g convolved with K turned by 180 degrees, its channels swapped       g_K = g patches(h)^T             (2)
"""

from __future__ import annotations

import autograd.numpy as np

from nfscratch.ops.products import Product


def convolve(K, h):
    """(1): K (C_out, C_in, k, k), h (C_in, H, W, N) -> (C_out, H, W, N)."""
    rows = np.matmul(_matrix(K), patches(h, K.shape[2]))
    return np.reshape(rows, (K.shape[0], *h.shape[1:]))


def patches(h, k):
    """(C, H, W, N) -> (C k^2, H W N): for every channel and offset the image, shifted by the offset."""
    C, H, W, N = h.shape
    if k == 1:
        return np.reshape(h, (C, H * W * N))
    wide = _framed(_framed(h, k // 2, 1), k // 2, 2)
    shifted = np.stack([wide[:, i : i + H, j : j + W] for i in range(k) for j in range(k)], axis=1)
    return np.reshape(shifted, (C * k * k, H * W * N))


def _framed(h, width, axis):
    """h with `width` zeros on both sides along an axis."""
    zeros = np.zeros_like(h, shape=(*h.shape[:axis], width, *h.shape[axis + 1 :]))
    return np.concatenate((zeros, h, zeros), axis=axis)


def _back(K, g):
    return convolve(np.swapaxes(K[:, :, ::-1, ::-1], 0, 1), g)


def _outer(g, h, K):
    rows = np.reshape(g, (g.shape[0], g[0].size))
    return np.reshape(np.matmul(rows, patches(h, K.shape[2]).T), K.shape)


def _matrix(K):
    return np.reshape(K, (K.shape[0], K.shape[1] * K.shape[2] * K.shape[3]))


CONVOLUTION = Product(convolve, _back, _outer)
