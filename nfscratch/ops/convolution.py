"""A convolution of images (C, H, W, N), batch-last, as one product of matrices.

    y_o(p) = sum over channels c and offsets d of K_oc(d) h_c(p + d)          zeros outside of the image        (1)

K is (C_out, C_in, k, k), k odd; the image keeps its size. `patches` lays the k^2 shifted images side by side, as
(C_in k^2, H W N), and then (1) is one product with K as a matrix (im2col: Chellapilla et al. 2006). Batch-last, each
shifted image is a copy of whole runs of N numbers. Where C_out is smaller than C_in, the product comes first, and its
C_out k^2 images are shifted and added (`overlaid`): k^2 copies of the fewer channels are made either way. The gradients
of a cotangent g are convolutions again:

    g_h = g convolved with K turned by 180 degrees, its channels swapped       g_K = g patches(h)^T             (2)
"""

from __future__ import annotations

from functools import lru_cache

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp, primitive

from nfscratch.ops.products import Product


def convolve(K, h):
    """(1): K (C_out, C_in, k, k), h (C_in, H, W, N) -> (C_out, H, W, N)."""
    (C_out, C_in, k, _), size = K.shape, h.shape[1:]
    if C_in <= C_out or k == 1:
        return np.reshape(np.matmul(_matrix(K), patches(h, k)), (C_out, *size))
    turned = np.reshape(np.transpose(_turned(K), (0, 2, 3, 1)), (C_out * k * k, C_in))
    return overlaid(np.matmul(turned, np.reshape(h, (C_in, size[0] * size[1] * size[2]))), k, (C_out, *size))


@primitive
def patches(h, k):
    """(C, H, W, N) -> (C k^2, H W N): for every channel and offset the image, shifted by the offset. k is odd."""
    C, H, W, N = h.shape
    if k == 1:
        return h.reshape((C, H * W * N))
    out = onp.empty_like(h, shape=(C, k, k, H, W, N))
    for (i, j), to_h, to_w, from_h, from_w in _shifts(H, W, k):
        place = out[:, i, j]
        place[:, : to_h.start] = place[:, to_h.stop :] = 0.0
        place[:, to_h, : to_w.start] = place[:, to_h, to_w.stop :] = 0.0
        place[:, to_h, to_w] = h[:, from_h, from_w]
    return out.reshape((C * k * k, H * W * N))


@primitive
def overlaid(rows, k, shape):
    """The adjoint of `patches`: (C k^2, H W N) -> (C, H, W, N), each shifted image put back and added."""
    C, H, W, N = shape
    if k == 1:
        return rows.reshape(shape)
    parts, h = rows.reshape((C, k, k, H, W, N)), onp.zeros_like(rows, shape=shape)
    for (i, j), to_h, to_w, from_h, from_w in _shifts(H, W, k):
        h[:, from_h, from_w] += parts[:, i, j, to_h, to_w]
    return h


@lru_cache(maxsize=256)
def _shifts(H, W, k):
    """For each offset (i, j) the slices that are written, and those that are read."""
    rows, columns = [_overlap(H, i - k // 2) for i in range(k)], [_overlap(W, j - k // 2) for j in range(k)]
    return [((i, j), rows[i][0], columns[j][0], rows[i][1], columns[j][1]) for i in range(k) for j in range(k)]


def _overlap(size, offset):
    """Where an image shifted by `offset` meets itself: slices of what is written, and of what is read."""
    to = slice(min(size, max(0, -offset)), max(0, min(size, size - offset)))
    return to, slice(to.start + offset, to.start + offset + max(0, to.stop - to.start))


defvjp(patches, lambda ans, h, k: lambda g: overlaid(g, k, h.shape), argnums=(0,))
defjvp(patches, lambda g, ans, h, k: patches(g, k), argnums=(0,))
defvjp(overlaid, lambda ans, rows, k, shape: lambda g: patches(g, k), argnums=(0,))
defjvp(overlaid, lambda g, ans, rows, k, shape: overlaid(g, k, shape), argnums=(0,))


def _back(K, g):
    return convolve(np.swapaxes(_turned(K), 0, 1), g)


def _outer(g, h, K):
    C_out, C_in, k, _ = K.shape
    if C_in <= C_out or k == 1:
        return np.reshape(np.matmul(_rows(g), patches(h, k).T), K.shape)
    shifted = np.reshape(np.matmul(patches(g, k), _rows(h).T), (C_out, k, k, C_in))
    return _turned(np.transpose(shifted, (0, 3, 1, 2)))


def _turned(K):
    """The kernel turned by 180 degrees."""
    return K[:, :, ::-1, ::-1]


def _rows(h):
    return np.reshape(h, (h.shape[0], h[0].size))


def _matrix(K):
    return np.reshape(K, (K.shape[0], K.shape[1] * K.shape[2] * K.shape[3]))


CONVOLUTION = Product(convolve, _back, _outer)
