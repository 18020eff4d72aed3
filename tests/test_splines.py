"""Splines: what a bin is, what happens at knots and edges, and the faults that real libraries had there."""

import autograd.numpy as np
import numpy as onp
import pytest
from share import few
from trained import trains_and_integrates_to_one

import nfscratch as nf
from nfscratch import autodiff, check
from nfscratch.bijections.contract import Bijection
from nfscratch.ops import spline_polynomial as polynomial
from nfscratch.ops import spline_rational as rational
from nfscratch.ops.layout import columns
from nfscratch.ops.spline_bins import bin_of, left_knots, widths
from nfscratch.transformers.in_columns import in_columns
from nfscratch.transformers.splines import Spline
from nfscratch.transformers.transformer import Transformer

KINDS = (nf.LinearSpline, nf.QuadraticSpline, nf.CubicSpline, nf.RationalQuadraticSpline)
SMOOTH = KINDS[1:]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
every_smooth_kind = pytest.mark.parametrize("kind", SMOOTH, ids=lambda kind: kind.__name__)
on_a_line_or_a_circle = pytest.mark.parametrize("circular", [False, True], ids=["tails", "circular"])
both_dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])
both_directions = pytest.mark.parametrize("direction", ["forward", "inverse"])
B = 5.0


def drawn(spline, seed=0, rows=3, scale=1.0):
    """theta (rows, P), trained directly: each row is a variable with a spline of its own."""
    return onp.random.default_rng(seed).normal(size=(rows, spline.n_params)) * scale


def knots(spline, theta):
    """Knots on both axes and the slopes there, as the table has them: (K + 1, D) each."""
    left, bottom, *shape = spline.table(columns(theta, 2))
    ends = [onp.concatenate([q[:, :, 0], onp.ones((1, len(theta)))]) for q in (left, bottom)]
    return *(2 * spline.bound * q - spline.bound for q in ends), shape


# --- one bin ---


def test_a_rational_bin_by_hand():
    """w = h = 1, slopes 2 and 1/2: at xi = 1/2 the quotient is (3/4) / (9/8) = 2/3, and its slope 8/9."""
    bin_ = [onp.array([[q]]) for q in (1.0, 1.0, 2.0, 0.5)]
    r, l = rational.rational_quadratic(onp.array([[0.5]]), *bin_)
    assert r[0, 0] == pytest.approx(2 / 3, abs=1e-15)
    assert onp.exp(l[0, 0]) == pytest.approx(8 / 9, abs=1e-15)
    assert rational.rational_quadratic_inverse(r, *bin_)[0, 0] == pytest.approx(0.5, abs=1e-15)


def test_a_cubic_and_a_quadratic_bin_by_hand():
    """w = 2, h = 3, slopes 1 and 2: s = 3/2, and the cubic is the parabola u + u^2 / 4, since (d0 + d1) / 2 = s."""
    u, w, h, d0, d1 = (onp.array([[q]]) for q in (0.8, 2.0, 3.0, 1.0, 2.0))
    for r, l in (polynomial.cubic(u, w, h, d0, d1), polynomial.quadratic(u, w, d0, d1)):
        assert r[0, 0] == pytest.approx(0.8 + 0.16, abs=1e-15)
        assert onp.exp(l[0, 0]) == pytest.approx(1.4, abs=1e-15)
    r, l = polynomial.cubic(u, w, onp.array([[2.0]]), d0, d1)  # s = 1: b = -1, a = 1
    assert r[0, 0] == pytest.approx(0.8 * (1 + 0.4 * (-1 + 0.4)), abs=1e-15)


# curve: the module of its formulas
CURVES = {"linear": polynomial, "quadratic": polynomial, "cubic": polynomial, "rational_quadratic": rational}


def wild_bins(rng, n, dtype, largest=2.0):
    """Widths, heights from 1e-3 to 1, end slopes from 1e-3 s to `largest` s: (w, h, d0, d1), each (1, n)."""
    w, h = (10 ** rng.uniform(-3, 0, size=(1, n)) for _ in range(2))
    d0, d1 = (h / w * largest * 10 ** rng.uniform(-4, 0, size=(1, n)) for _ in range(2))
    d1[:, ::7] = (h / w * largest)[:, ::7]
    d0[:, ::5] = (h / w * largest)[:, ::5]
    return [q.astype(dtype) for q in (w, h, d0, d1)]


@both_dtypes
@pytest.mark.parametrize("curve", CURVES)
def test_the_inverse_of_a_bin_leaves_a_residual_of_a_few_eps(curve, dtype):
    """100,000 bins with slopes that differ by up to 10,000: |r(u) - r| <= 4 eps h, the last digit of r itself.

    Measured: at most 2.8 eps.
    """
    rng = onp.random.default_rng(0)
    w, h, d0, d1 = wild_bins(rng, 100_000, dtype)
    module = CURVES[curve]
    if curve == "quadratic":
        h = 0.5 * w * (d0 + d1)
    shape = {"linear": (w, h), "quadratic": (w, d0, d1)}.get(curve, (w, h, d0, d1))
    t = rng.random(w.shape)
    t[:, :1000], t[:, 1000:2000] = 10 ** rng.uniform(-9, 0, 1000), 1 - 10 ** rng.uniform(-9, 0, 1000)
    t[:, 2000:2010], t[:, 2010:2020] = 0.0, 1.0
    r = (t * h).astype(dtype)
    u = onp.clip(getattr(module, f"{curve}_inverse")(r, *shape), 0.0, w)  # as Spline does
    assert u.dtype == onp.dtype(dtype)
    again, l = getattr(module, curve)(u, *shape)
    # Beside the rounding of r there is that of u, eps w times the slope.
    allowed = 4 * onp.finfo(dtype).eps * (h + w * onp.exp(l))
    assert (onp.abs(again - r) <= allowed).all()


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_newton_needs_more_than_a_few_steps(steps, monkeypatch):
    """A control of the test above: it sees a search that is cut short."""
    monkeypatch.setattr(polynomial, "NEWTON_STEPS", steps)
    with pytest.raises(AssertionError):
        test_the_inverse_of_a_bin_leaves_a_residual_of_a_few_eps("cubic", "float64")


@pytest.mark.parametrize("curve", CURVES)
def test_the_derivatives_of_a_bin_are_those_of_autograd(curve):
    rng = onp.random.default_rng(1)
    w, h, d0, d1 = wild_bins(rng, 200, "float64")
    module = CURVES[curve]
    shape = {"linear": (w, h), "quadratic": (w, d0, d1)}.get(curve, (w, h, d0, d1))
    u, g_r, g_l = rng.random(w.shape) * w, rng.normal(size=w.shape), rng.normal(size=w.shape)
    plain = getattr(module, curve)
    (r, l), traced = autodiff.value_and_vjp(lambda u, *bin_: plain(u, *bin_), u, *shape)
    own_r, own_l, way_back = getattr(module, f"{curve}_vjp")(u, *shape)
    slope, bend, pullback = way_back()
    zeros = onp.zeros_like(u)
    for own, expected in (
        (own_r, r), (own_l, l), (slope, onp.exp(l)), (slope, traced((g_r * 0 + 1, zeros))[0]),
        (bend, traced((zeros, zeros + 1))[0]), *zip(pullback(g_r, g_l), traced((g_r, g_l)), strict=True),
    ):  # fmt: skip
        # Terms of very different size cancel in some bins: against the largest term that there can be, g / (w slope).
        size = onp.maximum(onp.abs(expected), 1.0) + 1.0 / onp.minimum(w * slope, 1.0) ** 2
        assert (onp.abs(own - expected) <= 1e-12 * size).all()


# --- widths and knots ---


def test_widths_add_up_to_one_and_none_is_below_the_minimum():
    a = onp.random.default_rng(0).normal(size=(8, 3, 5)) * 20
    w = widths(a, 1e-3)
    assert w.sum(axis=0) == pytest.approx(onp.ones((3, 5)), abs=1e-14)
    assert w.min() >= 1e-3 and w.max() <= 1 - 7e-3 + 1e-15
    assert left_knots(w)[0].max() == 0.0
    assert (onp.diff(left_knots(w), axis=0) > 0).all()


def test_the_bin_of_a_point_is_between_its_knots_also_at_the_ends():
    left = left_knots(widths(onp.random.default_rng(0).normal(size=(6, 1, 1)), 1e-3))
    v = onp.array([[-1.0, 0.0, left[1, 0, 0], onp.nextafter(left[1, 0, 0], 0), left[5, 0, 0], 1.0, 2.0, onp.nan]])
    assert bin_of(left, v).tolist() == [[0, 0, 1, 0, 5, 5, 5, 0]]


@pytest.mark.parametrize("bins", [200, 300])
def test_many_bins(bins):
    """More bins than a byte can count."""
    h = nf.RationalQuadraticSpline(bins)
    theta, z = drawn(h, rows=1), onp.linspace(-4.9, 4.9, 101)[:, None]
    x, _ = h.forward(theta, z)
    assert (onp.diff(x[:, 0]) > 0).all()
    assert h.forward_vjp(theta, z)[0] == pytest.approx(x, abs=1e-13)
    assert h.inverse(theta, x)[0] == pytest.approx(z, abs=1e-9)


# --- the curve ---


@every_kind
@on_a_line_or_a_circle
def test_theta_zero_is_the_identity(kind, circular):
    h = kind(circular=circular)
    z = onp.random.default_rng(0).uniform(-5, 5, size=(50, 2))
    for method in (h.forward, h.inverse):
        x, log_d = method(onp.zeros((2, h.n_params)), z)
        assert x == pytest.approx(z, abs=1e-14)
        assert log_d == pytest.approx(onp.zeros_like(z), abs=1e-14)


def test_how_many_numbers_a_spline_has():
    counts = {kind: (kind(8).n_params, kind(8, circular=True).n_params) for kind in KINDS}
    assert counts == {
        nf.LinearSpline: (8, 8),
        nf.QuadraticSpline: (15, 16),
        nf.CubicSpline: (14, 16),
        nf.RationalQuadraticSpline: (23, 24),
    }


@every_kind
@on_a_line_or_a_circle
def test_knots_go_to_knots(kind, circular):
    h = kind(6, B, circular)
    theta = drawn(h)
    z_knots, x_knots, _ = knots(h, theta)
    assert h.forward(theta, z_knots)[0] == pytest.approx(x_knots, abs=1e-13)
    assert h.inverse(theta, x_knots)[0] == pytest.approx(z_knots, abs=1e-13)


@on_a_line_or_a_circle
def test_the_slopes_of_a_rational_spline_at_its_knots_are_those_given(circular):
    """m + softplus(t + c), with c = log(e^(1 - m) - 1); 1 at both ends of the box where there are tails."""
    K, m = 6, 1e-3
    h = nf.RationalQuadraticSpline(K, B, circular)
    theta = drawn(h)
    t = theta[:, 2 * K :].T
    d = m + onp.logaddexp(0, t + onp.log(onp.expm1(1 - m)))
    end = d[:1] if circular else onp.ones((1, len(theta)))
    d = onp.concatenate([d, end] if circular else [end, d, end])
    z_knots, _, _ = knots(h, theta)
    assert onp.exp(h.forward(theta, z_knots)[1]) == pytest.approx(d, rel=1e-11)


def test_a_linear_spline_is_a_histogram_and_a_quadratic_one_a_broken_line():
    z = onp.linspace(-5, 5, 801)[:, None]
    h = nf.LinearSpline(8)
    theta = drawn(h, rows=1)
    density = onp.exp(h.forward(theta, z)[1])[:, 0]
    e = onp.exp(theta[0])
    assert density[50::100] == pytest.approx(8 * (1e-3 + (1 - 8e-3) * e / e.sum()), rel=1e-12)
    assert all(onp.ptp(density[100 * k + 1 : 100 * k + 100]) < 1e-12 for k in range(8))
    h = nf.QuadraticSpline(8)
    theta = drawn(h, rows=1)
    density = onp.exp(h.forward(theta, z)[1])[:, 0]
    bent = onp.abs(onp.diff(density, n=2)) > 1e-10
    inner = knots(h, theta)[0][1:-1, 0]
    assert bent.sum() <= 2 * len(inner)
    assert set(onp.round((inner + 5) / 0.0125 - 1).astype(int)) <= {
        k + d for k in onp.flatnonzero(bent) for d in (-1, 0, 1)
    }


def test_the_slopes_of_a_cubic_spline_are_steffens():
    """d_k = min(2 s_{k-1}, 2 s_k, p_k), p_k the slope of the parabola through three knots: numpy.polyfit's."""
    h = nf.CubicSpline(7)
    theta = drawn(h, rows=1, scale=2.0)
    z, x, _ = (q for q in knots(h, theta))
    z, x = z[:, 0], x[:, 0]
    s = onp.diff(x) / onp.diff(z)
    assert s[[0, -1]] == pytest.approx([1.0, 1.0], rel=1e-12)
    parabola = [
        onp.polyval(onp.polyder(onp.polyfit(z[k - 1 : k + 2] - z[k], x[k - 1 : k + 2], 2)), 0.0) for k in range(1, 7)
    ]
    expected = onp.concatenate([[1.0], onp.minimum(parabola, 2 * onp.minimum(s[:-1], s[1:])), [1.0]])
    assert onp.exp(h.forward(theta, z[:, None])[1])[:, 0] == pytest.approx(expected, rel=1e-9)


@every_kind
@on_a_line_or_a_circle
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_the_slope_is_positive_and_integrates_to_the_box(kind, circular, scale):
    """Gauss-Legendre within each bin, 40 points: a rational slope is smooth there."""
    h = kind(5, B, circular)
    theta = drawn(h, scale=scale)
    z_knots, x_knots, _ = knots(h, theta)
    points, weights = onp.polynomial.legendre.leggauss(40)
    low, high = z_knots[:-1], z_knots[1:]
    z = 0.5 * (low + high) + 0.5 * (high - low) * points[:, None, None]
    slope = onp.exp(h.forward(theta, z.reshape(-1, 3))[1]).reshape(z.shape)
    assert slope.min() > 0
    areas = (weights[:, None, None] * slope).sum(axis=0) * 0.5 * (high - low)
    # A rational slope with end slopes of 10 s has its mass at the ends: there 40 points give 6 digits.
    assert areas.sum(axis=0) == pytest.approx(onp.full(3, 2 * B), rel=1e-12 if kind is not KINDS[3] else 2e-3 * scale)
    assert areas == pytest.approx(onp.diff(x_knots, axis=0), rel=1e-8 if kind is not KINDS[3] else 2e-2 * scale)


@every_smooth_kind
@on_a_line_or_a_circle
@both_directions
def test_the_slope_is_continuous_at_every_join(kind, circular, direction):
    """Knots and box ends, from the left and from the right. On a circle the two ends are one point."""
    h = kind(6, B, circular)
    theta = drawn(h, seed=1)
    at = knots(h, theta)[0 if direction == "forward" else 1]
    assert abs(jumps(h, theta, direction, at)).max() < 1e-6
    method = getattr(h, direction)
    ends = onp.stack([at[0], at[-1]])
    _, (low, high) = method(theta, ends)
    if circular:
        assert low == pytest.approx(high, abs=1e-12)
    else:
        assert (low, high) == (pytest.approx(onp.zeros(3), abs=1e-12), pytest.approx(onp.zeros(3), abs=1e-12))


def jumps(h, theta, direction, at, step=1e-10):
    """What log_det changes by across each knot; on a circle only across the inner ones."""
    at = at[1:-1] if h.circular else at
    method = getattr(h, direction)
    return method(theta, at + step)[1] - method(theta, at - step)[1]


def test_a_linear_spline_jumps_and_says_so():
    h = nf.LinearSpline(6)
    theta = drawn(h, seed=1)
    assert abs(jumps(h, theta, "forward", knots(h, theta)[0])).min() > 1e-3
    assert not h.smooth and not nf.Inverse(h).smooth and not nf.Elementwise(h, 2).smooth
    assert all(kind().smooth for kind in SMOOTH)


def test_one_theta_for_all_rows_is_that_theta_repeated():
    for kind in KINDS:
        h = kind(5)
        theta, z = drawn(h), onp.random.default_rng(1).normal(size=(7, 3)) * 3
        for direction in ("forward_vjp", "inverse_vjp"):
            x, l, pullback = getattr(h, direction)(theta, z)
            x_each, l_each, pullback_each = getattr(h, direction)(onp.repeat(theta[None], 7, axis=0), z)
            assert (x == x_each).all() and (l == l_each).all()
            g, g_each = pullback(z, z[:, :1]), pullback_each(z, z[:, :1])
            assert g[0] == pytest.approx(g_each[0].sum(axis=0), abs=1e-11)
            assert (g[1] == g_each[1]).all()


# --- edges ---


@every_kind
def test_minima_that_do_not_fit_are_refused(kind):
    with pytest.raises(
        ValueError, match=r"bins must be at most 1 / minimum, which is 10.*got 20 bins with minimum 0.1"
    ):
        kind(20, minimum=0.1)
    for minimum in (0.0, -0.1, onp.nan, "0.1", None):
        with pytest.raises(ValueError, match="minimum must be positive and finite; got"):
            kind(8, minimum=minimum)
    with pytest.raises(ValueError, match=r"minimum must be below 1.*got 1\.0"):
        kind(kind.least_bins, minimum=1.0)
    with pytest.raises(ValueError, match="bins must be"):
        kind(0)
    for bound in (-1.0, 0.0, onp.inf, "5", None):
        with pytest.raises(ValueError, match=f"bound must be positive and finite; got {bound!r}"):
            kind(8, bound)
    with pytest.raises(ValueError, match=r"bins must be at most 1 / minimum, which is 1000.*got 2000 bins"):
        nf.flows.rq_nsf(2, bins=2000)


@every_kind
@on_a_line_or_a_circle
def test_what_the_minimum_bounds_is_what_each_class_says(kind, circular):
    """Extreme parameters come near to the bound of every quantity, and none goes below it."""
    K, m = 8, 1e-2
    h = kind(K, B, circular, m)
    theta = drawn(h, rows=3000, scale=20.0)
    at, there, shape = knots(h, theta)
    w, heights = onp.diff(at, axis=0) / (2 * B), onp.diff(there, axis=0) / (2 * B)
    inside = onp.random.default_rng(1).uniform(-B, B, size=(100, 3000))
    slope = onp.exp(onp.concatenate([h.forward(theta, z)[1] for z in (inside, at[:-1], at[1:])]))
    least = {nf.LinearSpline: (1 / K, m, K * m), nf.QuadraticSpline: (m, m * m, m)}
    least[nf.CubicSpline] = (m, m if circular else (K - 2) * m * m, 0.0)
    least[nf.RationalQuadraticSpline] = (m, m, 0.0)
    for quantity, bound in zip((w, heights, slope), least[kind], strict=True):
        assert bound * (1 - 1e-9) <= quantity.min() <= max(3 * bound, 0.9 * m)
    if kind is nf.RationalQuadraticSpline:
        assert min(d.min() for d in shape[2:]) == pytest.approx(m, rel=1e-3)


@pytest.mark.parametrize("minimum", [1e-3, 0.5, 0.999])
@pytest.mark.parametrize("kind", [nf.LinearSpline, nf.RationalQuadraticSpline], ids=lambda kind: kind.__name__)
def test_one_bin(kind, minimum):
    """With one bin there is nothing to bend: the identity, for every theta."""
    h = kind(1, minimum=minimum)
    theta, z = drawn(h, scale=5), onp.random.default_rng(1).uniform(-6, 6, size=(9, 3))
    for method in (h.forward, h.inverse):
        x, l = method(theta, z)
        assert x == pytest.approx(z, abs=1e-12) and l == pytest.approx(onp.zeros((9, 3)), abs=1e-12)


@every_kind
def test_all_bins_as_small_as_they_may_be(kind):
    """K * minimum = 1 leaves nothing to choose: equal bins, and finite gradients."""
    h = kind(8, minimum=0.125)
    theta, z = drawn(h, scale=5), onp.random.default_rng(1).uniform(-5, 5, size=(9, 3))
    x, l, pullback = h.forward_vjp(theta, z)
    g_theta, g_z = pullback(z, z)
    assert all(onp.isfinite(a).all() for a in (x, l, g_theta, g_z))
    assert h.inverse(theta, x)[0] == pytest.approx(z, abs=1e-10)


@every_kind
@both_directions
def test_points_in_the_tails_alone_and_no_points(kind, direction):
    """nflows#23: the minimum of an empty selection."""
    h = kind()
    theta = drawn(h, rows=2)
    far = onp.array([[5.1, -5.1], [1e3, -1e3], [1e30, -7.0]])
    x, l, pullback = getattr(h, f"{direction}_vjp")(theta, far)
    assert (x == far).all() and not l.any()
    g_theta, g_z = pullback(onp.ones_like(far), onp.ones((3, 1)))
    assert not g_theta.any() and (g_z == 1.0).all()
    x, l, pullback = getattr(h, f"{direction}_vjp")(theta, far[:0])
    assert x.shape == l.shape == (0, 2)
    assert pullback(x, l)[0].shape == theta.shape


@every_kind
@both_directions
def test_nan_and_infinity_stay_in_their_row(kind, direction):
    """`fit` and `log_prob` refuse them by row number; a layer must not let them spread, or index out of its bins."""
    h = kind()
    theta, z = drawn(h, rows=1), onp.array([[0.3], [onp.nan], [onp.inf], [-onp.inf], [-1.7]])
    for method in (getattr(h, direction), lambda *a: getattr(h, f"{direction}_vjp")(*a)[:2]):
        with onp.errstate(invalid="ignore"):
            x, l = method(theta, z)
            alone, l_alone = method(theta, z[[0, 4]])
        assert (x[[0, 4]] == alone).all() and (l[[0, 4]] == l_alone).all()
        assert onp.isnan(x[1, 0]) and x[2, 0] == onp.inf and x[3, 0] == -onp.inf


@both_dtypes
@pytest.mark.parametrize("bound", [1.0, 5.0, 32.0, 1000.0])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_ends_of_the_box_are_in_the_first_and_the_last_bin(kind, bound, dtype):
    """nflows' searchsorted puts x = B into bin K in float32 from B = 32 on."""
    h = kind(8, bound)
    theta = drawn(h, rows=200, scale=3.0).astype(dtype)
    ends = onp.array([[-bound], [bound]], dtype=dtype) + onp.zeros((1, 200), dtype=dtype)
    for method in (h.forward, h.inverse, *(lambda *a, m=m: m(*a)[:2] for m in (h.forward_vjp, h.inverse_vjp))):
        x, l = method(theta, ends)
        assert x.dtype == l.dtype == onp.dtype(dtype)
        # Knots are rounded to eps, and a linear spline may be as flat as K m there.
        flat = 8e-3 if kind is nf.LinearSpline else 1.0
        assert onp.abs(x / bound - ends / bound).max() <= 8 * onp.finfo(dtype).eps / flat
        assert onp.abs(x).max() <= bound
        if kind is not nf.LinearSpline:
            # The slope is 1 there, and changes by what rounding of the place in the bin amounts to.
            assert onp.abs(l).max() < {"float64": 1e-8, "float32": 0.2}[dtype]


DRAWS = 400_000


def steep(kind, dtype, seed=0):
    """100,000 rows of 4 variables, numbers of size 8, points all over the box; float32 of the same draws in both."""
    rng = onp.random.default_rng(seed)
    h = kind()
    theta = (8 * rng.standard_normal((h.n_params, 4, DRAWS // 4), dtype="float32")).astype(dtype).T
    z = rng.uniform(-B, B, size=(4, DRAWS // 4)).astype("float32").astype(dtype).T
    return h, theta, z


@pytest.mark.exhaustive
@both_dtypes
@every_kind
def test_400000_steep_splines(kind, dtype):
    """No NaN, nothing outside of the box, and a round trip as good as the slope lets it be.

    The inverse is judged by x, at all rows: forward of what came back is x but for 32 eps B, and as much of z, which
    the slope stretches (measured: 14). And by z: x was rounded, and z moves by what that is divided by the slope, if
    the slope stays what it is on the way. Where it changes by more than a tenth, z alone says nothing.
    """
    h, theta, z = steep(kind, dtype)
    eps = onp.finfo(dtype).eps
    x, l = (a for a in h.forward_vjp(theta, z)[:2])
    back, l_back = (a for a in h.inverse_vjp(theta, x)[:2])
    for a in (x, l, back, l_back):
        assert a.dtype == onp.dtype(dtype) and onp.isfinite(a).all()
    assert onp.abs(x).max() <= B and onp.abs(back).max() <= B
    again, _ = h.forward_vjp(theta, back)[:2]
    slope = onp.exp(onp.maximum(l, -l_back))
    assert (onp.abs(again - x) <= 32 * eps * B * (1 + slope)).all()
    calm = onp.abs(l + l_back) < 0.1
    assert calm.mean() > 0.8
    assert (onp.abs(back - z) <= 32 * eps * B * (1 + 1 / slope))[calm].all()


@both_dtypes
@every_kind
@both_directions
def test_gradients_are_finite_with_rows_far_outside(kind, dtype, direction):
    """pyro#3139, flowjax#239, bayesflow#721: what is computed outside of the box and thrown away poisons gradients."""
    h, theta, z = steep(kind, dtype)
    theta, z = theta[:2000], z[:2000].copy()
    z[::3] *= 10
    z[1::3, 0] = 10 * B
    z[2] = [B, -B, 0.0, 10 * B]
    for method in (getattr(h, f"{direction}_vjp"), lambda t, a: getattr(Transformer, f"{direction}_vjp")(h, t, a)):
        x, l, pullback = method(theta, z)
        g_theta, g_z = pullback(onp.ones_like(x), onp.ones_like(l))
        assert all(onp.isfinite(a).all() for a in (x, l, g_theta, g_z))
        outside = onp.abs(z) > B
        assert (g_z[outside] == 1).all() and not g_theta[outside].any()


def test_a_circle_has_no_outside():
    h = nf.RationalQuadraticSpline(circular=True)
    theta, z = drawn(h, rows=1), onp.array([[-7.0], [-5.0], [0.0], [5.0], [5.1]])
    assert h.domain == h.codomain == (-5.0, 5.0)
    for direction in ("forward", "inverse"):
        x, l = getattr(h, direction)(theta, z)
        x_vjp, l_vjp, pullback = getattr(h, f"{direction}_vjp")(theta, z)
        for value, log_d in ((x, l), (x_vjp, l_vjp)):
            assert (log_d[[0, 4]] == -onp.inf).all() and onp.isfinite(log_d[1:4]).all()
            assert value[[1, 3], 0] == pytest.approx([-5.0, 5.0], abs=1e-13) and (value[[0, 4]] == z[[0, 4]]).all()
        assert all(onp.isfinite(g).all() for g in pullback(onp.ones_like(x), onp.ones_like(x)))


# --- the recipe ---


def test_a_fresh_spline_flow_is_a_gaussian():
    x = onp.random.default_rng(0).normal(size=(500, 3)) * [1.0, 10.0, 0.1] + [0.0, -4.0, 2.0]
    flow = nf.flows.rq_nsf(3, layers=4, hidden=(8,))
    params = flow.init(onp.random.default_rng(1), x)
    scale = x.std(axis=0)
    expected = (-0.5 * ((x - x.mean(axis=0)) / scale) ** 2 - onp.log(scale) - 0.5 * onp.log(2 * onp.pi)).sum(axis=1)
    assert flow.log_prob(params, x) == pytest.approx(expected, abs=1e-11)


def test_an_autoregressive_spline_flow_trains_and_integrates_to_one():
    trains_and_integrates_to_one(nf.flows.rq_nsf(2, layers=2, hidden=(8,), coupling=False, activation="tanh"))


def test_maximum_likelihood_takes_no_root(monkeypatch):
    """x -> z of the recipe, and its gradient, are the formula of `forward`."""

    def no_root(*args):
        raise AssertionError("a root was taken")

    flow = nf.flows.rq_nsf(3, layers=4, hidden=(8,), context_dim=2)
    rng = onp.random.default_rng(0)
    x, context = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    params = flow.init(rng, x, context)
    monkeypatch.setattr(nf.RationalQuadraticSpline, "curve_inverse", staticmethod(no_root))
    _, pullback = flow.log_prob_vjp(params, x, context)
    pullback(onp.ones(20))
    with pytest.raises(AssertionError, match="a root was taken"):
        flow.sample(params, rng, 3, context[:1])


def test_the_recipe_saves_and_loads(tmp_path):
    flow = nf.flows.rq_nsf(2, layers=2, hidden=(8,), bins=5, bound=3.0)
    params = check.random_params(flow, onp.random.default_rng(0), 0.5)
    nf.save(tmp_path / "a.flow", flow, params)
    again, loaded = nf.load(tmp_path / "a.flow")
    x = onp.random.default_rng(1).normal(size=(9, 2))
    assert (again.log_prob(loaded, x) == flow.log_prob(params, x)).all()
    coupling = next(layer for layer in again.bijection.layers if isinstance(layer, nf.Coupling))
    transformer = coupling.transformer.transformer
    assert (transformer.bins, transformer.bound) == (5, 3.0)


def test_a_spline_bends_a_normal_into_two_modes():
    """One variable, nothing to condition on: one spline with 16 bins is 0.02 nats from a mixture, and not beyond it."""
    rng = onp.random.default_rng(0)
    x = rng.normal(size=(20_000, 1)) * 0.5 + rng.choice([-2.0, 2.0], size=(20_000, 1))
    flow = nf.flows.rq_nsf(1, layers=1, hidden=(4,), bins=16, bound=4.0)
    result = nf.fit(
        flow, x[:10_000], rng=rng, steps=400, optimizer=nf.adam(3e-2), batch_size=1000, validation=None, progress=False
    )
    held_out = x[10_000:]
    truth = onp.log(sum(0.5 * onp.exp(-2 * (held_out - m) ** 2) for m in (-2, 2)) / (0.5 * onp.sqrt(2 * onp.pi)))[:, 0]
    gap = truth - flow.log_prob(result.params, held_out)
    assert -3 * gap.std() / 100 < gap.mean() < 0.02


# --- faults of other libraries, by name ---


@both_dtypes
@every_kind
def test_flowjax_142c4b9_rounding_carries_y_out_of_the_box(kind, dtype, monkeypatch):
    """Points within a few eps of the ends: the result stays in [-B, B], so that the inverse does not take the tail.

    Without the clip some do leave it, or this test would say nothing.
    """
    h, theta, _ = steep(kind, dtype)
    theta = theta[:5000]
    steps = onp.random.default_rng(1).integers(0, 5, size=(5000, 4))
    ends = (B - steps * onp.spacing(onp.array(B, dtype))).astype(dtype)
    left_the_box, leave = [], Spline._leave_vjp

    def looked_at(self, y, *others):
        left_the_box.append((y < 0).any() or (y > 1).any())
        return leave(self, y, *others)

    monkeypatch.setattr(Spline, "_leave_vjp", looked_at)
    for z in (ends, -ends):
        for direction in ("forward", "inverse"):
            for method in (getattr(h, direction), getattr(h, f"{direction}_vjp")):
                x, l = method(theta, z)[:2]
                assert x.dtype == onp.dtype(dtype) and onp.abs(x).max() <= B and onp.isfinite(l).all()
    assert any(left_the_box)


@every_smooth_kind
@both_directions
def test_nflows_logtanh_the_map_is_c1_where_it_is_cut(kind, direction):
    """LogTanh's slope jumps from 0.358 to 0.420 at its cut. Here: at both ends of the box, and at every knot."""
    h = kind(6, B)
    theta = drawn(h, seed=4)
    method, step = getattr(h, direction), 1e-10
    for at in knots(h, theta)[0 if direction == "forward" else 1]:
        (left, l_left), (right, l_right) = method(theta, (at - step)[None]), method(theta, (at + step)[None])
        assert onp.abs(right - left).max() < 1e-7
        assert onp.abs(l_left - l_right).max() < 1e-6
    for end in (-B, B):
        inner = method(theta, onp.full((1, 3), end * (1 - 1e-10)))[1]
        assert inner == pytest.approx(onp.zeros((1, 3)), abs=1e-5)  # the tail's slope is 1


@every_kind
@both_directions
def test_flowjax_240_gradients_of_a_log_prob_with_points_out_of_range(kind, direction):
    """The gradient of a sum over a batch with one row far outside is that of the other rows, in both roads."""
    h = kind(6, B)
    theta, z = drawn(h, seed=2), onp.random.default_rng(3).uniform(-B, B, size=(7, 3))
    with_far = onp.concatenate([z, onp.array([[10 * B, -10 * B, 1e6]])])
    for vjp in (getattr(h, f"{direction}_vjp"), lambda t, a: getattr(Transformer, f"{direction}_vjp")(h, t, a)):
        found = []
        for points in (z, with_far):
            x, l, pullback = vjp(theta, points)
            found.append(pullback(x * (onp.abs(points) <= B), onp.ones_like(l)))
        assert onp.isfinite(found[1][0]).all() and onp.isfinite(found[1][1]).all()
        assert found[1][0] == pytest.approx(found[0][0], rel=1e-12, abs=1e-12)
        assert found[1][1][:7] == pytest.approx(found[0][1], rel=1e-12, abs=1e-12)


# --- the museum: mistakes that were published, as layers, and the check that finds each ---


class Swapped(nf.RationalQuadraticSpline):
    """The slopes of a bin's two ends change places: it is increasing, its inverse and log_det are its own."""

    table_vjp = Spline.table_vjp

    def table(self, theta):
        *rest, d0, d1 = super().table(theta)
        return (*rest, d1, d0)


class SearchesZ(nf.RationalQuadraticSpline):
    """After FrEIA#160, where the inverse compared x with the ends on the axis of z: here it looks for its bin there."""

    def _bin(self, theta, v, along):
        return super()._bin(theta, v, 0)

    def table_vjp(self, theta, v, along):
        return super().table_vjp(theta, v, 0)


class Sign(nf.RationalQuadraticSpline):
    """flowtorch#100: the inverse returns the log-derivative of forward."""

    def inverse(self, theta, x):
        z, l = super().inverse(theta, x)
        return z, -l

    def inverse_vjp(self, theta, x):
        return Transformer.inverse_vjp(self, theta, x)


class Unclipped(nf.RationalQuadraticSpline):
    """flowjax#239: `where` selects the tail after the bin's formula has been evaluated outside of its bin."""

    @in_columns
    def inverse(self, theta, x):
        y = (x + self.bound) / (2 * self.bound)
        left, bottom, w, h, d0, d1 = self._bin(theta, y, along=1)
        s, t = h / w, (y - bottom) / h
        m = d0 + d1 - 2 * s
        a, b, c = s - d0 + t * m, d0 - t * m, -s * t
        u = w * 2 * c / (-b - np.sqrt(b * b - 4 * a * c))
        inside = onp.abs(autodiff.raw(x)) <= self.bound
        z = np.where(inside, (left + u) * 2 * self.bound - self.bound, x)
        return z, np.where(inside, -self.curve(u, w, h, d0, d1)[1], 0.0)

    def inverse_vjp(self, theta, x):
        return Transformer.inverse_vjp(self, theta, x)


MUSEUM = {
    "swapped slopes": (Swapped, "E", "SPIRXJTOGKN"),
    "FrEIA#160": (SearchesZ, "R", "SPI"),
    "flowtorch#100": (Sign, "X", "SPIR"),
    "flowjax#239": (Unclipped, "G", "SPIRXJTEOKN"),
}


@pytest.mark.parametrize("name", few(MUSEUM, ["swapped slopes", "flowtorch#100", "flowjax#239"]))
@pytest.mark.filterwarnings("ignore")
def test_the_audit_finds_the_mistake(name):
    """Which letter finds it, and which do not: for swapped slopes, E alone."""
    broken, finder, blind = MUSEUM[name]
    options = {"dims": (1, 2), "dtype": "float64", "letters": finder + blind, "changes": False, "show": False}
    report = check.audit(lambda dim: nf.Elementwise(broken(6, 4.0), dim), **options)
    status = {line.letter: line.status for line in report.lines}
    assert status[finder] == "FAILS"
    assert all(status[letter] in ("holds", "not applicable") for letter in blind), status


def test_the_audit_finds_no_mistake_in_the_spline_that_they_are_made_of():
    healthy = nf.RationalQuadraticSpline(6, 4.0)
    assert check.audit(lambda dim: nf.Elementwise(healthy, dim), dims=(1, 2), dtype="float64", show=False).ok


def test_nflows_87_the_discriminant_is_negative_and_the_other_root_cancels():
    """400,000 steep rows in float32: rounding makes b^2 - 4ac negative in some, and 2a is 0 in others."""
    h, theta, z = steep(nf.RationalQuadraticSpline, "float32")
    x = h.forward_vjp(theta, z)[0]
    y = h._enter_vjp(x.T)[0]
    (_, bottom, w, height, d0, d1), _ = h.table_vjp(columns(theta, 2), y, along=1)
    s, t = height / w, (y - bottom) / height
    m = d0 + d1 - 2 * s
    a, b, c = s - d0 + t * m, d0 - t * m, -s * t
    disc = b * b - 4 * a * c
    with onp.errstate(all="ignore"):
        textbook = (-b + onp.sqrt(disc)) / (2 * a)
    xi = h._solve((w, height, d0, d1), y - bottom, None) / w
    assert (disc < 0).sum() > 0
    assert (~onp.isfinite(textbook)).sum() > 0
    assert onp.isfinite(xi).all() and xi.min() >= 0 and xi.max() <= 1


def test_the_published_root_alone_loses_digits_where_the_far_end_is_steep():
    """d1 >> s: 2c / (-b - sqrt) subtracts nearly equal numbers for b < 0; the pair of forms does not."""
    w, h, d0, d1 = (onp.array([[q]], dtype="float32") for q in (1.0, 1e-2, 1e-2, 30.0))
    r = onp.array([[0.009]], dtype="float32")
    s, t = h / w, r / h
    m = d0 + d1 - 2 * s
    a, b, c = s - d0 + t * m, d0 - t * m, -s * t
    published = (2 * c / (-b - onp.sqrt(b * b - 4 * a * c)))[0, 0]
    exact = rational.rational_quadratic_inverse(*(q.astype("float64") for q in (r, w, h, d0, d1)))[0, 0]
    ours = rational.rational_quadratic_inverse(r, w, h, d0, d1)[0, 0]
    assert abs(ours / exact - 1) < 4e-7
    assert abs(published / exact - 1) > 1e-5


def test_layers_of_the_museum_agree_with_their_own_traces():
    """The broken layers are broken in the way that is meant: their pullbacks are those of what they compute."""
    for broken in (Swapped, Sign):
        layer = nf.Elementwise(broken(5, 4.0), 2)
        rng = onp.random.default_rng(0)
        params, x = {"theta": rng.normal(size=(2, layer.transformer.n_params))}, rng.normal(size=(5, 2))
        own, traced = layer.inverse_vjp(params, x), Bijection.inverse_vjp(layer, params, x)
        for a, b in zip(own[2](x, x[:, 0])[:2], traced[2](x, x[:, 0])[:2], strict=True):
            a, b = (q["theta"] if isinstance(q, dict) else q for q in (a, b))
            assert a == pytest.approx(b, abs=1e-10)


@pytest.mark.parametrize("bins", [255, 256, 257, 600])
def test_the_last_bin_is_found_however_many_there_are(bins):
    """A count in one byte starts again at 0 after 255: that is bin 256, the last of 257."""
    left = onp.arange(bins, dtype=float).reshape(bins, 1, 1)
    assert bin_of(left, onp.array([[-1.0, 0.5, bins - 1.5, bins + 1.0]])).tolist() == [[0, 0, bins - 2, bins - 1]]


def test_the_tails_of_a_spline_have_slope_1_also_where_its_curve_is_none():
    """theta follows from numbers of 1e200, and the curve's slope overflows at the end to which z is clipped."""
    layer = nf.Inverse(nf.Autoregressive(nf.RationalQuadraticSpline(), 2, nf.MADE(())))
    params = nf.check.random_params(layer, onp.random.default_rng(0))
    with onp.errstate(all="ignore"):
        z, log_det = layer.inverse(params, onp.array([[1e200, 1e200], [1e160, -1e250]]))
    assert z.tolist() == [[1e200, 1e200], [1e160, -1e250]] and log_det.tolist() == [0, 0]
