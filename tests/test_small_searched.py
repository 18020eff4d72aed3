"""What a search tries in a round, in both directions at once, and with which looks after the slips."""

import ast
from dataclasses import replace
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import accepting, maker_lines, screen, search
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.screens import OfLogDet, OfRoundTrip
from nfscratch.check.repair.search import SLIPS, SLOW, Search


def with_screen(kind=object, **held):
    made = object.__new__(Search)
    made.__dict__["screen"] = object.__new__(kind)
    made.__dict__.update(held)
    return made


@pytest.mark.parametrize(("lines", "slow"), [(SLOW, False), (SLOW + 1, True)])
def test_a_round_is_of_lines_that_may_be_wrong_and_of_values_that_have_a_share(lines, slow, monkeypatch):
    asked, tried = [], [("s", "relevant", "e"), ("s", "other", "e")]
    monkeypatch.setattr(search, "candidates", lambda *given: (asked.append(given), iter(tried))[1])
    monkeypatch.setattr(search, "is_part", lambda place, values: place == "relevant" and values == {7})
    made = object.__new__(Search)
    made.statements, made.reached = "statements", "reached"
    made.__dict__.update(screen=SimpleNamespace(lines=lines), ways=SimpleNamespace(wrong="wrong", shared="shared"))
    made.__dict__["_relevant"] = {7}
    assert list(made._candidates(SLIPS - 1)) == tried and list(made._candidates(SLIPS)) == tried[:1]
    assert asked[0] == ("statements", "reached", SLIPS - 1, "wrong", "shared", slow)
    made.__dict__["_relevant"] = set()
    assert list(made._candidates(SLIPS)) == tried


@pytest.mark.parametrize(("kind", "failed", "both"), [
    (OfLogDet, {"S"}, True), (OfLogDet, {"J forward", "J inverse"}, True), (OfLogDet, {"J forward"}, False),
    (OfRoundTrip, {"S"}, False), (OfRoundTrip, {"J forward", "J inverse"}, False),
    (OfLogDet, {"J forward", "J inverse", "X"}, True), (OfLogDet, {"J inverse"}, False),
])  # fmt: skip
def test_the_log_det_of_both_directions_is_wrong(kind, failed, both):
    assert with_screen(kind, failed=failed)._is_of_both is both


def test_looks_after_the_slips(monkeypatch):
    names = ("named_factors", "missing_logarithms", "missing_terms", "other_factors", "stated_logarithms")
    for name in names:
        monkeypatch.setattr(search, name, lambda *given, name=name: (name, given))
    monkeypatch.setattr(search, "MADE", [lambda *given: ("made", given)])
    for kind in (OfLogDet, OfRoundTrip):
        made = with_screen(kind, ways=SimpleNamespace(wrong="wrong"))
        made.statements, made.reached = "statements", "reached"
        found = [look() for look in made._after_slips]
        assert found[2] == ("made", ("reached", "wrong"))
        given = ("statements", "reached", "wrong", made.screen)
        for name, each in zip(names, found[:2] + found[3:], strict=True):
            assert each == (name, given) if kind is OfLogDet else list(each) == []


def test_the_first_change_of_both_directions_after_which_all_holds(monkeypatch):
    tree = ast.parse("y = a + b")
    place = next(p for p in places(tree) if source(p.node) == "a")
    edit = place.exchanged(ast.Name("c", ast.Load()))
    whole = Repair("f.py", (1, 2), "y = a + b", "y = c + b", None, ("R",), frozenset({"x"}))
    results = {"one": None, "two": replace(whole, left=("X",)), "three": whole, "four": None}
    monkeypatch.setattr(search, "met_places", lambda *given: [("s", "p", "scope")])
    monkeypatch.setattr(search, "with_twins", lambda met, place, edit: iter([(k, [k, met]) for k in results]))
    made, tried = object.__new__(Search), []
    made.statements = made.reached = None
    made.checks = 24

    def one(statement, place, both, others):
        tried.append((statement, both, others))
        return results[both]

    made._tried = one
    found = made._with_twins("statement", place, edit)
    assert (found.before, found.after, found.lines, found.laws) == ("a", "c", (1, 2), ("R",))
    assert tried == [("statement", k, [k, [("s", "p")]]) for k in ("one", "two", "three")]
    results["three"] = None
    assert made._with_twins("statement", place, edit) is None
    made.checks = 0
    assert made._with_twins("statement", place, edit) is None and len(tried) == 7


def test_lines_that_were_met_on_the_way_to_a_density_count_too():
    judge = object.__new__(accepting.Accepting)
    judge.reached = SimpleNamespace(is_met=lambda frame: frame == 1)
    judge.__dict__["_of_density"] = SimpleNamespace(is_met=lambda frame: frame == 2)
    assert judge._is_met(1) and judge._is_met(2) and not judge._is_met(3)


def test_the_laws_of_other_dimensions_are_known_by_their_trials(monkeypatch):
    monkeypatch.setattr(accepting, "failed_laws", lambda trial: {trial})
    judge = object.__new__(accepting.Accepting)
    judge.trial, judge.others = "own", ["a", "b"]
    assert judge.failed == {"own"} and judge._beside == [("a", {"a"}), ("b", {"b"})]
    for failed, keeps in (({"R"}, False), ({"S"}, False), ({"I", "X"}, False), ({"X", "J forward"}, True)):
        judge = object.__new__(accepting.Accepting)
        judge.__dict__["failed"] = failed
        assert judge.keeps_x is keeps


@pytest.mark.parametrize(("either", "codomain", "misses", "may"), [
    (True, (0.0, 1.0), True, True), (True, (0.0, 1.0), False, False), (False, (0.0, 1.0), True, False),
    (True, (-onp.inf, onp.inf), True, False),
])  # fmt: skip
def test_a_codomain_that_is_missed_may_tell_the_wrong_direction(either, codomain, misses, may, monkeypatch):
    monkeypatch.setattr(accepting, "misses_codomain", lambda trial, met: misses and trial.subject.codomain == codomain)
    judge = object.__new__(accepting.Accepting)
    judge.trial = SimpleNamespace(subject=SimpleNamespace(codomain=codomain))
    judge.reached = SimpleNamespace(is_met=None)
    judge.__dict__["either"] = either
    assert bool(judge._may_miss) is may


@pytest.mark.parametrize(
    ("x", "shape"), [(onp.ones((3, 2)), True), (onp.ones((3, 1)), False), (onp.ones((2, 2)), False), (None, False)]
)
def test_x_has_its_shape_whatever_numbers_it_holds(x, shape):
    made = object.__new__(screen.Screen)
    made.x, made.z, made.subject = x, onp.zeros((3, 5)), SimpleNamespace(out_shape=(2,))
    assert made.has_shape_of_x is shape
    for results, points in (
        ((x, None, onp.ones(2), None), x is not None),
        ((onp.ones(1), 0, onp.array([onp.nan]), 0), False),
    ):
        if results[0] is not None:
            made.results = results
            assert made.has_points is points
    made.results = None
    assert not made.has_points


def test_log_dets_that_do_not_vary_any_more():
    made = object.__new__(screen.Screen)
    made.near = 1e-5
    vary, flat = onp.array([1.0, 2.0]), onp.array([1.0, 1.0])
    for before, now, flattened in (
        ((vary, vary), (flat, vary), True), ((vary, vary), (vary, flat), True), ((vary, vary), (vary, vary), False),
        ((flat, vary), (flat, flat), False), ((vary, flat), (flat, flat), False),
    ):  # fmt: skip
        made.results, made.now = ((0, a, 0, b) for a, b in (before, now))
        assert made.is_flattened is flattened
    made.now = None
    assert not made.is_flattened
    for values, varies in (
        ([1.0, 1.0 + 1.9e-5], False), ([1.0, 1.0 + 2.1e-5], True), ([1.0], False), ([1.0, onp.nan], False),
        ([1.0, onp.nan, 2.0], True),
        ("ab", False), ([[1.0, 2.0]], True),
    ):  # fmt: skip
        assert screen._varies(values, 1e-5) is varies


def test_what_a_kind_of_its_own_has_to_say():
    for look in (
        lambda: object.__new__(screen.Screen)._holds(),
        lambda: object.__new__(maker_lines.MakerLine).held(None, ""),
    ):
        with pytest.raises(NotImplementedError):
            look()
    with pytest.raises(NotImplementedError):
        object.__new__(maker_lines.MakerLine).made_for(None, {})
