"""ops/layout.py: parameters batch first and batch last, and the gradient of what was broadcast."""

import autograd.numpy as np
import numpy as onp
import pytest
from autograd import elementwise_grad, grad

import nfscratch as nf
from nfscratch.ops.layout import columns, from_columns, rows, stacked, sum_events, sum_to

N, D, P = 4, 3, 2


def normal(*shape):
    return onp.random.default_rng(list(shape)).normal(size=shape)


# --- sum_to ---

BROADCAST = [  # the shape of a variable, and what it was broadcast to
    ((D,), (N, D)),
    ((1, D), (N, D)),
    ((D, 1), (D, N)),
    ((1, 1), (D, N)),
    ((D, P), (N, D, P)),
    ((1, D, P), (N, D, P)),
    ((P, D, 1), (P, D, N)),
    ((D, 1), (N, D, P)),
    ((), (N,)),
    ((1,), (1, 1)),
    ((D,), (0, D)),
    ((D, 1), (D, 0)),
    ((N, D), (N, D)),
]


@pytest.mark.parametrize(("shape", "larger"), BROADCAST)
def test_sum_to_is_the_gradient_of_a_broadcast_variable(shape, larger):
    weights, p = normal(*larger), normal(*shape)
    traced = grad(lambda p: np.sum(weights * p))(p)
    found = sum_to(weights, shape)
    assert found.shape == shape
    onp.testing.assert_allclose(found, traced, rtol=1e-14, atol=1e-14)


def test_sum_to_copies_nothing_where_nothing_was_broadcast():
    g = normal(N, D)
    assert sum_to(g, (N, D)) is g


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sum_to_keeps_the_dtype_down_to_a_single_number(dtype):
    assert sum_to(normal(N).astype(dtype), ()).dtype == dtype


def test_sum_to_refuses_a_gradient_that_is_smaller_than_its_variable():
    with pytest.raises(ValueError, match="reshape"):
        sum_to(normal(D, 1), (D, N))


# --- columns and rows ---


@pytest.mark.parametrize(("shape", "event_dims"), [((D,), 1), ((D, P), 2)])
@pytest.mark.parametrize("batch", [(), (N,)])
def test_columns_broadcast_against_batch_last_arrays(shape, event_dims, batch):
    p = normal(*batch, *shape)
    found = columns(p, event_dims)
    assert found.shape == (*shape[::-1], *(batch or (1,))) and onp.shares_memory(found, p)
    full = onp.broadcast_to(p, (N, *shape))
    onp.testing.assert_array_equal(onp.broadcast_to(found, (*shape[::-1], N)), full.T)


@pytest.mark.parametrize(("shape", "event_dims"), [((D,), 1), ((D, P), 2)])
@pytest.mark.parametrize("batch", [(), (N,)])
def test_rows_stand_first(shape, event_dims, batch):
    p = normal(*batch, *shape)
    found = rows(p, event_dims)
    assert found.shape == (*(batch or (1,)), *shape) and onp.shares_memory(found, p)
    onp.testing.assert_array_equal(found.reshape(p.shape), p)


@pytest.mark.parametrize(("shape", "event_dims"), [((D,), 1), ((D, P), 2)])
@pytest.mark.parametrize("batch", [(), (1,), (N,)])
def test_from_columns_is_the_gradient_of_columns(shape, event_dims, batch):
    weights, p = normal(*shape[::-1], N), normal(*batch, *shape)
    traced = grad(lambda p: np.sum(weights * columns(p, event_dims)))(p)
    onp.testing.assert_allclose(from_columns(weights, p), traced, rtol=1e-14, atol=1e-14)


def test_from_columns_takes_a_gradient_that_is_summed_already():
    g, p = normal(P, D, N), normal(D, P)
    onp.testing.assert_allclose(from_columns(g.sum(axis=2, keepdims=True), p), from_columns(g, p), rtol=1e-14)


def test_columns_come_apart_under_a_derivative():
    def product(theta):
        a, t = columns(theta, 2)
        return np.sum(a * t)

    theta = normal(N, D, P)
    onp.testing.assert_array_equal(elementwise_grad(product)(theta), theta[..., ::-1])


def test_stacked_is_numpys_stack():
    parts = [normal(D, N), normal(D, N) + 1]
    onp.testing.assert_array_equal(stacked(parts), onp.stack(parts))


@pytest.mark.parametrize("event", [(D,), (2, 3, 4), ()])
def test_sum_events_leaves_one_number_for_each_row(event):
    x = normal(N, *event)
    assert sum_events(x).shape == (N,)
    onp.testing.assert_allclose(sum_events(x), x.reshape(N, -1).sum(axis=1), rtol=1e-13)


# --- a layer whose parameters were given once, with an axis of length 1 in front ---

LAYERS = [nf.Planar(D), nf.Sylvester(D, 2), nf.Radial(D), nf.ActNorm(D), nf.Diagonal(D), nf.Triangular(D), nf.PLU(D)]
LAYERS += [nf.QR(D), nf.Householder(D), nf.Elementwise(nf.Affine(), D), nf.Elementwise(nf.Shift(), D)]
LAYERS += [nf.Elementwise(h, D) for h in (nf.DeepSigmoid(2), nf.LogisticMixtureCDF(2), nf.Squared())]


@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_one_row_of_parameters_for_all_rows_gets_the_gradient_of_a_shared_one(layer, direction):
    z, g, g_l = normal(N, D), normal(N, D) + 1.0, normal(N)
    params = {key: p + 0.1 for key, p in layer.init(onp.random.default_rng(0)).items()}
    method = getattr(layer, f"{direction}_vjp")
    shared = method(params, z)[2](g, g_l)[0]
    one_row = method({key: p[None] for key, p in params.items()}, z)[2](g, g_l)[0]
    for key, expected in shared.items():
        assert one_row[key].shape == (1, *expected.shape)
        onp.testing.assert_allclose(one_row[key][0], expected, rtol=1e-10, atol=1e-12)
