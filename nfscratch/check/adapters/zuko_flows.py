"""zuko: a flow's transform takes x to z, and `inv` the other way."""

from __future__ import annotations

from typing import Any

from torch.distributions import Transform
from zuko.distributions import NormalizingFlow
from zuko.lazy import Flow, LazyTransform

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, module_in, row, sampler, summed


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name, subject, c = type(subject).__name__, module_in(subject, dtype), row(context, dtype)
    if isinstance(subject, (Flow, LazyTransform)):
        subject = subject(c)
    if isinstance(subject, NormalizingFlow):
        return Adapted(*pair(subject.transform, dtype), tuple(subject.event_shape), _density(subject, dtype), name)
    if isinstance(subject, Transform):
        return Adapted(*pair(subject, dtype), None, {}, name)
    return refuse(subject, "a Flow, a NormalizingFlow or a transform")


def pair(t: Any, dtype: str) -> tuple[Any, Any]:
    """forward and inverse of a transform x -> z."""

    def both(transform):
        return in_torch(lambda a: _summed(*transform.call_and_ladj(a)), dtype)

    return both(t.inv), both(t)


def _summed(y, log_det):
    return y, summed(log_det)


def _density(flow, dtype):
    return {
        "log_prob": in_torch(flow.log_prob, dtype),
        "sample": sampler(lambda n: flow.sample((n,)), dtype),
        "base_log_prob": lambda z: in_torch(flow.base.log_prob, dtype)(z).detach().numpy().astype("float64"),
        "base_sample": sampler(lambda n: flow.base.sample((n,)), dtype),
    }
