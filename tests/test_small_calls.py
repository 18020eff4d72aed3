"""Calls when a module was imported, conditions put to other arrays, and the points of a density that is searched."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import beside, call_sites, conditions

# --- the search in a density ---


@pytest.mark.parametrize(("true", "rows"), [
    (onp.arange(6.0), [0, 1, 2, 3, 4, 5]), (onp.arange(6.0)[::-1], [5, 4, 3, 2, 1, 0]),
    (-onp.arange(40.0), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]),
    (onp.where(onp.arange(6) == 2, -onp.inf, 1.0), [0, 1, 3, 4, 5]),
    (onp.arange(20.0), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
])  # fmt: skip
def test_the_points_at_which_a_density_is_an_ordinary_number(true, rows):
    search = object.__new__(beside.SearchBeside)
    search.__dict__["_true"] = true
    assert search._rows.tolist() == rows


# --- calls at import ---


def test_what_a_statement_runs_with():
    given = {"k": 2, "rows": [1.0, [2]], "own": SimpleNamespace(), "np": onp, "mixed": [1, SimpleNamespace()]}
    stood = call_sites._stood_in(given | {"__builtins__": {"open": open}})
    stands = {name for name, value in stood.items() if isinstance(value, call_sites.StandIn)}
    assert stands == {"own", "mixed", "__builtins__"} and stood["np"] is onp and stood["k"] == 2
    assert stood["rows"] == given["rows"] and stood["rows"][1] is not given["rows"][1]
    assert stood["own"].anything(1).more is stood["own"]
    with pytest.raises(AttributeError):
        stood["own"].__array__  # noqa: B018


@pytest.mark.parametrize(("text", "risky"), [
    ("a = make(np.random.default_rng(0))", False), ("a = make(np.random.RandomState(0))", True),
    ("a = make(open('x'))", True), ("np.random.seed(make(1))", True), ("a = make(1)", False),
    ("a = f.write(make)", True),
])  # fmt: skip
def test_a_statement_that_is_not_run_again(text, risky):
    assert call_sites._is_risky(ast.parse(text).body[0]) is risky


def test_calls_by_their_arguments():
    class Layer:
        def __init__(self, size, odd=False, *more):
            raise AssertionError("it runs")

    body = ast.parse("a = [Layer(k) for k in range(30)]\nb = Layer(1, *[2, 3])\nwhile Layer(1): pass\nc = Layer()").body
    calls = call_sites.calls_at_import("Layer", Layer.__init__, body, "f.py", {"Layer": Layer, "np": onp})
    assert calls == [{"self": None, "size": k, "odd": False, "more": ()} for k in range(24)]
    assert call_sites.calls_at_import("Layer", Layer.__init__, body[1:2], "f.py", {"Layer": Layer}) == [
        {"self": None, "size": 1, "odd": 2, "more": (3,)},
    ]  # fmt: skip
    assert call_sites.calls_at_import("Layer", Layer.__init__, body[2:], "f.py", {"Layer": Layer}) == []
    assert call_sites.calls_at_import("Layer", 5, body, "f.py", {}) == []


def test_conditions_that_are_put_to_other_arrays():
    function = ast.parse(
        "def f(a):\n    b = np.where(a > 0, a, 0)\n    return np.where(m, b, 1), np.where(a > 0, 1, b < 2)"
    )
    found = lambda text: [ast.unparse(t) for t in conditions.comparisons(function, ast.parse(text))]  # noqa: E731
    assert (
        found("a") == ["a > 0"]
        and found("np.where(a > 0, a, 0)") == []
        and conditions.comparisons(None, function) == []
    )
    several = ast.parse("".join(f"a = where.where(a > {k}, a, 0)\n" for k in range(6)))
    assert len(conditions.comparisons(several, ast.parse("a"))) == 4
