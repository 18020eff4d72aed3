"""Digits that are kept: log-dets far out, against 50 digits; what the audit allows a map of large numbers inside."""

from decimal import Decimal, localcontext
from math import exp

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import check
from nfscratch.check.trial import of_bijection_at

ONE = Decimal(1)
FAR = [sign * size for size in (1e3, 1e4, 1e6, 1e12) for sign in (1.0, -1.0)]
NEAR = [-40.0, -3.0, -0.25, 0.0, 0.5, 2.0, 30.0]


@pytest.fixture(autouse=True)
def fifty_digits():
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 50, -(10**15), 10**15
        yield


# --- the formulas, in decimals ---


def sigmoid(s):
    return ONE / (ONE + (-s).exp())


def softmax(w):
    e = [v.exp() for v in w]
    return [v / sum(e) for v in e]


def bounded(a, c):
    """c tanh(a / c)."""
    t = (2 * a / c).exp()
    return c * (t - 1) / (t + 1)


def mixture(s, w, log_slope):
    """x and l of a weighted mean of sigmoids, by its definition. 1 - F comes from its own sum, with 50 digits."""
    F = sum(w_k * sigmoid(s_k) for w_k, s_k in zip(w, s, strict=True))
    one_less_F = sum(w_k * sigmoid(-s_k) for w_k, s_k in zip(w, s, strict=True))
    terms = zip(w, s, log_slope, strict=True)
    slope = sum(w_k * sigmoid(s_k) * sigmoid(-s_k) * d.exp() for w_k, s_k, d in terms)
    return (F / one_less_F).ln(), (slope / (F * one_less_F)).ln()


def deep_sigmoid(h, theta, z):
    K, log_slope, places = h.units, Decimal(h._start[0]), decimals(h._start[1].on(onp.zeros(1)))
    log_a = [log_slope + bounded(a, Decimal(h.max_log_scale)) for a in theta[:K]]
    b = [v + start for v, start in zip(theta[K : 2 * K], places, strict=True)]
    s = [a.exp() * z + b_k for a, b_k in zip(log_a, b, strict=True)]
    return mixture(s, softmax(theta[2 * K :]), log_a)[1]


def mixture_cdf(h, theta, z):
    K, c, places = h.components, Decimal(h.max_log_scale), decimals(h._offsets.on(onp.zeros(1)))
    m = [v + place for v, place in zip(theta[K : 2 * K], places, strict=True)]
    l = [Decimal(h._log_scale) + bounded(v, c) for v in theta[2 * K : 3 * K]]
    s = [(z - m_k) * (-l_k).exp() for m_k, l_k in zip(m, l, strict=True)]
    return bounded(theta[3 * K], c) + mixture(s, softmax(theta[:K]), [-v for v in l])[1]


def deep_dense_sigmoid(h, theta, z):
    """Layers of m units with i inputs and o outputs: log a, b (m), u (m, i) where i > 1, w (o, m)."""
    c, at, values, log_d = Decimal(h.max_log_scale), 0, [z], [Decimal(0)]
    for k, ((i, m, o), starts) in enumerate(zip(h._sizes, h._offsets, strict=True)):
        b_0, u_0, w_0 = (decimals(start.on(onp.zeros(1))) for start in starts)
        u_size = m * i if i > 1 else 0
        log_a, b, u, w = (
            theta[at + p : at + q]
            for p, q in ((0, m), (m, 2 * m), (2 * m, 2 * m + u_size), (2 * m + u_size, 2 * m + u_size + m * o))
        )
        at += 2 * m + u_size + m * o
        first = Decimal(h._log_slope) if k == 0 else Decimal(0)
        log_a = [first + bounded(v, c) for v in log_a]
        s, slopes = [], []
        for j in range(m):
            share = softmax([u[j * i + n] + u_0[j * i + n] for n in range(i)]) if i > 1 else [ONE]
            s.append(log_a[j].exp() * sum(p * v for p, v in zip(share, values, strict=True)) + b[j] + b_0[j])
            slopes.append(log_a[j] + sum(p * d.exp() for p, d in zip(share, log_d, strict=True)).ln())
        weights = [softmax([w[n * m + j] + w_0[n * m + j] for j in range(m)]) for n in range(o)]
        results = [mixture(s, weight, slopes) for weight in weights]
        values, log_d = [x for x, _ in results], [d for _, d in results]
    return log_d[0]


def decimals(array):
    return [Decimal(float(v)) for v in onp.asarray(array, dtype="float64").reshape(-1)]


MAPS = [
    (nf.DeepSigmoid(4), deep_sigmoid),
    (nf.LogisticMixtureCDF(4), mixture_cdf),
    (nf.DeepDenseSigmoid((3, 2)), deep_dense_sigmoid),
]


def wild(h, dtype, seed, scale=1.0):
    return (scale * onp.random.default_rng(seed).normal(size=(1, h.n_params))).astype(dtype)


def errors(h, exact, dtype, seed, points, scale=1.0):
    """Of log_d by the plain definition and by the kernel, in units of eps max(1, |log_d|)."""
    theta, z = wild(h, dtype, seed, scale), onp.array(points, dtype=dtype)[:, None]
    true = onp.array([float(exact(h, decimals(theta), Decimal(float(v)))) for v in z[:, 0]])
    unit = float(onp.finfo(dtype).eps) * onp.maximum(1.0, onp.abs(true))
    plain, kernel = h.forward(theta, z)[1][:, 0], h.forward_vjp(theta, z)[1][:, 0]
    return [onp.abs(log_d.astype("float64") - true) / unit for log_d in (plain, kernel)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("h, exact", MAPS, ids=[type(h).__name__ for h, _ in MAPS])
def test_far_out_the_log_det_of_a_mixture_of_sigmoids_has_all_digits(h, exact, dtype):
    for seed in range(3):
        for error in errors(h, exact, dtype, seed, FAR):
            assert error.max() <= 16


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("h, exact", MAPS, ids=[type(h).__name__ for h, _ in MAPS])
def test_near_0_it_has_them_too(h, exact, dtype):
    """There the parameters count: s = a z + b is rounded, with a up to e^3, and log_d follows s with a slope near 1."""
    for seed in range(3):
        for error in errors(h, exact, dtype, seed, NEAR):
            assert error.max() <= 16 * exp(3)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_between_units_that_are_far_apart_the_log_det_is_as_negative_as_it_is(dtype):
    """F = 1/2 up to e^-1000, and the slope is e^-1000: no term may underflow before its logarithm is taken."""
    h = nf.DeepSigmoid(2, max_log_scale=1e6)
    b = 1000.0 - h._start[1].on(onp.zeros(1)).reshape(-1)
    theta = onp.array([[0.0, 0.0, b[0], b[1] - 2000.0, 0.0, 0.0]], dtype=dtype)
    for method in (h.forward, h.forward_vjp):
        assert method(theta, onp.zeros((1, 1), dtype=dtype))[1].item() == pytest.approx(-1000.0, abs=2.0)


# --- what the audit allows ---


class OffByAThousandth(nf.Elementwise):
    """Its inverse is off by a thousandth of the box."""

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x)
        return z + 1e-3 * self.transformer.bound, log_det

    inverse_vjp = nf.Bijection.inverse_vjp


SPLINES = {  # how many numbers of theta are of one kind
    nf.LinearSpline: (8,),
    nf.QuadraticSpline: (8, 7),
    nf.CubicSpline: (8, 6),
    nf.RationalQuadraticSpline: (8, 8, 7),
}


def near_0_of_a_wide_box(layer, kind, dtype, seed):
    """An odd function, so that x is as near to 0 as z is."""
    rng = onp.random.default_rng(seed)
    groups = [rng.normal(size=n) for n in SPLINES[kind]]
    theta = onp.concatenate([g + g[::-1] for g in groups])
    z = onp.concatenate([rng.normal(size=10), 10 ** rng.uniform(-6, 0, 5)])[:, None].astype(dtype)
    return layer(kind(8, 5000.0), 1), {"theta": theta[None].astype(dtype)}, z


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", SPLINES)
def test_the_audit_allows_a_spline_the_digits_of_its_box(kind, dtype):
    """Its knots are rounded by eps 5000, and near z = 0 that is more than the size of x tells."""
    beyond = False
    for seed in range(4):
        at = near_0_of_a_wide_box(nf.Elementwise, kind, dtype, seed)
        trial = of_bijection_at(*at)
        beyond |= bool((onp.abs(trial.back[0] - trial.z)[:, 0] > trial.allowed).any())
        check.round_trip(*at).raise_if_failed()
        check.log_dets_cancel(*at).raise_if_failed()
    assert beyond  # what z and x alone allow


@pytest.mark.parametrize("kind", SPLINES)
def test_the_audit_does_not_allow_it_a_thousandth_of_its_box(kind):
    for dtype in ("float64", "float32"):
        assert check.round_trip(*near_0_of_a_wide_box(OffByAThousandth, kind, dtype, 0)).failed
