"""distrax: a bijector's `forward` takes z to x, over any batch."""

from __future__ import annotations

from typing import Any

import distrax

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_jax import in_jax, sampler


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name = type(subject).__name__
    if isinstance(subject, distrax.Transformed):
        return Adapted(*_pair(subject.bijector, dtype), tuple(subject.event_shape), _density(subject, dtype), name)
    if isinstance(subject, distrax.Bijector):
        return Adapted(*_pair(subject, dtype), None, {}, name)
    return refuse(subject, "a Transformed distribution or a Bijector")


def _pair(b, dtype):
    def both(method):
        return in_jax(lambda a: _summed(*method(a)), dtype)

    return both(b.forward_and_log_det), both(b.inverse_and_log_det)


def _summed(y, log_det):
    """A scalar bijector gives a log_det for each number."""
    return y, log_det.sum(axis=tuple(range(1, log_det.ndim)))


def _density(flow, dtype):
    base = flow.distribution
    return {
        "log_prob": in_jax(flow.log_prob, dtype),
        "sample": sampler(lambda key, n: flow.sample(seed=key, sample_shape=(n,)), dtype),
        "base_log_prob": lambda z: in_jax(base.log_prob, dtype)(z).astype("float64"),
        "base_sample": sampler(lambda key, n: base.sample(seed=key, sample_shape=(n,)), dtype),
    }
