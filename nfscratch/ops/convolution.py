"""A convolution of images (C, H, W, N), batch-last, with its gradients.

    y_o(p) = sum over channels c and offsets d of K_oc(d) h_c(p + d)          zeros outside of the image        (1)

K is (C_out, C_in, k, k), k odd; the image keeps its size. With the k^2 shifted images side by side, as (C_in k^2,
H W N), (1) is one product with K as a matrix (im2col: Chellapilla et al. 2006). strips.py takes some rows of pixels at
a time, so that what is multiplied stands in the cache. Where C_out is smaller than C_in, the product comes first, and
its C_out k^2 images are shifted and added: k^2 copies of the fewer channels are made either way. The gradients for a
cotangent g of y:

    g_h = g convolved with K turned by 180 degrees, its channels swapped                                        (2)
    g_K(d) = sum over p of g(p) h(p + d)^T            `correlate`                                               (3)

(1) and (3) are linear in each argument, so that their derivatives, of any order, are again (1), (2) and (3).
"""

from __future__ import annotations

from math import prod

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp, primitive

from nfscratch.ops.products import Product
from nfscratch.ops.strips import Overlay, shifted, strips


@primitive
def convolve(K, h):
    """(1): K (C_out, C_in, k, k), h (C_in, H, W, N) -> (C_out, H, W, N)."""
    (C_out, C_in, k, _), size = K.shape, h.shape[1:]
    if k == 1:
        return (_matrix(K) @ _rows(h)).reshape((C_out, *size))
    if C_in > C_out:
        return _product_first(K, h)
    y, matrix = onp.empty_like(h, shape=(C_out, prod(size))), _matrix(K)
    for place, images in shifted(h, k):
        onp.matmul(matrix, images, out=y[:, place])
    return y.reshape((C_out, *size))


def _product_first(K, h):
    (C_out, C_in, k, _), rows = K.shape, _rows(h)
    matrix = _turned(K).transpose((0, 2, 3, 1)).reshape((C_out * k * k, C_in))
    overlay = Overlay(h, C_out, k)
    for strip in strips((C_out, *h.shape[1:]), k, h):
        overlay.add(strip, matrix @ rows[:, strip.place])
    return overlay.image()


@primitive
def correlate(g, h, k):
    """(3): g (C_out, H, W, N), h (C_in, H, W, N) -> (C_out, C_in, k, k)."""
    C_out, C_in = len(g), len(h)
    if C_in <= C_out or k == 1:
        return _over_pixels(h, k, g).T.reshape((C_out, C_in, k, k))
    return _turned(_over_pixels(g, k, h).reshape((C_out, k, k, C_in)).transpose((0, 3, 1, 2)))


def _over_pixels(h, k, g):
    """The shifted images of h times g^T: (C k^2, len(g)). The longer matrix comes first: BLAS is faster so."""
    total, rows = onp.zeros_like(h, shape=(len(h) * k * k, len(g))), _rows(g)
    for place, images in shifted(h, k):
        part = rows[:, place]
        total += images @ part.T if len(images) >= len(part) else (part @ images.T).T
    return total


def back(K, g):
    """(2): K (C_out, C_in, k, k), g (C_out, H, W, N) -> (C_in, H, W, N)."""
    return convolve(np.swapaxes(_turned(K), 0, 1), g)


defvjp(convolve, lambda y, K, h: lambda g: correlate(g, h, K.shape[2]), lambda y, K, h: lambda g: back(K, g))
defjvp(convolve, lambda v, y, K, h: convolve(v, h), lambda v, y, K, h: convolve(K, v))
defvjp(correlate, lambda y, g, h, k: lambda G: convolve(G, h), lambda y, g, h, k: lambda G: back(G, g), argnums=(0, 1))
defjvp(correlate, lambda v, y, g, h, k: correlate(v, h, k), lambda v, y, g, h, k: correlate(g, v, k), argnums=(0, 1))


def _turned(K):
    """The kernel turned by 180 degrees."""
    return K[:, :, ::-1, ::-1]


def _rows(h):
    return h.reshape((h.shape[0], prod(h.shape[1:])))


def _matrix(K):
    return K.reshape((K.shape[0], K.shape[1] * K.shape[2] * K.shape[3]))


CONVOLUTION = Product(convolve, back, lambda g, h, K: correlate(g, h, K.shape[2]))
