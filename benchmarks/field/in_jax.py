"""What constructors for JAX's libraries share: arrays of a Draw, and trees with moved weights."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.field.specimen import Draw


def array(a: Any) -> Any:
    return jnp.asarray(a)


def moved(tree: Any, draw: Draw) -> Any:
    """An equinox tree with every trained array moved by N(0, scale^2 / fan_in)."""
    import paramax

    def move(leaf):
        if isinstance(leaf, paramax.NonTrainable) or not _is_float(leaf):
            return leaf
        fan_in = leaf.shape[-1] if leaf.ndim >= 2 else 1
        return leaf + array(draw.normal(*leaf.shape)) / fan_in**0.5

    return jax.tree.map(move, tree, is_leaf=lambda leaf: isinstance(leaf, paramax.NonTrainable))


def _is_float(leaf):
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)


def dense(draw: Draw, inputs: int, outputs: int, hidden: int = 8) -> Any:
    """A small network (..., inputs) -> (..., outputs) with the draw's weights."""
    first, second = (array(draw.normal(*s)) / s[0] ** 0.5 for s in ((inputs, hidden), (hidden, outputs)))
    bias = array(draw.normal(hidden))
    return lambda a: jnp.tanh(a @ first + bias) @ second
