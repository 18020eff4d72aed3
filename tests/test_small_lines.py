"""A search for one number along a line: Newton's steps, the number behind a result, and the end of a bracket."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check.diagnosis import wrong_line_search

W = onp.ones(1)
S = onp.linspace(-1.0, 2.0, 7)


def g(s):
    return 0.3 * s**3


def newton(a, s, steps, slope=lambda s: 1 + 0.9 * s**2):
    for _ in range(steps):
        s = s - (s + g(s) - a) / slope(s)
    return s


@pytest.fixture
def c(monkeypatch):
    """z are the right numbers, and a = s + g(s)."""
    found = SimpleNamespace(z=S[:, None], g=g)
    monkeypatch.setattr(wrong_line_search, "_g", lambda c, w, s: c.g(s))
    return found


A = S + g(S)


@pytest.mark.parametrize(("start", "steps"), [(A, 1), (A, 2), (A, 3), (0 * A, 1), (0 * A, 2)])
def test_an_iterate_is_what_came_or_gives_it(start, steps, c):
    s = newton(A, start, steps)
    for found in (s, A - g(s)):
        assert wrong_line_search._is_newton(c, W, A, found, start)
        off = onp.abs(found - S).max()
        assert wrong_line_search._is_newton(c, W, A, found + 0.9e-3 * off * onp.cos(A) ** 2, start)
        for other in (found + 2e-3 * off, found + onp.where(S > 1.9, 0.5, 0)):
            assert not wrong_line_search._is_newton(c, W, A, other, start)


def test_twelve_steps_are_made_and_the_slope_is_asked_beside_each(c):
    asked = []
    c.g = lambda s: asked.append(s.copy()) or 0.3 * s**3
    wrong_line_search._is_newton(c, W, A, A + 99, A)
    close(asked[1], A + 1e-4, 1e-12)
    close(asked[2], A - 1e-4, 1e-12)
    c.g = lambda s: asked.append(s.copy()) or -0.9 * s  # 1 + slope is 0.1: a step goes there at once
    asked.clear()
    assert not wrong_line_search._is_newton(c, W, 0.1 * S, S + 50.0, 0 * S)
    assert len(asked) == 3  # it has arrived
    cycle = lambda s: onp.sign(s - 10) * onp.sqrt(onp.abs(s - 10)) - s  # noqa: E731  from side to side
    c.g = lambda s: asked.append(s.copy()) or cycle(s)
    asked.clear()
    assert not wrong_line_search._is_newton(c, W, 0 * A, A + 50.0, 0 * A + 12.0)
    assert len(asked) == 4 * 12


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_number_that_gives_what_is_moved(sign, c):
    """By 60 halvings between -60 and 60, whether g rises or falls."""
    c.g = lambda s: sign * (2 * s + g(s))
    wanted = onp.array([-59.0, -3.0, 0.0, 0.25, 41.0])
    close(wrong_line_search._number(c, W, c.g(wanted)), wanted, 1e-12)
    close(wrong_line_search._number(c, W, sign * onp.array([1e9, -1e9])), [60.0, -60.0], 1e-12)


@pytest.mark.parametrize(("slope", "tells"), [(1.1e-3, True), (-1.1e-3, True), (0.9e-3, False), (0.0, False)])
def test_a_function_that_is_not_flat_tells_its_number(slope, tells, c):
    c.g = lambda s: slope * s
    assert wrong_line_search._tells(c, W, S).tolist() == [tells] * 7


RIGHT = onp.array([9.0, -8.0, 7.0, 1.0, -2.0])


@pytest.mark.parametrize(("s", "a", "end"), [
    ([5, -5, 5, 1, -2], 0 * RIGHT, True), ([5, -5, 5, 1, -2], 3 + 0 * RIGHT, True),
    ([5, -5, 5.01, 1, -2], 0 * RIGHT, False), ([5, -5, 5.0004, 1, -2], 0 * RIGHT, True),
    ([5, -5, 7, 1, -2], 0 * RIGHT, False),  # two rows alone
    ([0, 0, 0, 1, -2], 9 * onp.arange(5.0), False), ([12, -12, 12, 1, -2], 0 * RIGHT, False),
    ([6, 0, 5, 1, -2], onp.array([4.0, -2, 3, 0, -2]), True), ([6, 0, 5, 1, -2], onp.array([4.0, -3, 3, 0, -2]), False),
    ([onp.nan, 5, 5, 5, 5], 0 * RIGHT, False),
])  # fmt: skip
def test_wrong_numbers_at_one_distance_are_the_end_of_a_bracket(s, a, end):
    """From a or from 0, three of them, beyond which the right ones lie."""
    assert wrong_line_search._is_end(onp.array(s, dtype=float), a, RIGHT) is end


def test_g_is_read_along_the_line_through_0():
    w = onp.array([0.6, 0.8])

    def apply(way, z, rows):
        assert way == "forward" and z.dtype == onp.float32 and z.shape == (7, 2, 1) and rows == "rows"
        return (z + (g(z.reshape(7, 2).astype(float) @ w)[:, None] * [5.0, 0.0]).reshape(7, 2, 1), None)

    subject = SimpleNamespace(in_shape=(2, 1), dtype=onp.dtype("float32"))
    c = SimpleNamespace(trial=SimpleNamespace(apply=apply, subject=subject), rows="rows")
    close(wrong_line_search._g(c, w, S), 0.6 * 5 * g(S), 1e-5)
