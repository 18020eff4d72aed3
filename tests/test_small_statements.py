"""Changes of whole statements: lines left out, exchanged, moved and made one, and loops that turn otherwise."""

import ast

from by_hand import expression, texts

from nfscratch.check.repair import statements
from nfscratch.check.repair.edit import Kind, places, source


def edits(look, text, nth=0, of=ast.stmt):
    """(the text after each edit of the nth statement of a function's body, what is said of whole lines)."""
    tree = ast.parse("def f():\n" + "\n".join(f"    {line}" for line in text.splitlines()))
    place = next(p for p in places(tree) if p.node is (tree.body[0].body[nth]))
    found = []
    for edit in look(place):
        with edit.done():
            after = "\n".join(ast.unparse(line) for line in tree.body[0].body)
        found.append((after, "" if edit.of_lines is None else edit.of_lines.kind, edit.lines))
    assert ast.unparse(tree) == ast.unparse(ast.parse(ast.unparse(tree)))
    return found


def changed(text, nth=0):
    return [after for after, *_ in edits(statements.changed_statements, text, nth)]


def test_a_line_that_adds_takes_away_or_sets():
    for text, found in (
        ("y += a", ["y -= a", "y = a"]), ("y -= a", ["y += a", "y = a"]), ("y *= a", ["y /= a", "y = a"]),
        ("y /= a", ["y *= a", "y = a"]),
        ("y **= a", ["y = a"]), ("y[k] += a", ["y[k] -= a", "y[k] = a", "y[a] += k", "a[k] += y", "k[y] += a"]),
        ("y.b += a", ["y.b -= a", "y.b = a", "a.b += y"]),
    ):  # fmt: skip
        assert changed(text) == found, text


def test_a_line_that_sets_adds_or_takes_away():
    for text, found in (
        ("y = a", ["y = y + a", "y = y - a"]), ("y[k] = a",
        ["y[k] += a", "y[k] -= a", "y[k] *= a", "y[k] /= a", "y[a] = k", "a[k] = y", "k[y] = a"]),
        ("y.b = 1", []), ("y, b = 1", []), ("y = b = 1", []), ("y[0] = b[1] = 1", ["b[0] = y[1] = 1"]), ("f(1)", []),
        ("return 1", []),
    ):  # fmt: skip
        assert changed(text) == found, text


def test_two_variables_each_in_the_place_of_the_other():
    for text, found in (
        ("return a + b * b", ["return b + a * a"]), ("return a + b - c",
        ["return b + a - c", "return c + b - a", "return a + c - b"]),
        ("return a", []), ("f(a, a)", ["a(f, f)"]), ("if a + b: return 1", []),
    ):  # fmt: skip
        assert changed(text) == found, text
    ten = " + ".join("abcdefghij")
    assert len(changed(f"return {ten}")) == 36 and all(after.endswith(" + j") for after in changed(f"return {ten}"))


def test_a_loop_that_turns_otherwise():
    assert changed("for k in P: pass") == ["for k in reversed(list(P)):\n    pass"]
    tree = ast.parse("y = [k for k in reversed(P)]")
    place = next(p for p in places(tree) if isinstance(p.node, ast.comprehension))
    (edit,) = statements.changed_statements(place)
    with edit.done():
        assert source(tree) == "y = [k for k in P]"
    assert [source(tree)] == ["y = [k for k in reversed(P)]"]


def orders(text):
    return texts(statements._other_orders(expression(text)))


def test_the_orders_in_which_a_loop_may_go():
    assert orders("reversed(P)") == ["P"] and orders("P") == ["reversed(list(P))"]
    assert orders("enumerate(P)") == ["reversed(list(enumerate(P)))", "enumerate(reversed(list(P)))"]
    assert orders("zip(P, Q)") == [
        "reversed(list(zip(P, Q)))",
        "zip(reversed(list(P)), Q)",
        "zip(P, reversed(list(Q)))",
    ]
    backwards = "reversed(list(range({})))".format
    assert orders("range(n)") == [backwards("n")] + [f"range({args})" for args in (
        "n - 1", "n + 1", "1, n", "-1, n", "1, n + 1", "-1, n - 1", "10 * n", "100 * n")]  # fmt: skip
    assert orders("range(2, n)") == [backwards("2, n")] + [f"range({args})" for args in (
        "2, n - 1", "2, n + 1", "3, n", "1, n", "3, n + 1", "1, n - 1", "2, 10 * n", "2, 100 * n")]  # fmt: skip
    assert orders("range(a, n, 2)") == [backwards("a, n, 2")] + [f"range({args})" for args in (
        "a, n - 1, 2", "a, n + 1, 2", "a + 1, n, 2", "a - 1, n, 2", "a + 1, n + 1, 2", "a - 1, n - 1, 2")]  # fmt: skip


# --- lines ---


def lines(text, nth=0, look=statements.changed_statements):
    """Those of the edits that are of whole lines: (text, kind, lines)."""
    return [found for found in edits(look, text, nth) if found[1]]


def test_a_line_that_is_left_out_or_exchanged_with_the_next():
    three = "f(1)\ng(2)\nreturn a"
    assert lines(three) == [("g(2)\nreturn a", Kind.LEFT_OUT, ()), ("g(2)\nf(1)\nreturn a", Kind.EXCHANGED, ())]
    assert lines(three, 1) == [("f(1)\nreturn a", Kind.LEFT_OUT, ())] and lines(three, 2) == [] == lines("f(1)")
    assert [kind for _, kind, _ in lines("import a\nf(1)\ng(2)", 1)] == [Kind.LEFT_OUT, Kind.EXCHANGED]
    assert [kind for _, kind, _ in lines("f(0)\nf(1)\nimport a", 1)] == [Kind.LEFT_OUT]
    assert lines("f(1)\nif b: pass") == [("if b:\n    pass", Kind.LEFT_OUT, ())]
    assert [kind for _, kind, _ in lines("f(1)\ng(2)\nh(3)")] == [Kind.LEFT_OUT, Kind.EXCHANGED]
    assert lines("f(1)\ng(2)\nh(3)", 1)[1][0] == "f(1)\nh(3)\ng(2)" and lines("f(1)\nimport a") != []
    assert (
        [kind for _, kind, _ in lines("f(1)\nimport a")]
        == [Kind.LEFT_OUT]
        == [k for _, k, _ in lines("import a\nf(1)", 1)]
    )


def test_lines_within_a_condition_count_too():
    tree = ast.parse("if a:\n    f(1)\n    g(2)\nelse:\n    h(3)\n    k(4)")
    found = {
        source(p.node): len([e for e in statements.changed_statements(p) if e.of_lines])
        for p in places(tree)
        if isinstance(p.node, ast.Expr)
    }
    assert found == {"f(1)": 2, "g(2)": 1, "h(3)": 2, "k(4)": 1}
    row = ast.parse("try:\n    pass\nexcept E:\n    pass\nfinally:\n    y[0] = 1\n    y[1] = 2")
    assert [list(statements.changed_statements(p))[4:] for p in places(row) if isinstance(p.node, ast.Assign)] == [
        [],
        [],
    ]


def test_two_lines_at_once_where_the_second_writes_what_the_first_reads():
    both = [("a, b = (b + 1, a)\nreturn a", Kind.AT_ONCE, ())]
    assert [e for e in lines("a = b + 1\nb = a\nreturn a") if e[1] is Kind.AT_ONCE] == both
    for text in ("a = c\nb = a\nreturn a", "a = b = c\nb = a\nc = 1", "a += b\nb = a\nf(1)", "a = b\nb += a\nf(1)",
     "a = b\nb, c = a\nf(1)",
                 "a = b\nb.c = a\nf(1)", "a = b\nreturn b", "a = b\nb = d = a\nf(1)"):  # fmt: skip
        assert Kind.AT_ONCE not in [kind for _, kind, _ in lines(text)], text
    found = [after for after, kind, _ in lines("a[0] = b[1]\nb[0] = a[0]\nf(1)") if kind is Kind.AT_ONCE]
    assert found == ["a[0], b[0] = (b[1], a[0])\nf(1)"]
    found = [after for after, kind, _ in lines("g(0)\na = b\nb = a\nf(1)", 1) if kind is Kind.AT_ONCE]
    assert found == ["g(0)\na, b = (b, a)\nf(1)"]


def test_two_parts_of_an_array_exchange_their_values():
    two = "y[0] = a\ny[1] = b\nreturn y"
    assert [e for e in lines(two) if e[1] is Kind.SWAPPED] == [("y[0] = b\ny[1] = a\nreturn y", Kind.SWAPPED, (2, 3))]
    for text in (
        "y[0] = a\nx[1] = b",
        "y[0] = a\ny = b",
        "y = a\ny[1] = b",
        "y[0] = c = a\ny[1] = b",
        "y[0] = a\ny[1] = c = b",
        "y[0] = a\ny[1] += b",
    ):
        assert Kind.SWAPPED not in [kind for _, kind, _ in lines(text)], text
    far = "y[0] = a\nf(1)\nf(2)\ny[1] = b\ny[2] = c"
    assert [at for _, kind, at in lines(far) if kind is Kind.SWAPPED] == [(2, 5)]
    assert [at for _, kind, at in lines(far, 3) if kind is Kind.SWAPPED] == [(5, 6)]


def moved_to(n, nth, last="f(0)"):
    """Where a line of n lines is moved: its new places."""
    text = "\n".join(["y = a" if k == nth else f"f({k})" for k in range(n - 1)] + ["y = a" if nth == n - 1 else last])
    found = [after.split("\n").index("y = a") for after, *_ in edits(statements.moved_further, text, nth)]
    return found


def test_a_line_is_moved_by_two_to_six_lines():
    assert moved_to(16, 8) == [2, 3, 4, 5, 6, 10, 11, 12, 13, 14] and moved_to(17, 8) == []
    assert moved_to(4, 0) == [2, 3] and moved_to(4, 3) == [0, 1] and moved_to(5, 0, "return a") == [2, 3]
    assert moved_to(3, 1) == [] and moved_to(2, 0) == []


def test_a_line_that_is_moved_is_said_to_stand_before_or_after_another():
    text = "f(0)\nf(1)\ny = a\nf(3)\nf(4)"
    tree = ast.parse(text)
    place = next(p for p in places(tree) if source(p.node) == "y = a")
    assert [edit.of_lines.words for edit in statements.moved_further(place)] == [
        "with `y = a` before `f(0)`",
        "with `y = a` after `f(4)`",
    ]
    assert [source(p.node) for p in places(tree) if list(statements.moved_further(p))] == ["y = a"]
    inner = ast.parse("y = [a for a in b]\nz = 1\nf(1)\nf(2)")
    assert {source(p.node) for p in places(inner) if list(statements.moved_further(p))} == {
        "y = [a for a in b]",
        "z = 1",
    }
    returned = ast.parse("y = 1\nf(0)\nreturn y\nf(1)\nf(2)")
    place = next(places(returned))
    assert [edit.of_lines.words for edit in statements.moved_further(place)] == [
        "with `y = 1` after `f(1)`",
        "with `y = 1` after `f(2)`",
    ]
    late = ast.parse("f(0)\nreturn y\nf(1)\nf(2)\ny = 1")
    place = next(p for p in places(late) if source(p.node) == "y = 1")
    assert [edit.of_lines.words for edit in statements.moved_further(place)] == [
        "with `y = 1` before `f(0)`",
        "with `y = 1` before `f(1)`",
    ]
