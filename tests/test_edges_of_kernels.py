"""Kernels and batches at their edges: the sizes at which they take another way, which must give the same numbers."""

import numpy as onp
import pytest

from nfscratch.bijections.start import SAMPLE, StartBatch
from nfscratch.ops import reflections, spline_bins, triangle


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
