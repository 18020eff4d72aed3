"""What each kind of screen asks: of one log_det, of the round trip, of all laws; and at which rows."""

from types import SimpleNamespace

import numpy as onp
import pytest
from hand_made_screens import ERRORS, MOST, SLOWER, Z, four, screen_of, watched

from nfscratch.check.repair import screens
from nfscratch.check.repair.screen import Screen

# --- of one log_det ---


def of_log_det(true=(2.0, 3.0, -4.0), claim=(0.0, 0.0, 0.0)):
    true = onp.array(true)
    return screen_of(
        screens.OfLogDet,
        true=true,
        loose=1e-4 * onp.maximum(1.0, onp.abs(true)),
        y=Z,
        claim=onp.array(claim),
        direction="forward",
        at=Z,
    )


def test_an_edit_that_moves_log_det_alone(monkeypatch):
    for y, log_det, said in ((Z, 1.0, True), (Z + 1, 1.0, False), (Z, 0.0, False), (Z + 1, 0.0, False)):
        s = of_log_det()
        s._call = lambda y=y, log_det=log_det: (y, onp.full(3, log_det))
        with watched(monkeypatch, screens) as asked:
            assert s.moves_log_det_alone() is said and asked == [(MOST, "met")] and s.spent == 111
    for error in ERRORS:
        with watched(monkeypatch, screens, error):
            assert s.moves_log_det_alone() is False and s.spent == 111


def test_log_det_is_right_at_all_points_but_one():
    for off, said in (
        ([0, 0, 0], True), ([1.9e-4, 2.9e-4, 3.9e-4], True), ([2.1e-4, 2.9e-4, 3.9e-4], True),
        ([2.1e-4, 3.1e-4, 0], False), ([0, 0, 9], True),
        ([0, 9, 4.1e-4], False),
    ):  # fmt: skip
        s = of_log_det()
        s._call = lambda s=s, off=off: (Z, s.true + off)
        assert s._holds() == said, off
        assert s.gap == pytest.approx(sorted(onp.array(off) / [2.0, 3.0, 4.0])[1], abs=1e-9)
    s._call = lambda: (Z, s.true[:, None])
    assert not s._holds()
    s._call = lambda: (Z + 1, s.true)
    assert not s._holds()
    for count, wrong, said in ((2, 0, True), (2, 1, False), (1, 0, False), (4, 1, True), (4, 2, False)):
        s = of_log_det([0.5] * count)
        s._call = lambda s=s, count=count, wrong=wrong: (Z, s.true + (onp.arange(count) < wrong))
        assert s._holds() == said, (count, wrong)
    s._call = lambda: (Z, s.true + onp.array([0.3, 0.3, 0.3, 0.1]))
    s._holds()
    assert s.gap == pytest.approx(0.3)


def test_the_rows_of_a_log_det(monkeypatch):
    """Those of the screen, or where J is known at fewer than two of them, the first six at which it is."""
    J = onp.tile(2 * onp.eye(2), (9, 1, 1))
    monkeypatch.setattr(screens, "with_wrong_claims", lambda trial, direction, rows, fine, near: rows)
    for known, at, rows in (
        (range(9), [1, 3, 5], [1, 3, 5]), ([1, 3, 7], [1, 3, 5], [1, 3]), ([1, 7, 8], [1, 3, 5], [1, 7, 8]),
        (range(2, 9), [0, 1], [2, 3, 4, 5, 6, 7]),
        ([], [0, 1], []),
    ):  # fmt: skip

        def init(self, trial, row, met, at=at):
            vars(self).update(rows=onp.array(at), near=1e-5)

        monkeypatch.setattr(Screen, "__init__", init)
        for kind in ("nan", "singular", "at"):
            there, points = J.copy(), onp.ones((9, 2))
            lost = [k for k in range(9) if k not in known]
            if kind == "at":
                points[lost, 1] = onp.inf
            else:
                there[lost, 0] = onp.nan if kind == "nan" else 0.0
            of = SimpleNamespace(forward=lambda z: (z, "claim"))
            trial = SimpleNamespace(
                input=lambda direction, points=points: points, numeric_of=lambda direction, there=there: (there,),
                subject=SimpleNamespace(at=lambda rows, of=of: (of.__dict__.update(rows=rows.tolist()), of)[1]),
            )  # fmt: skip
            with onp.errstate(all="ignore"):
                s = screens.OfLogDet(trial, 0, "forward")
            assert of.rows == rows and len(s.at) == len(rows), (known, kind)
            assert s.true == pytest.approx([2 * onp.log(2)] * len(rows)) and s.loose == pytest.approx(
                2e-4 * onp.log(2) * onp.ones(len(rows))
            )
            assert (s.claim, s.y is None) == (("claim", False) if rows else (None, True))


# --- of the round trip, and of all laws ---


def test_the_results_have_their_shapes_whatever_numbers_they_hold():
    good, nan = four(), four(a=onp.nan)
    for results, said in (
        (good, True), (nan, True), (None, False), ((Z[:2], *good[1:]), False), ((Z, good[1][:2], Z, good[3]), False),
        ((Z, good[1], Z[:, :1], good[3]), False),
        ((Z, good[1], Z, 0.0), False), ((Z.astype("float32"), *good[1:]), False),
    ):  # fmt: skip
        assert screen_of(screens.OfRoundTrip, results=results).is_well_shaped is said
    for results, said in (
        (good, ""),
        (nan, "forward"),
        (four(b=onp.inf), "inverse"),
        (four(a=onp.nan, b=onp.inf), "forward"),
        (None, ""),
    ):
        assert screen_of(screens.OfRoundTrip, results=results).not_finite == said


def test_inverse_takes_x_back_as_the_functions_are_now(monkeypatch):
    for said in (True, False):
        s = screen_of(screens.OfRoundTrip)
        s._forward, s._undone = lambda: ("x", "a"), lambda x, said=said: x == "x" and said
        with watched(monkeypatch, screens) as asked:
            assert s.undoes_now() is said and asked == [(MOST, "met")] and s.spent == 111
    for error in ERRORS:
        with watched(monkeypatch, screens, error):
            assert s.undoes_now() is False and s.spent == 111


def test_the_round_trip_asks_for_the_log_det_of_forward_only_where_that_was_wrong():
    for wrong, keeps, x, claimed, seen, said in (
        (False, False, None, True, ["now"], True), (False, True, None, True, ["now"], True),
        (False, True, "first", True, ["first"], True),
        (True, True, "first", True, [], False), (True, False, "first", True, ["claim", "now"], True),
        (True, False, None, False, ["claim"], False),
    ):  # fmt: skip
        s, asked = screen_of(screens.OfRoundTrip, x=x, keeps_forward=keeps), []
        s.log_det_is_wrong = wrong
        s._forward = lambda: ("now", "claim")
        s._undone = lambda x, asked=asked: asked.append(x) or True
        s._is_log_det = lambda claim, asked=asked, claimed=claimed: asked.append(claim) or claimed
        assert bool(s._holds()) is said and asked == seen, (wrong, keeps, x)


OFF = [
    ([0, 0, 0], True), ([1.1e-4, 0, 0], True), ([1.1e-4, 0, 3.9e-4], True), ([1.1e-4, 0, 4.1e-4], False),
    ([0.9e-4, 1.9e-4, 3.9e-4], True),
    ([5, 0, 0], True), ([5, 5, 0], False), ([0, 2.1e-4, 4.1e-4], False),
]  # fmt: skip
TRUE = onp.array([0.5, 2.0, -4.0])


def test_forwards_log_det_by_differences(monkeypatch):
    s = screen_of(screens.OfRoundTrip)
    monkeypatch.setattr(
        screens,
        "log_dets_by_differences",
        lambda *of: TRUE if of[0] is s.subject and of[1] == "forward" and of[2] is Z else None,
    )
    for off, said in OFF:
        assert bool(s._is_log_det(TRUE + off)) is said, off
    s.near = 0.125  # so that the bounds are 1.25, 2.5 and 5, without rounding
    assert not s._is_log_det(TRUE + [1.25, 2.5, 0]) and s._is_log_det(TRUE + [1.25, 2.4375, 0])
    assert not s._is_log_det(TRUE[:, None]) and not s._is_log_det(TRUE[:2])


def all_laws(monkeypatch, a=TRUE, b=-TRUE, backwards=None, given=None, undone=True):
    s = screen_of(screens.OfAll)
    monkeypatch.setattr(
        screens,
        "log_dets_by_differences",
        lambda *of: TRUE if of[0] is s.subject and of[1] == "forward" and of[2] is Z else None,
    )
    turned = 2 * Z[:0:-1] if backwards is None else backwards
    s._forward = lambda rows=slice(None): (
        (2 * Z, a) if rows == slice(None) else (turned if rows == slice(None, 0, -1) else None, None)
    )
    s._undone, s.subject.given = lambda x: undone and (x == 2 * Z).all(), given
    s.subject.inverse = lambda x: (Z, b) if (x == 2 * Z).all() else (Z, None)
    return bool(s._holds())


def test_all_laws_hold_at_all_points_but_one(monkeypatch):
    for off, said in OFF:
        assert all_laws(monkeypatch, a=TRUE + off, b=-TRUE - off) is said, off
        assert all_laws(monkeypatch, b=-TRUE + off) is said, off
    assert (
        not all_laws(monkeypatch, undone=False)
        and not all_laws(monkeypatch, a=TRUE[:, None])
        and not all_laws(monkeypatch, b=TRUE[:2])
    )
    assert not all_laws(monkeypatch, backwards=2 * Z[1:]) and all_laws(monkeypatch, backwards=2 * Z[1:], given="c")


def test_a_round_trip_of_a_wrong_log_det_may_take_the_lines_of_its_differences(monkeypatch):
    trial = SimpleNamespace(subject=SimpleNamespace(dim=3))
    monkeypatch.setattr(screens, "OfRoundTrip", lambda *of: SimpleNamespace(of=of, slower=SLOWER))
    for failed, wrong, slower in (
        ({"R"}, False, SLOWER),
        ({"R", "J forward"}, True, 13 * SLOWER),
        ({"R", "J inverse"}, False, SLOWER),
    ):
        found = screens.screen_for(trial, 5, failed, "met")
        assert (found.log_det_is_wrong, found.slower, found.of) == (wrong, slower, (trial, 5, "met"))
