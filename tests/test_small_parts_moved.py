"""A part of an expression at another place: out of a call, or into one; and values wrapped round as others are."""

import ast
from types import SimpleNamespace

import numpy as onp
from by_hand import expression, place_of, scope_of, texts

from nfscratch.check.repair import moduli, moved


def test_a_part_goes_into_a_call_and_out_of_one():
    for text, found in (
        ("f(a) - b", ["f(a - b)"]), ("b - f(a)", ["f(b - a)"]), ("f(a, c) - b", ["f(a - b, c)", "f(a, c - b)"]),
        ("f(a) * g(b)", ["f(a * g(b))", "g(f(a) * b)"]), ("f(3) - b", []), ("f(*a) - b", []), ("a - b", []),
        ("f(a - b)", ["f(a) - b", "a - f(b)"]), ("f(c, a - b, k=1)", ["f(c, a, k=1) - b", "a - f(c, b, k=1)"]),
        ("f(a)", []), ("f(a)[k] - b", ["(f(a) - b)[k]"]),
    ):  # fmt: skip
        assert texts(moved.moved(expression(text))) == found, text


def test_an_index_moves_from_a_part_to_the_whole_and_back():
    for text, found in (
        ("a[:, p] - b", ["(a - b)[:, p]"]), ("a - b[:, p]", ["(a - b)[:, p]"]),
        ("a[k] * b[j]", ["(a * b[j])[k]", "(a[k] * b)[j]"]),
        ("(a - b)[:, p]", ["a[:, p] - b", "a - b[:, p]"]), ("a[k]", []), ("f(a)[k]", []), ("a", []), ("-a", []),
    ):  # fmt: skip
        assert texts(moved.moved(expression(text))) == found, text


def test_two_calls_change_places():
    for text, found in (
        ("f(g(a))", ["g(f(a))"]), ("f(g(a, b), c)", ["g(f(a, c), b)"]), ("np.f(np.g(a))", ["np.g(np.f(a))"]),
        ("np.log(a.max(1, k=2))", ["np.log(a).max(1, k=2)"]), ("f(g())", []), ("f()", []), ("f(a)", []),
        ("f(k=g(a))", []), ("f(c, g(a))", []), ("f(xp.g())", []), ("f(a.max())", ["f(a).max()"]),
    ):  # fmt: skip
        assert texts(moved.moved(expression(text))) == found, text


def test_the_elements_of_a_trace_before_their_sum():
    for text, found in (
        ("np.log(np.einsum('nii->n', a))", ["np.log(np.einsum('nii->ni', a)).sum(axis=-1)"]),
        ("f(np.einsum('nij,nk->n', a))", [f"f(np.einsum('nij,nk->n{c}', a)).sum(axis=-1)" for c in "ijk"]),
        ("f(np.einsum('nij->ij', a))", ["f(np.einsum('nij->ijn', a)).sum(axis=-1)"]), ("f(g('ni', a))", []),
        ("f(g(1, a))", []), ("f(g(b, a))", []), ("f(g())", []), ("f(a)", []), ("f()", []),
    ):  # fmt: skip
        assert texts(moved._elements_first(expression(text))) == found, text


def test_a_sum_over_some_axes_becomes_one_over_all_but_the_first():
    total = "a.reshape(len(a), -1).sum(axis=1)"
    for text, found in (
        ("a.sum(axis=2)", [total]), ("a.mean(1)", [total]), ("np.prod(a, axis=1)", [total]), ("np.sum(a)[k]", [total]),
        ("a.sum(axis=(1, 2))[:, 0][k]", [total]), ("a.max(axis=1)", []), ("sum(a)", []), ("np.sum()", []), ("a[k]", []),
        ("a.b.sum()", ["a.b.reshape(len(a.b), -1).sum(axis=1)"]), ("f(np.sum)", []), ("np.sum[k]", []),
    ):  # fmt: skip
        assert texts(moved._row_totals(expression(text))) == found, text


def test_all_kinds_of_moves_of_one_expression():
    assert texts(moved.moved(expression("np.sum(f(a))"))) == [
        "f(np.sum(a))", "f(a).reshape(len(f(a)), -1).sum(axis=1)",
    ]  # fmt: skip
    assert texts(moved.moved(expression("a.sum(1)[k]"))) == ["a.reshape(len(a), -1).sum(axis=1)"]
    assert texts(moved.moved(expression("f(np.einsum('ni->n', a))"))) == [
        "np.einsum(f('ni->n'), a)", "f(np.einsum('ni->ni', a)).sum(axis=-1)",
    ]  # fmt: skip


def test_a_method_is_of_an_array_and_not_of_a_module():
    for text, said in (("a.sum()", True), ("np.sum()", False), ("a.b.sum()", True), ("sum(a)", False),
     ("f(a).sum()", True),
                       ("np.linalg.det()", True), ("torch.sum()", False)):  # fmt: skip
        assert moved._is_method(expression(text)) is said, text


# --- moduli ---


ANGLES = onp.array([0.5, 1.0])


def known(*cases, **held):
    """The moduli of a few places, each in a scope with these variables."""
    scope = scope_of(module={"np": onp}, x=ANGLES, n=3, k=1, whole=onp.array([1, 2]), **held)
    return texts(moduli.moduli([(place_of(text, part), scope) for text, part in cases]))


def test_what_follows_a_percent_sign_of_angles():
    for text, part, found in (
        ("y = (x + 1) % TWO", "(x + 1) % TWO", ["TWO"]), ("y = np.mod(x, c)", "np.mod(x, c)", ["c"]),
        ("y = np.fmod(x, c)", "np.fmod(x, c)", ["c"]), ("y = np.remainder(x, c)", "np.remainder(x, c)", ["c"]),
        ("y = (k + 1) % n", "(k + 1) % n", []), ("y = whole % n", "whole % n", []), ("y = a[x % n]", "x % n", []),
        ("y = np.mod(x, c, x)", "np.mod(x, c, x)", []), ("y = np.power(x, c)", "np.power(x, c)", []),
        ("y = lost % n", "lost % n", []),
        ("y = x * n", "x * n", []), ("y = 3.0 % x", "3.0 % x", []), ("y = np.mod(x, out=c)", "np.mod(x, out=c)", []),
    ):  # fmt: skip
        assert known((text, part)) == found, text
    cases = [(f"y = x % m{j}", f"x % m{j}") for j in (1, 1, 2, 3, 4)]
    assert known(*cases) == ["m1", "m2", "m3"]


def test_a_whole_sum_or_difference_is_wrapped_round():
    by, scope = (
        [expression("TWO"), expression("lost"), expression("np.pi * c")],
        scope_of(module={"np": onp}, TWO=6.0, c=2),
    )
    for text, part, found in (
        ("y = a - b", "a - b", ["(a - b) % TWO", "(a - b) % (np.pi * c)"]),
        ("y = f(a + b)", "a + b", ["(a + b) % TWO", "(a + b) % (np.pi * c)"]),
        ("y = a * b", "a * b", []), ("y = -(a - b)", "a - b", []), ("y = (a + b) % q", "a + b", []),
        ("y = np.mod(a + b, q)", "a + b", []),
        ("y = a", "a", []), ("return a + b, c", "a + b", ["(a + b) % TWO", "(a + b) % (np.pi * c)"]),
    ):  # fmt: skip
        assert texts(moduli.wrapped_round(place_of(text, part), by, scope)) == found, text


def test_a_line_that_adds_is_written_out_and_wrapped_round():
    by, scope = [expression("TWO"), expression("lost")], scope_of(TWO=6.0)
    for text, found in (
        ("y -= off", ["y = (y - off) % TWO"]), ("y[k] += 1", ["y[k] = (y[k] + 1) % TWO"]), ("y *= off", []),
        ("y = off", []),
    ):  # fmt: skip
        line = ast.parse(f"\n\n{text}").body[0]
        made = list(moduli.wrapped_line(line, by, scope))
        assert texts(made) == found, text
        for new in made:
            assert compile(ast.Module([new], []), "f.py", "exec") and new.lineno == 3


def test_numbers_that_may_be_angles():
    for value, said in (
        (ANGLES, True), (onp.array([1, 2]), False), (onp.float64(1.0), False), (1.0, False), (None, False),
        (ANGLES[None], True),
        (SimpleNamespace(ndim=0), False),
    ):  # fmt: skip
        assert moduli._is_of_numbers(value) is said, value
