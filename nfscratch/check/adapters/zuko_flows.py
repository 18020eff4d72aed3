"""zuko: a transform takes x to z, and `inv` the other way. Some of them search, to an accuracy that they state."""

from __future__ import annotations

from typing import Any

import torch
from torch.distributions import Transform
from torch.distributions.transforms import _InverseTransform
from zuko.distributions import NormalizingFlow
from zuko.lazy import Flow, LazyTransform
from zuko.transforms import AutoregressiveTransform, CouplingTransform

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, module_in, row, sampler, summed
from nfscratch.check.adapters.torch_flows import domains


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name, subject, c = type(subject).__name__, module_in(subject, dtype), row(context, dtype)
    if isinstance(subject, (Flow, LazyTransform)):
        subject = subject(c)
    if isinstance(subject, NormalizingFlow):
        shape, t = tuple(subject.event_shape), subject.transform
        close = accuracy(t, torch.zeros(1, *shape, dtype=getattr(torch, dtype)))
        declared = _density(subject, dtype) | domains(subject.base.support, t.domain)
        return Adapted(*pair(t, dtype), shape, declared, name, close)
    if isinstance(subject, Transform):
        return Adapted(*pair(subject, dtype), None, domains(subject.codomain, subject.domain), name, accuracy(subject))
    return refuse(subject, "a Flow, a NormalizingFlow or a transform")


def pair(t: Any, dtype: str) -> tuple[Any, Any]:
    """forward and inverse of a transform x -> z."""

    def both(transform):
        return in_torch(lambda a: _summed(*transform.call_and_ladj(a)), dtype)

    return both(t.inv), both(t)


def accuracy(t: Any, x: Any = None) -> float:
    """How close its searches (eps) and solvers (atol, rtol) come: the worst of its parts. 0: closed forms.

    x: a point at which the parts are made that depend on one; without it they are passed over.
    """
    own = max(float(getattr(t, name, 0.0)) for name in ("eps", "atol", "rtol"))
    return max([own, *(accuracy(*part) for part in _parts(t, x))])


def _parts(t, x):
    if x is None and isinstance(t, (AutoregressiveTransform, CouplingTransform)):
        return []
    if isinstance(t, AutoregressiveTransform):
        return [(t.meta(x), x)]
    if isinstance(t, CouplingTransform):
        x_a, x_b = t.split(x)
        return [(t.meta(x_a), x_b)]
    if isinstance(t, _InverseTransform):
        return [(t.inv, x)]
    inner = [*getattr(t, "transforms", ()), getattr(t, "base", None)]
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
