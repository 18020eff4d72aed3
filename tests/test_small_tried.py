"""One edit that a search tries: when it is a repair, what the repair says, and what the try has cost."""

import ast
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.search import COMPILED, Search

ALL = ("R", "J forward", "J inverse")
BOTH = frozenset({"x", "forward", "inverse"})


class Statement:
    """A statement that can be edited, or not; it notes how often it is."""

    def __init__(self, text="y = a + b * c", refuses=False, at_import=False, by_function=False):
        self.tree, self.file, self.nodes, self.refuses = ast.parse(text).body[0], "f.py", 10, refuses
        self.runs_at_import, self.makes_by_function, self.edits = at_import, by_function, []

    @contextmanager
    def edited(self):
        if self.refuses:
            raise ValueError("it cannot stand there")
        self.edits.append(source(self.tree))
        yield


def tried(statement=None, part="b", new="d", others=(), passes=True, changed=("inverse",), flattened=False, may=True,
          mended=(("R",), (), False, 0), shared=(), orders=True, missed=(0, False), folds=False):  # fmt: skip
    """The repair, the search, and what was emptied for the edit."""
    statement = statement or Statement()
    made, emptied = object.__new__(Search), []
    screen = SimpleNamespace(spent=5, gap=0.25, is_flattened=flattened, keeps_forward=None)

    def spend():
        screen.spent += 100
        return passes

    @contextmanager
    def emptied_for(file, lines):
        emptied.append((file, sorted(lines)))
        yield

    screen.passes, screen.changed = spend, lambda: frozenset(changed)
    made.__dict__.update(screen=screen, left=1000.0, statements=[], folds=folds)
    made.caches = SimpleNamespace(emptied_for=emptied_for)
    made.__dict__["ways"] = SimpleNamespace(leave_forward=lambda *_: "left", shared={"f.py": set(shared)})
    made._holds_with_other_orders = lambda: orders
    made._may_change_x = lambda edit: may

    def judged(changed, of_masks):
        made.of_masks = of_masks
        return mended

    made._mended = judged
    made._values_missed = lambda: missed
    place = next(p for p in places(statement.tree) if source(p.node) == part)
    edit = place.exchanged(ast.parse(new, mode="eval").body)
    repair = made._tried(statement, place, edit, others)
    assert made.left == 1000.0 - (0 if statement.refuses else 100) - COMPILED * 10
    return repair, made, emptied


def test_what_a_repair_says():
    statement = Statement()
    repair, made, emptied = tried(statement)
    assert (repair.before, repair.after, repair.lines, repair.file) == ("y = a + b * c", "y = a + d * c", (1,), "f.py")
    assert (repair.laws, repair.changed, repair.left) == (("R",), frozenset({"inverse"}), ())
    assert (repair.gap, repair.missed, repair.strays, repair.lost, repair.misses) == (0.25, 0, False, 0, False)
    assert not (repair.is_shared or repair.of_maker or repair.of_this_order or repair.orphans)
    assert repair.loses == ("b",) and tried(part="a", new="b")[0].loses == ("a",) and tried(new="-b")[0].loses == ()
    assert made.passed and made.screen.keeps_forward == "left" and emptied == [("f.py", [1])]
    assert statement.edits == ["y = a + d * c"] and source(statement.tree) == "y = a + b * c"


def test_what_is_found_beside_the_laws():
    repair, *_ = tried(shared=(1,), orders=False, missed=(3, True), mended=(("R",), ("X",), True, 2))
    assert repair.is_shared and repair.of_this_order and (repair.missed, repair.strays) == (3, True)
    assert repair.left == ("X",) and repair.misses and repair.lost == 2
    assert tried(shared=(2,))[0].is_shared is False
    assert tried(Statement(by_function=True))[0].of_maker
    assert tried(Statement("y = self.P * c"), "self.P * c", "c")[0].orphans == ("self.P",)


@pytest.mark.parametrize(("more", "passed"), [
    ({"passes": False}, False), ({"flattened": True}, True), ({"mended": None}, True),
    ({"changed": ("x", "forward"), "may": False}, True),
])  # fmt: skip
def test_what_is_no_repair(more, passed):
    repair, made, _ = tried(**more)
    assert repair is None and made.passed is passed


def test_a_tree_that_cannot_stand_there_is_none():
    repair, made, _ = tried(Statement(refuses=True))
    assert repair is None and made.passed is False


def test_a_change_of_x_has_to_be_allowed():
    assert tried(changed=("x", "forward"))[0].changed == {"x", "forward"} and tried(may=False)[0] is not None


def test_further_statements_are_edited_once_each():
    statement, other = Statement(), Statement()
    assert tried(statement, others=[other, statement, other])[0] is not None
    assert len(statement.edits) == len(other.edits) == 1


@pytest.mark.parametrize(("statement", "more", "kept"), [
    ({}, {}, True), ({"at_import": True}, {}, False), ({"at_import": True, "by_function": True}, {}, True),
    ({"at_import": True}, {"changed": ("inverse",)}, True),
    ({"at_import": True}, {"mended": (ALL, (), False, 0)}, True),
    ({"at_import": True}, {"mended": (ALL, ("X",), False, 0)}, False),
    ({"at_import": True}, {"mended": (ALL[:2], (), False, 0)}, False),
    ({"at_import": True}, {"folds": True}, False), ({"at_import": True}, {"folds": True, "new": "np.exp(b)"}, True),
    ({"at_import": True}, {"new": "np.exp(b)"}, False),
    ({"at_import": True, "text": "y = a > b"}, {"part": "a > b", "new": "a >= b"}, True),
])  # fmt: skip
def test_a_number_that_both_directions_read_is_no_reason_why_they_disagree(statement, more, kept):
    """But where all was wrong and all is right then, where a mask is another, or where a constraint ends a fold."""
    repair, *_ = tried(Statement(**statement), **({"changed": BOTH} | more))
    assert (repair is not None) is kept


@pytest.mark.parametrize("holds", [True, False])
def test_a_round_trip_has_to_hold_with_other_orders_where_there_are_some(holds):
    made, standing = object.__new__(Search), []

    @contextmanager
    def stand():
        standing.append(True)
        yield
        standing.clear()

    made.__dict__["screen"] = SimpleNamespace(undoes_now=lambda: holds and bool(standing))
    for others, found in (
        (None, True), (SimpleNamespace(exchanged=[]), True), (SimpleNamespace(exchanged=[1], standing=stand), holds),
    ):  # fmt: skip
        made.__dict__["_other_orders"] = others
        assert made._holds_with_other_orders() is found and standing == []


@pytest.mark.parametrize(("text", "part", "new", "of_masks"), [
    ("y = mask * s, t", "t", "mask * t", True), ("y = mask * s, mask * t", "mask * t", "t", False),
    ("y = a + b", "b", "c", False),
])  # fmt: skip
def test_a_mask_that_is_put_on_is_judged_as_one(text, part, new, of_masks):
    assert tried(Statement(text), part, new)[1].of_masks is of_masks
