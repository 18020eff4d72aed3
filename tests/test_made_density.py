"""MADE as a density: it sums and integrates to one, its draws follow it, and many masks share one set of weights."""

import itertools

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from scipy.stats import norm
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.autodiff import register_array_type

register_array_type(StrictArray)
CONDITIONALS = {
    "Bernoulli": nf.Bernoulli(),
    "levels": nf.Categorical(4),
    "Gaussian": nf.Gaussian(),
    "mixture": nf.MixtureOfGaussians(4),
}
every_conditional = pytest.mark.parametrize("name", CONDITIONALS)
dims = pytest.mark.parametrize("dim", (1, 2, 5, 18))


def rng(seed=0):
    return onp.random.default_rng(seed)


def example(name, dim, order=None, hidden=(20, 15), masks=1, n=7):
    """A density with wild parameters, and points of its own kind."""
    r = rng(dim)
    density = nf.AutoregressiveDensity(dim, CONDITIONALS[name], nf.MADE(hidden, "tanh"), order)
    density = density if masks == 1 else nf.MaskEnsemble(density, masks)
    params = trees.map_leaves(lambda a: a + r.normal(size=a.shape) / a.shape[-1] ** 0.5, density.init(r))
    levels = CONDITIONALS[name].n_levels
    x = r.integers(0, levels, size=(n, dim)) / (levels - 1) if levels else 2 * r.normal(size=(n, dim))
    return density, params, x


def binary_rows(dim):
    return onp.array(list(itertools.product((0.0, 1.0), repeat=dim)))


# --- what a factor is ---


def test_the_factors_are_the_formulas():
    theta, x = rng().normal(size=(6, 3, 6)), rng(1).normal(size=(6, 3))
    s = 3 * onp.tanh(theta / 3)
    close(nf.Gaussian().log_prob(theta[..., :2], x), norm.logpdf(x, theta[..., 1], onp.exp(s[..., 0])), 1e-12)
    w = onp.exp(theta[..., :2])
    w /= w.sum(axis=2, keepdims=True)
    means = theta[..., 4:] + norm.ppf([0.25, 0.75])
    density = (w * norm.pdf(x[..., None], means, onp.exp(s[..., 2:4]))).sum(axis=2)
    close(nf.MixtureOfGaussians(2).log_prob(theta, x), onp.log(density), 1e-12)
    bits = (x > 0).astype(float)
    p = 1 / (1 + onp.exp(-theta[..., 0]))
    close(nf.Bernoulli().log_prob(theta[..., :1], bits), onp.log(onp.where(bits == 1, p, 1 - p)), 1e-12)


def test_bernoulli_is_finite_far_out():
    theta = onp.array([[[1e4], [-1e4], [1e4]]])
    log_p, pullback = nf.Bernoulli().log_prob_vjp(theta, onp.array([[1.0, 0.0, 0.0]]))
    assert log_p.tolist() == [[0.0, 0.0, -1e4]]
    assert pullback(onp.ones((1, 1)))[0][0, :, 0].tolist() == [0.0, 0.0, -1.0]


def test_the_components_of_a_fresh_mixture_get_different_gradients():
    density = nf.AutoregressiveDensity(3, nf.MixtureOfGaussians(4), nf.MADE((8,)))
    params = density.init(rng())
    grads = density.log_prob_vjp(params, rng(1).normal(size=(50, 3)))[1](onp.ones(50))[0]
    means = grads[-1]["b"].reshape((3, 3, 4))[:, 2]
    assert (onp.abs(onp.diff(means, axis=1)) > 1e-3).all()


# --- the density ---


@every_conditional
@dims
@pytest.mark.parametrize("masks", (1, 3))
def test_the_pullback_is_that_of_autograd(name, dim, masks):
    density, params, x = example(name, dim, nf.random_order(dim, seed=3), masks=masks)
    log_p, pullback = density.log_prob_vjp(params, x)
    close(log_p, density.log_prob(params, x), 1e-12)
    g = rng(1).normal(size=len(x))
    g_params, g_x = pullback(g)
    close_trees(g_params, autograd.grad(lambda p: np.sum(g * density.log_prob(p, x)))(params), 1e-11)
    if name != "Bernoulli":
        close(g_x, autograd.grad(lambda a: np.sum(g * density.log_prob(params, a)))(x), 1e-11)


@pytest.mark.parametrize("dim", (1, 2, 8))
@pytest.mark.parametrize("hidden", [(), (20,), (2, 3)], ids=str)
def test_binary_probabilities_sum_to_one(dim, hidden):
    density, params, _ = example("Bernoulli", dim, nf.random_order(dim, seed=1), hidden)
    assert onp.exp(density.log_prob(params, binary_rows(dim))).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", ["Gaussian", "mixture"])
def test_a_density_of_two_variables_integrates_to_one(name):
    density, params, _ = example(name, 2, "reversed")
    params = trees.map_leaves(lambda a: 0.5 * a, params)
    t = onp.linspace(-30, 30, 301)
    points = onp.stack(onp.meshgrid(t, t), axis=-1).reshape((-1, 2))
    assert onp.exp(density.log_prob(params, points)).sum() * (t[1] - t[0]) ** 2 == pytest.approx(1, abs=1e-5)


def test_each_factor_depends_on_the_variables_before_it_alone():
    density, params, x = example("Gaussian", 5, (2, 0, 4, 1, 3))
    theta = lambda x: density.conditioner.apply(params, x[:, list(density.order)]).reshape((len(x), 5, 2))  # noqa: E731
    for place, variable in enumerate(density.order):
        other = x.copy()
        other[:, variable] += 1
        moved = onp.abs(theta(other) - theta(x)).max(axis=(0, 2)) > 1e-9
        assert moved.tolist() == [i > place for i in range(5)]


def test_gaussian_factors_are_an_affine_flow_of_a_standard_normal():
    density, params, x = example("Gaussian", 5, "reversed")
    flow = nf.Flow(nf.StandardNormal(5), nf.Autoregressive(nf.Affine(), 5, density.conditioner, "reversed"))
    close(density.log_prob(params, x), flow.log_prob({"base": {}, "bijection": params, "embed": {}}, x), 1e-12)


# --- samples ---


@pytest.mark.parametrize("masks", (1, 3))
def test_binary_draws_follow_the_probabilities(masks):
    density, params, _ = example("Bernoulli", 3, (2, 0, 1), masks=masks)
    n, powers = 40_000, 2 ** onp.arange(3)[::-1]
    draws = density.sample(params, rng(1), n)
    assert set(onp.unique(draws)) == {0.0, 1.0}
    count = onp.bincount((draws @ powers).astype(int), minlength=8)

    def chi_square(p):
        return ((count - n * p) ** 2 / (n * p)).sum()

    p = onp.exp(density.log_prob(params, binary_rows(3)))
    assert chi_square(p) < 30  # 7 degrees of freedom: exceeded once in ten thousand seeds
    assert chi_square(0.9 * p + 0.1 / 8) > 30  # a law that is a little off does not pass


@pytest.mark.parametrize("name", ["Gaussian", "mixture"])
def test_real_draws_follow_the_density(name):
    """The average of exp(log q - log p) over draws of p is 1 for every density q."""
    density, params, _ = example(name, 3, (2, 0, 1), hidden=(6,))
    params = trees.map_leaves(lambda a: 0.3 * a, params)
    x = density.sample(params, rng(1), 40_000)
    spread = x.std(axis=0)
    log_q = norm.logpdf(x, x.mean(axis=0), 0.5 * spread).sum(axis=1)
    ratio = onp.exp(log_q - density.log_prob(params, x))
    error = ratio.std() / len(x) ** 0.5
    assert error < 0.02 and abs(ratio.mean() - 1) < 4 * error


@every_conditional
def test_draws_are_those_of_d_passes(name):
    density, params, _ = example(name, 18, nf.random_order(18, seed=1))
    x = density.sample(params, rng(1), 6)
    noise = density.conditional.noise(rng(1), 6, 18, x)
    again = onp.zeros_like(x)
    for i in range(18):
        theta = density.conditioner.apply(params, again[:, list(density.order)]).reshape((6, 18, -1))
        again[:, density.order[i]] = density.conditional.draw(theta[:, i].T, *(part[i] for part in noise))
    close(x, again, 1e-12)


@pytest.mark.parametrize("n", (0, 1))
@every_conditional
def test_none_and_one(name, n):
    density, params, x = example(name, 4, n=n)
    log_p, pullback = density.log_prob_vjp(params, x)
    assert log_p.shape == (n,) and density.sample(params, rng(), n).shape == (n, 4)
    assert pullback(log_p)[1].shape == (n, 4)


@every_conditional
@pytest.mark.parametrize("masks", (1, 3))
def test_float32_and_device_arrays(name, masks):
    density, params, x = example(name, 5, "reversed", masks=masks)
    params, x = trees.cast(params, "float32"), x.astype("float32")
    there, there_x = trees.map_leaves(StrictArray, params), StrictArray(x)
    log_p, pullback = density.log_prob_vjp(params, x)
    there_log_p, there_pullback = density.log_prob_vjp(there, there_x)
    assert there_log_p.dtype == log_p.dtype == onp.float32
    close(there_log_p, log_p, 1e-6)
    close_trees(there_pullback(there_log_p)[0], pullback(log_p)[0], 1e-5)
    draws = density.sample(there, rng(1), 6)
    assert type(draws) is StrictArray and draws.dtype == onp.float32
    close(draws, density.sample(params, rng(1), 6), 1e-5)


# --- many masks ---


def test_the_ensemble_is_the_average_of_its_members_and_mask_0_is_the_density():
    ensemble, params, x = example("Bernoulli", 5, masks=4)
    members = onp.array([ensemble.member_log_prob(params, x, k) for k in range(4)])
    close(ensemble.log_prob(params, x), onp.log(onp.exp(members).mean(axis=0)), 1e-12)
    close(members[0], ensemble.density.log_prob(params, x), 1e-13)
    assert (onp.ptp(members, axis=0) > 1e-3).all()
    for k in range(4):
        total = onp.exp(ensemble.member_log_prob(params, binary_rows(5), k)).sum()
        assert total == pytest.approx(1, abs=1e-12)


def outputs(ensemble, params, x, k):
    """What the network of mask k makes of x."""
    member = ensemble._members[k]
    return member.conditioner.apply(ensemble._shuffled(params, k), x[:, list(member.order)])


@pytest.mark.parametrize("order", [None, (2, 0, 4, 1, 3)], ids=["natural", "given"])
def test_a_weight_belongs_to_its_variable_whatever_the_mask(order):
    """With all but one column of the first layer at zero, every mask's network sees the same variable and no other."""
    ensemble, params, x = example("Gaussian", 5, order, hidden=(30,), masks=6)
    seen = 0
    for column in range(5):
        keep = onp.arange(5) == column
        only = [{"W": params[0]["W"] * keep, "b": params[0]["b"]}, params[1]]
        for k in range(6):
            for j in range(5):
                moved = outputs(ensemble, only, x + (onp.arange(5) == j), k) - outputs(ensemble, only, x, k)
                if j == ensemble.density.order[column]:
                    seen += moved.any()
                else:
                    assert not moved.any()
    assert seen == 6 * 4  # all but the variable that comes last in its mask's order


def test_the_output_weights_stay_with_their_variable():
    ensemble, params, x = example("Gaussian", 5, (2, 0, 4, 1, 3), hidden=(30,), masks=4)
    still = [{"W": 0 * p["W"], "b": p["b"]} for p in params]  # without weights every mask is the same density
    members = [ensemble.member_log_prob(still, x, k) for k in range(4)]
    for member in members[1:]:
        close(member, members[0], 1e-13)


def test_training_one_mask_after_the_other_lowers_the_loss_of_the_average():
    r = rng(1)
    x = (r.random((400, 6)) < 0.5).astype(float)
    x[:, 3:] = onp.where(r.random((400, 3)) < 0.05, 1 - x[:, :3], x[:, :3])
    ensemble = nf.MaskEnsemble(nf.AutoregressiveDensity(6, nf.Bernoulli(), nf.MADE((40,))), masks=5)

    def loss(params, rng, batch):
        log_p, pullback = ensemble.member_log_prob_vjp(params, batch, int(rng.integers(5)))
        return -log_p.mean(), pullback(onp.full_like(log_p, -1 / len(log_p)))[0]

    result = nf.minimize(
        loss, ensemble.init(r), rng=r, data=x, has_grad=True, steps=400, optimizer=nf.adam(1e-2), progress=False
    )
    entropy = 3 * onp.log(2) - 3 * (0.05 * onp.log(0.05) + 0.95 * onp.log(0.95))
    assert entropy - 0.15 < -ensemble.log_prob(result.params, x).mean() < entropy + 0.15


# --- as a flow, and as a base ---


@pytest.mark.parametrize("masks", (1, 2))
def test_fit_takes_binary_data(masks):
    r = rng(2)
    x = (r.random((600, 5)) < 0.5).astype(float)
    x[:, 4] = x[:, 0]
    flow = nf.flows.made(5, nf.Bernoulli(), hidden=(30,), masks=masks)
    result = nf.fit(flow, x, rng=r, steps=200, optimizer=nf.adam(1e-2), progress=False)
    assert 4 * onp.log(2) - 0.05 < -flow.log_prob(result.params, x).mean() < 4 * onp.log(2) + 0.1
    draws = flow.sample(result.params, r, 500)
    assert (draws[:, 4] == draws[:, 0]).mean() > 0.95


@pytest.mark.parametrize("value", (0.5, 2.0, -1.0))
def test_what_is_not_binary_is_refused_by_row(value):
    flow = nf.flows.made(3, nf.Bernoulli(), hidden=(4,))
    params, x = flow.init(rng()), onp.zeros((6, 3))
    x[4, 1] = value
    for call in (lambda: flow.log_prob(params, x), lambda: nf.fit(flow, x, rng=rng(), steps=2, validation=None)):
        with pytest.raises(ValueError, match="x must be 0 or 1 everywhere for Bernoulli; got something else in row"):
            call()
    with pytest.raises(ValueError, match=r"in row 4$"):
        flow.log_prob(params, x)
    with pytest.raises(ValueError, match="x must be 0 or 1"):
        autograd.grad(lambda p: nf.objectives.nll(flow, p, x))(params)


@pytest.mark.exhaustive
def test_maf_on_a_mixture_base_passes_the_audit():
    def flow(dim):
        base = nf.AutoregressiveDensity(dim, nf.MixtureOfGaussians(3), nf.MADE((8,), "tanh"))
        return nf.flows.maf(dim, layers=2, hidden=(10,), activation="tanh", base=base)

    nf.check.audit(flow, dims=(1, 2, 5), show=False, rng=rng(3)).raise_if_failed()


@pytest.mark.parametrize("masks", (1, 3))
def test_saved_and_loaded(masks, tmp_path):
    flow = nf.flows.made(4, nf.MixtureOfGaussians(3), hidden=(9,), order=(2, 0, 3, 1), masks=masks, seed=5)
    params = trees.map_leaves(lambda a: a + rng(a.size).normal(size=a.shape), flow.init(rng()))
    nf.save(tmp_path / "made.flow", flow, params)
    loaded, loaded_params = nf.load(tmp_path / "made.flow")
    x = rng(1).normal(size=(5, 4))
    assert (loaded.log_prob(loaded_params, x) == flow.log_prob(params, x)).all()


def test_parts_that_cannot_be():
    density = nf.AutoregressiveDensity
    for error, message, call in [
        (ValueError, "dim must be an integer of at least 1; got 0", lambda: density(0, nf.Gaussian())),
        (TypeError, "conditioner must be a MADE", lambda: density(3, nf.Gaussian(), nf.MLP())),
        (TypeError, r"conditional must be a Conditional, such as .*; got", lambda: density(3, nf.Affine())),
        (ValueError, "components must be an integer of at least 1; got 0", lambda: nf.MixtureOfGaussians(0)),
        (ValueError, "components must be an integer of at least 1; got 2.5", lambda: nf.MixtureOfGaussians(2.5)),
        (ValueError, "max_log_scale must be positive and finite; got 0", lambda: nf.Gaussian(0)),
        (ValueError, "masks must be an integer of at least 1; got 0", lambda: nf.flows.made(3, nf.Gaussian(), masks=0)),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_a_draw_is_not_differentiated():
    flow = nf.flows.made(3, nf.Gaussian(), hidden=(4,))
    with pytest.raises(ValueError, match="a draw of AutoregressiveDensity has no derivative"):
        autograd.grad(lambda p: np.sum(flow.sample(p, rng(), 3)))(flow.init(rng()))


# --- levels ---


def test_categorical_probabilities_sum_to_one_over_all_rows_and_two_levels_are_bernoulli():
    density = nf.AutoregressiveDensity(3, nf.Categorical(4), nf.MADE((9,), "tanh"))
    params = trees.map_leaves(lambda a: a + rng(1).normal(size=a.shape), density.init(rng()))
    rows = onp.array(list(itertools.product((0.0, 1 / 3, 2 / 3, 1.0), repeat=3)))
    close(onp.exp(density.log_prob(params, rows)).sum(), 1.0, 1e-12)
    theta, x = rng().normal(size=(50, 3, 2)), rng().integers(0, 2, size=(50, 3)).astype(float)
    two, one = nf.Categorical(2).log_prob(theta, x), nf.Bernoulli().log_prob(theta[..., 1:] - theta[..., :1], x)
    close(two, one, 1e-12)


def test_categorical_draws_have_its_probabilities():
    theta = onp.log(onp.array([0.5, 0.2, 0.3]))[:, None] + onp.zeros((1, 100_000)) + 5.0
    (u,) = nf.Categorical(3).noise(rng(), 100_000, 1, theta)
    x = nf.Categorical(3).draw(theta, u[0])
    shares = [(x == level).mean() for level in (0.0, 0.5, 1.0)]
    onp.testing.assert_allclose(shares, [0.5, 0.2, 0.3], atol=0.006)  # 4 standard errors


@pytest.mark.parametrize("wrong", [0.4, -1 / 3, 4 / 3])
def test_what_is_no_level_is_refused(wrong):
    with pytest.raises(ValueError, match="x must be one of 0, 1/3, 2/3"):
        nf.Categorical(4).log_prob(onp.zeros((2, 1, 4)), onp.array([[1.0], [wrong]]))


@pytest.mark.parametrize("levels", [0, 1, 257, 2.5])
def test_the_number_of_levels_is_checked(levels):
    with pytest.raises(ValueError, match="levels must be"):
        nf.Categorical(levels)


@pytest.mark.parametrize(("dtype", "z"), [("float64", 1e9), ("float32", 1e4)])
def test_the_shares_of_an_ensemble_sum_to_1_where_log_p_is_large(dtype, z):
    """log p is -5e17, and its last digit more than 1: its members are N(0, I) at first, with the gradient -z."""
    ensemble = nf.MaskEnsemble(nf.AutoregressiveDensity(2, nf.Gaussian()), masks=8)
    params = trees.cast(ensemble.init(onp.random.default_rng(0)), dtype)
    _, pullback = ensemble.log_prob_vjp(params, onp.array([[z, 0.5]], dtype))
    onp.testing.assert_allclose(pullback(onp.ones(1, dtype))[1], [[-z, -0.5]], rtol=1e-5)


@pytest.mark.parametrize(("dtype", "far"), [("float64", 1e308), ("float32", 2e38)])
def test_where_the_network_overflows_the_density_is_0_and_its_gradient_too(dtype, far):
    density = nf.AutoregressiveDensity(3, nf.Gaussian(), nf.MADE((8,), "silu"), context_dim=1)
    draws = onp.random.default_rng(0)
    params = trees.map_leaves(lambda a: (a + draws.normal(size=a.shape)).astype(dtype), density.init(draws))
    near, c = draws.normal(size=(1, 3)).astype(dtype), onp.ones((3, 1), dtype)
    z = onp.concatenate([onp.full_like(near, far), near, onp.full_like(near, -far)])
    log_p, (alone, back) = density.log_prob(params, z, c), density.log_prob_vjp(params, near, c[:1])
    assert log_p.tolist() == [-onp.inf, pytest.approx(alone[0], rel=1e-5), -onp.inf] and log_p.dtype == dtype
    both, pullback = density.log_prob_vjp(params, z, c)
    assert both == pytest.approx(log_p, rel=1e-5) and both.dtype == dtype
    traced = autograd.grad(lambda z: np.sum(density.log_prob(params, z, c)))(z)
    g_params, g_z, g_context = pullback(onp.ones_like(both))
    for g in (g_z, traced):
        assert not g[[0, 2]].any() and g[1] == pytest.approx(back(onp.ones_like(alone))[1][0], rel=1e-4)
    assert trees.is_finite(g_params) and not g_context[[0, 2]].any()
    spoilt = trees.map_leaves(lambda a: a * onp.nan, params)
    assert onp.isnan(density.log_prob(spoilt, z, c)).all(), "NaN in the parameters is left to see"
