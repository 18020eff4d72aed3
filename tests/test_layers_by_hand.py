"""What only the work of a layer shows: where a search begins, how many rows go at once, what is said where it fails."""

from math import e, inf, log

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.bijections import continuous, residual
from nfscratch.ops import gaussian_mmd, strips
from nfscratch.ops.rank_update import few_layers
from nfscratch.transformers import fixed


def normal(*shape, seed=0):
    return onp.random.default_rng(seed).normal(size=shape)


# --- searches ---


def test_where_the_search_for_a_root_begins():
    x, theta = normal(4, 2), normal(4, 2, nf.UMNN(3).n_params, seed=1)
    close(nf.UMNN(3).bracket(theta, x), [x - theta[..., -1] - 1.0, x - theta[..., -1] + 1.0], 1e-15)
    close(Halting().bracket(None, x), [x - 1.0, x + 1.0], 1e-15)
    for law in (nf.Squared(), nf.LogisticMixtureCDF(3), nf.LogisticMixtureCDF(1)):
        theta = normal(4, 2, law.n_params, seed=2)
        low, high = law.bracket(theta, x)
        assert (low <= high).all() and (law.forward(theta, low)[0] <= x + 1e-9).all()
        assert (law.forward(theta, high)[0] >= x - 1e-9).all()
    close(low, high, 1e-15)  # of one component the root is known
    theta = onp.zeros((4, 2, 5))
    close(nf.Squared().bracket(theta, x), [x, x], 1e-15)
    theta[..., 2] = 40.0  # c / b is at its bound, c > 0: x lies above z
    close(nf.Squared().bracket(theta, x), [x - 0.95 * 8.0 / 27.0**0.5, x], 1e-13)


def test_the_search_for_a_root_of_sigmoids_begins_between_those_of_the_units():
    x = normal(4, 2)
    for law in (nf.DeepSigmoid(3), nf.DeepSigmoid(1)):
        theta = normal(4, 2, law.n_params, seed=2)
        low, high = law.bracket(theta, x)
        assert (law.forward(theta, low)[0] <= x + 1e-9).all() and (law.forward(theta, high)[0] >= x - 1e-9).all()
    close(low, high, 1e-15)  # of one unit the root is known


class Halting(nf.transformers.root_search.NumericTransformer):
    """z + 1 where z < 1: it does not reach 2."""

    def forward(self, theta, z):
        return onp.where(z < 1.0, z + 1.0, 2.0) - 1e-9 + 0.0 * theta[..., 0], onp.zeros_like(z)


def test_an_entry_without_a_root_is_named_by_row_and_variable():
    x = onp.zeros((3, 2))
    Halting().solve(onp.zeros((3, 2, 1)), x)
    x[1, 1] = 5.0
    with pytest.raises(nf.InversionError, match="Halting, row 1, variable 1 of those given: no bracket"):
        Halting().solve(onp.zeros((3, 2, 1)), x)
    x[1, 1], x[2, 0] = 0.0, 5.0
    with pytest.raises(nf.InversionError, match="Halting, row 2, variable 0 of those given"):
        Halting().solve(onp.zeros((3, 2, 1)), x)


# --- ends of fixed maps ---


def test_intervals_through_fixed_maps():
    close(nf.Exp().image((0.0, 1.0)), [1.0, e], 1e-15)
    assert nf.Exp().image((-inf, inf)) == (0.0, inf) and nf.Exp().image((-inf, 1e9)) == (0.0, inf)
    assert nf.Exp().image(None) is None and nf.Exp().preimage(None) is None
    close(nf.Exp().preimage((1.0, e)), [0.0, 1.0], 1e-15)
    assert nf.Exp().preimage((0.0, 1.0)) == (-inf, 0.0) and nf.Exp().preimage((-3.0, inf)) == (-inf, inf)
    assert nf.Sigmoid().preimage((0.0, 0.5)) == (-inf, 0.0) and nf.Sigmoid().preimage((0.5, 1.0)) == (0.0, inf)
    assert nf.Sigmoid().preimage((2.0, 3.0)) == nf.transformers.transformer.Transformer.preimage(
        nf.Sigmoid(), (2.0, 3.0)
    )
    x = onp.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    found = fixed.inside_of(x, 0.0, 1.0)
    assert found.tolist() == [5e-324, 5e-324, 0.5, 1.0 - 2.0**-53, 1.0 - 2.0**-53]
    assert fixed.inside_of(x, -inf, inf) is x and fixed.inside_of(x, 0.0, inf).tolist() == [
        5e-324,
        5e-324,
        0.5,
        1.0,
        2.0,
    ]
    single = fixed.inside_of(x.astype("f4"), -inf, 1.0)
    assert single.dtype == onp.float32 and single[3] == onp.float32(1.0) - onp.float32(2.0**-24)
    z, log_d = nf.Sigmoid().inverse(onp.zeros((5, 1, 0)), x[:, None])
    assert z[:, 0].tolist() == [0.0] * 5 and log_d[:, 0].tolist() == [-inf, -inf, log(4.0), -inf, -inf]
    assert nf.LeakyReLU(0.25).forward(None, onp.array([-4.0, 0.0, 2.0]))[0].tolist() == [-1.0, 0.0, 2.0]


# --- residual layers ---


def test_rows_pass_a_residual_layer_some_at_a_time(monkeypatch):
    layer, z, seen = nf.Residual(3, nf.LipschitzMLP((5,))), normal(7, 3), []
    params = layer.init(onp.random.default_rng(0))
    whole = layer.forward_value(params, z)
    vjp = nf.Residual.forward_vjp
    monkeypatch.setattr(nf.Residual, "forward_vjp", lambda self, p, z, *a: seen.append(len(z)) or vjp(self, p, z, *a))
    for at_once, pieces in ((3 * 5 * 7, [7]), (3 * 5 * 7 - 1, [6, 1]), (3 * 5 * 3, [3, 3, 1]), (1, [1] * 7)):
        monkeypatch.setattr(residual, "AT_ONCE", at_once)
        assert layer._few(params) == pieces[0] or pieces == [7]
        seen.clear()
        for a, b in zip(layer.forward_value(params, z), whole, strict=True):
            close(a, b, 1e-13)
        assert seen == pieces
    conditioned = nf.Residual(3, nf.LipschitzMLP((5,)), context_dim=2)
    params = conditioned.init(onp.random.default_rng(0))
    monkeypatch.setattr(residual, "AT_ONCE", 3 * 5 * 3)
    apart = conditioned.forward_value(params, z, normal(7, 2, seed=1))
    monkeypatch.setattr(residual, "AT_ONCE", 2**24)
    for a, b in zip(apart, conditioned.forward_value(params, z, normal(7, 2, seed=1)), strict=True):
        close(a, b, 1e-13)


def test_a_network_that_is_no_contraction_is_refused_with_its_bound():
    layer = nf.Residual(2, nf.LipschitzMLP((3,)))
    params = layer.init(onp.random.default_rng(0))
    layer.solve(params, normal(3, 2))
    for p in params:
        p["W"] = 50.0 * normal(*p["W"].shape)
    with pytest.raises(nf.InversionError, match=r"^Residual: its network must be a contraction.*spectral norms is \d"):
        layer.solve(params, normal(3, 2))
    layer.solve(layer.update(params, None), normal(3, 2))
    params[0]["W"] = params[0]["W"] * onp.nan
    with pytest.raises(nf.InversionError, match="Residual: the weights of its network must be finite; there is NaN"):
        layer.solve(params, normal(3, 2))
    assert layer.solve(params, normal(0, 2)).shape == (0, 2)


def test_columns_that_are_not_asked_are_given_0():
    back = lambda rows: seen.append(rows) or 2.0 * rows  # noqa: E731
    like, seen = onp.ones((4, 2)), []
    y = onp.array([[1.0, 2.0], [3.0, 4.0]])  # two columns of two numbers
    assert residual._at(back, y, onp.array([1, 3]), like).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert seen[0].tolist() == [[0.0, 0.0], [1.0, 3.0], [0.0, 0.0], [2.0, 4.0]]
    assert residual._at(back, y, None, like[:2]).tolist() == [[2.0, 4.0], [6.0, 8.0]]


@pytest.mark.parametrize("dim", [64, 65])
def test_a_wide_jacobian_is_solved_with_by_iteration(dim, monkeypatch):
    layer, z, g = nf.Residual(dim, nf.LipschitzMLP((3,), 0.5)), normal(2, dim), normal(2, dim, seed=1)
    params, seen = layer.init(onp.random.default_rng(0)), []
    for p in params:
        p["W"] = normal(*p["W"].shape)
    params = layer.update(params, None)
    solve = residual.solve_fixed_point
    monkeypatch.setattr(residual, "solve_fixed_point", lambda *a: seen.append(1) or solve(*a))
    J = layer.jacobian(params, z)
    close(layer.transposed_solve(params, z, g), onp.linalg.solve(J.transpose(0, 2, 1), g[..., None])[..., 0], 1e-12)
    assert len(seen) == (dim > 64)


# --- distances of samples ---


def test_the_distance_of_two_samples_by_hand():
    z, y = onp.array([[0.0], [2.0]]), onp.array([[1.0], [1.0], [3.0]])
    k = lambda d: onp.exp(-0.5 * (d / 2.0) ** 2)  # noqa: E731
    value = k(2.0) + (k(0.0) + 2.0 * k(2.0)) / 3.0 - 2.0 * (2.0 * k(1.0) + k(3.0) + 3.0 * k(1.0)) / 6.0
    found, pullback = gaussian_mmd.mmd_vjp(z, y, 2.0)
    close([found, gaussian_mmd.mmd(z, y, 2.0)], [value, value], 1e-14)
    step = onp.array([[1e-6], [0.0]])
    slope = (gaussian_mmd.mmd(z + step, y, 2.0) - gaussian_mmd.mmd(z - step, y, 2.0)) / 2e-6
    close(pullback(3.0)[0, 0], 3.0 * slope, 1e-8)


# --- a few at a time ---


def test_layers_and_pixels_are_taken_a_few_at_a_time():
    assert [few_layers(n) for n in (0, 1, 1000, 2048, 4000)] == [8192, 8192, 8, 4, 4]
    cut = [(strip.rows, strip.columns, strip.place) for strip in strips._cut(4, 5, 2, 10, (1, 1))]
    assert cut == [((0, 2), (0, 5), slice(0, 20)), ((2, 4), (0, 5), slice(20, 40))]
    cut = [(strip.rows, strip.columns, strip.place) for strip in strips._cut(2, 5, 3, 4, (1, 1))]
    assert cut[:2] == [((0, 1), (0, 4), slice(0, 12)), ((0, 1), (4, 5), slice(12, 15))] and len(cut) == 4
    assert [strip.rows for strip in strips._cut(3, 5, 1, 99, (1, 1))] == [(0, 3)]
    (strip,) = strips._cut(3, 5, 1, 99, (2, 3))
    assert strip.at(1, 2) == (slice(None), slice(1, 7, 2), slice(2, 17, 3)) and strip.shape(4, (3, 1), 7) == (
        4,
        3,
        1,
        3,
        5,
        7,
    )


def test_a_stack_goes_at_once_where_all_rows_share_its_leaves():
    stack = nf.Stack(nf.Planar(2), 3)
    params = stack.init(onp.random.default_rng(0))
    assert stack._at_once(params) and not nf.Stack(nf.Diagonal(2), 3)._at_once({})
    rows = nf.trees.map_leaves(lambda leaf: onp.repeat(leaf[:, None], 4, axis=1), params)
    assert not stack._at_once(rows)
    for wrong, words in (
        ("planar", "layer must be a bijection"),
        (nf.Squeeze((1, 4, 4)), "layer must keep the event shape; got Sq"),
    ):
        with pytest.raises((TypeError, ValueError), match=words):
            nf.Stack(wrong, 2)


def test_the_trace_of_a_continuous_layer_takes_some_rows_at_a_time(monkeypatch):
    layer, z, seen = nf.Continuous(nf.MLP((3,), "tanh"), 2, nf.ode.RK4(2)), normal(7, 2), []
    params = layer.init(onp.random.default_rng(0))
    params = nf.trees.map_leaves(lambda leaf: leaf + 0.3, params)
    whole = layer.forward_value(params, z)
    jvp = nf.Field.jvp
    monkeypatch.setattr(nf.Field, "jvp", lambda self, p, z, *a: seen.append(len(z)) or jvp(self, p, z, *a))
    for at_once, pieces in ((2 * 64 * 7, [7]), (2 * 64 * 7 - 1, [6, 1]), (2 * 64 * 3, [3, 3, 1]), (1, [1] * 7)):
        monkeypatch.setattr(continuous, "AT_ONCE", at_once)
        seen.clear()
        for a, b in zip(layer.forward_value(params, z), whole, strict=True):
            close(a, b, 1e-13)
        assert seen[: len(pieces)] == pieces and len(seen) == 8 * len(pieces)  # two steps of four


# --- shares ---


def test_shares_at_the_edge_of_the_simplex():
    layer = nf.Simplex(3)
    close(layer.forward({}, onp.zeros((1, 2)))[0], [[1 / 3, 1 / 3]], 1e-15)
    close(layer.shares(onp.array([[0.25, 0.5]])), [[0.25, 0.5, 0.25]], 1e-15)
    x = onp.array([[0.25, 0.5], [0.0, 0.5], [0.5, 0.5], [0.7, 0.4], [-0.1, 0.5]])
    z, log_det = layer.inverse({}, x)
    assert onp.isfinite(log_det).tolist() == [True] + [False] * 4 and not z[1:].any()
    close(log_det[0], -log(0.25 * 0.5 * 0.25), 1e-14)
    assert nf.Simplex(2).codomain == (0.0, 1.0) and layer.codomain is None and layer.in_shape == (2,)
    far = layer.forward({}, onp.array([[1e3, 0.0], [-1e3, 0.0], [0.0, 1e3]]))[0]
    assert (far > 0.0).all() and (far.sum(axis=1) < 1.0).all()
