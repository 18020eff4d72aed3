"""Where a value is meant under a condition alone, and the forms in which values stand beside each other."""

import ast

import numpy as onp
from made_scopes import place_in, scope_of, text_of

from nfscratch.check.repair import conditions

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
