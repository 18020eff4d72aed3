"""Edges, bent maps, sawtooths and lines: shares that are exactly the bound, and rows that are asked."""

from types import SimpleNamespace

import numpy as onp
from comparing import close
from tried_maps import trial_of

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_edges, wrong_elementwise, wrong_halving, wrong_line_search
from nfscratch.check.finding import Symptom

# --- edges ---


def test_only_a_kind_of_index_error_tells_of_the_last_bin():
    class Own(IndexError):
        pass

    for kind, name in (
        (IndexError, "BIN_AT_RIGHT_EDGE"), (Own, "BIN_AT_RIGHT_EDGE"), (LookupError, "RAISES_AT_EDGE"),
        (Exception, "RAISES_AT_EDGE"), (KeyError, "RAISES_AT_EDGE"),
    ):  # fmt: skip
        finding = SimpleNamespace(symptom=Symptom.RAISES, evidence={"raised_by": kind})
        assert wrong_edges.name_edge(SimpleNamespace(finding=finding)) is Mistake[name], kind


def test_an_interval_whose_length_overflows_has_no_inside():
    def apply(direction, a, rows):
        if a == high:
            raise IndexError
        return a, onp.zeros(1)

    subject = SimpleNamespace(dtype=onp.dtype("float64"), shape=lambda direction: (1,))
    trial = SimpleNamespace(subject=subject, apply=apply)
    low, high = onp.array([-1.7e308]), onp.array([1.7e308])
    with onp.errstate(over="ignore"):
        assert wrong_edges._raises_only_at(trial, "forward", low, high) is False
        assert wrong_edges._raises_only_at(trial, "forward", onp.zeros(1), high) is True


def test_growth_is_looked_at_from_one_seed(monkeypatch):
    seen, made = [], onp.random.default_rng
    monkeypatch.setattr(onp.random, "default_rng", lambda seed: seen.append(seed) or made(seed))
    for failed in (True, False):
        monkeypatch.setattr(
            wrong_edges, "check_growth", lambda trial, rng, failed=failed: SimpleNamespace(failed=failed)
        )
        for symptom, breaks in ((Symptom.JUMP, True), (Symptom.NOT_FINITE, True), (Symptom.RAISES, False)):
            case = SimpleNamespace(trial="trial", finding=SimpleNamespace(symptom=symptom))
            assert wrong_edges._is_not_onto(case) is (breaks and failed)
    assert seen == [0] * 4


def test_two_rows_tell_a_column_that_stands_still():
    for n, name in ((1, None), (2, "COLUMN_SKIPPED"), (3, "COLUMN_SKIPPED")):
        found = wrong_edges._of_constant_columns(trial_of(lambda z: z * [1, 0], n=n))
        assert found is (Mistake[name] if name else None), n


def test_a_bracket_stands_twice_at_a_round_number_to_a_ten_thousandth():
    for z, is_one in (
        ([0.5, -0.5, 0.1], True), ([3.0, 3.0 * (1 - 1e-4)], False), ([3.0, 3.0 * (1 - 0.9e-4)], True), ([0.5], False),
    ):  # fmt: skip
        assert bool(wrong_edges._is_bracket(onp.array(z))) is is_one, z


# --- bent maps ---


def test_the_slopes_at_the_roots_are_those_of_the_first_row():
    asked = []

    def derivatives(direction, at, rows):
        asked.append((direction, at.tolist(), list(rows)))
        return (onp.array([onp.diag([2.0, 3.0])]),)

    subject = SimpleNamespace(in_shape=(2,), dtype=onp.dtype("float64"))
    trial = SimpleNamespace(subject=subject, derivatives=derivatives, apply=lambda way, at, rows: (at - [0.5, -0.25],))
    z = onp.array([[-1.0, 0.0], [1.0, 1.0], [2.0, -1.0]])
    c = SimpleNamespace(trial=trial, rows=[7, 8, 9], z=z, back=z + [0.5, -0.25] @ onp.diag([2, 2]), dim=2)
    wrong_elementwise._of_affine_part_before(c)
    [(direction, at, rows)] = asked
    assert direction == "forward" and rows == [7]
    close(at, [[0.5, -0.25]], 1e-12)


def test_a_line_that_does_not_rise_is_that_of_no_scale():
    t, slope = onp.array([0.7, -1.3]), onp.array([2.0, 0.5])
    with onp.errstate(all="raise"):
        for m in ([0.0, 2.0], [-1.0, 2.0], [0.0, 0.0]):
            m = onp.array(m)
            assert wrong_elementwise._named((m, t * (1 - m)), t, slope) is None


def test_a_map_that_falls_has_its_scale_up_to_a_sign():
    t, d = onp.array([0.7, -1.3]), onp.array([2.0, 0.5])
    for slope in (d, -d, d * [1, -1]):
        with onp.errstate(all="raise"):
            assert wrong_elementwise._of_shift(t * (1 - d), t, slope) is Mistake.WRONG_ORDER


def test_the_columns_tell_a_scale_where_they_differ_by_a_hundredth_and_agree_to_five_digits():
    for m, off, power in (
        ([2.0, 3.0], 0.9e-5, 1), ([2.0, 3.0], 1.1e-5, None), (onp.exp([0.0, 0.011]), 0.0, 1),
        (onp.exp([0.0, 0.009]), 0.0, None),
    ):  # fmt: skip
        m = onp.array(m)
        assert wrong_elementwise._power(m, 5 * m * onp.exp([0.0, off])) == power, (m, off)


def test_points_stay_that_come_back_to_five_digits():
    for off, stays in ((0.9e-5, True), (1.1e-5, False), (-1.1e-5, False)):
        apply = lambda way, at, rows, off=off: (at + off * (way == "inverse"), None)  # noqa: E731
        subject = SimpleNamespace(in_shape=(1,), dtype=onp.dtype("float64"))
        c = SimpleNamespace(trial=SimpleNamespace(subject=subject, apply=apply), rows="rows")
        assert wrong_elementwise._stays(c, onp.zeros((3, 1)), onp.array([[True], [False], [True]])) is stays


# --- sawtooths ---


def teeth(n, width, starts=()):
    """Rising pieces from -1/2 to 1/2; those named start at 1/10, so that the jump to them crosses no 0."""
    return onp.concatenate([onp.linspace(0.1 if k in starts else -0.5, 0.5, width) for k in range(n)])


def test_more_than_seven_of_ten_jumps_change_the_sign():
    for starts, is_one in (((2, 4), True), ((2, 4, 6), False), ((2, 4, 6, 8), False)):
        e = teeth(11, 12, starts)
        assert wrong_halving._is_sawtooth(e) is wrong_halving._is_sawtooth(-e) is is_one, starts


def test_more_than_nine_of_ten_steps_run_against_the_jumps():
    """Of 120: two neighbours that have changed places make one that does not."""
    for turned, is_one in ((11, True), (12, False), (13, False)):
        e = teeth(6, 21)
        for k in range(turned):
            i = 21 * (k % 6) + 5 + 5 * (k // 6)
            e[[i, i + 1]] = e[[i + 1, i]]
        assert wrong_halving._is_sawtooth(e) is wrong_halving._is_sawtooth(-e) is is_one, turned


def test_of_rows_that_are_as_near_to_0_the_first_ones_are_looked_at(monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_halving, "_error", lambda c, row, j, width: asked.append(int(row)) or row)
    monkeypatch.setattr(wrong_halving, "_is_sawtooth", lambda e: False)
    z = onp.where(onp.arange(300) % 3 == 0, 1.0, 2.0)[:, None]
    assert wrong_halving.halved_too_seldom(SimpleNamespace(z=z, back=z + 0.01, dim=1)) is None
    assert sorted(set(asked)) == [0, 3]


# --- a line ---


def test_a_second_direction_is_smaller_than_a_millionth_of_the_first():
    for second, moves, one in (
        (0.9e-6, 0.0, True), (1e-6, 0.0, False), (0.0, 0.9e-6, True), (0.0, 1e-6, False),
    ):  # fmt: skip
        J = onp.stack([onp.array([[1.0, 1.0], [second, 1.0]]), onp.eye(2)])
        x = onp.array([[1.0, 0.0], [0.0, moves]])
        c = SimpleNamespace(J=J, dim=2, is_linear=False, x=x, z=onp.zeros((2, 2)))
        w = wrong_line_search._direction(c)
        assert (w is not None) is one and (w is None or onp.abs(w).tolist() == [0.0, 1.0]), (second, moves)


def test_a_number_that_is_a_thousandth_of_the_way_from_the_right_one_has_arrived(monkeypatch):
    """0 is right, and 1000 was found, which the x of the next step would be."""
    for a, early in ((1.0, False), (1.1, True), (-1.1, True), (-1.0, False)):
        monkeypatch.setattr(
            wrong_line_search, "_g", lambda c, w, s, a=a: onp.where(onp.abs(s - a) < 1e-9, a - 1e3, 0.0)
        )
        c = SimpleNamespace(z=onp.zeros((2, 1)))
        told = wrong_line_search._is_newton(c, onp.ones(1), onp.full(2, a), onp.full(2, 1e3), onp.zeros(2))
        assert told is early, a


def test_a_number_is_found_where_the_function_rises_and_where_it_falls(monkeypatch):
    for g in (onp.arctan, lambda s: -onp.arctan(s), lambda s: 3 * s):
        monkeypatch.setattr(wrong_line_search, "_g", lambda c, w, s, g=g: g(s))
        s = onp.array([-2.0, 0.0, 0.5, 40.0])
        close(wrong_line_search._number(None, None, g(s)), s, 1e-9)


def test_what_stands_at_an_end_has_its_right_number_beyond_it():
    for right, is_one in ((3.0, False), (3.1, True), (2.9, False), (-3.0, False)):
        s, a = onp.full(4, -3.0), onp.array([50.0, 60.0, 70.0, 80.0])
        assert wrong_line_search._is_end(s, a, onp.full(4, right)) is is_one, right
