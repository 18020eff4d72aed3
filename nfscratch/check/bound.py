"""Bound: the methods of a bijection, a flow and its base as functions of NumPy arrays, parameters and context bound.

Row i of a batch gets row i of the context, and a longer batch repeats the block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.check.guarded import guarded


def direction_of(method: Callable, params: Any, context: Any, like: Any) -> Callable[[Any], Any]:
    """One direction as a function of NumPy arrays."""

    def call(a):
        given = backend.asarray(a, dtype=a.dtype, like=like)
        return backend.to_numpy(tuple(method(params, given, rows_of(context, len(a)))))

    return guarded(call)


def density_of(flow: Any, params: Any, context: Any) -> dict[str, Callable]:
    """log_prob and both samplers of a flow."""

    def sample_and_log_prob(rng, n):
        return tuple(map(backend.to_numpy, flow.sample_and_log_prob(params, rng, n, rows_of(context, n))))

    return {
        "log_prob": guarded(lambda x: backend.to_numpy(flow.log_prob(params, x, rows_of(context, len(x))))),
        "sample": guarded(lambda rng, n: backend.to_numpy(flow.sample(params, rng, n, rows_of(context, n)))),
        "sample_and_log_prob": guarded(sample_and_log_prob),
    }


def base_of(base: Any, params: Any, like: Any, context: Any) -> dict[str, Callable]:
    """log_prob and sampler of the base, with arrays of the kind of `like`; context: where the base takes one."""

    def of_base(n):
        return (rows_of(context, n),) if base.context_dim else ()

    def log_prob(z):
        given = backend.asarray(z, dtype=like.dtype, like=like)
        return onp.asarray(backend.to_numpy(base.log_prob(params, given, *of_base(len(z)))), dtype=onp.float64)

    return {
        "base_log_prob": log_prob,
        "base_sample": lambda rng, n: backend.to_numpy(base.sample(params, rng, n, like, *of_base(n))),
    }


def rows_of(context: Any, n: int) -> Any:
    """Row i of a batch gets row i of the context, and a longer batch the same rows again."""
    if context is None or len(context) == n:
        return context
    return context[onp.arange(n) % len(context)]
