"""Splines along a line, and grids of results: bounds with numbers on both sides, and where a line is asked."""

from types import SimpleNamespace

import numpy as onp
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_search, wrong_spline

# --- splines ---


def test_an_error_of_a_ten_thousandth_is_none(monkeypatch):
    """At the one point where the line bends."""
    monkeypatch.setattr(wrong_spline, "variable", lambda trial: 0)
    monkeypatch.setattr(wrong_spline, "inner", lambda trial, n: n)
    line = SimpleNamespace(x=onp.array([[1.0], [0.0], [0.0]]))
    monkeypatch.setattr(wrong_spline, "along", lambda trial, j, values: line)
    for gap, off in ((1e-4, False), (1.1e-4, True), (-1e-4, False), (-1.1e-4, True)):
        assert wrong_spline._is_off_where_bent("trial", onp.array([9.0, gap, 9.0])) is off, gap


def vote(monkeypatch, bend=0.0, off=0.0, span=(-1.0, 3.0)):
    """z' on the piece 2 + 5 (place - 7) that stands over the place 7, which is x; it is to be 7 + (7 - 2) / 5 = 8."""
    asked = []

    def along(line, j, values, row):
        asked.append((line, j, row, values.tolist()))
        return SimpleNamespace(x=onp.stack([0 * values, 2 + 5 * (values - 7) + [bend, 0, 0]], axis=1))

    monkeypatch.setattr(wrong_spline, "span", lambda line: span)
    monkeypatch.setattr(wrong_spline, "along", along)
    found = wrong_spline._vote_of_lines("line", 1, 3.0, 7.0, 8.0 + off, "row")
    [(line, j, row, values)] = asked
    step = 1e-4 * (span[1] - span[0])
    assert (line, j, row) == ("line", 1, "row")
    close(values, [7 - step, 7, 7 + step], 1e-12)
    return found


def test_a_result_on_the_piece_over_the_place_x(monkeypatch):
    for bend, off, told in (
        (0.0, 0.0, True), (0.8e-9, 0.0, True), (1.2e-9, 0.0, False), (-1.2e-9, 0.0, False), (0.0, 8.5e-6, True),
        (0.0, 9.5e-6, False), (0.0, -8.5e-6, True), (0.0, -9.5e-6, False),
    ):  # fmt: skip
        assert vote(monkeypatch, bend, off) is (Mistake.KNOTS_OF_Z if told else None), (bend, off)
    assert vote(monkeypatch, span=(0.0, 100.0)) is Mistake.KNOTS_OF_Z


def test_a_piece_that_bends_by_just_a_billionth_is_none(monkeypatch):
    """From -1e-9 over 0 to 2e-9 it rises by 3e-9 in two steps of 4e-4."""
    monkeypatch.setattr(wrong_spline, "span", lambda line: (0.0, 4.0))
    for high, told in ((2e-9, False), (1.9e-9, True)):
        x = onp.array([[-1e-9], [0.0], [high]])
        monkeypatch.setattr(wrong_spline, "along", lambda line, j, values, row, x=x: SimpleNamespace(x=x))
        back = 7.0 + 7.0 * 8e-4 / (high + 1e-9)
        found = wrong_spline._vote_of_lines("line", 0, 3.0, 7.0, back, "row")
        assert found is (Mistake.KNOTS_OF_Z if told else None), high


def test_no_knot_stands_in_a_window_whose_terms_miss_by_less_than_1e_12(monkeypatch):
    """Else the next window is asked, of three."""
    asked = []
    monkeypatch.setattr(wrong_spline, "span", lambda line: (0.0, 300.0))
    along = lambda line, j, values, row: asked.append(len(values)) or SimpleNamespace(x=values[:, None])  # noqa: E731
    monkeypatch.setattr(wrong_spline, "along", along)
    for miss, windows in ((0.9e-12, 1), (1e-12, 3), (1.0, 3)):
        A = onp.zeros((9, 6))
        A[:6] = onp.diag([1.0, 1.0, 1.0, 1.0, 1.0, miss])
        monkeypatch.setattr(wrong_spline, "terms", lambda t, x, A=A: A)
        wrong_spline._fit("line", "row", 0, 5.0, 1.0)
        assert asked == [9] * windows, miss
        asked.clear()


def test_a_piece_that_is_x_throughout_tells_no_root(monkeypatch):
    """p = x q for each z, so that the quadratic is 0."""
    monkeypatch.setattr(wrong_spline, "span", lambda line: (0.0, 300.0))
    monkeypatch.setattr(wrong_spline, "along", lambda line, j, values, row: SimpleNamespace(x=values[:, None]))
    for value, solvable in ((1.0, False), (2.0, False)):
        A = onp.zeros((9, 6))
        A[:4, 1:5], A[4, 5], A[5, [0, 3]] = onp.diag([1, 1, 0, 1]), 1.0, [1.0, -1.0]
        monkeypatch.setattr(wrong_spline, "terms", lambda t, x, A=A: A)
        assert bool(wrong_spline._fit("line", "row", 0, 5.0, value)[2]) is solvable


# --- grids ---


def test_numbers_stand_on_a_grid_to_twelve_digits():
    k = onp.arange(30)
    for noise, found in ((0.0, True), (3e-13, True), (9e-13, False)):
        assert (wrong_search._grid(1e-8 * k + noise * (k % 2)) is not None) is found, noise


def test_a_map_is_asked_at_0_in_its_own_dtype():
    """x = 2 z + 1: z' is three quarters of x - 1."""
    asked = []

    def apply(direction, at, rows):
        asked.append((direction, at.dtype.name, at.tolist(), rows.tolist()))
        return 2 * at + 1, None

    def derivatives(direction, at, rows):
        asked.append((direction, at.dtype.name, at.tolist(), rows.tolist()))
        return (onp.full((1, 1, 1), 2.0),)

    z = onp.linspace(1, 2, 12)[:, None]
    subject = SimpleNamespace(in_shape=(1,), dtype=onp.dtype("float32"))
    trial = SimpleNamespace(subject=subject, apply=apply, derivatives=derivatives)
    for back, told in ((1.5 * z, True), (0.75 * z, True), (1.5 * z + 0.75, True), (1.5 * z + 0.2, False)):
        c = SimpleNamespace(trial=trial, rows=onp.array([7, *range(11)]), z=z, x=2 * z + 1, back=back)
        assert wrong_search._is_bisection_of_own_width(c) is told
    assert asked == [("forward", "float32", [[0.0]], [7])] * 8


def test_the_width_of_an_interval_may_be_x_or_what_is_left_of_it_without_its_affine_part():
    """x = 1.1 z + 1. An odd part of one width is none of another, because 1.1 is none."""
    z = onp.linspace(1, 2, 12)[:, None]
    apply, derivatives = (
        (lambda way, at, rows: (1.1 * at + 1, None)),
        (lambda way, at, rows: (onp.full((1, 1, 1), 1.1),)),
    )
    subject = SimpleNamespace(in_shape=(1,), dtype=onp.dtype("float64"))
    trial, x = SimpleNamespace(subject=subject, apply=apply, derivatives=derivatives), 1.1 * z + 1
    for width, told in ((x, True), (x - 1, True), (z, True), (x + 1, False), (x - 2, False), (1.1 * (x - 1), False)):
        c = SimpleNamespace(trial=trial, rows=onp.arange(12), z=z, x=x, back=0.75 * width)
        assert wrong_search._is_bisection_of_own_width(c) is told
