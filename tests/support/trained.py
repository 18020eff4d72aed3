"""Flows that are trained for a moment, and what must hold of them then."""

import numpy as onp

import nfscratch as nf
from nfscratch import check


def trains_and_integrates_to_one(flow):
    """A few steps on a bent plane set, through Autoregressive layers; then the integral of what they made."""
    assert any(isinstance(layer, nf.Autoregressive) for layer in flow.bijection.layers)
    x = onp.random.default_rng(0).normal(size=(400, 2))
    x[:, 1] = 0.5 * x[:, 1] + 0.5 * x[:, 0] ** 2
    result = nf.fit(
        flow, x, rng=onp.random.default_rng(1), steps=40, batch_size=200, optimizer=nf.adam(0.02), progress=False
    )
    fresh = flow.init(onp.random.default_rng(1), x=x)
    assert flow.log_prob(result.params, x).mean() > flow.log_prob(fresh, x).mean() + 0.1
    params = result.params
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    found = check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high, sizes=(101, 201, 401, 801))
    assert found.ok, found
