"""ResidualMLP: its value and derivatives against the traced definition, and its start."""

import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import autodiff, trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets.network import Network

register_array_type(StrictArray)


def example(dim):
    rng = onp.random.default_rng(dim)
    net = nf.ResidualMLP(3, (5, 4))
    params = trees.map_leaves(lambda a: a + 0.4 * rng.normal(size=a.shape), net.init(rng, dim, dim))
    x, v = rng.normal(size=(6, dim)), rng.normal(size=(2, 6, dim))
    return net, params, x, v, (rng.normal(size=(6, dim)), rng.normal(size=(2, 6, dim)))


@pytest.mark.parametrize("dim", [1, 2, 5, 6])
def test_values_and_pullbacks_are_those_of_the_traced_definition(dim):
    net, params, x, v, (g, G) = example(dim)
    h = x
    for theta in params:
        h = h + nf.MLP((5, 4), "silu").apply(theta, h)
    out, pullback = net.apply_vjp(params, x)
    close(out, h - x, 1e-13)
    traced = autodiff.value_and_vjp(lambda p, a: net.apply(p, a), params, x)[1](g)
    for mine, theirs in zip(pullback(g)[:2], traced, strict=True):
        close_trees(mine, theirs, 1e-12)
    f, Jv, back = net.jvp_vjp(params, x, v)
    theirs = Network.jvp_vjp(net, params, x, v)
    close(f, out, 1e-13)
    close(Jv, autodiff.tangents(lambda a: net.apply(params, a), x, v)[1], 1e-12)
    for mine, other in zip(back(g, G)[:3], theirs[2](g, G)[:3], strict=True):
        close_trees(mine, other, 1e-11)
    close(net.jacobian(params, x), Network.jacobian(net, params, x), 1e-12)


def test_a_fresh_one_is_0_and_every_block_moves_at_the_first_step():
    net, x = nf.ResidualMLP(3, (5,)), onp.random.default_rng(1).normal(size=(6, 2))
    params = net.init(onp.random.default_rng(0), 2, 2)
    out, pullback = net.apply_vjp(params, x)
    assert not out.any() and all(theta[-1]["W"].any() for theta in pullback(onp.ones_like(x))[0])


def test_float32_and_device_arrays_stay_what_they_are():
    net, params, x, v, (g, G) = example(5)
    single = trees.map_leaves(lambda a: StrictArray(a.astype("float32")), [params, x, v, g, G])
    params, x, v, g, G = single
    f, Jv, back = net.jvp_vjp(params, x, v)
    for a in (f, Jv, *trees.leaves(back(g, G)[:3]), net.jacobian(params, x), net.apply_value(params, x)):
        assert isinstance(a, StrictArray) and a.dtype == "float32"


def test_what_does_not_fit_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"ResidualMLP must give as many numbers as it takes.*got 2 in, 3 out"):
        nf.ResidualMLP().init(onp.random.default_rng(0), 2, 3)
    with pytest.raises(ValueError, match=r"blocks must be an integer of at least 1; got 0"):
        nf.ResidualMLP(0)
