"""normflows: `forward` takes z to x, as here, and `inverse` x to z."""

from __future__ import annotations

from typing import Any

import normflows

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, module_in, sampler


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name, flow = type(subject).__name__, module_in(subject, dtype)
    if isinstance(flow, normflows.NormalizingFlow):
        both = in_torch(flow.forward_and_log_det, dtype), in_torch(flow.inverse_and_log_det, dtype)
        return Adapted(*both, _shape(flow.q0), _density(flow, dtype), name)
    if isinstance(flow, normflows.flows.Flow):
        return Adapted(in_torch(_rows(flow.forward), dtype), in_torch(_rows(flow.inverse), dtype), None, {}, name)
    return refuse(subject, "a NormalizingFlow or a layer")


def _rows(f):
    """A layer whose log_det is the same for all rows gives one number."""

    def call(a):
        y, log_det = f(a)
        return y, log_det.expand(len(a)) if log_det.ndim == 0 else log_det

    return call


def _shape(base):
    shape = getattr(base, "shape", None)
    return (int(base.dim),) if shape is None else tuple(shape) if isinstance(shape, (tuple, list)) else (int(shape),)


def _density(flow, dtype):
    return {
        "log_prob": in_torch(flow.log_prob, dtype),
        "sample": sampler(lambda n: flow.sample(n)[0], dtype),
        "base_log_prob": lambda z: in_torch(flow.q0.log_prob, dtype)(z).detach().numpy().astype("float64"),
        "base_sample": sampler(lambda n: flow.q0(n)[0], dtype),
    }
