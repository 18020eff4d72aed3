"""A flow whose parameters a caller's own function emits, a row for each sample: the layers' own pullbacks still run.

The function is written with autograd.numpy, so its outputs are boxes inside of a plain dict. The flow takes the dict as
one box (`rebox`), and is one node of the graph: what autograd traces does not grow with the arithmetic of the layers.
"""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from autograd.core import VJPNode
from comparing import close_trees

import nfscratch as nf

N, LATENT, WIDTH = 6, 2, 5


def rng(seed=0):
    return onp.random.default_rng(seed)


def planar(layers):
    """A planar flow on a trained normal, and its parameters from the columns of `out` (N, P)."""
    flow = nf.Flow(nf.DiagonalNormal(LATENT), nf.Chain([nf.Planar(LATENT) for _ in range(layers)]))
    return flow, flow.init(rng())


def emitted(start, out):
    """theta_0 plus the next columns of `out` for each leaf, written as a user would: slices in plain dicts."""
    column = 0

    def taken(leaf):
        nonlocal column
        column += leaf.size
        return leaf + np.reshape(out[:, column - leaf.size : column], (len(out), *leaf.shape))

    base = {key: taken(start["base"][key]) for key in ("log_std", "mean")}
    bijection = [{key: taken(layer[key]) for key in sorted(layer)} for layer in start["bijection"]]
    return {"base": base, "bijection": bijection, "embed": {}}


def encoder(layers, start):
    draws, n_out = rng(1), nf.trees.count(start)
    return {"V": draws.normal(size=(4, WIDTH)), "W": 0.3 * draws.normal(size=(WIDTH, n_out))}


def free_energy(draw, flow, start, theta, x):
    """log q(z | x) - log N(z; x, 1) by one draw for each row: what an autoencoder's step differentiates."""
    params = emitted(start, np.tanh(x @ theta["V"]) @ theta["W"])
    z, log_q = draw(flow, params, rng(3))
    return np.mean(log_q + 0.5 * np.sum(np.square(z - x[:, :LATENT]), axis=1))


def fast(flow, params, draws):
    return flow.sample_and_log_prob(params, draws, N)


def traced(flow, params, draws):
    return flow._sample_and_log_prob(params, draws, N, None)


@pytest.fixture
def nodes(monkeypatch):
    """The names of the functions that autograd puts into its graph."""
    names, init = [], VJPNode.__init__

    def counted(self, value, fun, *args):
        names.append(fun.__name__)
        init(self, value, fun, *args)

    monkeypatch.setattr(VJPNode, "__init__", counted)
    return names


@pytest.mark.parametrize("layers", [1, 6])
def test_the_gradients_are_those_of_the_traced_definition(layers):
    flow, start = planar(layers)
    theta, x = encoder(layers, start), rng(2).normal(size=(N, 4))
    value, grads = autograd.value_and_grad(lambda t: free_energy(fast, flow, start, t, x))(theta)
    plain_value, plain = autograd.value_and_grad(lambda t: free_energy(traced, flow, start, t, x))(theta)
    assert abs(value - plain_value) < 1e-12
    close_trees(grads, plain, 1e-11)
    h, step = 1e-6, rng(4).normal(size=theta["V"].shape)
    ends = [free_energy(fast, flow, start, {**theta, "V": theta["V"] + t * step}, x) for t in (-h, h)]
    assert abs((ends[1] - ends[0]) / (2 * h) - (grads["V"] * step).sum()) < 1e-6


def test_the_flow_is_one_node_of_the_graph(nodes):
    """Beside it stand the function's own operations: a slice, a reshape and a sum for each leaf, and the dicts."""
    counts = {}
    for layers in (2, 8):
        flow, start = planar(layers)
        theta, x = encoder(layers, start), rng(2).normal(size=(N, 4))
        for draw in (fast, traced):
            nodes.clear()
            autograd.grad(lambda t, draw=draw, flow=flow, start=start, x=x: free_energy(draw, flow, start, t, x))(theta)
            counts[draw, layers] = nodes.count("_known"), nodes.count("tanh"), len(nodes)
        assert counts[fast, layers][:2] == (1, 1)  # the flow, and the encoder's own tanh
        assert counts[traced, layers][1] > layers
    each_layer = {draw: (counts[draw, 8][2] - counts[draw, 2][2]) / 6 for draw in (fast, traced)}
    assert each_layer[fast] <= 3 * 3 + 5  # three leaves, and the dict of them
    assert each_layer[traced] > 3 * each_layer[fast]


def test_the_density_of_given_rows_is_one_node_too(nodes):
    flow = nf.Flow(nf.DiagonalNormal(LATENT), nf.Chain([nf.Radial(LATENT), nf.Diagonal(LATENT)]))
    start = flow.init(rng())
    theta, x = encoder(2, start), rng(2).normal(size=(N, 4))

    def loss(log_prob, theta):
        params = emitted(start, np.tanh(x @ theta["V"]) @ theta["W"])
        return -np.mean(log_prob(params, x[:, :LATENT]))

    grads = autograd.grad(lambda t: loss(flow.log_prob, t))(theta)
    assert nodes.count("_known") == 1
    close_trees(grads, autograd.grad(lambda t: loss(lambda p, z: flow._log_prob(p, z, None, None), t))(theta), 1e-11)
