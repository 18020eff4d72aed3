"""Pieces of the search for a change: terms of one branch, masks put on again, and the layers that are wrong."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import rng

from nfscratch.check.pairs import of_pair, of_pairs
from nfscratch.check.repair.branch_terms import of_one_branch
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.masked_draws import masked_again
from nfscratch.check.repair.of_layers import lines_of_wrong_layers
from nfscratch.check.trial import Trial

# --- branch_terms ---

LEAKY = """
def forward(z):
    below = z < 0
    return np.where(below, SLOPE * z, z), z.shape[1] * np.log(SLOPE)
"""


def branch_terms(**held):
    """What is tried for the log_det, where the function holds these."""
    function = ast.parse(LEAKY).body[0]
    node = function.body[-1].value.elts[1]
    place = next(p for p in places(function) if p.node is node)
    scope = SimpleNamespace(array_module="np", function=function, locals=held)
    scope.held = [(ast.Name(k, ast.Load()), v) for k, v in {**held, "SLOPE": 0.2, "other": 0.7}.items()]
    return [source(new) for new in of_one_branch(place, scope)]


def test_a_number_counts_on_one_side_with_either_sign():
    found = branch_terms(below=onp.ones((2, 3), dtype=bool))
    logs = ("np.log(SLOPE), 0.0", "0.0, np.log(SLOPE)")
    assert found == [f"{sign}np.where(below, {pair}).sum(axis=1)" for pair in logs for sign in ("", "-")]


@pytest.mark.parametrize("below", [onp.ones(3, dtype=bool), onp.ones((2, 3))], ids=["one row", "no condition"])
def test_a_condition_is_one_for_each_number(below):
    assert branch_terms(below=below) == []


# --- masked_draws ---


@pytest.mark.parametrize(("line", "again"), [
    ("W = rng.normal(size=(2, 2)) * M", "W = W * M"), ("self.W = M * draw() * 0.5", "self.W = self.W * M"),
    ("W = rng.normal(size=(2, 2)) * V", "W = rng.normal(size=(2, 2)) * V"), ("W = 2.0 * M", "W = 2.0 * M"),
    ("W = draw() + M", "W = draw() + M"), ("a, b = draw() * M", "a, b = draw() * M"), ("W *= draw()", "W *= draw()"),
])  # fmt: skip
def test_a_mask_of_zeros_and_ones_is_put_on_once_more(line, again):
    """V holds other numbers; a line that draws nothing runs again as it is."""
    tree = ast.parse(line).body[0]
    runs = lambda part: not any(isinstance(n, ast.Call) for n in ast.walk(part))  # noqa: E731
    made = masked_again(tree, runs, {"M": onp.eye(2), "V": onp.full((2, 2), 0.5)}.get)
    assert ast.unparse(made) == again and ast.unparse(tree) == line


# --- of_layers ---


def doubled(z):
    return 2 * z, onp.full(len(z), 2 * onp.log(2.0))


def halved(x):
    return x / 2, onp.full(len(x), -2 * onp.log(2.0))


def moved(z):
    return z + 1, onp.ones(len(z))


def moved_back(x):
    return x - 1, onp.zeros(len(x))


def trial_of(*pairs):
    subject = of_pairs(pairs, 2) if len(pairs) > 1 else of_pair(*pairs[0], 2)
    return Trial(subject, rng().normal(size=(6, 2)))


def lines_of(function):
    first = function.__code__.co_firstlineno
    return {first + 1}


@pytest.mark.parametrize(("direction", "wrong"), [("forward", lines_of(moved)), ("inverse", None), ("", None)])
def test_the_lines_of_the_layers_that_break_a_law(direction, wrong):
    found = lines_of_wrong_layers(trial_of((doubled, halved), (moved, moved_back)), direction)
    assert (found and {line for file, lines in found.items() if file == __file__ for line in lines}) == wrong


def test_of_one_layer_no_other_can_be_blamed():
    assert lines_of_wrong_layers(trial_of((moved, moved_back)), "forward") is None
