"""Lines that are put in where another function has them, and what one function alone reads."""

import ast
import threading
from types import SimpleNamespace

import numpy as onp
import pytest
from made_scopes import place_in, scope_of, text_of

from nfscratch.check.repair import inserted, lacking
from nfscratch.check.repair.edit import Kind, places, source

# --- one line ---


def line(text):
    return ast.parse(text).body[0]


def test_a_line_that_overwrites_the_one_before():
    for new, before, overwrites in (
        ("a = 1", "a = 2", True), ("a = a + 1", "a = 2", False), ("a = b", "a = b", True), ("b = 1", "a = 2", False),
        ("a += 1", "a = 2", False), ("a = 1", "a += 2", False), ("a, b = 1, 2", "a = 3", False),
        ("a, b = c, d", "b, a = e", True), ("a, b = c, a", "a, b = e", False), ("a = 1", "return a", False),
        ("a[k] = 1", "a[k] = 2", True),
    ):  # fmt: skip
        assert bool(inserted._overwrites(line(new), line(before))) is overwrites, (new, before)
    assert not inserted._overwrites(line("a = 1"), None)


def test_a_line_that_empties_an_argument():
    scope = scope_of("def f(z, k): pass")
    for text, empties in {
        "z = np.zeros(3)": True, "z = np.zeros_like(z)": True, "q = np.zeros(3)": False, "z = np.ones(3)": False,
        "z += np.zeros(3)": False, "z = 0": False, "q, k = np.zeros((2, 3))": True, "z = zeros(3)": False,
    }.items():  # fmt: skip
        assert inserted._empties(line(text), scope) is empties, text
        assert inserted._empties(line(text), scope_of()) is False, text


def test_a_line_that_is_taken_over_is_an_assignment_and_not_long():
    for text, taken in (("a = b", True), ("a += b", True), ("return a", False), ("f(a)", False), ("a: int = b", False)):
        assert inserted._is_taken(line(text)) is taken, text
    assert inserted._is_taken(line(f"a = {'b' * 116}")) and not inserted._is_taken(line(f"a = {'b' * 117}"))


def test_a_line_with_one_thing_the_other_way():
    for text, undone in {
        "x = (x - t) * s": ["x = (x - t) / s", "x = (x + t) * s"], "x += t": ["x -= t"], "x -= t": ["x += t"],
        "x *= s": ["x /= s"], "x /= s / r": ["x *= s / r", "x /= s * r"], "x = x ** 2": [], "x = a @ b": [],
        "x = -a": [],
        "x = f(-a)": ["x = f(a)"], "x = f(a)": ["x = f(-a)"], "x = f(1)": ["x = f(-1)"], "x = f(a.b)": [],
        "x = f(a, k=b)": ["x = f(-a, k=b)"], "x = f(a, b)": ["x = f(-a, b)", "x = f(a, -b)"],
        "x = f(g(a))": ["x = f(a)", "x = f(g(-a))"], "x = f(g(a.b, c.d))": [], "x = f(g())": [], "x = f(a, g(b.c))": [
            "x = f(-a, g(b.c))", "x = f(a, b.c)",
        ],
    }.items():  # fmt: skip
        given = line(text)
        assert [source(new) for new in inserted._undone(given)] == undone and source(given) == text, text


def test_a_line_is_as_it_was_whatever_happens():
    given = line("x = f(a)")
    with pytest.raises(TypeError):  # the locks of this process cannot be copied
        inserted._with(given, given.value, "args", [threading.Lock()])
    assert source(given) == "x = f(a)"


def test_the_other_end_of_a_bracket():
    """hi = where(below, hi, mid), for lo = where(below, mid, lo), with each variable of its kind."""
    scope = scope_of(lo=onp.ones(2), hi=onp.ones(2), mid=onp.ones(2), below=onp.ones((2, 2)), k=1)
    for text, others in {
        "lo = np.where(below, mid, lo)": ["hi = np.where(below, hi, mid)", "mid = np.where(below, mid, mid)"],
        "lo += np.where(below, mid, lo)": [], "lo = np.where(below, mid)": [], "lo = mid + lo": [],
        "lo, q = np.where(below, mid, lo)": [], "lo.a = np.where(below, mid, lo)": [],
        "q = np.where(below, mid, lo)": [],
        "k = np.where(below, mid, k)": [],
    }.items():  # fmt: skip
        assert [source(new) for new in inserted._of_other_end(line(text), scope)] == others, text
    scope.module["other"], scope.named = onp.ones(2), {"other"}
    assert len(list(inserted._of_other_end(line("lo = np.where(below, mid, lo)"), scope))) == 2  # none of the module's


def test_a_line_stands_where_the_statement_does():
    new = inserted._at_line_of(line("a = f(\n    b)"), ast.parse("\n\n    \nc = 1").body[0])
    at = {(n.lineno, n.end_lineno, n.col_offset, n.end_col_offset) for n in ast.walk(new) if hasattr(n, "lineno")}
    assert at == {(4, 4, 0, 0)} and source(new) == "a = f(b)"


def test_the_first_words_of_a_statement():
    for text, words in {
        "for k in {1: 2}: pass": "for k in {1", "if a: b = 1": "if a", "while a: pass": "while a",
        "a = {1: 2}": "a = {1: 2}",
        "with a: pass": "with a",
    }.items():  # fmt: skip
        assert inserted._first_words(line(text)) == words


# --- lines of functions ---

FORWARD = "def forward(z):\n    s = net(z)\n    z = z * np.exp(s)\n    return z"
INVERSE = "def inverse(x):\n    s = net(x)\n    for k in K:\n        x = x - 1\n    return x"
FORMS = ("x = x * np.exp(s)", "x = x / np.exp(s)", "x = x * np.exp(-s)")


def put_in(part, own=INVERSE, there=FORWARD, mine=("x", "s", "k"), theirs=("z", "s", "k")):
    """{where: the lines that are put in there} around a statement of the first function."""
    trees, values = [ast.parse(text) for text in (own, there)], {"k": 1, "s": onp.ones(2)}
    scopes = [
        scope_of(tree.body[0], {"net": net, "K": net}, **{name: values.get(name, onp.ones((3, 2))) for name in names})
        for tree, names in zip(trees, (mine, theirs), strict=True)
    ]
    met = [(place, scope) for tree, scope in zip(trees, scopes, strict=True) for place in places(tree)]
    place = next(place for place, scope in met if scope is scopes[0] and source(place.node).split(":")[0] == part)
    found = {}
    for edit in inserted.Lines(met).around(place, scopes[0]):
        assert edit.of_lines.kind is Kind.PUT_IN
        with edit.done():
            new, _, where = edit.of_lines.words.removeprefix("with the line `").partition("` ")
            found.setdefault(where, []).append(new)
            assert source(trees[0]).count(new) >= 1
    return found


def net(h):
    return h


def test_lines_are_put_in_before_each_statement_and_after_the_last_of_a_loop():
    before, inner = put_in("for k in K"), put_in("x = x - 1")
    assert list(before) == ["before `for k in K`"] and list(inner) == ["before `x = x - 1`", "after `x = x - 1`"]
    for found in (before["before `for k in K`"], *inner.values()):
        assert set(FORMS) <= set(found), found
    assert "s = net(x)" not in before["before `for k in K`"] and "s = net(-x)" not in before["before `for k in K`"]
    assert "x = x - 1" in before["before `for k in K`"] and "x = x - 1" not in [
        x for row in inner.values() for x in row
    ]
    assert list(put_in("return x")) == ["before `return x`"] and put_in("x - 1") == {}


def test_a_line_is_not_put_beside_itself_or_over_what_was_just_set():
    own = "def f(x):\n    s = net(x)\n    a = s\n    s = 2 * s\n    return a"
    first, second, last = (put_in(part, own, mine=("x", "s", "a")) for part in ("s = net(x)", "a = s", "return a"))
    assert "a = s" in first["before `s = net(x)`"] and "s = net(x)" not in first["before `s = net(x)`"]
    assert "s = 2 * s" in second["before `a = s`"] and "a = s" not in second["before `a = s`"]
    assert "s = 2 * s" not in last["before `return a`"] and "s = net(x)" not in last["before `return a`"]
    assert "a = s" in last["before `return a`"]


def test_a_line_of_another_function_sets_what_the_function_has():
    there = "def g(x):\n    s = net(s)\n    q = 2"
    of = lambda *mine: put_in("return s", "def f(s):\n    return s", there, mine, ("x",))  # noqa: E731
    assert of("s")["before `return s`"] == ["s = net(s)", "s = net(-s)"] == of("s", "x")["before `return s`"]
    assert of("s", "q")["before `return s`"] == ["s = net(s)", "s = net(-s)", "q = 2"] and of("x") == {}


# --- what one function alone reads ---


def lacking_of(here, there, **held):
    """What is tried for x in `here`, where another function is `there`."""
    texts = [ast.parse(f"def {name}(x):\n    y = {text}") for name, text in (("f", here), ("g", there))]
    objects = {"x": onp.ones((3, 2)), "me": SimpleNamespace(s=0.3, f=len, q=onp.ones(2))}
    scopes = [scope_of(tree.body[0], {"K": 0.7, "M": onp.ones(2)}, ["K", "M"], **objects, **held) for tree in texts]
    met = [(place, scope) for tree, scope in zip(texts, scopes, strict=True) for place in places(tree)]
    found = lacking.Lacking(met)
    place = [p for p, scope in met if scope is scopes[0] and source(p.node) == "x" and isinstance(p.node, ast.Name)][-1]
    made = list(found.beside(place, scopes[0]))
    assert all(n.lineno == 2 for new in made for n in ast.walk(new) if hasattr(n, "lineno"))
    return [text_of(new) for new in made]


def six(name):
    return [f"x {op} {name}" for op in "-+/*"] + [f"x * np.exp(-{name})", f"x * np.exp({name})"]


def test_what_another_function_alone_reads_is_tried_beside_an_array():
    for there, names in {
        "x * me.s": ["me.s"], "x * K": ["K"], "x + 0.3": ["0.3"], "me.f(x)": [], "len(x)": [], "x * 3": [],
        "x * 1.0": [],
        "x * 10.0": [], "x * 0.0": [], "x * 9.5": ["9.5"], "x * 0.5": [], "x * 2.0": [], "x * lost": [], "x * own": [],
        "x * -0.3": ["0.3"],
        "me.q[0] * x": ["me.q"], "x * me.q.T": ["me.q.T"][:0], "x * K + me.s": ["K", "me.s"],
    }.items():  # fmt: skip
        assert lacking_of("x", there, own=1.0) == [text for name in names for text in six(name)], there
    assert lacking_of("x + K", "x * K") == [] and lacking_of("x * 0.3", "x + 0.3") == []
    assert lacking_of("x + K", "x") == []  # its own


def test_where_no_array_is_nothing_is_lacking():
    for own in ("a[x]", "f(a, axis=x)", "x(1)", "[1 for k in x]"):
        assert lacking_of(own, "x * K") == [], own
    place, scope = place_in("y = x", "x"), scope_of(x=onp.float64(1))
    made = lacking.Lacking([])
    made.alone = [(ast.Name("K", ast.Load()), scope_of(line("def g(): pass")))]
    assert list(made.beside(place, scope)) == []
    scope = scope_of(x=onp.ones(2))
    assert [text_of(new) for new in made.beside(place, scope)] == six("K")
    scope.__dict__["array_module"] = None
    assert [text_of(new) for new in made.beside(place, scope)] == six("K")[:4]
