"""A convolution of images (C, H, W, N), batch-last, with its gradients; in steps, the image shrinks.

    y_o(p) = sum over channels c and offsets d of K_oc(d) h_c(s p + d)        zeros outside of the image        (1)

K (C_out, C_in, k_1, k_2) has odd widths; in steps s = (s_1, s_2) of 1 the image keeps its size. A series (C, T) is an
image of height 1, with k_1 = s_1 = 1. With the shifted images side by side, as (C_in k_1 k_2, H' W' N), (1) is one
product with K as a matrix (im2col: Chellapilla et al. 2006). strips.py takes some rows of pixels at a time, so that
what is multiplied stands in the cache. The gradients for a cotangent g of y:

    g_h = K^T g, each entry added at the pixel s p + d that it came from      `back`                            (2)
    g_K(d) = sum over p of g(p) h(s p + d)^T                                  `correlate`                       (3)

In steps of 1, (2) is a convolution with K turned by 180 degrees and its channels swapped; and where C_out is smaller
than C_in, (1) is computed like (2), the product first: the fewer channels are those that are shifted. Each of the three
is linear in both of its arguments, so that their derivatives, of any order, are the three again.
"""

from __future__ import annotations

from math import prod

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp, primitive

from nfscratch.ops.products import Product
from nfscratch.ops.strips import ONE, Overlay, shifted, strips


@primitive
def convolve(K, h, steps=ONE):
    """(1): K (C_out, C_in, k_1, k_2), h (C_in, H, W, N) -> (C_out, H', W', N), H' = ceil(H / s_1), and W' alike."""
    C_out, C_in, *widths = K.shape
    if C_in > C_out and steps == ONE and widths != [1, 1]:
        return _product_first(np.swapaxes(_turned(K), 0, 1), h, h.shape[1:3], ONE)
    size = [-(-n // step) for n, step in zip(h.shape[1:3], steps, strict=True)]
    y, matrix = onp.empty_like(h, shape=(C_out, prod(size) * h.shape[3])), K.reshape((C_out, prod(K.shape[1:])))
    for place, images in shifted(h, widths, steps):
        onp.matmul(matrix, images, out=y[:, place])
    return y.reshape((C_out, *size, h.shape[3]))


def _product_first(K, g, size, steps):
    """(2): g (C_out, H', W', N) -> (C_in, *size, N)."""
    C_out, C_in, *widths = K.shape
    rows, matrix = _rows(g), K.reshape((C_out, C_in * prod(widths))).T
    overlay = Overlay(g, (C_in, *size, g.shape[3]), widths, steps)
    for strip in strips(overlay.shape, widths, steps, g):
        overlay.add(strip, matrix @ rows[:, strip.place])
    return overlay.image()


@primitive
def correlate(g, h, widths, steps=ONE):
    """(3): g (C_out, H', W', N), h (C_in, H, W, N) -> (C_out, C_in, k_1, k_2)."""
    C_out, C_in = len(g), len(h)
    if C_in <= C_out or steps != ONE:
        return _over_pixels(h, widths, steps, g).T.reshape((C_out, C_in, *widths))
    return _turned(_over_pixels(g, widths, ONE, h).reshape((C_out, *widths, C_in)).transpose((0, 3, 1, 2)))


def _over_pixels(h, widths, steps, g):
    """The shifted images of h times g^T: (C k_1 k_2, len(g)). The longer matrix comes first: BLAS is faster so."""
    total, rows = onp.zeros_like(h, shape=(len(h) * prod(widths), len(g))), _rows(g)
    for place, images in shifted(h, widths, steps):
        part = rows[:, place]
        total += images @ part.T if len(images) >= len(part) else (part @ images.T).T
    return total


def back(K, g, size=None, steps=ONE):
    """(2): K (C_out, C_in, k_1, k_2), g (C_out, H', W', N) -> (C_in, *size, N); in steps of 1 the size stays."""
    if steps == ONE:
        return convolve(np.swapaxes(_turned(K), 0, 1), g)
    return _back_in_steps(K, g, size, steps)


_back_in_steps = primitive(_product_first)


def gradients(K, g, h):
    """(3) and (2) in steps of 1. Where C_in >= C_out, the shifted images of g serve both."""
    (C_out, C_in, *widths), rows = K.shape, _rows(h)
    if C_in < C_out or widths == [1, 1]:
        return correlate(g, h, widths), back(K, g)
    matrix = _turned(K).transpose((1, 0, 2, 3)).reshape((C_in, C_out * prod(widths)))
    g_K, g_h = onp.zeros_like(K, shape=(matrix.shape[1], C_in)), onp.empty_like(rows)
    for place, images in shifted(g, widths):
        onp.matmul(matrix, images, out=g_h[:, place])
        g_K += images @ rows[:, place].T
    return _turned(g_K.reshape((C_out, *widths, C_in)).transpose((0, 3, 1, 2))), g_h.reshape(h.shape)


def _turned(K):
    """The kernel turned by 180 degrees."""
    return K[:, :, ::-1, ::-1]


def _rows(h):
    return h.reshape((h.shape[0], prod(h.shape[1:])))


defvjp(
    convolve,
    lambda y, K, h, steps=ONE: lambda g: correlate(g, h, K.shape[2:], steps),
    lambda y, K, h, steps=ONE: lambda g: back(K, g, h.shape[1:3], steps),
)
defvjp(
    correlate,
    lambda y, g, h, widths, steps=ONE: lambda G: convolve(G, h, steps),
    lambda y, g, h, widths, steps=ONE: lambda G: back(G, g, h.shape[1:3], steps),
    argnums=(0, 1),
)
defvjp(
    _back_in_steps,
    lambda y, K, g, size, steps: lambda G: correlate(g, G, K.shape[2:], steps),
    lambda y, K, g, size, steps: lambda G: convolve(K, G, steps),
    argnums=(0, 1),
)
defjvp(convolve, lambda v, y, K, *rest: convolve(v, *rest), lambda v, y, K, h, *steps: convolve(K, v, *steps))
for function in (correlate, _back_in_steps):
    defjvp(
        function,
        lambda v, y, a, *rest, f=function: f(v, *rest),
        lambda v, y, a, b, *rest, f=function: f(a, v, *rest),
        argnums=(0, 1),
    )

CONVOLUTION = Product(convolve, back, lambda g, h, K: correlate(g, h, K.shape[2:]), gradients)
