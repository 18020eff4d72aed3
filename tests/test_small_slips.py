"""What could have been meant for one expression: signs, names of the same kind, calls, and letters of an einsum."""

import ast

import pytest
from made_scopes import tree

from nfscratch.check.repair import expressions


def slips(text):
    return [ast.unparse(new) for new in expressions.slips(tree(text))]


def thoughts(text):
    return [ast.unparse(new) for new in expressions.thoughts(tree(text))]


def test_so_many_things_in_a_row_are_exchanged():
    for size, count in ((1, 0), (2, 1), (3, 3), (4, 6), (5, 0)):
        row = ", ".join("abcde"[:size]) + "," * (size == 1)
        assert len(slips(f"({row})")) == len(slips(f"[{row}]")) == count, size
        assert len(slips(f"f({row})")) == (count if size > 1 else 0), size
    assert slips("(a, b)") == ["(b, a)"] and slips("[a, b]") == ["[b, a]"]
    for size, count in ((5, 10), (8, 28), (9, 0)):
        assert len(slips(f"f({', '.join(map(str, range(size)))})")) == count, size
    assert slips("f(a, 1, k=2)") == ["f(1, a, k=2)"]


def test_a_comparison_of_two_may_be_of_the_size():
    for text, made in (
        ("a < b", ["abs(a) < b"]), ("a <= b", ["abs(a) <= b"]), ("a > b", []), ("a == b", []), ("a < b < c", []),
        ("a < b == c", []),
    ):  # fmt: skip
        assert thoughts(text) == made, text


def test_functions_of_the_same_kind():
    """Of np.abs no part of a complex number; of a name and of an attribute alike."""
    for text, made in (
        ("np.abs", []), ("np.real", ["np.abs", "np.conj", "np.imag"]), ("abs", ["conj", "imag", "real"]),
        ("np.sinh", ["np.arcsinh", "np.arctan", "np.arctanh", "np.cosh", "np.tan", "np.tanh"]),
        ("np.log", ["np.exp", "np.expm1", "np.log1p", "np.log10", "np.log2"]), ("det", ["trace", "slogdet"]),
        ("a.T", ["a"]), ("a.b", []), ("triu", ["tril"]), ("x", []), ("np.maximum", ["np.minimum", "np.logaddexp"]),
        ("math.atan", ["math.atanh", "math.tanh"]),
    ):  # fmt: skip
        assert thoughts(text) == made, text


def test_an_element_may_be_the_whole_or_the_sum():
    for text, made in (
        ("a[0]", ["a", "sum(a)"]), ("a[-1]", ["a", "sum(a)"]), ("a[k]", ["a"]), ("a[1:]", ["a"]), ("np.c_[a]", []),
        ("a[True]", ["a"]), ("a[~k]", ["a", "sum(a)"]),
    ):  # fmt: skip
        assert thoughts(text) == made, text


def test_a_product_or_a_sum_may_be_one_of_its_parts():
    assert thoughts("a + b") == ["a", "b"] and thoughts("a @ b") == ["a", "b", "a.T @ b", "a @ b.T"]
    assert thoughts("a.T @ b") == ["a.T", "b", "a @ b", "a.T @ b.T"]
    assert (
        ast.unparse(expressions.turned(tree("a.T"))) == "a" and ast.unparse(expressions.turned(tree("a.b"))) == "a.b.T"
    )


def test_constants_that_could_have_been_meant():
    for value, near in (
        (True, [False]), (False, [True]), (3, [4, 2, -3, 6, 30, 0, 1, -1, 0.5, None]), (None, []), (b"a", []),
        (1, [2, 0, -1, 10, 3, 0.5, None]), (0, [1, -1, 2, 3, 0.5, None]), ("left", ["right"]), ("right", ["left"]),
        (4.0, [-4.0, 8.0, 2.0, 16.0, 1.0, 0.0, 5.0, 3.0, 40.0, 0.4, 0.25, 2.0]), ("word", []),
        (-0.25, [0.25, -0.5, -0.125, 0.0625, 1.0, 0.0, 0.75, -1.25, -2.5, -0.025, -4.0, 0.5]),
    ):  # fmt: skip
        assert expressions.constants(value) == near, value
    assert expressions.constants(0.0)[:3] == [1.0, 1.0, -1.0]  # it has no inverse


def test_operators_and_orders_of_two_terms():
    for text, made in (
        ("a + b + c", ["a + b - c", "a - b - c", "a + c + b", "a + (b + c)"]),
        ("a - b + c", ["a - b - c", "a + b - c", "a + c - b", "a - (b + c)"]),
        ("a + b + b", ["a + b - b", "a + b", "a - b - b", "a + b + b", "a + (b + b)"]), ("a + a", ["a - a", "a"]),
        ("a - a", ["a + a", "a - a", "a"]), ("a * a", ["a / a"]),
        ("a + b - b", ["a + b + b", "b - (a + b)", "a - b + b", "a - b + b", "a + (b - b)"]),
        ("a * b + c", ["a * b - c", "(a + c) * b", "a * (b + c)", "a * (b - c)"]),
        ("a * b - c", ["a * b + c", "c - a * b", "(a - c) * b", "a * (b - c)", "a * (b + c)"]),
        ("a / b * c", ["a / b / c", "a * c / b", "a / (b * c)"]), ("a // b", ["b // a"]),
        ("a - (b + c)", ["a + (b + c)", "b + c - a", "a - b + c"]), ("a * (b + c)", ["a / (b + c)", "a * b + c"]),
    ):  # fmt: skip
        assert slips(text) == made, (text, slips(text))


def test_a_call_is_left_out_or_given_another_axis():
    for text, made in (
        ("f(a)", ["a"]), ("f(a, b)", []), ("a.f()", ["a"]), ("a.f(b)", ["b"]), ("np.abs(a)", ["a"]),
        ("np.abs(ifft(a))", ["ifft(a)", "np.real(ifft(a))"]), ("abs(ifft(a))", ["ifft(a)"]), ("np.abs(fft(a), b)", []),
        ("f(a, k=1, j=2)", ["a", "f(a, j=2)", "f(a, k=1)"]), ("f()", []),
    ):  # fmt: skip
        assert thoughts(text) == made, text
    for text, at_once in (
        ("a.mean(axis=0).max()", False), ("a.mean(axis=0).sum()", True), ("a.sum().mean()", True),
        ("a.max().sum()", False),
        ("np.sum(a).mean()", False), ("b(a).mean()", False), ("a.sum(0).mean()", False), ("a.sum().sum(axis=0)", True),
    ):  # fmt: skip
        assert (thoughts(text).count("a.sum(axis=1)") == 1) is at_once, text
    axes = ["f.roll(a, axis=1)", "f.roll(a, axis=0)", "f.roll(a, axis=-1)"]
    assert thoughts("f.roll(a)") == ["a", *axes] and thoughts("f.rolls(a)") == ["a"]


@pytest.mark.parametrize("name", sorted(expressions.WITH_AXIS))
def test_what_has_an_axis(name):
    axes = [f"{name}(a, b, axis={k})" for k in (1, 0, -1)]
    assert thoughts(f"{name}(a, b)") == axes
    again = [f"{name}(a, b, axis={k})" for k in (0, 1, -1, None)]
    assert thoughts(f"{name}(a, b, axis=2)") == [f"{name}(a, b)", *again]


def test_a_logarithm_and_that_of_the_size():
    for text, is_one in (
        ("np.log(a)", True), ("log(a)", True), ("math.log(a)", True), ("np.log(a, b)", False), ("np.log", False),
        ("np.log()", False), ("np.log1p(a)", False), ("log", False), ("np.log(a).sum()", False),
    ):  # fmt: skip
        assert expressions.is_logarithm(tree(text)) is is_one, text
    assert (
        thoughts("np.log(a, out=b)")[0] == "np.log(np.abs(a), out=b)"
        and thoughts("math.log(a)")[0] == "math.log(abs(a))"
    )
    assert thoughts("a.b.log(c)")[0] == "a.b.log(abs(c))" and thoughts("log(a)")[0] == "log(abs(a))"


def test_letters_of_an_einsum_the_other_way_round():
    """The letters of one operand, a diagonal, and of a number for all the numbers of rows."""
    for text, made in (
        ("ij,jk->ik", ["ji,jk->ik", "ii,jk->ik", "ik,jk->ik", "ij,kj->ik", "ij,ik->ik", "ij,kk->ik"]), ("a", []),
        ("nii->n", ["ini->n", "iin->n", "nii->n", "nni->n", "nin->n"]), ("n->", ["n->n"]),
        ("ij->i", ["ji->i", "ii->i"]),
        ("ni->", ["ni->i", "ni->n", "in->", "ii->", "nn->"]), ("ij,jk", []),
    ):  # fmt: skip
        assert expressions.constants(text) == made, text
