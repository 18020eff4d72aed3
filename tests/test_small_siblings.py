"""What stands in a like place of another function, or of the same one: values, arguments, indices, options."""

import ast

import numpy as onp
from by_hand import expression, place_of, scope_of, texts

from nfscratch.check.repair import siblings, slots
from nfscratch.check.repair.edit import Edit, places, source
from nfscratch.check.repair.siblings import Siblings

ROW = onp.ones(3)


def keys(text, part):
    return [key for key, _ in siblings._keys(place_of(text, part))]


def test_what_an_expression_is_known_by():
    for text, part, found in (
        ("y = a", "a", [("=", "y")]), ("y = w = a", "a", [("=", "y"), ("=", "w")]), ("y += a", "a", [("=", "y")]),
        ("return a, b", "b", [("return", 1, 2)]),
        ("return a", "a", []), ("y = a, b", "b", []), ("for k in P: pass", "P", [("for",)]),
        ("y = [k for k in P]", "P", [("for",)]),
        ("y = np.ifft(a, b)", "np.ifft(a, b)", [("=", "y"), ("call", "np.ifft", 2), ("options", "fft")]),
        ("y = -a[k]", "a[k]", [("index", "a")]),
        ("y[k] = a", "y[k]", [("index", "y")]), ("y += 1", "y", []), ("f(a)", "a", []), ("y: int = a", "a", []),
    ):  # fmt: skip
        assert keys(text, part) == found, text


def test_a_value_of_a_tuple_that_stands_in_nothing_is_not_returned():
    element = next(places(expression("(a, b)")))
    assert siblings._is_returned(element) is False and list(siblings._keys(element)) == []


def beside(text, part):
    return texts(siblings._beside(place_of(text, part)))


def test_the_other_values_of_a_tuple_and_of_the_lines_around():
    lines = "def f():\n    y = a\n    w = b\n    f(c)\n    y += d"
    for text, part, found in (
        ("y = a, b, c", "b", ["a", "c"]), (lines, "a", ["b"]), (lines, "d", []), ("y = f(a, b)", "a", []),
        ("y = a", "a", []), ("y = [a, b]", "a", []),
        ("y = (b, a) = c", "y", []),
    ):  # fmt: skip
        assert beside(text, part) == found, (text, part)


def test_a_value_with_the_factor_of_one_beside_it():
    for text, found in (
        ("y = t, mask * s", ["mask * t", "s * t"]), ("y = t, mask / s", []), ("y = t, s", []),
        ("y = t, a * b, c * d", ["a * t", "b * t", "c * t", "d * t"]),
    ):  # fmt: skip
        assert texts(siblings.factors_beside(place_of(text, "t"))) == found, text


def taken(node, other, scope=None):
    return texts(siblings._taken(expression(node), expression(other), scope or scope_of(module={"ONE": 1.0})))


def test_the_arguments_of_another_call_all_or_one_at_a_time():
    for node, other, found in (
        ("a", "b", ["b"]), ("f(a)", "b", ["b"]), ("a", "f(b)", ["f(b)"]),
        ("f(a)", "g(b, k=1)", ["g(b, k=1)", "f(a, k=1)"]), ("f()", "g(b, k=1)", ["g(b, k=1)"]),
        ("f(a, b, j=2)", "g(c, d, e, k=1)", ["g(c, d, e, k=1)", "f(a, b, k=1)", "f(c, b, j=2)", "f(a, d, j=2)",
         "f(a, b, j=2)"]),
        ("f(a, 0.0, 1.0)", "g(b, 1.0, -2.0)", ["g(b, 1.0, -2.0)", "f(a, 0.0, 1.0)", "f(b, 0.0, 1.0)", "f(a, 1.0, 1.0)",
         "f(a, 0.0, -2.0)",
                                               "f(a, 1.0, -2.0)", "f(a, -2.0, 1.0)"]),
    ):  # fmt: skip
        assert taken(node, other) == found, (node, other)


def test_the_numbers_of_another_call():
    scope = scope_of(module={"ONE": 1.0, "net": len}, local=2.0)

    def numbers(node, other):
        return texts(siblings._with_numbers_of(expression(node), expression(other), scope))

    assert numbers("f(a, 0, 1, k=2)", "g(b, 3, 4)") == ["f(a, 3, 4, k=2)", "f(a, 4, 3, k=2)"]
    assert numbers("f(0, a, ONE)", "g(-ONE, b, 4)") == ["f(-ONE, a, 4)", "f(4, a, -ONE)"]
    for node, other in (
        ("f(a, 0)", "g(b, 1)"),
        ("f(0, 1)", "g(2, 3, 4)"),
        ("f(0, 1)", "g(2, b)"),
        ("f(0, 1)", "g(2, local)"),
        ("f(0, local)", "g(2, 3)"),
    ):
        assert numbers(node, other) == [], (node, other)
    for text, said in (
        ("1", True),
        ("-1.5", True),
        ("ONE", True),
        ("-ONE", True),
        ("local", False),
        ("net", False),
        ("lost", False),
        ("1 + 1", False),
    ):
        assert siblings._is_number(expression(text), scope) is said, text


def test_an_expression_in_the_words_of_another_function():
    there, here = scope_of(z=ROW, s=1.0, f=len, other=ROW), scope_of(x=2 * ROW, y=ROW, n=3, s=2.0)
    for text, found in (
        ("z * s", ["x * s", "y * s"]), ("s + 1", ["s + 1"]), ("z + other", []), ("f(s)", []), ("lost + 1", []),
        ("len(z)", ["len(x)", "len(y)"]),
    ):  # fmt: skip
        assert texts(siblings.in_scope(expression(text), there, here)) == found, text
    assert texts(siblings.in_scope(expression("z + other"), there, there)) == ["z + other"]
    many = scope_of(**{f"x{k}": ROW for k in range(7)})
    assert texts(siblings.in_scope(expression("z"), there, many)) == [f"x{k}" for k in range(6)]
    node = expression("z + z * zz")
    assert source(siblings.renamed(node, "z", "x")) == "x + x * zz" and source(node) == "z + z * zz"


def of(text, part, scopes=None, nth=0):
    """What is taken over at a place, where all functions of a text were met."""
    tree = ast.parse(text)
    scopes = scopes or {f.name: scope_of() for f in tree.body}
    met = [(p, scopes[p.function.name]) for p in places(tree) if p.function is not None]
    place, scope = [(p, s) for p, s in met if source(p.node) == part][nth]
    return texts(Siblings(met).of(place, scope))


def test_the_same_variable_of_another_function_has_another_value():
    both = "def f(z):\n    s = a + 1\n    return s\ndef g(x):\n    s = b - {}\n    return s"
    known = {"f": scope_of(z=ROW, a=1.0, b=2.0, s=1.0), "g": scope_of(x=ROW, a=1.0, b=2.0, s=1.0)}
    assert of(both.format("2"), "a + 1", known) == ["b - 2"] and of(both.format("2"), "b - 2", known) == ["a + 1"]
    long = both.format("1" * 116)
    assert len("b - " + "1" * 116) == siblings.LONGEST and of(long, "a + 1", known) == ["b - " + "1" * 116]
    assert of(both.format("1" * 117), "a + 1", known) == []
    same = "def f(z):\n    s = a\n    return s\ndef g(x):\n    s = a\n    return s"
    assert of(same, "a", known) == []


def test_the_options_of_another_call_and_another_index():
    known = {"f": scope_of(a=ROW, k=1, j=2)}
    calls = "def f(a):\n    y = fft(a, axis=1)\n    w = -np.ifft(a, n=3)\n    return y + w"
    assert of(calls, "np.ifft(a, n=3)", known) == ["np.ifft(a, axis=1)"]
    index = "def f(a):\n    y = -a[k]\n    w = -a[j]\n    return y + w"
    assert of(index, "a[k]", known) == ["a[j]"] and of(index, "a[j]", known) == ["a[k]"]
    loops = "def f(a):\n    for k in P: pass\n    for k in Q: pass"
    assert of(loops, "P", {"f": scope_of(P=[1], Q=[2])}) == ["Q"]


def test_of_one_expression_two_dozen_others_are_taken():
    lines = "\n".join(f"    w = -a[{k}]" for k in range(27))
    assert of(f"def f(a):\n{lines}\n    return w", "a[0]", {"f": scope_of(a=ROW)}) == [f"a[{k}]" for k in range(1, 25)]


def test_a_value_is_wrapped_as_another_one_is():
    text = "def f(x):\n    y = (x + off) % TWO\n    return y\ndef g(x):\n    w = x - off\n    return w"
    known = dict.fromkeys("fg", scope_of(x=ROW, off=1.0, TWO=6.0))
    assert of(text, "x - off", known) == ["(x - off) % TWO"]


def test_forms_are_taken_for_whole_terms_alone():
    text = "def f(s, t):\n    y = np.where(mask, 0, s), t\n    return -t"
    known = {"f": scope_of(module={"np": onp}, s=ROW, t=ROW, mask=ROW > 0)}
    assert of(text, "t", known, 1) == ["np.where(mask, 0, t)"] and of(text, "t", known, 2) == []
    turned = "def f(v):\n    y = v[:, ::-1] if flip else v\n    w = a\n    return w"
    assert of(turned, "a", {"f": scope_of(v=ROW, flip=True, a=ROW, w=ROW)})[0] == "a[:, ::-1] if flip else a"


# --- slots ---


SPLIT = "def f(z):\n    e, o = z[:, 0::2], z[:, 1::2]\n    {}\n    return x"


def crossed(line):
    return slots._crossed(ast.parse(SPLIT.format(line)))


def test_variables_that_are_put_where_another_was_taken_from():
    for line, number in (
        ("x[:, 0::2], x[:, 1::2] = o, e", 2), ("x[:, 0::2], x[:, 1::2] = e, o", 0), ("x[:, 0::2] = o", 1),
        ("x[:, 3:] = o", 0), ("x[:, 0::2] = other", 0),
        ("x[:, 0::2] = -o", 0), ("x = o", 0), ("x[:, 0::2] = y[:, 1::2] = o", 1), ("x[:, 0::2], y = o, e", 1),
        ("x[0::2] = o", 1),
        ("x.a[:, 0::2] = o", 0), ("u, v = split(z)", 0), ("w = e, o", 0), ("w = x[:, 0::2] = o", 1),
        ("e = 1; x[:, 0::2] = o", 1),
    ):  # fmt: skip
        assert crossed(line) == number, line


HALVES = "def f(z):\n    a, b = z[:, :d], z[:, d:]\n    x = {}\n    return x"


def test_halves_that_are_joined_the_other_way_round():
    for joined, number in (
        ("np.hstack([b, a])", 1), ("np.hstack([a, b])", 0), ("np.concatenate((b, a), axis=1)", 1),
        ("np.column_stack([b, a])", 1), ("np.stack([b, a])", 0),
        ("np.hstack([b, a, c])", 0), ("np.hstack([b, c])", 0), ("np.hstack([b, b])", 0), ("np.hstack([a, a])", 0),
        ("np.hstack(b)", 0), ("np.hstack()", 0),
        ("hstack([b, a])", 0), ("np.hstack([f(b), a])", 0),
    ):  # fmt: skip
        assert slots._crossed(ast.parse(HALVES.format(joined))) == number, joined
    of_no_function = ast.parse("a, b = z[:, :d], z[:, d:]\nx = np.hstack([b, a])")
    assert slots._crossed(of_no_function) == 0


def test_the_columns_of_a_slice():
    for text, columns in (
        ("z[:, :d]", ":d"), ("z[d:]", "d:"), ("z[:, k]", "k"), ("z[:, 0]", None), ("z[:, [0, 1]]", None),
        ("a.z[:, :d]", None), ("z", None), ("z[()]", None),
        ("z[:, :, :d]", ":d"), ("f(z)[:, :d]", None),
    ):  # fmt: skip
        assert slots._columns(expression(text)) == columns, text


class Statement:
    def __init__(self, tree):
        self.tree = tree


def test_an_edit_crosses_what_was_straight_or_straightens_it():
    tree = ast.parse(SPLIT.format("x[:, 0::2], x[:, 1::2] = e, o"))
    line = tree.body[0].body[1]
    statement = Statement(tree)
    turned = Edit(line, "value", expression("(o, e)"))
    assert slots.newly_crossed(turned, [statement, statement]) == 2 and source(line.value) == "(e, o)"
    line.value = expression("(o, e)")
    back = Edit(line, "value", expression("(e, o)"))
    assert slots.newly_crossed(back, [statement]) == -2 and slots.newly_crossed(turned, [statement]) == 0
    other = Statement(ast.parse("y = 1"))
    assert slots.newly_crossed(back, [statement, other]) == -2
