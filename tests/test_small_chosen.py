"""Where a value is meant under a condition alone, and the forms in which values stand beside each other."""

import ast

import numpy as onp
from made_scopes import place_in, scope_of, text_of, tree

from nfscratch.check.repair import conditions, forms, like_places
from nfscratch.check.repair.edit import places, source

S = onp.array([0.5, -1.0])


def chosen(text, part, function=None, **held):
    return [text_of(new) for new in conditions.chosen(place_in(text, part), scope_of(function, **held))]


def test_a_branch_of_a_where_may_be_0():
    """The two values, and not the condition; of a where alone."""
    for text, part, made in (
        ("y = np.where(m, a, b)", "a", ["0.0"]), ("y = np.where(m, a, b)", "b", ["0.0"]),
        ("y = np.where(m, a, b)", "m", []),
        ("y = np.where(m, 1, 2)", "1", ["0.0"]), ("y = np.where(m, a, b, c)", "c", []),
        ("y = np.fmax(m, a, b)", "a", []),
        ("y = where(m, a, b)", "a", []), ("y = [m, a, b]", "a", []), ("y = 1", "1", []),
    ):  # fmt: skip
        assert chosen(text, part, s=S) == made, (text, part)


def test_a_term_or_what_is_summed_holds_under_a_condition():
    both = ["np.where(mask, q, 0.0)", "np.where(mask, 0.0, q)"]
    for text, some in (
        ("return q", True), ("return a, q", True), ("y = np.sum(q)", True), ("y = sum(q)", True), ("y = q.sum()", True),
        ("y = np.sum(1, q)", False), ("y = f(k=q)", False), ("y = q.mean()", False), ("y = np.sum(q + 1)", False),
        ("y = np.mean(q)", False), ("y = q + 1", False),
    ):  # fmt: skip
        assert chosen(text, "q", mask=S > 0) == both * some, text


def test_elsewhere_it_is_what_the_variable_was_or_another_of_its_shape():
    held = {"mask": S > 0, "other": S > 1, "a": S, "wide": onp.ones((3, 2)), "k": 1}
    found = chosen("y = q", "q", **held)
    pair = lambda m, other: [f"np.where({m}, q, {other})", f"np.where({m}, {other}, q)"]  # noqa: E731
    assert found == [text for m in ("mask", "other") for o in ("y", "a", "0.0") for text in pair(m, o)]
    assert chosen("return q", "q", **held) == [t for m in ("mask", "other") for o in ("a", "0.0") for t in pair(m, o)]
    function = "def f(s):\n    return np.where(s > 1, s, 0)"
    assert chosen("return q", "q", function, a=S) == pair("s > 1", "0.0")


def test_without_numpy_there_is_no_where():
    scope = scope_of(mask=S > 0)
    del scope.module["np"]
    assert [ast.unparse(new) for new in conditions.chosen(place_in("return q", "q"), scope)] == []


# --- forms ---

STEPS = "def f(x, l, h):\n    k, d = g(x)\n    q, e.v = g(k)\n    {}\n    {}\n    return x, l"


def in_other_words(own, other, part, **held):
    text = STEPS.format(other, own)
    place = place_in(text, part, last=True)
    return [text_of(new) for new in forms.parallel(place, scope_of(place.above[1], **held))]


def test_what_another_variable_is_given_in_the_words_of_this_one():
    for own, other, part, made in (
        ("l = l + h * d", "x = x + h * k / 2", "l + h * d", ["l + h * d / 2"]), ("l = p", "x = k - x", "p", ["d - l"]),
        ("x = p", "l = d * l", "p", ["k * x"]), ("l = p", "x = x + h", "p", []), ("l = p", "l = l + k", "p", []),
        ("l.v = p", "x = x + k", "p", []), ("l, m = p", "x = x + k", "p", []), ("l += p", "x = x + k", "p", []),
        ("l = p", "x = y = x + k", "p", []), ("l = p", "x.v = x + k", "p", []), ("l = p + 1", "x = x + k", "p", []),
        ("l = p", f"x = k + {'s' * 56}", "p", [f"d + {'s' * 56}"]), ("l = p", f"x = k + {'s' * 57}", "p", []),
        ("l = p", "x = q + x", "p", []),
    ):  # fmt: skip
        assert in_other_words(own, other, part) == made, (own, other)
    place = place_in("l = p", "p")
    assert list(forms.parallel(place, scope_of())) == []


def test_the_variables_of_an_expression():
    for text, names in {
        "np.log(f(a.b) + c)": ["c"], "a + b * a": ["a", "b"], "f(a)[k]": ["k", "a"], "f": ["f"], "f(f)": ["f"],
        "a.b": [],
        "f(g)(h)": ["h", "g"], "(a, [b, -c])": ["a", "b", "c"],
    }.items():  # fmt: skip
        assert forms._read(tree(text)) == names, text


# --- like places ---


def alike(one, part, new, other, twin, root=True):
    """The other text, as the edit makes it that is like `new` in the first."""
    there = ast.parse(f"\n\n{other}")
    tops = [ast.parse(one), there] if root else [ast.parse(one).body[0], there.body[0]]
    place, like = (next(p for p in places(t) if source(p.node) == q) for t, q in zip(tops, (part, twin), strict=True))
    found = []
    for edit in like_places.changed_alike(place, tree(new), like):
        new = edit.new if isinstance(edit.new, ast.AST) else ast.Tuple(edit.new)
        assert {n.lineno for n in ast.walk(new) if hasattr(n, "lineno")} == {3}
        with edit.done():
            compile(there, "", "exec")
            found.append(ast.unparse(there))
    return found


def test_what_is_done_in_a_like_place():
    for one, part, new, other, twin, made in (
        ("y = a", "a", "2 * a", "y = b", "b", ["y = 2 * b"]), ("y = a", "a", "2 * a", "w = b", "b", []),
        ("y = f(a)", "a", "2 * a", "w = f(b)", "b", ["w = f(2 * b)"]), ("y = f(a)", "a", "2 * a", "w += f(b)", "b", []),
        ("y = g(f(a))", "a", "2 * a", "w = -g(f(b[k]))", "b[k]", ["w = -g(f(2 * b[k]))"]),
        ("y = g(f(a))", "a", "2 * a", "w = h(f(b))", "b", []), ("y = f(a)", "a", "b", "w = f(b)", "b", []),
        ("y = f(a)", "a", "a", "w = f(b)", "b", ["w = f(b)"]), ("y = f(a, c)", "a", "2 * a", "w = f(b)", "b", []),
        ("y = (a, b)", "a", "2 * a", "w = (c, d)", "c", []),
        ("y = (a, b)", "a", "2 * a", "w = (c, b)", "c", ["w = (2 * c, b)"]),
        ("y = a.mean()", "a.mean", "a.sum", "w = (b + c).mean()", "(b + c).mean", ["w = (b + c).sum()"]),
        ("y = a.mean()", "a.mean", "a", "w = b.mean()", "b.mean", []),
        ("y = f(a)", "a", "a.T", "w = f(b)", "b", ["w = f(b.T)"]),
        ("y = a.mean()", "a.mean", "c.sum", "w = b.mean()", "b.mean", []),
        ("y = a.mean()", "a.mean", "a.sum", "w = f(b)", "b", []),
        ("y = a.mean()", "a.mean", "a.sum", "w = b.mean(axis=0)", "b.mean", []),
    ):  # fmt: skip
        for root in (True, False):
            assert alike(one, part, new, other, twin, root) == made, (one, new, other, root)


def test_the_first_that_says_the_same_is_exchanged():
    assert text_of(like_places._with(tree("a * (1 - a)"), tree("a"), tree("b"))) == "b * (1 - a)"
    kept = tree("f(a)")
    assert text_of(like_places._with(kept, kept.args[0], tree("b"))) == "f(b)" and text_of(kept) == "f(a)"
