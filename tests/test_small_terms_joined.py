"""Which terms, operands and slopes are tried where an expression stands, and which expressions are whole terms."""

import numpy as onp
from by_hand import expression, place_of, scope_of, texts

from nfscratch.check.repair import terms

ROW, TABLE = onp.array([1.0, -1.0, 2.0]), onp.ones((4, 3))
NP = {"np": onp}


def of(look, text, part, *scope, nth=0):
    return texts(look(place_of(text, part, nth), *scope))


def one(a):
    return a


OPERATIONS = "+-*/"


def forms(name, sums=(), module=True):
    if not module:
        return [name]
    size = f"np.log(np.abs({name}))"
    return [name, size, f"np.exp({name})", *[f"np.sum({term}{axis})" for axis in sums for term in (name, size)]]


def test_a_whole_term_with_what_a_variable_holds():
    scope = scope_of(module=NP, s=2.0, row=ROW, A=TABLE, cube=onp.ones((2, 2, 2)), L=[1.0])
    held = [*forms("s"), *forms("row", [""]), *forms("A", [", axis=1"])]
    assert of(terms.joined, "y = a", "a", scope) == [f"a {op} {h}" for h in held for op in OPERATIONS]
    counts = scope_of(H=2, W=3, one=1, n=5, s=1.5)
    found = of(terms.joined, "y = a", "a", counts)
    assert found[-3:] == ["a * (H * W)", "a * (H * n)", "a * (W * n)"] and len(found) == 5 * 4 + 3
    many = scope_of(**{f"k{k}": k + 2 for k in range(9)})
    assert len([t for t in of(terms.joined, "y = a", "a", many) if "(" in t]) == 8 * 7 // 2
    assert of(terms.joined, "y = 3", "3", scope) == []


def test_a_part_of_a_formula_with_a_variable():
    scope = scope_of(module=NP, s=2.0, k=3, row=ROW, L=[1.0], f=one)
    found = [f"{{0}} {op} {name}" for name in ("s", "k", "row") for op in ("-", "+", "*", "/", "**")]
    for node in ("a", "f(a)", "a[0]"):
        assert of(terms.joined, f"y = [{node}]", node, scope) == [text.format(node) for text in found], node
    assert of(terms.joined, "y = [a.b]", "a.b", scope) == of(terms.joined, "y = [-a]", "-a", scope) == []


def test_another_operation_with_another_operand():
    scope = scope_of(pool=["p", "q[0]"])
    others = [f"{op} {other}" for op in ("+", "*", "-", "/") for other in ("p", "q[0]")]
    joined = ["p", "q[0]"] + [f"a {other}" for other in others]
    for node in ("a", "a[0]", "a.b", "a(1)"):
        assert of(terms.replaced, f"y = [{node}]", node, scope) == [t.replace("a", node, 1) for t in joined], node
    found = of(terms.replaced, "y = [a @ b]", "a @ b", scope)
    assert found == [f"a {op} {other}" for op in ("*", "/", "+", "-") for other in ("p", "q[0]")] + [
        t.replace("a ", "a @ b ", 1) if op in "+-" else t for t, op in ((u, "+") for u in joined)
    ]  # fmt: skip
    assert of(terms.replaced, "y = [-a]", "-a", scope) == of(terms.replaced, "y = [3]", "3", scope) == []


def test_the_derivative_of_a_call_in_the_place_of_a_value():
    scope = scope_of(
        module=NP,
        pool=["np.tanh(a)", "np.sin(a)", "np.sinh(b)", "arctan(c)", "np.exp(a)", "np.sin(a, b)", "a", "tanh(d)"],
    )
    found = ["1 - np.tanh(a) ** 2", "np.cos(a)", "np.cosh(b)", "1 / (1 + c ** 2)", "1 - tanh(d) ** 2"]
    for text, part, some in (
        ("y = a", "a", True),
        ("y = 1", "1", True),
        ("y = -(a + b)", "a + b", False),
        ("y = [a]", "[a]", False),
        ("return a, 0", "0", True),
    ):
        assert of(terms.slopes, text, part, scope) == (found if some else []), text
    assert of(terms.slopes, "y = a", "a", scope_of(pool=["np.tanh(a)"])) == []


def test_the_logarithm_of_a_number_for_zero():
    scope = scope_of(module={**NP, "m": 5.0}, named=["m"], s=2.0, minus=-2.0, one=1.0, null=0.0, k=3, row=ROW)
    found = ["np.log(s)", "-np.log(s)", "np.log(k)", "-np.log(k)"]
    for text, part, some in (
        ("y = 0", "0", True), ("y = 0.0", "0.0", True), ("y = 1", "1", False), ("y = a + 0", "0", False),
        ("y = False", "False", False), ("y = a", "a", False),
        ("return a, 0", "0", True), ("y = ''", "''", False), ("y = None", "None", False),
    ):  # fmt: skip
        assert of(terms.straight, text, part, scope) == (found if some else []), text
    assert of(terms.straight, "y = 0", "0", scope_of(s=2.0)) == []


def test_the_slope_where_a_variable_holds_the_value():
    both = ["1 - t ** 2", "t * (1 - t)"]
    for text, found in (
        ("y = t", both),
        ("y += t", []),
        ("return t", []),
        ("y = t + 1", []),
        ("y = (t, 1)", []),
        ("y = -t", []),
    ):
        assert of(terms.of_tanh, text, "t") == found, text
    assert of(terms.of_tanh, "y = t.a", "t.a") == []


def test_the_logarithm_of_another_expression():
    scope = scope_of(module=NP, pool=["p", "q + 1"])
    inside, beside = (
        ["np.log(p)", "np.log(q + 1)"],
        ["{0} + np.log(p)", "{0} - np.log(p)", "{0} + np.log(q + 1)", "{0} - np.log(q + 1)"],
    )
    for node, also in (("a", False), ("a[0]", False), ("f(a)", True), ("a * b", True)):
        assert of(terms.logarithms_joined, f"y = [{node}]", node, scope) == inside + (
            [t.format(node) for t in beside] if also else []
        ), node
    for node in ("-a", "a.b", "3"):
        assert of(terms.logarithms_joined, f"y = [{node}]", node, scope) == [], node
    assert of(terms.logarithms_joined, "y = a", "a", scope_of(pool=["p"])) == []
    assert (
        of(terms.logarithms_joined, "a = 1", "a", scope)
        == []
        == of(terms.logarithms_joined, "y = f(1)", "f(1)", scope_of(pool=["p"]))
    )


def test_an_expression_in_the_place_of_a_number():
    scope = scope_of(pool=["p", "q[0]", "r.s", "f(a)", "a + b"])
    for node, found in (("3", True), ("0.5", True), ("True", False), ("None", False), ("'a'", False), ("a", False)):
        assert of(terms.filled, f"y = [{node}]", node, scope) == (["p", "q[0]", "r.s"] if found else []), node


def test_which_expressions_are_numbers_and_which_are_whole_terms():
    for text, said in (
        ("a", True),
        ("a + b", True),
        ("f(a)", True),
        ("a[0]", True),
        ("-a", True),
        ("a.b", True),
        ("3", False),
        ("[a]", False),
        ("a < b", False),
    ):
        assert terms.is_number(expression(text)) is said, text
    assert not terms.is_number(place_of("y = 1", "y").node)
    for text, part, said in (
        ("y = a", "a", True), ("y += a", "a", True), ("y: int = a", "a", True), ("return a", "a", True),
        ("y = a, b", "b", True), ("y = a", "y", False),
        ("y = [a]", "a", False), ("y = f(a, b)", "a", False), ("y = -a", "a", False), ("f(a)", "f(a)", False),
        ("y = lambda: a", "a", True),
        ("f((a, b))", "a", False), ("y = ((a, b), c)", "a", False), ("y, w = a", "y", True),
        ("y = lambda: (a, b)", "b", True),
    ):  # fmt: skip
        assert terms.is_term(place_of(text, part)) is said, text


def test_a_variable_as_a_term():
    scope = scope_of(module=NP, s=2.0, row=ROW, A=TABLE, cube=onp.ones((2, 2, 2)))
    for name, sums in (("s", []), ("row", [""]), ("A", [", axis=1"]), ("cube", [", axis=1"]), ("lost", [])):
        assert texts(terms._forms(name, scope)) == forms(name, sums), name
    assert texts(terms._forms("s", scope_of(s=2.0))) == ["s"]
