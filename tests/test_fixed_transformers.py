"""Maps without parameters: their ranges, their log-slopes far out, and what stands outside of the range."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from scipy import stats
from scipy.special import expit

import nfscratch as nf

MAPS = {
    "exp": nf.Exp(),
    "softplus": nf.Softplus(),
    "sigmoid": nf.Sigmoid(-2.0, 3.0),
    "tanh": nf.Tanh(),
    "leaky ReLU": nf.LeakyReLU(0.2),
}
EMPTY = onp.zeros((1, 0))


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_log_slopes_are_exact_far_out(name, dtype):
    """Against longdouble or the asymptote: relative error a few eps, where the naive forms have none left."""
    z = onp.array([[-60.0, -30.0, -9.0, -1.0, 0.0, 1.0, 9.0, 30.0, 60.0]], dtype=dtype).T
    wide = z.astype(onp.longdouble)
    exact = {
        "exp": wide,
        "softplus": -onp.log1p(onp.exp(-wide)),
        "sigmoid": onp.log(onp.longdouble(5)) - onp.abs(wide) - 2 * onp.log1p(onp.exp(-onp.abs(wide))),
        "tanh": 2 * (onp.log(onp.longdouble(2)) - onp.abs(wide) - onp.log1p(onp.exp(-2 * onp.abs(wide)))),
        "leaky ReLU": onp.where(wide >= 0, 0, onp.log(onp.longdouble(0.2))),
    }[name]
    _, log_slope = MAPS[name].forward(EMPTY.astype(dtype), z)
    assert log_slope.dtype == onp.dtype(dtype)
    eps = onp.finfo(dtype).eps
    assert (onp.abs(log_slope - exact) <= 8 * eps * onp.maximum(1, onp.abs(wide))).all()


@pytest.mark.parametrize("name", ["exp", "softplus", "sigmoid", "tanh"])
def test_outside_of_the_range_the_density_is_zero(name):
    h = MAPS[name]
    flow = nf.Flow(nf.StandardNormal(1), nf.Elementwise(h, 1))
    params = flow.init(onp.random.default_rng(0))
    outside = onp.array([[h.low], [h.low - 1.0]] + ([[h.high], [h.high + 1.0]] if h.high < onp.inf else []))
    assert (flow.log_prob(params, outside) == -onp.inf).all()
    inside = h.forward(EMPTY, onp.array([[0.3]]))[0]
    mixed = onp.concatenate([outside, inside])
    gradient = nf.autodiff.value_and_vjp(lambda x: flow.bijection.inverse(params["bijection"], x)[0], mixed)[1]
    assert onp.isfinite(gradient(onp.ones_like(mixed))[0]).all()


@pytest.mark.parametrize("name", [name for name in MAPS if name != "leaky ReLU"])
def test_rows_outside_of_the_range_are_never_computed_with(name):
    """No warning of a logarithm of 0, z = 0, log-derivative -inf, and a derivative of 0 of both."""
    h = MAPS[name]
    outside = onp.array([[h.low], [h.low - 1.0]] + ([[h.high], [h.high + 1.0]] if h.high < onp.inf else []))
    with onp.errstate(all="raise", under="ignore"):
        (z, log_d), pullback = nf.autodiff.value_and_vjp(lambda x: h.inverse(EMPTY, x), outside)
        g_x = pullback((onp.ones_like(z), onp.ones_like(log_d)))[0]
    assert (z == 0.0).all()
    assert (log_d == -onp.inf).all()
    assert (g_x == 0.0).all()


def test_exp_and_sigmoid_of_a_normal_have_the_densities_of_the_textbook():
    x = onp.array([[0.1], [0.7], [2.5]])
    exp = nf.Flow(nf.StandardNormal(1), nf.Elementwise(nf.Exp(), 1))
    assert exp.log_prob(exp.init(onp.random.default_rng(0)), x) == pytest.approx(
        stats.lognorm(1.0).logpdf(x[:, 0]), abs=1e-12
    )
    x = onp.array([[0.1], [0.5], [0.9]])
    logit_normal = nf.Flow(nf.StandardNormal(1), nf.Elementwise(nf.Sigmoid(), 1))
    u = x[:, 0]
    expected = stats.norm.logpdf(onp.log(u / (1 - u))) - onp.log(u * (1 - u))
    assert logit_normal.log_prob(logit_normal.init(onp.random.default_rng(0)), x) == pytest.approx(expected, abs=1e-12)


def test_sigmoid_approaches_each_end_from_its_own_side():
    z = onp.array([[-40.0, 40.0]]).T
    x, _ = nf.Sigmoid(0.0, 1.0).forward(EMPTY, z)
    assert x[0, 0] == pytest.approx(expit(-40.0), rel=1e-14)  # not 0


def test_the_inverse_of_a_transformer_is_a_transformer():
    h = nf.Inverse(nf.Sigmoid())
    assert isinstance(h, nf.Transformer)
    assert (h.domain, h.codomain) == ((0.0, 1.0), (-onp.inf, onp.inf))
    u = onp.array([[0.2], [0.9]])
    z, log_slope = h.forward(EMPTY, u)
    assert z[:, 0] == pytest.approx(onp.log(u / (1 - u))[:, 0], abs=1e-14)
    assert log_slope[:, 0] == pytest.approx(-onp.log(u * (1 - u))[:, 0], abs=1e-14)


def test_bad_ranges_and_slopes_are_refused():
    with pytest.raises(ValueError, match="finite low < high; got 1 and 1"):
        nf.Sigmoid(1, 1)
    with pytest.raises(ValueError, match=r"slope must be positive.*got -0.1"):
        nf.LeakyReLU(-0.1)


BOUNDED = {
    "pixel levels": nf.PixelLevels((1, 1, 2), 4),
    "pixel levels to their ends": nf.PixelLevels((1, 1, 2), 4, 0.0),
    "bounds": nf.Bounds([0.0, -1.0], [4.0, onp.inf]),
    "bounds below": nf.Bounds([-onp.inf, -onp.inf], [4.0, 2.0]),
    "sigmoid": nf.Elementwise(nf.Sigmoid(0.0, 4.0), 2),
    "tanh": nf.Elementwise(nf.Tanh(), 2),
    "exp": nf.Elementwise(nf.Exp(), 2),
    "softplus": nf.Elementwise(nf.Softplus(), 2),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_outside_of_what_a_layer_reaches_gradients_are_numbers(name):
    """The branch that is not taken is computed all the same, and must be finite: not one warning of a division by 0."""
    layer = BOUNDED[name]
    x = onp.array([[-9.0, -9.0], [0.0, 0.0], [4.0, 4.0], [9.0, 9.0], [0.5, 0.5]]).reshape(5, *layer.out_shape)
    params = layer.init(onp.random.default_rng(0))
    z, log_det = layer.inverse(params, x)
    gradient = autograd.grad(lambda x: np.sum(np.where(np.isfinite(log_det), layer.inverse(params, x)[1], 0.0)))(x)
    of_z = autograd.grad(lambda x: np.sum(layer.inverse(params, x)[0]))(x)
    assert onp.isfinite(z).all() and not onp.isnan(log_det).any()
    assert not z[3 if name == "bounds below" else 0].any()  # 0, which says nothing
    assert onp.isfinite(gradient).all() and onp.isfinite(of_z).all()
    assert onp.isfinite(log_det[4]) and (log_det == -onp.inf).any()
