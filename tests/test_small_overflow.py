"""Results that leave the range of a dtype: the way to a point is gone until a number is huge, or none is."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import overflow

HUGE = 1e130  # beyond the 0.4th power of the largest number


def trial(f, dtype="float64", log_det=lambda a: onp.zeros(len(a))):
    """f acts on each number; `asked` has the first row of each call."""
    found = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype(dtype)), asked=[])

    def apply(direction, a):
        assert direction == "inverse" and a.dtype == dtype
        found.asked.append(float(a[0, 0]))
        return f(a), log_det(a)

    found.apply = apply
    return found


def overflows(made, points=((1.0, 1.0), (2.0, 2.0))):
    return overflow.overflows(made, onp.array(points), "inverse").tolist()


def steep(a):
    """It is huge within 1e-9 of 0.9, and infinite from there on."""
    return onp.where(a < 0.9 - 1e-9, 1.0, onp.where(a < 0.9, HUGE, onp.inf))


@pytest.mark.parametrize(("f", "found"), [
    (lambda a: onp.where(a > 0.3, onp.inf, HUGE), [True, True]),
    (lambda a: onp.where(a > 0.3, onp.inf, 1.0), [False, False]),
    (lambda a: onp.where(a > 0.3, onp.inf, -HUGE), [True, True]),
    (lambda a: onp.where(a > 0.3, onp.nan, 1e123), [False, False]),
    (lambda a: onp.where(a > 1.5, HUGE, 1.0), [False, True]), (steep, [True, True]),
    (lambda a: onp.where(a > 0.3, onp.nan, HUGE * (onp.arange(2) == 1)), [True, True]),  # one of two columns
])  # fmt: skip
def test_an_overflow_is_honest_where_a_number_was_huge_before(f, found):
    assert overflows(trial(f)) == found


def test_a_log_det_is_a_number_too():
    assert overflows(trial(lambda a: 0 * a, log_det=lambda a: onp.where(a[:, 0] > 0.5, -onp.inf, -HUGE))) == [
        True,
        True,
    ]


def test_huge_is_relative_to_the_dtype():
    f = lambda a: onp.where(a > 0.3, onp.inf, 1e16).astype(a.dtype)  # noqa: E731
    assert overflows(trial(f, "float32")) == [True, True] and overflows(trial(f)) == [False, False]


def test_the_way_goes_down_by_shares_and_then_is_halved_between_the_last_two():
    made = trial(lambda a: onp.where(a < 0.7, 1.0, onp.inf))
    assert overflows(made) == [False, False]
    assert made.asked[:3] == pytest.approx([0.8, 0.64, 0.512]) and len(made.asked) == 39 + 50
    assert made.asked[39:41] == pytest.approx([0.72, 0.68]) and made.asked[-1] == pytest.approx(0.7, abs=1e-12)


def test_a_row_that_overflows_is_looked_at_no_more_where_all_do():
    made = trial(lambda a: HUGE + 0 * a)
    assert overflows(made) == [True, True] and len(made.asked) == 1


@pytest.mark.parametrize("error", [ValueError, OverflowError, IndexError])
def test_a_point_that_is_refused_says_nothing(error):
    def f(a):
        if (a > 0.5).any():
            raise error("not here")
        return onp.where(a > 0.1, HUGE, 1.0)

    assert overflows(trial(f)) == [True, True]
    with pytest.raises(TypeError):
        overflows(trial(lambda a: a + "a"))


def test_events_of_several_axes():
    made = trial(lambda a: HUGE * a)
    made.apply = lambda direction, a: (HUGE * a, onp.zeros(len(a)))
    assert overflow.overflows(made, onp.ones((3, 2, 1, 2)), "inverse").tolist() == [True] * 3
