"""How many lines a screen allows and counts, when two results are the same, and what an undone point has to be."""

from types import SimpleNamespace

import numpy as onp
import pytest
from hand_made_screens import ERRORS, MOST, Z, four, screen_of, watched
from tried_maps import small_trial

from nfscratch.check.repair import screen
from nfscratch.check.repair.live_code import TooLong


def test_what_a_screen_knows_before_any_edit():
    z = onp.arange(24.0).reshape(12, 2)
    s = screen.Screen(small_trial(lambda z: 2 * z, lambda x: x / 2, z=z), 3, None)
    assert (s.spent, s.now, s.gap, s.keeps_forward, s.slower) == (0, None, 0.0, False, screen.SLOWER) and s.near == 1e-5
    assert s.rows.tolist() == [0, 1, 2, 3, 4, 5] and (s.z == z[:6]).all() and (s.x == 2 * z[:6]).all()
    assert [v.shape for v in s.results] == [(6, 2), (6,), (6, 2), (6,)] and 0 < s.lines < 100
    lost = screen.Screen(small_trial(lambda z: 1 / 0, z=z), 3, None)
    assert lost.results is lost.x is None


def test_how_near_results_have_to_be():
    for dtype, precision, near in (
        ("float64", 1e-12, 1e-5), ("float64", 1e-7, 1e-4), ("float64", 1.0, 1e-2), ("float32", 1e-9, 2e-3),
        ("float32", 9e-6, 9e-3),
    ):  # fmt: skip
        subject = SimpleNamespace(dtype=dtype, precision=precision, at=lambda rows: SimpleNamespace(forward=None))
        trial = SimpleNamespace(subject=subject, z=onp.ones((3, 2)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(screen, "telling_rows", lambda trial, row, near: onp.array([row]))
            assert screen.Screen(trial, 1).near == pytest.approx(near, rel=1e-12), (dtype, precision)


def test_an_edited_run_may_take_twenty_times_as_many_lines_and_a_thousand(monkeypatch):
    for holds in (True, False):
        s = screen_of()
        s._holds = lambda holds=holds: holds
        with watched(monkeypatch, screen) as asked:
            assert s.passes() is holds and asked == [(MOST, "met")] and s.spent == 111
    s.slower = 3
    with watched(monkeypatch, screen) as asked:
        assert not s.passes() and asked == [(3 * 7 + 1000, "met")]
    for error in ERRORS:
        with watched(monkeypatch, screen, error):
            s = screen_of()
            assert s.passes() is False and s.spent == 111


def test_what_is_another_than_before_any_edit(monkeypatch):
    for now, names, moves in (
        (four(), set(), False), (four(x=Z + 1), {"x", "forward"}, True), (four(a=1), {"forward"}, False),
        (four(z=Z + 1), {"inverse"}, True),
        (four(b=1), {"inverse"}, False), (four(a=1, b=1), {"forward", "inverse"}, False),
        (None, {"x", "forward", "inverse"}, True),
    ):  # fmt: skip
        s = screen_of(results=four())
        s._results = lambda now=now: now
        with watched(monkeypatch, screen) as asked:
            assert s.changed() == names and s.now is now and s.spent == 100
            assert s.moves_points() is moves and asked == [(MOST, "met")] * 2 and s.spent == 111
    loose = screen_of(results=four(x=onp.ones((3, 2))), near=0.5)  # 0 is near 1 there, and 1 is not near 0
    for now, before, names in ((0.0, 1.0, set()), (1.0, 0.0, {"x", "forward"})):
        loose.results, loose._results = four(x=onp.full((3, 2), before)), lambda now=now: four(x=onp.full((3, 2), now))
        with watched(monkeypatch, screen):
            assert loose.changed() == names and loose.moves_points() is bool(names)
    with watched(monkeypatch, screen, TooLong()):
        s.now = "before"
        assert s.changed() == {"x", "forward", "inverse"} and s.now is None and s.moves_points() is True
    s = screen_of()
    s._results = four
    with watched(monkeypatch, screen):
        assert s.changed() == {"x", "forward", "inverse"} and s.moves_points() is True


def test_results_are_the_same_up_to_a_bound_of_the_second_one():
    s = screen_of()
    for a, b, same in (
        ([1.0], [1.0], True), ([1.0], [1.0 + 1.99e-5], True), ([1.0], [1.0 + 2.01e-5], False),
        ([1e6], [1e6 + 9.9], True), ([1e6], [1e6 + 10.1], False),
        ([1.0], [[1.0]], False), ([onp.nan], [onp.nan], True), ([onp.nan], [1.0], False), ([1.0], [onp.nan], False),
        ([onp.inf], [onp.inf], True),
        ([onp.inf], [-onp.inf], False), ([1.0], [onp.inf], False), ([onp.inf], [1.0], False),
        ([1.0, 1.0], [1.0, 2.0], False), ([0.9e-5], [0.0], True),
        ([1.1e-5], [0.0], False),
    ):  # fmt: skip
        with onp.errstate(all="ignore"):
            assert s._same(onp.array(a), onp.array(b)) is same, (a, b)
    s.near = 0.5
    assert s._same(onp.array([0.0]), onp.array([1.0])) and not s._same(onp.array([1.0]), onp.array([0.0]))


def test_the_four_results_at_the_x_that_forward_gave_first():
    asked = []
    s = screen_of()
    s.subject.forward = lambda z: (2 * z, "a")
    s.subject.inverse = lambda x: (asked.append(x), (x / 2, "b"))[1]
    x, a, z, b = s._results()
    assert (x == 2 * Z).all() and (z == Z).all() and (a, b) == ("a", "b")
    s.x = 4 * Z
    x, a, z, b = s._results()
    assert (x == 2 * Z).all() and (z == 2 * Z).all() and asked[1] is not s.x
    for error in ERRORS[:2]:
        s.subject.inverse = lambda x, error=error: (_ for _ in ()).throw(error)
        assert s._results() is None
    s.subject.forward = lambda z: (z, 0.0)
    assert (s._forward(slice(1, None))[0] == Z[1:]).all() and s._forward()[0] is not s.z


def undone(x, inverse, first=None, **held):
    s = screen_of(x=first, **held)
    s.subject.inverse = inverse
    return s, s._undone(x)


def test_inverse_takes_x_to_z_and_x_is_not_just_z():
    back = lambda x: (x / 2, 0)  # noqa: E731
    for x, inverse, first, said in (
        (2 * Z, back, None, True), (2 * Z, lambda x: (x / 2 + 1e-3, 0), None, False), (2 * Z[:, :1], back, None, False),
        (2 * Z[:2], back, None, False),
        ((2 * Z).astype("float32"), back, None, False), (2 * Z, lambda x: (x[:, :1], 0), None, False),
        (Z, lambda x: (x, 0), None, True),
        (Z, lambda x: (x, 0), Z, True), (Z, lambda x: (x, 0), 2 * Z, False),
        (2 * Z, lambda x: (Z + 0.9e-5, 0), None, True),
        (2 * Z, lambda x: (Z + [1.1e-5 * onp.array([1, 0])] * onp.array([[0], [1], [0]]), 0), None, True),
        (2 * Z, lambda x: (Z + onp.array([[0, 0], [2.9e-5, 0], [0, 0]]), 0), None, True),
        (2 * Z, lambda x: (Z + onp.array([[0, 0], [3.1e-5, 0], [0, 0]]), 0), None, False),
    ):  # fmt: skip
        assert bool(undone(x, inverse, first)[1]) is said, (x, first)
    s, _ = undone(2 * Z, lambda x: (Z + onp.array([[0.002, 0], [0.009, 0], [0.004, 0]]), 0))
    assert s.gap == pytest.approx(0.003, rel=1e-9) and isinstance(s.gap, float)
    near = {"z": onp.ones((1, 2)), "near": 0.5}  # 0 is near 1 there, and 1 is not near 0
    assert not undone(onp.zeros((1, 2)), lambda x: (near["z"], 0), 5 * near["z"], **near)[1]
    assert undone(onp.zeros((1, 2)), lambda x: (near["z"], 0), onp.zeros((1, 2)), **near)[1]
    small = onp.array([[0.1, 0.2]])
    s, said = undone(2 * small, lambda x: (small + 1.1e-5, 0), z=small)
    assert not said and s.gap == pytest.approx(1.1e-5, rel=1e-6)
