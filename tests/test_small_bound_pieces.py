"""Functions that a loop made, by pieces: what they read, in which loop and list they stand, and several at once."""

import ast
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from made_scopes import nothing_older

from nfscratch.check.repair import bound_together as together
from nfscratch.check.repair import late_binding
from nfscratch.check.repair.edit import Edit, Kind, OfLines, places


@pytest.fixture(autouse=True)
def few_objects():
    with nothing_older():
        yield


def function_of(text):
    return next(n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.Lambda, ast.FunctionDef)))


def test_the_variables_that_a_function_reads_and_does_not_set():
    for text, names in {
        "lambda z: z + M": {"M"}, "lambda z, M=M: z + M": set(), "lambda *z: z + M": set(),
        "lambda z, *, k: k + M": {"M"},
        "lambda z, **k: M": {"M"}, "def f(z):\n    a = z + M\n    return a * N": {"M", "N"}, "lambda: 1": set(),
        "def f(z):\n    for a in z: M = a\n    return M": set(), "lambda z: [v + M for v in z]": {"M"},
    }.items():  # fmt: skip
        assert late_binding._reads_freely(function_of(text)) == names, text


def test_the_loop_around_a_function():
    """The innermost one, and none beyond the function or the class that makes it."""
    for text, loop in {
        "for a in A:\n    f(lambda: a)": "for a in A:",
        "for a in A:\n    for b in B:\n        f(lambda: a)": "for b in B:",
        "for a in A:\n    if a:\n        f(lambda: a)": "for a in A:", "[lambda: a for a in A]": "for a in A",
        "list(lambda: a for a in A)": "for a in A", "{lambda: a for a in A}": None,
        "for b in B:\n    [lambda: a for a in A]": "for a in A",
        "for c in C:\n    [lambda: a for a in A for b in B]": "for c in C:", "f(lambda: a)": None,
        "for a in A:\n    class L:\n        f = lambda: a": None, "while a:\n    f(lambda: a)": None,
    }.items():  # fmt: skip
        place = next(p for p in places(ast.parse(text)) if isinstance(p.node, ast.Lambda))
        found = late_binding._loop_around(place)
        said = None if found is None else ast.unparse(found).split("\n")[0].strip()
        assert said == loop, text
    within = "for a in A:\n    def g():\n        f(lambda: a)"
    assert (
        late_binding._loop_around(next(p for p in places(ast.parse(within)) if isinstance(p.node, ast.Lambda))) is None
    )


def test_the_code_of_a_function():
    text = "f = lambda z, k: z\ndef g(z, k=1, *, m=2):\n    a = z\n    return a"
    code = next(c for c in compile(text, "f.py", "exec").co_consts if getattr(c, "co_name", "") == "g")
    node = ast.parse(text).body[1]
    assert late_binding._is_code_of(code, node, "f.py") and not late_binding._is_code_of(code, node, "g.py")
    for other in (
        "\ndef h(z, k): pass",
        "\n\ndef g(z, k): pass",
        "\ndef g(z): pass",
        "\ndef g(k, z): pass",
        "\nlambda z, k: 0",
    ):
        assert not late_binding._is_code_of(code, function_of(other), "f.py"), other


def test_functions_in_the_order_of_the_list_that_holds_them_all():
    f, g = (lambda: 1), (lambda: 2)
    assert late_binding._holds(f, f) and late_binding._holds((0, f), f) and not late_binding._holds((0, g), f)
    assert not late_binding._holds([f], f) and not late_binding._holds(g, f)
    rows = [[g, f, len]]
    assert late_binding._in_order([f, g]) == [] and rows
    rows.append([g, f])
    assert late_binding._in_order([f, g]) == [g, f]


def test_the_words_for_functions_that_keep_their_own():
    node = function_of("def f(z, k=1): pass")
    words = late_binding._words(node, ["a", "b"])
    assert (words.kind, words.lines, words.targets) == (Kind.BOUND, ("def f(z, k=1)",), ("",))
    assert words.words == (
        "with `def f(z, k=1, a=a, b=b)` in place of `def f(z, k=1)` "
        "(each is to keep its own a and b, and finds the last turn's when it is called)"
    )


# --- several at once ---


def test_functions_of_one_file_are_bound_together():
    """In each file where there are two or more."""
    noted = []

    @contextmanager
    def edited(line):
        noted.append(line)
        yield
        noted.append(-line)

    def one(file, line, change, name):
        words = OfLines(Kind.BOUND, (f"old {line}",), ("",), f"with {change} (each is to keep its own {name})")
        node = ast.parse("a", mode="eval")
        each = SimpleNamespace(file=file, tree=f"tree {line}", nodes=line, names=[name], edited=lambda: edited(line))
        return each, SimpleNamespace(line=line), Edit(node, "body", ast.Name("b"), words)

    given = [one("f.py", 3, "X", "a"), one("g.py", 1, "Q", "q"), one("f.py", 7, "Y", "b"), one("f.py", 9, "X", "a")]
    ((both, place, edit),) = together.bound_together(given)
    assert both.bound == [given[k][0] for k in (0, 2, 3)] and both.nodes == 19 and both.known == {}
    assert (both.tree, both.file, both.runs_at_import, both.makes_by_function) == ("tree 3", "f.py", False, False)
    assert place is given[0][1] and edit.lines == (3, 7, 9) and edit.also == (given[2][2], given[3][2])
    assert edit.of_lines.lines == ("old 3", "old 7", "old 9") and edit.of_lines.targets == ("", "", "")
    assert edit.of_lines.kind is Kind.BOUND and edit.of_lines.words == (
        "with X, and Y (each is to keep its own a and b, and finds the last turn's when it is called)"
    )
    assert edit.node is given[0][2].node
    with both.edited():
        assert noted == [3, 7, 9]
    assert noted[3:] == [-9, -7, -3]
    found = together.bound_together([*given, one("g.py", 5, "R", "r")])
    assert [[each.file for each in both.bound] for both, _, _ in found] == [["f.py"] * 3, ["g.py"] * 2]
    assert list(together.bound_together(given[:2])) == [] and list(together.bound_together([])) == []


def test_a_function_that_would_see_other_variables_is_not_bound():
    node = function_of("lambda z: z + a")
    for name, free, may in (
        ("<lambda>", (), True),
        ("<lambda>", ("z",), False),
        ("f", (), False),
        ("<lambda>", ("q",), True),
    ):
        old = SimpleNamespace(co_name=name, co_freevars=free, co_qualname="make.<locals>.<lambda>")
        if may:
            code = late_binding._bound_code(node, ["a"], old, "f.py")
            assert (code.co_qualname, code.co_freevars, code.co_varnames) == (old.co_qualname, free, ("z", "_own_a"))
        else:
            with pytest.raises(ValueError, match="other variables"):
                late_binding._bound_code(node, ["a"], old, "f.py")


def test_a_file_that_cannot_be_read_has_no_loops(monkeypatch):
    texts = {"broken.py": ["def ("], "empty.py": []}
    monkeypatch.setattr(late_binding, "linecache", SimpleNamespace(getlines=texts.get))
    assert list(late_binding.bound_at_once(SimpleNamespace(lines={"broken.py": {1}, "empty.py": {1}}))) == []


def test_the_code_that_stands_at_a_line_of_a_file():
    code = function_of.__code__
    line = code.co_firstlineno
    assert late_binding._is_at(code, __file__, line) and not late_binding._is_at(code, __file__, line + 1)
    assert not late_binding._is_at(code, "other.py", line) and not late_binding._is_at(None, __file__, line)
