"""Which lines the search runs again, and what it never does: call a function of the user's that made something."""

import ast
import math

import numpy as np
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.repair.computes import can_run_again
from nfscratch.check.repair.made_lines import keeps_something
from nfscratch.check.repair.search import Search


class Own:
    def method(self):
        return 1.0


KNOWN = {"np": np, "math": math, "W": np.eye(2), "own": Own(), "Own": Own, "fitted": lambda: 1.0, "pop": [1.0].pop,
         "k": 3, "table": {"a": 1.0}, "linalg": np.linalg, "exp": np.exp, "ast": ast}  # fmt: skip


def line(text):
    return ast.parse(text).body[0]


@pytest.mark.parametrize("text", [
    "a = 1.0", "a = np.log(abs(W))", "a, b = W[0], len(W)", "a = linalg.inv(W) @ W", "a = W.sum(axis=0)", "a = exp(k)",
    "a = (W @ W).T.copy()", "a = math.sqrt(k)", "a = [float(v) for v in W[0]]", "a = np.linalg.slogdet(W)[1]",
    "a = tuple(map(float, W[0]))",
])  # fmt: skip
def test_a_line_that_computes_can_run_again(text):
    assert can_run_again(line(text), KNOWN)


@pytest.mark.parametrize("text", [
    "a = fitted()", "a = own.method()", "a = Own()", "a = Own().method()", "a = pop()",
    "a = list(map(fitted, W))", "a = list(map(own.method, W))",
    "a = table.pop('a')", "a = np.random.normal(size=2)", "a = open('x')", "print(W)", "a = unknown(W)",
    "a = ast.parse('1')", "a = (b := 2)", "a = np.save('x', W)", "a = input()", "a += 1", "a = W.tofile('x')",
])  # fmt: skip
def test_a_line_that_may_do_more_cannot(text):
    assert not can_run_again(line(text), KNOWN)


def test_what_is_stored_in_a_table_an_array_or_an_object_is_kept():
    assert all(keeps_something(line(text)) for text in ("t['a'] = a", "M[0, 0] = a", "o.s = a"))
    assert not keeps_something(line("b = a"))


def test_a_function_that_made_a_number_is_not_called_again(tmp_path):
    made = tmp_path / "made.txt"
    text = f"""
import numpy as np

def fitted():
    with open({str(made)!r}, "a") as file:
        file.write("once ")
    return 3.0

SCALE = fitted()
L = np.log(SCALE) / 3

def forward(z):
    return SCALE * z, np.full(len(z), 2 * L)

def inverse(x):
    return x / SCALE, np.full(len(x), -2 * L)
"""
    trial = trial_of(module_of(text, tmp_path, "fitted"))
    with np.errstate(all="ignore"):
        Search(trial).repair()
    assert made.read_text() == "once "


def test_objects_that_set_their_attributes_themselves_are_left_alone(tmp_path):
    text = """
import numpy as np

class Layer:
    def __init__(self):
        object.__setattr__(self, "_held", {})
        self.scale = np.array([2.0, 3.0])
        self.log = np.log(self.scale) / 2

    def __setattr__(self, name, value):
        self._held[name] = value

    def __getattr__(self, name):
        return self._held[name]

    def forward(self, z):
        return z * self.scale, np.full(len(z), self.log.sum())

    def inverse(self, x):
        return x / self.scale, np.full(len(x), -self.log.sum())

layer = Layer()
forward, inverse = layer.forward, layer.inverse
"""
    module = module_of(text, tmp_path, "held")
    with np.errstate(all="ignore"):
        Search(trial_of(module)).repair()
    assert np.array_equal(module.layer.scale, [2.0, 3.0])
