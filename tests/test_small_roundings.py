"""What R and J allow beyond a first bound, whether a loop stops early, and the table of errors, letter by letter."""

from types import SimpleNamespace

import numpy as onp
from comparing import close

from nfscratch import check
from nfscratch.check import stops_early
from nfscratch.check.finding import Finding, Outcome, Symptom, inconclusive
from nfscratch.check.letters import jacobian, jumps, round_trip
from nfscratch.check.pairs import of_pair

Z = onp.array([[0.5, -1.0], [2.0, 0.25], [-4.0, 1.5]])
INF, NAN = onp.inf, onp.nan


# --- R ---


def came_back(monkeypatch, error_z=0.0, error_x=0.0, cost=0.0, room=0.0, asks_room=True):
    """What R says where the second row does not come back, and whether last digits were asked.

    z may be off by 0.5, and x by a fourth of that.
    """
    asked = []
    of_trial = lambda trial: asked.append(trial) or (onp.full(3, cost), None)  # noqa: E731
    monkeypatch.setattr(round_trip, "cost_of_last_digits", of_trial)
    monkeypatch.setattr(round_trip, "room_of_formulas", lambda trial: onp.full(3, room))
    trial = SimpleNamespace(z=Z, x=10 * Z, usable=onp.ones(3, dtype=bool), limit=INF)
    trial.back, trial.again = (Z.copy(), None), (10 * Z, None)
    trial.back[0][1, 0] += error_z
    trial.again[0][1, 0] -= error_x
    trial.allowed, trial.allowed_x = onp.full(3, 0.5), onp.full(3, 0.125)
    found = round_trip.check_round_trip(trial, asks_room)
    assert (found.letter, found.what, found.evidence["row"]) == ("R", "inverse(forward(z)) against z", 1)
    assert (found.evidence["expected"] == Z).all() and found.evidence["yours"].shape == (3, 2)
    return found, bool(asked)


def test_a_round_trip_may_be_off_by_rounding_or_by_what_last_digits_cost(monkeypatch):
    monkeypatch.setattr(round_trip, "_still", lambda trial, error, evidence: None)
    for given, error, allowed, asks in (
        ({"error_z": 0.5, "cost": 9.0}, 0.5, 0.5, False), ({"error_z": -0.5, "cost": 9.0}, 0.5, 0.5, False),
        ({"error_x": 0.125, "cost": 9.0}, 0.5, 0.5, False), ({"error_z": 0.25, "error_x": 0.1}, 0.4, 0.5, False),
        ({"error_z": 0.45, "error_x": 0.1}, 0.45, 0.5, False), ({"error_z": 0.6}, 0.6, 0.5, True),
        ({"error_z": 0.6, "cost": 0.7}, 0.6, 0.7, True), ({"error_z": 0.6, "room": 0.25}, 0.6, 0.75, True),
        ({"error_z": 0.6, "cost": 0.7, "room": 0.25}, 0.6, 0.95, True), ({"error_x": 0.2}, 0.8, 0.5, True),
        ({"error_z": 0.6, "room": 0.25, "asks_room": False}, 0.6, 0.5, True),
        ({"error_z": 0.6, "cost": NAN}, 0.6, 0.5, True), ({"error_z": NAN}, INF, 0.5, True),
        ({"error_x": NAN}, INF, 0.5, True),
    ):  # fmt: skip
        found, asked = came_back(monkeypatch, **given)
        assert found.error == error or abs(found.error - error) < 1e-12, given
        assert abs(found.tolerance - allowed) < 1e-12 and found.failed is not (error <= allowed), given
        assert asked is asks, given


def test_a_round_trip_that_holds_may_stand_still_and_one_that_is_not_judged_may_be_lost(monkeypatch):
    still, lost, holds = (Finding("R", what, 0.0, 1.0) for what in ("still", "lost", "holds"))
    fails, unjudged = Finding("R", "fails", 2.0, 1.0), inconclusive("R", "unjudged", "why")
    trial = SimpleNamespace(
        z=Z, x=Z, back=(Z + 0.25, None), again=(Z - 0.5, None), allowed=onp.ones(3), allowed_x=onp.ones(3)
    )
    for judged, of_still, of_lost, wanted in (
        (fails, still, lost, fails), (holds, still, lost, still), (holds, None, lost, holds),
        (unjudged, still, lost, still), (unjudged, None, lost, lost), (unjudged, None, None, unjudged),
    ):  # fmt: skip
        monkeypatch.setattr(round_trip, "judged", lambda *given, judged=judged: judged)
        for name, answer in (("_still", of_still), ("_lost", of_lost)):
            look = lambda trial, error, evidence, answer=answer: answer if (error == 0.25).all() else fails  # noqa: E731
            monkeypatch.setattr(round_trip, name, look)
        assert round_trip.check_round_trip(trial) is wanted


def test_forward_stands_still_where_log_det_is_more_than_all_columns_allow():
    """log|det J| <= log 0.5 + log 0.25 here, with the errors 0.25 and 0 of J, and 3 more is too much."""
    J, spread = onp.tile([[0.25, 0.0], [0.0, 0.25]], (3, 1, 1)), onp.tile([[0.25, 0.0], [0.0, 0.0]], (3, 1, 1))
    most = onp.log(0.5) + onp.log(0.25)
    for off, log_det, usable, found in (
        (0.05, most + 3.01, True, True), (0.05, most + 2.99, True, False), (0.021, most + 3.01, True, True),
        (0.019, most + 3.01, True, False), (0.05, most + 3.01, False, False), (0.05, NAN, True, False),
    ):  # fmt: skip
        trial = SimpleNamespace(z=Z, usable=onp.array([True, usable, True]), numeric=(J, spread, None, None))
        trial.there = None, onp.array([most + 2.9, log_det, most + 2.9])
        trial.subject = SimpleNamespace(bijection=None, dtype=onp.dtype("float64"))
        said = round_trip._still(trial, onp.array([9.0, off, 9.0]), {"x": "kept"})
        assert (said is not None) is found, (off, log_det, usable)
        if found:
            assert (said.letter, said.what, said.symptom) == ("R", round_trip.STILL, Symptom.STANDS_STILL)
            assert (said.error, said.tolerance, said.at) == (off, 1e-2, "z = [2, 0.25]")
            assert said.evidence["bad"].tolist() == [False, True, False] and said.evidence["rows"] is trial.usable
            assert (said.evidence["row"], said.evidence["symbol"], said.evidence["x"]) == (1, "z", "kept")
            trial.subject.bijection = "one"
            assert round_trip._still(trial, onp.full(3, 9.0), {}) is None


def test_a_slope_of_0_allows_no_log_det_at_all_and_one_of_1_allows_3():
    subject = SimpleNamespace(bijection=None, dtype=onp.dtype("float64"))
    for slope, log_det, bad in ((0.0, 0.0, True), (1.0, 3.0, False), (1.0, 3.001, True)):
        trial = SimpleNamespace(
            z=Z, usable=onp.ones(3, dtype=bool), subject=subject, there=(None, onp.full(3, log_det))
        )
        trial.numeric = onp.tile(slope * onp.eye(2), (3, 1, 1)), onp.zeros((3, 2, 2)), None, None
        assert (round_trip._still(trial, onp.full(3, 9.0), {}) is not None) is bad


def test_a_pair_is_lost_where_no_row_near_0_comes_back():
    """Those rows are asked whose z is at most 3, and of which rounding leaves few digits."""
    z = onp.array([[0.5], [-3.0], [3.1], [2.0], [1.0]])
    condition, usable = onp.array([1e4, 2e4, 1e9, 0.9e4, 1e9]), onp.array([True, True, True, True, False])
    for off, found in (
        ([0.02, 0.031, 0.0, 0.0, 0.0], True), ([0.02, 0.029, 0.0, 0.0, 0.0], False), ([0.009, 1, 1, 1, 1], False),
        ([NAN, 0.031, 0, 0, 0], False),
    ):  # fmt: skip
        for more, judged in (({}, True), ({"bijection": "one"}, False), ({"dtype": onp.dtype("float32")}, False)):
            subject = SimpleNamespace(**({"bijection": None, "dtype": onp.dtype("float64"), "eps": 1e-8} | more))
            trial = SimpleNamespace(z=z, usable=usable, condition=condition, subject=subject)
            said = round_trip._lost(trial, onp.array(off), {})
            assert (said is not None) is (found and judged), (off, more)
            if said is not None:
                assert (said.letter, said.what, said.symptom) == ("R", round_trip.LOST, Symptom.SINGULAR)
                assert (said.error, said.at) == (0.02, "z = [0.5]") and said.evidence["row"] == 0
                assert (
                    said.evidence["rows"].tolist() == said.evidence["bad"].tolist() == [True, True, False, False, False]
                )


# --- J ---


def test_a_log_det_that_is_excused_says_so_and_one_that_is_not_is_j_s(monkeypatch):
    monkeypatch.setattr(jacobian, "log_abs_det", lambda J, spread, claimed, trial, tolerance: (true, onp.full(3, 0.5)))
    true, J = onp.array([1.0, 2.0, 3.0]), onp.ones((3, 2, 2))
    trial = SimpleNamespace(z=Z, x=10 * Z, usable=onp.ones(3, dtype=bool), limit=INF)
    trial.claimed, trial.numeric_of = lambda direction: true + [0.0, -0.75, 0.0], lambda direction: (J, None)
    for doubt, error, allowed, holds in (
        (onp.array([0.0, 0.3, 9.0]), 0.75, 0.8, True),
        (onp.array([0.0, 0.2, 0.0]), 0.75, 0.7, False),
    ):
        doubts = []
        look = lambda *given, doubt=doubt, doubts=doubts: doubts.append(given) or doubt  # noqa: E731
        monkeypatch.setattr(jacobian, "scatter", look)
        found = jacobian.check_jacobian(trial, "inverse")
        close([found.error, found.tolerance], [error, allowed], 1e-12)
        assert found.failed is not holds and bool(found.why) is holds and found.at == "x = [20, 2.5]"
        assert (found.letter, found.what) == ("J", "log_det inverse against finite differences")
        asked, direction, bad, off = doubts.pop()
        assert asked is trial and (direction, bad.tolist(), off.tolist()) == (
            "inverse",
            [False, True, False],
            [0.0, -0.75, 0.0],
        )
    assert found.evidence["J"] is J and (found.evidence["expected"] == true).all()


def test_the_whole_of_what_an_excuse_tells():
    failed = Finding("J", "it", 2e-5, 1e-6, "z = [1]")
    excused = jacobian._told(Finding("J", "it", 2e-5, 1e-4), failed)
    assert excused.why == "log_det is off by 2e-05 at z = [1], where the slopes of the map scatter: rounding"
    still = Finding("J", "it", 2e-3, 1e-4)
    assert jacobian._told(still, failed) is still and excused.outcome is Outcome.PASSED


def test_a_claim_and_an_entry_that_are_infinite_as_what_they_are_compared_with_are_no_warning(monkeypatch):
    J, inf = onp.tile(onp.eye(2), (3, 1, 1)), onp.array([0.0, INF, 0.0])
    J[1, 0, 0] = INF
    made = type("Own", (), {"jacobian": lambda self, params, z, context: J.copy()})()
    subject = SimpleNamespace(bijection=made, dtype=onp.dtype("float64"), params=None, context=None)
    trial = SimpleNamespace(z=Z, x=Z, usable=onp.ones(3, dtype=bool), limit=INF, subject=subject, J=J)
    trial.numeric, trial.claimed, trial.numeric_of = (
        (J, 0 * onp.ones_like(J)),
        lambda direction: inf,
        lambda direction: (J, J),
    )
    monkeypatch.setattr(jacobian, "log_abs_det", lambda *given: (inf, onp.full(3, 0.5)))
    monkeypatch.setattr(jacobian, "scatter", lambda *given: onp.zeros(3))
    assert jacobian.check_jacobian(trial, "forward").evidence["bad"].tolist() == [False, True, False]
    assert jacobian.check_closed_form(trial).evidence["rows"].tolist() == [True, False, True]


# --- jumps ---


def test_a_jump_is_found_between_two_places_whatever_the_value_does_behind_them():
    """From 0 it rises by 0.3, jumps to 1 at 0.08, and falls back to 0.4 between the next two places, 0.1 and 0.2."""
    t = onp.linspace(-2.0, 2.0, 41)
    f = lambda t: onp.interp(t, [0.0, 0.05, 0.1, 0.2], [0.0, 0.3, 0.3, -0.3]) + 0.7 * (t > 0.08)  # noqa: E731
    for sign in (1.0, -1.0):
        values = lambda t, sign=sign: f(sign * t)[:, None]  # noqa: E731
        found = jumps._steep_jumps(SimpleNamespace(values=values), t, values(t)[:, 0], 0, 1e-6)
        close(found, [sign * 0.08], 1e-12)


# --- loops that stop early ---


def loops(turns, asks):
    """Whether a loop of so many turns counts, in a function that asks how close it is, or does not."""

    def close_enough(x):
        left = turns
        while abs(left) > 0:
            left -= 1
        return x, x[:, 0]

    def counted(x):
        for _ in range(turns):
            x = x + 0.0
        return x, x[:, 0]

    subject = of_pair(lambda z: (z, z[:, 0]), close_enough if asks else counted, 2)
    return stops_early._loops(subject, Z)


def test_a_dozen_turns_count_and_two_of_a_loop_that_asks_how_close_it_is():
    """The line of the loop itself runs once more than what it holds."""
    for turns, asks, wanted in (
        (0, True, False),
        (1, True, True),
        (1, False, False),
        (10, False, False),
        (11, False, True),
    ):
        assert loops(turns, asks) is wanted, (turns, asks)


def test_an_accuracy_in_words():
    words = "the round trip is off by 3e-08 where draws come, as when a loop stops early; audited with this accuracy"
    assert stops_early.words_of(3.2e-8) == words


# --- the table of errors ---


def test_an_error_fails_that_is_more_than_its_tolerance_and_cells_stand_under_their_letters():
    rows = {"exact": {"R": 0.5, "J": -0.25}, "off": {"J": 0.3}}
    allowed = {"R": 0.5, "J": 0.25}
    assert check.failing(rows, allowed) == {"exact": [], "off": ["J"]}
    assert check.error_table("maps", rows, allowed).splitlines() == [
        "  maps" + 26 * " " + "        R        J",
        "  exact" + 25 * " " + "    5e-01   -2e-01   holds",
        "  off" + 27 * " " + "             3e-01   FAILS: J",
    ]
