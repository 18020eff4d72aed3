"""Columns that are joined, terms that stand twice, and how much a piece of source says."""

import ast

import numpy as onp
import pytest
from made_scopes import place_in, scope_of, text_of

from nfscratch.check.repair import columns_joined, lengths
from nfscratch.check.repair.columns_joined import Splits
from nfscratch.check.repair.edit import places

ROWS = {name: onp.arange(3.0) for name in "abcd"}


def rows(text, part, **held):
    return [text_of(new) for new in columns_joined.other_rows(place_in(text, part), scope_of(**held))]


def test_two_columns_at_least_are_others():
    """Of every order of the variables alike, those in which two columns or more are another."""
    assert rows("y = [a, b]", "[a, b]", **{k: ROWS[k] for k in "abc"}) == ["[b, a]", "[b, c]", "[c, a]"]
    assert len(rows("y = [a, b]", "[a, b]", **ROWS)) == 12 - 1 - 4
    assert len(rows("y = [a, b, c]", "[a, b, c]", **ROWS)) == 24 - 1 - 3
    assert rows("y = f(1, a, 2, b, k=3)", "f(1, a, 2, b, k=3)", a=ROWS["a"], b=ROWS["b"]) == ["f(1, b, 2, a, k=3)"]
    assert rows("y = (a, b)", "(a, b)", a=onp.eye(2), b=onp.eye(2)) == ["(b, a)"]


def test_so_many_variables_may_be_a_column():
    many = {f"v{k}": onp.arange(3.0) for k in range(12)}
    assert len(rows("y = [v0, v1]", "[v0, v1]", **many)) == 90 - 1 - 16
    assert len(rows("y = [v0, v1, v2]", "[v0, v1, v2]", **many)) == 120 - 1 - 9


def test_what_is_no_row_of_columns():
    a, one = onp.arange(3.0), 1.0
    for text, held in (
        ("[a, b]", {"a": a, "b": onp.arange(4.0)}), ("[a]", {"a": a, "b": a}), ("[a, b, 1]", {"a": a, "b": a}),
        ("[a, b, c, d]", dict.fromkeys("abcd", a)), ("f(a, b, c, d)", dict.fromkeys("abcd", a)), ("f(a)", {"a": a}),
        ("[a, b]", {"a": onp.ones((2, 2, 2)), "b": onp.ones((2, 2, 2))}), ("[a, b]", {"a": one, "b": one}),
        ("[a, b]", {"a": onp.float64(1), "b": onp.float64(2)}), ("a + b", {"a": a, "b": a}),
        ("[a, b]", {"a": a, "b": a.astype(int)}), ("[a, b]", {"a": a.astype(int), "b": a, "c": a}),
    ):  # fmt: skip
        assert rows(f"y = {text}", text, **held) == [], text
    assert rows("[a, b] = y", "[a, b]", a=a, b=a) == []


def test_the_columns_that_stand_beside_have_the_same_kind_of_numbers():
    a, whole = onp.arange(3.0), onp.arange(3)
    assert rows("y = [a, b]", "[a, b]", a=a, b=a, c=whole, d=onp.arange(4.0)) == ["[b, a]"]


def back(text, slices="u, v = z[:, ::2], z[:, 1::2]", function=None, np=True, **held):
    scope = scope_of(function, **{"a": onp.ones((3, 2)), "b": onp.ones((3, 3)), **held})
    scope.module |= {"hstack": onp.hstack, "cat": onp.hstack}
    if not np:
        del scope.module["np"]
    found = list(
        Splits([(p, None) for p in places(ast.parse(slices))]).put_back(place_in(f"\n\ny = {text}", text), scope)
    )
    assert all(new.lineno == 3 for new in found)
    return [ast.unparse(new) for new in found]


ORDER = "[:, np.argsort([*range(5)[::2], *range(5)[1::2]])]"


def test_two_halves_that_are_joined_are_put_back():
    for text in ("np.concatenate([a, b], axis=1)", "np.hstack((a, b))", "hstack([a, b])", "np.c_[a, b]"):
        assert back(text) == [text + ORDER], text
    for text in (
        "np.hstack([a, b, a])", "np.c_[a, b, a]", "np.r_[a.T, b.T]", "np.c_[a]", "np.dstack([a, a])", "a", "cat(a)",
        "np.hstack()", "np.hstack(c)", "np.hstack([a[0], b[0]])", "np.append([a, a], [b])[:, None][0]",
    ):  # fmt: skip
        assert back(text, c=[onp.ones((3, 2))] * 2) == [], text
    assert back("hstack([a, b])", np=False) == []


def test_halves_are_put_back_where_two_slices_of_one_array_have_a_step():
    text = "hstack([a, b])"
    for slices, found in (
        ("z[:, ::2], z[:, 1::2]", 1), ("z[:, ::2], y[:, 1::2]", 0), ("z[:, 0:2], z[:, 2:4]", 0), ("z[:, ::2]", 0),
        ("z[::2], z[1::2]", 0), ("z[:, 0], z[:, 1]", 0), ("z[:, ::2, 0], z[:, 1::2, 0]", 0),
        ("z[:, ::2], z[:, 1::2], z[:, ::3]", 2), ("z[:, ::2], z[:, 1::2], z[:, ::2], z[:, 1::2]", 2),
        ("z[:, ::2], q[:, 0:1], z[:, 1::2]", 1), ("w = 0", 0),
    ):  # fmt: skip
        assert len(back(text, slices)) == found, slices


def test_where_every_second_column_is_taken_they_are_woven_instead():
    text = "hstack([a, b])"
    assert back(text, function="def f(z):\n    x[:, ::2] = z") == [] and back(text, function="def f(z): z") == [
        text + ORDER
    ]


def test_a_change_that_puts_halves_back():
    made = "a[:, np.argsort([*range(2)[::2], *range(2)[1::2]])]"
    assert columns_joined.puts_back("a", made) and not columns_joined.puts_back(made, made)
    assert not columns_joined.puts_back("a", "a[:, np.argsort(order)]") and not columns_joined.puts_back(made, "a")


# --- how much a piece of source says ---


@pytest.mark.parametrize("sign", ["+", "-"])
def test_one_of_two_like_terms_is_gone(sign):
    for before, after, gone in (
        ("a + b + b", "a + b", True), ("f(a + b + b, c)", "f(a + b, c)", True), ("a + b + c + b", "a + b + c", False),
        ("a + b", "a + b", False), ("a + b", "a + b + b", False), ("a + b + c", "a + b", False),
        ("a + b + b", "b", False),
        ("a + b + b + c", "a/bbb + c", False), ("a + b + b", "c", False), ("a * b * b", "a * b", False),
    ):  # fmt: skip
        assert lengths.drops_repeated(before.replace("+", sign), after.replace("+", sign)) is gone, (before, after)


def test_one_of_two_like_terms_is_gone_where_they_stand_first():
    for before, after, gone in (
        ("b + b", "b", True), ("f(b + b)", "f(b)", True), ("a[b + b]", "a[b]", True), ("a, b + b", "a, b", False),
        ("b - b", "b", False), ("ab + b", "ab", False), ("a.b + b", "a.b", False), ("a * b + b", "a * b", False),
        ("a(b)c + c", "a(b)c", False), ("a[0]b + b", "a[0]b", False), ("w * w + w", "w * w", False),
    ):  # fmt: skip
        assert lengths.drops_repeated(before, after) is gone, (before, after)


def test_how_much_a_piece_of_source_says():
    for text, much in {
        "a": 1, "a + b": 3, "a * b": 3, "-a": 1, "(a)": 1, "a - b": 2, "a > b": 2, "a <= b": 2, "a == b": 2,
        "A.T @ x": 3,
        "x[:, 1:2]": 1, "x[:, a:b]": 1, "x[:, :]": 1, "xs[:, k:]": 1, "x[:, 1:2] + y[:, :k]": 3, "x[1:2]": 6,
        "x[:, 1]": 6,
        "x[:, ::-1]": 11, "x[::-1]": 9, "x[:, ::1]": 5, "x[::1]": 3, "": 0,
    }.items():  # fmt: skip
        assert lengths.length(text) == much, text
