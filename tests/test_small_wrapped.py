"""What may be missing around an expression: a sign, a function, a factor; and how each of them is written."""

from types import SimpleNamespace

import numpy as onp
from by_hand import expression, place_of, scope_of, texts

from nfscratch.check.repair import terms
from nfscratch.check.repair.edit import source

ROW, TABLE = onp.array([1.0, -1.0, 2.0]), onp.ones((4, 3))
NP = {"np": onp}


def of(look, text, part, *scope, nth=0):
    return texts(look(place_of(text, part, nth), *scope))


def test_the_other_sign_of_a_term_or_an_argument():
    for text, part, found in (
        ("y = a", "a", True), ("y += a", "a", True), ("return a", "a", True), ("return a, b", "b", True),
        ("y = f(a)", "a", True), ("y = f(k=a)", "a", True),
        ("y = a + b", "a", False), ("y = -a", "-a", False), ("y = +a", "+a", True), ("y = 3", "3", False),
        ("y = f([a])", "a", False), ("y = a", "y", False),
    ):  # fmt: skip
        new = of(terms.negated, text, part)
        assert new == ([source(expression(f"-{part}"))] if found else []), text


FUNCTIONS = [f"np.{name}({{0}})" for name in ("abs", "log", "exp", "tanh", "sqrt")]
FACTORS = ["{1} ** 2", "2 * {1}", "{1} / 2", "1 / {1}", "1 - {1}", "1 + {1}", "{1} - 1", "{1} + 1"]


def wrapped(node, scope, around="y = [{}]"):
    return of(terms.wrapped, around.format(node), node, scope)


def written(forms, node):
    """The forms of an expression, which stands in brackets where it is no name or call."""
    return [source(expression(form.format(node, f"({node})"))) for form in forms]


def test_a_function_or_a_factor_around_an_expression():
    scope = scope_of(module=NP, a=ROW, A=TABLE, k=3, L=[1.0], t=(1,), s="a", flag=True)
    assert wrapped("a", scope) == written(FUNCTIONS + FACTORS, "a")
    for node in ("A", "lost", "a + b"):  # what has no known value may be a matrix
        assert wrapped(node, scope) == written([*FUNCTIONS, *FACTORS, "{1}.T"], node), node
    assert wrapped("k", scope) == ["k - 1", "k + 1"] and wrapped("flag", scope) == ["flag - 1", "flag + 1"]
    for node in ("L", "t", "s", "3"):
        assert wrapped(node, scope) == [], node
    assert wrapped("lost", scope_of(a=ROW)) == written([*FACTORS, "{1}.T"], "lost")


def test_a_call_whose_method_is_read_is_wrapped_before_a_sum_alone():
    scope = scope_of(module=NP)
    for method, found in (("sum", True), ("mean", True), ("prod", True), ("reshape", False), ("T", False)):
        assert bool(wrapped("f(a)", scope, f"y = {{}}.{method}")) is found, method
    assert wrapped("a", scope, "y = {}.reshape")


def test_the_sign_that_an_absolute_value_has_taken():
    scope = scope_of(module=NP, a=ROW)
    signed = [text for text in wrapped("f(np.abs(a)) * abs(b)", scope) if "sign" in text]
    assert signed == [f"np.sign({v}) * (f(np.abs(a)) * abs(b))" for v in "ba"]
    assert [text for text in wrapped("np.abs(a)", scope) if "sign" in text] == ["np.sign(a) * np.abs(a)"]
    assert not [text for text in wrapped("-np.abs(a)", scope) if "sign" in text]
    assert not [text for text in wrapped("np.abs(a)", scope_of(a=ROW)) if "sign" in text]
    for text, found in (
        ("np.fabs(a) + np.absolute(b)", ["a", "b"]), ("abs(a) - abs(a)", ["a"]), ("abs(a, b)", []), ("exp(a)", []),
        ("abs", []), ("x.abs(a)", ["a"]),
    ):  # fmt: skip
        assert texts(terms._sizes_taken(expression(text))) == found, text


def test_what_undoes_a_function_that_is_called():
    for named, found in (
        ({"sinh"}, ["arcsinh", "sinh"]), ({"arcsinh", "expm1"}, ["sinh", "arcsinh", "log1p", "expm1"]),
        ({"tanh", "arctanh"}, ["arctanh"]),
        ({"exp", "log", "sum"}, []), ({"square"}, ["square"]), ({"cosh", "cos"}, ["arccos", "cos", "arccosh", "cosh"]),
    ):  # fmt: skip
        assert terms._undoing(SimpleNamespace(named=named)) == found, named
    assert "np.arcsinh(a)" in wrapped("a", scope_of(module=NP, named=["sinh"], a=ROW))


def test_a_parameter_of_both_signs_is_made_positive():
    scope = scope_of(
        module=NP,
        u=ROW,
        plus=0.1 * onp.ones(3),
        minus=-0.1 * onp.ones(3),
        null=onp.array([0.0, 1.0]),
        whole=onp.array([1, -1]),
        half=onp.array([0.0, -1.0]),
    )
    for text, found in (
        ("u", ["np.exp(u)", "np.abs(u)"]), ("plus", []), ("minus", []), ("null", []), ("half", []), ("whole", []),
        ("lost", []), ("u + 1", []),
        ("u[:2]", ["np.exp(u[:2])", "np.abs(u[:2])"]), ("u[1:2]", []),
    ):  # fmt: skip
        assert of(terms.constrained, f"y = [{text}]", text, scope) == found, text
    assert of(terms.constrained, "y = u(1)", "u", scope) == [] == of(terms.constrained, "y = u", "u", scope_of(u=ROW))
    folding = scope_of(module=NP, u=onp.array([-2.0, 0.5]), w=onp.ones(2))
    assert of(terms.constrained, "y = u", "u", folding) == []


def test_one_more_or_less_of_a_count_that_is_a_factor():
    scope = scope_of(D=3, x=1.0, flag=True, me=SimpleNamespace(n=2))
    both = ["D - 1", "D + 1"]
    for text, part, found in (
        ("y = D * a", "D", both), ("y = a ** D", "D", both), ("y = a / D", "D", both), ("y = a + D", "D", []),
        ("y = a % D", "D", []), ("y = f(D)", "D", []),
        ("y = x * a", "x", []), ("y = flag * a", "flag", []), ("y = me.n * a", "me.n", ["me.n - 1", "me.n + 1"]),
        ("y = z[D * a]", "D", []),
        ("y = 3 * a", "3", []), ("y = lost * a", "lost", []),
    ):  # fmt: skip
        assert of(terms.counted, text, part, scope) == found, text


RARE_FORMS = ["1 - {1} ** 2", "{1} * (1 - {1})", "3 * {1}", "{1} ** 3"]
OF_NP = ["np.cumsum({0})", "np.log1p({0})", "np.expm1({0})"]
CONSTANTS = ["{1} + np.log(2)", "{1} + np.log(2 * np.pi)", "{1} - np.log(2)", "{1} - np.log(2 * np.pi)", "np.exp(-{1})"]
TURNED = ["{1}[:, ::-1]", "{1}[::-1]"]


def rarely(node, scope, around="y = [{}]"):
    return of(terms.rarely_wrapped, around.format(node), node, scope)


def test_what_is_missing_less_often():
    scope = scope_of(
        module=NP, a=ROW, k=3, L=[1.0], t=(1,), s="a", order=onp.array([1, 0]), bytes=onp.array([1], "uint8")
    )
    eye = ["np.eye(k) + {1}"]
    assert rarely("a", scope) == written(RARE_FORMS + OF_NP + eye + CONSTANTS + TURNED, "a")
    for node in ("order", "bytes"):
        assert rarely(node, scope) == written([*RARE_FORMS, "np.argsort({0})", *OF_NP, *eye, *CONSTANTS, *TURNED], node)
    assert "np.argsort(p)" in rarely("p", scope, "y = z[{}]") and "np.argsort(p)" not in rarely("p", scope)
    assert "np.argsort(a)" not in rarely("a", scope, "y = z[{}]")
    for node in ("k", "L", "t", "s", "3"):
        assert rarely(node, scope) == [], node
    assert rarely("a", scope_of(a=ROW)) == written(RARE_FORMS + TURNED, "a")


def one(a):
    return a


def test_functions_of_the_users_of_one_argument():
    functions = {f"f{k}": type(one)(one.__code__, {}, f"f{k}") for k in range(7)}
    scope = scope_of(file=__file__, module={**functions, "two": lambda a, b: a}, named=[*functions, "two"])
    assert terms._of_one_argument(scope) == [f"f{k}" for k in range(6)]
    itself = scope_of(
        "def one(z): return z", file=__file__, module={"one": one, "two": lambda a, b: a}, named=["one", "two"]
    )
    assert terms._of_one_argument(itself) == []
    assert "one(a)" in rarely("a", scope_of(file=__file__, module={"one": one}, named=["one"], a=ROW))


def test_how_many_columns_there_are_as_a_function_may_write_it():
    for held, found in (
        ({"a": 1, "b": 2, "c": 49, "d": 50, "e": 2.0, "f": True}, ["b", "c"]),
        ({"x": TABLE, "y": onp.ones((2, 7))}, ["3"]), ({"x": ROW}, []),
        ({"a": 2, "b": 3, "c": 4, "d": 5}, ["a", "b", "c"]), ({"x": TABLE, "a": 2}, ["a"]), ({}, []),
    ):  # fmt: skip
        assert texts(terms._sizes(scope_of(**held))) == found, held
