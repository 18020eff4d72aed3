"""Whether a change is taken: the laws after it, the time that is left, and how far a search looks on."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import small_trial as trial_of

from nfscratch.check.repair import accepting, search
from nfscratch.check.repair.accepting import Accepting
from nfscratch.check.repair.live_code import TooLong
from nfscratch.check.repair.search import Search

# --- what a change mends ---


@pytest.fixture
def judge(monkeypatch):
    """mended(failed, now, ...): what comes of a change after which the laws `now` fail."""
    monkeypatch.setattr(accepting, "dependencies_lost", lambda old, new: 3)
    monkeypatch.setattr(accepting, "misses_codomain", lambda new, met: "missed")
    monkeypatch.setattr(accepting, "leaves_codomain", lambda trial: trial.leaves)

    def mended(
        failed, now, changed=("inverse",), keeps=True, answered=True, same=True, x=1, beside=(), may_miss=False,
        left=(False, False), jumps=(None, True),
    ):  # fmt: skip
        made, again = object.__new__(Accepting), iter([now, *(each[1] for each in beside)])
        made.trial, made.checks = SimpleNamespace(x=0, leaves=left[0]), 24
        made.reached = SimpleNamespace(is_met=None)
        made.screen = SimpleNamespace(x=x, _same=lambda a, b: same)
        made.__dict__.update(
            failed=set(failed), _ends=SimpleNamespace(are_answered=lambda: answered), _may_miss=may_miss,
            _jumped=jumps[0], _jumps=lambda trial: jumps[1],
        )  # fmt: skip
        made.__dict__["_beside"] = [(object(), set(of)) for of, _ in beside]
        made._as_it_is = lambda old: (SimpleNamespace(x=0, leaves=left[1]), next(again))
        made._keeps_dependencies = lambda new, changed, masks: keeps
        found = made._mended(frozenset(changed), False)
        assert made.checks == 23 + (jumps == (False, True) and "x" in changed)  # such a change counts for none
        return found

    return mended


def test_laws_that_failed_and_hold_are_mended_in_their_order(judge):
    assert judge({"X", "R"}, set()) == (("R", "X"), (), False, 0)
    assert judge({"X", "R"}, {"X"}) == (("R",), ("X",), False, 0)
    assert judge({"J inverse", "J forward", "R"}, {"J inverse", "J forward"}) == (
        ("R",), ("J forward", "J inverse"), False, 0,
    )  # fmt: skip
    assert judge({"R"}, set(), changed=("x", "forward"), may_miss=True) == (("R",), (), "missed", 3)
    assert judge({"J forward", "J inverse"}, {"J forward", "X"}) == (("J inverse",), ("X", "J forward"), False, 0)


def test_a_change_after_which_forward_jumps_is_none(judge):
    """Where it did not before; what jumped then, or is not known to jump now, says nothing."""
    x = ("x", "forward")
    assert judge({"R"}, set(), changed=x, jumps=(False, True)) is None
    said = [
        (x, (False, False)),
        (x, (False, None)),
        (x, (True, True)),
        (x, (None, True)),
        (("inverse",), (False, True)),
    ]
    for changed, jumps in said:
        assert judge({"R"}, set(), changed=changed, jumps=jumps)


def test_what_is_no_repair(judge):
    assert judge({"R"}, {"R"}) is None and judge({"R"}, None) is None and judge({"R"}, {"P"}) is None
    assert judge({"R"}, set(), keeps=False) is None and judge({"R"}, set(), answered=False) is None
    assert judge({"R"}, {"R"}, changed=("x", "forward")) is None and judge({"J forward"}, {"X"}) is None


def test_x_does_not_leave_the_codomain_that_it_was_in(judge):
    to_x = ("x", "forward")
    assert judge({"R"}, set(), changed=to_x, left=(False, True)) is None
    assert judge({"R"}, set(), changed=to_x, left=(True, True)) == (("R",), (), False, 3)
    assert judge({"R"}, set(), left=(False, True)) == (("R",), (), False, 0)


def test_x_stays_at_points_that_were_not_screened(judge):
    assert judge({"R"}, set(), same=False) is None
    assert judge({"R"}, set(), same=False, changed=("x", "forward")) == (("R",), (), False, 3)
    assert judge({"R"}, set(), same=False, x=None) == (("R",), (), False, 0)


@pytest.mark.parametrize(("failed", "again", "holds"), [
    (set(), set(), True), ({"R"}, set(), True), ({"P"}, {"P"}, True), (set(), {"P"}, False), (set(), None, False),
    ({"R"}, {"R"}, False), ({"X"}, {"X"}, True),
])  # fmt: skip
def test_it_holds_in_other_dimensions_too(failed, again, holds, judge):
    """A law that failed there before may fail still, but for one that the change is said to mend."""
    assert (judge({"R"}, set(), beside=[(failed, again)]) is not None) is holds
    assert (judge({"R"}, set(), beside=[(set(), set()), (failed, again)]) is not None) is holds


def test_one_of_two_log_dets_is_mended_in_other_dimensions(judge):
    both = {"J forward", "J inverse"}
    assert judge(both, {"J inverse", "X"}, beside=[(both, {"J inverse", "X"})]) is not None
    assert judge(both, {"J inverse", "X"}, beside=[(both, {"J forward", "X"})]) is None


def stops_early(monkeypatch, failed, asked):
    """What is asked of a map, and how often,
    where an accuracy is found that it reaches: `asked` one after the other."""
    made, again = object.__new__(Accepting), iter(asked)
    made.__dict__["failed"] = set(failed)
    made._is_met, subject = None, SimpleNamespace(fresh=lambda: "fresh")
    seen = []

    def failing(trial):
        seen.append(trial.subject)
        return next(again)

    made._failing = failing
    monkeypatch.setattr(accepting, "Trial", lambda subject, *rest: SimpleNamespace(subject=subject))
    new, now = made._as_it_is(SimpleNamespace(subject=subject, z=0, twin=None, limit=1))
    return seen, new.subject, now


def test_an_iteration_that_stops_early_is_judged_by_what_it_reaches(monkeypatch):
    loose = SimpleNamespace(fresh=lambda: "loose")
    monkeypatch.setattr(accepting, "with_its_accuracy", lambda subject, z: loose)
    assert stops_early(monkeypatch, {"R"}, [{"R"}, set()]) == (["fresh", "loose"], "loose", set())
    assert stops_early(monkeypatch, {"R"}, [set()]) == (["fresh"], "fresh", set())
    assert stops_early(monkeypatch, {"X"}, [{"R"}]) == (["fresh"], "fresh", {"R"})
    assert stops_early(monkeypatch, {"R"}, [None]) == (["fresh"], "fresh", None)
    monkeypatch.setattr(accepting, "with_its_accuracy", lambda subject, z: None)
    assert stops_early(monkeypatch, {"R"}, [{"R"}]) == (["fresh"], "fresh", {"R"})

    def too_long(subject, z):
        raise TooLong

    monkeypatch.setattr(accepting, "with_its_accuracy", too_long)
    assert stops_early(monkeypatch, {"R"}, [{"R"}]) == (["fresh"], "fresh", {"R"})


def test_lines_of_the_checks_are_taken_from_those_that_are_left(monkeypatch):
    made = object.__new__(Accepting)
    made.left, made._is_met = 100.0, None
    monkeypatch.setattr(accepting, "within", lambda call, most, met: ({"R"}, 30))
    assert made._failing(None) == {"R"} and made.left == 70.0

    def too_long(*_):
        raise TooLong

    monkeypatch.setattr(accepting, "within", too_long)
    assert made._failing(None) is None and made.left == 70.0


# --- how long a search looks ---


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(wall=1.0, own=0.0)
    times = SimpleNamespace(perf_counter=lambda: clock.wall, process_time=lambda: clock.own)
    monkeypatch.setattr(search, "time", times)
    return clock


def test_the_clock_is_looked_at_now_and_then(clock):
    made = object.__new__(Search)
    made.__dict__.update(began=0.0, end=1e10, turn=0, late=False, next_look=0.0, left=1.0)
    clock.own = search.LONGEST
    assert not made._is_over() and made.next_look == 1.0 + search.BETWEEN_LOOKS
    clock.own, clock.wall = search.LONGEST + 0.1, made.next_look
    assert not made._is_over()
    clock.wall += 0.01
    assert made._is_over() and made.late
    clock.own = 0.0
    assert made._is_over()  # it stays late
    made.__dict__.update(late=False, turn=search.SELDOM - 2, next_look=1e9)
    clock.own = search.LONGEST + 0.1
    assert not made._is_over() and made._is_over()
    made.__dict__.update(late=False, left=-1.0, turn=0)
    assert made._is_over()
    made.left = 0.0
    assert not made._is_over()
    clock.own, clock.wall = 0.0, 5.0
    made.__dict__.update(end=5.0, next_look=4.0)
    assert not made._is_over()
    made.__dict__.update(end=4.9, next_look=4.0)  # functions that wait take no processor time
    assert made._is_over() and made.late


def repair(what, clear=True, left=()):
    return SimpleNamespace(what=what, is_clear=clear, left=left)


def found(results, enough=1, checks=24, cost=150_000, node=None, of_both=False, passed=False, at_import=False):
    """The repairs that come of trying candidates one after the other, and how many are tried."""
    made, tried = object.__new__(Search), []
    made.__dict__.update(checks=checks, left=5e6, passed=passed, _is_of_both=of_both)
    made._is_over = lambda: False

    def one(statement, place, edit):
        tried.append(edit)
        made.left -= cost
        made.checks -= edit is not None and hasattr(edit, "what")
        return edit

    made._tried = one
    made._with_twins = lambda statement, place, edit: repair("twin")
    place = SimpleNamespace(node=node)
    statement = SimpleNamespace(runs_at_import=at_import)
    return [r.what for r in made._found(iter((statement, place, each) for each in results), enough)], len(tried)


def test_after_a_clear_repair_a_search_looks_a_little_further():
    none = [None] * 9
    assert found([None, repair("a"), *none]) == (["a"], 5)
    assert found([repair("a"), *none], cost=200_000) == (["a"], 4)  # the last of them begins with no line too many
    assert found([None, repair("a", clear=False), *none]) == (["a"], 11)
    assert found([repair("a"), repair("b"), *none]) == (["a", "b"], 4)
    assert found([repair("a"), None, *none], enough=2) == (["a"], 11)
    assert found([repair("a"), repair("b"), *none], enough=2) == (["a", "b"], 5)
    many = [repair(k) for k in range(9)]
    assert found(many, cost=0) == (list(range(5)), 5) and found([repair("a")] * 9, cost=0)[1] == 9
    assert found(many, cost=0, checks=3) == ([0, 1, 2], 3)


def test_where_a_change_is_done_in_both_directions():
    compare = ast.parse("a < b", mode="eval").body
    assert found([None], of_both=True, passed=True) == (["twin"], 1)
    assert found([repair("a", left=("X",))], of_both=True, passed=True) == (["twin"], 1)
    assert found([repair("a")], of_both=True, passed=True) == (["a"], 1)
    assert found([None], of_both=True) == ([], 1) == found([None], passed=True)
    assert found([None], of_both=True, passed=True, at_import=True) == ([], 1)
    assert found([None], node=compare) == (["twin"], 1) and found([repair("a")], node=compare) == (["a"], 1)
    assert found([None], node=compare, at_import=True) == ([], 1)


# --- what a repair may not take away ---


def test_a_repair_of_both_directions_keeps_who_depends_on_whom():
    mixing = trial_of(lambda z: onp.sinh(z) @ onp.array([[1.0, 0.5], [0, 1]]), lambda x: onp.sinh(x) @ onp.ones((2, 2)))
    less = trial_of(onp.sinh, onp.sinh)
    flat = trial_of(lambda z: z @ onp.array([[1.0, 0.5], [0, 1]]), lambda x: onp.sinh(x) @ onp.ones((2, 2)))
    judge = object.__new__(accepting.Accepting)
    judge.trial = mixing
    keeps = lambda new, *changed, masks=False: bool(judge._keeps_dependencies(new, set(changed), masks))  # noqa: E731
    assert keeps(mixing, "x") and not keeps(less, "x") and not keeps(flat, "x", masks=True)
    assert keeps(less, "inverse") and keeps(less, "forward") and not keeps(less, "forward", "inverse")
    assert keeps(flat, "forward", "inverse") and not keeps(less, "x", masks=True)
    judge.trial = trial_of(lambda z: onp.sinh(z) @ onp.array([[1.0, 0.5], [0.3, 1]]))
    assert not keeps(mixing, "x") and keeps(mixing, "x", masks=True)
