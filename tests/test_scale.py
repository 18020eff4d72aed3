"""Scale: constant columns, tiny and huge units, lost digits, far rows, whitening, a context in its own units."""

import re
import warnings

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage

import nfscratch as nf
from nfscratch import check
from nfscratch.bijections.normalize.statistics import ScaleWarning, centre_and_scale
from nfscratch.bijections.normalize.whiten import ledoit_wolf, share_of_identity, shrunk

LAYERS = (nf.Standardize, nf.ActNorm, nf.BatchNorm)


@pytest.fixture(autouse=True)
def float64_again():
    yield
    nf.use(dtype="float64")


def rng(seed=0):
    return onp.random.default_rng(seed)


def correlated(n=400, dim=4, seed=0):
    A = onp.tril(rng(seed).normal(size=(dim, dim))) + 2 * onp.eye(dim)
    return rng(seed + 1).normal(size=(n, dim)) @ A.T * onp.geomspace(1e-3, 1e3, dim) + onp.linspace(-5, 5, dim)


# --- constant columns ---


@pytest.mark.parametrize("Layer", [nf.Standardize, nf.ActNorm, nf.Whiten])
@pytest.mark.parametrize("unit", [1e-300, 1e-15, 1.0, 1e15, 1e300])
def test_a_small_column_is_not_a_constant_one(Layer, unit):
    x = onp.array([[0.0], [1.0], [2.0], [3.0]]) * unit
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        params = Layer(1).init(rng(), x)
        z, _ = Layer(1).inverse(params, x)
    onp.testing.assert_allclose([z.mean(), z.std()], [0.0, 1.0], atol=1e-6)


@pytest.mark.parametrize("Layer", LAYERS)
@pytest.mark.parametrize("value", [-3.0, 1.0, 1.7e9, 1e-300])
def test_a_constant_column_and_one_of_rounding_errors_get_scale_one(Layer, value):
    ulps = onp.array([0.0, 1.0, -1.0, 0.0])
    for column in (onp.full(4, value), value + ulps * onp.spacing(value)):
        with pytest.warns(ScaleWarning, match=rf"{Layer.__name__}: column 1 is constant; scale 1 is used"):
            params = Layer(2).init(rng(), onp.stack([onp.arange(4.0), column], axis=1))
        _, log_det = Layer(2).inverse(params, onp.stack([onp.arange(4.0), column], axis=1))
        assert onp.isfinite(log_det).all()


def test_the_warning_names_a_few_of_many_columns():
    x = onp.concatenate([rng().normal(size=(10, 1)), onp.ones((10, 1555))], axis=1)
    with pytest.warns(ScaleWarning) as caught:
        nf.Standardize(1556).init(rng(), x)
    assert len(str(caught[0].message)) < 120
    assert "1, 2, 3, 4, 5, ... (1555 columns) are constant" in str(caught[0].message)


@pytest.mark.parametrize("a", [1e-18, 1e-6, 1.0, 1e6, 1e18])
@pytest.mark.parametrize("whitened", [False, True])
def test_a_change_of_units_shifts_log_p_by_minus_log_a(a, whitened):
    x = correlated()
    last = nf.Whiten(4) if whitened else nf.Standardize(4)
    layers = [nf.Coupling(nf.Affine(), (True, True, False, False), nf.MLP((8,), "tanh")), last]
    flow = nf.Flow(nf.StandardNormal(4), nf.Chain(layers))
    log_p = []
    for data in (x, a * x + 3 * a):
        params = flow.init(rng(1), data)
        params = nf.trees.map_leaves(lambda p: p + 0.3 * rng(2).normal(size=p.shape), params, lambda p: p)
        log_p.append(flow.log_prob(params, data))
    onp.testing.assert_allclose(log_p[1], log_p[0] - 4 * onp.log(a), atol=1e-6)


# --- digits ---


def unix_times(sd, n=200):
    return 1.7e9 + sd * rng().normal(size=(n, 1))


@pytest.mark.parametrize("call", ["init", "fit"])
def test_a_column_that_float32_cannot_hold_is_refused(call):
    nf.use(dtype="float32")
    flow = nf.Flow(nf.StandardNormal(1), nf.Standardize(1))
    message = r"x: column 0 has values up to 1.7e\+09 with standard deviation 9\.\d+, and float32 .* lie \d+ apart"
    with pytest.raises(ValueError, match=message):
        flow.init(rng(), unix_times(10)) if call == "init" else nf.fit(flow, unix_times(10), rng=rng(), steps=2)


def test_a_column_that_float32_holds_badly_is_warned_of_and_one_that_it_holds_is_not():
    nf.use(dtype="float32")
    flow = nf.Flow(nf.StandardNormal(1), nf.Standardize(1))
    with pytest.warns(UserWarning, match="digits are lost; subtract an offset from the column, or use float64"):
        flow.init(rng(), unix_times(1e4))
    flow.init(rng(), unix_times(2e5))
    nf.use(dtype="float64")
    flow.init(rng(), unix_times(10))


FAR = {"float64": (1e13, 1e12), "float32": (1e5, 5e3)}  # means that leave too few digits for a spread of 1, and enough


@pytest.mark.parametrize("place", ["x", "context", "init"])
@pytest.mark.parametrize("dtype", FAR)
def test_a_column_that_came_with_few_digits_is_warned_of_once(dtype, place):
    nf.use(dtype=dtype)
    base, few = (
        rng().normal(size=(200, 2)),
        "^(x|context): column 1 .*digits are lost; subtract an offset from the column$",
    )
    flow = nf.flows.linear(2, context_dim=2)

    def look(mean):
        far = (base + [0.0, mean]).astype(dtype)
        if place == "init":
            return flow.init(rng(), far, base)
        x, context = (far, base) if place == "x" else (base, far)
        return nf.fit(flow, x, context=context, rng=0, steps=1, validation=None, progress=False)

    with pytest.warns(UserWarning, match=few) as caught:
        look(FAR[dtype][0])
    assert len(caught) == 1
    look(FAR[dtype][1])


def test_a_column_that_varies_by_rounding_is_constant_and_no_column_of_few_digits():
    x = onp.column_stack([rng().normal(size=50), 1e9 + onp.spacing(1e9) * (onp.arange(50) % 2)])
    with pytest.warns(ScaleWarning, match="column 1 is constant") as caught:
        nf.flows.linear(2).init(rng(), x)
    assert len(caught) == 1


def test_rows_to_validate_on_may_lie_close_together():
    x = rng().normal(size=(200, 1))
    near = 1.0 + 2e-15 * onp.arange(50.0)[:, None]
    nf.fit(nf.flows.linear(1), x, rng=0, steps=1, validation=near, progress=False)


# --- far rows ---


@pytest.mark.parametrize(("far", "n"), [(-9999.0, 5000), (1e6, 5000), (-9999.0, 500)])
def test_one_row_that_decides_the_scale_is_named(far, n):
    x = rng().normal(size=(n, 3))
    x[17, 2] = far
    message = rf"a few rows decide the scale of column 2: row 17 .* has {re.escape(f'{far:.6g}')}"
    with pytest.warns(ScaleWarning, match=message) as caught:
        nf.Standardize(3).init(rng(), x)
    assert 'standardize="robust"' in str(caught[0].message)
    params = nf.Standardize(3, "robust").init(rng(), x)
    onp.testing.assert_allclose(params["fixed"]["std"], 1.0, atol=0.15)
    onp.testing.assert_allclose(params["fixed"]["mean"], 0.0, atol=0.15)


@pytest.mark.parametrize(
    "name", ["normal", "uniform", "lognormal", "exponential", "t5", "bimodal", "binary", "rare", "counts"]
)
def test_ordinary_columns_are_not_accused(name):
    r = rng(3)
    columns = {
        "normal": r.normal(size=2000),
        "uniform": r.uniform(size=2000),
        "lognormal": r.lognormal(size=2000),
        "exponential": r.exponential(size=2000),
        "t5": r.standard_t(5, size=2000),
        "bimodal": onp.concatenate([r.normal(size=1000), 1000 + r.normal(size=1000)]),
        "binary": r.integers(0, 2, size=2000).astype(float),
        "rare": (r.random(2000) < 0.01).astype(float),
        "counts": r.poisson(3, size=2000).astype(float),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nf.Standardize(1).init(rng(), columns[name][:, None])


def test_robust_statistics_of_a_normal_column_are_its_moments():
    x = rng(4).normal(3.0, 2.0, size=(50_000, 1))
    for kind in ("moments", "robust"):
        centre, scale = centre_and_scale(x, "test", kind)
        onp.testing.assert_allclose([centre[0], scale[0]], [3.0, 2.0], rtol=0.02)


def test_robust_statistics_where_most_values_are_equal():
    x = onp.zeros((1000, 1))
    x[:100, 0] = rng().normal(size=100)
    assert centre_and_scale(x, "test", "robust")[1][0] > 0
    x[10:, 0] = 0.0
    assert centre_and_scale(x, "test", "robust")[1][0] == x.std()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be one of moments, robust; got 'median'"):
        nf.Standardize(2, "median")


def test_standardize_without_a_kind_is_described_as_before():
    from nfscratch.checkpoint.description import describe

    assert describe(nf.Standardize(2)) == {"part": "Standardize", "fields": {"dim": 2}}
    assert describe(nf.Standardize(2, "robust"))["fields"]["kind"] == "robust"


# --- whitening ---


@pytest.mark.parametrize("kind", ["moments", "robust"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_whiten_keeps_the_laws(kind, dtype):
    layer = nf.Whiten(4, kind)
    nf.use(dtype=dtype)
    params = layer.init(rng(), correlated().astype(dtype))
    z = rng(5).normal(size=(6, 4)).astype(dtype)
    x, log_det = layer.forward(params, z)
    back, log_det_back = layer.inverse(params, x)
    tolerance = 1e-10 if dtype == "float64" else 2e-3
    onp.testing.assert_allclose(back, z, atol=tolerance)
    onp.testing.assert_allclose(log_det + log_det_back, 0.0, atol=tolerance)
    assert x.dtype == log_det.dtype == dtype
    J = layer.jacobian(params, z)
    onp.testing.assert_allclose(onp.linalg.slogdet(J.astype(float))[1], log_det, rtol=1e-5, atol=1e-4)
    for method, at in (("forward", z), ("inverse", x)):
        value = getattr(layer, f"{method}_vjp")(params, at)
        plain = getattr(layer, method)(params, at)
        onp.testing.assert_allclose(value[0], plain[0], rtol=tolerance, atol=tolerance)
        onp.testing.assert_allclose(value[1], plain[1], rtol=1e-6)
        g = rng(6).normal(size=at.shape).astype(dtype)
        expected = autograd.grad(lambda a, method=method, g=g: np.sum(g * getattr(layer, method)(params, a)[0]))(at)
        onp.testing.assert_allclose(
            value[2](g, onp.zeros(6, dtype))[1],
            expected,
            rtol=20 * tolerance,
            atol=1e-3 * abs(expected).max() if dtype == "float32" else 1e-10,
        )
    if dtype == "float64":
        onp.testing.assert_allclose(
            J, check.finite_difference_jacobian(lambda a: layer.forward(params, a)[0], z), rtol=1e-5, atol=1e-5
        )


def test_whitened_data_has_mean_zero_and_the_identity_as_covariance():
    x = correlated(20_000)
    z, _ = nf.Whiten(4).inverse(nf.Whiten(4).init(rng(), x), x)
    onp.testing.assert_allclose(z.mean(axis=0), 0.0, atol=1e-10)
    onp.testing.assert_allclose(onp.cov(z.T), onp.eye(4), atol=0.02)


@pytest.mark.parametrize(("n", "dim"), [(20, 3), (200, 10), (30, 29), (5000, 5)])
def test_the_shrinkage_is_that_of_ledoit_and_wolf(n, dim):
    u = correlated(n, dim)
    u = (u - u.mean(axis=0)) / u.std(axis=0)
    onp.testing.assert_allclose(ledoit_wolf(u), ledoit_wolf_shrinkage(u, assume_centered=True), rtol=1e-10)


def test_a_fresh_whitened_flow_is_the_shrunk_gaussian():
    x = correlated(60, 5) / onp.geomspace(1e-3, 1e3, 5)
    flow = nf.Flow(nf.StandardNormal(5), nf.Chain([nf.Coupling(nf.Affine(), (True,) * 2 + (False,) * 3), nf.Whiten(5)]))
    params = flow.init(rng(), x)
    mean, std = x.mean(axis=0), x.std(axis=0)
    u = (x - mean) / std
    covariance = shrunk(u, share_of_identity(u, onp.arange(60))) * std * std[:, None]
    from scipy.stats import multivariate_normal

    onp.testing.assert_allclose(flow.log_prob(params, x), multivariate_normal(mean, covariance).logpdf(x), rtol=1e-9)


def test_equal_columns_and_constant_ones_do_not_stop_it():
    x = rng().normal(size=(50, 1)) @ onp.ones((1, 4))
    x[:, 3] = 7.0
    with pytest.warns(ScaleWarning, match=r"x: column \d is a linear function of other columns"):
        params = nf.Whiten(4).init(rng(), x)
    z, log_det = nf.Whiten(4).inverse(params, x)
    assert onp.isfinite(z).all()
    assert onp.isfinite(log_det).all()


def test_it_says_whether_it_took_the_correlations():
    few, many = correlated(4), correlated(50)
    assert nf.Whiten(4).taken(nf.Whiten(4).init(rng(), few)) == ("diagonal", 1.0)
    kind, share = nf.Whiten(4).taken(nf.Whiten(4).init(rng(), many))
    assert kind == "full" and 0.0 < share < 1.0
    assert nf.Whiten(300).taken(nf.Whiten(300).init(rng(), rng().normal(size=(400, 300)))) == ("diagonal", 1.0)


# --- context ---


def year_data(n=600):
    year = rng(7).integers(1950, 2020, size=n).astype(float)
    x = 0.3 * (year - 1985) / 20 + 0.1 * rng(8).normal(size=n)
    return x[:, None], year[:, None]


def test_a_context_in_its_own_units_is_as_good_as_a_standardised_one():
    x, year = year_data()
    scaled = (year - year.mean()) / year.std()
    layer = nf.Coupling(nf.Affine(), (False,), nf.MLP((16,), "tanh"), context_dim=1)
    ends = []
    for context in (year, scaled):
        flow = nf.Flow(nf.StandardNormal(1), nf.Chain([layer, nf.Standardize(1)]), nf.StandardizedInput())
        result = nf.fit(flow, x, context=context, rng=rng(), steps=150, optimizer=nf.adam(1e-2), progress=False)
        ends.append(flow.log_prob(result.params, x, context).mean())
    onp.testing.assert_allclose(ends[0], ends[1], atol=1e-8)
    unconditional = -0.5 * onp.log(2 * onp.pi * x.var()) - 0.5
    assert ends[0] > unconditional + 0.5


def test_the_contexts_scale_is_stored_and_saved_and_no_gradient_moves_it(tmp_path):
    x, year = year_data(50)
    flow = nf.Flow(
        nf.StandardNormal(1),
        nf.Coupling(nf.Affine(), (False,), nf.MLP((4,), "tanh"), context_dim=3),
        nf.StandardizedInput(nf.MLP((5,), "tanh")),
    )
    params = flow.init(rng(), x, year)
    onp.testing.assert_allclose(params["embed"]["fixed"]["mean"], year.mean())
    params = nf.trees.map_leaves(lambda a: a + 0.3 * rng(1).normal(size=a.shape), params, lambda a: a)
    nf.save(tmp_path / "flow", flow, params)
    again, loaded = nf.load(tmp_path / "flow")
    onp.testing.assert_array_equal(again.log_prob(loaded, x, year), flow.log_prob(params, x, year))
    grads = autograd.grad(lambda p: np.sum(flow.log_prob(p, x, year)))(params)
    assert (grads["embed"]["fixed"]["mean"] == 0).all()
    by_hand = autograd.grad(lambda c: np.sum(flow.log_prob(params, x, c)))(year)
    step = 1e-4 * onp.eye(50, 1)
    difference = (flow.log_prob(params, x, year + step) - flow.log_prob(params, x, year - step)).sum() / 2e-4
    onp.testing.assert_allclose(by_hand[0, 0], difference, rtol=1e-5, atol=1e-9)


def test_a_flow_of_a_standardised_context_is_made_without_one_too():
    flow = nf.Flow(nf.StandardNormal(1), nf.Coupling(nf.Affine(), (False,), context_dim=2), nf.StandardizedInput())
    params = flow.init(rng())
    assert flow.log_prob(params, onp.zeros((3, 1)), onp.zeros((3, 2))).shape == (3,)
    with pytest.raises(ValueError, match=r"context must have shape \(N, 2\)"):
        flow.log_prob(params, onp.zeros((3, 1)), onp.zeros((3, 5)))


# --- in a fit ---


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fit_names_the_row_as_the_caller_knows_it_whichever_part_it_falls_into(seed):
    x = rng(9).normal(size=(400, 2))
    x[123, 1] = -9999.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nf.fit(nf.flows.real_nvp(2, layers=2), x, rng=seed, steps=1, progress=False)
    (message,) = [str(w.message) for w in caught if "decide the scale" in str(w.message)]
    assert message.startswith("x: a few rows decide the scale of column 1: row 123 has -9999")


def test_a_value_that_is_not_finite_is_named_with_its_column():
    flow = nf.flows.real_nvp(3, layers=1)
    x = onp.zeros((5, 3))
    x[3, 2] = onp.inf
    with pytest.raises(ValueError, match="x must be finite; NaN or infinity in row 3; the first is inf, in column 2"):
        flow.log_prob(flow.init(rng()), x)


def full_gaussian(train, test):
    """The mean log-density of the maximum likelihood Gaussian, with nothing shrunk."""
    from scipy.stats import multivariate_normal

    mean, std = train.mean(axis=0), train.std(axis=0)
    law = multivariate_normal(onp.zeros(len(mean)), onp.cov(((train - mean) / std).T, bias=True), allow_singular=True)
    return law.logpdf((test - mean) / std).mean() - onp.log(std).sum()


STRONG = {
    "smooth curves": lambda r: onp.cumsum(onp.cumsum(onp.cumsum(r.normal(size=(1000, 12)), 1), 1), 1),
    "two thermometers": lambda r: 20 + 5 * r.normal(size=(1000, 1)) + 5e-3 * r.normal(size=(1000, 2)) * [0.0, 1.0],
    "a sum with noise": lambda r: r.normal(size=(1000, 3)) @ onp.array([[1, 0, 1], [0, 1, 0], [0, 0, 1e-3]]),
}


@pytest.mark.parametrize("name", STRONG)
def test_the_start_is_as_good_as_the_full_gaussian_on_strongly_correlated_columns(name):
    x = STRONG[name](rng(11))
    train, test = x[:700], x[700:]
    flow = nf.flows.real_nvp(x.shape[1], layers=2)
    start = flow.log_prob(flow.init(rng(), train), test).mean()
    assert start > full_gaussian(train, test) - 0.1


def test_few_rows_are_shrunk_far():
    x = rng(12).normal(size=(85, 30))
    flow = nf.flows.real_nvp(30, layers=2)
    start = flow.log_prob(flow.init(rng(), x[:60]), x[60:]).mean()
    assert start > full_gaussian(x[:60], x[60:]) + 5.0


def test_a_constant_column_keeps_its_scale_of_one_under_whitening():
    x = onp.stack([3 * rng().normal(size=500), onp.full(500, 5.0)], axis=1)
    with pytest.warns(ScaleWarning, match="column 1 is constant"):
        params = nf.flows.rq_nsf(2).init(rng(), x)
    onp.testing.assert_array_equal(params["bijection"][0]["fixed"]["mixing"], onp.eye(2))


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float64"])
def test_whole_numbers_that_float32_cannot_hold_are_refused(dtype):
    nf.use(dtype="float32")
    x = onp.round(unix_times(10)).astype(dtype)
    flow = nf.Flow(nf.StandardNormal(1), nf.Standardize(1))
    with pytest.raises(ValueError, match="its values cannot be told apart"):
        nf.fit(flow, x, rng=0, steps=1, jitter=1.0)
    nf.Flow(nf.StandardNormal(1), nf.Standardize(1)).init(rng(), onp.arange(50, dtype="int64")[:, None])


def fit_warnings(flow, x, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nf.fit(flow, x, rng=0, steps=1, progress=False, **options)
    return [str(w.message) for w in caught if "decide the scale" in str(w.message)]


def test_a_row_that_decides_the_scale_of_the_context_is_named_and_a_robust_scale_helps():
    c = rng(13).normal(size=(500, 1))
    c[3] = -9999.0
    y = onp.sin(2 * c) + 0.05 * rng(14).normal(size=(500, 1))
    (message,) = fit_warnings(nf.flows.rq_nsf(1, context_dim=1, layers=1), y, context=c)
    assert message.startswith("context: a few rows decide the scale of column 0: row 3 has -9999")
    robust = nf.flows.rq_nsf(1, context_dim=1, layers=1, standardize="robust")
    assert fit_warnings(robust, y, context=c) == []
    onp.testing.assert_allclose(robust.init(rng(), y, c)["embed"]["fixed"]["std"], 1.0, atol=0.15)


def test_with_a_support_the_unbounded_coordinates_are_looked_at():
    x = onp.exp(2.5 * rng(15).normal(size=(400, 2)))
    flow = nf.flows.real_nvp(2, layers=1, support=(0, None))
    assert fit_warnings(flow, x) == []
    x[5, 1] = 1e-300
    (message,) = fit_warnings(flow, x)
    assert message.startswith("x: a few rows decide the scale of column 1: row 5")


@pytest.mark.parametrize("value", [-3.0, -1.0, 1.0])
def test_a_row_outside_of_the_bounds_of_its_column_is_named(value):
    x = rng(16).uniform(size=(200, 2))
    x[5, 1] = value
    flow = nf.flows.real_nvp(2, layers=1, support=([0, -1], [1, 1]))
    with pytest.raises(ValueError, match=r"x must lie inside of the bounds of its column.*got \S+ in row 5, column 1"):
        nf.fit(flow, x, rng=0, steps=1)
