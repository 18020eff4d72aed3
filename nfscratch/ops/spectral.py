"""The largest singular value of a layer's linear map, by power iteration; and the layer's weights divided by it.

    u = W v / |W v|,    v = W^T u / |W^T u|,    again and again;    sigma = u . W v                           (1)
    W~ = s W,           s = 1 where sigma <= c, else c / sigma                                                (2)

sigma grows towards the largest singular value from below, so a short iteration underestimates it, and (2) then divides
by too little. (1) stops when |W^T u - sigma v| <= tolerance sigma; sigma is then off by about tolerance^2 over the
relative gap to the next singular value. Any pair of singular vectors satisfies that test, and training may make another
one the largest, so v is `stirred` before (1) goes on. With u and v held, (2) is a formula in W, whose pullback is

    g_W = s g - [sigma > c] (s / sigma) (g . W) u v^T                                                         (3)

W may be any Product: for a convolution, v and u are images (C, H, W), and sigma belongs to the convolution of images of
that size, not to its kernel read as a matrix (Gouk et al. 2018, arXiv:1804.04368). Miyato et al. 2018,
arXiv:1802.05957, take one step of (1) in each step of training.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import backend
from nfscratch.ops.products import Product

MOST = 1000  # steps of (1): enough for two singular values that are 1 % apart
STIR = 0.1  # how much of a fixed random vector is added to v


def power_iteration(product: Product, W: Any, u: Any, v: Any, tolerance: float, most: int = MOST) -> tuple:
    """u and v after as many steps of (1), at least one, as `tolerance` asks for; sigma as a float. W = 0 keeps them."""
    for _ in range(most):
        Wv = product.times(W, v[..., None])[..., 0]
        sigma = norm(Wv)
        if not sigma > 0:
            return u, v, sigma
        u = Wv / sigma
        Wu = product.back(W, u[..., None])[..., 0]
        before, v = v, Wu / norm(Wu)
        if norm(Wu - sigma * before) <= tolerance * sigma:
            break
    return u, v, float((u * product.times(W, v[..., None])[..., 0]).sum())


def stirred(v: Any) -> Any:
    """v of length 1 with a little of every direction, the same at each call, so that (1) leaves a smaller sigma."""
    if v.size == 0:  # of a network without inputs, as in a coupling that keeps nothing
        return v
    noise = backend.asarray(onp.random.default_rng(0).normal(size=v.shape), dtype=v.dtype, like=v)
    v = v + noise * (STIR * norm(v) / norm(noise))
    return v / norm(v)


def norm(a: Any) -> float:
    return float((a * a).sum()) ** 0.5


def spectral_norm(product: Product, W: Any, u: Any, v: Any) -> Any:
    """sigma of (1), for given u and v."""
    return np.sum(u * product.times(W, v[..., None])[..., 0])


def bounded(product: Product, W: Any, u: Any, v: Any, c: float) -> Any:
    """(2), the plain twin."""
    return W / np.maximum(1.0, spectral_norm(product, W, u, v) / c)


def bounded_vjp(product: Product, W: Any, u: Any, v: Any, c: float) -> tuple[Any, Callable]:
    """(2), and its pullback g -> g_W, (3)."""
    sigma = spectral_norm(product, W, u, v)
    divisor = onp.maximum(1.0, sigma / c)

    def pullback(g):
        share = (g * W).sum() / (divisor * onp.where(sigma > c, sigma, onp.inf))
        return g / divisor - share * product.outer(u[..., None], v[..., None], W)

    return W / divisor, pullback
