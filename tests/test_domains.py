"""The usual maps of the real line into an interval: there, back, their slopes, and what lies on an end."""

import numpy as onp
import pytest

from nfscratch.check.domains import inside, into, out_of, slope_into


@pytest.mark.parametrize("ends", [(-onp.inf, onp.inf), (2.0, onp.inf), (-onp.inf, -1.5), (-2.0, 3.0)], ids=str)
def test_the_line_is_carried_into_an_interval_and_back(ends):
    a = onp.linspace(-4.0, 4.0, 17)
    x = into(ends, a)
    assert ((x > ends[0]) & (x < ends[1]) & (onp.gradient(x) > 0)).all()
    onp.testing.assert_allclose(out_of(ends, x), a, atol=1e-12)
    onp.testing.assert_allclose(slope_into(ends, a), (into(ends, a + 1e-6) - into(ends, a - 1e-6)) / 2e-6, rtol=1e-6)


def test_points_at_or_beyond_an_end_are_infinitely_far_out():
    assert out_of((2.0, onp.inf), onp.array([2.0, 1.0, 3.0])).tolist() == [-onp.inf, -onp.inf, 0.0]
    assert out_of((-onp.inf, 2.0), onp.array([2.0, 3.0, 1.0])).tolist() == [onp.inf, onp.inf, 0.0]
    assert out_of((0.0, 2.0), onp.array([0.0, -1.0, 1.0, 2.0, 3.0])).tolist() == [
        -onp.inf,
        -onp.inf,
        0.0,
        onp.inf,
        onp.inf,
    ]


def test_a_row_on_an_end_is_not_inside():
    rows = onp.array([[0.5, 0.5], [0.0, 0.5], [0.5, 1.0], [1.5, 0.5]])
    assert inside((0.0, 1.0), rows).tolist() == [True, False, False, False]
