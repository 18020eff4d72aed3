"""What a wrapper hands on to the part inside: running numbers, Jacobians, the width of the input, derivatives.

A wrapper that forgets one of them computes on with what it had: a power iteration that stands still, a Jacobian that is
traced anew and slowly.
"""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees

import nfscratch as nf
from nfscratch import autodiff, blas, trees
from nfscratch.bijections.contract import autodiff_jacobian
from nfscratch.bijections.recomputed import Recomputed, recomputing
from nfscratch.check import random_params
from nfscratch.nets.network import network_width


def rng(seed=0):
    return onp.random.default_rng(seed)


def normal(*shape, seed=0):
    return rng(seed).normal(size=shape)


# --- running numbers ---

LIPSCHITZ = nf.LipschitzMLP((6, 5))
X, CONTEXT = normal(9, 2), normal(9, 3, seed=1)


def of_bijection(part, context=None):
    return part, part.init(rng(), X, context), lambda p: part.update(p, X, context)


def of_parameters(part, *sizes):
    return part, part.init(rng(), *sizes), part.update


FIELD = nf.Field(LIPSCHITZ, 1)
WRAPPERS = {
    "network": lambda: of_parameters(LIPSCHITZ, 2, 2),
    "heads": lambda: of_parameters(nf.Heads((LIPSCHITZ, nf.MLP((3,)))), 2, 4),
    "field": lambda: of_parameters(FIELD, 2),
    "probability flow": lambda: of_parameters(nf.ProbabilityFlow(FIELD), 2),
    "standardized": lambda: of_parameters(nf.StandardizedInput(LIPSCHITZ), 2, 2),
    "residual": lambda: of_bijection(nf.Residual(2, LIPSCHITZ)),
    "coupling": lambda: of_bijection(nf.Coupling(nf.Affine(), nf.half_mask(2), LIPSCHITZ)),
    "continuous": lambda: of_bijection(nf.Continuous(FIELD, 2, nf.ode.RK4(2))),
    "conditioned": lambda: of_bijection(nf.Conditioned(nf.ActNorm(2), LIPSCHITZ, 3), CONTEXT),
    "recomputed": lambda: of_bijection(Recomputed(nf.Residual(2, LIPSCHITZ))),
    "inverse": lambda: of_bijection(nf.Inverse(nf.Residual(2, LIPSCHITZ))),
    "stack": lambda: of_bijection(nf.Stack(nf.Residual(2, LIPSCHITZ), 2)),
    "chain": lambda: of_bijection(nf.Chain([nf.Reverse(2), nf.Residual(2, LIPSCHITZ)])),
    "blocks": lambda: of_bijection(nf.Blocks([1, nf.Coupling(nf.Affine(), (False,), LIPSCHITZ)])),
    "base": lambda: of_parameters(nf.ConditionedBase(nf.DiagonalNormal(2), LIPSCHITZ, 3)),
}


def stored(tree):
    """The arrays under "fixed"."""
    if not isinstance(tree, (dict, list, tuple)):
        return []
    if isinstance(tree, dict) and trees.FIXED in tree:
        own = list(tree[trees.FIXED].values())
        return own + stored({key: child for key, child in tree.items() if key != trees.FIXED})
    return [leaf for child in (tree.values() if isinstance(tree, dict) else tree) for leaf in stored(child)]


def all_equal(a, b):
    return all(onp.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", WRAPPERS)
def test_an_update_reaches_the_network_inside_and_nothing_else(name):
    part, params, update = WRAPPERS[name]()
    assert part.updates is True
    params = trees.map_leaves(lambda leaf: leaf + 0.3 * normal(*leaf.shape), params, fixed=lambda leaf: leaf)
    after = update(params)
    assert all_equal(trees.leaves(params), trees.leaves(after))
    assert stored(params) and not all_equal(stored(params), stored(after))


def test_without_such_a_network_an_update_returns_what_it_was_given():
    plain = nf.Field(nf.MLP((4,), "tanh"), 1)
    for part, params in (
        (plain, plain.init(rng(), 2)),
        (nf.ProbabilityFlow(plain), plain.init(rng(), 2)),
        (nf.MLP((3,)), nf.MLP((3,)).init(rng(), 2, 2)),
        (nf.ConditionedBase(nf.DiagonalNormal(2)), nf.ConditionedBase(nf.DiagonalNormal(2)).init(rng())),
    ):
        assert part.update(params) is params and not part.updates
    for part in (nf.Continuous(plain, 2), nf.Conditioned(nf.ActNorm(2)), nf.Coupling(nf.Affine(), nf.half_mask(2))):
        params = part.init(rng(), X, normal(9, 1) if part.context_dim else None)
        assert part.update(params, X) is params and not part.updates


def test_statistics_of_every_level_follow_what_arrives_there():
    levels = [nf.BatchNorm((1, 2, 2), momentum=0.5), nf.BatchNorm((3, 2, 2), momentum=0.0)]
    layer, x = nf.MultiScale(levels), normal(40, 3, 2, 2) * 3.0 + 2.0
    params = layer.init(rng(), x)
    again = layer.update(params, 5.0 * x)
    close(again[1]["fixed"]["mean"], 5.0 * x.mean(axis=(0, 2, 3)), 1e-12)
    close(again[1]["fixed"]["variance"], 25.0 * x.var(axis=(0, 2, 3), ddof=1), 1e-12)
    arriving = levels[1].inverse_value(params[1], 5.0 * x)[0][:, :1]
    kept, seen = params[0]["fixed"], arriving.mean(axis=(0, 2, 3))
    close(again[0]["fixed"]["mean"], 0.5 * (kept["mean"] + seen), 1e-12)
    still = nf.MultiScale([nf.ActNorm((1, 2, 2)), nf.ActNorm((3, 2, 2))])
    params = still.init(rng(), x)
    assert still.update(params, x) is params


# --- Jacobians ---


def test_the_jacobian_of_levels_is_that_of_the_definition():
    mixed = nf.Coupling(nf.Affine(), nf.channel_mask((2, 2, 2)), nf.ConvNet((3,)))
    for level in (nf.Chain([mixed, nf.ActNorm((2, 2, 2))]), nf.Chain([nf.Conv1x1((2, 2, 2)), mixed])):
        layer = nf.MultiScale([nf.Conv1x1((1, 2, 2)), level, nf.ActNorm((3, 2, 2))])
        params, z = random_params(layer, rng(), 0.3), normal(3, 12)
        J = layer.jacobian(params, z)
        close(J, autodiff_jacobian(layer.forward, params, z), 1e-11)
        close(layer.forward(params, z)[1], onp.linalg.slogdet(J)[1], 1e-11)


def test_recomputed_and_squeezed_jacobians():
    squeeze = nf.Squeeze((2, 4, 2))
    z = normal(2, *squeeze.in_shape)
    close(squeeze.jacobian({}, z), autodiff_jacobian(squeeze.forward, {}, z), 0.0)
    layer = nf.Planar(3)
    params, z = random_params(layer, rng(), 1.0), normal(4, 3)
    close(Recomputed(layer).jacobian(params, z), layer.jacobian(params, z), 0.0)
    chain = recomputing(nf.Chain([layer, nf.Chain([nf.Reverse(3)])]))
    assert [type(part) for part in chain.layers] == [Recomputed, nf.Chain] and type(
        chain.layers[1].layers[0]
    ) is Recomputed


# --- derivatives ---


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("axis", "ddof"), [(None, 0), (0, 1), (1, 2), ((0, 2), 1), (-1, 0)])
@pytest.mark.parametrize("f", [np.var, np.std])
def test_forward_mode_of_spreads_is_that_of_quotients(f, axis, ddof, keepdims):
    x, v, h = normal(3, 4, 5), normal(3, 4, 5, seed=1), 1e-5
    of = lambda x: f(x, axis=axis, ddof=ddof, keepdims=keepdims)  # noqa: E731
    value, tangent = autograd.make_jvp(of)(x)(v)
    close(value, of(x), 0.0)
    assert np.shape(tangent) == np.shape(value)
    close(tangent, (of(x + h * v) - of(x - h * v)) / (2.0 * h), 1e-8)


def test_the_spread_of_one_number_has_no_derivative():
    x = normal(3, 1)
    close(autograd.make_jvp(lambda x: np.std(x, axis=1))(x)(x)[1], onp.zeros(3), 0.0)


@pytest.mark.parametrize("t", [0.0, 0.3, onp.array([0.0, 0.5, 0.9, 1.0])])
def test_the_pullback_of_a_probability_flow_is_autograds(t):
    field = nf.ProbabilityFlow(nf.Field(nf.MLP((5,), "tanh"), 2), 2.0)
    params = trees.map_leaves(lambda leaf: leaf + normal(*leaf.shape), field.init(rng(), 3, 2))
    z, context, g = normal(4, 3), normal(4, 2, seed=1), normal(4, 3, seed=2)
    f, pullback = field.apply_vjp(params, z, t, context)
    traced, back = autodiff.value_and_vjp(lambda p, z, c: field.apply(p, z, t, c), params, z, context)
    close(f, traced, 1e-13)
    close_trees(list(pullback(g)), list(back(g)), 1e-12)


def test_a_law_without_a_kernel_is_traced():
    class Mine(nf.distributions.Conditional):
        def log_prob(self, theta, x):
            return -(np.abs(x - theta[..., 0]) ** 3)

    theta, x = normal(4, 2, 1), normal(4, 2, seed=1)
    log_p, pullback = Mine().log_prob_vjp(theta, x)
    for g in (normal(4, 2, seed=2), normal(4, 1, seed=3)):
        g_theta, g_x = pullback(g)
        slope = 3.0 * (x - theta[..., 0]) ** 2 * np.sign(x - theta[..., 0])
        close(g_x, -g * slope, 1e-12)
        close(g_theta[..., 0], g * slope, 1e-12)
    close(log_p, -(np.abs(x - theta[..., 0]) ** 3), 0.0)


# --- what parameters tell ---


@pytest.mark.parametrize(
    ("network", "sizes", "width"),
    [
        (nf.MLP((4,)), (3, 2), 3),
        (nf.MLP(()), (3, 2, 2), 5),
        (nf.MADE((4,)), (3, 6), 3),
        (nf.MADE((4,)), (3, 6, 2), 5),
        (nf.Heads((nf.MLP((4,)), nf.MLP((3,)))), (3, 2), 3),
        (nf.ConvFeatures((1, 4, 4), (2,), (3,)), (16, 2), 16),
        (LIPSCHITZ, (3, 3, 2), 5),
    ],
)
def test_parameters_tell_the_width_of_the_input(network, sizes, width):
    assert network_width(network, network.init(rng(), *sizes)) == width


# --- one thread ---


def test_the_first_fit_sets_the_limit_and_the_last_one_lifts_it(monkeypatch):
    """What BLAS has, as numbers of our own: the machine may have one core."""
    threads, done = [4], []

    class Limit:
        def __init__(self, n, user_api):
            assert (n, user_api) == (1, "blas")
            self.before, threads[0] = threads[0], n

        def restore_original_limits(self):
            threads[0] = self.before
            done.append("restored")

    monkeypatch.setattr("threadpoolctl.threadpool_limits", Limit)
    monkeypatch.setattr(blas, "_threads", lambda: list(threads))
    monkeypatch.setattr(blas, "_let_go", lambda force: done.append(force))
    limit = blas._SharedLimit()
    with limit:
        with limit:
            assert threads == [1]
        assert threads == [1] and done == []
    assert threads == [4] and done == [True, "restored", False]
    threads[0] = 1  # nothing to change
    with limit:
        assert threads == [1]
    assert done == [True, "restored", False] and threads == [1]
    threads[0] = 4
    limit.__enter__()
    limit.forked()  # a new process has no fit
    assert threads == [4] and limit._inside == 0 and limit._limit is None
