"""Student's t as a base: against scipy's density, and its derivatives against autograd and scipy's digamma."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from scipy import special, stats

import nfscratch as nf
from nfscratch.ops.gamma_ratio import log_gamma_ratio, log_gamma_ratio_slope


def rng(seed=0):
    return onp.random.default_rng(seed)


def test_the_ratio_of_gamma_functions_is_scipys():
    x = onp.geomspace(0.05, 250.0, 200)
    expected = special.gammaln(x + 0.5) - special.gammaln(x)
    onp.testing.assert_allclose(log_gamma_ratio(x), expected, rtol=1e-13, atol=2e-13)
    expected = special.digamma(x + 0.5) - special.digamma(x)
    onp.testing.assert_allclose(log_gamma_ratio_slope(x), expected, rtol=1e-11)
    traced = autograd.elementwise_grad(log_gamma_ratio)(x)
    onp.testing.assert_allclose(log_gamma_ratio_slope(x), traced, rtol=1e-12)


def test_the_ratio_keeps_its_digits_in_float32():
    x = onp.geomspace(0.05, 250.0, 200)
    got = log_gamma_ratio(x.astype("float32"))
    assert got.dtype == "float32"
    onp.testing.assert_allclose(got, special.gammaln(x + 0.5) - special.gammaln(x), rtol=1e-5, atol=3e-6)


@pytest.mark.parametrize("dof", [0.2, 1.0, 4.0, 30.0, 400.0])
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_the_density_is_scipys(dof, dim):
    base = nf.StudentT(dim, dof)
    params = base.init(rng())
    onp.testing.assert_allclose(base.degrees_of_freedom(params), dof, rtol=1e-12)
    z = rng(1).normal(size=(50, dim)) * onp.geomspace(1e-6, 1e6, 50)[:, None]
    expected = stats.t.logpdf(z, dof).sum(axis=1)
    onp.testing.assert_allclose(base.log_prob(params, z), expected, rtol=1e-11, atol=1e-11)
    onp.testing.assert_allclose(base.log_prob_vjp(params, z)[0], expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_pullback_is_autograds(dtype):
    base = nf.StudentT(3)
    params = {"dof": onp.array([-9.0, 0.3, 5.0], dtype)}
    z = onp.concatenate([rng(1).normal(size=(20, 3)), onp.zeros((1, 3)), 1e3 * rng(2).normal(size=(5, 3))]).astype(
        dtype
    )
    g = rng(3).normal(size=len(z)).astype(dtype)
    log_p, pullback = base.log_prob_vjp(params, z)
    got = pullback(g)
    expected = autograd.grad(lambda p, z: np.sum(g * base.log_prob(p, z)), (0, 1))(params, z)
    tolerance = 1e-10 if dtype == "float64" else 2e-4
    onp.testing.assert_allclose(got[0]["dof"], expected[0]["dof"], rtol=tolerance, atol=tolerance)
    onp.testing.assert_allclose(got[1], expected[1], rtol=tolerance, atol=tolerance)
    assert log_p.dtype == got[1].dtype == got[0]["dof"].dtype == dtype


@pytest.mark.parametrize(("dtype", "far"), [("float64", 1e300), ("float32", 1e37)])
def test_far_out_the_density_is_a_number_and_so_are_its_slopes(dtype, far):
    base = nf.StudentT(1, 1.0)
    params = nf.trees.cast(base.init(rng()), dtype)
    z = onp.array([[far], [-far]], dtype)
    log_p, pullback = base.log_prob_vjp(params, z)
    expected = -onp.log(onp.pi) - 2 * onp.log(float(z[0, 0]))
    onp.testing.assert_allclose(log_p, expected, rtol=1e-6)
    grads = pullback(onp.ones(2, dtype))
    assert all(onp.isfinite(g).all() for g in (grads[0]["dof"], grads[1]))


def test_draws_have_the_law():
    base = nf.StudentT(2, 2.0)
    draws = base.sample(base.init(rng()), rng(4), 20_000)
    for column in draws.T:
        assert stats.kstest(column, stats.t(2.0).cdf).pvalue > 1e-4
        assert stats.kstest(column, stats.t(4.0).cdf).pvalue < 1e-4  # the negative control


def test_a_fit_finds_the_degrees_of_freedom():
    x = rng(5).standard_t([1.0, 30.0], size=(20_000, 2))
    flow = nf.Flow(nf.StudentT(2), nf.ActNorm(2))
    start = {"base": flow.base.init(rng()), "bijection": nf.ActNorm(2).init(rng()), "embed": {}}
    result = nf.fit(flow, x, params=start, rng=rng(6), steps=600, optimizer=nf.adam(3e-2), progress=False)
    dof = flow.base.degrees_of_freedom(result.params["base"])
    assert 0.9 < dof[0] < 1.1
    assert 12 < dof[1] < 120  # the likelihood is flat there


@pytest.mark.parametrize("dof", [0, 1000.0, float("nan")])
def test_degrees_of_freedom_out_of_range_are_refused(dof):
    with pytest.raises(ValueError, match=r"dof must be between 0.2 and 400; got"):
        nf.StudentT(2, dof)


def test_a_draw_has_no_derivative_and_the_flow_says_so():
    flow = nf.Flow(nf.StudentT(2), nf.ActNorm(2))
    params = flow.init(rng())
    with pytest.raises(ValueError, match="a draw of StudentT has no derivative"):
        autograd.grad(lambda p: np.sum(flow.sample(p, rng(1), 3)))(params)


def test_the_degrees_of_freedom_stay_between_those_that_the_docstring_states():
    base = nf.StudentT(3)
    nu = base.degrees_of_freedom({"dof": onp.array([-1e9, 0.0, 1e9])})
    onp.testing.assert_allclose(nu, 8.0 * onp.exp([-4.0, 0.0, 4.0]), rtol=1e-14)
    onp.testing.assert_allclose(base.degrees_of_freedom(base.init(0)), [4.0] * 3, rtol=1e-14)
