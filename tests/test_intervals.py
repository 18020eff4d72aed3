"""Intervals through a chain: what it reaches is what its layers make of it, and lost probability is warned of."""

from math import inf, log

import numpy as onp
import pytest
from scipy import integrate

import nfscratch as nf
from nfscratch.bijections.recomputed import Recomputed
from nfscratch.ops.intervals import REALS, apart, within


def fixed(h, dim=2):
    return nf.Elementwise(h, dim)


def logit(low=0.0, high=1.0):
    return fixed(nf.Inverse(nf.Sigmoid(low, high)))


sigmoid = fixed(nf.Sigmoid())
coupling = nf.Coupling(nf.Affine(), nf.half_mask(2))

# layers -> domain, codomain
CHAINS = {
    "one layer": ([sigmoid], REALS, (0, 1)),
    "there and back": ([sigmoid, logit()], REALS, REALS),
    "a wider logit": ([sigmoid, logit(-1.0, 2.0)], REALS, (-log(2), log(2))),
    "order, then a kink": ([fixed(nf.Tanh()), nf.Reverse(2), fixed(nf.LeakyReLU(0.3))], REALS, (-0.3, 1)),
    "shape": ([sigmoid, nf.Reshape((2,), (2, 1, 1))], REALS, (0, 1)),
    "half lines": ([fixed(nf.Exp()), fixed(nf.Exp())], REALS, (1, inf)),
    "both half lines": ([fixed(nf.Exp()), fixed(nf.Inverse(nf.Softplus()))], REALS, REALS),
    "overflow": ([fixed(nf.Sigmoid(0.0, 1000.0)), fixed(nf.Exp())], REALS, (1, inf)),
    "parameters decide": ([sigmoid, nf.ActNorm(2)], REALS, None),
    "parameters, and then a map of its own range": ([sigmoid, coupling, sigmoid], REALS, None),
    "all reals between": ([logit(), coupling, sigmoid], (0, 1), (0, 1)),
    "a chain inside": ([sigmoid, nf.Chain([nf.Reverse(2), logit(-1.0, 2.0)])], REALS, (-log(2), log(2))),
    "less than its first layer takes": ([sigmoid, logit(0.2, 0.5)], (-log(4), 0), REALS),
    "a chain turned around": ([sigmoid, nf.Inverse(nf.Chain([fixed(nf.Sigmoid(-1.0, 2.0)), nf.Reverse(2)]))],
                              REALS, (-log(2), log(2))),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_declares_what_it_takes_and_what_it_reaches(name):
    layers, domain, codomain = CHAINS[name]
    chain = nf.Chain(layers)
    for ends, expected in ((chain.domain, domain), (chain.codomain, codomain)):
        assert ends is expected is None or ends == pytest.approx(expected, abs=1e-12)
    turned = nf.Inverse(chain)
    assert (turned.domain, turned.codomain) == (chain.codomain, chain.domain)
    assert chain.image(REALS) == chain.codomain or domain != REALS


@pytest.mark.parametrize("name", [name for name, (_, domain, end) in CHAINS.items() if domain == REALS and end])
def test_it_reaches_both_ends_and_nothing_beyond(name):
    chain = nf.Chain(CHAINS[name][0])
    low, high = chain.codomain
    params = chain.init(onp.random.default_rng(0))
    z = onp.linspace(-30, 30, 201)[:, None] + onp.zeros(2)
    with onp.errstate(over="ignore"):
        x, _ = chain.forward(params, z)
    assert x.min() >= low - 1e-12 and x.max() <= high + 1e-12
    assert x.min() == pytest.approx(low, abs=1e-9) or (low == -inf and x.min() < -20)
    assert x.max() == pytest.approx(high, abs=1e-9) or (high == inf and x.max() > 20)


def test_a_narrower_range_keeps_the_density_right():
    """Not onto its last layer's codomain, and yet the density integrates to 1: it is 0 where nothing is reached."""
    flow = nf.Flow(nf.StandardNormal(1), nf.Chain([fixed(nf.Sigmoid(), 1), fixed(nf.Inverse(nf.Sigmoid(-1, 2)), 1)]))
    params = flow.init(onp.random.default_rng(0))
    low, high = flow.bijection.codomain
    x = onp.linspace(low, high, 20_001)[:, None]
    assert integrate.simpson(onp.exp(flow.log_prob(params, x)), x=x[:, 0]) == pytest.approx(1, abs=1e-6)
    assert onp.all(flow.log_prob(params, onp.array([[low - 0.1], [high + 0.1]])) == -inf)


def test_a_layer_that_is_given_more_than_it_takes_is_warned_of():
    message = r"layer 1 of 2 \(ActNorm\) ends in \(-inf, inf\), layer 2 of 2 \(Elementwise\) takes \(0.0, 1.0\): what"
    with pytest.warns(UserWarning, match=message + ".* integrates to less than 1") as caught:
        chain = nf.Chain([nf.ActNorm(2), logit()])
    assert caught[0].filename == __file__ and len(caught) == 1
    assert chain.domain is None  # parameters decide for which z the first layer ends in (0, 1)
    with pytest.warns(
        UserWarning, match=r"layer 2 of 3 \(Elementwise\) ends in \(1.0, inf\), layer 3 of 3 .* takes \(0.0, 2.0\)"
    ):
        nf.Chain([nf.Inverse(nf.Chain([fixed(nf.Inverse(nf.Exp())), nf.ActNorm(2)])), fixed(nf.Exp()), logit(0.0, 2.0)])


def test_the_warning_is_right_the_density_integrates_to_what_is_left():
    chain = nf.Chain([fixed(nf.Sigmoid(), 1), fixed(nf.Inverse(nf.Sigmoid(0.0, 0.5)), 1)])
    with pytest.warns(UserWarning, match=r"the bijection takes \(-inf, 0.0\)"):
        flow = nf.Flow(nf.StandardNormal(1), chain)
    x = onp.linspace(-40, 40, 40_001)[:, None]
    mass = integrate.simpson(onp.exp(flow.log_prob(flow.init(onp.random.default_rng(0)), x)), x=x[:, 0])
    assert mass == pytest.approx(0.5, abs=1e-6)  # sigmoid(z) < 0.5 for half of the draws


def test_layers_without_a_common_point_are_refused():
    with pytest.raises(
        ValueError, match=r"layer 1 of 2 \(Elementwise\) ends in \(0.0, 1.0\), .* takes \(2.0, 5.0\), and no"
    ):
        nf.Chain([sigmoid, logit(2.0, 5.0)])


def test_a_flow_in_the_wrong_direction_is_warned_of():
    with pytest.warns(UserWarning, match=r"the base draws from \(-inf, inf\), the bijection takes \(0.0, 1.0\)") as w:
        nf.Flow(nf.StandardNormal(2), logit())
    assert w[0].filename == __file__

    class Uniform(nf.StandardNormal):
        support = (0.0, 1.0)

    nf.Flow(Uniform(2), logit())
    nf.Flow(nf.StandardNormal(2), sigmoid)


def test_within_and_apart():
    assert within((0, 1), REALS) and within((0, 1), (0, 1)) and not within(REALS, (0, inf))
    assert within((0.1 + 0.2, 1), (0.3, 1)) and within((0.3, 1), (0.1 + 0.2, 1)) and not within((0.29, 1), (0.3, 1))
    assert within(None, REALS) and not within(None, (0, 1)) and not within(REALS, None)
    assert apart((0, 1), (1, 2)) and apart((3, inf), (-inf, 2)) and not apart((0, 1), (0.5, 2))


def test_a_chain_carries_an_interval_back_from_its_last_layer_to_its_first():
    chain = nf.Chain([sigmoid, fixed(nf.Exp()), fixed(nf.Tanh())])
    low, high = onp.tanh(onp.exp([0.5, 1.0]))
    assert chain.image((0.0, inf)) == pytest.approx((low, high))
    assert chain.preimage((low, high))[0] == pytest.approx(0.0, abs=1e-12)
    assert chain.preimage((low, 0.99))[1] == pytest.approx(onp.log(1 / (1 / onp.log(onp.arctanh(0.99)) - 1)))


@pytest.mark.parametrize("around", [Recomputed, lambda g: nf.Blocks([g, g]), lambda g: nf.Chain([g]), nf.Inverse])
def test_what_holds_a_map_carries_intervals_as_it_does(around):
    held, ways = around(sigmoid), ("image", "preimage")
    image, preimage = (getattr(held, way) for way in (ways[::-1] if around is nf.Inverse else ways))
    assert image((0.0, inf)) == (0.5, 1.0) and preimage((0.5, 1.0)) == (0.0, inf)
