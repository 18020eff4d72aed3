"""What could have been meant for a small number, for a vector that folds a map, for an element of a table."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.pytest_plugin import Law, LawBroken
from nfscratch.check.repair import expressions, names, planar
from nfscratch.check.repair.edit import places, source


@pytest.mark.parametrize(("value", "is_a_tolerance"), [(1e-5, True), (0.0099, True), (0.01, False), (2.0, False)])
def test_a_small_float_may_be_a_tolerance(value, is_a_tolerance):
    found = expressions.constants(value)
    assert (1e-6 * value in found and 1e3 * value in found) is is_a_tolerance


def held(**values):
    """A scope with these variables."""
    named = [(ast.Name(k, ast.Load()), v) for k, v in values.items()]

    def evaluated(node):
        try:
            return eval(compile(ast.Expression(node), "<test>", "eval"), {}, dict(values))
        except TypeError:
            return None

    return SimpleNamespace(
        array_module="np", held=named, value_of=lambda node: values.get(getattr(node, "id", "")), locals=values,
        module={}, evaluated=evaluated,
    )  # fmt: skip


def place_of(text, part):
    return next(p for p in places(ast.parse(text)) if source(p.node) == part)


def test_a_vector_is_kept_above_by_the_numbers_that_the_function_holds():
    w, u = onp.array([1.0, 1.0]), onp.array([-2.0, -1.0])
    wu = float(w @ u)
    known = {"w": w, "u": u, "m": onp.log1p(onp.exp(wu)) - 1, "wu": wu, "other": onp.log1p(onp.exp(wu)) + 1}
    place = place_of("x = z + u * h", "u")
    (new,) = planar.kept_above(place, held(**known))
    assert source(new) == "u + (m - wu) * w / (w @ w)"
    (new,) = planar.kept_above(place, held(w=w, u=u, other=known["other"]))
    assert source(new) == "u + (np.log1p(np.exp(w @ u)) - 1 - w @ u) * w / (w @ w)"
    assert list(planar.kept_above(place, held(w=w, u=-u))) == []


def test_an_element_of_another_table_has_the_same_kind_of_numbers():
    tables = {"xs": onp.arange(4.0), "ys": onp.arange(4.0) ** 2, "ks": onp.arange(4), "k": 2}
    found = [source(new) for new in names.other_tables(place_of("y = xs[k]", "xs[k]"), held(**tables))]
    assert found == ["ys[k]"]


@pytest.mark.parametrize("broken", [True, False])
def test_a_broken_law_is_its_message_and_another_error_its_traceback(broken, monkeypatch):
    monkeypatch.setattr(Law.__mro__[1], "repr_failure", lambda self, excinfo, style=None: "a traceback")
    error = LawBroken("R  it does not undo forward") if broken else KeyError("k")
    excinfo = SimpleNamespace(value=error, errisinstance=lambda kind: isinstance(error, kind))
    said = Law.repr_failure(object.__new__(Law), excinfo)
    assert said == ("R  it does not undo forward" if broken else "a traceback")
