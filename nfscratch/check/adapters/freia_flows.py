"""FrEIA: a module takes x to z, and with rev=True z to x. FrEIA leaves the base to the user: a standard normal here."""

from __future__ import annotations

from typing import Any

import torch
from FrEIA.framework import GraphINN, SequenceINN

from nfscratch.check.adapters.adapt import Adapted, refuse
from nfscratch.check.adapters.in_torch import in_torch, module_in, row


def adapt(subject: Any, dtype: str, context: Any) -> Adapted:
    name, module, c = type(subject).__name__, module_in(subject, dtype), row(context, dtype)
    if not isinstance(module, (SequenceINN, GraphINN)):
        return refuse(subject, "a SequenceINN or a GraphINN")

    def direction(rev):
        def f(a):
            condition = {} if c is None else {"c": [c.expand(len(a), -1)]}
            y, log_det = module(a, rev=rev, **condition)
            return y, torch.as_tensor(log_det).expand(len(a))  # one number where it is the same for all rows

        return in_torch(f, dtype)

    return Adapted(direction(True), direction(False), _shape(module), {}, name)


def _shape(module):
    return tuple(module.shapes[0]) if isinstance(module, SequenceINN) else tuple(module.dims_in[0])
