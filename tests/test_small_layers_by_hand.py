"""Passes, planar layers, splines and rows: numbers made by hand on both sides of a bound, and on it."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_passes, wrong_planar, wrong_radial, wrong_rows, wrong_spline

# --- passes ---


def test_a_line_is_one_to_six_digits_of_what_it_gives():
    """It rises by 1 from 0 to 1, and at -2 it is to be -2."""
    for off, straight in ((2.9e-6, True), (3.1e-6, False), (-2.9e-6, True), (-3.1e-6, False)):
        a = onp.zeros((3, 2))
        line = wrong_passes._own_lines(lambda v, off=off: v + off * (v < -1), a, a)
        assert (line is not None) is straight, off


def test_a_function_is_bent_where_its_half_is_off_by_more_than_a_ten_thousandth():
    """Twice its value at 1/2 beside its value at 1, which is 1."""
    for off, is_bent in ((1.8e-4, False), (2.2e-4, True), (-1.8e-4, False), (-2.2e-4, True)):
        g = lambda v, off=off: v + 0.5 * off * (onp.abs(v - 0.5) < 1e-9)  # noqa: E731
        assert bool(wrong_passes._is_bent(g, onp.ones((3, 2)))) is is_bent, off


def test_24_rows_are_looked_at(monkeypatch):
    looked = []
    monkeypatch.setattr(wrong_passes, "_depends", lambda c, direction: onp.tril(onp.ones((2, 2), dtype=bool), -1))
    monkeypatch.setattr(wrong_passes, "_function", lambda c, direction: direction)
    monkeypatch.setattr(wrong_passes, "_own_lines", lambda f, a, b: looked.append((f, len(a), len(b))))
    for n, rows in ((30, 24), (24, 24), (5, 5)):
        a = onp.zeros((n, 2))
        assert wrong_passes._agrees_at_zero(SimpleNamespace(dim=2), "inverse", a, a) is False
        assert looked == [("inverse", rows, rows)]
        looked.clear()


# --- planar layers ---

MOVED = onp.array([0.0, 0.5, 1.0, -0.25, 0.75, -0.875])


def test_the_slope_is_a_straight_line_in_the_square_of_what_it_moves(monkeypatch):
    monkeypatch.setattr(wrong_planar, "_steady", lambda s, by: True)
    for bend, told in ((0.0, True), (0.1, False), (1e-4, False)):
        slope = 2 + MOVED**2 + bend * MOVED**4
        s = SimpleNamespace(dim=1, c=onp.zeros(6), at=onp.zeros((6, 1)), there=MOVED[:, None], direction="forward")
        s.J = slope[:, None, None]
        assert bool(wrong_planar._is_tanh_of_one_variable(s, lambda moved, slope: moved)) is told


def test_the_direction_is_that_of_the_row_that_moves_most():
    J = onp.stack([onp.eye(2), onp.array([[1.0, 0.5], [0.0, 1.0]]), onp.array([[1.0, 0.1], [0.0, 1.0]])])
    for order in ([0, 1, 2], [1, 2, 0], [2, 0, 1]):
        assert onp.abs(wrong_planar._rank_one(SimpleNamespace(J=J[order], dim=2))).tolist() == [0.0, 1.0]
    wide = onp.stack([onp.array([[1.0, 0.5], [0.0, 1.0]]), onp.array([[1.0, 0.0], [0.7, 1.0]])])
    assert onp.abs(wrong_planar._rank_one(SimpleNamespace(J=wide, dim=2))).tolist() == [1.0, 0.0]


def test_a_ratio_that_is_off_by_just_a_thousandth_is_the_same():
    """c = 0, so that it is -2 / by: -1000, and -1001 or -1002 in the fourth row."""
    s = SimpleNamespace(c=onp.zeros(4), direction="forward")
    for last, same in ((1000, True), (1001, True), (1002, False), (999, True), (998, False)):
        by = 2 / onp.array([1000.0, 1000.0, 1000.0, last])
        assert bool(wrong_planar._steady(s, by)) is same, last


def test_a_ratio_is_that_of_one_of_the_first_three_rows():
    """-1000 stands between the others, which are a thousandth and a half apart."""
    s = SimpleNamespace(c=onp.zeros(4), direction="forward")
    for ratios, same in (((999.25, 1000.75, 999.25, 1000), False), ((999.25, 1000.75, 1000, 999.25), True)):
        assert bool(wrong_planar._steady(s, 2 / onp.array(ratios))) is same, ratios


def test_a_ratio_of_a_millionth_is_none():
    s = SimpleNamespace(c=onp.zeros(4), direction="forward")
    for by, one in ((2e6, False), (1.9e6, True), (-2e6, False), (-1.9e6, True)):
        assert bool(wrong_planar._steady(s, onp.full(4, by))) is one, by


# --- radial layers ---


def test_what_is_predicted_is_given_to_four_digits_in_more_than_half_of_the_rows():
    nan = onp.nan
    for predicted, back, given in (
        ([0, 0], [0.9e-4, 0], True), ([0, 0], [1.1e-4, 0], False), ([nan, 0, 0], [9, 0, 0], True),
        ([nan, 0], [9, 0], False), ([nan, 1e5, 0], [9, 9, 0], False), ([2e4, 0, 0], [9, 0, 0], True),
    ):  # fmt: skip
        predicted, back = onp.array(predicted, dtype=float)[:, None], onp.array(back, dtype=float)[:, None]
        assert bool(wrong_radial._is_given(SimpleNamespace(back=back), predicted)) is given, (predicted, back)


# --- splines ---


def test_a_line_that_bends_by_just_a_billionth_is_straight(monkeypatch):
    monkeypatch.setattr(wrong_spline, "variable", lambda trial: 0)
    monkeypatch.setattr(wrong_spline, "inner", lambda trial, n: n)
    for bend, off in ((1e-9, False), (-1e-9, False), (1.1e-9, True), (-1.1e-9, True)):
        line = SimpleNamespace(x=onp.array([[bend], [0.0], [0.0]]))
        monkeypatch.setattr(wrong_spline, "along", lambda trial, j, values, line=line: line)
        assert wrong_spline._is_off_where_bent("trial", onp.ones(3)) is off, bend


def test_terms_that_are_infinite_or_no_number_count_as_0(monkeypatch):
    """The first five are there, and the sixth is what solves for them: q = u^2, and p = 0."""
    asked = []
    monkeypatch.setattr(wrong_spline, "span", lambda line: (0.0, 300.0))
    for odd in (onp.inf, -onp.inf, onp.nan, 0.0):
        A = onp.zeros((9, 6))
        A[:5, :5], A[7, 5] = onp.eye(5), odd
        monkeypatch.setattr(wrong_spline, "terms", lambda t, x, A=A: A)
        along = lambda line, j, values, row: asked.append(len(values)) or SimpleNamespace(x=values[:, None])  # noqa: E731
        monkeypatch.setattr(wrong_spline, "along", along)
        p, q, _ = wrong_spline._fit("line", "row", 0, 5.0, 1.0)
        assert asked == [9] and p(6.0) == 0.0 and abs(q(6.0)) == 0.5 and q(5.0) == 0.0
        asked.clear()


# --- rows ---


def test_a_memory_has_more_than_half_as_many_log_dets_as_rows(monkeypatch):
    for first, memory in (
        ((1, 2, 3, 3, 3, 3), False), ((1, 2, 3, 4, 4, 4), True), ((1, 2, 3, 3, 3), True), ((1, 2, 2, 2, 2), False),
    ):  # fmt: skip
        a = onp.ones((len(first), 1))
        f = lambda batch, first=first: ("x", onp.array(first, dtype=float))  # noqa: E731
        monkeypatch.setattr(wrong_rows, "functions", lambda trial, f=f, a=a: [("forward", f, a)])
        assert wrong_rows._remembers("trial", "forward") is memory, first


def test_the_sum_of_a_base_is_seen_to_five_digits():
    """Of the first row, here 0 or 3."""
    for rest, total, summed in (
        (0.0, 1e-5, False), (0.0, 0.9e-5, True), (0.0, -1e-5, False), (3.0, 3 + 3.9e-5, True), (3.0, 3 + 4.1e-5, False),
    ):  # fmt: skip
        subject = SimpleNamespace(q=lambda z, total=total: onp.array([total, 0.0]))
        trial = SimpleNamespace(usable=onp.ones(2, dtype=bool), x=onp.zeros((2, 1)), subject=subject)
        trial.apply = lambda direction, x, rows: (x, onp.array([5.0, 7.0]))
        whole = onp.array([5.0, 7.0]) + rest
        assert bool(wrong_rows._summed_base(trial, whole)) is summed, (rest, total)


def test_two_rows_in_another_order_tell_calls_or_places(monkeypatch):
    monkeypatch.setattr(wrong_rows, "_among_rows", lambda trial, which: Mistake.BATCH_STATISTICS)
    for remembers, name in ((True, "DEPENDS_ON_CALLS"), (False, "PLACE_IN_BATCH")):
        monkeypatch.setattr(wrong_rows, "_remembers", lambda trial, which, remembers=remembers: remembers)
        for rows, n, found in (([1, 0], 2, name), ([0], 1, "BATCH_STATISTICS"), ([0], 2, "BATCH_STATISTICS")):
            evidence = {"rows": rows, "which": 0}
            assert wrong_rows._of_rows("trial", evidence, "forward", n) is Mistake[found], (rows, n)


def test_statistics_keep_each_row_to_a_tenth_of_what_moves_the_first():
    """It is moved by 10; rows that come twice are off by 1, or by less."""
    for off, uses in ((1.0, False), (0.9, True), (-1.0, False)):
        result = lambda batch, *rows, off=off: onp.full((len(batch), 1), off if rows else 10.0)  # noqa: E731
        assert wrong_rows._uses_statistics(result, onp.ones((3, 1)), onp.zeros((3, 1))) is uses
