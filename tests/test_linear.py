"""Linear flows: each factorisation is the matrix that it says; what it reaches; and the Gaussian that it is."""

import itertools

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees

import nfscratch as nf
from nfscratch import check, trees
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.ops import reflections as kernel
from nfscratch.ops import triangle

LAYERS = {
    "diagonal": nf.Diagonal,
    "lower": nf.Triangular,
    "upper": lambda dim: nf.Triangular(dim, lower=False),
    "householder": nf.Householder,
    "plu": lambda dim: nf.PLU(dim, seed=1),
    "qr": nf.QR,
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def rng(seed=0):
    return onp.random.default_rng(seed)


def wild(layer, seed=0):
    return check.random_params(layer, rng(seed), 1.0)


# --- the matrices ---


def below(entries, dim):
    T = onp.zeros((dim, dim))
    T[onp.tril_indices(dim, -1)] = entries
    return T


def above(entries, dim):
    T = onp.zeros((dim, dim))
    T[onp.triu_indices(dim, 1)] = entries
    return T


def reflections(vectors):
    """H_1 H_2 ... H_M by the definition, one after the other."""
    Q, dim = onp.eye(vectors.shape[1]), vectors.shape[1]
    for k, a in enumerate(vectors):
        v = a + onp.eye(dim)[k % dim]
        Q = Q @ (onp.eye(dim) - 2 * onp.outer(v, v) / (v @ v))
    return Q


def by_definition(name, p, dim):
    scale = onp.diag(onp.exp(10 * onp.tanh(p["log_diagonal"] / 10))) if "log_diagonal" in p else None
    if name == "diagonal":
        return scale
    if name == "lower":
        return below(p["triangle"], dim) + scale
    if name == "upper":
        return above(p["triangle"], dim) + scale
    if name == "householder":
        return reflections(p["vectors"])
    if name == "qr":
        return reflections(p["vectors"]) @ (above(p["upper"], dim) + scale)
    P = onp.eye(dim)[onp.random.default_rng(1).permutation(dim)]
    return P @ (onp.eye(dim) + below(p["lower"], dim)) @ (above(p["upper"], dim) + scale)


@every_layer
@pytest.mark.parametrize("dim", [1, 2, 5, 6])
def test_x_is_the_matrix_of_the_docstring_times_z_plus_b(name, dim):
    layer = LAYERS[name](dim)
    params, z = wild(layer), rng(1).normal(size=(4, dim))
    A = by_definition(name, params, dim)
    close(layer.matrix(params), A, 1e-13)
    close(layer.forward(params, z)[0], z @ A.T + params["shift"], 1e-13)
    close(layer.forward(params, z)[1], onp.full(4, onp.linalg.slogdet(A)[1]), 1e-12)


@pytest.mark.parametrize("dim", [1, 2, 5, 30])
def test_the_parameters_are_as_many_as_the_docstrings_say(dim):
    half = dim * (dim - 1) // 2
    expected = {
        "diagonal": 2 * dim,
        "lower": half + 2 * dim,
        "upper": half + 2 * dim,
        "householder": dim * dim + dim,
        "plu": dim * dim + dim,
        "qr": dim * dim + half + 2 * dim,
    }
    for name, count in expected.items():
        assert trees.count(LAYERS[name](dim).init(rng())) == count
    assert trees.count(nf.Conv1x1((dim, 4, 4)).init(rng())) == dim * dim + dim
    assert trees.count(nf.Householder(dim, 2).init(rng())) == 3 * dim


def test_fresh_parameters_are_the_identity_the_permutation_or_orthogonal():
    for name, layer in ((name, make(5)) for name, make in LAYERS.items()):
        A = layer.matrix(layer.init(rng()))
        close(A @ A.T, onp.eye(5), 1e-14)
        if name in ("diagonal", "lower", "upper"):
            assert (A == onp.eye(5)).all()
        if name == "plu":
            assert (A == onp.eye(5)[layer.order]).all() and (A != onp.eye(5)).any()


@pytest.mark.parametrize("a", [-1e300, 1e300])
def test_the_log_diagonal_is_bounded(a):
    for layer in (nf.Diagonal(2, 3.0), nf.Triangular(2, max_log_scale=3.0), nf.PLU(2, max_log_scale=3.0)):
        params = {**layer.init(rng()), "log_diagonal": onp.full(2, a)}
        close(layer.forward(params, onp.ones((1, 2)))[1], [onp.sign(a) * 6], 1e-12)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: nf.PLU(0), "dim must be an integer of at least 1; got 0"),
        (lambda: nf.Householder(3, 0), "reflections must be an integer of at least 1; got 0"),
        (lambda: nf.QR(3, -1), "reflections must be an integer of at least 1; got -1"),
        (lambda: nf.Householder(3, 2.5), "reflections must be an integer of at least 1; got 2.5"),
        (lambda: nf.PLU(2.5), "dim must be an integer of at least 1; got 2.5"),
        (lambda: nf.PLU(True), "dim must be an integer of at least 1; got True"),
        (lambda: nf.PLU("3"), "dim must be an integer of at least 1; got '3'"),
        (lambda: nf.PLU(3, seed=-1), "seed must be an integer of at least 0; got -1"),
        (lambda: nf.Diagonal(3, "a"), "max_log_scale must be positive and finite; got 'a'"),
        (lambda: nf.Conv1x1((3, 2.7, 2)), r"H of shape \(C, H, W\) must be an integer of at least 1; got 2.7"),
        (lambda: nf.Conv1x1(3), r"shape must be \(C, H, W\), each at least 1; got 3"),
        (lambda: nf.Conv1x1((3, 2, 2), "plu"), r"linear must be a Linear layer, such as nf\.PLU\(3\); got 'plu'"),
        (
            lambda: nf.Conv1x1((3, 2, 2), nf.Planar(3)),
            r"linear must be a Linear layer, such as nf\.PLU\(3\); got Planar",
        ),
        (lambda: nf.Diagonal(3, 0.0), "max_log_scale must be positive and finite; got 0.0"),
        (lambda: nf.Conv1x1((3, 4)), r"shape must be \(C, H, W\), each at least 1; got \(3, 4\)"),
        (lambda: nf.Conv1x1((3, 2, 2), nf.PLU(2)), r"linear must map 3 channels; got one of shape \(2,\)"),
        (lambda: nf.flows.linear(3, "lu"), "kind must be one of plu, qr, .*; got 'lu'"),
    ],
)
def test_what_is_not_possible_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# --- parameters per sample ---


def per_sample_params(layer, n):
    draws = [wild(layer, seed) for seed in range(n)]
    return draws, {name: onp.stack([draw[name] for draw in draws]) for name in draws[0]}


@every_layer
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_parameters_per_sample_give_each_row_its_own_map(name, dim):
    layer, z = LAYERS[name](dim), rng(1).normal(size=(4, dim))
    draws, params = per_sample_params(layer, 4)
    for direction in ("forward", "inverse"):
        each = [getattr(layer, direction)(p, row[None]) for p, row in zip(draws, z, strict=True)]
        y, log_det = getattr(layer, direction)(params, z)
        close(y, onp.concatenate([a for a, _ in each]), 1e-12)
        close(log_det, onp.concatenate([b for _, b in each]), 1e-12)
    close(layer.jacobian(params, z), onp.stack([layer.matrix(p) for p in draws]), 1e-12)


@every_layer
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_pullbacks_with_some_of_the_parameters_per_sample(name, direction):
    """Every subset of the leaves with a batch axis: the others' gradients are summed over the batch."""
    layer, z = LAYERS[name](3), rng(1).normal(size=(4, 3))
    draws, each = per_sample_params(layer, 4)
    for mask in itertools.product((False, True), repeat=len(each)):
        params = {key: each[key] if own else draws[0][key] for key, own in zip(each, mask, strict=True)}
        g_y, g_log_det = rng(2).normal(size=(4, 3)), rng(3).normal(size=4)
        own, traced = (
            getattr(cls, f"{direction}_vjp")(layer, params, z)[2](g_y, g_log_det) for cls in (type(layer), Bijection)
        )
        assert [g.shape for g in trees.leaves(own[0])] == [p.shape for p in trees.leaves(params)]
        close_trees(own[0], traced[0], 1e-12)
        close(own[1], traced[1], 1e-12)


# --- triangles ---


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("dim", [1, 63, 64, 65, 200])
def test_solving_by_halves_is_solving(lower, dim):
    T = (onp.tril if lower else onp.triu)(rng().normal(size=(dim, dim)) / dim) + onp.eye(dim)
    y, noise = rng(1).normal(size=(dim, 3)), rng(2).normal(size=(dim, dim))
    other_side = onp.triu(noise, 1) if lower else onp.tril(noise, -1)
    close(triangle.solve(T + other_side, y, lower), onp.linalg.solve(T, y), 1e-12)
    close(triangle.solve(onp.stack([T, 2 * T]), y, lower)[1], onp.linalg.solve(T, y) / 2, 1e-12)


@pytest.mark.parametrize("lower", [True, False])
def test_entries_stand_row_by_row_and_the_adjoint_takes_them_back(lower):
    T = triangle.strict_triangle(onp.arange(1.0, 7.0), 4, lower)
    rows = [T[i, :i] if lower else T[i, i + 1 :] for i in range(4)]
    assert onp.concatenate(rows).tolist() == [1, 2, 3, 4, 5, 6] and (T != 0).sum() == 6
    assert triangle.strict_entries(T, 4, lower).tolist() == [1, 2, 3, 4, 5, 6]


# --- orthogonal matrices ---


def haar(dim, seed):
    Q, R = onp.linalg.qr(rng(seed).normal(size=(dim, dim)))
    return Q * onp.sign(onp.diag(R))


def vectors_of(Q):
    """Directions of at most D reflections whose product is Q: Householder's QR, which leaves R = I."""
    dim, rest, found = len(Q), Q.copy(), []
    for k in range(dim):
        v = onp.eye(dim)[k] - rest[:, k]
        if v @ v > 1e-20:  # else the column is e_k already
            found.append(v)
            rest = rest - 2 * onp.outer(v, v @ rest) / (v @ v)
    close(rest, onp.eye(dim), 1e-12)
    return found


def with_directions(layer, vectors):
    axes = onp.eye(layer.dim)[onp.arange(len(vectors)) % layer.dim]
    return {**layer.init(rng()), "vectors": onp.stack(vectors) - axes}


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("seed", range(6))
def test_d_reflections_reach_every_orthogonal_matrix_of_their_sign_and_d_minus_1_the_others(dim, seed):
    Q = haar(dim, seed)
    vectors = vectors_of(Q)
    assert len(vectors) <= dim and (-1) ** len(vectors) == round(onp.linalg.det(Q))
    count = dim if (-1) ** dim == round(onp.linalg.det(Q)) else dim - 1
    vectors += [onp.eye(dim)[0]] * (count - len(vectors))  # an even number: equal pairs cancel
    if count:
        layer = nf.Householder(dim, count)
        close(layer.matrix(with_directions(layer, vectors)), Q, 1e-13)


@pytest.mark.parametrize("dim", [2, 5])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_the_number_of_reflections_is_the_sign_of_the_determinant(dim, count):
    layer = nf.Householder(dim, count)
    for seed in range(5):
        assert round(onp.linalg.det(layer.matrix(wild(layer, seed)))) == (-1) ** count


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("length", [0.0, 1e-40, 1e-20, 1e-7, 1e-5, 1.0, 1e15])
def test_any_vectors_make_an_orthogonal_matrix_with_finite_gradients(dtype, length):
    """A direction of length 0 too, which is no reflection: the axis stands in for it."""
    directions = length * haar(4, 0)[:3]
    a = (directions - onp.eye(4)[:3]).astype(dtype)
    if length < 1e-10:
        a = -onp.eye(4)[:3].astype(dtype)
        a[:, 3] = length
    layer = nf.Householder(4, 3)
    params = {"vectors": a, "shift": onp.zeros(4, dtype)}
    A = layer.matrix(params)
    assert A.dtype == dtype
    close(A @ A.T, onp.eye(4), 1e-14 if dtype == "float64" else 1e-6)
    for cls in (nf.Householder, Bijection):
        _, _, pullback = cls.inverse_vjp(layer, params, onp.ones((2, 4), dtype))
        grads, g_x, _ = pullback(onp.ones((2, 4), dtype), onp.ones(2, dtype))
        assert onp.isfinite(grads["vectors"]).all() and onp.isfinite(g_x).all()
        assert length >= 1e-6 or not grads["vectors"].any()


@pytest.mark.parametrize("count", [1, 4, 40])
def test_a_block_of_reflections_is_their_product_even_where_they_are_nearly_parallel(count):
    for spread in (1.0, 1e-3, 0.0):
        U = kernel.directions(onp.eye(4)[0] * 9 + spread * rng().normal(size=(count, 4)))
        Q = onp.eye(4)
        for u in U:
            Q = Q @ (onp.eye(4) - 2 * onp.outer(u, u))
        close(kernel.reflect(U, onp.eye(4)), Q, 1e-13)
        close(kernel.reflect(kernel.backwards(U), Q), onp.eye(4), 1e-13)


# --- what a fixed permutation limits, and what it does not ---


def lu(A):
    """L and U with A = L U, without pivots."""
    L, U = onp.eye(len(A)), A.copy()
    for k in range(len(A) - 1):
        L[k + 1 :, k] = U[k + 1 :, k] / U[k, k]
        U[k + 1 :] -= onp.outer(L[k + 1 :, k], U[k])
    return L, U


def plu_params(layer, A):
    """Parameters with matrix A; its leading minors, rows permuted, must be positive."""
    L, U = lu(A[onp.argsort(layer.order)])
    assert (onp.diag(U) > 0).all()
    a = layer.max_log_scale * onp.arctanh(onp.log(onp.diag(U)) / layer.max_log_scale)
    dim = layer.dim
    entries = {"lower": L[onp.tril_indices(dim, -1)], "upper": U[onp.triu_indices(dim, 1)], "log_diagonal": a}
    return {**layer.init(rng()), **entries}


@pytest.mark.parametrize("seed", range(5))
def test_plu_keeps_all_leading_minors_of_the_permuted_matrix_positive(seed):
    layer = nf.PLU(5, seed=seed)
    for draw in range(20):
        M = layer.matrix(wild(layer, draw))[onp.argsort(layer.order)]
        assert all(onp.linalg.det(M[:k, :k]) > 0 for k in range(1, 6))


def test_a_matrix_with_a_zero_minor_is_reached_in_the_limit_only():
    """P = I and a quarter turn: the nearer, the larger the factors, as 1 / cos of the angle."""
    layer = nf.PLU(2, seed=next(s for s in range(9) if (onp.random.default_rng(s).permutation(2) == [0, 1]).all()))
    for gap in (1e-1, 1e-2, 1e-3):
        angle = onp.pi / 2 - gap
        turn = onp.array([[onp.cos(angle), -onp.sin(angle)], [onp.sin(angle), onp.cos(angle)]])
        params = plu_params(layer, turn)
        close(layer.matrix(params), turn, 1e-14 / gap**2)  # two terms of size 1 / gap cancel down to gap
        assert 0.9 < gap * params["lower"][0] < 1.1


@pytest.mark.parametrize("dim", [2, 5])
@pytest.mark.parametrize("seed", range(6))
def test_every_covariance_is_reached_whatever_the_permutation(dim, seed):
    layer, B = nf.PLU(dim, seed=seed), rng(seed).normal(size=(dim, dim))
    C = B @ B.T + 0.01 * onp.eye(dim)
    undo = onp.argsort(layer.order)
    factor = onp.linalg.cholesky(C[undo][:, undo])[layer.order]
    params = plu_params(layer, factor)
    close(layer.matrix(params) @ layer.matrix(params).T, C, 1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_qr_reaches_every_matrix_of_its_sign(seed):
    A = rng(seed).normal(size=(5, 5))
    A[0] *= -onp.sign(onp.linalg.det(A))  # five reflections: det A < 0
    Q, R = onp.linalg.qr(A)
    signs = onp.sign(onp.diag(R))
    Q, R = Q * signs, R * signs[:, None]
    layer = nf.QR(5)
    vectors = vectors_of(Q)
    vectors += [onp.eye(5)[0]] * (5 - len(vectors))
    params = with_directions(layer, vectors)
    params |= {"upper": R[onp.triu_indices(5, 1)], "log_diagonal": 10 * onp.arctanh(onp.log(onp.diag(R)) / 10)}
    close(layer.matrix(params), A, 1e-12)


# --- the Gaussian ---


def gaussian_log_likelihood(x):
    """The largest mean log-likelihood of any Gaussian on x (N, D): 1/2 (-log|C| - D log 2 pi - D)."""
    C, D = onp.cov(x.T, bias=True), x.shape[1]
    return -0.5 * (onp.linalg.slogdet(C)[1] + D * onp.log(2 * onp.pi) + D)


def test_a_triangle_that_is_the_cholesky_factor_is_the_gaussian():
    x = rng().normal(size=(50, 4)) @ rng(1).normal(size=(4, 4)) + 3
    flow = nf.Flow(nf.StandardNormal(4), nf.Triangular(4))
    L = onp.linalg.cholesky(onp.cov(x.T, bias=True))
    layer = {"triangle": L[onp.tril_indices(4, -1)], "log_diagonal": 10 * onp.arctanh(onp.log(onp.diag(L)) / 10)}
    params = {**flow.init(rng()), "bijection": {**layer, "shift": x.mean(axis=0)}}
    close(flow.log_prob(params, x).mean(), gaussian_log_likelihood(x), 1e-12)


EXHAUSTIVE = pytest.mark.exhaustive


@EXHAUSTIVE
@pytest.mark.parametrize("kind", ["triangular", "plu", "qr"])
def test_maximum_likelihood_finds_the_full_covariance_gaussian(kind):
    """30 measurements of 569 tumours, nearly collinear: the covariance's condition number is 1e5."""
    data = nf.data.load("breast_cancer")
    x = onp.concatenate([data.train, data.validation, data.test])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    assert onp.linalg.cond(onp.cov(x.T)) > 9e4
    flow = nf.flows.linear(30, kind)
    result = nf.fit(
        flow, x, rng=rng(), validation=None, steps=2500, batch_size=len(x), optimizer=nf.adam(5e-3), progress=False
    )
    gap = gaussian_log_likelihood(x) - flow.log_prob(result.params, x).mean()
    assert -1e-9 < gap < 1e-3


def test_a_diagonal_or_a_rotation_is_less_than_the_gaussian():
    x = rng().normal(size=(400, 3)) @ onp.array([[2.0, 0, 0], [1.5, 0.5, 0], [0, 1, 1]]).T
    for kind in ("diagonal", "householder"):
        flow = nf.flows.linear(3, kind)
        result = nf.fit(flow, x, rng=rng(), validation=None, steps=300, batch_size=400, optimizer=nf.adam(0.03))
        assert flow.log_prob(result.params, x).mean() < gaussian_log_likelihood(x) - 0.1


def test_det_underflows_where_slogdet_does_not():
    A = 0.01 * onp.eye(300)
    assert onp.linalg.det(A) == 0.0
    close(onp.linalg.slogdet(A)[1], -1381.551, 1e-6)
    layer = nf.Triangular(300)
    params = {**layer.init(rng()), "log_diagonal": onp.full(300, 10 * onp.arctanh(onp.log(0.01) / 10))}
    close(layer.forward(params, onp.zeros((1, 300)))[1], [300 * onp.log(0.01)], 1e-12)


# --- published mistakes, and the check that finds each ---


class ForgetsP(nf.PLU):
    """z = U^-1 L^-1 x."""

    def _unpermuted(self, x):
        return x


def test_an_inverse_that_forgets_the_permutation_is_seen_by_the_round_trip_alone():
    for dim in (2, 5, 6):
        layer = next(layer for seed in range(9) if (layer := ForgetsP(dim, seed)).order[0] != 0)
        params, z = wild(layer), rng(1).normal(size=(8, dim))
        assert not check.round_trip(layer, params, z).ok
        assert check.log_dets_cancel(layer, params, z).ok
        assert all(finding.ok for finding in check.log_det_is_jacobian(layer, params, z))


class WithoutPixels(nf.Conv1x1):
    """log_det = log|det A|, once for a whole image."""

    def _over_pixels(self, log_det):
        return super()._over_pixels(log_det) / self._count


def test_a_convolution_without_the_factor_of_pixels_is_seen_by_the_jacobian_of_an_image():
    for shape, ok in (((3, 1, 1), True), ((3, 2, 2), False)):
        layer = WithoutPixels(shape)
        params, z = wild(layer), rng(1).normal(size=(4, *shape))
        assert check.round_trip(layer, params, z).ok and check.log_dets_cancel(layer, params, z).ok
        assert all(finding.ok == ok for finding in check.log_det_is_jacobian(layer, params, z))


# --- 1x1 convolution ---


@pytest.mark.parametrize("linear", [nf.PLU(3), nf.QR(3), nf.Householder(3), nf.Triangular(3), nf.Diagonal(3)])
def test_a_1x1_convolution_is_the_matrix_at_every_pixel(linear):
    layer = nf.Conv1x1((3, 4, 5), linear)
    params, z = wild(layer), rng(1).normal(size=(2, 3, 4, 5))
    x, log_det = layer.forward(params, z)
    A, b = linear.matrix(params), params["shift"]
    close(x, onp.einsum("ij,njhw->nihw", A, z) + b[:, None, None], 1e-13)
    close(log_det, onp.full(2, 20 * onp.linalg.slogdet(A)[1]), 1e-12)


def test_linear_flows_are_saved_and_loaded(tmp_path):
    layers = [
        nf.Conv1x1((2, 3, 1), nf.QR(2, 3)),
        nf.Reshape((2, 3, 1), (6,)),
        nf.PLU(6, seed=3),
        nf.Triangular(6, False),
    ]
    flow = nf.Flow(nf.StandardNormal((2, 3, 1)), nf.Chain(layers))
    params, x = flow.init(rng()), rng(1).normal(size=(4, 6))
    nf.save(tmp_path / "linear.flow", flow, params)
    loaded, loaded_params = nf.load(tmp_path / "linear.flow")
    assert (loaded.log_prob(loaded_params, x) == flow.log_prob(params, x)).all()


class Scaled(Linear):
    """A subclass that leaves the pullbacks to the base, which traces them: A = diag(e^a)."""

    shapes = property(lambda self: {"a": (self.dim,)})

    def apply(self, params, z):
        return np.exp(params["a"])[..., None] * z, np.sum(params["a"], axis=-1)

    def solve(self, params, x):
        return np.exp(-params["a"])[..., None] * x, -np.sum(params["a"], axis=-1)


@pytest.mark.parametrize("way", ["forward", "inverse"])
@pytest.mark.parametrize("rows", [(), (4,)], ids=["shared", "per sample"])
def test_pullbacks_that_a_subclass_does_not_write_are_traced(way, rows):
    layer, z, g = Scaled(3), rng(1).normal(size=(4, 3)), rng(2).normal(size=(4, 3))
    a, shift = rng(3).normal(size=(2, *rows, 3))
    params, sign = {"a": a, "shift": shift}, 1.0 if way == "forward" else -1.0
    y, log_det, pullback = getattr(layer, f"{way}_vjp")(params, z)
    inside = z if way == "forward" else z - shift
    close(y, onp.exp(sign * a) * inside + (shift if way == "forward" else 0.0), 1e-14)
    close(log_det, onp.full(4, sign * a.sum(axis=-1)), 1e-14)
    g_params, g_z, _ = pullback(g, onp.array([1.0, 2.0, 3.0, 4.0]))
    g_a = sign * (g * onp.exp(sign * a) * inside + onp.array([[1.0], [2.0], [3.0], [4.0]]))
    close(g_params["a"], g_a if rows else g_a.sum(axis=0), 1e-13)
    close(g_z, g * onp.exp(sign * a), 1e-14)
