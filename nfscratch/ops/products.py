"""Linear maps W h of batch-last arrays, with their gradients: what a layer of a network multiplies with.

    h (n, N) or (C, H, W, N)     times(W, h) = W h      back(W, g) = W^T g      outer(g, h, W) = the gradient of W

The first axis of W counts what comes out, its second what goes in. A dense layer is DENSE, a convolution is
CONVOLUTION (convolution.py): a network's kernels (dense.py, tangents.py) are written once for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as onp


@dataclass(frozen=True)
class Product:
    """times may be traced; it returns a new array. back and outer are for raw arrays; outer has W's shape."""

    times: Callable[[Any, Any], Any]
    back: Callable[[Any, Any], Any]
    outer: Callable[[Any, Any, Any], Any]
    both: Callable[[Any, Any, Any], Any] | None = None  # `gradients`, where it shares work

    def gradients(self, W: Any, g: Any, h: Any) -> tuple[Any, Any]:
        """The gradients of W and of h."""
        return (self.outer(g, h, W), self.back(W, g)) if self.both is None else self.both(W, g, h)


def _times(W, h):
    return W @ h if len(h) != 1 else W * h  # an outer product: BLAS takes four times as long for it


DENSE = Product(_times, lambda W, g: W.T @ g, lambda g, h, W: g @ h.T)


def bias(b, h):
    """b (n,), to be added to an array with n in front."""
    return b.reshape((b.shape[0], *(1,) * (h.ndim - 1)))


def bias_gradient(g, ones=None):
    """The sum over all axes but the first. A product with ones sums faster than .sum(axis=1)."""
    rows = g.reshape((len(g), prod(g.shape[1:])))
    return rows @ (onp.ones_like(rows, shape=rows.shape[1:]) if ones is None else ones)
