"""torch.distributions and Pyro: transforms t(z) = x, and a base with some of them after one another.

forward    x = t(z),    log_det = t.log_abs_det_jacobian(z, x), summed over what the transform takes one by one
inverse    z = t.inv(x)
domain     from the transform's constraints, where these are an interval for every number
"""

from __future__ import annotations

from math import inf
from typing import Any

import torch
from torch.distributions import ComposeTransform, Independent, TransformedDistribution, constraints
from torch.distributions.transforms import Transform

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, module_in, sampler, summed


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    if isinstance(subject, TransformedDistribution):
        return of_distribution(subject, ComposeTransform(subject.transforms), subject.base_dist, dtype)
    if isinstance(subject, Transform):
        made = module_in(subject, dtype)
        return Adapted(*pair(made, dtype), None, domains(made.domain, made.codomain), type(subject).__name__)
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

    def log_det(z, x):
        """One number for each row; some transforms leave it to broadcasting, where it is the same for all."""
        found, batch = t.log_abs_det_jacobian(z, x), z.shape[: z.ndim - t.domain.event_dim]
        return summed(torch.broadcast_to(found, batch) if found.ndim <= len(batch) else found)

    def forward(z):
        x = t(z)
        return x, log_det(z, x)

    def inverse(x):
        z = t.inv(x)
        return z, -log_det(z, x)

    return in_torch(forward, dtype), in_torch(inverse, dtype)


def domains(domain: Any, codomain: Any) -> dict[str, tuple[float, float]]:
    """What the constraints z and x declare, where they are an interval for every number."""
    found = {"domain": _interval(domain), "codomain": _interval(codomain)}
    return {name: ends for name, ends in found.items() if ends is not None}


def _interval(constraint):
    while hasattr(constraint, "base_constraint"):
        constraint = constraint.base_constraint
    low, high = (getattr(constraint, name, None) for name in ("lower_bound", "upper_bound"))
    if constraint in (constraints.positive, constraints.nonnegative):
        low = 0.0
    return None if low is None and high is None else (_end(low, -inf), _end(high, inf))


def _end(bound, otherwise):
    """The bound as a number; the widest of several, which a box has."""
    if bound is None:
        return otherwise
    return float(bound.min() if otherwise < 0 else bound.max()) if getattr(bound, "ndim", 0) else float(bound)
