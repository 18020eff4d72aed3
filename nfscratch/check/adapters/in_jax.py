"""JAX's functions of one event, or of a batch, as functions of NumPy arrays. float64 is asked for while they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as onp


def in_jax(f: Callable, dtype: str) -> Callable:
    """f of a batch of JAX's arrays as a function of an array; its results come as NumPy arrays of the same dtype.

    It is compiled, where JAX can trace it: an audit calls a function some hundred times with batches of a few sizes.
    """
    compiled = jax.jit(f)

    def call(a):
        with jax.enable_x64(dtype == "float64"):
            given = jax.numpy.asarray(onp.asarray(a), dtype=dtype)
            try:
                results = compiled(given)
            except TypeError:  # its path depends on the numbers, so that it cannot be traced
                results = f(given)
            return jax.tree.map(onp.asarray, results)

    return call


def sampler(draw: Callable[[Any, int], Any], dtype: str) -> Callable:
    """draw(key, n) as sample(rng, n)."""

    def sample(rng, n):
        with jax.enable_x64(dtype == "float64"):
            return onp.asarray(draw(jax.random.key(int(rng.integers(2**31))), n)).astype(dtype)

    return sample


def cast(tree: Any, dtype: str) -> Any:
    """The tree with its floating-point arrays in a dtype."""
    with jax.enable_x64(dtype == "float64"):
        return jax.tree.map(lambda leaf: leaf.astype(dtype) if _is_float(leaf) else leaf, tree)


def _is_float(leaf):
    return isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating)
