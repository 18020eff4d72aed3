"""A row of things in the opposite order; a part of a row that begins later; a fold, where a log_det has no value."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of, trial_of

import nfscratch as nf
from nfscratch.check import Mistake
from nfscratch.check.repair.backwards import backwards
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.lengths import starts_later
from nfscratch.check.repair.search import Search

VALUES = {
    "vs": [onp.ones(2), onp.ones(2)], "one": [onp.ones(2)], "stack": onp.ones((3, 2, 2)), "flat": onp.ones((1, 2, 2)),
    "z": onp.ones((5, 2)), "numbers": [1, 2], "words": ("a", "b"), "scales": [0.5, 0.2], "mixed": [onp.ones(2), 1.0],
}  # fmt: skip


def made(text):
    scope = SimpleNamespace(
        value_of=lambda node: VALUES.get(getattr(node, "id", getattr(node, "attr", ""))), module={"layers": (abs, abs)}
    )
    return [source(new) for place in places(ast.parse(text)) for new in backwards(place, scope)]


@pytest.mark.parametrize("name", ["vs", "stack", "layers", "self.vs"])
def test_a_row_of_things_that_a_function_is_given_is_turned(name):
    assert made(f"f(y, {name})") == [f"{name}[::-1]"]


@pytest.mark.parametrize("name", ["one", "flat", "z", "numbers", "words", "scales", "mixed", "unknown", "vs[1:]"])
def test_what_is_no_row_of_things_is_left(name):
    assert made(f"f(y, {name})") == []


@pytest.mark.parametrize("text", ["vs + y", "f(y, rows=vs)", "[vs, y]", "vs(y)"])
def test_a_row_that_is_no_argument_is_left(text):
    assert made(text) == []


@pytest.mark.parametrize(("before", "after", "later"), [
    ("f(vs[1:])", "f(vs[2:])", True), ("f(vs[1:])", "f(vs[10:])", True), ("f(vs[2:])", "f(vs[1:])", False),
    ("f(vs[1:])", "f(vs[1:])", False), ("f(vs[1:])", "f(vs)", False), ("f(vs)", "f(vs[1:])", False),
    ("f(a[1:], b[1:])", "f(a[1:], b[2:])", True), ("z[:, 1:]", "z[:, 2:]", False), ("f(vs[:1])", "f(vs[:2])", False),
])  # fmt: skip
def test_a_part_of_a_row_begins_later(before, after, later):
    assert starts_later(before, after) is later


def radial(b):
    """x = z + b z / (1 + |z|), with the logarithms of its two slopes as they are; its inverse in closed form."""

    def slopes(r):
        h = 1 / (1 + r)
        with onp.errstate(invalid="ignore"):
            return onp.log(1 + b * h) + onp.log(1 + b * h - b * h**2 * r)

    def forward(z):
        r = onp.sqrt((z**2).sum(axis=1))
        return z * (1 + b / (1 + r))[:, None], slopes(r)

    def inverse(x):
        R = onp.sqrt((x**2).sum(axis=1))
        half = (R - 1 - b) / 2
        r = half + onp.sqrt(half**2 + R)
        return x / (1 + b / (1 + r))[:, None], -slopes(r)

    return forward, inverse


def test_a_logarithm_without_a_value_where_the_map_turns_back_is_called_a_fold():
    failure = nf.check.audit(radial(-3.0), dims=(2,), changes=False, show=False).failures[0]
    assert (failure.letter, failure.mistake) == ("S", Mistake.FOLDS)


@pytest.mark.exhaustive
def test_the_same_map_without_a_fold_is_right():
    assert nf.check.audit(radial(-0.9), dims=(2,), changes=False, show=False).ok


REFLECTIONS = """
    import numpy as np

    vectors = [np.array([1.0, 2.0, -1.0]), np.array([0.3, -0.7, 0.2]), np.array([2.0, 0.1, 0.4])]

    def reflected(y, vs):
        return y if not vs else reflected(y - 2 * np.outer(y @ vs[0], vs[0]) / (vs[0] @ vs[0]), vs[1:])

    def forward(z):
        return reflected(z, vectors), np.zeros(len(z))

    def inverse(x):
        return reflected(x, vectors), np.zeros(len(x))
"""


@pytest.mark.exhaustive
def test_reflections_that_are_undone_in_the_order_of_forward_are_no_shorter_recursion(tmp_path):
    repair = Search(trial_of(module_of(REFLECTIONS, tmp_path, "reflections"), 3)).repair()
    assert "vectors[::-1]" in repair.change and "vs[" not in repair.change
