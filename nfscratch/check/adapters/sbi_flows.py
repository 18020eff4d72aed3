"""sbi: an estimator wraps a flow of nflows or zuko; it is audited at one condition, which `context` gives."""

from __future__ import annotations

from typing import Any

from nfscratch.check.adapters.adapt import Adapted, adapted, refuse


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    net = getattr(subject, "net", None)
    found = None if net is None else adapted(net, dtype, context)
    return refuse(subject, "an estimator whose net is a flow of nflows or zuko") if found is None else found
