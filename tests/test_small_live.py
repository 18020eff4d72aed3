"""Living functions with another syntax tree: their code is exchanged and put back; some trees cannot stand there."""

import ast
import linecache

import numpy as onp
import pytest
from edited_code import module_of

from nfscratch.check.repair import evidence, search
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.live_code import Reached, live_statements
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.screens import OfLogDet, OfRoundTrip

TEXT = """
    import functools

    K = 4.0


    def outer(a):
        b, d = 2, 5

        def inner(x):
            return x + a * b

        return inner


    inner = outer(3)


    @functools.lru_cache
    def kept(x):
        return [k * x for k in range(3)]


    class Layer:
        def forward(self, x):
            return x * K, d


    def lost(x):
        return x


    d = 7
"""


@pytest.fixture
def live(tmp_path):
    """The module, and its statements with living functions by their names."""
    module = module_of(TEXT, tmp_path, "living")
    reached = Reached(lambda: (module.inner(1), module.kept(2), module.Layer().forward(3)))
    return module, reached, {s.tree.name: s for s in live_statements(reached)}


def change(statement, part, new):
    place = next(p for p in places(statement.tree) if source(p.node) == part)
    return place.exchanged(ast.parse(new, mode="eval").body)


def test_the_statements_whose_functions_a_run_went_through(live):
    module, _, statements = live
    assert list(statements) == ["outer", "kept", "Layer"]
    outer = statements["outer"]
    assert [f for _, f in outer.functions] == [module.inner] and outer.nodes == len(list(ast.walk(outer.tree)))
    assert [f.__name__ for _, f in statements["Layer"].functions] == ["forward"]
    assert list(outer.known.values()) == [module.inner.__code__] and outer.file == module.__file__
    assert outer.runs_at_import is outer.makes_by_function is False


@pytest.mark.parametrize(("new", "gives"), [("x - a * b", -5), ("x + a", 4), ("x", 1), ("K", 4.0), ("a * b * 10", 60)])
def test_a_living_function_gets_another_body_and_its_own_again(live, new, gives):
    module, _, statements = live
    edit = change(statements["outer"], "x + a * b", new)
    with pytest.raises(ZeroDivisionError), edit.done(), statements["outer"].edited():
        assert module.inner(1) == gives
        raise ZeroDivisionError
    assert module.inner(1) == 7


@pytest.mark.parametrize(("new", "words"), [("x + d", "other variables"), ("x + (lambda: 1)()", "is lost")])
def test_trees_that_cannot_stand_in_the_place_of_a_living_function(live, new, words):
    module, _, statements = live
    edit = change(statements["outer"], "x + a * b", new)
    with edit.done(), pytest.raises(ValueError, match=words), statements["outer"].edited():
        pytest.fail("it stands there")
    assert module.inner(1) == 7


def test_what_python_cannot_compile_cannot_stand_there(live):
    _, _, statements = live
    function = statements["outer"].tree.body[1]
    old, function.body = function.body, [ast.Break()]
    ast.fix_missing_locations(function)
    with pytest.raises(ValueError, match="break"), statements["outer"].edited():
        pytest.fail("it stands there")
    function.body = old


def test_a_file_that_is_another_one_by_now_is_left_alone(live):
    module, reached, _ = live
    file = module.__file__
    lines = linecache.getlines(file)
    for text in ("\n".join(["", *lines]), "def (", "".join(lines).replace("x + a * b", "x + a * b * 1")):
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        names = [s.tree.name for s in live_statements(reached)]
        assert names == (["kept", "Layer"] if "b * 1" in text else [])


def test_the_variables_of_functions_and_comprehensions(live):
    module, reached, statements = live
    of = {name: statements[name].tree for name in statements}
    functions = {"outer": of["outer"].body[1], "kept": of["kept"], "Layer": of["Layer"].body[0]}
    inner, kept, forward = (Scope(functions[name], statements[name], reached) for name in functions)
    assert inner.locals == {"x": 1, "a": 3, "b": 2} and inner.values["K"] == 4.0 and inner.values["d"] == 7
    assert kept.locals["x"] == 2 and kept.locals["k"] == 2 and kept.module is vars(module)
    assert forward.locals["x"] == 3 and "d" in forward.named and forward.values["d"] == 7
    unmet = Scope(statements["outer"].tree, statements["outer"], reached)
    assert unmet.locals == {} == unmet.module and Scope(None, statements["outer"], reached).locals == {}


# --- which values a search looks at ---


def test_which_screen_a_search_has_decides_what_it_asks(monkeypatch):
    made = object.__new__(search.Search)
    made.statements = made.reached = None
    monkeypatch.setattr(search, "met_places", lambda *of: [("s", "p", "scope")])
    monkeypatch.setattr(search, "values_of_log_det", lambda met, screen: ("log_det", met))
    monkeypatch.setattr(search, "values_of_points", lambda met, screen: ("points", met))
    monkeypatch.setattr(evidence, "values_missed", lambda *of: (of, True))
    for kind, found in (
        (OfLogDet, ("log_det", [("s", "p")])),
        (OfRoundTrip, ("points", [("s", "p")])),
        (object, set()),
    ):
        made.__dict__.pop("_relevant", None)
        made.__dict__["screen"] = object.__new__(kind)
        assert made._relevant == found
    made.__dict__["screen"] = object.__new__(OfLogDet)
    assert made._values_missed() == (0, False)
    screen = object.__new__(OfRoundTrip)
    screen.subject, screen.z, screen.near = type("S", (), {"forward": 1, "inverse": 2}), onp.ones(2), 1e-5
    made.reached = type("R", (), {"is_met": 3})
    made.__dict__["screen"] = screen
    assert made._values_missed() == ((1, 2, screen.z, 3, 1e-5), True) and list(made._missing()) == []
