"""Linear maps that are made of factors: which of their looks is asked, and where each begins and ends."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_linear

W = onp.array([[1.5, 0.4, 0.1], [0.3, 0.9, -0.2], [0.2, 0.1, 1.1]])


def turn(angle, dim=2, at=0):
    Q = onp.eye(dim)
    c, s = onp.cos(angle), onp.sin(angle)
    Q[at : at + 2, at : at + 2] = [[c, -s], [s, c]]
    return Q


def name_of(mistake):
    return mistake and mistake.name


# --- products of reflections ---


@pytest.mark.parametrize(("Q", "is_one"), [
    (turn(1.0) * (1 - 1e-7), False), (turn(1.0) @ onp.diag([1.0, -1.0]), True), (turn(1.0, 3), False),
    (turn(1.0, 4), True), (turn(0.9e-6, 4) @ turn(1.0, 4, 2), True), (turn(1.1e-6, 4) @ turn(1.0, 4, 2), False),
    (-onp.eye(3), False), (W, False), (turn(2.0) @ onp.diag([1.0, -1.0]) * 1.001, False),
])  # fmt: skip
def test_a_few_reflections_turn_space_over_or_keep_a_plane(Q, is_one):
    assert wrong_linear.is_product_of_reflections(Q) is is_one
    if is_one and onp.linalg.det(Q) > 0:
        assert wrong_linear._keeps_a_plane(Q)


def test_minus_one_keeps_no_plane():
    assert not wrong_linear._keeps_a_plane(-onp.eye(3)) and not wrong_linear._keeps_a_plane(turn(1.1e-6))


# --- which look is asked ---


def asked(c, monkeypatch, A=W, w=W, factors=None, scale="scale"):
    """What `linear` gives, and what it asked; the lines are z' = A x + 3 and x = w z + 2."""
    seen = []
    lines = {"back": (A, 3), "x": (w, 2)}
    monkeypatch.setattr(wrong_linear, "_line", lambda a, b: lines[b])
    monkeypatch.setattr(wrong_linear, "_of_factors", lambda *of: seen.append(("factors", *of[2:])) or factors)
    monkeypatch.setattr(wrong_linear, "_scale", lambda W, b, A, a: seen.append(("scale", b, a)) or scale)
    monkeypatch.setattr(wrong_linear, "_shift", lambda W, b, a: seen.append(("shift", b, a)) or "shift")
    return wrong_linear.linear(c), seen


def columns(J=W, dim=3, is_linear=True, bijection=None):
    trial = SimpleNamespace(subject=SimpleNamespace(bijection=bijection))
    return SimpleNamespace(dim=dim, is_linear=is_linear, J=[J], z="z", x="x", back="back", trial=trial)


@pytest.mark.parametrize(("bijection", "seen"), [(None, True), ("a bijection", False)])
def test_factors_are_asked_before_a_scale_and_a_shift_where_the_matrix_is_undone(bijection, seen, monkeypatch):
    """A function's run may tell more of its factors; of a bijection there is none."""
    c = columns(bijection=bijection)
    assert asked(c, monkeypatch) == ("scale", [("factors", seen), ("scale", 2, 3)])
    assert asked(c, monkeypatch, factors="factors") == ("factors", [("factors", seen)])
    assert asked(c, monkeypatch, A=onp.linalg.inv(W)) == ("shift", [("shift", 2, 3)])


def test_what_is_no_dense_line_is_not_asked(monkeypatch):
    nothing = (None, [])
    assert asked(columns(is_linear=False), monkeypatch) == nothing
    assert asked(columns(J=onp.tril(W)), monkeypatch) == nothing and asked(columns(dim=1), monkeypatch) == nothing
    assert asked(columns(), monkeypatch, A=None) == nothing and asked(columns(), monkeypatch, w=None) == nothing
    for condition, told in ((0.99e6, True), (1.01e6, False)):
        J = turn(0.5) @ onp.diag([1.0, 1 / condition]) @ turn(0.3)
        c = columns(J=J, dim=2)
        assert (asked(c, monkeypatch, A=onp.eye(2), w=J)[0] == "scale") is told
    two = W[:2, :2]
    assert asked(columns(J=two, dim=2), monkeypatch, A=two, w=two)[0] == "scale"


# --- the factors ---


def test_a_result_that_has_lost_a_dimension_is_no_permutation():
    for product in ([[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]):
        lost = onp.linalg.inv(W[:2, :2]) @ onp.array(product)
        assert wrong_linear._of_factors(W[:2, :2], lost, True) is None


@pytest.mark.parametrize(("product", "root", "pivoted", "name"), [
    ([1, 0, 2], True, False, "P_LEFT_OUT"), ([1, 2, 0], False, True, "P_LEFT_OUT"),
    ([1, 2, 0], False, False, "PERMUTATION"),
])  # fmt: skip
def test_a_permutation_that_may_be_a_square(product, root, pivoted, name, monkeypatch):
    monkeypatch.setattr(wrong_linear, "_has_no_root", lambda P: root)
    monkeypatch.setattr(wrong_linear, "_is_pivoted", lambda A: pivoted)
    A = onp.linalg.inv(W) @ onp.eye(3)[product]
    assert name_of(wrong_linear._of_factors(W, A, True)) == name
    assert name_of(wrong_linear._of_factors(W, A + 1e-4, True)) not in ("P_LEFT_OUT", "PERMUTATION")


@pytest.mark.parametrize(("seen", "plane", "name"), [
    (True, False, "FACTOR_NOT_INVERTED"), (True, True, "LAYERS_IN_ORDER"), (False, False, "LAYERS_IN_ORDER"),
])  # fmt: skip
def test_reflections_that_are_undone_in_the_order_of_forward(seen, plane, name, monkeypatch):
    Q, R = onp.linalg.qr(W)
    monkeypatch.setattr(wrong_linear, "_keeps_a_plane", lambda Q: plane)
    assert name_of(wrong_linear._of_factors(W, onp.linalg.inv(R) @ Q, seen)) == name
    assert name_of(wrong_linear._of_factors(W, onp.linalg.inv(R) @ onp.diag([1, -1, 1]) @ Q, seen)) == name


@pytest.mark.parametrize(("sizes", "name"), [
    ((1.0, 1.0, 0.5), "LAYERS_IN_ORDER"), ((1.011, 1.0, 1.0), "LAYERS_IN_ORDER"), ((1.009, 1.0, 1.0), None),
    ((2.0, 1.0), None),
])  # fmt: skip
def test_two_turns_about_a_scale_are_told_in_three_dimensions(sizes, name):
    n, rng = len(sizes), onp.random.default_rng(3)
    U, V = (onp.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    S = onp.diag(sizes)
    found = wrong_linear._of_one_factor(U @ S @ V, U.T @ onp.linalg.inv(S) @ V.T)
    assert name_of(found) == name
    assert wrong_linear._of_one_factor(U @ S @ V, onp.linalg.inv(U @ S @ V).T) is None


@pytest.mark.parametrize(("dim", "told"), [(6, True), (7, False)])
def test_the_other_order_of_two_factors_is_looked_for_up_to_six_variables(dim, told, monkeypatch):
    """The factors are permuted as they are written: the first of all orders is enough."""
    monkeypatch.setattr(wrong_linear, "permutations", lambda n: [tuple(n)])
    rng = onp.random.default_rng(1)
    L, U = (onp.tril(rng.normal(size=(dim, dim)), -1) * 0.3 + onp.eye(dim) * (1 + k) for k in (0, 1))
    A = onp.linalg.inv(L) @ onp.linalg.inv(U.T)
    assert wrong_linear._is_swapped(L @ U.T, A) is told
    assert wrong_linear._is_swapped(L @ U.T, onp.linalg.inv(L @ U.T)) is False


# --- scales and shifts ---


B, ORDER = onp.array([0.7, -1.3, 0.4]), onp.eye(3)[[1, 2, 0]]


@pytest.mark.parametrize(("A", "a", "name"), [
    (onp.eye(3), -B, "SCALE_NOT_UNDONE"), (ORDER, -B[[1, 2, 0]], "SCALE_NOT_UNDONE"), (ORDER, -B, None),
    (W, -W @ B, "MULTIPLIES"), (W, -B, "MULTIPLIES"), (W, B, None), (W[[1, 0, 2]], -B, "MULTIPLIES"), (W.T, -B, None),
    (2 * W, -B, None),
])  # fmt: skip
def test_a_scale_that_is_left_or_multiplies(A, a, name):
    assert name_of(wrong_linear._scale(W, B, A, a)) == name


@pytest.mark.parametrize(("b", "a", "name"), [
    (B, -B, "WRONG_ORDER"), (B, -B[[2, 0, 1]], "WRONG_ORDER"), (B, 0 * B, "SHIFT_NOT_UNDONE"),
    (B, onp.linalg.solve(W, B), "SHIFT_NOT_UNDONE"), (B, B, None), (0.9e-5 * onp.eye(3)[0], 0 * B, None),
    (1.1e-5 * onp.eye(3)[0], 0 * B, "SHIFT_NOT_UNDONE"), (1e-5 * onp.eye(3)[0], -B, None),
])  # fmt: skip
def test_a_shift_that_is_not_undone(b, a, name):
    assert name_of(wrong_linear._shift(W, b, a)) == name


# --- log-dets ---


def sample(dim=2, c=3.0, J=None, direction="forward", failed=True):
    J = onp.tile(onp.ones((dim, dim)), (4, 1, 1)) if J is None else J
    return SimpleNamespace(dim=dim, J=J, c=onp.full(4, c), failed=failed, direction=direction)


def test_a_log_det_is_asked_for_up_to_six_variables_of_one_dense_matrix(monkeypatch):
    """The logarithms are 2 and -1: their sizes have the sum 3."""
    monkeypatch.setattr(wrong_linear, "_logs", lambda s: onp.array([[2.0, -1.0]]))
    named = lambda *samples: name_of(wrong_linear.by_factor(list(samples)))  # noqa: E731
    assert named(sample()) == named(sample(6)) == named(sample(c=-3.0, direction="inverse")) == "ABSOLUTE_SUMMED"
    assert named(sample(7)) is None and named() is None and named(sample(failed=False)) is None
    assert named(sample(J=onp.tile(onp.eye(2), (4, 1, 1)))) is None and named(sample(c=-3.0)) is None
    assert named(sample(), sample(c=9.0, failed=False)) == "ABSOLUTE_SUMMED" and named(sample(), sample(3)) is not None
    for moved, still in ((1e-6, True), (1.1e-6, False)):
        J = onp.zeros((4, 2, 2)) + onp.array([[0.0, 1.0], [1.0, 0.0]])
        J[2, 1, 1] = moved
        assert (named(sample(J=J)) is not None) is still
    for off, same in ((0.9e-5, True), (1.1e-5, False)):
        near = sample()
        near.c = 3.0 + off * onp.array([0, 1, 0, 0])
        assert (named(near) is not None) is same
    assert Mistake[named(sample(c=2.0))] is Mistake.TERMS_LEFT_OUT and named(sample(c=-1.0)) == "TERMS_LEFT_OUT"
