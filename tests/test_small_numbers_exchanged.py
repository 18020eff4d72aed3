"""Which numbers of a user's file can be exchanged for others for a while, and what holds others in the meantime."""

import ast
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import numpy as onp
import pytest
from by_hand import place_of

from nfscratch.check.repair import stated_numbers as stated
from nfscratch.check.repair.edit import Edit


class Alone:
    kept, none, whole, __hidden__ = 0.5, 0.0, 3, 2.5

    def __init__(self, slope, bound, twice):
        self.slope, self.bound = slope, bound
        self.half = bound / 2
        self.twice = 2 * twice
        self.again = self.twice + 1

    def forward(self, z):
        return z * self.slope


class Post:
    def __post_init__(self):
        self.scale = self.base * 2


def test_a_number_is_alone_where_nothing_else_was_made_of_it():
    for cls, name, said in (
        (Alone, "slope", True), (Alone, "bound", False), (Alone, "twice", False), (Alone, "again", True),
        (Alone, "kept", True), (Post, "base", False),
        (Post, "scale", True), (type("Bare", (), {}), "a", True), (type("Made", (), {"__init__": len}), "a", False),
    ):  # fmt: skip
        assert stated._is_alone(cls, name) is said, (cls, name)


def test_a_number_with_a_point_that_is_no_argument():
    for text, part, said in (
        ("a = 2.5", "2.5", True), ("a = -2.5", "2.5", True), ("a, b = 2.5, 3", "2.5", True),
        ("a, b = 2.5, 3", "3", False), ("a = 0.0", "0.0", False),
        ("a = f(2.5)", "2.5", False), ("a = b[2.5]", "2.5", False), ("a = True", "True", False),
        ("a = 2.5 * b", "2.5", True), ("a = b", "b", False),
    ):  # fmt: skip
        assert stated._is_stated(place_of(text, part)) is said, text
    held = {"a": 1.5, "b": 0.0, "c": 3, "__d": 2.5, "_e": 2.5, "f": onp.float64(2.0), "g": True}
    assert stated._floats(held) == ["a", "_e", "f"]


class Guarded:
    def __setattr__(self, name, value):
        raise AttributeError

    def forward(self, z):
        return z


def test_the_classes_whose_methods_were_met():
    def met(*pairs, name=__name__):
        codes = {k: f.__code__ for k, (f, _) in enumerate(pairs)}
        return SimpleNamespace(
            codes=codes,
            locals={k: {"self": me} for k, (_, me) in enumerate(pairs)},
            globals={key: {"__name__": name} for key in codes},
        )

    one = Alone(0.5, 1.0, 2.0)
    assert (
        stated._classes(met((Alone.forward, one), (Alone.forward, one))) == [Alone]
        and stated._classes(met((Alone.forward, one), name="other")) == []
    )
    assert (
        stated._classes(met((Guarded.forward, Guarded())))
        == []
        == stated._classes(met((lambda: 1, one)))
        == stated._classes(met((lambda z: z, one)))
    )


def test_what_holds_another_number_for_a_while():
    first, second, bare = Alone(0.5, 1.0, 2.0), Alone(4.0, 1.0, 2.0), Post()
    with pytest.raises(ZeroDivisionError), stated._held_with([first, second, bare], "slope") as stands:
        assert stands is True and (first.slope, second.slope) == (0.46875, 3.75) and not vars(bare)
        raise ZeroDivisionError
    assert (first.slope, second.slope) == (0.5, 4.0)


def test_a_line_with_another_number_where_something_can_be_made_of_it():
    line, seen = ast.parse("a = 2.0").body[0], []
    edit = Edit(line, "value", ast.Constant(3.0))

    @contextmanager
    def edited(refuses):
        if refuses:
            raise ValueError("none")
        seen.append(ast.unparse(line))
        yield

    for refuses in (False, True):
        with stated._made_with(SimpleNamespace(edited=partial(edited, refuses)), edit) as stands:
            assert stands is not refuses and ast.unparse(line) == "a = 3.0"
        assert ast.unparse(line) == "a = 2.0" and seen == ["a = 3.0"]


def test_each_number_is_a_little_less_while_it_is_exchanged(monkeypatch):
    line = ast.parse("a, b = 2.0, f(3.0)").body[0]
    made, seen = SimpleNamespace(tree=line), []

    @contextmanager
    def edited():
        seen.append(ast.unparse(line))
        yield

    made.edited, one = edited, Alone(0.5, 1.0, 2.0)
    reached = SimpleNamespace(lines="lines")
    monkeypatch.setattr(stated, "made_statements", lambda *of: [made] if of == (reached, "lines") else [])
    monkeypatch.setattr(stated, "_classes", lambda of: [Alone] if of is reached else [])
    held = []
    for exchanged in stated.stated_numbers(reached):
        with exchanged() as stands:
            held.append((stands, list(seen), Alone.kept, one.slope, one.half, one.again, one.bound))
            seen.clear()
    assert (one.slope, one.again, one.bound, Alone.kept) == (0.5, 5.0, 1.0, 0.5)
    assert held == [
        (True, ["a, b = (1.875, f(3.0))"], 0.5, 0.5, 0.5, 5.0, 1.0), (True, [], 0.46875, 0.5, 0.5, 5.0, 1.0),
        (True, [], 0.5, 0.46875, 0.5, 5.0, 1.0), (True, [], 0.5, 0.5, 0.46875, 5.0, 1.0),
        (True, [], 0.5, 0.5, 0.5, 4.6875, 1.0),
    ]  # fmt: skip
