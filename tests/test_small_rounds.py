"""The rounds of a search for a change: what is asked first, where it ends, and which of all that it found is said."""

from types import SimpleNamespace

import pytest

from nfscratch.check.repair import search
from nfscratch.check.repair.search import ENOUGH, MADE, SLIPS, Search

KNOWN_FIRST = {"ways", "_of_density", "_ends", "_may_miss", "_other_orders", "_jumped"}


def repair(rank, **more):
    """A repair of this rank; `nearest` is the other way round."""
    said = {"is_clear": True, "is_whole": True, "is_long": False, "constrains": False, "is_of_one": True, "lines": (1,),
            "missed": 0, "may_be_said": True, "misses": False, "puts_in_a_line": False}  # fmt: skip
    made = SimpleNamespace(rank=rank, nearest=-rank, **(said | more))
    made.beside = lambda found, either: (made, tuple(found), either)
    return made


class Rounds:
    """A search whose rounds find what is given; it notes what it is asked, and what is known before."""

    of_loops = ()

    def __init__(self, found, after=(), folds=False, either=False, failed=("R",), over=False, mirrored=(), made=()):
        self.results, self.after, self.folds, self.either, self.over = found, after, folds, either, over
        self.failed, self.statements, self.reached, self.asked, self.noted = set(failed), [1], "reached", [], []
        self.mirrored_found, self.of_makers, self.left, self.cut_off = list(mirrored), dict(made), 0, False

    def __getattr__(self, name):
        if name in KNOWN_FIRST:
            self.noted.append(name)
            return SimpleNamespace(shared=1, wrong=2)
        raise AttributeError(name)

    def _candidates(self, kinds):
        return ("round", kinds)

    def _found(self, tried, enough=None):
        if tried[0] == "limits":
            return list(tried[1])
        self.asked.append((*tried, enough))
        self.known = set(self.noted)
        name, which = tried
        return list(
            {"round": self.results, "made": self.of_makers, "after": dict(enumerate(self.after))}[name].get(which, ())
        )

    def _of_loops(self):
        return list(self.of_loops)

    def _is_over(self):
        return self.over

    @property
    def _after_slips(self):
        return [lambda k=k: ("after", k) for k in range(len(self.after))]

    def _mirrored(self, found, rounds):
        self.asked.append(("mirrored", list(rounds), len(found)))
        return self.mirrored_found

    def repair(self, rounds=5):
        return Search.repair(self, rounds, 1000.0)


@pytest.fixture(autouse=True)
def limits(monkeypatch):
    """What comes before the first round: limits of indices; none of them is a repair, if a test does not say so."""
    found = []
    monkeypatch.setattr(
        search, "limits_and_moduli", lambda statements, reached, moduli_too: ("limits", [] if moduli_too else found)
    )
    return found


def test_a_limit_of_an_index_comes_before_all_rounds(limits):
    limits.append(repair(1))
    made = Rounds({0: [repair(0)]})
    assert made.repair()[0].rank == 1 and not rounds(made)


def rounds(made):
    return [each[1:] for each in made.asked if each[0] == "round"]


def test_what_is_known_of_the_functions_as_they_are_is_asked_before_any_edit():
    made = Rounds({0: [repair(1)]})
    assert made.repair()[0].rank == 1 and made.known == KNOWN_FIRST and made.left == 1000.0
    for none in (Rounds({0: [repair(1)]}, failed=()), Rounds({0: [repair(1)]})):
        none.statements = [1] if not none.failed else []
        assert none.repair() is None and none.asked == none.noted == []


def test_functions_of_a_loop_are_looked_at_before_all_rounds():
    made = Rounds({0: [repair(1)]})
    made.of_loops = [repair(2)]
    assert made.repair()[0].rank == 2 and rounds(made) == []
    made.of_loops = [repair(2, is_whole=False)]
    assert made.repair()[0].rank == 1 and rounds(made) == [(0, ENOUGH)]


@pytest.mark.parametrize(("alone", "together"), [
    ([1], False), ([1, 2], True), ([], False), ([1, repair(5)], False), ([1, repair(5, is_whole=False)], True),
])  # fmt: skip
def test_functions_of_one_loop_are_bound_together_where_none_alone_mends_it(alone, together, monkeypatch):
    monkeypatch.setattr(search, "bound_at_once", lambda reached: iter(alone))
    monkeypatch.setattr(search, "bound_together", lambda each: ("together", each))
    monkeypatch.setattr(search, "OfAll", lambda *of: ("of all", *of))
    made, screens = object.__new__(Search), []
    made.trial, made.row, made.reached = "trial", 3, SimpleNamespace(is_met="met")
    made.__dict__["screen"] = "own"

    def found(tried):
        screens.append(made.screen)
        return ["bound"] if tried == ("together", alone) else [r for r in tried if hasattr(r, "is_whole")]

    made._found = found
    got = made._of_loops()
    assert got == [r for r in alone if hasattr(r, "is_whole")] + ["bound"] * together and made.screen == "own"
    assert screens == ["own"] + [("of all", "trial", 3, "met")] * together


def test_the_first_round_with_a_clear_repair_ends_the_search():
    clear, unclear = repair(2), repair(1, is_clear=False, is_whole=False)
    made = Rounds({0: [unclear], 1: [clear]})
    assert made.repair()[0] is unclear and rounds(made) == [(0, ENOUGH), (1, ENOUGH)]
    assert made.asked[-1] == ("mirrored", [2, 3, 4], 2)
    made = Rounds({0: [unclear], SLIPS + 1: [clear]})
    made.repair(6)
    assert rounds(made) == [(k, ENOUGH if k < SLIPS else 1) for k in range(SLIPS + 2)]
    assert made.asked[-1] == ("mirrored", [SLIPS + 1, 5], 2) and not made.cut_off
    assert Rounds({}).repair() is None


def test_after_the_slips_a_whole_repair_that_is_not_long_is_enough():
    for more, ends in (
        ({"is_clear": False}, True),
        ({"is_clear": False, "is_long": True}, False),
        ({"is_long": True}, False),
    ):
        made = Rounds({SLIPS - 1: [repair(1, **more)]})
        made.repair()
        assert (rounds(made)[-1][0] == SLIPS - 1) is ends
    made = Rounds({0: [repair(1, is_clear=False)]})
    made.repair()
    assert rounds(made)[-1][0] == SLIPS - 1  # it was whole before


def test_other_looks_come_after_the_slips_until_one_is_clear():
    made = Rounds({}, after=[[repair(1, is_clear=False, is_whole=False)], [repair(2)], [repair(3)]])
    made.repair()
    assert [each[1] for each in made.asked if each[0] == "after"] == [0, 1]
    assert [each for each in made.asked if each[0] == "round"][-1][1] == SLIPS - 1
    made = Rounds({0: [repair(1)]}, after=[[repair(2)]])
    made.repair()
    assert ("after", 0, None) not in made.asked


def test_a_search_that_is_cut_off_says_what_is_sure():
    of_two = {"is_clear": False, "is_whole": False, "is_of_one": False}
    for more, said in (
        ({}, True),
        ({"lines": (1, 2)}, False),
        ({"missed": 1}, False),
        ({"is_of_one": True, "missed": 1}, True),
    ):
        made = Rounds({0: [repair(1, **(of_two | more))]}, over=True)
        assert (made.repair() is not None) is said and made.cut_off and rounds(made) == [(0, ENOUGH)]
    assert Rounds({0: [repair(1, **of_two, missed=1)]}).repair() is not None


def test_the_best_of_all_is_said():
    one, two, unsaid = repair(1), repair(2), repair(0, may_be_said=False)
    best, beside, either = Rounds({0: [two, one, unsaid]}).repair()
    assert best is one and beside == (two, one) and either is False
    best, _, either = Rounds({0: [two, one]}, either=True).repair()
    assert best is two and either is True  # by `nearest`
    assert Rounds({0: [unsaid]}).repair() is None


@pytest.mark.parametrize(("more", "counts"), [
    ({"misses": True}, True), ({"puts_in_a_line": True}, True), ({}, False),
    ({"misses": True, "puts_in_a_line": True}, True),
])  # fmt: skip
def test_a_change_of_the_other_direction_counts_where_nothing_better_was_found(more, counts):
    mine, mirrored, missing = repair(5, **more), repair(1), repair(0, misses=True)
    best, beside, _ = Rounds({0: [mine]}, mirrored=[mirrored, missing]).repair()
    assert best is (mirrored if counts else mine)
    assert mirrored in beside and missing in beside


def test_a_map_that_folds_lacks_a_constraint(monkeypatch):
    monkeypatch.setattr(search, "MADE", [lambda reached, lines, changes, k=k: ("made", k) for k in range(len(MADE))])
    monkeypatch.setattr(search, "unfolded", lambda statements, reached: ("made", len(MADE)))
    whole, part = repair(1, constrains=True), repair(2, constrains=True, is_whole=False)
    made = Rounds({0: [repair(3)]}, folds=True, made={0: [part], 2: [whole]})
    assert made.repair()[0] is whole and [each[1] for each in made.asked] == [0, 1, 2, 3]
    made = Rounds({0: [repair(3)]}, folds=True, made={0: [part], 1: [repair(4)]})
    made.repair()
    assert rounds(made) == [(0, ENOUGH)]
