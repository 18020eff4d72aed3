"""Which change may be meant at all: by what it does to x, by jumps, and with other numbers and orders."""

import ast
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as onp

from nfscratch.check.finding import Symptom
from nfscratch.check.repair import accepting, evidence
from nfscratch.check.repair.accepting import Accepting
from nfscratch.check.repair.edit import Kind
from nfscratch.check.repair.live_code import TooLong
from nfscratch.check.repair.screens import OfAll, OfLogDet, OfRoundTrip

# --- what a change does to x ---


def judge(failed=("R",), screen=object, kind=Accepting, **held):
    made = object.__new__(kind)
    made.__dict__.update({"failed": set(failed), "screen": object.__new__(screen), "left": 100.0, "checks": 24} | held)
    return made


def edit(kind=None, also=()):
    return SimpleNamespace(also=also, of_lines=kind and SimpleNamespace(kind=kind))


def test_a_change_of_x_may_be_meant_where_x_is_wrong():
    """And is no line that is left out of both directions, and no x that drowns what was there."""
    for failed, drowned, change, may in (
        ({"R"}, False, edit(), True), ({"S"}, False, edit(), True), ({"I", "X"}, False, edit(), True),
        ({"X", "J forward"}, False, edit(), False), ({"R"}, True, edit(), False),
        ({"R"}, False, edit(Kind.LEFT_OUT), False), ({"R"}, False, edit(Kind.EXCHANGED), True),
        ({"R"}, True, edit(Kind.BOUND, (1,)), True), ({"X"}, True, edit(Kind.BOUND, (1,)), True),
        ({"R"}, True, edit(Kind.BOUND), False), ({"R"}, True, edit(None, (1,)), False),
        ({"R"}, True, edit(Kind.EXCHANGED, (1,)), False),
    ):  # fmt: skip
        made = judge(failed, _is_drowned=lambda: drowned)  # noqa: B023
        assert made._may_change_x(change) is may, (failed, drowned, change)


def test_an_x_of_the_right_shape_is_meant_where_its_numbers_are_finite():
    for failed, kind, points, shape, may in (
        ({"S"}, OfAll, True, True, False), ({"S"}, OfAll, True, False, True), ({"S"}, OfAll, False, True, True),
        ({"I"}, OfAll, True, True, True), ({"S"}, OfRoundTrip, True, True, True),
    ):  # fmt: skip
        own = type("Own", (kind,), {"has_points": points, "has_shape_of_x": shape})
        made = judge(failed, own, _is_drowned=lambda: False)
        assert made._may_change_x(edit()) is may, (failed, kind, points, shape)


def test_an_x_that_is_far_larger_than_before_is_drowned():
    for old, new, drowned in (
        ([1.0, -3.0], [120.0, 0.0], False), ([1.0, -3.0], [121.0, 0.0], True), ([1.0, -3.0], [0.0, -121.0], True),
        ([-1.0, 3.0], [0.0, -119.0], False), ([0.0, onp.nan], [1e9, 0.0], False), ([onp.inf, 0.0], [1e9, 0.0], False),
        (None, [1e9], False),
    ):  # fmt: skip
        made = judge(screen=type("Own", (), {}))
        made.screen.x = None if old is None else onp.array(old)
        made.screen._forward = lambda: (onp.array(new), 0)  # noqa: B023
        assert made._is_drowned() is drowned, (old, new)


def test_which_laws_may_fail_after_a_change():
    for failed, may, either in (
        ({"R"}, {"R"}, True), ({"X"}, {"X"}, True), ({"R", "X"}, {"R", "X"}, True), ({"S", "R"}, set(), False),
        ({"I"}, set(), False), ({"J forward"}, {"J forward"}, False), ({"R", "J inverse"}, {"R", "J inverse"}, False),
        ({"J forward", "J inverse"}, {"J forward", "J inverse", "X"}, False), (set(), set(), True),
    ):  # fmt: skip
        made = judge(failed)
        assert made._may_fail == may and made.either is either, failed


# --- what is asked of a change ---


def test_what_is_asked_before_and_after_a_change(monkeypatch):
    """Of the trial as it was and as it is now, with the lines that were met."""
    old, new = SimpleNamespace(x="old x"), SimpleNamespace(x="new x")
    asked = {}

    def note(name, answer):
        return lambda *given: (asked.update({name: given}), answer)[1]

    for name, answer in (("dependencies_lost", 7), ("misses_codomain", "misses"), ("leaves_codomain", False)):
        monkeypatch.setattr(accepting, name, note(name, answer))
    made = judge({"S"}, type("Own", (), {"x": "x", "_same": staticmethod(note("same", True))}), trial=old, _jumped=None)
    made.__dict__.update(_ends=SimpleNamespace(are_answered=note("ends", True)), _beside=[], _may_miss=True)
    made.reached = SimpleNamespace(is_met="met")
    made._as_it_is, made._keeps_dependencies = note("now", (new, set())), note("keeps", True)
    assert made._mended({"inverse"}, "masks") == (("S",), (), "misses", 0)
    assert asked == {
        "now": (old,), "keeps": (new, {"inverse"}, "masks"), "ends": (), "same": ("new x", "old x"),
        "misses_codomain": (new, "met"),
    }  # fmt: skip
    asked.clear()
    assert made._mended({"x", "forward"}, "masks") == (("S",), (), "misses", 7) and made.checks == 22
    assert asked["dependencies_lost"] == (old, new) and asked["leaves_codomain"] == (new,) and "same" not in asked


def test_the_laws_are_asked_of_the_lines_that_were_met(monkeypatch):
    monkeypatch.setattr(accepting, "failed_laws", lambda trial: {f"laws of {trial}"})
    monkeypatch.setattr(
        accepting, "within", lambda call, most, met: (call(), {(accepting.AT_ONCE, "met"): 30}[most, met])
    )
    made = judge(_is_met="met")
    assert made._failing("trial") == {"laws of trial"} and made.left == 70.0
    monkeypatch.setattr(accepting, "Ends", lambda *given: given)
    monkeypatch.setattr(accepting, "Reached", lambda call: (call.func, call.args))
    made.trial, made.reached = SimpleNamespace(subject="subject"), SimpleNamespace(is_met="met")
    assert made._ends == ("subject", "met") and made._of_density == (accepting.density_and_samples, (made.trial,))


def test_an_iteration_that_stops_early_is_asked_for_its_accuracy_at_the_same_points(monkeypatch):
    made, asked = judge({"R"}, _is_met="met"), []
    loose = SimpleNamespace(fresh=lambda: "loose")
    lines = lambda call, most, met: (call(), {(accepting.AT_ONCE, "met"): 30}[most, met])  # noqa: E731
    monkeypatch.setattr(accepting, "within", lines)
    monkeypatch.setattr(accepting, "with_its_accuracy", lambda *given: (asked.append(given), loose)[1])
    monkeypatch.setattr(accepting, "Trial", lambda *given: SimpleNamespace(subject=given[0], given=given))
    made._failing = lambda trial: {"R"}
    new, now = made._as_it_is(SimpleNamespace(subject=SimpleNamespace(fresh=lambda: "fresh"), z=1, twin=2, limit=3))
    assert asked == [("fresh", 1)] and new.given == ("loose", 1, 2, 3) and now == {"R"}


# --- whether forward jumps ---


def test_a_jump_is_asked_for_where_bins_are_looked_up_and_nothing_is_misshapen():
    lines = [SimpleNamespace(tree=ast.parse(text)) for text in ("y = a + b", "k = np.searchsorted(a, z)")]
    for statements, failed, jumps in (
        (lines, {"R"}, "jumps"), (lines[::-1], set(), "jumps"), (lines[:1], {"R"}, None), ([], {"R"}, None),
        (lines, {"S"}, None), (lines, {"R", "I"}, None),
    ):  # fmt: skip
        made = judge(failed, statements=statements, trial="own")
        made._jumps = lambda trial: trial == "own" and "jumps"
        assert made._jumped == jumps, (statements, failed)


def test_forward_jumps_where_its_joins_say_so(monkeypatch):
    asked = []

    def look(trial, rng):
        asked.append((trial.subject, trial.z, trial.twin, trial.limit, rng.integers(10**6)))
        return found

    monkeypatch.setattr(accepting, "check_joins", look)
    names = ("subject", "z", "twin", "limit")
    monkeypatch.setattr(accepting, "Trial", lambda *of: SimpleNamespace(**dict(zip(names, of, strict=True))))
    lines = lambda call, most, met: (call(), 30 * ((most, met) == (accepting.AT_ONCE, "met")))  # noqa: E731
    monkeypatch.setattr(accepting, "within", lines)
    trial = SimpleNamespace(subject=SimpleNamespace(fresh=lambda: "fresh"), z=1, twin=2, limit=3)
    for symptom, known, jumps in (
        (Symptom.JUMP, {"function": "forward"}, True), (Symptom.JUMP, {"function": "inverse"}, False),
        (Symptom.JUMP, {}, False), (Symptom.JUMP, None, False), (None, {"function": "forward"}, False),
    ):  # fmt: skip
        found, made = SimpleNamespace(symptom=symptom, evidence=known), judge(_is_met="met")
        assert made._jumps(trial) is jumps and made.left == 70.0, (symptom, known)
    assert asked[0] == ("fresh", 1, 2, 3, onp.random.default_rng(0).integers(10**6))
    for error in (ValueError, SystemExit, TooLong):
        monkeypatch.setattr(accepting, "within", lambda *_, error=error: (_ for _ in ()).throw(error))
        made = judge(_is_met="met")
        assert made._jumps(trial) is None and made.left == 100.0


# --- other numbers, and other orders ---


def test_what_is_held_against_other_orders_and_numbers(monkeypatch):
    monkeypatch.setattr(evidence, "OtherOrders", lambda reached: ("orders", reached))
    monkeypatch.setattr(evidence, "OtherNumbers", lambda reached, screen: ("numbers", reached, type(screen)))
    for kind, orders in ((OfRoundTrip, ("orders", "reached")), (OfLogDet, None), (OfAll, None)):
        made = judge(screen=kind, kind=evidence.Evidence, reached="reached")
        assert made._other_orders == orders and made._other_numbers == ("numbers", "reached", kind)


def test_a_log_det_has_to_hold_with_other_numbers():
    """Unless more is wrong than log_dets, or the change itself is of what the module made."""
    noted = []

    @contextmanager
    def noting(name):
        noted.append(name)
        yield
        noted.append(f"end of {name}")

    statement, other = (SimpleNamespace(runs_at_import=False, edited=lambda k=k: noting(k)) for k in ("one", "two"))
    change, at_import = SimpleNamespace(done=lambda: noting("edit")), SimpleNamespace(runs_at_import=True)
    numbers = SimpleNamespace(hold=lambda: (noted.append("hold"), "held")[1])
    for screen, failed, changed, held in (
        (OfLogDet, {"J forward"}, statement, "held"), (OfLogDet, {"X", "P"}, statement, "held"),
        (OfRoundTrip, {"J forward"}, statement, True), (OfAll, {"J forward"}, statement, True),
        (OfLogDet, {"S"}, statement, True), (OfLogDet, {"I"}, statement, True), (OfLogDet, {"R"}, statement, True),
        (OfLogDet, {"J forward"}, at_import, True),
    ):  # fmt: skip
        noted.clear()
        made = judge(failed, screen, evidence.Evidence, _other_numbers=numbers)
        assert made._holds_with_other_numbers(changed, change, [other, statement, other]) == held, (screen, failed)
        order = ["edit", "one", "two", "hold", "end of two", "end of one", "end of edit"]
        assert noted == (order if held == "held" else []), noted
