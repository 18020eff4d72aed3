"""What is refused: a small flow and its data to spoil, and the message in one line."""

import numpy as onp
import pytest

import nfscratch as nf

INF, NAN = onp.inf, onp.nan


def rng(seed=0):
    return onp.random.default_rng(seed)


def made(dim, context_dim=0):
    flow = nf.flows.real_nvp(dim, layers=2, hidden=(4,), context_dim=context_dim)
    return flow, flow.init(rng())


FLOW, PARAMS = made(3)
CONDITIONAL, CONDITIONAL_PARAMS = made(3, 2)
X = rng(1).normal(size=(20, 3))


def refused(error, message, call, *args, **kwargs):
    with pytest.raises(error, match=message) as caught:
        call(*args, **kwargs)
    assert "\n" not in str(caught.value)
