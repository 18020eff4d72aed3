"""Finite differences of maps whose dtype is narrow, and what rounding and kinks make of their errors."""

import numpy as onp

from nfscratch.check import finite_differences
from nfscratch.check.finite_differences import numeric_jacobian

Z = onp.array([[0.5, -1.0], [2.0, 0.25]])


def test_a_map_of_few_digits_is_computed_with_in_float64():
    for dtype in ("float16", "int16", "uint8"):
        level = 200 if dtype == "uint8" else 30000
        f = lambda z, level=level, dtype=dtype: onp.full(z.shape, level, dtype)  # noqa: E731 - twice of it is too much
        for stacked in (True, False):
            J, error = numeric_jacobian(f, Z, eps=0.0, stacked=stacked)
            assert J.dtype == error.dtype == onp.float64 and not J.any() and not error.any(), dtype


def test_what_rounding_costs_goes_by_the_size_of_the_map_over_the_longest_step(monkeypatch):
    """Slopes 2, 2.1 and 4 over steps of 0.1, 0.01 and 0.001; the map is 3 in size, and 1 over the shorter ones."""
    of_step = {
        step: (onp.full((1, 1, 1), slope), onp.array([size]), onp.zeros((1, 1, 1)))
        for step, slope, size in ((1e-1, 2.0, 3.0), (1e-2, 2.1, 1.0), (1e-3, 4.0, 1.0))
    }
    monkeypatch.setattr(finite_differences, "_central_differences", lambda f, z, middle, step, stacked: of_step[step])
    J, error = numeric_jacobian(lambda z: z, [[1]], tuple(of_step), 1e-5)
    assert J.item() == 2.1 and abs(error.item() - (0.1 + 3e-3 + (1.9 - 16 * 3e-2))) < 1e-12
