"""What speaks for a change and against it: its rank, what it leaves without a use, and what is said of it."""

import ast
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import small_trial as trial_of

from nfscratch.check.repair import laws
from nfscratch.check.repair.edit import Edit, Kind, OfLines, Place, lost_names, orphans, places, source
from nfscratch.check.repair.mended import Repair

OF_FORWARD, OF_INVERSE = frozenset({"x", "forward"}), frozenset({"inverse"})
OF_BOTH = OF_FORWARD | OF_INVERSE


def repair(before="x * t", after="x / t", changed=OF_INVERSE, **more):
    given = {"file": "/a/b.py", "lines": (3,), "of_lines": None, "laws": ("R",)}
    return Repair(before=before, after=after, changed=changed, **(given | more))


def lines_of(kind, *lines):
    return OfLines(kind, lines, (), "with it")


# --- what comes first ---


def test_the_order_in_which_changes_are_said():
    """Each has one thing against it that weighs more than all that those before it have."""
    order = [
        repair(), repair("x * t", "x / (2 * t)"), repair(gap=1.1e-6), repair(missed=1), repair(lost=1, gap=0.5),
        repair(lines=(3, 4)), repair(changed=OF_FORWARD), repair("x * t", "x * exp(t)", OF_BOTH),
        repair(changed=OF_BOTH), repair("x * t", "x", OF_FORWARD), repair(left=("X",)),
    ]  # fmt: skip
    assert all(a.rank < b.rank for a, b in pairwise(order))
    assert repair(gap=1e-6).rank == repair().rank and repair(missed=2).rank == repair(missed=1).rank
    assert repair(lost=1, missed=1).rank > repair(lost=1).rank


@pytest.mark.parametrize("more", [
    {"loses": ("W",)}, {"is_shared": True}, {"lines": (3, 4)},
])  # fmt: skip
def test_what_counts_as_much_as_a_change_of_two_lines(more):
    assert repair(**more).rank[4] == 1 and repair().rank[4] == 0
    assert not repair(is_shared=True, changed=OF_BOTH).rank[4]


@pytest.mark.parametrize("more", [{"strays": True}, {"of_this_order": True}, {"after": "x - x"}])
def test_what_holds_by_chance_comes_after_a_change_of_two_lines(more):
    assert repair(**more).rank[4] == 2 and repair(**more, lines=(3, 4)).rank[4] == 2


def test_two_lines_that_exchange_their_values_are_one_change():
    lines = OfLines(Kind.SWAPPED, ("a", "b"), ("a", "b"), "")
    assert repair(lines=(3, 4), of_lines=lines).rank[4] == 0


@pytest.mark.parametrize(("before", "after", "constrains", "guess"), [
    ("u", "np.exp(u)", True, True), ("u", "np.abs(u)", True, True), ("u", "u ** 2", False, False),
    ("u / n", "u / n ** 2", True, False), ("np.sqrt(w @ w)", "w @ w", True, False),
    ("u", "u + (np.log1p(np.exp(w @ u)) - 1 - w @ u) * w / (w @ w)", True, False),
    ("np.exp(u)", "np.exp(-u)", False, False),
])  # fmt: skip
def test_what_makes_a_number_positive_is_a_guess(before, after, constrains, guess):
    made = repair(before, after)
    assert (made.constrains, made.is_a_guess) == (constrains, guess) and not made.undoes


def test_the_order_where_either_direction_may_be_the_wrong_one():
    turned = repair("x[:, order]", "x[:, argsort(order)]")
    order = [
        turned, repair(), repair(changed=OF_FORWARD), repair(gap=1e-3), repair(lines=(3, 4)),
        repair(changed=OF_BOTH), repair("x * t", "x", OF_FORWARD), repair(orphans=("self.P",)),
        repair(misses=True), repair(left=("X",)),
    ]  # fmt: skip
    assert all(a.nearest < b.nearest for a, b in pairwise(order))


@pytest.mark.parametrize(("before", "after", "inverts"), [
    ("x[:, order]", "x[:, np.argsort(order)]", True), ("x[:, back]", "x[:, np.argsort(order)]", False),
    ("x[:, argsort(order)]", "x[:, argsort(order)]", False), ("argsort(order)", "order", False),
    ("x[:, orders[0]]", "x[:, argsort(orders[0])]", True), ("x[:, self.p]", "x[:, argsort(self.p)]", True),
])  # fmt: skip
def test_an_inverse_order_in_the_place_of_an_order(before, after, inverts):
    assert repair(before, after).inverts_order is inverts


@pytest.mark.parametrize(("changed", "of_one", "keeps"), [
    (OF_FORWARD, True, False), (OF_INVERSE, True, True), (frozenset({"forward", "inverse"}), True, True),
    (OF_BOTH, False, False), (frozenset({"x", "inverse"}), False, False),
])  # fmt: skip
def test_a_change_of_one_direction(changed, of_one, keeps):
    assert (repair(changed=changed).is_of_one, repair(changed=changed).keeps_x) == (of_one, keeps)


@pytest.mark.parametrize(("before", "after", "less"), [
    ("x + t", "x", True), ("x + t", "y * u", False), ("x", "x + t", False), ("-x", "x", False), ("x > t", "x t", False),
    ("(x + t)", "x + t", False), ("A.T @ x", "A @ x", False), ("x + t + t", "x + t", False),
    ("f(x[:, 1:2])", "f(v)", False), ("f(x[:, k])", "f(v)", True), ("range(n)", "range(1, n)", True),
    ("range(1, n)", "range(1, n)", False), ("range(n - 1)", "range(n)", False), ("u / sqrt(w)", "u / w", False),
])  # fmt: skip
def test_a_change_takes_something_away_from_forward(before, after, less):
    assert bool(repair(before, after, OF_FORWARD).is_less) is less
    assert not repair(before, after).is_less and not repair(before, after, OF_FORWARD, of_maker=True).is_less


@pytest.mark.parametrize(("before", "after", "constrains"), [
    ("s", "exp(s)", True), ("s", "abs(s)", True), ("exp(s)", "exp(s + 1)", False), ("exp(s)", "s", False),
    ("u / norm(w)", "u / norm(w) ** 2", True), ("w ** 2", "w", False),
])  # fmt: skip
def test_a_change_makes_something_positive(before, after, constrains):
    assert repair(before, after).constrains is constrains


def test_how_far_apart_two_pieces_of_source_are():
    distance = lambda *of, **more: repair(*of, **more)._distance  # noqa: E731
    assert distance("a + b", "a - b") == 2 and distance("a", "a + b") == 4 and distance("abc", "xyz") == 6
    assert distance("f(q)", "f(-q)") == 3 and distance("exp(q)", "exp(-q)") == 1 and distance("f(-q)", "f(-r)") == 2
    assert distance("range(n)", "range(n + 1)") == 10 and distance("range(n + 1)", "range(m + 1)") == 2
    assert distance(of_lines=lines_of(Kind.PUT_IN, "x = z")) == 12
    assert distance(of_lines=lines_of(Kind.EXCHANGED, "x = z")) == 6
    assert [repair("", n * "a").is_long for n in (40, 41)] == [False, True]


def test_which_changes_are_whole_and_clear():
    assert repair().is_whole and repair().is_clear and repair(changed=OF_BOTH).is_whole
    assert not repair(changed=OF_BOTH).is_clear
    for against in ({"left": ("X",)}, {"loses": ("W",)}, {"orphans": ("self.P",)}, {"strays": True}):
        assert not repair(**against).is_whole and not repair(**against).is_clear
    assert not repair("x * t", "x", OF_FORWARD).is_whole


@pytest.mark.parametrize(("more", "said"), [
    ({}, True), ({"left": ("X",)}, True), ({"left": ("J forward",)}, False), ({"left": ("J inverse",)}, False),
    ({"left": ("J forward",), "laws": ("X",)}, True), ({"changed": OF_FORWARD}, True),
    ({"changed": OF_FORWARD, "left": ("X",)}, False), ({"changed": OF_FORWARD, "after": "x"}, True),
    ({"changed": OF_BOTH, "after": "x"}, False), ({"changed": OF_BOTH}, True),
    ({"changed": OF_FORWARD, "before": "x @ A", "after": "x @ A @ A"}, False),
    ({"before": "x @ A", "after": "x @ A @ A"}, True),
])  # fmt: skip
def test_which_changes_may_be_said(more, said):
    assert repair(**more).may_be_said is said


# --- the next best ones ---


def test_at_most_two_others_are_said_and_those_for_which_as_much_speaks():
    best = repair()
    near = [repair("x * t", after) for after in ("x % t", "x + t", "x - t")]
    assert best.beside([best, *near]).others == tuple(near[:2])
    assert best.beside([repair("x * t", "x % t", laws=("R", "X"))]).others == ()  # it mends another law
    assert best.beside([repair("x * t", "x % t", lines=(3, 4))]).others == ()
    assert best.beside([replace(best, lines=(4,))]).others != () == best.beside([replace(best, gap=1e-9)]).others


def test_of_both_directions_the_other_ones_best_comes_first():
    best, alike = repair(), repair("x * t", "x % t")
    mirrored = [repair("y * t", after, OF_FORWARD) for after in ("y / (2 * t)", "y / t")]
    assert best.beside([*mirrored, alike], either=True).others == (mirrored[1], alike)
    assert best.beside([*mirrored, alike]).others == (alike,)
    assert best.beside([replace(mirrored[0], strays=True)], either=True).others == ()


def test_one_line_that_is_put_in_at_two_places_is_one():
    here, there = (repair(lines=(k,), of_lines=lines_of(Kind.PUT_IN, "x = z")) for k in (3, 5))
    other = repair(of_lines=lines_of(Kind.PUT_IN, "x = y"))
    moved = repair(of_lines=lines_of(Kind.EXCHANGED, "x = z"))
    assert here._is_moved(there) and not here._is_moved(other) and not here._is_moved(moved)
    assert not moved._is_moved(here) and here.what == there.what == ("x = z",) != other.what
    assert moved.what == ((3,), "x / t", "with it")


def test_a_change_that_is_said_of_more_of_its_line():
    whole, part = repair("y = f(b, a)", "y = f(a, b)"), repair("f(b, a)", "f(a, b)")
    assert whole._says(part) and not part._says(whole) and not whole._says(replace(part, lines=(4,)))
    of_lines = lines_of(Kind.EXCHANGED, "x = z")
    assert not whole._says(replace(part, of_lines=of_lines)) and not replace(whole, of_lines=of_lines)._says(part)


def test_the_words_for_a_change():
    one = repair()
    assert (one.change, one.where) == ("with `x / t` in place of `x * t`", "line 3 of b.py") and one.words == ""
    several = repair(lines=(3, 5), of_lines=lines_of(Kind.LEFT_OUT, "x = z"))
    assert (several.change, several.where) == ("with it", "lines 3 and 5 of b.py")
    assert repair("x @ A", "x @ A @ A").undoes and not repair("x @ A @ A", "A @ x @ A").undoes


# --- what nothing reads any more ---


def exchanged(text, part, new):
    """The edit of a part of a text, and the statements that it stands in."""
    tree = ast.parse(text)
    place = next(p for p in places(tree) if source(p.node) == part)
    statements = [SimpleNamespace(tree=statement) for statement in tree.body]
    return place.exchanged(ast.parse(new, mode="eval").body), statements


TWO = "def f(a):\n    return a @ (M * W)\ndef g(a):\n    return a @ W"


@pytest.mark.parametrize(("part", "new", "lost"), [
    ("M * W", "W", ()), ("M * W", "W * W", ("M",)), ("a @ (M * W)", "W @ (M * W)", ("a",)), ("M * W", "M * M", ()),
    ("a @ (M * W)", "q", ("M", "a")), ("a @ W", "W @ W", ("a",)),
])  # fmt: skip
def test_variables_that_are_read_no_more(part, new, lost):
    """Something else has to be read in their place. A function's argument is lost where the function reads none."""
    edit, statements = exchanged(TWO, part, new)
    assert lost_names(edit, statements) == lost == lost_names(edit, statements * 2)


OF_OBJECT = "self.P = 1\ny = self.P @ x + other.R"


@pytest.mark.parametrize(("text", "part", "new", "left"), [
    (OF_OBJECT, "self.P @ x", "x", ("self.P",)), (OF_OBJECT, "self.P @ x", "self.Q @ x", ()),
    (OF_OBJECT, "other.R", "0", ()), (OF_OBJECT, "self.P @ x + other.R", "x", ("self.P",)),
    ("y = self.P + 1\nz = self.P", "self.P + 1", "1", ()),
])  # fmt: skip
def test_attributes_of_an_object_that_are_read_no_more(text, part, new, left):
    assert orphans(*exchanged(text, part, new)) == left


def test_an_edit_is_put_back_whatever_happens():
    tree = ast.parse("y = a").body[0]
    b, c = ast.Name("b", ast.Load()), ast.Name("c", ast.Load())
    edit = Edit(tree, "value", b, also=(Edit(tree, "value", c),))
    with pytest.raises(ZeroDivisionError), edit.done():
        assert source(tree) == "y = c"
        raise ZeroDivisionError
    assert source(tree) == "y = a" and b.lineno == c.lineno == 1


@pytest.mark.parametrize(("text", "part", "index"), [
    ("y = x[k]", "k", True), ("y = x[:, k + 1]", "k", True), ("y = x[k]", "x", False),
    ("y = x.sum(axis=k)", "k", True), ("y = f(out=k)", "k", False), ("y = k", "k", False),
    ("y = np.zeros(2, dtype=k)", "k", True),
])  # fmt: skip
def test_a_place_says_which_elements(text, part, index):
    assert next(p for p in places(ast.parse(text)) if source(p.node) == part).is_index is index


@pytest.mark.parametrize(("length", "shown"), [(56, "y = "), (57, "")])
def test_a_message_shows_up_to_sixty_characters(length, shown):
    name = "a" * (length - 4)
    tree = ast.parse(f"y = {name} + b").body[0]
    place = next(p for p in places(tree) if source(p.node) == "b")
    assert place.before == f"{shown}{name} + b"
    edit = place.exchanged(ast.Name("c", ast.Load()))
    with edit.done():
        assert place.after(edit) == f"{shown}{name} + c"
    assert Place(place.node, place.parent, "right", None, place.above).line == 1


def test_dependencies_that_a_change_takes_away():
    full, lower = (trial_of(lambda z, A=A: z @ A) for A in (onp.ones((2, 2)), onp.tril(onp.ones((2, 2)))))
    assert laws.dependencies_lost(full, lower) == 1 and laws.dependencies_lost(lower, full) == 0


def test_a_mean_in_the_place_of_a_sum_is_the_half_of_two_by_chance():
    assert repair("np.log(v).sum", "np.log(v).mean").is_by_chance and repair("v.sum()", "v.mean()").is_by_chance
    assert not repair("np.log(v).mean", "np.log(v).sum").is_by_chance and not repair("w.sum", "w.max").is_by_chance
    assert not repair("x - shift", "x - self.mean").is_by_chance
