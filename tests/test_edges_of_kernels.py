"""Kernels and batches at their edges: the sizes at which they take another way, which must give the same numbers."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.bijections.start import SAMPLE, StartBatch
from nfscratch.ops import (
    quadrature,
    reflections,
    roots,
    roulette,
    spline_bins,
    trace_series,
    triangle,
    u_hat,
    wavefront,
)


def normal(*shape, seed=0):
    return onp.random.default_rng(seed).normal(size=shape)


def test_a_batch_is_thinned_where_a_part_would_be_too_much_work():
    x = onp.arange(2.0 * (SAMPLE + 1)).reshape(-1, 2)
    for count, rows in ((2**30 // (SAMPLE + 1) - 3, SAMPLE + 1), (2**30 // (SAMPLE + 1), SAMPLE)):
        batch = StartBatch(x, x)
        batch.thin({"W": onp.broadcast_to(0.0, count)})
        assert len(batch.x) == len(batch.context) == rows and onp.array_equal(batch.x, batch.context)
    few = StartBatch(x[:SAMPLE], None)
    few.thin({"W": onp.broadcast_to(0.0, 2**30)})
    assert len(few.x) == SAMPLE and few.context is None


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("dim", [64, 65, 131])
def test_a_triangle_of_any_size_is_solved_by_halves(dim, lower):
    T = onp.eye(dim) * 3.0 + (onp.tril(normal(dim, dim), -1) if lower else onp.triu(normal(dim, dim), 1)) / dim
    y = normal(dim, 4, seed=1)
    noise = onp.triu(onp.full((dim, dim), 7.0), 1) if lower else onp.tril(onp.full((dim, dim), 7.0), -1)
    onp.testing.assert_allclose(triangle.solve(T + noise, y, lower), onp.linalg.solve(T, y), rtol=1e-11, atol=1e-13)


def test_a_direction_shorter_than_a_millionth_is_an_axis():
    for length, kept in ((0.9e-6, False), (1.1e-6, True)):
        a = onp.array([[-1.0, length], [0.0, 0.0]])  # added to (1, 0) and (0, 1)
        expected = [[0.0, 1.0] if kept else [1.0, 0.0], [0.0, 1.0]]
        onp.testing.assert_allclose(reflections.directions(a), expected, atol=1e-15)
        onp.testing.assert_allclose(reflections.directions_vjp(a)[0], expected, atol=1e-15)


@pytest.mark.parametrize("count", [2, 255, 256, 257, 300])
def test_the_bin_of_a_point_is_counted_beyond_what_a_byte_holds(count):
    left = onp.linspace(0.0, 1.0, count, endpoint=False)[:, None, None]
    v = onp.array([[0.0, 0.5 / count, 1.0 / count + 1e-12, 1.0, onp.nan]])
    assert spline_bins.bin_of(left, v).tolist() == [[0, 0, 1, count - 1, 0]]


@pytest.mark.parametrize(
    ("z", "x", "slope", "limit"), [(0.5, 0.5, 1.0, 128), (3.0, 0.5, 2.0, 448), (0.5, 4.0, 1.0, 320)]
)
def test_sixty_four_roundings_of_both_sides_explain_a_residual(z, x, slope, limit):
    """64 eps (max(1, |x|) + f' max(1, |z|))."""
    z, x, slope, eps = onp.array([z, -z]), onp.array([x, -x]), onp.array([slope, slope]), 2.0**-52
    assert roots._by_rounding(onp.full(2, (limit - 0.1) * eps), slope, z, x, 1.0).all()
    assert not roots._by_rounding(onp.full(2, (limit + 0.1) * eps), slope, z, x, 1.0).any()


def test_the_correction_of_planar_layers_has_its_closed_form_at_both_ends():
    long_k, long_s = u_hat.u_hat(onp.zeros(1), onp.ones(1))  # (1) of the docstring, for |w| = 1
    onp.testing.assert_allclose([long_k[0], long_s[0]], [onp.log(2.0) - 0.999, 0.001 + onp.log(2.0)], rtol=1e-13)
    at = onp.array([0.01, 0.04])
    onp.testing.assert_allclose(u_hat.u_hat(onp.zeros(2), at)[0], (onp.log(2.0) - 0.999) / at, rtol=1e-13)
    k, s = u_hat.u_hat(onp.array([0.5, -3.0]), onp.zeros(2))  # w = 0: nothing has to change above -1 + margin
    onp.testing.assert_allclose(s, [1.5, 0.001], rtol=1e-12)
    assert onp.isfinite(k).all()


def test_what_comes_before_a_pixel_is_what_is_read_before_it():
    assert wavefront.before(1) == [] and wavefront.before(3) == [(-1, -1), (-1, 0), (-1, 1), (0, -1)]
    assert len(wavefront.before(5)) == 12 and wavefront.before(5)[-1] == (0, -1)
    fronts = wavefront.fronts_of(3, 4, 3)  # (r + 1)(H - 1) + W of them, r = 1
    assert len(fronts) == 8 and [len(pixels.host) for pixels, _, _ in fronts] == [1, 1, 2, 2, 2, 2, 1, 1]


class Given:
    """A generator that draws what it is told."""

    def __init__(self, u):
        self.u = u

    def random(self, shape):
        return onp.full(shape, self.u)


def test_the_least_and_the_largest_uniform_number_have_a_logit():
    base = nf.StandardLogistic(2)
    for u, z in ((0.0, -54 * onp.log(2.0)), (0.5, 0.0), (1.0 - 2.0**-53, 53 * onp.log(2.0))):
        onp.testing.assert_allclose(base.sample({}, Given(u), 1), [[z, z]], rtol=1e-2, atol=1e-15)
    assert onp.isfinite(base.log_prob({}, onp.array([[1e4, -1e4]]))).all()


def test_clenshaw_and_curtis_integrate_polynomials_exactly():
    for n in (2, 3, 4, 7, 8):
        points, weights = quadrature.clenshaw_curtis(n)
        assert (points[0], points[-1]) == (0.0, 1.0) and (weights > 0.0).all() and (onp.diff(points) > 0.0).all()
        for degree in range(n + 1):
            onp.testing.assert_allclose(weights @ points**degree, 1.0 / (degree + 1), rtol=1e-13)


def test_a_series_of_traces_is_that_of_the_logarithm():
    J = 0.3 * normal(4, 3, 3)
    for terms in (1, 2, 5):
        expected = sum(
            (-1) ** (k + 1) / k * onp.trace(onp.linalg.matrix_power(J, k), axis1=1, axis2=2)
            for k in range(1, terms + 1)
        )
        onp.testing.assert_allclose(trace_series.log_det_series(J, terms), expected, rtol=1e-12)
    one = normal(4, 1, 1)
    onp.testing.assert_allclose(trace_series.log_det_exact(one), onp.log(abs(1.0 + one[:, 0, 0])), rtol=1e-12)


def test_a_term_of_roulette_weighs_as_much_as_it_is_rare():
    probes = roulette.draw_probes(onp.random.default_rng(0), onp.zeros((5, 2)), 2, 0.25, 3)
    factors = [probes.factor(k) for k in (1, 2, 3, 4)]
    onp.testing.assert_allclose(factors, [1.0, -1.0, 0.75**-1, -(0.75**-2)], rtol=1e-14)
    assert probes.v.shape == (3, 5, 2) and set(onp.unique(probes.v)) == {-1.0, 1.0}
    assert probes.counts.shape == (3, 5) and probes.counts.min() >= 2 and probes.counts.max() > 2
    fixed = roulette.draw_probes(onp.random.default_rng(0), onp.zeros((5, 2)), 4)
    assert (fixed.counts == 4).all() and fixed.factor(9) == 1.0 and fixed.v.shape == (1, 5, 2)
    many = roulette.draw_probes(onp.random.default_rng(1), onp.zeros((4000, 1)), 1, 0.5)
    onp.testing.assert_allclose([(many.counts >= k).mean() for k in (2, 3, 4)], [0.5, 0.25, 0.125], atol=0.03)
