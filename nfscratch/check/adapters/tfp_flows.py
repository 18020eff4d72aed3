"""TensorFlow Probability on JAX: a bijector takes z to x, and its log-dets are told how large an event is."""

from __future__ import annotations

from typing import Any

from tensorflow_probability.substrates import jax as tfp

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_jax import in_jax, sampler


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name = type(subject).__name__
    if isinstance(subject, tfp.distributions.TransformedDistribution):
        return Adapted(*_pair(subject.bijector, dtype), tuple(subject.event_shape), _density(subject, dtype), name)
    if isinstance(subject, tfp.bijectors.Bijector):
        return Adapted(*_pair(subject, dtype), None, {}, name)
    return refuse(subject, "a TransformedDistribution or a Bijector of the JAX substrate")


def _pair(b, dtype):
    def forward(z):
        return b.forward(z), _rows(b.forward_log_det_jacobian(z, event_ndims=z.ndim - 1), z)

    def inverse(x):
        return b.inverse(x), _rows(b.inverse_log_det_jacobian(x, event_ndims=x.ndim - 1), x)

    return in_jax(forward, dtype), in_jax(inverse, dtype)


def _rows(log_det, a):
    """A log_det that is the same for all comes as one number."""
    return log_det + 0 * a.sum(axis=tuple(range(1, a.ndim)))


def _density(flow, dtype):
    base = flow.distribution
    return {
        "log_prob": in_jax(flow.log_prob, dtype),
        "sample": sampler(lambda key, n: flow.sample(n, seed=key), dtype),
        "base_log_prob": lambda z: in_jax(base.log_prob, dtype)(z).astype("float64"),
        "base_sample": sampler(lambda key, n: base.sample(n, seed=key), dtype),
    }
