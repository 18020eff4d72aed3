"""An expression in its tree: what a message shows of it, on which line it stands, and what is around it."""

import ast

import pytest

from nfscratch.check.repair.edit import Edit, Place, is_endless, placed, places, shown_source, source
from nfscratch.check.repair.of_lines import left_out

TEXT = """
def outer(a):
    total = 0
    for k in range(a):
        total += (lambda v: v * 2)(k)
    return [m + 1 for m in range(total)]
"""


def place_of(part, text=TEXT):
    return next(p for p in places(ast.parse(text)) if source(p.node) == part)


def expression(text):
    return ast.parse(text, mode="eval").body


def test_a_loop_is_shown_by_what_it_runs_over():
    tree = ast.parse(TEXT)
    loop = next(p for p in places(tree) if isinstance(p.node, ast.For))
    inner = next(p for p in places(tree) if isinstance(p.node, ast.comprehension))
    assert loop.before == "for k in range(a)" and inner.before == "for m in range(total)"
    for place, said in ((loop, "for k in q"), (inner, "for m in q")):
        edit = Edit(place.node, "iter", expression("q"))
        with edit.done():
            assert place.after(edit) == said
    assert shown_source(loop.node.body[0]) == "total += (lambda v: v * 2)(k)"


@pytest.mark.parametrize(("part", "line", "function", "statement"), [
    ("v * 2", 5, "lambda v: v * 2", "total += (lambda v: v * 2)(k)"),
    ("m + 1", 6, "outer", "return [m + 1 for m in range(total)]"),
    ("range(total)", 6, "outer", "return [m + 1 for m in range(total)]"), ("total = 0", 3, "outer", "def outer"),
    ("range(a)", 4, "outer", "for k in range(a)"), ("a", 2, "outer", "def outer"),
])  # fmt: skip
def test_what_is_around_an_expression(part, line, function, statement):
    place = place_of(part)
    of = place.function
    assert place.line == line and (of.name if isinstance(of, ast.FunctionDef) else source(of)) == function
    assert source(place.statement).startswith(statement)


def test_what_stands_in_no_function():
    place = place_of("b", "y = b")
    assert place.function is None and source(place.statement) == "y = b" and place.line == 1
    whole = place_of("y = b", "y = b")
    assert whole.statement is None and whole.function is None and whole.index == 0 and place.index is None


def test_an_expression_is_exchanged_for_one_that_stands_in_its_place():
    tree = ast.parse("\n\ny = f(a, b)").body[0]
    found = {source(p.node): p for p in places(tree)}
    edit = found["b"].exchanged(ast.Name("c", ast.Load()))
    assert edit.field == "args" and [source(a) for a in edit.new] == ["a", "c"] and edit.new[1].lineno == 3
    with edit.done():
        assert source(tree) == "y = f(a, c)" and found["b"].after(edit) == "y = f(a, c)"
    single = found["f(a, b)"].exchanged(expression("g"))
    assert single.new.lineno == 1 and single.node is tree and single.field == "value"  # it had a place of its own
    assert [source(a) for a in found["f(a, b)"].node.args] == ["a", "b"]


def test_a_statement_is_shown_as_it_is_after_its_edit():
    tree = ast.parse("y = a\nz = b")
    line = next(p for p in places(tree) if source(p.node) == "y = a")
    edit = line.exchanged(ast.parse("y = c").body[0])
    with edit.done():
        assert line.before == "y = a" and line.after(edit) == "y = c"
    gone = Edit(tree, "body", tree.body[1:], left_out(tree.body[0]))
    with gone.done():
        assert line.after(gone) == "y = a" and source(tree) == "z = b"
    elsewhere = Edit(tree.body[1], "value", expression("c"))
    with elsewhere.done():
        assert line.after(elsewhere) == "y = a"


def test_where_no_part_is_short_the_nearest_is_shown():
    long = "a" * 61
    place = place_of("b", f"y = {long} + b")
    assert place.before == f"{long} + b"
    lonely = place_of(f"{long} = 1", f"{long} = 1")
    assert lonely.before == f"{long} = 1"
    tree = expression("b")
    assert Place(tree, ast.Module([], []), "body", None, ()).shown.body == []


@pytest.mark.parametrize(("text", "endless"), [
    ("np.c_", True), ("np.r_", True), ("np.s_", True), ("np.mgrid", True), ("np.ogrid", True), ("np.index_exp", True),
    ("np.c", False), ("c_", False), ("np.c_[a, b]", False),
])  # fmt: skip
def test_what_answers_every_index(text, endless):
    assert is_endless(expression(text)) is endless


def test_a_copy_stands_where_another_does():
    like = ast.parse("\n\n\ny = a").body[0].value
    given = expression("b + c")
    new = placed(given, like)
    assert source(new) == "b + c" and new is not given and given.left.lineno == 1
    assert {n.lineno for n in ast.walk(new) if hasattr(n, "lineno")} == {4}
