"""Context reaches every structure: densities, draws and their gradients; in any units, saved and loaded."""

import inspect

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from conditional_flows import STRUCTURES, C, data, example
from scipy.stats import norm

import nfscratch as nf
from nfscratch import check, trees

every_structure = pytest.mark.parametrize("name", STRUCTURES)
every_size = pytest.mark.parametrize("dim", [1, 3])
UNITS = {"a year": (2010.0, 5.0), "a pressure in Pa": (101_300.0, 600.0), "tiny": (0.0, 1e-15)}


def rng(seed=0):
    return onp.random.default_rng(seed)


def test_every_recipe_that_takes_a_context_is_among_the_structures():
    classes_and_layers = {"Flow", "Dequantized", "coupling_layers", "autoregressive_layers"}
    recipes = set(nf.flows.__all__) - classes_and_layers
    takes = {name for name in recipes if "context_dim" in inspect.signature(getattr(nf.flows, name)).parameters}
    of_images = {"glow", "real_nvp_image"}  # test_image_recipes.py
    assert takes - of_images <= {name.split(",")[0] for name in STRUCTURES}
    # The density of "made" takes one, "made as base"; the context of pixel_noise is the image.
    assert recipes - takes == {"made", "inference", "pixel_noise"}


@every_size
@every_structure
def test_density_and_draws_follow_the_context(name, dim):
    e = example(name, dim)
    log_p, (draws, log_q) = e.flow.log_prob(e.params, e.x, e.context), both(e)
    assert onp.isfinite(log_p).all()
    onp.testing.assert_allclose(e.flow.log_prob(e.params, draws, e.context), log_q, rtol=1e-6, atol=1e-6)
    assert (e.flow.sample(e.params, rng(5), 6, e.context) == draws).all()
    assert abs(log_p - e.flow.log_prob(e.params, e.x, e.context[::-1])).max() > 1e-3
    assert abs(draws - e.flow.sample(e.params, rng(5), 6, e.context[::-1])).max() > 1e-3
    alone = [e.flow.log_prob(e.params, e.x[i : i + 1], e.context[i])[0] for i in range(3)]
    onp.testing.assert_allclose(alone, log_p[:3], rtol=1e-7, atol=1e-7)


@every_structure
def test_a_draw_follows_the_context_of_its_own_row(name):
    e = example(name, 3)
    others = e.context.copy()
    others[3:] += 0.5
    draws, again = (e.flow.sample(e.params, rng(5), 6, context) for context in (e.context, others))
    onp.testing.assert_allclose(again[:3], draws[:3], rtol=1e-9, atol=1e-9)
    assert (abs(again[3:] - draws[3:]).max(axis=1) > 1e-6).all()


def both(e, context=None):
    return e.flow.sample_and_log_prob(e.params, rng(5), 6, e.context if context is None else context)


def slopes(of, context):
    """Central differences of of(context) (N,) with respect to each number of the row's own context: (N, C)."""
    steps = 1e-5 * onp.eye(C)
    return onp.stack([(of(context + step) - of(context - step)) / 2e-5 for step in steps], axis=1)


@pytest.mark.parametrize("dim", [pytest.param(1, marks=pytest.mark.exhaustive), 3])
@every_structure
def test_the_gradients_of_the_context_are_those_of_autograd_and_of_finite_differences(name, dim):
    e = example(name, dim)

    def plain(c):
        return np.sum(e.flow._log_prob(e.params, e.x, c, None))

    g = e.flow.log_prob_vjp(e.params, e.x, e.context)[1](onp.ones(6))[2]
    onp.testing.assert_allclose(g, autograd.grad(plain)(e.context), rtol=1e-6, atol=1e-7)
    found = slopes(lambda c: e.flow.log_prob(e.params, e.x, c), e.context)
    onp.testing.assert_allclose(g, found, rtol=1e-4, atol=1e-5)
    if not e.flow.base.reparameterized:
        return

    def of_draws(c):
        x, log_q = both(e, c)
        return np.sum(x, axis=1) + log_q

    (_, log_q), pullback = e.flow.sample_and_log_prob_vjp(e.params, rng(5), 6, e.context)
    g = pullback((onp.ones((6, dim)), onp.ones_like(log_q)))[1]
    onp.testing.assert_allclose(g, autograd.grad(lambda c: np.sum(of_draws(c)))(e.context), rtol=1e-7, atol=1e-9)
    onp.testing.assert_allclose(g, slopes(of_draws, e.context), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "unit", [pytest.param(unit, marks=pytest.mark.exhaustive if unit != "a year" else []) for unit in UNITS]
)
@every_structure
def test_a_context_in_raw_units_is_as_good_as_a_standardised_one(name, unit, tmp_path):
    raw, scaled = example(name, 2, 40, *UNITS[unit]), example(name, 2, 40)
    expected, draws = scaled.flow.log_prob(scaled.params, scaled.x, scaled.context), both_of(scaled)
    onp.testing.assert_allclose(raw.flow.log_prob(raw.params, raw.x, raw.context), expected, rtol=1e-6, atol=1e-6)
    onp.testing.assert_allclose(both_of(raw), draws, rtol=1e-6, atol=1e-6)
    if unit == "a year":
        nf.save(tmp_path / "a.flow", raw.flow, raw.params)
        flow, params = nf.load(tmp_path / "a.flow")
        assert (flow.log_prob(params, raw.x, raw.context) == raw.flow.log_prob(raw.params, raw.x, raw.context)).all()


def both_of(e):
    return e.flow.sample(e.params, rng(5), 40, e.context)


@pytest.mark.parametrize("name", ["rq_nsf", "maf", "planar", "made as base", "embedded"])
def test_the_units_make_no_difference_in_float32(name):
    logs = []
    for offset, unit in (UNITS["a year"], (0.0, 1.0)):
        try:
            nf.use(dtype="float32")
            e = example(name, 2, 40, offset, unit)
        finally:
            nf.use(dtype="float64")
        params = trees.cast(e.params, "float32")
        logs.append(e.flow.log_prob(params, e.x, e.context))
        assert logs[-1].dtype == onp.float32
    onp.testing.assert_allclose(logs[0], logs[1], atol=0.02)  # a year of float32 has steps of 1.2e-4


# --- the Jacobian in x, given the context ---

h = nf.Inverse(nf.RationalQuadraticSpline())
LAYERS = {
    "coupling": nf.Coupling(h, (True, False, True), nf.MLP((6,)), C),
    "autoregressive": nf.Autoregressive(h, 3, nf.MADE((6,), "tanh"), context_dim=C),
    "inverse autoregressive": nf.Inverse(nf.Autoregressive(nf.Affine(), 3, nf.MADE((6,), "tanh"), (2, 0, 1), C)),
    "elementwise": nf.Conditioned(nf.Elementwise(h, 3), nf.MLP((6,)), C),
    "diagonal": nf.Conditioned(nf.Diagonal(3), nf.MLP((6,)), C),
    "triangular": nf.Conditioned(nf.Triangular(3), nf.MLP((6,)), C),
}


@pytest.mark.parametrize("name", LAYERS)
def test_given_the_context_the_jacobian_in_x_keeps_its_zeros(name):
    layer = LAYERS[name]
    assert layer.jacobian_structure in ("block triangular", "triangular", "diagonal")
    report = check.audit(layer, context=data(3)[1], letters="TJ", draws=1, show=False)
    assert report.ok and [line.status.name for line in report.lines] == ["PASSED"] * 2, str(report)
    draws = rng(1)
    params = trees.map_leaves(lambda a: a + 0.3 * draws.normal(size=a.shape), layer.init(rng()), fixed=lambda a: a)
    z, context = data(3)[0] / 5, data(3)[1]
    J, others = layer.jacobian(params, z, context), layer.jacobian(params, z, context[::-1])
    numeric = check.finite_difference_jacobian(lambda a: layer.forward(params, a, context)[0], z)
    onp.testing.assert_allclose(J, numeric, rtol=1e-5, atol=1e-6)
    assert abs(J - others).max() > 1e-3
    onp.testing.assert_array_equal((J == 0).all(axis=0), (others == 0).all(axis=0))


# --- one variable ---


@pytest.mark.parametrize("name", ["real_nvp", "maf", "iaf", "linear", "nice", "gin"])
def test_one_variable_given_the_context_is_a_gaussian_whose_mean_and_spread_follow_it(name):
    """nice and gin move the mean alone: their spread is the same for all rows."""
    e = example(name, 1)
    where = e.flow.bijection.forward(e.params["bijection"], onp.zeros((6, 1)), e.flow.embedded(e.params, e.context))
    centre, scale = where[0][:, 0], onp.exp(where[1])
    onp.testing.assert_allclose(e.flow.log_prob(e.params, e.x, e.context), norm.logpdf(e.x[:, 0], centre, scale))
    assert onp.ptp(centre) > 1e-2
    assert (onp.ptp(scale) > 1e-2) == (name not in ("nice", "gin"))


@pytest.mark.parametrize("name", ["rq_nsf", "rq_nsf, autoregressive", "naf", "elementwise"])
def test_one_variable_given_the_context_has_a_density_of_any_shape(name):
    e = example(name, 1)
    grid = onp.linspace(-40, 40, 20_001)[:, None]
    for context in e.context[:3]:
        log_p = e.flow.log_prob(e.params, grid, context)
        assert onp.exp(log_p).sum() * 0.004 == pytest.approx(1.0, abs=2e-3)
        assert abs(onp.diff(log_p, 2)[2000:-2000] - onp.diff(log_p, 2)[2000]).max() > 1e-6  # no parabola
