"""Derivatives of a flow: the hand-written pullbacks against the plain definition, and against finite differences."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from autograd.differential_operators import make_hvp, make_jvp
from comparing import close, close_trees
from small_flows import FLOWS, conditional, every_flow, make

import nfscratch as nf
from nfscratch import trees

reparameterized = pytest.mark.parametrize("name", [name for name in FLOWS if name != "mixture base"])


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

    (value, grads), step = autograd.value_and_grad(reverse_kl)(params), random_like(params)
    close(value, reverse_kl(params), 1e-13)
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


@reparameterized
def test_draws_and_their_densities_are_the_same_on_every_road(name):
    """Kernels, pullbacks and the plain definition, from one seed; log q is the density of the draws."""
    flow, params, _, context = make(name)
    context = None if context is None else context[:6]
    x, log_q = flow.sample_and_log_prob(params, onp.random.default_rng(2), 6, context)
    plain = flow._sample_and_log_prob(params, onp.random.default_rng(2), 6, context)
    drawn, _ = flow.sample_and_log_prob_vjp(params, onp.random.default_rng(2), 6, context)
    alone = flow.sample(params, onp.random.default_rng(2), 6, context)
    for got in (plain, drawn, (alone, flow.log_prob(params, alone, context))):
        close(got[0], x, 1e-10)
        close(got[1], log_q, 1e-8)


@pytest.mark.parametrize("method", ["sample", "sample_and_log_prob"])
def test_a_draw_from_a_mixture_refuses_to_be_differentiated(method):
    flow, params, _, _ = make("mixture base")
    draw = getattr(flow, method)
    with pytest.raises(ValueError, match="a draw of GaussianMixture has no derivative"):
        autograd.grad(lambda p: np.sum(draw(p, onp.random.default_rng(0), 3)[0]))(params)
    seeing = nf.Flow(nf.GaussianMixture(2, 2), nf.Coupling(nf.Affine(), nf.half_mask(2), nf.MLP((4,)), context_dim=1))
    params, draw = seeing.init(onp.random.default_rng(0)), getattr(seeing, method)
    with pytest.raises(ValueError, match="has no derivative"):
        autograd.grad(lambda c: np.sum(draw(params, onp.random.default_rng(0), 3, c)[0]))(onp.zeros((3, 1)))


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


@pytest.mark.parametrize("what", ["log_prob", "sample_and_log_prob"])
@reparameterized
def test_a_gradient_through_a_gradient(name, what):
    """What scales the loss inside is differentiated outside: the second trace reaches the pullback's own argument."""
    flow, params, x, context = make(name)

    def loss(p, scale):
        if what == "log_prob":
            return np.mean(scale * flow.log_prob(p, x, context))
        drawn, log_q = flow.sample_and_log_prob(p, onp.random.default_rng(3), 6, context)
        return np.mean(scale * log_q + np.square(scale) * np.sum(drawn, axis=1))

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
