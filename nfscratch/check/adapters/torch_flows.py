"""torch.distributions and Pyro: transforms t(z) = x, and a base with some of them after one another.

forward    x = t(z),    log_det = t.log_abs_det_jacobian(z, x), summed over what the transform takes one by one
inverse    z = t.inv(x)
"""

from __future__ import annotations

from typing import Any

from torch.distributions import ComposeTransform, Independent, TransformedDistribution
from torch.distributions.transforms import Transform

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, sampler, summed


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    if isinstance(subject, TransformedDistribution):
        return of_distribution(subject, ComposeTransform(subject.transforms), subject.base_dist, dtype)
    if isinstance(subject, Transform):
        return Adapted(*pair(subject, dtype), None, {}, type(subject).__name__)
    return refuse(subject, "a TransformedDistribution or a Transform")


def of_distribution(flow: Any, transform: Any, base: Any, dtype: str) -> Adapted:
    """transform: z -> x."""
    if len(flow.batch_shape):  # the batch is an event of independent variables
        flow, base = Independent(flow, len(flow.batch_shape)), _flat(base, flow)
    density = {
        "log_prob": in_torch(flow.log_prob, dtype),
        "sample": sampler(lambda n: flow.sample((n,)), dtype),
        "base_log_prob": lambda z: in_torch(base.log_prob, dtype)(z).detach().numpy().astype("float64"),
        "base_sample": sampler(lambda n: base.sample((n,)), dtype),
    }
    return Adapted(*pair(transform, dtype), tuple(flow.event_shape), density, type(flow).__name__)


def _flat(base, flow):
    return Independent(base, len(base.batch_shape)) if len(base.batch_shape) else base


def pair(t: Any, dtype: str) -> tuple[Any, Any]:
    """forward and inverse of a transform z -> x."""

    def forward(z):
        x = t(z)
        return x, summed(t.log_abs_det_jacobian(z, x))

    def inverse(x):
        z = t.inv(x)
        return z, -summed(t.log_abs_det_jacobian(z, x))

    return in_torch(forward, dtype), in_torch(inverse, dtype)
