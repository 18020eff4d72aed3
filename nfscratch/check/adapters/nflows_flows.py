"""nflows: a transform's `forward` takes x to z, and its `inverse` z to x."""

from __future__ import annotations

from typing import Any

from nflows.flows import Flow
from nflows.transforms import Transform

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, module_in, row, sampler


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name, made, c = type(subject).__name__, module_in(subject, dtype), row(context, dtype)
    if isinstance(made, Flow):
        c = None if c is None else made._embedding_net(c[None])[0]
        return Adapted(
            *pair(made._transform, dtype, c), tuple(made._distribution._shape), _density(made, dtype, c), name
        )
    if isinstance(made, Transform):
        return Adapted(*pair(made, dtype, c), None, {}, name)
    return refuse(subject, "a Flow or a Transform")


def pair(t: Any, dtype: str, c: Any = None) -> tuple[Any, Any]:
    """forward and inverse of a transform x -> z, at one row of context."""

    def both(method):
        return in_torch(lambda a: method(a, context=_rows(c, len(a))), dtype)

    return both(t.inverse), both(t.forward)


def _rows(c, n):
    return None if c is None else c.expand(n, -1)


def _density(flow, dtype, c):
    base, t = flow._distribution, flow._transform

    def log_prob(x):
        z, log_det = t(x, context=_rows(c, len(x)))
        return base.log_prob(z, context=_rows(c, len(x))) + log_det

    def base_log_prob(z):
        found = in_torch(lambda z: base.log_prob(z, context=_rows(c, len(z))), dtype)(z)
        return found.detach().numpy().astype("float64")

    if c is not None:
        return {"log_prob": in_torch(log_prob, dtype), "base_log_prob": base_log_prob}
    draws = {"sample": sampler(flow.sample, dtype), "base_sample": sampler(base.sample, dtype)}
    return {"log_prob": in_torch(flow.log_prob, dtype), "base_log_prob": base_log_prob, **draws}
