"""Rows so far out that numbers overflow: log_prob is a number or -inf, never NaN, and their gradient leaves no NaN."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.flows import on_the_way
from nfscratch.flows.chunks import in_chunks
from nfscratch.flows.far_rows import far_rows_have_density_0, far_rows_have_gradient_0
from nfscratch.flows.on_the_way import size_of_rows
from nfscratch.flows.spoilt_rows import spoilt_rows_have_gradient_0
from nfscratch.ode import IntegrationError

DTYPES = ("float64", "float32")


def sizes(x, context):
    return size_of_rows(x)


def rng(seed=0):
    return onp.random.default_rng(seed)


def on(base):
    return nf.flows.real_nvp(2, layers=2, hidden=(8,), base=base)


FLOWS = {
    name: getattr(nf.flows, name)(2, **({} if name == "linear" else {"layers": 2}))
    for name in ("real_nvp", "nice", "gin", "maf", "iaf", "rq_nsf", "naf", "linear", "planar", "radial", "sylvester")
} | {
    "a mixture": nf.Flow(nf.GaussianMixture(2, 3), nf.Reshape((2,), (2,))),
    "RealNVP on a mixture": on(nf.GaussianMixture(2, 3)),
    "RealNVP on Student's t": on(nf.StudentT(2)),
    "RealNVP on a trained normal": on(nf.DiagonalNormal(2)),
    "MADE of Gaussians": nf.flows.made(2, nf.Gaussian(), hidden=(8,)),
    "MADE of mixtures": nf.flows.made(2, nf.MixtureOfGaussians(3), hidden=(8,)),
    "MADE with masks": nf.flows.made(2, nf.MixtureOfGaussians(3), hidden=(8,), masks=2),
    "a half-line": nf.flows.real_nvp(2, layers=2, support=(0, None)),
    "MAF with BatchNorm": nf.flows.maf(2, layers=2, batch_norm=True),
}


def far(dtype):
    largest = float(onp.finfo(dtype).max)
    sizes = [s for s in (1e10, 1e20, 9.97e36, 1e38, 1e154, 1e155, 1e300) if s < largest] + [largest]
    signs = [(1, 1), (1, -1), (-1, -1), (1, 0), (0, -1)]
    return onp.array([[a * s, b * s] for s in sizes for a, b in signs], dtype)


def params_of(flow, wild, dtype):
    params = flow.init(rng(1), onp.abs(rng(2).normal(size=(50, 2))))
    draws = rng(3)
    if wild:
        params = trees.map_leaves(lambda a: a + draws.normal(size=a.shape), params, fixed=lambda a: a)
    return trees.cast(params, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("wild", [False, True], ids=["fresh", "wild"])
@pytest.mark.parametrize("name", FLOWS)
def test_log_prob_is_never_nan_and_an_ordinary_row_beside_keeps_its_own(name, wild, dtype):
    flow, near = FLOWS[name], onp.array([[0.5, 0.3]], dtype)
    params = params_of(flow, wild, dtype)
    log_p = flow.log_prob(params, onp.concatenate([far(dtype), near]))
    assert log_p.dtype == dtype
    assert (log_p[:-1] < 1e3).all()  # NaN is below nothing
    onp.testing.assert_allclose(log_p[-1:], flow.log_prob(params, near), rtol=1e-9 if dtype == "float64" else 1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FLOWS)
def test_a_row_of_density_0_has_the_gradient_0_and_spoils_no_others(name, dtype):
    flow, near = FLOWS[name], onp.array([[0.5, 0.3]], dtype)
    params = params_of(flow, False, dtype)
    x = far(dtype)
    overflows = onp.abs(x).max(axis=1) > float(onp.finfo(dtype).max) ** 0.25
    x = onp.concatenate([x[overflows & (flow.log_prob(params, x) == -onp.inf)], near])
    alone = autograd.grad(lambda p: np.sum(flow.log_prob(p, near)))(params)
    value, together = nf.autodiff.value_and_vjp(lambda p: flow.log_prob(p, x), params)
    assert (value[:-1] == -onp.inf).all()
    (g_params,) = together(onp.ones_like(value))
    g_x = autograd.grad(lambda x: np.sum(flow.log_prob(params, x)))(x)
    assert (g_x[:-1] == 0).all() and onp.isfinite(g_x[-1]).all() and (g_x[-1] != 0).any()
    for a, b in zip(trees.leaves(g_params), trees.leaves(alone), strict=True):
        onp.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FLOWS)
def test_the_loss_that_fit_takes_has_the_same_gradient_as_under_autograd(name, dtype):
    flow, near = FLOWS[name], onp.array([[0.5, 0.3], [0.2, 0.9]], dtype)
    params, x = params_of(flow, False, dtype), onp.concatenate([far(dtype), near])
    value, grads = nf.objectives.nll_value_and_grad(flow, params, x)
    with onp.errstate(over="ignore"):
        traced, pullback = nf.autodiff.value_and_vjp(lambda p: nf.objectives.nll(flow, p, x), params)
        onp.testing.assert_allclose(value, traced, rtol=1e-5)
        (wanted,) = pullback(traced.dtype.type(1.0))
    assert value > -1e3  # infinity is, and NaN is not
    for a, b in zip(trees.leaves(grads), trees.leaves(wanted), strict=True):
        assert onp.isfinite(a).all()
        onp.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * max(1.0, float(onp.abs(b).max(initial=0.0))))


BOUNDED = {
    "a half-line": nf.flows.real_nvp(2, layers=2, support=(-1, None)),
    "a box": nf.flows.rq_nsf(2, layers=2, support=(-2, 2)),
    "a tanh": nf.Flow(nf.StandardNormal(2), nf.Elementwise(nf.Tanh(), 2)),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_a_row_outside_of_the_support_has_the_gradient_0(name):
    flow, near = BOUNDED[name], rng().uniform(-0.9, 0.9, size=(5, 2))
    params = params_of(flow, True, "float64")
    outside = onp.array([[-7.0, 0.3], [0.2, -1e10], [-1e17, 5.0]])
    assert (flow.log_prob(params, outside) == -onp.inf).all()
    of = lambda x: lambda p: np.sum(flow.log_prob(p, x))  # noqa: E731
    alone, beside = (autograd.grad(of(x))(params) for x in (near, onp.concatenate([outside, near])))
    fused = nf.objectives.nll_value_and_grad(flow, params, onp.concatenate([near, outside]))[1]
    for a, b, c in zip(*map(trees.leaves, (beside, alone, fused)), strict=True):
        onp.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
        onp.testing.assert_allclose(c * -8, b, rtol=1e-9, atol=1e-9)
    assert not any(leaf.any() for leaf in trees.leaves(autograd.grad(of(outside))(params)))


def test_a_row_of_density_0_has_the_gradient_0_on_a_device_too():
    flow, x = FLOWS["real_nvp"], onp.array([[0.5, 0.3], [1e300, 0.3], [0.2, 0.9]])
    params = params_of(flow, False, "float64")
    here = nf.objectives.nll_value_and_grad(flow, params, x)[1]
    nf.backend.use_arrays_like(StrictArray(onp.empty(0)))
    try:
        theirs = trees.map_leaves(StrictArray, params, fixed=StrictArray)
        there = nf.objectives.nll_value_and_grad(flow, theirs, StrictArray(x))[1]
    finally:
        nf.backend.use_arrays_like(onp.empty(0))
    for a, b in zip(trees.leaves(here), trees.leaves(there), strict=True):
        onp.testing.assert_allclose(a, nf.to_numpy(b), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("recipe", ["maf", "planar", "radial"])
def test_a_row_far_out_has_density_0_on_a_device_too(recipe):
    flow, x = getattr(nf.flows, recipe)(2), onp.array([[0.1, 0.2], [1e200, 1.0], [1.7e308, -1e308]])
    params = trees.map_leaves(lambda a: onp.asarray(a, "float64") + 0.3, flow.init(0, x[:1] + onp.eye(4, 2)))
    there = flow.log_prob(trees.map_leaves(StrictArray, params, fixed=StrictArray), StrictArray(x))
    onp.testing.assert_allclose(nf.to_numpy(there), flow.log_prob(params, x), rtol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_of_density_0_and_weight_0_does_not_count(dtype):
    flow, near, weights = FLOWS["linear"], onp.array([[0.5, 0.3], [0.2, 0.9]], dtype), onp.array([1.0, 3.0, 0.0])
    params, x = params_of(flow, False, dtype), onp.concatenate([near, far(dtype)[-1:]])
    wanted = nf.objectives.nll(flow, params, near, weights=weights[:2])
    value, grads = nf.objectives.nll_value_and_grad(flow, params, x, weights=weights.astype(dtype))
    traced = nf.autodiff.value_and_vjp(lambda p: nf.objectives.nll(flow, p, x, weights=weights), params)[0]
    assert flow.log_prob(params, x)[-1] == -onp.inf
    onp.testing.assert_allclose([value, traced], wanted, rtol=1e-6)
    assert all(onp.isfinite(leaf).all() for leaf in trees.leaves(grads))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_heavy_tail_keeps_its_finite_density_far_out(dtype):
    flow = nf.Flow(nf.StudentT(2, 1.0), nf.Diagonal(2))
    x = onp.array([[1e30, 0.0]], dtype)
    log_p = flow.log_prob(trees.cast(flow.init(rng()), dtype), x)
    onp.testing.assert_allclose(log_p, [-2 * onp.log(1e30) - 2 * onp.log(onp.pi)], rtol=1e-5)


FAMILIES = ("real_nvp", "nice", "gin", "maf", "iaf", "rq_nsf", "naf", "linear", "planar", "radial", "sylvester")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("wild", [False, True], ids=["fresh", "wild"])
@pytest.mark.parametrize("name", FAMILIES)
def test_on_a_heavy_tailed_base_every_family_has_a_finite_density_and_gradient_far_out(name, wild, dtype):
    options = {} if name == "linear" else {"layers": 2}
    flow = getattr(nf.flows, name)(2, base=nf.StudentT(2), **options)
    params = params_of(flow, wild, dtype)
    sizes = [s for s in (1e3, 1e10, 1e20, 1e30, 1e100, 1e200, 1e300) if s < float(onp.finfo(dtype).max)]
    x = onp.array([[a * s, b * s] for s in sizes for a, b in ((1, 0), (1, -1), (0, 1))], dtype)
    log_p, pullback = nf.autodiff.value_and_vjp(lambda p: flow.log_prob(p, x), params)
    assert onp.isfinite(log_p).all() and (log_p < 0).all()
    assert onp.isfinite(flow.log_prob(params, x)).all()
    assert all(onp.isfinite(leaf).all() for leaf in trees.leaves(pullback(onp.ones_like(log_p))))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_density_of_a_radial_flow_falls_as_its_base_does(dtype):
    """Far out the layer is a shift: log p falls by (nu + 1) log 10 = 5 log 10 for each power of ten."""
    flow = nf.Flow(nf.StudentT(1, 4.0), nf.Radial(1))
    sizes = 10.0 ** onp.arange(3, 37 if dtype == "float32" else 300)
    params = trees.cast(flow.init(rng(1)), dtype)
    params["bijection"]["gamma"] += 2.0
    log_p = flow.log_prob(params, sizes[:, None].astype(dtype))
    onp.testing.assert_allclose(onp.diff(log_p), -5 * onp.log(10), rtol=0.02)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_squared_transformer_has_a_gradient_far_out(dtype):
    flow = nf.Flow(nf.StudentT(2), nf.Elementwise(nf.Squared(), 2))
    params, x = params_of(flow, True, dtype), onp.array([[1e37, -1e30]], dtype)
    _, pullback = nf.autodiff.value_and_vjp(lambda p: flow.log_prob(p, x), params)
    assert all(onp.isfinite(leaf).all() for leaf in trees.leaves(pullback(onp.ones(1, dtype))))


def test_nan_that_has_another_cause_is_left_to_be_seen():
    flow = nf.flows.real_nvp(2, layers=2)
    params = trees.map_leaves(lambda a: a * onp.nan, flow.init(rng(), rng().normal(size=(20, 2))), fixed=lambda a: a)
    log_p = flow.log_prob(params, onp.array([[0.5, 0.1], [1e300, 0.0]]))
    assert onp.isnan(log_p[0])


def test_a_search_that_fails_near_by_is_still_an_error():
    def failing(x, context):
        raise nf.InversionError("no root", 1)

    with pytest.raises(nf.InversionError):
        far_rows_have_density_0(failing, {}, onp.ones((2, 2)), None, sizes)


@pytest.mark.parametrize("density", [nf.GaussianMixture(2, 3), nf.AutoregressiveDensity(2, nf.MixtureOfGaussians(3))])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_kernel_of_a_mixture_gives_what_its_definition_gives_far_out(density, dtype):
    params = trees.cast(density.init(rng()), dtype)
    z = onp.array([[1e155, 0.0], [0.5, 0.1]] if dtype == "float64" else [[1e20, 0.0], [0.5, 0.1]], dtype)
    with onp.errstate(over="ignore"):
        plain, (kernel, _) = density.log_prob(params, z), density.log_prob_vjp(params, z)
    assert plain[0] == kernel[0] == -onp.inf
    onp.testing.assert_allclose(plain[1], kernel[1], rtol=1e-5)


def test_a_component_that_is_far_too_narrow_leaves_no_nan_in_the_gradient():
    """log p is finite by the wide component; u^2 of the narrow one is not a number, and its share is 0."""
    base = nf.GaussianMixture(1, 2)
    params = {"log_std": onp.array([[0.0], [-400.0]]), "logits": onp.zeros(2), "mean": onp.zeros((2, 1))}
    with onp.errstate(over="ignore"):
        log_p, pullback = base.log_prob_vjp(params, onp.array([[3.0]]))
        grads, g_z = pullback(onp.ones(1))
    assert onp.isfinite(log_p).all() and all(onp.isfinite(g).all() for g in (*grads.values(), g_z))
    onp.testing.assert_allclose(grads["log_std"], [[8.0], [0.0]])
    law = nf.MixtureOfGaussians(2, max_log_scale=1000.0)
    theta = onp.array([[[0.0, 0.0, 0.0, -500.0, 0.0, 0.0]]])
    with onp.errstate(over="ignore"):
        log_p, pullback = law.log_prob_vjp(theta, onp.array([[3.0]]))
        g_theta, g_x = pullback(onp.ones((1, 1)))
    assert onp.isfinite(log_p).all() and onp.isfinite(g_theta).all() and onp.isfinite(g_x).all()


LOGS = nf.Inverse(nf.Elementwise(nf.Exp(), 2))  # x -> z is exp, on all reals
WITH_EXP = {
    "Householder": [nf.Householder(2), LOGS],
    "Householder, in a Stack": [nf.Stack(nf.Householder(2), 2), LOGS],
    "Householder, the Inverse of a Chain": [nf.Inverse(nf.Chain([LOGS.bijection, nf.Householder(2)]))],
}


@pytest.mark.filterwarnings("ignore:.*takes .0.0, inf.:UserWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WITH_EXP)
def test_a_row_that_overflows_on_its_way_has_density_0_and_spoils_no_gradient(name, dtype):
    """None of the rows is far out itself, but exp(x) is: infinite at 1000, and its square at 350."""
    flow, near = nf.Flow(nf.StandardNormal(2), nf.Chain(WITH_EXP[name])), onp.array([[0.5, 0.3]], dtype)
    params = trees.cast(flow.init(rng()), dtype)
    x = onp.array([[350.0, 300.0], [1e3, 1e3], [1e3, 0.1], [1e9, -1e9]], dtype)
    assert (flow.log_prob(params, x)[1:] == -onp.inf).all()
    together, back = flow.log_prob_vjp(params, onp.concatenate([x, near]))
    assert (together[:-1] < -1e77 if dtype == "float64" else together[:-1] == -onp.inf).all()
    alone = flow.log_prob_vjp(params, near)[1](onp.ones(1, dtype))[0]
    traced = autograd.grad(lambda p: np.sum(flow.log_prob(p, onp.concatenate([x, near]))[-1:]))(params)
    for a, b, c in zip(*map(trees.leaves, (back(onp.ones(5, dtype))[0], alone, traced)), strict=True):
        onp.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        onp.testing.assert_allclose(c, b, rtol=1e-4, atol=1e-5)


def test_where_a_search_fails_for_a_far_row_the_rows_of_density_0_beside_it_have_the_gradient_0_too():
    def log_prob_vjp(x, context):
        if (x > 1e80).any():
            raise nf.InversionError("no root", 1)
        log_p = onp.where(x[:, 0] < 0, -onp.inf, -x[:, 0])
        return log_p, lambda g: onp.where(onp.isfinite(log_p), -g, onp.nan)

    x = onp.array([[1e90], [-1.0], [2.0]])
    log_p, pullback = far_rows_have_gradient_0(log_prob_vjp, {}, x, None, sizes)
    assert log_p.tolist() == [-onp.inf, -onp.inf, -2.0] and pullback(onp.ones(3)).tolist() == [0.0, 0.0, -1.0]


def test_a_far_row_keeps_its_density_beside_one_for_which_a_search_fails():
    """A solver does not say which: other rows may stand beside it that the questions about halves can tell apart."""

    def log_prob(x, context):
        if (x > 1e200).any():
            raise IntegrationError("it stopped", 1.0, 0)
        return -onp.log(onp.abs(x[:, 0]))

    x = onp.full((1024, 1), 1e100)
    x[[3, 417, 936]], x[20] = 1e300, 2.0
    log_p = far_rows_have_density_0(log_prob, {}, x, None, sizes)
    expected = onp.where(x[:, 0] > 1e200, -onp.inf, -onp.log(x[:, 0]))
    assert log_p.tolist() == expected.tolist()


@pytest.mark.parametrize("layer", [nf.Planar(2), nf.Sylvester(2, 1), nf.Elementwise(nf.Squared(), 2)], ids=repr)
def test_log_prob_of_a_far_row_does_not_depend_on_a_farther_one(layer):
    flow = nf.Flow(nf.StudentT(2), layer)
    params = trees.map_leaves(lambda a: a + rng(1).normal(size=a.shape), flow.init(rng()))
    far, farther = [1e100, 0.3], [onp.finfo(float).max] * 2
    alone = flow.log_prob(params, onp.array([far]))[0]
    assert alone == flow.log_prob(params, onp.array([far, farther]))[0] and -1e4 < alone < 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "layer", [nf.Triangular(3), nf.PLU(3), nf.QR(3), nf.Chain([nf.Reverse(3), nf.PLU(3)])], ids=repr
)
def test_what_overflows_inside_of_a_layer_has_density_0(layer, dtype):
    """inf - inf in the substitution, with parameters that are finite; with NaN among them, NaN stays."""
    flow = nf.Flow(nf.StandardNormal(3), layer)
    large = 1e30 if dtype == "float32" else 1e300
    params = trees.cast(trees.map_leaves(lambda a: a + large * rng(1).normal(size=a.shape), flow.init(rng())), dtype)
    x = onp.ones((4, 3), dtype) * onp.array([[0.1], [1], [-1], [10]], dtype)
    assert not onp.isnan(flow.log_prob(params, x)).any()
    unknown = trees.map_leaves(lambda a: a * onp.nan, params)
    assert onp.isnan(flow.log_prob(unknown, x)).all()


@pytest.mark.parametrize(("map_", "dtype", "far"), [
    (nf.Sigmoid(), "float64", -720.0), (nf.Sigmoid(), "float32", -100.0),
    (nf.Softplus(), "float64", -720.0), (nf.Exp(), "float32", -100.0),
])  # fmt: skip
def test_a_row_that_is_squeezed_and_stretched_again_leaves_no_nan_in_the_gradient(map_, dtype, far):
    """Its factors overflow, their product does not. The other rows have the gradient that they have alone."""
    there_and_back = [nf.Elementwise(map_, 1), nf.Inverse(nf.Elementwise(map_, 1))]
    flow = nf.Flow(nf.StandardNormal(1), nf.Chain([*there_and_back, nf.ActNorm(1)]))
    params = trees.cast(flow.init(rng()), dtype)
    x, others = onp.array([[far], [0.5], [0.2]], dtype), onp.array([[0.5], [0.2]], dtype)
    log_p, pullback = flow.log_prob_vjp(params, x)
    grads, g_x, _ = pullback(onp.ones(3, dtype))
    traced = autograd.grad(lambda p: np.sum(flow.log_prob(p, x)))(params)
    alone = flow.log_prob_vjp(params, others)[1](onp.ones(2, dtype))[0]
    assert onp.isfinite(log_p).all() and not onp.isnan(g_x).any()
    onp.testing.assert_allclose(g_x[1:], [[-0.5], [-0.2]], rtol=1e-3)
    for a, b, c in zip(*map(trees.leaves, (grads, alone, traced)), strict=True):
        assert onp.isfinite(a).all() and onp.isfinite(c).all()
        onp.testing.assert_allclose(a, b, rtol=1e-3)
        onp.testing.assert_allclose(c, b, rtol=1e-3)


def test_a_narrow_base_whose_gradient_overflows_leaves_the_others_theirs():
    """log p = -z^2 / 2 and dlog p/dx are numbers of float32, and dlog p/dW = z^2 c of the network is none."""
    flow = nf.Flow(nf.ConditionedBase(nf.DiagonalNormal(1), nf.MLP(()), 1), nf.Householder(1))
    x, c = onp.array([[1e19], [1e18], [1.0]], "float32") * onp.exp(onp.float32(-38.0)), onp.full((3, 1), 100.0, "f4")
    params = trees.cast(flow.init(rng(), x, c), "float32")
    params["base"]["distribution"]["log_std"] = onp.full(1, -38.0, "float32")
    assert onp.isfinite(flow.log_prob(params, x, c)).all()
    of = lambda *rows: flow.log_prob_vjp(params, x[list(rows)], c[list(rows)])[1](onp.ones(len(rows), "float32"))  # noqa: E731
    together, none, others = of(0, 1, 2), of(0), of(1, 2)
    for a, b, c in zip(*(trees.leaves(found[0]) for found in (together, none, others)), strict=True):
        assert onp.isfinite(a).all() and not b.any()
        onp.testing.assert_allclose(a, c, rtol=1e-6)
    assert together[1][0] == 0 and onp.isfinite(together[1]).all() and together[1][1] != 0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_row_keeps_its_gradient_beside_one_that_has_none():
    of_params, of_x = onp.array([1.0, 2.0, 4.0, onp.nan, onp.inf]), onp.array([1.0, onp.inf, onp.nan, onp.nan, onp.inf])

    def log_prob_vjp(x, context):
        row = x[:, 0].astype(int)
        return -x[:, 0], lambda g: ({"w": (of_params[row] * g).sum(keepdims=True)}, (of_x[row] * g)[:, None], None)

    def of(*rows):
        x, params = onp.array(rows, float)[:, None], {"w": onp.ones(1)}
        g_params, g_x, _ = spoilt_rows_have_gradient_0(log_prob_vjp, params, x, None)[1](onp.ones(len(rows)))
        return g_params["w"].tolist(), g_x[:, 0].tolist()

    assert [of(row) for row in range(5)] == [([1], [1]), ([2], [onp.inf]), ([4], [0]), ([0], [0]), ([0], [0])]
    assert of(0, 1, 2) == ([7], [1, onp.inf, 0]) and of(3, 0, 1, 2, 4) == ([7], [0, 1, onp.inf, 0, 0])
    assert of(3, 4) == ([0], [0, 0])


def test_a_row_that_finds_no_z_hides_no_others_size():
    """Under a derivative the first row is far out, on its way alone: so it is too beside a row that is lost."""
    flow = nf.Flow(nf.StandardLogistic(2), nf.Coupling(nf.UMNN(1, points=2), (True, False), nf.MLP(())))
    params = trees.cast(nf.check.random_params(flow, rng(), scale=3.0), "float32")
    params["bijection"] = trees.map_leaves(lambda a: 1e4 * a, params["bijection"])
    x = onp.array([[4e6, 0.5], [3e38, 3e38]], "float32")
    log_p = flow.log_prob(params, x)
    assert -1e30 < log_p[0] < -4.3e9 and log_p[1] == -onp.inf
    of = lambda *rows: on_the_way.sizes(flow, params, x[list(rows)], None)  # noqa: E731
    with onp.errstate(all="ignore"):
        assert of(0, 1)[0] == of(0)[0] > 4.3e9
    grad = lambda *rows: flow.log_prob_vjp(params, x[list(rows)])[1](onp.ones(len(rows), "float32"))[1]  # noqa: E731
    assert grad(0, 1)[0].tolist() == grad(0)[0].tolist() == [0, 0]


def test_a_gradient_that_is_infinite_is_said_where_the_parameters_have_theirs():
    there_and_back = [nf.Elementwise(nf.Softplus(), 1), nf.Inverse(nf.Elementwise(nf.Softplus(), 1))]
    flow, x = nf.Flow(nf.StandardNormal(1), nf.Chain(there_and_back)), onp.array([[-720.0], [0.5]])
    g_x = flow.log_prob_vjp(flow.init(rng()), x)[1](onp.ones(2))[1]
    assert onp.isinf(g_x[0, 0]) and abs(g_x[1, 0] + 0.5) < 1e-6


class HasATrap(nf.Planar):
    """Its value is right, and its gradient NaN for negative numbers: the root that is not taken has none."""

    def inverse(self, params, x, context=None, rng=None):
        return np.where(x > 0, np.sqrt(x) ** 2, x), 0.0 * np.sum(x, axis=1)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_in_the_gradient_of_a_callers_own_layer_is_seen():
    flow, x = nf.Flow(nf.DiagonalNormal(2), nf.Chain([HasATrap(2), nf.ActNorm(2)])), rng().normal(size=(20, 2))
    params = flow.init(rng())
    assert onp.isfinite(flow.log_prob(params, x)).all()
    grads = flow.log_prob_vjp(params, x)[1](onp.ones(20))[0]
    assert any(onp.isnan(g).any() for g in trees.leaves(grads))


class Spoils(nf.Planar):
    def inverse_value(self, params, x, context=None, rng=None):
        return x * onp.nan, x[:, 0]


def test_nan_of_a_callers_own_layer_makes_no_row_large():
    x, h = onp.ones((2, 2)), None
    assert on_the_way.sizes(nf.Flow(nf.StandardNormal(2), Spoils(2)), {"bijection": {}}, x, h).tolist() == [1, 1]


@pytest.mark.parametrize(("dtype", "narrow"), [("float32", -89.0), ("float32", -400.0), ("float64", -800.0)])
@pytest.mark.parametrize("at", [0.5, 1e3, 0.0])
def test_a_component_whose_scale_is_no_number_leaves_no_nan(dtype, narrow, at):
    """e^-s overflows; where z is its mean, the density is as large as the numbers allow."""
    base, law = nf.GaussianMixture(1, 2), nf.MixtureOfGaussians(2, max_log_scale=5000.0)
    params = {"log_std": onp.array([[0.0], [narrow]]), "logits": onp.zeros(2), "mean": onp.array([[0.2], [0.0]])}
    theta = onp.array([[[0.0, 0.0, 0.0, narrow, 0.9, 0.7]]], dtype)
    params, z = trees.cast(params, dtype), onp.array([[at]], dtype)
    for log_prob, vjp, p in ((base.log_prob, base.log_prob_vjp, params), (law.log_prob, law.log_prob_vjp, theta)):
        with onp.errstate(over="ignore"):
            log_p, pullback = vjp(p, z)
            plain = autograd.grad(lambda p, log_prob=log_prob: np.sum(log_prob(p, z)))(p)
            grads = trees.leaves(list(pullback(onp.ones_like(log_p))))
        assert onp.isfinite(log_p).all() and all(onp.isfinite(g).all() for g in grads)
        for g, h in zip(grads, trees.leaves(plain), strict=False):
            onp.testing.assert_allclose(g, h, rtol=1e-4)


WITH_SEARCHES = {
    "DeepSigmoid": nf.Elementwise(nf.DeepSigmoid(), 2),
    "Sylvester": nf.Sylvester(2, 1),
    "Planar": nf.Planar(2),
    "Residual": nf.Residual(2),
    "no search": nf.Elementwise(nf.Affine(), 2),
}


@pytest.mark.filterwarnings("ignore:.*takes .*inf.*:UserWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WITH_SEARCHES)
def test_a_row_that_is_lost_by_its_context_or_stands_alone_has_density_0_and_gradient_0(name, dtype):
    """x - mean is multiplied by exp(c): the third row comes out infinite, at any x."""
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([WITH_SEARCHES[name], nf.Conditioned(nf.ActNorm(2), nf.MLP(()), 1)]))
    params = trees.cast(flow.init(rng()), dtype)
    (layer,) = params["bijection"][1]["network"]
    layer["W"] = onp.array([[-1.0, -1.0, 0.0, 0.0]], dtype).reshape(layer["W"].shape)
    x = onp.array([[0.5, 0.2], [0.3, -1.0], [1.0, 2.0]], dtype)
    c = onp.array([[0.0], [0.1], [1000.0]], dtype)
    total = lambda p, x, c: np.sum(flow.log_prob(p, x, c))  # noqa: E731
    others = flow.log_prob(params, x[:2], c[:2])
    assert onp.isfinite(others).all()
    onp.testing.assert_array_equal(flow.log_prob(params, x, c), [*others, -onp.inf])
    onp.testing.assert_array_equal(flow.log_prob(params, x[2:], c[2:]), [-onp.inf])
    with_it, without = (trees.leaves(autograd.grad(total)(params, x[:n], c[:n])) for n in (3, 2))
    for a, b in zip(with_it, without, strict=True):
        onp.testing.assert_allclose(a, b, rtol=1e-6 if dtype == "float64" else 1e-3)
    for leaves in (autograd.grad(total, k)(params, x[2:], c[2:]) for k in range(3)):
        assert all(not leaf.any() for leaf in trees.leaves(leaves))
    g_params, g_x, g_c = flow.log_prob_vjp(params, x[2:], c[2:])[1](onp.ones(1, dtype))
    assert all(not leaf.any() for leaf in (*trees.leaves(g_params), g_x, g_c))


@pytest.mark.parametrize("layer", [nf.LogisticMixtureCDF(), nf.DeepSigmoid(), nf.UMNN()], ids=repr)
def test_a_far_row_keeps_its_density_beside_any_number_for_which_a_search_fails(layer):
    flow = nf.Flow(nf.StudentT(1), nf.Elementwise(layer, 1))
    params, x = flow.init(rng()), onp.array([[1e80], [onp.finfo(float).max]])
    log_p = flow.log_prob(params, onp.repeat(x, 300, axis=0))
    assert (log_p[:300] == flow.log_prob(params, x[:1])).all() and (log_p[300:] == log_p[300]).all()


@pytest.mark.parametrize("layer", [nf.Planar(2), nf.Sylvester(2, 2), nf.Residual(2)], ids=repr)
def test_an_error_of_a_search_says_which_rows_failed(layer):
    x = rng().normal(size=(6, 2))
    x[[1, 4], 1] = onp.nan
    with pytest.raises(nf.InversionError) as caught:
        layer.solve(layer.init(rng()), x)
    assert caught.value.rows == [1, 4]
    for transformer in (nf.DeepSigmoid(), nf.Squared(), nf.UMNN()):
        with pytest.raises(nf.InversionError) as caught:
            elementwise = nf.Elementwise(transformer, 2)
            elementwise.inverse_value(elementwise.init(rng()), x)
        assert caught.value.rows == [1, 4], transformer


def test_rows_that_a_solver_loses_only_beside_each_other_are_all_lost():
    asked = []

    def together(x, context):
        asked.append(len(x))
        if (x > 1e80).sum() > 1:
            raise IntegrationError("it stopped", 1.0, 0)
        return -x[:, 0]

    x = onp.array([[1e81], [1e82], [1e83], [2.0]])
    assert far_rows_have_density_0(together, {}, x, None, sizes).tolist() == [-onp.inf, -onp.inf, -onp.inf, -2.0]
    assert asked == [4, 3, 2, 1, 1, 1, 4], "the batch, the three, halves of them, and the batch with none of them"

    def never(x, context):
        asked.append(len(x))
        if (x > 1e80).any() and (len(x) > 1 or x[0, 0] < 1e82):
            raise IntegrationError("it stopped", 1.0, 0)
        return -x[:, 0]

    asked.clear()
    assert far_rows_have_density_0(never, {}, x, None, sizes).tolist() == [-onp.inf, -onp.inf, -onp.inf, -2.0]
    assert asked == [4, 3, 2, 1, 1, 1, 4, 4]


@pytest.mark.parametrize("layer", [nf.Planar(2), nf.Sylvester(2, 1), nf.Elementwise(nf.Squared(), 2)], ids=repr)
def test_rows_that_a_search_loses_in_several_chunks_are_all_found(layer, monkeypatch):
    """The first of them that is not yet known stands for the others, until it is known itself."""
    monkeypatch.setattr("nfscratch.flows.chunks.ROWS", 3)
    flow = nf.Flow(nf.StandardNormal(2), layer)
    params = trees.map_leaves(lambda a: a + 0.5 * rng(1).normal(size=a.shape), flow.init(rng()))
    for n in (3, 4, 8):
        x = onp.full((n, 2), 1.7e308)
        assert (flow.log_prob(params, x) == -onp.inf).all(), n
        x[-1] = 0.5
        assert onp.isfinite(flow.log_prob(params, x)).tolist() == [False] * (n - 1) + [True], n


def test_chunks_tell_of_all_rows_that_fail_and_of_none_where_one_chunk_does_not_know(monkeypatch):
    monkeypatch.setattr("nfscratch.flows.chunks.ROWS", 3)

    def failing(x, context):
        if (x < 0).any():
            raise nf.InversionError("no root", 0, None if (x == -9).any() else onp.flatnonzero(x < 0).tolist())
        return x

    x = onp.arange(9.0)[:, None]
    x[[1, 7, 8]] *= -1
    with pytest.raises(nf.InversionError, match="of the rows from 0 on, no root") as error:
        in_chunks(failing, x)
    assert error.value.rows == [1, 7, 8]
    x[8] = -9
    with pytest.raises(nf.InversionError) as error:
        in_chunks(failing, x)
    assert error.value.rows is None
    assert in_chunks(failing, abs(x)).tolist() == abs(x).tolist()
