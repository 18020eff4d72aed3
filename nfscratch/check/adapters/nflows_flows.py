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
        shape = getattr(made._distribution, "_shape", None)  # a mixture from a MADE has none
        return Adapted(
            *pair(made._transform, dtype, _embedded(made, c)), shape and tuple(shape), _density(made, dtype, c), name
        )
    if isinstance(made, Transform):
        return Adapted(*pair(made, dtype, c), None, {}, name)
    return refuse(subject, "a Flow or a Transform")


def _embedded(flow, c):
    return None if c is None else flow._embedding_net(c[None])[0]


def pair(t: Any, dtype: str, c: Any = None) -> tuple[Any, Any]:
    """forward and inverse of a transform x -> z, at one row of context."""

    def both(method):
        return in_torch(lambda a: method(a, context=_rows(c, len(a))), dtype)

    return both(t.inverse), both(t.forward)


def _rows(c, n):
    return None if c is None else c.expand(n, -1)


def _density(flow, dtype, c):
    base, inner = flow._distribution, _embedded(flow, c)

    def base_log_prob(z):
        found = in_torch(lambda z: base.log_prob(z, context=_rows(inner, len(z))), dtype)(z)
        return found.detach().numpy().astype("float64")

    return {
        "log_prob": in_torch(lambda x: flow.log_prob(x, context=_rows(c, len(x))), dtype),
        "base_log_prob": base_log_prob,
        "sample": sampler(lambda n: _drawn(flow, n, c), dtype),
        "base_sample": sampler(lambda n: _drawn(base, n, inner), dtype),
    }


def _drawn(distribution, n, c):
    return distribution.sample(n) if c is None else distribution.sample(n, context=c[None])[0]
