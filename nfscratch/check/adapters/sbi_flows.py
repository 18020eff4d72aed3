"""sbi: an estimator wraps a flow of nflows or zuko. It is audited at one condition, the audit's `context`.

The map is the wrapped flow's. log_prob and sample are the estimator's own, which embed the condition.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from sbi.neural_nets.estimators import NFlowsFlow, ZukoFlow

from nfscratch.check.adapters.adapt import Adapted, adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, module_in, sampler


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    if not isinstance(subject, (NFlowsFlow, ZukoFlow)):
        return refuse(subject, "an NFlowsFlow or a ZukoFlow")
    made = module_in(subject, dtype)
    condition = torch.as_tensor(_one_condition(context, made), dtype=getattr(torch, dtype))
    found = adapted(made.net, dtype, _net_context(made, condition))
    own = {**found.density, **_density(made, condition, dtype)}
    return replace(found, shape=tuple(made.input_shape), density=own, name=type(subject).__name__)


def _one_condition(context, made):
    if context is None:
        raise TypeError(f"context must be one condition of shape {tuple(made.condition_shape)}; got None")
    return torch.as_tensor(context).reshape(1, *made.condition_shape)


def _net_context(made, condition):
    """What the wrapped flow is given: nflows embeds the condition itself, zuko's estimator does it first."""
    return (condition if isinstance(made, NFlowsFlow) else made.embedding_net(condition)).detach()


def _density(made, condition, dtype):
    return {
        "log_prob": in_torch(lambda x: made.log_prob(x[:, None], condition)[:, 0], dtype),
        "sample": sampler(lambda n: made.sample((n,), condition)[:, 0], dtype),
    }
