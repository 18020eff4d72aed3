"""A network whose output another network takes does not start at 0: two in a row would wait for each other."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.nets.network import Network, features

NETWORKS = {
    "MLP": nf.MLP((5,)),
    "linear": nf.MLP(()),
    "heads": nf.Heads((nf.MLP((5,)), nf.MLP((3,)))),
    "standardized": nf.StandardizedInput(nf.MLP((5,))),
}


def rng(seed=0):
    return onp.random.default_rng(seed)


@pytest.mark.parametrize("name", NETWORKS)
def test_features_have_outputs_that_differ_from_row_to_row(name):
    net, x = NETWORKS[name], rng(1).normal(size=(9, 3))
    params = features(net, rng(), 3, 4)
    assert onp.ptp(net.apply(params, x), axis=0).min() > 1e-3
    assert not net.apply(net.init(rng(), 3, 4), x).any()
    shapes = [a.shape for a in nf.trees.leaves(net.init(rng(), 3, 4))]
    assert [a.shape for a in nf.trees.leaves(params)] == shapes


def test_features_of_images_differ_too():
    net, x = nf.ConvNet((5,)), rng(1).normal(size=(4, 2, 3, 3))
    assert onp.ptp(net.apply(features(net, rng(), 2, 3), x), axis=0).min() > 1e-3
    assert not net.apply(net.init(rng(), 2, 3), x).any()


def test_only_the_last_layer_differs_from_that_of_a_conditioner():
    net = nf.MLP((5, 6))
    for layer, own in zip(net.init(rng(), 3, 4)[:-1], features(net, rng(), 3, 4), strict=False):
        assert (layer["W"] == own["W"]).all()


class Shifted(nf.MLP):
    """A network whose own start is asked for, and not that of the class above it."""

    def init(self, rng, n_in, n_out, context_dim=0):
        layers = super().init(rng, n_in, n_out, context_dim)
        layers[-1]["b"] += 3.0
        return layers


class Foreign:
    """An object with the methods of a network, and no class of the package."""

    def init(self, rng, n_in, n_out, context_dim=0):
        return {"W": onp.full((n_out, n_in), 2.0)}


def test_a_class_of_ones_own_keeps_its_own_start():
    assert (features(Shifted((5,)), rng(), 3, 4)[-1]["b"] == 3.0).all()
    assert (features(Foreign(), rng(), 3, 4)["W"] == 2.0).all()
    assert Shifted.init_features is Network.init_features


class Zeros:
    """A matrix and a convolution that start at 0."""

    def init(self, rng, n_in, n_out, context_dim=0):
        return {"W": onp.zeros((n_out, n_in)), "kernel": onp.zeros((n_out, n_in, 2, 2))}


def test_what_is_drawn_instead_of_0_keeps_the_size_of_its_input():
    drawn = features(Zeros(), rng(), 100, 200)
    assert abs(drawn["W"].std() * 100**0.5 - 1) < 0.05
    assert abs(drawn["kernel"].std() * (4 * 100) ** 0.5 - 1) < 0.05


def likelihood(flow):
    return lambda params, draws, batch: nf.objectives.nll_value_and_grad(flow, params, *batch)


def reverse_kl(flow):
    """To N(x, 0.1^2), for each row's own context."""

    def loss(params, draws, batch):
        x, y = batch
        (z, log_q), back = flow.sample_and_log_prob_vjp(params, draws, len(x), y)
        value = (log_q + 50.0 * ((z - x) ** 2).sum(axis=1)).mean()
        return value, back((100.0 * (z - x) / len(x), onp.full(len(x), 1.0 / len(x))))[0]

    return loss


LOSSES = {"linear": likelihood, "planar": reverse_kl}


@pytest.mark.parametrize("name", LOSSES)
def test_a_layer_whose_parameters_follow_an_embedding_learns_from_it(name):
    """x = A y + noise. While both networks started at 0, no step moved a weight, and the loss stayed where it was."""
    y = rng(0).normal(size=(400, 3))
    x = y @ rng(1).normal(size=(3, 2)) + 0.1 * rng(2).normal(size=(400, 2))
    base = nf.ConditionedBase(nf.DiagonalNormal(2), nf.MLP((16,), "tanh"), 4)
    flow = getattr(nf.flows, name)(2, context_dim=4, embed=nf.MLP((8,)), hidden=(16,), base=base)
    params = flow.init(rng(3), x, y)
    result = nf.minimize(
        LOSSES[name](flow), params, data=(x, y), rng=0, steps=40, has_grad=True, optimizer=nf.adam(1e-2), progress=False
    )
    moved = result.last_params["embed"]["network"][0]["W"] - params["embed"]["network"][0]["W"]
    assert onp.abs(moved).max() > 1e-2
    assert result.history["loss"][-1] < result.history["loss"][0] - 0.5
