"""Lines of functions whose inner functions live on, and of makers of objects: which run again, and with what."""

import ast
from functools import partial
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of

from nfscratch.check.repair import made_cells, made_objects, maker_lines, masked_draws
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.live_code import Reached


def body_of(text):
    return ast.parse(text).body


def put(statement, part, new):
    """The edit of a part of a line."""
    place = next(p for p in places(statement.tree) if source(p.node) == part)
    return place.exchanged(ast.parse(new, mode="eval").body).done()


# --- lines of functions whose inner functions live on ---


CELLS = """
    import numpy as np

    calls = []


    def double(a):
        return 2 * a


    def noted(a):
        calls.append(a)
        return 2 * a


    def layer(k, order):
        scale = {call}(k)
        back = np.argsort(order)

        def forward(z):
            return z[:, back] * scale

        return forward


    forward = layer(2.0, [1, 0])


    def at_once(z):
        return layer(2.0, [1, 0])(z)
"""


def cells(module, function):
    reached = Reached(partial(function, onp.ones((2, 2))))
    return [source(each.tree) for each in made_cells.made_cells(reached, reached.lines)], reached


def test_a_pure_function_of_the_users_may_run_again_and_no_other(tmp_path):
    module = module_of(CELLS.format(call="double"), tmp_path, "pure")
    lines, reached = cells(module, module.forward)
    assert lines == ["scale = double(k)", "back = np.argsort(order)"] and list(made_cells.made_cells(reached, {})) == []
    gone = module_of(CELLS.format(call="double").replace("forward = layer", "layer"), tmp_path, "gone")
    _, reached = cells(gone, gone.at_once)
    reached.locals.clear()  # they hold what was made last
    assert list(made_cells.made_cells(reached, reached.lines)) == []
    module = module_of(CELLS.format(call="noted"), tmp_path, "noted")
    assert cells(module, module.forward)[0] == ["back = np.argsort(order)"] and module.calls == [2.0]


def test_the_changes_of_a_line_name_what_the_function_had_then(tmp_path):
    module = module_of(CELLS.format(call="double"), tmp_path, "otherwise")
    _, reached = cells(module, module.forward)
    scopes = []
    changes = lambda place, scope: scopes.append(scope) or [ast.Constant(7)]  # noqa: E731
    tried = list(made_cells.cells_otherwise(reached, reached.lines, changes))
    assert {source(s.tree) for s, _, _ in tried} == {"scale = double(k)", "back = np.argsort(order)"}
    own = scopes[0]
    assert own.locals["k"] == 2.0 and own.locals["order"] == [1, 0] and own.named == {"scale", "double", "k"}
    assert "np" in own.module and not any(name.startswith("__") for name in own.module)


def test_the_cells_of_one_call_are_taken_together():
    def outer(a):
        b = a + 1

        def first():
            return a

        def second():
            return a + b

        return first, second

    pairs = [outer(1), outer(5)]
    codes = [f.__code__ for f in pairs[0]]
    held = sorted(
        ({k: c.cell_contents for k, c in each.items()} for each in made_cells._calls(codes)), key=lambda d: d["a"]
    )
    assert held == [{"a": 1, "b": 2}, {"a": 5, "b": 6}] and made_cells._calls([outer.__code__]) == [{}]

    def unset():
        def inner():
            return later, known

        known = 3
        if known > 5:
            later = 1
        return inner

    function = unset()
    names = dict(zip(function.__code__.co_freevars, function.__closure__, strict=True))
    assert made_cells._kept(names) == {"known": 3}


# --- lines of makers ---


class Layer:
    def forward(self, z):
        return z


def attribute(text, k, after, known=({},), **held):
    maker = body_of(text)[0]
    each = Layer()
    vars(each).update(held)
    return made_objects.MadeAttribute(maker, k, [maker.body[j] for j in after], "f.py", [each], [list(known)])


def test_a_line_after_it_may_read_a_local_variable_that_comes_between():
    text = "def __init__(self, n):\n    self.a = 2 * n\n    k = 3\n    self.b = self.a + k\n    self.c = 5"
    line = attribute(text, 0, [2], [{"n": 4.0}], a=8.0, b=11.0, c=5)
    assert line.is_repeatable and [made for _, made in line.all_made()] == [{"a": 8.0, "b": 11.0}]
    (owner,) = line.owners
    with put(line, "2", "3"), pytest.raises(ZeroDivisionError), line.edited():
        assert vars(owner) == {"a": 12.0, "b": 15.0, "c": 5}
        raise ZeroDivisionError
    assert vars(owner) == {"a": 8.0, "b": 11.0, "c": 5}
    assert not attribute(text, 0, [2], [{"n": 4.0}], a=8.0, b=12.0, c=5).is_repeatable


def test_the_variables_of_a_maker_with_its_object_by_its_name():
    line = attribute(
        "def __init__(me, n):\n    k = n + 1\n    me.a = 2 * k", 1, [], [{"n": 4.0, "__name__": "m", "G": 7}], a=10.0
    )
    scope = maker_lines.MakerScope(line, SimpleNamespace(codes={}, locals={}, globals={}))
    (owner,) = line.owners
    assert (
        scope.locals == {"n": 4.0, "k": 5.0, "me": owner} and scope.locals["me"] is owner and scope.named == {"me", "k"}
    )
    assert scope.module.keys() >= {"G", "n", "k"} and "__name__" not in scope.module and scope.function is None


def test_a_line_of_a_call_has_no_object():
    maker = body_of("def layer(k):\n    scale = 2 * k")[0]
    line = made_cells.MadeCell(maker, 0, [], "f.py", [{"scale": SimpleNamespace(cell_contents=6.0)}], [[{"k": 3.0}]])
    scope = maker_lines.MakerScope(line, SimpleNamespace(codes={}, locals={}, globals={}))
    assert line.is_repeatable and line.me == "" and scope.locals == {"k": 3.0} and "" not in scope.locals


# --- masks that are put on once more ---


def test_a_mask_that_has_a_name_and_may_be_read_again_is_put_on():
    line, asked = body_of("W = draw() * M[0] * M * net.M")[0], []

    def put_on(again):
        asked.clear()
        return source(masked_draws.masked_again(line, again, lambda name: asked.append(name) or onp.eye(2)))

    assert put_on(lambda part: not isinstance(part.value, (ast.BinOp, ast.Call))) == "W = W * M * net.M" and asked == [
        "M",
        "net.M",
    ]
    assert put_on(lambda part: source(part.value) == "M") == "W = W * M" and put_on(lambda part: False) == source(line)
    assert masked_draws.masked_again(line, lambda part: True, None) is line


def test_a_mask_is_an_array_of_zeros_and_ones():
    for value, said in (
        (onp.array([0.0, 1.0]), True), (onp.array([True, False]), True), (onp.eye(2), True),
        (onp.array([0.0, 2.0]), False), (onp.array(1.0), False),
        ([0.0, 1.0], False), (1.0, False), (None, False), (onp.array([[1, 0], [0, -1]]), False),
    ):  # fmt: skip
        assert masked_draws._is_mask(value) is said, value
