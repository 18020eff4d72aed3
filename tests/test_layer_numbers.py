"""A layer of a chain has one number in every message: counted from 1, in the order in which z meets the layers."""

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.check import audit
from nfscratch.flows.parts import layers_from_data

DIM = 2


@dataclass(frozen=True, eq=False)
class Layer(nf.Bijection):
    """x = e^s z, with `wrong` added to the log_det of forward; `mixes` takes the batch's mean off in inverse."""

    wrong: float = 0.0
    mixes: bool = False
    in_shape = (DIM,)

    def init(self, rng, x=None, context=None):
        return {"s": onp.full(DIM, 0.3)}

    def forward(self, params, z, context=None, rng=None):
        return z * np.exp(params["s"]), np.sum(params["s"] + np.zeros_like(z), axis=1) + self.wrong

    def inverse(self, params, x, context=None, rng=None):
        z = x * np.exp(-params["s"])
        return z - self.mixes * np.mean(z, axis=0), -np.sum(params["s"] + np.zeros_like(x), axis=1)


def chain_with(layer, place):
    return nf.Chain([layer if k == place else nf.ActNorm(DIM) for k in range(3)])


def pair_of(layer):
    params = layer.init(onp.random.default_rng(0))
    return lambda z: layer.forward(params, z), lambda x: layer.inverse(params, x)


def said_of(subject, **options):
    report = audit(subject, show=False, rng=onp.random.default_rng(0), letters="SJ", changes=False, **options)
    return " ".join([failure.name + failure.message for failure in report.failures])


@pytest.mark.parametrize("place", [0, 2])
def test_the_audit_counts_from_1_whatever_a_chain_is_written_as(place):
    number = f"layer {place + 1} of 3 ("
    wrong, mixing = chain_with(Layer(wrong=0.5), place), chain_with(Layer(mixes=True), place)
    assert number in said_of(wrong) and number in said_of(nf.Flow(nf.StandardNormal(DIM), wrong))
    assert number in said_of([pair_of(layer) for layer in wrong.layers], dims=(DIM,))
    assert number in said_of(nf.Flow(nf.StandardNormal(DIM), mixing))  # the flow's own check, in the audit's report


def test_names_of_layers_count_from_1_in_chains_of_chains_too():
    inner = nf.Chain([nf.Reverse(DIM), nf.ActNorm(DIM)])
    for bijection, names in (
        (nf.ActNorm(DIM), ["layer (ActNorm)"]),
        (inner, ["layer 2 of 2 (ActNorm)", "layer 1 of 2 (Permutation)"]),
        (nf.Chain([inner, nf.Reverse(DIM)]), ["layer 2 of 2 (Permutation)", "layer 2 of 2 in layer 1 of 2 (ActNorm)",
                                              "layer 1 of 2 in layer 1 of 2 (Permutation)"]),
    ):  # fmt: skip
        params = bijection.init(onp.random.default_rng(0))
        assert [name for name, *_ in layers_from_data(bijection, params)] == names


def test_layers_that_do_not_fit_are_counted_from_1():
    message = r"layer 2 of 3 \(ActNorm\) gives shape \(2,\), layer 3 of 3 \(Permutation\) takes \(3,\)"
    with pytest.raises(ValueError, match=message):
        nf.Chain([nf.Reverse(2), nf.ActNorm(2), nf.Reverse(3)])
