"""Lines that made something once: those of modules and of calls that live on; and draws that come again."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of

from nfscratch.check.repair import made, made_lines, maker_lines, seeded
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made_cells import made_cells


def line(text):
    return ast.parse(text).body[0]


def texts(lines):
    return None if lines is None else [source(each) for each in lines]


# --- numbers of a module that the caller says, too ---


@pytest.mark.parametrize(("text", "part", "stated"), [
    ("D = 3", "3", True), ("D, H = 3, 8", "3", True), ("D, H = 3, 8", "8", False), ("D = 3 + 1", "3", False),
    ("D = 3.0", "3.0", False), ("D = True", "True", False), ("D = 4", "4", False), ("D += 3", "3", False),
    ("D = k", "k", False), ("f(3)", "3", False),
])  # fmt: skip
def test_how_many_columns_there_are_is_stated(text, part, stated):
    """Of z (4, 3): the columns and not the rows."""
    place = next(p for p in places(ast.parse(text)) if source(p.node) == part)
    reached = SimpleNamespace(locals={1: {"z": onp.ones((4, 3)), "k": 8, "row": onp.ones(8)}})
    assert made._is_stated(place, reached) is stated


# --- draws with a seed ---


@pytest.mark.parametrize(("text", "is_one"), [
    ("np.random.default_rng(3)", True), ("default_rng(3)", True), ("np.random.RandomState(3)", True),
    ("np.random.default_rng()", False), ("np.random.default_rng(None)", False), ("np.random.default_rng(k)", False),
    ("np.random.default_rng(seed=3)", False), ("np.random.default_rng(3, seed=1)", False), ("normal(3)", False),
    ("np.random.default_rng(3, 4)", False), ("np.random.default_rng", False), ("3", False),
])  # fmt: skip
def test_a_generator_whose_draws_come_again(text, is_one):
    assert seeded._is_maker(ast.parse(text, mode="eval").body) is is_one


def test_the_lines_that_draw():
    body = ast.parse("g = default_rng(1)\nh = default_rng(2)\nh = 5\na = g.normal()\nb = h\nc = a\nd = g.normal()").body
    draws = seeded.Draws(body)
    assert list(draws.makers) == ["g"] and texts(draws.lines) == texts([body[0], body[3], body[6]])
    every, none = (lambda line: True), (lambda line: False)
    assert texts(draws.needed_for([body[3]], every)) == texts([body[0], body[3]])
    assert texts(draws.needed_for([body[6], body[3]], every)) == texts([body[0], body[3], body[6]])
    assert draws.needed_for([body[4], body[5]], none) == [] and draws.needed_for([body[3]], none) is None
    assert texts(draws.needed_for([body[0]], none)) == texts(body[:1])


DRAWN = """
    import numpy as np

    gen = np.random.default_rng(3)
    deg = np.array([0, 1])
    mask = (deg[:, None] >= deg[None, :]) * 1.0
    W = gen.normal(size=(2, 2)) * mask
    half = W / 2
    late = gen.normal(size=2)


    def forward(z):
        return z @ half, np.zeros(len(z))
"""


def test_what_hangs_on_a_mask_is_made_with_the_numbers_that_were_drawn_then(tmp_path):
    module = module_of(DRAWN, tmp_path, "drawn")
    reached = Reached(lambda: module.forward(onp.ones((3, 2))))
    found = {source(each.tree): each for each in made.made_statements(reached, reached.lines)}
    mask, W = "mask = (deg[:, None] >= deg[None, :]) * 1.0", "W = gen.normal(size=(2, 2)) * mask"
    assert {mask, W, "half = W / 2"} <= set(found) and "late = gen.normal(size=2)" not in found
    before = dict(vars(module))
    each = found[W]
    each.tree.value = ast.parse("gen.normal(size=(2, 2))", mode="eval").body
    ast.fix_missing_locations(each.tree)
    with each.edited():
        full = onp.random.default_rng(3).normal(size=(2, 2))
        assert (module.W == full).all() and (module.half == full / 2).all() and module.gen is before["gen"]
        assert (module.late == before["late"]).all()
    assert all(vars(module)[name] is value for name, value in before.items())
    assert list(made.made_statements(reached, {})) == []


BY_FUNCTION = """
    import numpy as np


    def twice(a):
        b = 2 * a
        return b + 1


    SCALE = twice(3.0)
    half = SCALE / 2
    other = [twice(1.0), 5.0]


    def forward(z):
        return z * half, np.zeros(len(z))
"""


def test_a_function_that_made_a_number_is_another_one_for_all_its_calls(tmp_path):
    module = module_of(BY_FUNCTION, tmp_path, "by_function")
    reached = Reached(lambda: module.forward(onp.ones((3, 2))))
    (each,) = [m for m in made.made_statements(reached, reached.lines) if m.makes_by_function]
    assert each.tree.name == "twice" and texts(each.after)[:2] == ["SCALE = twice(3.0)", "half = SCALE / 2"]
    assert each.locals == {"a": 1.0, "b": 2.0} and each.runs_at_import and each.is_repeatable
    assert made.ModuleScope(each, reached).locals == each.locals
    before = dict(vars(module))
    place = next(p for p in places(each.tree) if source(p.node) == "b + 1")
    with place.exchanged(ast.parse("b - 1", mode="eval").body).done():
        assert not each.is_repeatable
        with each.edited():
            assert (module.SCALE, module.half, module.other) == (5.0, 2.5, [1.0, 5.0])
    assert all(vars(module)[name] is value for name, value in before.items())
    assert not [m for m in made.made_statements(reached, {}) if m.makes_by_function]


# --- calls that live on ---


CALLS = """
    import numpy as np


    def layer(k, order):
        scale = k + 2.0
        back = np.argsort(order)
        unread = 3 * scale

        def forward(z):
            return z[:, back] * scale, np.zeros(len(z))

        return forward


    layers = [layer(k, [1, 0]) for k in range({count})]
"""


@pytest.mark.parametrize(("count", "found"), [(12, ["scale = k + 2.0", "back = np.argsort(order)"]), (13, [])])
def test_the_calls_of_a_function_that_are_looked_at(count, found, tmp_path):
    module = module_of(CALLS.format(count=count), tmp_path, "calls")
    reached = Reached(lambda: [forward(onp.ones((1, 2))) for forward in module.layers])
    lines = list(made_cells(reached, reached.lines))
    assert [source(each.tree) for each in lines] == found and all(len(each.owners) == count for each in lines)
    for each in lines[:1]:
        held = [forward.__closure__ for forward in module.layers]
        place = next(p for p in places(each.tree) if source(p.node) == "2.0")
        with pytest.raises(ZeroDivisionError), place.exchanged(ast.Constant(3.0)).done(), each.edited():
            assert [forward(onp.ones((1, 2)))[0][0, 0] for forward in module.layers] == [k + 3.0 for k in range(count)]
            raise ZeroDivisionError
        assert [forward(onp.ones((1, 2)))[0][0, 0] for forward in module.layers] == [k + 2.0 for k in range(count)]
        assert held == [forward.__closure__ for forward in module.layers]
        assert [made["scale"] for _, made in each.all_made()] == [k + 2.0 for k in range(count)]
        each.tree.value = ast.parse("k + lost", mode="eval").body
        ast.fix_missing_locations(each.tree)
        with pytest.raises(ValueError, match="lost"), each.edited():
            pass


# --- guesses and lines before ---


class Stub(maker_lines.MakerLine):
    """A line that gives its owner's table a number."""

    def made_for(self, owner, inside):
        return {name: made_lines.run_again([self.tree], "f.py", dict(inside))[name] for name in ("b",) if "a" in inside}

    def held(self, owner, name):
        return owner[name]


def test_the_first_guess_that_gives_what_an_owner_holds():
    maker = line("def make(k):\n    a = k + 1\n    b = 2 * a\n    c = b")
    stub = lambda owners, known: Stub(maker, 1, maker.body[2:], "f.py", owners, known)  # noqa: E731
    one = stub([{"b": 8}, {"b": 4}], [[{"k": 5}, {}, {"k": 3}], [{"k": 1}, {"k": 3}]])
    assert [inside["a"] for inside in one.inside] == [4, 2] and one.is_repeatable
    assert one.all_made() == [({"b": 8}, {"b": 8}), ({"b": 4}, {"b": 4})]
    assert one.rest == [] and one.nodes == 2 * sum(1 for part in maker.body[1:] for _ in ast.walk(part))
    for known in ([{"k": 5}], [{}], [], [{"k": 3.0}]):
        none = stub([{"b": 8}], [known])
        assert none.inside == [None] and not none.is_repeatable
    assert Stub(maker, 1, [], "f.py", [{"b": 8}], [[{"k": 3}]]).rest == maker.body[2:]


def test_variables_that_the_lines_before_gave():
    lines = ast.parse("a = 1\nb = lost\nc = a + k\nself.d = 5\nopen(c)\ne, f = a, 2\nself.g, h = 1, 2").body
    me = SimpleNamespace(d=1, g=0)  # which it has from the run that made it
    found = made_lines.with_locals(lines, "f.py", {"k": 3, "self": me}, "self")
    assert vars(me) == {"d": 1, "g": 0}
    assert {k: v for k, v in found.items() if k in "abcdefgh"} == {"a": 1, "c": 4, "e": 1, "f": 2}
    with pytest.raises(ValueError, match="lost"):
        made_lines.run_again(lines[1:2], "f.py", {})


@pytest.mark.parametrize(("text", "keeps"), [
    ("a = dict(dim=D)", False), ("print(D)", False), ("assert D", False), ("a = f(D)", True), ("a = b.f(D)", True),
    ("a[0] = D", True), ("a.b = D", True), ("if __name__ == '__main__': f(D)", False), ("if D: f(D)", True),
    ("for k in D: pass", True), ("a = lambda: f(D)", False), ("a = [lambda: f(D)]", False), ("a = g(lambda: D)", True),
    ("a += D", True), ("def f(): return D", True), ("a, b = D", False),
])  # fmt: skip
def test_what_may_keep_an_old_value(text, keeps):
    assert made_lines.keeps_something(line(text)) is keeps


@pytest.mark.parametrize(("a", "b", "same"), [
    ({"a": 1.0}, {"a": 1.0}, True), ({"a": 1.0}, {"a": 2.0}, False), ({"a": 1.0}, {"b": 1.0}, False), ({}, {}, True),
    ({"a": 1.0}, [1.0], False), (onp.array([1.0, onp.nan]), onp.array([1.0, onp.nan]), True),
    ([1, [2]], [1, [2]], True), ([1, [2]], [1, [3]], False),
])  # fmt: skip
def test_the_same_tables_and_rows_again(a, b, same):
    assert made_lines.is_same(a, b) is same


@pytest.mark.parametrize(("value", "numbers"), [
    ({"a": 1.0}, True), ({}, False), ({"a": "b"}, False), ([[1.0], (2, onp.ones(1))], True), ({"a": [1.0]}, True),
])  # fmt: skip
def test_tables_of_numbers(value, numbers):
    assert made_lines.is_of_numbers(value) is numbers
