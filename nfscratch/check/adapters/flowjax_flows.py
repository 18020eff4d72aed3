"""flowjax: a bijection's `transform` takes z to x, of one event at a time."""

from __future__ import annotations

from typing import Any

import jax
from flowjax.bijections import AbstractBijection
from flowjax.distributions import AbstractTransformed

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_jax import cast, in_jax, sampler


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name = type(subject).__name__
    merges = isinstance(subject, AbstractTransformed) and hasattr(subject, "merge_transforms")
    made = cast(subject.merge_transforms() if merges else subject, dtype)
    c = None if context is None else jax.numpy.asarray(context).ravel()
    if isinstance(made, AbstractTransformed):
        return Adapted(*_pair(made.bijection, dtype, c), tuple(made.shape), _density(made, dtype, c), name)
    if isinstance(made, AbstractBijection):
        return Adapted(*_pair(made, dtype, c), tuple(made.shape), {}, name)
    return refuse(subject, "a Transformed distribution or a bijection")


def _pair(b, dtype, c):
    forward = jax.vmap(lambda z: b.transform_and_log_det(z, c))
    inverse = jax.vmap(lambda x: b.inverse_and_log_det(x, c))
    return in_jax(forward, dtype), in_jax(inverse, dtype)


def _density(flow, dtype, c):
    base = flow.base_dist
    at = {} if c is None else {"condition": c}
    of_base = at if base.cond_shape is not None else {}
    return {
        "log_prob": in_jax(lambda x: flow.log_prob(x, **at), dtype),
        "sample": sampler(lambda key, n: flow.sample(key, (n,), **at), dtype),
        "base_log_prob": lambda z: in_jax(lambda z: base.log_prob(z, **of_base), dtype)(z).astype("float64"),
        "base_sample": sampler(lambda key, n: base.sample(key, (n,), **of_base), dtype),
    }
