"""Planar, radial and Sylvester: the papers' formulas, always invertible, with inverses that are exact or raise."""

import sys
from functools import partial

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from cases.case import wild_params
from comparing import close, close_trees
from quotients import numeric
from share import few

import nfscratch as nf
from nfscratch import autodiff, check, trees
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.low_rank import planar, sylvester
from nfscratch.bijections.low_rank.planar import AT_REST
from nfscratch.ops import orthonormal
from nfscratch.ops.u_hat import LEAST, MARGIN, u_hat, u_hat_vjp

LAYERS = {
    "planar": nf.Planar(3),
    "radial": nf.Radial(3),
    "sylvester, qr": nf.Sylvester(3, 2),
    "sylvester, householder": nf.Sylvester(3, 3, "householder"),
    "sylvester, triangular": nf.Sylvester(3, 3, "triangular"),
    "sylvester, triangular, flipped": nf.Sylvester(3, 2, "triangular", flip=True),
}
every_layer = pytest.mark.parametrize("name", LAYERS)
every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def rng(seed=0):
    return onp.random.default_rng(seed)


def softplus(a):
    return onp.logaddexp(0, a)


# --- u_hat ---


def test_u_hat_is_the_papers_with_a_margin():
    """u + (m(w.u) - w.u) w / |w|^2 with m(a) = -1 + margin + softplus(a), for |w| >= 0.1."""
    for length in (0.1, 0.5, 1.0, 3.0):
        w = rng().normal(size=(100, 4))
        w *= length * (1 + 1e-12) / onp.linalg.norm(w, axis=1, keepdims=True)
        u = rng(1).normal(size=(100, 4)) * 3
        a = (w * u).sum(axis=1, keepdims=True)
        expected = u + (-1 + MARGIN + softplus(a) - a) * w / (w * w).sum(axis=1, keepdims=True)
        A, _, _, s = nf.Planar(4).pieces({"w": w, "u": u, "b": onp.zeros(1)})
        close(A[:, :, 0], expected, 1e-11)
        close(s, 1 + (w * expected).sum(axis=1, keepdims=True), 1e-11)


@every_dtype
@pytest.mark.parametrize("length", [0.0, 1e-20, 1e-6, 1e-3, 0.03, 0.0999, 0.1, 0.3, 1.0, 3.0])
def test_no_w_and_u_break_invertibility(length, dtype):
    """In floats: the u_hat that is used, times the w that is used, is above -1, and the slope in the log-det too."""
    a = onp.concatenate([onp.linspace(-50, 5, 111), [-1.0, -0.999, AT_REST, 0.0]])
    direction = onp.array([0.6, -0.48, 0.64])
    across = onp.array([0.8, 0.36, -0.48])
    if length < 0.1:  # so short a w makes such a product with a long u only
        a = a[abs(a) <= max(length * 1e4, 1e-30)]
    along = (a / length if length else onp.full(len(a), 3.0))[:, None] * direction
    params = {"w": onp.tile(length * direction, (len(a), 1)), "u": along + 2 * across, "b": onp.zeros(1)}
    params = trees.map_leaves(lambda p: p.astype(dtype), params)
    A, W, _, s = nf.Planar(3).pieces(params)
    product = (A[:, :, 0].astype("f8") * W[:, 0].astype("f8")).sum(axis=1)
    assert len(a) >= 1 and A.dtype == s.dtype == dtype
    assert (product > -1 + 0.9 * MARGIN).all() and (s >= MARGIN * (1 - 1e-6)).all()
    assert (abs(s[:, 0] - 1 - product) <= 1e-3 * onp.maximum(MARGIN, 1e-2 * abs(a))).all()
    z = onp.zeros((len(a), 3), dtype=dtype)
    x, log_det = nf.Planar(3).forward(params, z)
    assert onp.isfinite(x).all() and onp.isfinite(log_det).all() and (log_det >= onp.log(MARGIN) - 1e-3).all()


def test_the_textbook_u_hat_does_break_it():
    """The negative control: -1 + softplus(a) is -1 from a = -17.4 (float32) and -37.5 (float64) on."""
    for dtype, ends in (("float32", -17.4), ("float64", -37.5)):
        a = onp.array([ends], dtype=dtype)
        assert -1 + onp.log1p(onp.exp(a)) == -1 and -1 + onp.log1p(onp.exp(a + 1)) > -1


@every_dtype
@pytest.mark.parametrize("length", [0.0, 1e-30, 1e-12, 1e-6, 1e-3])
def test_a_head_that_starts_at_zero_gets_finite_gradients(length, dtype):
    """w = 0, and tiny w: x and all gradients are finite, and the same by hand and by autograd."""
    layer, z = nf.Planar(3), rng().normal(size=(5, 3)).astype(dtype)
    for u, b in ((0.0, 0.0), (0.5, 1.0), (3.0, -2.0)):
        params = {"w": onp.full((5, 3), length), "u": onp.full((5, 3), u), "b": onp.full((5, 1), b)}
        params = trees.map_leaves(lambda p: p.astype(dtype), params)
        x, log_det, pullback = layer.forward_vjp(params, z)
        traced = Bijection.forward_vjp(layer, params, z)
        close(x, z + params["u"] * onp.tanh(params["b"]), 1e-5 if length < 1e-6 else 1)
        for grads in (pullback(x, log_det), traced[2](x, log_det)):
            assert all(onp.isfinite(g).all() and g.dtype == dtype for g in (*trees.leaves(grads[0]), grads[1]))
        close_trees(pullback(x, log_det)[0], traced[2](x, log_det)[0], 1e-10 if dtype == "float64" else 1e-3)
        back, _ = layer.inverse(params, x)
        close(back, z, 1e-12 if dtype == "float64" else 1e-5)


def test_the_pullback_of_u_hat_is_that_of_autograd_on_both_sides_of_its_joint():
    a = onp.linspace(-30, 5, 36)[:, None]
    q = onp.concatenate([onp.geomspace(1e-10, 0.9 * LEAST, 7), onp.geomspace(1.1 * LEAST, 10, 5)])
    a = a * onp.minimum(1.0, onp.sqrt(q) * 10)
    value, pullback = autodiff.value_and_vjp(u_hat, a, q + 0 * a)
    k, s, own = u_hat_vjp(a, q + 0 * a)
    close(k, value[0], 0.0)
    close(s, value[1], 0.0)
    g = rng().normal(size=(2, *a.shape))
    for ours, theirs in zip(own(*g), pullback(tuple(g)), strict=True):
        assert (abs(ours - theirs) <= 1e-7 + 1e-11 * abs(theirs) / q).all()  # (the traced one cancels as q -> 0)


def test_at_its_joint_u_hat_has_the_derivative_of_the_papers_formula():
    a, q = onp.array([-1.0, 0.5]), onp.full(2, LEAST)
    k, _, pullback = u_hat_vjp(a, q)
    close(pullback(onp.ones(2), onp.zeros(2))[1], -k / LEAST, 1e-15)


def test_u_hat_is_continuous_at_its_joint_and_short_w_leaves_u_alone():
    a = onp.linspace(-40, 5, 91)
    below, above = (u_hat(a, onp.full_like(a, LEAST * (1 + e))) for e in (-1e-9, 1e-9))
    close(below[0], above[0], 1e-6)
    close(below[1], above[1], 1e-6)
    lengths = onp.linspace(0, 3, 1001)
    k, s = u_hat(onp.zeros(1001), lengths**2)
    assert 5.0 < abs(k * lengths).max() < 5.1  # |u_hat - u|; by the paper's formula it is 306 at |w| = 0.001
    assert abs(k[0]) < 100 and abs(s[0] - 1) < 1e-15


# --- the papers' formulas ---


def test_planar_is_the_formula_of_the_paper():
    layer, z = nf.Planar(3), rng(2).normal(size=(6, 3))
    params = wild_params(layer, rng(3))
    w, u, b = params["w"], params["u"], params["b"]
    hat = u + (-1 + MARGIN + softplus(w @ u) - w @ u) * w / (w @ w)
    t = onp.tanh(z @ w + b)
    x, log_det = layer.forward(params, z)
    close(x, z + t[:, None] * hat, 1e-13)
    close(log_det, onp.log(abs(1 + (1 - t**2) * (w @ hat))), 1e-12)


def test_radial_is_the_formula_of_the_paper():
    layer, z = nf.Radial(3), rng(2).normal(size=(6, 3))
    params = wild_params(layer, rng(3))
    alpha = 1e-3 + softplus(params["alpha"])
    beta = -alpha + 1e-3 + softplus(params["gamma"])
    d = z - params["centre"]
    r = onp.linalg.norm(d, axis=1)  # over the variables: one radius for each row
    h = 1 / (alpha + r)
    x, log_det = layer.forward(params, z)
    close(x, z + (beta * h)[:, None] * d, 1e-13)
    close(log_det, 2 * onp.log1p(beta * h) + onp.log(1 + beta * h - beta * r * h**2), 1e-13)


@pytest.mark.parametrize("name", [name for name, layer in LAYERS.items() if isinstance(layer, nf.Sylvester)])
def test_sylvester_is_the_formula_of_the_paper(name):
    layer, z = LAYERS[name], rng(2).normal(size=(6, 3))
    params = wild_params(layer, rng(3))
    A, W, b, s = (p[0] for p in layer.pieces(params))
    Q = layer._basis(params)[0]
    R, Rt = Q.T @ A, W @ Q
    close(Q.T @ Q, onp.eye(layer.rank), 1e-14)
    close(onp.tril(R, -1), onp.zeros(R.shape), 1e-13)
    close(onp.tril(Rt, -1), onp.zeros(R.shape), 1e-13)
    close(onp.triu(Rt, 1).T, onp.tril(params["triangles"], -1), 1e-13)
    close(onp.triu(R, 1), onp.triu(params["triangles"], 1), 1e-13)
    assert (onp.diag(R) * onp.diag(Rt) > -1).all()
    close(s, 1 + onp.diag(R) * onp.diag(Rt), 1e-12)
    c = z @ Q @ Rt.T + b
    x, log_det = layer.forward(params, z)
    close(x, z + onp.tanh(c) @ R.T @ Q.T, 1e-12)
    h = 1 - onp.tanh(c) ** 2
    full = onp.stack([onp.eye(3) + Q @ R @ onp.diag(row) @ Rt @ Q.T for row in h])
    close(log_det, onp.linalg.slogdet(full)[1], 1e-11)
    close(log_det, onp.linalg.slogdet(onp.stack([onp.eye(layer.rank) + onp.diag(row) @ Rt @ R for row in h]))[1], 1e-11)


def test_triangular_layers_alternate_between_identity_and_reversal():
    for flip, expected in ((False, onp.eye(4)[:, :3]), (True, onp.eye(4)[:, ::-1][:, :3])):
        layer = nf.Sylvester(4, 3, "triangular", flip=flip)
        assert (layer._basis(layer.init(rng()))[0] == expected).all()
    chain = nf.flows.sylvester(3, layers=3, orthogonal="triangular").bijection
    assert [layer.flip for layer in chain.layers] == [False, True, False]


def test_rank_one_sylvester_is_planar_with_u_along_w():
    sylvester, z = nf.Sylvester(3, 1), rng().normal(size=(5, 3))
    params = wild_params(sylvester, rng(1))
    q = sylvester._basis(params)[0, :, 0]
    planar = {"w": params["diagonal"] * q, "u": params["triangles"][0, 0] * q, "b": params["b"]}
    for ours, theirs in zip(sylvester.forward(params, z), nf.Planar(3).forward(planar, z), strict=True):
        close(ours, theirs, 1e-12)


@every_layer
def test_a_fresh_layer_is_close_to_the_identity(name):
    layer, z = LAYERS[name], rng().normal(size=(100, 3))
    x, log_det = layer.forward(layer.init(rng(1)), z)
    assert abs(x - z).max() < 0.15 and abs(log_det).max() < 0.15


# --- orthonormal columns ---


@pytest.mark.parametrize(("D", "M"), [(1, 1), (2, 1), (5, 3), (6, 6)])
def test_orthonormal_columns_and_their_pullbacks(D, M):
    X, G = rng().normal(size=(4, D, M)), rng(1).normal(size=(4, D, M))
    vectors = rng(2).normal(size=(4, D, D))
    for plain, vjp, free in (
        (orthonormal.gram_schmidt, orthonormal.gram_schmidt_vjp, X),
        (lambda v: orthonormal.householder(v, M), lambda v: orthonormal.householder_vjp(v, M), vectors),
    ):
        Q, pullback = vjp(free)
        close(onp.swapaxes(Q, 1, 2) @ Q, onp.tile(onp.eye(M), (4, 1, 1)), 1e-13)
        value, traced = autodiff.value_and_vjp(plain, free)
        close(Q, value, 1e-14)
        close(pullback(G), traced(G)[0], 1e-10)
    zeros = onp.zeros((1, D, M))
    close(orthonormal.gram_schmidt(zeros)[0], onp.eye(D)[:, :M], 0.0)
    close(abs(orthonormal.householder(onp.zeros((1, D, D)), M)[0]), onp.eye(D)[:, :M], 0.0)


def test_nearly_dependent_columns_still_become_orthonormal():
    X = rng().normal(size=(1, 6, 1)) + 1e-7 * rng(1).normal(size=(1, 6, 4)) - onp.eye(6)[None, :, :4]
    Q = orthonormal.gram_schmidt(X)[0]
    close(Q.T @ Q, onp.eye(4), 1e-13)


def test_a_column_of_which_only_rounding_is_left_gets_another_direction():
    a = rng().normal(size=(1, 5, 1))
    E = orthonormal.first_columns(a, 5, 2)
    Q, given, lost = orthonormal._gram_schmidt(onp.concatenate([a, a / 3], axis=2) - E)
    assert lost[0, 0].tolist() == [False, True] and sorted(given[0, :, 1]) == [0, 0, 0, 0, 1]
    close(Q[0].T @ Q[0], onp.eye(2), 1e-14)


# --- inverses ---


@every_layer
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_round_trip_far_out_to_1e_9(name, scale):
    layer = LAYERS[name]
    for seed in range(10):
        params = wild_params(layer, rng(seed), scale)
        x = rng(seed + 100).normal(size=(200, 3))
        x *= onp.geomspace(1e-3, 100, 200)[:, None] / onp.linalg.norm(x, axis=1, keepdims=True)
        z, log_det = layer.inverse(params, x)
        back, forward_log_det = layer.forward(params, z)
        close(back, x, 1e-11)
        assert abs(back - x).max() < 1e-9
        again, _ = layer.inverse(params, layer.forward(params, x)[0])
        assert abs(again - x).max() < 1e-9
        close(log_det, -forward_log_det, 1e-9)


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "radial"])
def test_an_inverse_that_does_not_get_there_says_so(name, monkeypatch):
    layer = LAYERS[name]
    params = wild_params(layer, rng(), 2.0)
    x = rng(1).normal(size=(20, 3)) * 3
    x[3] = onp.nan
    with pytest.raises(nf.InversionError, match="no bracket holds the root"):
        layer.inverse(params, x)
    module = sys.modules[type(layer).__module__]
    one_step = partial(module.monotone_root, max_iterations=1)
    monkeypatch.setattr(module, "monotone_root", one_step)
    with pytest.raises(nf.InversionError, match=r"stopped at a relative residual of \d\.\de"):
        layer.inverse(params, x[:3])


@pytest.mark.parametrize("name", few(LAYERS, ["planar", "radial", "sylvester, qr", "sylvester, triangular, flipped"]))
def test_gradients_through_the_inverse_agree_with_finite_differences(name):
    """First and second derivatives with respect to every parameter and x: the search is nowhere in them."""
    layer = LAYERS[name]
    params, x, weight = wild_params(layer, rng(1), 0.5), rng(2).normal(size=(4, 3)), rng(3).normal(size=(4, 3))

    def objective(p, x):
        z, log_det = layer.inverse(p, x)
        return np.sum(weight * z) + np.sum(np.cos(log_det))

    for key in params:
        of_key = lambda p, key=key: objective({**params, key: p}, x)  # noqa: E731
        gradient = autograd.grad(of_key)
        close(gradient(params[key]), numeric(of_key, params[key]), 1e-8)
        step = rng(4).normal(size=params[key].shape)
        along = lambda p, gradient=gradient, step=step: np.sum(gradient(p) * step)  # noqa: E731
        close(autograd.grad(along)(params[key]), numeric(along, params[key]), 1e-7)
    close(autograd.grad(lambda x: objective(params, x))(x), numeric(lambda x: objective(params, x), x), 1e-8)


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "radial"])  # (radial's inverse is a formula)
def test_the_transposed_solve_is_that_of_the_jacobian(name):
    layer, z, g = LAYERS[name], rng().normal(size=(6, 3)), rng(1).normal(size=(6, 3))
    params = wild_params(layer, rng(2))
    own = layer.transposed_solve(params, z, g)
    close(own, nf.NumericInverse.transposed_solve(layer, params, z, g), 1e-12)
    close(onp.einsum("nij,ni->nj", layer.jacobian(params, z), own), g, 1e-12)


# --- radial at its centre ---


@every_dtype
def test_radial_at_its_centre(dtype):
    layer = nf.Radial(2)
    params = trees.map_leaves(lambda p: p.astype(dtype), wild_params(layer, rng()))
    z = onp.tile(params["centre"], (3, 1)) + onp.array([[0, 0], [1e-25, 0], [1e-3, -1e-3]], dtype=dtype)
    alpha, gamma = (1e-3 + softplus(params[key]) for key in ("alpha", "gamma"))
    for direction in ("forward", "inverse"):
        for cls in (nf.Radial, Bijection):
            y, log_det, pullback = getattr(cls, f"{direction}_vjp")(layer, params, z)
            grads = pullback(onp.ones_like(y), onp.ones_like(log_det))
            assert all(onp.isfinite(g).all() for g in (y, log_det, *trees.leaves(grads[0]), grads[1]))
        close(y[0], params["centre"], 1e-12)
    close(layer.jacobian(params, z)[0], gamma / alpha * onp.eye(2), 1e-6)


@every_dtype
def test_radial_inverse_does_not_cancel(dtype):
    """A centre that is blown up: r is a tiny share of B. The formula as it stands in every textbook loses it all."""
    params = {"centre": onp.zeros(2), "alpha": onp.array([-20.0]), "gamma": onp.array([1e4])}
    params = trees.map_leaves(lambda p: p.astype(dtype), params)
    z = onp.array([[1e-9, 0.0], [0.0, 1e-4]], dtype=dtype)
    x, log_det = nf.Radial(2).forward(params, z)
    back, log_det_back = nf.Radial(2).inverse(params, x)
    eps = onp.finfo(dtype).eps
    assert (abs(back - z) <= 8 * eps * abs(z)).all()
    close(log_det_back, -log_det, 64 * eps)
    r_x = onp.linalg.norm(x, axis=1)
    B = 1e4 + 1e-3 - r_x
    textbook = 0.5 * (-B + onp.sqrt(B * B + 4e-3 * r_x))
    assert (abs(textbook - onp.linalg.norm(z, axis=1)) > 1e-4 * onp.linalg.norm(z, axis=1)).any()


# --- parameters per sample; one for all in some leaves, one each in others ---


@every_layer
@every_dtype
def test_parameters_per_sample(name, dtype):
    layer, n = LAYERS[name], 4
    each = [trees.map_leaves(lambda p: p.astype(dtype), wild_params(layer, rng(seed))) for seed in range(n)]
    params = {key: onp.stack([p[key] for p in each]) for key in each[0]}
    z = rng(5).normal(size=(n, 3)).astype(dtype)
    x, log_det = layer.forward(params, z)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    for i, p in enumerate(each):
        row, row_log_det = layer.forward(p, z[i : i + 1])
        close(x[i], row[0], tolerance)
        close(log_det[i], row_log_det[0], tolerance)
    back, log_det_back = layer.inverse(params, x)
    close(back, z, 1e-10 if dtype == "float64" else 1e-2)
    close(log_det_back, -log_det, 1e-10 if dtype == "float64" else 1e-2)
    assert x.dtype == log_det.dtype == back.dtype == dtype


@every_layer
def test_pullbacks_where_some_parameters_are_per_sample(name):
    layer, n = LAYERS[name], 4
    keys = sorted(layer.init(rng()))
    z = rng(5).normal(size=(n, 3))
    for own in [(), *((key,) for key in keys), tuple(keys)]:
        params = wild_params(layer, rng(1), 0.5)
        for key in own:
            params[key] = onp.stack([params[key] + 0.3 * rng(9 + i).normal(size=params[key].shape) for i in range(n)])
        for direction in ("forward", "inverse"):
            ours, theirs = (getattr(cls, f"{direction}_vjp")(layer, params, z) for cls in (type(layer), Bijection))
            g = rng(6).normal(size=(n, 3)), rng(7).normal(size=n)
            close_trees(ours[2](*g)[0], theirs[2](*g)[0], 1e-10)
            close(ours[2](*g)[1], theirs[2](*g)[1], 1e-10)


# --- stacks ---


@pytest.mark.parametrize("layer", [nf.Planar(2), nf.Radial(2), nf.Sylvester(2, 2), nf.Sylvester(2, 1, "triangular")])
def test_a_stack_is_the_chain_of_its_layers(layer):
    stack, chain, z = nf.Stack(layer, 5), nf.Chain([layer] * 5), rng().normal(size=(7, 2))
    params = wild_params(stack, rng(1), 0.5)
    each = [{key: p[k] for key, p in params.items()} for k in range(5)]
    g = rng(2).normal(size=(7, 2)), rng(3).normal(size=7)
    for direction in ("forward_vjp", "inverse_vjp"):
        ours, theirs = getattr(stack, direction)(params, z), getattr(chain, direction)(each, z)
        close(ours[0], theirs[0], 1e-12)
        close(ours[1], theirs[1], 1e-12)
        own, other = ours[2](*g), theirs[2](*g)
        close_trees(own[0], {key: onp.stack([p[key] for p in other[0]]) for key in params}, 1e-11)
        close(own[1], other[1], 1e-11)


@pytest.mark.parametrize("n", [1, 2, 3, 5])  # (3 is also the count of layers)
@pytest.mark.parametrize("make", [nf.flows.planar, nf.flows.radial, nf.flows.sylvester])
def test_a_stack_takes_parameters_per_sample(make, n):
    """The gradient of reverse KL, and the hand pullback of the stack, against the tape."""
    flow = make(2, layers=3)
    params = flow.init(rng())
    rows = trees.map_leaves(lambda p: p[:, None] + 0.3 * rng(1).normal(size=(3, n, *p.shape[1:])), params["bijection"])
    z, g = rng(2).normal(size=(n, 2)), (rng(3).normal(size=(n, 2)), rng(4).normal(size=n))
    for p in (rows, {**rows, min(rows): params["bijection"][min(rows)]}):  # one leaf shared, the others not
        ours, theirs = (cls.forward_vjp(flow.bijection, p, z) for cls in (nf.Stack, Bijection))
        close(ours[0], theirs[0], 1e-12)
        close(ours[1], theirs[1], 1e-11)
        close_trees(ours[2](*g)[0], theirs[2](*g)[0], 1e-9)
        close(ours[2](*g)[1], theirs[2](*g)[1], 1e-9)

    def kl(p, forward):
        z = rng(5).normal(size=(n, 2))
        x, log_det = forward(p, z)
        return np.mean(-0.5 * np.sum(z * z, axis=1) - np.log(2 * np.pi) - log_det + np.sum(x * x, axis=1))

    objective = lambda p: nf.objectives.reverse_kl(  # noqa: E731
        flow, lambda x: -np.sum(x * x, axis=1), {**params, "bijection": p}, rng(5), n
    )
    traced = autograd.grad(lambda p: kl(p, flow.bijection.forward))(rows)
    close_trees(autograd.grad(objective)(rows), traced, 1e-9)


# --- numerics ---


@every_dtype
@pytest.mark.parametrize("D", [1, 2, 784])
def test_a_radial_identity_has_log_det_zero(D, dtype):
    layer, z = nf.Radial(D), (rng().normal(size=(4, D)) * [[0.1], [10], [100], [1000]]).astype(dtype)
    for free in (-3.0, 0.5398, 40.0):
        params = {"centre": onp.zeros(D), "alpha": onp.full(1, free), "gamma": onp.full(1, free)}
        params = trees.map_leaves(lambda p: p.astype(dtype), params)
        assert (layer.forward(params, z)[1] == 0).all() and (layer.inverse(params, z)[1] == 0).all()


def test_radial_in_float32_has_the_log_det_of_float64():
    for seed, D in enumerate((1, 2, 6, 784)):
        layer, z = nf.Radial(D), rng(seed).normal(size=(20, D)) * onp.geomspace(1e-3, 1e3, 20)[:, None]
        for alpha, gamma in ((0.5, 0.5001), (0.5, 3.0), (3.0, -8.0), (200.0, -8.0), (-8.0, 200.0)):
            params = {"centre": rng(9).normal(size=D), "alpha": onp.full(1, alpha), "gamma": onp.full(1, gamma)}
            exact = layer.forward(trees.map_leaves(lambda p: p.astype("f4").astype("f8"), params), z.astype("f4") * 1.0)
            single = layer.forward(trees.map_leaves(lambda p: p.astype("f4"), params), z.astype("f4"))
            assert single[1].dtype == onp.float32
            assert (abs(single[1] - exact[1]) <= 3e-6 * (1 + abs(exact[1]))).all()


def test_radial_far_out_and_close_by_in_float32():
    layer = nf.Radial(2)
    params = {"centre": onp.zeros(2, "f4"), "alpha": onp.full(1, 0.5, "f4"), "gamma": onp.full(1, 0.9, "f4")}
    z = onp.array([[1e20, 0], [-1e30, 1e30], [1e-15, 1e-15], [1, 1]], "f4")
    for direction, back in (("forward", "inverse"), ("inverse", "forward")):
        x, log_det, pullback = getattr(layer, f"{direction}_vjp")(params, z)
        close(x, getattr(layer, direction)(params, z)[0], 1e-6)
        again, log_det_back = getattr(layer, back)(params, x)
        assert (abs(again - z) <= 1e-6 * abs(z)).all() and abs(log_det + log_det_back).max() < 1e-6
        g_params, g_x, _ = pullback(onp.ones_like(z), onp.ones_like(log_det))
        assert all(onp.isfinite(g).all() for g in (*trees.leaves(g_params), g_x, layer.jacobian(params, z)))


@pytest.mark.parametrize("a", [-50.0, -5e3, -5e4, -1e6])
def test_planar_far_outside_of_ordinary_parameters_stays_invertible_in_float32(a):
    w, across = onp.array([[0.6, 0.8]]), onp.array([[0.8, -0.6]])
    params = {"w": w, "u": a * w + 2 * across, "b": onp.zeros((1, 1))}
    params = trees.map_leaves(lambda p: p.astype("f4"), params)
    layer, z = nf.Planar(2), onp.array([[0.3, -0.2]], "f4")
    A, W, _, s = layer.pieces(params)
    assert abs((A[0, :, 0].astype("f8") @ W[0, 0].astype("f8")) - (s[0, 0].astype("f8") - 1)) < 3e-7
    assert A.dtype == onp.float32 and s[0, 0] >= MARGIN * (1 - 1e-6)
    x, log_det = layer.forward(params, z)
    back, log_det_back = layer.inverse(params, x)
    close(layer.forward(params, back)[0], x, 1e-6)
    close(log_det_back, -log_det, 1e-2)  # (the slope 1e-3 of the map enlarges what was rounded a thousand times)


def test_dependent_columns_get_a_direction_in_their_place():
    """basis = -I, equal columns, and a column whose own axis is taken already: Q is orthonormal, gradients finite."""
    E = onp.eye(3)
    for X in (-E[:, :2], onp.ones((3, 3)) - E, onp.stack([E[:, 1], 0 * E[:, 0], E[:, 0]], axis=1) - E):
        for dtype in ("f8", "f4"):
            X = X.astype(dtype)
            Q, pullback = orthonormal.gram_schmidt_vjp(X[None])
            close(Q[0].T @ Q[0], onp.eye(X.shape[1]), 1e-14 if dtype == "f8" else 1e-6)
            G = rng().normal(size=Q.shape).astype(dtype)
            value, traced = autodiff.value_and_vjp(orthonormal.gram_schmidt, X[None])
            close(value, Q, 0.0)
            close(pullback(G), traced(G)[0], 1e-12 if dtype == "f8" else 1e-4)
    layer, z = nf.Sylvester(2, 2), rng().normal(size=(5, 2))
    params = {**wild_params(layer, rng(1), 0.5), "basis": -onp.eye(2)}
    close(layer.inverse(params, layer.forward(params, z)[0])[0], z, 1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nf.Planar(0), "dim must be an integer of at least 1; got 0"),
        (lambda: nf.Radial(0), "dim must be an integer of at least 1; got 0"),
        (lambda: nf.Sylvester(2, 0), "rank must be an integer of at least 1; got 0"),
        (lambda: nf.Sylvester(2, 3), "rank must be at most dim = 2; got 3"),
        (lambda: nf.Sylvester(2, 1, "svd"), "orthogonal must be one of qr, householder, triangular; got 'svd'"),
        (lambda: nf.Sylvester(2, 1, flip=True), "flip belongs to orthogonal='triangular'; got 'qr'"),
        (lambda: nf.Stack(nf.Planar(2), 0), "count must be an integer of at least 1; got 0"),
        (lambda: nf.Stack(nf.Reshape((4,), (2, 2)), 2), "layer must keep the event shape"),
        (lambda: nf.flows.planar(2, layers=0), "layers must be an integer of at least 1; got 0"),
        (lambda: nf.flows.sylvester(2, layers=0), "layers must be an integer of at least 1; got 0"),
    ],
)
def test_what_is_asked_for_must_make_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", [nf.flows.planar, nf.flows.radial, nf.flows.sylvester])
def test_recipes_are_flows_that_integrate_to_one_and_survive_a_file(make, tmp_path):
    flow = make(2, layers=3)
    params = {**flow.init(rng()), "bijection": check.random_params(flow.bijection, rng(1), 0.5)}
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high).raise_if_failed()
    nf.save(tmp_path / "a.flow", flow, params)
    again, loaded = nf.load(tmp_path / "a.flow")
    x, log_q = flow.sample_and_log_prob(params, rng(3), 50)
    close(again.log_prob(loaded, x), log_q, 1e-9)


# --- bugs that were published ---


@pytest.mark.parametrize(("D", "least", "most"), [(2, 0.002, 0.012), (10, 0.10, 0.16), (50, 0.29, 0.37)])
def test_museum_u_hat_divided_by_the_length(D, least, most):
    """tonyduan/normalizing-flows#2: w / |w| for w / |w|^2 leaves w.u_hat <= -1 in this share of N(0, I) draws."""
    w, u = rng(D).normal(size=(2, 20_000, D))
    a = (w * u).sum(axis=1)
    wrong = u + ((-1 + softplus(a) - a) / onp.linalg.norm(w, axis=1))[:, None] * w
    share = ((w * wrong).sum(axis=1) <= -1).mean()
    assert least < share < most
    ours = nf.Planar(D).pieces({"w": w, "u": u, "b": onp.zeros(1)})[0][:, :, 0]
    assert ((w * ours).sum(axis=1) > -1).all()


def test_museum_the_norm_over_the_wrong_axes():
    """normflows 1.7.3, Radial((D,), z_0) with z_0 of shape (D,): one norm for the whole batch. One row is right."""
    params = wild_params(nf.Radial(2), rng())
    alpha, gamma = (1e-3 + softplus(params[key]) for key in ("alpha", "gamma"))

    def forward(z, axis):
        d = z - params["centre"]
        r = onp.sqrt((d * d).sum(axis=axis, keepdims=True))
        f, bend = (gamma + r) / (alpha + r), r * (alpha - gamma) / (alpha + r) ** 2
        return z + (f - 1) * d, (onp.log(f) + onp.log(f + bend)).ravel() + onp.zeros(len(z))

    def audit(axis):
        inverse = lambda x: nf.Radial(2).inverse(params, x)  # noqa: E731
        return nf.check.audit((lambda z: forward(z, axis), inverse), dims=(2,), changes=False, show=False)

    one = rng().normal(size=(1, 2))
    close(forward(one, None)[0], nf.Radial(2).forward(params, one)[0], 1e-13)
    audit(1).raise_if_failed()
    assert "I" in {failure.letter for failure in audit(None).failures}


@pytest.mark.parametrize(("dtype", "far"), [("float64", 1e200), ("float32", 1e25)])
def test_a_stack_of_radial_layers_measures_far_points_as_each_layer_does(dtype, far):
    stack = nf.Stack(nf.Radial(2), 2)
    params = nf.trees.map_leaves(lambda leaf: leaf.astype(dtype), stack.init(onp.random.default_rng(0)))
    z = onp.array([[far, -2 * far], [1.0, 2.0]], dtype)
    x, log_det, pullback = stack.forward_vjp(params, z)
    for found, expected in zip((x, log_det), stack.chain.forward(stack.each(params), z), strict=True):
        close(found, expected, 1e-5 if dtype == "float32" else 1e-13)
    close(pullback(onp.ones_like(x), onp.zeros_like(log_det))[1][0], onp.ones(2), 1e-5)


@pytest.mark.parametrize(("room", "layer"), [(planar, nf.Planar(2)), (sylvester, nf.Sylvester(2, 2))])
def test_a_search_is_given_the_slope_of_what_it_solves(room, layer, monkeypatch):
    searched, search = [], room.monotone_root
    monkeypatch.setattr(room, "monotone_root", lambda f, c: searched.append(f) or search(f, c))
    params = check.random_params(layer, onp.random.default_rng(0), 1.0)
    layer.inverse(params, onp.random.default_rng(1).normal(size=(5, 2)))
    p = onp.linspace(-2.0, 2.0, 5)
    for f in searched:
        close(f(p)[1], (f(p + 1e-5)[0] - f(p - 1e-5)[0]) / 2e-5, 1e-8)
    assert len(searched) == (1 if room is planar else 2)
