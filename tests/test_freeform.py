"""Free-form flows: the surrogate's gradient against that of the log-determinant, the density, and what it refuses."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from scipy import stats
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.autodiff import register_array_type

register_array_type(StrictArray)
QUIET = {"progress": False}
DIMS = (1, 2, 5, 6)


def rng(seed=0):
    return onp.random.default_rng(seed)


def rows(dim, n=40):
    return rng(1).normal(size=(n, dim)) @ rng(2).normal(size=(dim, dim)) * onp.arange(1, dim + 1) ** 2 + 30.0


def wild(model, x, scale=0.3):
    draws = rng(3)

    def moved(a):
        return a + scale * draws.normal(size=a.shape)

    return trees.map_leaves(moved, model.init(rng(), x), fixed=lambda a: a)


def make(base=None, beta=3.0, activation="silu"):
    return nf.models.FreeForm(nf.MLP((9, 8), activation), nf.MLP((9, 8), activation), base, beta)


# --- the loss ---


def loss(model, encoder, params, rest, x, v, w):
    """Equation (5) by the plain definitions; w is given, and is a constant."""
    fixed = params["scale"]["fixed"]
    u = (x - fixed["mean"]) / fixed["std"]
    z, Jw = model.encoder.jvp(encoder, u, w[None])
    z = u + z
    r = z + model.decoder.apply(rest["decoder"], z) - u
    base = nf.StandardNormal(z.shape[1]) if model.base is None else model.base
    log_p = base.log_prob(rest["base"], z)
    return np.mean(-log_p - np.sum(v * (w + Jw[0]), axis=1) + model.beta * np.sum(r**2, axis=1))


def directions(model, params, x, draws):
    """v as the model draws it, and w = J_g v."""
    e = draws.standard_normal(x.shape)
    v = e * (x.shape[1] ** 0.5 / onp.linalg.norm(e, axis=1, keepdims=True))
    return v, v + model.decoder.jvp(params["decoder"], model.encode(params, x), v[None])[1][0]


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("based", [False, True])
def test_the_gradient_is_that_of_autograd_with_w_held_constant(dim, based):
    model, x = make(nf.DiagonalNormal(dim) if based else None), rows(dim)
    params = wild(model, x)
    v, w = directions(model, params, x, rng(6))
    value, grads = model.loss_value_and_grad(params, rng(6), x)
    close(value, loss(model, params["encoder"], params, params, x, v, w), 1e-11)
    close_trees(
        grads["encoder"],
        autograd.grad(lambda p: loss(model, p, params, params, x, v, w))(params["encoder"]),
        1e-10,
    )
    rest = {name: params[name] for name in ("decoder", "base")}
    close_trees(
        {name: grads[name] for name in rest},
        autograd.grad(lambda p: loss(model, params["encoder"], params, p, x, v, w))(rest),
        1e-10,
    )


@pytest.mark.parametrize("dim", DIMS)
def test_the_gradient_is_the_slope_of_the_loss_with_w_held_constant(dim):
    model, x, h = make(), rows(dim), 1e-4
    params, draws = wild(model, x), rng(4)
    v, w = directions(model, params, x, rng(6))
    step = trees.map_leaves(lambda a: draws.normal(size=a.shape), params["encoder"])
    grads = model.loss_value_and_grad(params, rng(6), x)[1]["encoder"]
    exact = sum((a * b).sum() for a, b in zip(trees.leaves(grads), trees.leaves(step), strict=True))

    def at(t):
        moved = trees.add(params["encoder"], trees.map_leaves(lambda a: t * a, step))
        return loss(model, moved, params, params, x, v, w)

    slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    assert slope == pytest.approx(exact, rel=1e-6)


def linear(dim, exact=True):
    """f(u) = A u and g(z) = A^-1 z, or nearly."""
    model = nf.models.FreeForm(nf.MLP(()), nf.MLP(()), beta=1.0)
    params = model.init(rng(), onp.concatenate([onp.ones((1, dim)), -onp.ones((1, dim))]))
    A = onp.eye(dim) + 0.3 * rng(1).normal(size=(dim, dim))
    inverse = onp.linalg.inv(A) + (0.0 if exact else 0.2 * rng(2).normal(size=(dim, dim)))
    params["encoder"] = [{"W": A - onp.eye(dim), "b": onp.zeros(dim)}]
    params["decoder"] = [{"W": inverse - onp.eye(dim), "b": onp.zeros(dim)}]
    return model, params, A


def surrogate_gradient(model, params, dim, n=4000):
    """What the surrogate adds to the gradient in A: at u = 0 the other terms have none, as z and the error are 0."""
    return -model.loss_value_and_grad(params, rng(5), onp.zeros((n, dim)))[1]["encoder"][0]["W"]


@pytest.mark.parametrize("dim", DIMS)
def test_the_surrogates_gradient_is_that_of_the_log_determinant_where_g_is_the_inverse(dim):
    """d log|det A| / dA = A^-T; the mean over 4,000 directions v, each of which is exact in D = 1."""
    model, params, A = linear(dim)
    exact = autograd.grad(lambda A: np.linalg.slogdet(A)[1])(A)
    close(exact, onp.linalg.inv(A).T, 1e-12)
    estimate = surrogate_gradient(model, params, dim)
    spread = 1.5 * dim**0.5 * onp.abs(exact).max()  # of one direction, at most
    assert onp.abs(estimate - exact).max() < (1e-10 if dim == 1 else 4 * spread / 4000**0.5)


@pytest.mark.parametrize("dim", [2, 5])
def test_with_another_g_it_is_another_gradient(dim):
    """Negative control: the reconstruction term is what makes g the inverse."""
    model, params, A = linear(dim, exact=False)
    assert onp.abs(surrogate_gradient(model, params, dim) - onp.linalg.inv(A).T).max() > 0.1


def test_with_w_under_the_derivative_the_surrogate_teaches_nothing():
    """The planted mistake: v^T J_f J_g v is |v|^2 for every pair of inverses, so that its whole gradient is 0."""
    A, e = linear(3)[2], rng(6).standard_normal((50, 3))

    def whole(A):
        J_g = np.linalg.inv(A)  # a decoder that follows the encoder
        return np.mean(np.sum(e * ((e @ J_g.T) @ A.T), axis=1))

    assert onp.abs(autograd.grad(whole)(A)).max() < 1e-12
    held = onp.linalg.inv(A)
    right = autograd.grad(lambda A: np.mean(np.sum(e * ((e @ held.T) @ A.T), axis=1)))(A)
    assert onp.abs(right - held.T).max() < 0.5 < onp.abs(held.T).max()


def test_a_fresh_model_is_the_identity_with_the_densitys_gaussian():
    model, x = make(), rows(5)
    params = model.init(rng(), x)
    u = (x - x.mean(axis=0)) / x.std(axis=0)
    close(model.encode(params, x), u, 1e-12)
    close(model.reconstruct(params, x), x, 1e-12)
    close(model.log_prob(params, x), stats.norm(x.mean(axis=0), x.std(axis=0)).logpdf(x).sum(axis=1), 1e-10)


# --- the density ---


@pytest.mark.parametrize("dim", DIMS)
def test_the_density_is_that_of_a_numeric_jacobian(dim):
    model, x, h = make(), rows(dim, 7), 1e-4
    params = wild(model, x)
    ends = [[model.encode(params, x + t * h * onp.eye(dim)[i]) for i in range(dim)] for t in (-2, -1, 1, 2)]
    lower2, lower, upper, upper2 = (onp.stack(end, axis=2) for end in ends)
    J = (8 * (upper - lower) - (upper2 - lower2)) / (12 * h)
    exact = stats.norm.logpdf(model.encode(params, x)).sum(axis=1) + onp.linalg.slogdet(J)[1]
    close(model.log_prob(params, x), exact, 1e-7)


def test_a_linear_pair_has_the_density_of_a_gaussian():
    model, params, A = linear(3)
    x = rng(3).normal(size=(9, 3))
    close(
        model.log_prob(params, x),
        stats.multivariate_normal(onp.zeros(3), onp.linalg.inv(A.T @ A)).logpdf(x),
        1e-11,
    )
    assert model.log_prob(params, x[:0]).shape == (0,)


def test_rows_are_independent_of_how_many_are_taken_at_a_time(monkeypatch):
    model, x = make(), rows(5)
    params = wild(model, x)
    whole = model.log_prob(params, x)
    monkeypatch.setattr(nf.models.freeform, "NUMBERS", 35)
    close(model.log_prob(params, x), whole, 1e-12)


def test_autograd_differentiates_the_density():
    model, x = make(), rows(2, 5)
    params = wild(model, x)
    grads = autograd.grad(lambda p: np.sum(model.log_prob(p, x)))(params)
    draws, h = rng(4), 1e-4
    step = trees.map_leaves(lambda a: draws.normal(size=a.shape), params, fixed=lambda a: 0.0 * a)
    exact = sum((a * b).sum() for a, b in zip(trees.leaves(grads), trees.leaves(step), strict=True))
    ends = [
        model.log_prob(trees.add(params, trees.map_leaves(lambda a, t=t: t * h * a, step)), x).sum()
        for t in (-2, -1, 1, 2)
    ]
    assert (8 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12 * h) == pytest.approx(exact, rel=1e-6)


def test_float32_stays_float32_and_wide_rows_are_refused_with_a_way_out():
    model, x = make(), rows(5)
    params = trees.map_leaves(lambda a: StrictArray(a.astype("float32")), wild(model, x))
    log_p = model.log_prob(params, StrictArray(x.astype("float32")))
    assert isinstance(log_p, StrictArray) and log_p.dtype == "float32"
    wide = rng(1).normal(size=(8, 65))
    params = model.init(rng(), wide)
    with pytest.raises(ValueError, match=r"x must have at most 64 columns for log_prob.*got 65. Pass largest=65"):
        model.log_prob(params, wide)
    assert model.log_prob(params, wide, largest=65).shape == (8,)
    with pytest.raises(ValueError, match=r"x must have at most 64 columns.*fit_model needs none with validation=None"):
        nf.fit_model(model, wide, rng=0, validation=wide, steps=2, **QUIET)
    assert nf.fit_model(model, wide, rng=0, validation=None, steps=2, **QUIET).steps == 2


# --- training ---


@pytest.mark.exhaustive
def test_it_fits_a_bent_density_nearly_as_well_as_the_truth_and_integrates_to_nearly_1():
    data = nf.data.load("crescent", n=4000)
    model = nf.models.FreeForm(nf.MLP((64, 64), "silu"), nf.MLP((64, 64), "silu"), beta=30.0)
    result = nf.fit_model(
        model, data.train, rng=0, validation=data.validation, steps=1200, optimizer=nf.adam(3e-3), **QUIET
    )
    gap = nf.evaluate.paired(data.log_prob(data.test), model.log_prob(result.params, data.test))
    line = onp.linspace(-8.0, 8.0, 300)
    grid = onp.stack(onp.meshgrid(line, line), axis=-1).reshape(-1, 2) + data.train.mean(axis=0)
    mass = onp.exp(model.log_prob(result.params, grid)).sum() * (line[1] - line[0]) ** 2
    assert abs(mass - 1.0) < 0.1 and gap.mean + onp.log(mass) < 0.15


def test_training_makes_g_the_inverse_and_the_density_better_than_a_gaussian():
    x = nf.data.load("crescent", n=1000).train
    model = nf.models.FreeForm(nf.MLP((16,), "silu"), nf.MLP((16,), "silu"), beta=20.0)
    result = nf.fit_model(model, x, rng=0, validation=x, steps=100, optimizer=nf.adam(2e-2), **QUIET)
    assert result.validation < result.history["validation"][0] - 0.2
    assert (model.reconstruction_error(result.params, x) / x.var(axis=0).sum()).mean() < 0.02


def test_what_does_not_fit_is_refused_in_one_line():
    net, x = nf.MLP((7,), "silu"), rows(5)
    with pytest.raises(TypeError, match=r"encoder must be a Network, such as nf.MLP"):
        nf.models.FreeForm(3, net)
    with pytest.raises(TypeError, match=r"base must be a Distribution, such as nf.StandardNormal\(2\); got 3"):
        nf.models.FreeForm(net, net, 3)
    with pytest.raises(ValueError, match=r"beta must be positive and finite; got 0"):
        nf.models.FreeForm(net, net, beta=0)
    with pytest.raises(ValueError, match=r"base must have the shape of z, \(5,\); got StandardNormal of shape \(4,\)"):
        nf.models.FreeForm(net, net, nf.StandardNormal(4)).init(rng(), x)
