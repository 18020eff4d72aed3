"""zuko: a transform takes x to z, and `inv` the other way. Some of them search, to an accuracy that they state."""

from __future__ import annotations

from typing import Any

import torch
from torch.distributions import Transform
from zuko.distributions import NormalizingFlow
from zuko.lazy import Flow, LazyTransform
from zuko.transforms import AutoregressiveTransform, CouplingTransform

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, module_in, row, sampler, summed


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name, subject, c = type(subject).__name__, module_in(subject, dtype), row(context, dtype)
    if isinstance(subject, (Flow, LazyTransform)):
        subject = subject(c)
    if isinstance(subject, NormalizingFlow):
        shape, t = tuple(subject.event_shape), subject.transform
        close = accuracy(t, torch.zeros(1, *shape, dtype=getattr(torch, dtype)))
        return Adapted(*pair(t, dtype), shape, _density(subject, dtype), name, close)
    if isinstance(subject, Transform):
        return Adapted(*pair(subject, dtype), None, {}, name)
    return refuse(subject, "a Flow, a NormalizingFlow or a transform")


def pair(t: Any, dtype: str) -> tuple[Any, Any]:
    """forward and inverse of a transform x -> z."""

    def both(transform):
        return in_torch(lambda a: _summed(*transform.call_and_ladj(a)), dtype)

    return both(t.inv), both(t)


def accuracy(t: Any, x: Any) -> float:
    """How close its searches (eps) and solvers (atol, rtol) come: the worst of its parts, at x. 0: closed forms."""
    own = max(float(getattr(t, name, 0.0)) for name in ("eps", "atol", "rtol"))
    return max([own, *(accuracy(*part) for part in _parts(t, x))])


def _parts(t, x):
    if isinstance(t, AutoregressiveTransform):
        return [(t.meta(x), x)]
    if isinstance(t, CouplingTransform):
        x_a, x_b = t.split(x)
        return [(t.meta(x_a), x_b)]
    inner = [*getattr(t, "transforms", ()), *(getattr(t, name) for name in ("base", "_inv") if hasattr(t, name))]
    return [(part, x) for part in inner if isinstance(part, Transform)]


def _summed(y, log_det):
    return y, summed(log_det)


def _density(flow, dtype):
    return {
        "log_prob": in_torch(flow.log_prob, dtype),
        "sample": sampler(lambda n: flow.sample((n,)), dtype),
        "base_log_prob": lambda z: in_torch(flow.base.log_prob, dtype)(z).detach().numpy().astype("float64"),
        "base_sample": sampler(lambda n: flow.base.sample((n,)), dtype),
    }
