"""FittedTails: the standard normal where the data have normal tails, Student's t with a scale where one is heavy."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from scipy import stats
from share import few

import nfscratch as nf
from nfscratch import trees
from nfscratch.distributions.fitted_tails import GRID, fitted_scales, heavy_tails


def rng(seed=0):
    return onp.random.default_rng(seed)


def whitened(z):
    z = z - z.mean(axis=0)
    return onp.linalg.solve(onp.linalg.cholesky(z.T @ z / len(z)), z.T).T


BASE = nf.FittedTails(3)
DOF, SCALE = nf.StudentT(3, 5.0).init(rng())["dof"] * [1.0, 1.0, 1.2], onp.array([0.0, 0.4, 1.7])
MIXED = {"dof": DOF, "fixed": {"heavy": SCALE}}
NORMAL = BASE.init(rng(), rng(1).normal(size=(500, 3)))


def is_heavy(z):
    return heavy_tails(z)[0] > 0


SIZES = few([(60, 5), (300, 1), (60, 1), (300, 20)], [(60, 5)])


@pytest.mark.parametrize(("n", "dim"), SIZES)
def test_normal_data_keep_the_normal_base_but_for_one_table_in_fifteen(n, dim):
    found = [is_heavy(whitened(rng(seed).normal(size=(n, dim)))).any() for seed in range(60)]
    assert onp.mean(found) <= 0.1


@pytest.mark.parametrize("n", few([60, 30, 300], [60]))
def test_t_in_place_of_a_normal_costs_new_rows_little(n):
    """Where t is taken by mistake: normal rows, and the normal base that the same rows give."""
    cost = []
    for seed in range(100):
        z, new = onp.split(rng(seed).normal(size=(n + 1000, 2)), [n])
        nu, s = heavy_tails(whitened(z))
        if nu.any():
            L, new = onp.linalg.cholesky(onp.cov(z.T, bias=True)), new - z.mean(axis=0)
            new = onp.linalg.solve(L, new.T).T
            cost.append((stats.norm.logpdf(new) - stats.t.logpdf(new, nu, scale=s)).mean())
    assert 0 < len(cost) <= 10 and onp.mean(cost) < 1.5 / n


@pytest.mark.parametrize("nu", [1.5, 3.0, 5.0])
def test_heavy_tails_are_found_with_the_scale_that_scipy_finds_and_are_nearly_normal_where_there_are_none(nu):
    z = onp.stack([rng(2).normal(size=2000), stats.t.rvs(nu, size=2000, random_state=3)], axis=1)
    z = z / z.std(axis=0)
    found, scale = heavy_tails(z)
    dof, _, s = stats.t.fit(z[:, 1], floc=0.0)
    assert 20.0 < found[0] <= 100.0 and abs(onp.log(found[1] / dof)) < 0.25
    onp.testing.assert_allclose(scale, [1.0, s], rtol=0.05)


def test_the_scale_is_the_most_likely_one():
    u = rng(3).standard_t(2.0, size=(400, 3)) * [0.3, 1.0, 30.0]
    gains, scales = fitted_scales(u, onp.full((400, 1), 1 / 400))
    likelihood = [stats.t.logpdf(u, nu, scale=s) for nu, s in zip(GRID, scales, strict=True)]
    onp.testing.assert_allclose(gains, onp.mean(likelihood - stats.norm.logpdf(u), axis=1), rtol=1e-9)
    for factor in (0.98, 1.02):
        near = [stats.t.logpdf(u, nu, scale=s * factor) for nu, s in zip(GRID[10:], scales[10:], strict=True)]
        assert (onp.mean(near, axis=1) < onp.mean(likelihood[10:], axis=1)).all()


def test_the_scales_unit_is_that_of_the_rows():
    z = rng(3).standard_t(2.0, size=(100, 2))
    nu, scale = heavy_tails(z)
    assert onp.array_equal(heavy_tails(z * [0.1, 10.0])[0], nu)
    onp.testing.assert_allclose(heavy_tails(z * [0.1, 10.0])[1], scale * [0.1, 10.0], rtol=1e-9)


def test_a_direction_that_is_rounding_keeps_the_scale_1():
    z = rng(3).standard_t(2.0, size=(400, 3)) * [1.0, 1.0, 1e-15]
    nu, scale = heavy_tails(z)
    assert (nu > 0).all() and scale[2] == 1.0
    assert onp.array_equal(scale[:2], heavy_tails(z * [1.0, 1.0, 0.0])[1][:2])


def test_many_equal_numbers_leave_the_scale_above_0():
    z = rng(3).normal(size=(300, 2)) * (rng(4).random((300, 2)) < 0.2)
    z[:, 1] = 0.0
    z[0, 1] = 5.0
    nu, scale = heavy_tails(z)
    assert (nu > 0).all() and (scale >= 0.999e-3 * abs(z).mean(axis=0)).all()
    z[0, 1] = 0.0
    assert heavy_tails(z)[1][1] == 1.0


def test_one_row_that_decides_the_covariance_is_seen_as_it_is_without_itself():
    z = rng(4).normal(size=(60, 8))
    z[7] *= 6.0
    white = whitened(z)
    assert onp.abs(white[7]).max() < 5.5 < onp.abs(z[7]).max()
    assert is_heavy(white).any()
    assert not is_heavy(whitened(onp.delete(z, 7, axis=0))).any()


def test_equal_columns_and_fewer_rows_than_columns_do_no_harm():
    z = rng(5).normal(size=(100, 1)).repeat(30, axis=1)
    assert not is_heavy(z).any()
    assert onp.isfinite(heavy_tails(rng(5).normal(size=(10, 30)))).all()
    assert not is_heavy(onp.full((10, 2), onp.inf)).any()


def test_without_rows_and_for_normal_ones_it_is_the_standard_normal_to_the_last_digit():
    z, plain = rng(2).normal(size=(50, 3)) * 5, nf.StandardNormal(3)
    for params in (NORMAL, BASE.init(rng())):
        assert (params["fixed"]["heavy"] == 0).all()
        assert onp.array_equal(BASE.log_prob(params, z), plain.log_prob({}, z))
        assert onp.array_equal(BASE.log_prob_vjp(params, z)[0], plain.log_prob_vjp({}, z)[0])
        assert onp.array_equal(BASE.sample(params, rng(3), 20), plain.sample({}, rng(3), 20))
        assert (BASE.degrees_of_freedom(params) == onp.inf).all()


def test_the_density_is_scipys():
    z = rng(1).normal(size=(40, 3)) * onp.geomspace(1e-3, 1e4, 40)[:, None]
    nu = BASE.degrees_of_freedom(MIXED)
    assert nu[0] == onp.inf and onp.isfinite(nu[1:]).all()
    expected = stats.norm.logpdf(z[:, 0]) + stats.t.logpdf(z[:, 1:], nu[1:], scale=SCALE[1:]).sum(axis=1)
    onp.testing.assert_allclose(BASE.log_prob(MIXED, z), expected, rtol=1e-11)
    onp.testing.assert_allclose(BASE.log_prob_vjp(MIXED, z)[0], expected, rtol=1e-11)
    assert onp.array_equal(BASE.scale(MIXED), [1.0, *SCALE[1:]])


@pytest.mark.parametrize("params", [MIXED, NORMAL], ids=["mixed", "normal"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_pullback_is_autograds(params, dtype):
    params, z = trees.cast(params, dtype), rng(1).normal(size=(30, 3)).astype(dtype)
    g = rng(2).normal(size=30).astype(dtype)
    log_p, pullback = BASE.log_prob_vjp(params, z)
    g_params, g_z = pullback(g)

    def plain(dof, z):
        return np.sum(g * BASE.log_prob({**params, "dof": dof}, z))

    expected = autograd.grad(plain, (0, 1))(params["dof"], z)
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    onp.testing.assert_allclose(g_params["dof"], expected[0], rtol=tolerance, atol=tolerance)
    onp.testing.assert_allclose(g_z, expected[1], rtol=tolerance, atol=tolerance)
    assert log_p.dtype == g_z.dtype == g_params["dof"].dtype == BASE.log_prob(params, z).dtype == dtype


def test_draws_have_the_density_and_the_derivative_of_their_quantile():
    draws = BASE.sample(MIXED, rng(5), 20_000)
    nu = BASE.degrees_of_freedom(MIXED)
    assert stats.kstest(draws[:, 0], "norm").pvalue > 0.01
    for i in (1, 2):
        assert stats.kstest(draws[:, i], stats.t(nu[i], scale=SCALE[i]).cdf).pvalue > 0.01
    assert BASE.reparameterized

    def mean_of_log(dof):
        return np.mean(np.log1p(BASE.sample({**MIXED, "dof": dof}, rng(6), 20_000)[:, 1] ** 2))

    slope, h = autograd.grad(mean_of_log)(MIXED["dof"])[1], 1e-4
    step = onp.array([0.0, h, 0.0])
    near = [BASE.degrees_of_freedom({**MIXED, "dof": MIXED["dof"] + s})[1] for s in (step, -step)]
    near = [stats.t(nu, scale=SCALE[1]) for nu in near]
    exact = onp.diff([law.expect(lambda t: onp.log1p(t * t)) for law in near[::-1]])[0] / (2 * h)
    onp.testing.assert_allclose(slope, exact, rtol=0.05)


def test_draws_stay_finite_in_float32():
    params = trees.cast({"dof": onp.full(3, -3.0), "fixed": {"heavy": onp.ones(3)}}, "float32")
    draws = BASE.sample(params, rng(5), 5000)
    assert draws.dtype == "float32" and onp.isfinite(draws).all()


@pytest.mark.parametrize(("n", "dim"), few([(100, 2), (60, 20), (200, 20)], [(100, 2), (60, 20)]))
def test_copies_of_rows_are_no_further_evidence(n, dim):
    found = 0
    for seed in range(12):
        rng = onp.random.default_rng(seed)
        z = rng.normal(size=(n, dim))
        z = (z - z.mean(axis=0)) @ onp.linalg.inv(onp.linalg.cholesky(onp.cov(z.T, bias=True))).T
        found += n >= 5 * dim and is_heavy(onp.repeat(z, rng.integers(1, 9, n), axis=0)).any()
        assert onp.array_equal(heavy_tails(onp.repeat(z, 8, axis=0)), heavy_tails(z))
    assert found <= 1


def test_a_heavy_tail_is_found_among_copies_too():
    z = onp.random.default_rng(0).standard_t(1.5, size=(300, 2))
    assert is_heavy(onp.repeat(z, 3, axis=0)).all()
