"""Flow: the density by its definition, samples that have it, and derivatives of every kind that a caller may take."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from autograd.differential_operators import make_hvp, make_jvp
from cases import Cubic
from scipy import stats
from strict import StrictArray
from test_laws import close, close_trees

import nfscratch as nf
from nfscratch import check
from nfscratch import params as trees
from nfscratch.autodiff import register_array_type

register_array_type(StrictArray)
SMALL = {"layers": 3, "hidden": (5,), "activation": "tanh"}
FLOWS = {
    "real_nvp": lambda: nf.flows.real_nvp(3, **SMALL),
    "nice": lambda: nf.flows.nice(3, **SMALL),
    "gin": lambda: nf.flows.gin(3, **SMALL),
    "one variable": lambda: nf.flows.real_nvp(1, **SMALL),
    "diagonal base": lambda: nf.flows.real_nvp(2, base=nf.DiagonalNormal(2), **SMALL),
    "mixture base": lambda: nf.flows.real_nvp(2, base=nf.GaussianMixture(2, 3), **SMALL),
    "context": lambda: nf.flows.real_nvp(3, context_dim=2, **SMALL),
    "context, one variable": lambda: nf.flows.real_nvp(1, context_dim=2, **SMALL),
    "embedded context": lambda: nf.flows.real_nvp(3, context_dim=2, embed=nf.MLP((4,), "tanh"), **SMALL),
    "everything": lambda: nf.flows.nice(
        2, context_dim=2, embed=nf.MLP((4,), "tanh"), base=nf.DiagonalNormal(2), **SMALL
    ),
    "numeric inverse": lambda: nf.Flow(nf.DiagonalNormal(2), nf.Chain([Cubic(2), nf.Standardize(2)])),
}
CONTEXT_WIDTH = {"context": 2, "context, one variable": 2, "embedded context": 4, "everything": 4}
every_flow = pytest.mark.parametrize("name", FLOWS)
reparameterized = pytest.mark.parametrize("name", [name for name in FLOWS if name != "mixture base"])
conditional = pytest.mark.parametrize("name", CONTEXT_WIDTH)


def make(name, n=6):
    """A flow with parameters away from its start, data with offset and scale, and its context."""
    rng = onp.random.default_rng([*name.encode()])
    flow = FLOWS[name]()
    x = 2 + 3 * rng.normal(size=(n, *flow.shape))
    context = rng.normal(size=(n, CONTEXT_WIDTH[name])) if name in CONTEXT_WIDTH else None
    params = flow.init(rng, x, context)
    return flow, trees.map_leaves(lambda a: a + 0.3 * rng.normal(size=a.shape), params, fixed=lambda a: a), x, context


def random_like(tree, seed=0):
    rng = onp.random.default_rng(seed)
    return trees.map_leaves(lambda a: rng.normal(size=a.shape), tree, fixed=onp.zeros_like)


def along(function, params, step, h=1e-4):
    """The derivative of function(params) along `step`, by finite differences of fourth order."""

    def moved(t):
        return function(trees.add(params, trees.map_leaves(lambda a: t * a, step)))

    return (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)


def dot(a, b):
    return sum((p * q).sum() for p, q in zip(trees.leaves(a), trees.leaves(b), strict=True))


# --- values ---


@every_flow
def test_log_prob_is_the_base_density_plus_log_det(name):
    flow, params, x, context = make(name)
    h = context if flow.embed is None else flow.embed.apply(params["embed"], context)
    z, log_det = flow.bijection.inverse(params["bijection"], x, h)
    close(flow.log_prob(params, x, context), flow.base.log_prob(params["base"], z) + log_det, 1e-13)
    J = check.finite_difference_jacobian(lambda a: flow.bijection.inverse(params["bijection"], a, h)[0], x)
    log_p = flow.base.log_prob(params["base"], z) + onp.linalg.slogdet(J)[1]
    close(flow.log_prob(params, x, context), log_p, 1e-6)


def test_a_fresh_flow_is_the_gaussian_of_the_data():
    x = onp.random.default_rng(0).normal(size=(100, 2)) * [3.0, 0.2] + [5.0, -1.0]
    flow = nf.flows.real_nvp(2, layers=2, hidden=(4,))
    expected = stats.norm(x.mean(axis=0), x.std(axis=0)).logpdf(x).sum(axis=1)
    close(flow.log_prob(flow.init(onp.random.default_rng(0), x), x), expected, 1e-12)


@every_flow
def test_sample_and_log_prob_is_log_prob_of_the_samples(name):
    flow, params, _, context = make(name)
    x, log_p = flow.sample_and_log_prob(params, onp.random.default_rng(1), 6, context)
    close(log_p, flow.log_prob(params, x, context), 1e-10)
    assert (x == flow.sample(params, onp.random.default_rng(1), 6, context)).all()
    assert x.shape == (6, *flow.shape)


@pytest.mark.parametrize("name", ["one variable", "diagonal base", "mixture base"])
def test_the_density_integrates_to_one(name):
    flow, params, _, _ = make(name, 50)
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], flow.shape[0], 9.0)
    check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high).raise_if_failed()


def test_samples_have_the_density():
    """Kolmogorov and Smirnov against the integrated density; with another flow's density the same test fails."""
    flow, params, _, _ = make("one variable", 50)
    samples = flow.sample(params, onp.random.default_rng(0), 4000)[:, 0]
    grid = onp.linspace(samples.min() - 50, samples.max() + 50, 20_001)

    def p_value(scale):
        density = onp.exp(flow.log_prob(params, grid[:, None] * scale)) * scale
        cdf = onp.cumsum(density) * (grid[1] - grid[0])
        return stats.kstest(samples, lambda s: onp.interp(s, grid, cdf)).pvalue

    assert p_value(1.0) > 1e-3 > p_value(1.2)


@conditional
def test_the_context_matters_and_one_row_of_it_serves_all(name):
    flow, params, x, context = make(name)
    same = flow.log_prob(params, x, onp.repeat(context[:1], len(x), axis=0))
    for one in (context[0], context[:1], context[0].tolist()):
        assert (flow.log_prob(params, x, one) == same).all()
        drawn = flow.sample(params, onp.random.default_rng(0), 4, one)
        assert (drawn == flow.sample(params, onp.random.default_rng(0), 4, onp.repeat(context[:1], 4, axis=0))).all()
    assert not onp.isclose(flow.log_prob(params, x, context)[1:], same[1:]).any()


# --- first derivatives ---


@every_flow
def test_gradients_are_those_of_the_plain_definition(name):
    """Parameters, x and context: the layers' own pullbacks against autograd through every line."""
    flow, params, x, context = make(name)
    weight = onp.random.default_rng(1).normal(size=len(x))
    for argnum in (0, 1, 2) if context is not None else (0, 1):

        def total(log_prob, params, x, context, *more):
            return np.sum(weight * log_prob(params, x, context, *more))

        known = autograd.grad(lambda *a: total(flow.log_prob, *a), argnum)(params, x, context)
        plain = autograd.grad(lambda *a: total(flow._log_prob, *a, None), argnum)(params, x, context)
        close_trees(known, plain, 1e-12) if argnum == 0 else close(known, plain, 1e-12)


@every_flow
def test_the_gradient_of_nll_is_that_of_the_mean_and_the_one_that_fit_takes(name):
    flow, params, x, context = make(name)
    by_grad = autograd.grad(lambda p: nf.objectives.nll(flow, p, x, context))(params)
    plain = autograd.grad(lambda p: -np.mean(flow._log_prob(p, x, context, None)))(params)
    value, by_fit = nf.objectives.nll_value_and_grad(flow, params, x, context)
    close_trees(by_grad, plain, 1e-12)
    close_trees(by_fit, plain, 1e-12)
    close(value, nf.objectives.nll(flow, params, x, context), 1e-13)


@every_flow
def test_stored_leaves_get_a_gradient_of_zero(name):
    flow, params, x, context = make(name)
    grads = autograd.grad(lambda p: nf.objectives.nll(flow, p, x, context))(params)
    stored = grads["bijection"][-1]
    assert "fixed" not in stored or not any(a.any() for a in stored["fixed"].values())
    assert any(a.any() for a in trees.leaves(grads))


@reparameterized
def test_the_reverse_kl_gradient_agrees_with_finite_differences(name):
    """Through the draws: each has the same noise, since each starts from the same seed."""
    flow, params, _, context = make(name)

    def reverse_kl(p):
        x, log_q = flow.sample_and_log_prob(p, onp.random.default_rng(7), 6, context)
        return np.mean(log_q + 0.5 * np.sum(np.square(x - 1.0), axis=1))

    grads, step = autograd.grad(reverse_kl)(params), random_like(params)
    exact = dot(grads, step)
    assert abs(along(reverse_kl, params, step) - exact) <= 1e-7 * max(1.0, abs(exact))
    if isinstance(flow.base, nf.DiagonalNormal):
        assert grads["base"]["mean"].any() and grads["base"]["log_std"].any()


@conditional
def test_draws_have_derivatives_with_respect_to_the_context(name):
    flow, params, _, context = make(name)

    def total(c):
        return np.sum(np.square(flow.sample(params, onp.random.default_rng(7), 6, c)))

    step = onp.random.default_rng(0).normal(size=context.shape)
    exact = (autograd.grad(total)(context) * step).sum()
    assert abs(along(total, context, step) - exact) <= 1e-7 * max(1.0, abs(exact))
    one_row = autograd.grad(total)(context[0])
    close(one_row, autograd.grad(total)(onp.repeat(context[:1], 6, axis=0)).sum(axis=0), 1e-12)


@pytest.mark.parametrize("method", ["sample", "sample_and_log_prob"])
def test_a_draw_from_a_mixture_refuses_to_be_differentiated(method):
    flow, params, _, _ = make("mixture base")
    draw = getattr(flow, method)
    with pytest.raises(ValueError, match="GaussianMixture has no derivative of a draw"):
        autograd.grad(lambda p: np.sum(draw(p, onp.random.default_rng(0), 3)[0]))(params)


@every_flow
def test_parameters_that_another_network_made_are_a_plain_dict_of_boxes(name):
    flow, params, x, context = make(name)

    def scaled(t):
        made = trees.map_leaves(lambda a: a * t, params, fixed=lambda a: a)
        return nf.objectives.nll(flow, made, x, context)

    gradient = autograd.grad(lambda p: nf.objectives.nll(flow, p, x, context))(params)
    close(autograd.grad(scaled)(1.0), dot(gradient, params), 1e-11)
    # and some boxes among plain arrays
    only_base = autograd.grad(
        lambda b: nf.objectives.nll(flow, {"base": b, **{k: params[k] for k in ("bijection", "embed")}}, x, context)
    )
    if params["base"]:
        close_trees(only_base(params["base"]), gradient["base"], 1e-12)


@every_flow
def test_jacobian_and_forward_mode_agree_with_reverse_mode(name):
    flow, params, x, context = make(name)
    J = autograd.jacobian(lambda a: flow.log_prob(params, a, context))(x)
    rows = autograd.grad(lambda a: np.sum(flow.log_prob(params, a, context)))(x)
    close(J, onp.eye(len(x))[:, :, None] * rows, 1e-12)
    if name != "numeric inverse":
        step = onp.random.default_rng(0).normal(size=x.shape)
        value, slope = make_jvp(lambda a: flow.log_prob(params, a, context))(x)(step)
        close(slope, (rows * step).sum(axis=1), 1e-12)
        close(value, flow.log_prob(params, x, context), 1e-12)


# --- second derivatives ---


@every_flow
def test_a_hessian_vector_product_agrees_with_finite_differences(name):
    flow, params, x, context = make(name)
    step, other = random_like(params, 1), random_like(params, 2)

    def loss(p):
        return nf.objectives.nll(flow, p, x, context)

    product = make_hvp(loss)(params)[0](step)
    numeric = along(lambda p: dot(autograd.grad(loss)(p), other), params, step)
    assert abs(dot(product, other) - numeric) <= 1e-6 * max(1.0, abs(numeric))


@reparameterized
def test_a_gradient_through_a_gradient_of_draws(name):
    """What scales the loss inside is differentiated outside: the second trace reaches the pullback's own argument."""
    flow, params, _, context = make(name)

    def loss(p, scale):
        x, log_q = flow.sample_and_log_prob(p, onp.random.default_rng(3), 6, context)
        return np.mean(scale * log_q + np.square(scale) * np.sum(x, axis=1))

    def squared_gradient(scale):
        return sum(np.sum(np.square(g)) for g in _boxed_leaves(autograd.grad(loss)(params, scale)))

    slope = (squared_gradient(1 + 1e-5) - squared_gradient(1 - 1e-5)) / 2e-5
    close(autograd.grad(squared_gradient)(1.0), slope, 1e-6)


def _boxed_leaves(tree):
    if isinstance(tree, (dict, list, tuple)) or type(tree).__name__ in (
        "DictBox",
        "ListBox",
        "TupleBox",
        "SequenceBox",
    ):
        keys = tree.keys() if hasattr(tree, "keys") else range(len(tree))
        return [leaf for key in keys if key != "fixed" for leaf in _boxed_leaves(tree[key])]
    return [tree]


# --- dtypes and array types ---


@every_flow
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "uint8", "bool"])
def test_the_dtype_of_the_parameters_wins(name, dtype):
    flow, params, x, context = make(name)
    x = (abs(x) > 2).astype(dtype) if dtype == "bool" else abs(x).astype(dtype)
    log_p = flow.log_prob(trees.cast(params, "float32"), x, context)
    assert log_p.dtype == onp.float32
    close(log_p, flow.log_prob(params, x.astype("float64"), context), 1e-4)


@every_flow
def test_float32_stays_float32_in_samples_and_gradients(name):
    flow, params, x, context = make(name)
    params = trees.cast(params, "float32")
    x, log_p = flow.sample_and_log_prob(params, onp.random.default_rng(0), 6, context)
    grads = autograd.grad(lambda p: nf.objectives.nll(flow, p, x, context))(params)
    assert x.dtype == log_p.dtype == onp.float32
    assert all(g.dtype == onp.float32 for g in trees.leaves(grads))


@every_flow
def test_device_arrays_give_the_same_numbers(name):
    flow, params, x, context = make(name)
    there = trees.map_leaves(StrictArray, params)
    tolerance = 1e-12
    log_p = flow.log_prob(there, x, context)  # host data: moved at the boundary
    grads = autograd.grad(lambda p: nf.objectives.nll(flow, p, StrictArray(x), context))(there)
    drawn = flow.sample_and_log_prob(there, onp.random.default_rng(0), 6, context)
    here = flow.sample_and_log_prob(params, onp.random.default_rng(0), 6, context)
    assert {type(a) for a in (log_p, *drawn, *trees.leaves(grads))} == {StrictArray}
    close(log_p, flow.log_prob(params, x, context), tolerance)
    close(drawn[0], here[0], tolerance)
    close(drawn[1], here[1], tolerance)
    close_trees(grads, autograd.grad(lambda p: nf.objectives.nll(flow, p, x, context))(params), tolerance)


@every_flow
def test_float32_draws_are_the_rounded_float64_draws(name):
    flow, params, _, context = make(name)
    wide = flow.sample(params, onp.random.default_rng(5), 6, context)
    close(flow.sample(trees.cast(params, "float32"), onp.random.default_rng(5), 6, context), wide, 1e-4)


def test_the_constructor_names_what_does_not_fit():
    with pytest.raises(ValueError, match=r"base and bijection must agree .* got \(3,\) and \(2,\)"):
        nf.Flow(nf.StandardNormal(3), nf.Reverse(2))
    with pytest.raises(ValueError, match="embed needs a bijection that takes a context"):
        nf.Flow(nf.StandardNormal(2), nf.Reverse(2), nf.MLP())
