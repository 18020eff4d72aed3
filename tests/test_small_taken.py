"""What the search for one change is given, and when its change stands in the place of a name."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import one_change


def case(dim, dtype="float64", failed=True, row=None):
    trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype(dtype)), name=f"{dim} {dtype}")
    finding = SimpleNamespace(failed=failed, evidence=None if row is None else {"row": row})
    return SimpleNamespace(dim=dim, trial=trial, finding=finding)


class Search:
    """Of one map."""

    def __init__(self, *given):
        self.given, self.reached, self.call, self.both = given, "reached", "call", "both"

    def repair(self):
        assert frozen_now == ["reached"]
        return (type(self).__name__, *self.given)


class Beside(Search):
    """Of a density."""


frozen_now: list = []


@pytest.fixture
def searched(monkeypatch):
    """The search, which a child would make."""

    @contextmanager
    def frozen(reached, call):
        assert call in ("call", "both")
        frozen_now.append(reached)
        yield
        frozen_now.clear()

    asked = []
    monkeypatch.setattr(one_change, "frozen", frozen)
    monkeypatch.setattr(one_change, "Search", Search)
    monkeypatch.setattr(one_change, "SearchBeside", Beside)
    monkeypatch.setattr(one_change, "answered_by_child", lambda search: search())
    monkeypatch.setattr(one_change, "may_be_changed", lambda trial, row: asked.append((trial.name, row)) or True)
    return asked


CASES = [
    case(2, row=4),
    case(3, failed=False, row=7),
    case(5, "float32", row=1),
    case(5, row=3),
    case(5, "float32", row=9),
]


@pytest.mark.parametrize("letter", ["S", "I", "R", "X", "J"])
def test_the_largest_dimension_that_fails_in_double_is_searched_and_the_others_are_asked(letter, searched):
    kind, trial, row, others = one_change._repair(letter, CASES)
    assert (kind, trial.name, row) == ("Search", "5 float64", 3)
    assert [t.name for t in others] == ["2 float64", "3 float64"] and searched == [("5 float64", 3)]


@pytest.mark.parametrize("letter", ["D", "K"])
def test_a_density_or_samples_are_searched_by_themselves(letter, searched):
    kind, of, trial, others = one_change._repair(letter, CASES)
    assert (kind, of, trial.name) == ("Beside", letter, "5 float64") and searched == []
    assert [t.name for t in others] == ["2 float64", "3 float64"]


def test_where_only_single_precision_fails_it_is_searched(searched):
    cases = [case(2, "float32"), case(2), case(3, "float32"), case(4)]
    for each in (cases[1], cases[3]):
        each.finding.failed = False
    kind, trial, row, others = one_change._repair("R", cases)
    assert (kind, trial.name, row) == ("Search", "3 float32", 0) and [t.name for t in others] == ["2 float32"]


def test_what_may_not_be_changed_is_not_searched(searched, monkeypatch):
    monkeypatch.setattr(one_change, "may_be_changed", lambda trial, row: False)
    assert one_change._repair("R", CASES) is None


@pytest.mark.parametrize(("letter", "laws", "beside"), [
    ("R", ("R",), True), ("R", ("X",), False), ("X", ("J forward",), True), ("J", ("X",), True), ("J", ("R",), False),
    ("D", ("D",), True), ("K", ("D",), False), ("S", ("R", "S"), True), ("T", ("T",), False), ("E", ("E",), False),
])  # fmt: skip
def test_a_change_counts_where_the_law_that_fails_holds_with_it(letter, laws, beside, monkeypatch):
    repair = SimpleNamespace(laws=laws, where="line 3", change="a in place of b", others=(), changed={"x"}, orphans=())
    monkeypatch.setattr(one_change, "_repair", lambda letter, cases: repair)
    monkeypatch.setattr(one_change, "_is_of_the_other", lambda named, repair: False)
    monkeypatch.setattr(one_change, "_agrees", lambda named, repair: True)
    named = one_change.Named(one_change.Mistake.SIGN, "log_det")
    found, words = one_change.with_change(letter, named, [])
    assert found is named
    hold = "hold" if len(laws) > 1 else "holds"
    assert words == (f"Line 3: a in place of b {', '.join(laws)} {hold}." if beside else "")
