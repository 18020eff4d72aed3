"""Lines of modules that run again: which do, with what, and what they leave."""

import ast
import linecache
from functools import partial
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of

from nfscratch.check.repair import made, made_cells
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made import MadeByFunction, MadeStatement, ModuleScope


def body_of(text):
    return ast.parse(text).body


def stub(**held):
    """What a run met, of no function at all."""
    return SimpleNamespace(codes={}, locals=held, globals={})


def put(statement, part, new):
    """The edit of a part of a line."""
    place = next(p for p in places(statement.tree) if source(p.node) == part)
    return place.exchanged(ast.parse(new, mode="eval").body).done()


# --- lines of a module ---


def test_a_line_is_made_again_with_those_after_it_and_all_comes_back():
    body = body_of("a = 2.0\nb = a * 3\nc = b + a\nd = 5.0")
    held = {"a": 2.0, "b": 6.0, "c": 8.0, "d": 5.0, "k": 1}
    line = MadeStatement(body[0], body[1:3], "f.py", held, body[1:])
    assert line.before == {"k": 1} and line.first == [] and line.then == body[1:3] and line.is_repeatable
    assert line.nodes == sum(len(list(ast.walk(each))) for each in body[:3]) and line.known == {}
    with put(line, "2.0", "4.0"):
        assert not line.is_repeatable
        with pytest.raises(ZeroDivisionError), line.edited():
            assert held == {"a": 4.0, "b": 12.0, "c": 16.0, "d": 5.0, "k": 1}
            raise ZeroDivisionError
    assert held == {"a": 2.0, "b": 6.0, "c": 8.0, "d": 5.0, "k": 1}
    alone = MadeStatement(body[3], [], "f.py", held, [])
    assert alone.then == [] and alone.before == {"a": 2.0, "b": 6.0, "c": 8.0, "k": 1}
    with put(alone, "5.0", "lost"):
        assert not alone.is_repeatable
        with pytest.raises(ValueError, match="lost"), alone.edited():
            pytest.fail("it runs")


def test_what_is_drawn_before_and_after_a_line_is_drawn_again():
    text = "g = np.random.default_rng(3)\nx = g.normal()\na = 2.0\nb = a * g.normal()\nc = g.normal()\nd = b + 1"
    body, held = body_of(text), {"np": onp}
    exec(text, held)
    held["other"] = 1
    line = MadeStatement(body[2], [body[5], body[3]], "f.py", held, body[3:], [body[4], body[0], body[1], body[3]])
    assert line.first == [body[0], body[1]] and line.then == [body[3], body[4], body[5]]
    line.first = body[:2]
    before, g = dict(held), held["g"]
    assert line.is_repeatable
    with put(line, "2.0", "4.0"), line.edited():
        assert (
            held["b"] == 2 * before["b"]
            and held["d"] == held["b"] + 1
            and (held["x"], held["c"]) == (before["x"], before["c"])
        )
        assert held["g"] is g  # a generator is no number
    assert held == before
    itself = MadeStatement(body[3], [], "f.py", held, body[4:], [body[0], body[1], body[3]])
    assert itself.first == [body[0], body[1]] and itself.then == [] and itself.is_repeatable


def test_a_function_that_made_something_runs_again_with_all_its_calls():
    body = body_of("def f(a):\n    b = 2 * a\n    return b\ns = f(1.0)\nt = s + f(2.0)")
    held = {"s": 2.0, "t": 6.0, "f": len, "k": 3}
    line = MadeByFunction(body[0], body[1:], "f.py", held)
    assert (
        line.is_repeatable
        and line.makes_by_function
        and line.locals == {"a": 2.0, "b": 4.0}
        and line.before == {"f": len, "k": 3}
    )
    with put(line, "2 * a", "3 * a"), line.edited():
        assert (held["s"], held["t"], held["f"]) == (3.0, 9.0, len)
    assert (held["s"], held["t"]) == (2.0, 6.0)
    scope = ModuleScope(line, stub())
    assert scope.locals == line.locals and scope.module is line.before and {"a", "b"} <= scope.named
    plain = ModuleScope(MadeStatement(body[1], [], "f.py", held, []), stub())
    assert plain.locals == {} and plain.named == {"f", "s"}


def test_changes_of_a_number_that_the_caller_says_too_are_none(monkeypatch):
    body = body_of("D, s = 3, 2.5")
    line = MadeStatement(body[0], [], "f.py", {"D": 3, "s": 2.5}, [])
    reached, asked = stub(k={"z": onp.ones((5, 3))}), []
    monkeypatch.setattr(made, "made_statements", lambda *of: asked.append(of) or [line])

    def changes(place, scope):
        return [ast.Constant(7)] if isinstance(place.node, ast.Constant) and scope.module is line.before else []

    tried = [
        (place.before, source(edit.new[1]) if place.index else "")
        for _, place, edit in made.made_otherwise(reached, {"f.py": {1}}, changes)
    ]
    assert tried == [("D, s = (3, 2.5)", "7")] and asked == [(reached, {"f.py": {1}})]
    assert any(source(place.node) == "2.5" for _, place, _ in made.made_otherwise(reached, {}))


def found(text, folder, name="lines", call="forward(onp.ones((2, 2)))", **lines):
    module = module_of(text, folder, name)
    reached = Reached(partial(module.forward, onp.ones((2, 2))))
    return [
        source(each.tree).split(":")[0] for each in made.made_statements(reached, lines.get("lines", reached.lines))
    ]


def test_what_no_function_reads_is_not_made_again(tmp_path):
    """A line that comes after the last reader feeds nothing, and neither does a call of a function there."""
    text = "import numpy as np\ndef twice(a): return 2 * a\ns = 1.0\nhalf = s / 2\n{}\ndef forward(z): return z * half"
    assert found(text.format(""), tmp_path) == ["s = 1.0", "half = s / 2"]
    assert found(text.format("s = 3.0"), tmp_path, "again") == []
    assert found(text.format("s = twice(3.0)"), tmp_path, "by_call") == []
    assert found(text.replace("s = 1.0", "s = twice(3.0)").format(""), tmp_path, "twice") == [
        "s = twice(3.0)",
        "half = s / 2",
        "def twice(a)",
    ]
    assert found(text.format(""), tmp_path, "none", lines={}) == []


def test_a_file_that_cannot_be_read_any_more_has_no_lines(tmp_path):
    module = module_of("s = 2.0\ndef forward(z): return z * s", tmp_path, "broken")
    reached = Reached(partial(module.forward, onp.ones(2)))
    assert [source(each.tree) for each in made.made_statements(reached, reached.lines)] == ["s = 2.0"]
    file = module.__file__
    linecache.cache[file] = (5, None, ["def (\n"], file)
    assert (
        list(made.made_statements(reached, reached.lines)) == list(made_cells.made_cells(reached, reached.lines)) == []
    )


def test_a_line_feeds_what_reads_it_through_other_lines():
    body = body_of("a = 1\nb = a\nprint(a)\nc = b\nd = e\ndef f(): return d")
    for line, rest, read, said in (
        (0, 1, {"c"}, True), (0, 1, {"a"}, True), (0, 1, {"d"}, False), (0, 3, {"c"}, False), (3, 4, {"c", "q"}, True),
        (1, 2, {"a"}, False),
    ):  # fmt: skip
        assert made._feeds(body[line], body[rest:], read) is said, (line, rest, read)


def test_a_line_that_assigns_numbers_and_calls_what_can_be_called_again():
    held = {"a": 1.0, "b": [1.0, 2], "s": "text", "f": body_of, "np": onp}
    for text, pure, said in (
        ("a = 1", (), True), ("a, b = 1, 2", (), True), ("s = 1", (), False), ("a, s = 1, 2", (), False),
        ("lost = 1", (), False), ("a = f(1)", (), False),
        ("a = f(1)", {"f"}, True), ("a = np.random.normal()", (), False), ("f(1)", (), False), ("a += 1", (), False),
    ):  # fmt: skip
        assert made._is_plain(body_of(text)[0], held, pure) is said, text
