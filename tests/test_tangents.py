"""A network, its derivative along directions, and the pullback of both: by hand, by autograd and by differences."""

import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import autodiff, backend, trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets.network import Network
from nfscratch.ops.activations import ACTIVATIONS
from nfscratch.ops.tangents import tangents, tangents_vjp

register_array_type(StrictArray)
SMOOTH = tuple(name for name in ACTIVATIONS if name != "relu")
every_activation = pytest.mark.parametrize("name", ACTIVATIONS)


def example(name, hidden=(7, 9), context_dim=2, directions=1):
    """A network with wild parameters, x, context, and directions v of one or more columns."""
    rng = onp.random.default_rng(0)
    net = nf.MLP(hidden, name)
    params = net.init(rng, 4, 3, context_dim)
    params = trees.map_leaves(lambda p: p + rng.normal(size=p.shape) / p.shape[-1] ** 0.5, params)
    x, v = rng.normal(size=(6, 4)), rng.normal(size=(directions, 6, 4))
    context = rng.normal(size=(6, context_dim)) if context_dim else None
    g = rng.normal(size=(6, 3)), rng.normal(size=(directions, 6, 3))
    return net, params, x, v, context, g


@every_activation
@pytest.mark.parametrize("hidden", [(), (5,), (7, 9)])
@pytest.mark.parametrize("directions", [1, 3])
@pytest.mark.parametrize("context_dim", [0, 2])
def test_the_pullback_of_value_and_tangent_is_that_of_autograd(name, hidden, directions, context_dim):
    net, params, x, v, context, g = example(name, hidden, context_dim, directions)
    f, Jv, pullback = net.jvp_vjp(params, x, v, context)
    _, of_any_network, traced = Network.jvp_vjp(net, params, x, v, context)
    close(f, net.apply(params, x, context), 1e-14)
    close(Jv, net.jvp(params, x, v, context)[1], 1e-13)
    J = net.jacobian(params, x, context)
    close(Jv, onp.einsum("noi,kni->kno", J, v), 1e-13)
    close(Jv, of_any_network, 1e-13)
    (plain, plain_pullback) = autodiff.value_and_vjp(net.jvp, params, x, v, context)
    for theirs in (plain_pullback(g), traced(*g)):
        for a, b in zip(pullback(*g), theirs, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                close_trees(a, b, 1e-12)
    close(plain[1], Jv, 1e-13)


@pytest.mark.parametrize("hidden", [(), (5,)])
def test_directions_that_all_rows_share_are_those_of_each_row(hidden):
    _, params, x, v, context, _ = example("tanh", hidden)
    shared = onp.repeat(v[:, :1], len(x), axis=1)
    rows, inputs = onp.moveaxis(shared, 2, 0), onp.concatenate([x, context], axis=1).T  # variables first
    for function in (tangents, lambda *arguments: tangents_vjp(*arguments)[:2]):
        f, Jv = function(params, inputs, rows, "tanh")
        f_too, Jv_too = function(params, inputs, rows[:, :, :1], "tanh")
        assert Jv_too.shape == (3, 1, len(x))
        close(f_too, f, 0.0)
        close(Jv_too, Jv, 1e-14)


@pytest.mark.parametrize("name", SMOOTH)
def test_it_is_the_derivative_by_finite_differences(name):
    """Independent of autograd: both slopes of the activation are in it."""
    net, params, x, v, context, (g_f, g_Jv) = example(name)
    rng, (_, _, pullback) = onp.random.default_rng(1), net.jvp_vjp(params, x, v, context)
    steps = [trees.map_leaves(lambda p: rng.normal(size=p.shape), tree) for tree in (params, x, v, context)]
    exact = sum(
        (a * b).sum()
        for g, step in zip(pullback(g_f, g_Jv), steps, strict=True)
        for a, b in zip(trees.leaves(g), trees.leaves(step), strict=True)
    )

    def moved(t):
        moved = [
            trees.add(a, trees.map_leaves(lambda s: t * s, b))
            for a, b in zip((params, x, v, context), steps, strict=True)
        ]
        f, Jv, _ = net.jvp_vjp(*moved)
        return (g_f * f).sum() + (g_Jv * Jv).sum()

    h = 1e-4
    slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
    assert abs(slope - exact) <= 1e-8 * max(1.0, abs(exact))


@every_activation
@pytest.mark.parametrize("context_dim", [0, 2])
def test_the_whole_jacobian_has_the_pullback_of_autograd(name, context_dim):
    net, params, x, _, context, _ = example(name, context_dim=context_dim)
    rng = onp.random.default_rng(2)
    g_f, g_J = rng.normal(size=(6, 3)), rng.normal(size=(6, 3, 4))
    f, J, pullback = net.jacobian_vjp(params, x, context)
    close(J, net.jacobian(params, x, context), 1e-13)
    f_too, J_too, traced = Network.jacobian_vjp(net, params, x, context)
    close(f, f_too, 1e-14)
    close(J, J_too, 1e-13)
    for a, b in zip(pullback(g_f, g_J), traced(g_f, g_J), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            close_trees(a, b, 1e-12)


@every_activation
def test_strict_arrays_and_float32_and_no_rows(name):
    net, params, x, v, context, g = example(name, directions=2)
    single = trees.map_leaves(lambda a: a.astype("float32"), [params, x, v, context, list(g)])
    device = trees.map_leaves(StrictArray, single)
    here, there = (net.jvp_vjp(*arguments[:4]) for arguments in (single, device))
    assert here[0].dtype == here[1].dtype == "float32"
    for a, b in zip((*here[:2], *here[2](*single[4])), (*there[:2], *there[2](*device[4])), strict=True):
        assert all(leaf.dtype == "float32" for leaf in trees.leaves(b))
        close_trees(trees.map_leaves(backend.to_numpy, b), a, 0.0)
    f, Jv, pullback = net.jvp_vjp(params, x[:0], v[:, :0], context[:0])
    assert all(not leaf.any() for leaf in trees.leaves(pullback(f, Jv)[0]))
