"""Wrong inverses of affine, bent and linear maps and of couplings, by formulas whose right answer is known; screens."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng, zero
from tried_maps import small_trial as trial_of

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    aligned,
    explain,
    paired,
    wrong_affine,
    wrong_condition,
    wrong_elementwise,
    wrong_linear,
)
from nfscratch.check.diagnosis.columns import Columns
from nfscratch.check.diagnosis.mistakes import Named
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.message import Case
from nfscratch.check.pairs import of_pair
from nfscratch.check.repair import differences, screen, screens
from nfscratch.check.trial import Trial


def columns(forward, inverse, dim=2, **more):
    trial = trial_of(forward, inverse, dim, **more)
    return Columns(trial, onp.ones(len(trial), dtype=bool))


def name_of(mistake):
    return mistake.name if mistake else None


# --- affine maps ---


D, T = onp.array([2.0, 0.5]), onp.array([0.7, -1.3])


@pytest.mark.parametrize(("inverse", "name"), [
    (lambda x: x / D - T, "WRONG_ORDER"), (lambda x: (x - T / D) / D, "WRONG_ORDER"),
    (lambda x: (x - T) * D, "MULTIPLIES"),
    (lambda x: x * D + T, "MULTIPLIES"), (lambda x: x * D - T, "MULTIPLIES"), (lambda x: x * D - T / D, "MULTIPLIES"),
    (lambda x: (x - T / D) * D, "MULTIPLIES"), (lambda x: x - T, "SCALE_NOT_UNDONE"),
    (lambda x: x - T / D, "SCALE_NOT_UNDONE"),
    (lambda x: x / D, "SHIFT_NOT_UNDONE"), (lambda x: (x + T) / D, "SHIFT_NOT_UNDONE"),
    (lambda x: (x - T) / D + 0.1, None),
    (lambda x: x / D - 2 * T, None),
])  # fmt: skip
def test_an_affine_map_that_is_undone_wrongly(inverse, name):
    assert name_of(wrong_affine.affine(columns(lambda z: D * z + T, inverse))) == name


def test_a_map_without_a_scale_has_none_to_forget():
    c = columns(lambda z: z + T, lambda x: x)
    assert list(wrong_affine._candidates(c, onp.ones((12, 2)), T)) == [Mistake.SHIFT_NOT_UNDONE]
    assert wrong_affine.affine(c) is Mistake.SHIFT_NOT_UNDONE


@pytest.mark.parametrize(("order", "wrong", "first"), [
    ([1, 0], [1, 1], 1), ([1, 0], [1, 0], 0), (None, [0, 1], 1), (None, [0, 0], 0), ([0, 1], [0, 1], 1),
])  # fmt: skip
def test_the_first_wrong_column_in_the_order_of_dependence(order, wrong, first):
    c = SimpleNamespace(order=order, wrong=onp.array(wrong, dtype=bool))
    assert wrong_affine._first_wrong(c) == first


def clamped(b=1.0, a=lambda z: 2 * z[:, :1]):
    """x_2 = z_2 e^{b tanh(a(z_1) / b)} + z_1, whose inverse forgets the tanh."""
    shape = lambda s, t, kept: onp.concatenate([kept, s * t], axis=1)  # noqa: E731
    forward = lambda z: onp.concatenate([z[:, :1], z[:, 1:] * onp.exp(b * onp.tanh(a(z) / b)) + z[:, :1]], axis=1)  # noqa: E731
    inverse = lambda x: shape(onp.exp(-a(x)), x[:, 1:] - x[:, :1], x[:, :1])  # noqa: E731
    return columns(forward, inverse, n=30)


def test_a_clamp_that_only_one_direction_has():
    assert wrong_affine.affine(clamped()) is Mistake.CLAMP_IN_FORWARD
    assert wrong_affine._clamped(clamped(0.5)) is Mistake.CLAMP_IN_FORWARD
    c = clamped(a=lambda z: 0 * z[:, :1] + 1)
    assert wrong_affine._clamped(c) is None
    straight = columns(lambda z: D * z, lambda x: x)
    assert wrong_affine._clamped(straight) is None


@pytest.mark.parametrize(("forward", "inverse", "name"), [
    (onp.sinh, lambda x: onp.arcsinh(x) * 2 + 1, "RESCALING"),
    (onp.sinh, lambda x: onp.arcsinh(2 * x + 1), "RESCALING"),
    (onp.sinh, onp.arcsinh, None), (onp.sinh, lambda x: onp.arcsinh(x) ** 3, None),
    (lambda z: 2 * z, lambda x: x, "RESCALING"),
    (lambda z: 2 * z, lambda x: x / 2 + [1, 2], "SHIFT_NOT_UNDONE"),
    (lambda z: 2 * z, lambda x: x * [1, 3] + 1, "RESCALING"),
    (lambda z: z @ onp.array([[1.0, 0.5], [0, 1]]), lambda x: x, None), (lambda z: 2 * z, lambda x: x**3, None),
])  # fmt: skip
def test_a_map_that_is_left_rescaled(forward, inverse, name):
    assert name_of(wrong_affine.rescaled(columns(forward, inverse))) == name


@pytest.mark.parametrize(("scale", "shift", "rescaled"), [
    (1.0, 0.0, False), (1 + 1.1e-6, 0.0, True), (1 + 0.9e-6, 0.0, False), (1.0, 1.1e-6, True), (1.0, -0.9e-6, False),
    (1.0, -1.1e-6, True), (1 - 1.1e-6, 0.0, True),
])  # fmt: skip
def test_a_rescaling_is_none_near_the_identity(scale, shift, rescaled):
    a = rng().normal(size=(9, 2))
    assert bool(wrong_affine._is_rescaled(a, scale * a + shift)) is rescaled
    b = onp.where(onp.arange(9)[:, None] < 1, 2 * a, onp.nan)
    assert not wrong_affine._is_rescaled(a, b)
    b[1] = 2 * a[1]
    assert wrong_affine._is_rescaled(a, b)


# --- bent elementwise maps ---


def g(v):
    return v + 0.5 * onp.tanh(v)


def g_back(x):
    v = x
    for _ in range(80):
        v = v - (g(v) - x) / (1.5 - 0.5 * onp.tanh(v) ** 2)
    return v


@pytest.mark.parametrize(("undone", "name"), [
    (lambda x: g_back(x / D - T), "WRONG_ORDER"), (lambda x: g_back(x / D), "SHIFT_NOT_UNDONE"),
    (lambda x: g_back((x + T) / D), "SHIFT_NOT_UNDONE"), (lambda x: g_back(x - T), "SCALE_NOT_UNDONE"),
    (lambda x: g_back((x - T) * D), "MULTIPLIES"), (lambda x: g_back((x - T) / D) + 0.1, None),
])  # fmt: skip
def test_an_affine_part_behind_a_bent_map(undone, name):
    c = columns(lambda z: D * g(z) + T, undone)
    assert name_of(wrong_elementwise.bent(c)) == name
    assert name_of(wrong_elementwise._of_affine_part_behind(c)) == name


@pytest.mark.parametrize(("undone", "name"), [
    (lambda x: g_back(x) / D - T, "WRONG_ORDER"), (lambda x: g_back(x) / D, "SHIFT_NOT_UNDONE"),
    (lambda x: g_back(x) - T, "SCALE_NOT_UNDONE"), (lambda x: (g_back(x) - T) * D, "MULTIPLIES"),
    (lambda x: (g_back(x) - T) / D + onp.sin(x), None),
])  # fmt: skip
def test_an_affine_part_before_a_bent_map(undone, name):
    c = columns(lambda z: g(D * z + T), undone, n=40)
    assert name_of(wrong_elementwise._of_affine_part_before(c)) == name
    assert name_of(wrong_elementwise.bent(c)) == name


def test_the_value_and_slope_at_0_and_the_root():
    c = columns(lambda z: D * g(z) + T, g_back)
    value, slope = wrong_elementwise.at_zero(c)
    close(value, [T], 1e-12)
    close(slope, [1.5 * D], 1e-8)
    before = columns(lambda z: g(D * z + T), g_back, n=40)
    close(wrong_elementwise._roots(before), -T / D, 1e-9)
    assert wrong_elementwise._roots(columns(lambda z: z**2 + 1, g_back)) is None
    falling = columns(lambda z: -g(D * z + T), g_back, n=40)
    close(wrong_elementwise._roots(falling), -T / D, 1e-9)


def test_straight_lines_of_columns():
    a = rng().normal(size=(9, 2))
    slope, start = wrong_elementwise._lines(a, a * D + T)
    close(slope, D, 1e-10)
    close(start, T, 1e-10)
    assert wrong_elementwise._lines(a, a**2) is None
    far = onp.concatenate([a, [[2e6, 1.0]]])
    assert wrong_elementwise._lines(far, far * D + T) is not None
    assert wrong_elementwise._lines(far, onp.where(far > 1e6, 0, far * D + T)) is None


@pytest.mark.parametrize(("m", "slope", "power"), [
    ([2.0, 3.0], [2.0, 3.0], 1), ([4.0, 9.0], [2.0, 3.0], 2), ([4.0, 9.0], [-2.0, 3.0], 2),
    ([2.0, 3.0], [10.0, 15.0], 1),
    ([4.0, 9.0], [10.0, 15.0], 2), ([8.0, 27.0], [2.0, 3.0], None), ([2.0], [10.0], None), ([2.0], [2.0], 1),
    ([4.0], [2.0], 2),
    ([1.005, 1.0], [3.0, 3.0], None), ([2.0, 2.0], [5.0, 5.0], None),
])  # fmt: skip
def test_a_scale_or_its_square(m, slope, power):
    assert wrong_elementwise._power(onp.array(m), onp.array(slope)) == power


@pytest.mark.parametrize(("start", "name"), [
    (T, "SHIFT_NOT_UNDONE"), (2 * T, "SHIFT_NOT_UNDONE"), (T * (1 - D), "WRONG_ORDER"), (3 * T, None), (0 * T, None),
])  # fmt: skip
def test_a_shift_that_is_left(start, name):
    assert name_of(wrong_elementwise._of_shift(start, T, D)) == name
    assert name_of(wrong_elementwise._named((onp.ones(2), start), T, D)) == name
    assert (
        wrong_elementwise._named(None, T, D) is None
        and wrong_elementwise._named((onp.ones(2), start), 0 * T, D) is None
    )


def test_a_scale_that_is_left():
    named = lambda m, start: name_of(wrong_elementwise._named((m, start), T, D))  # noqa: E731
    assert named(D, T * (1 - D)) == "SCALE_NOT_UNDONE" and named(D**2, T * (1 - D**2)) == "MULTIPLIES"
    assert named(D, T) is None and named(-D, T * (1 + D)) is None and named(D * [1, 2], T * (1 - D * [1, 2])) is None
    assert named(onp.array([2.0, 1.0]), T * [-1.0, 0.0]) is None


@pytest.mark.parametrize(("off", "diagonal"), [(0.9e-7, True), (1.1e-7, False), (1e-7, False)])
def test_a_jacobian_without_other_entries(off, diagonal):
    J = onp.stack([onp.eye(2)] * 3)
    J[1, 0, 1] = off
    assert wrong_elementwise.is_elementwise(J) is diagonal and wrong_elementwise.is_elementwise(J[:0])


KNOTS, HEIGHTS = onp.array([-3.0, -1.0, 0.3, 1.9, 3.0]), onp.array([-3.0, -2.2, 0.4, 1.1, 3.0])


def pieces(v, at, to, power=1.0):
    """Straight pieces from knots `at` to `to`, each with its slope to a power."""
    k = onp.clip(onp.searchsorted(at, v) - 1, 0, 3)
    slope = (onp.diff(to) / onp.diff(at))[k]
    return to[k] + (v - at[k]) * slope**power


def test_pieces_that_are_undone_with_their_own_slopes():
    z = onp.clip(rng().normal(size=(40, 1)), -2.9, 2.9)
    forward = lambda z: pieces(z, KNOTS, HEIGHTS)  # noqa: E731
    wrong = columns(forward, lambda x: pieces(x, HEIGHTS, KNOTS, -1.0), 1, z=z)
    assert wrong_elementwise._multiplies_slopes(wrong) is True and wrong_elementwise.bent(wrong) is Mistake.MULTIPLIES
    right = columns(forward, lambda x: pieces(x, HEIGHTS, KNOTS), 1, z=z)
    assert wrong_elementwise._multiplies_slopes(right) is False
    few = columns(forward, lambda x: pieces(x, HEIGHTS, KNOTS, -1.0), 1, z=z[:5])
    assert wrong_elementwise._multiplies_slopes(few) is False
    assert wrong_elementwise._multiplies_slopes(columns(onp.sinh, onp.sinh, 1)) is False


# --- linear maps ---


W = onp.array([[1.5, 0.4, 0.1], [0.3, 0.9, -0.2], [0.2, 0.1, 1.1]])
B = onp.array([0.7, -1.3, 0.4])
INV = onp.linalg.inv(W)


@pytest.mark.parametrize(("A", "a", "name"), [
    (INV, -B, "WRONG_ORDER"), (INV, 0 * B, "SHIFT_NOT_UNDONE"), (INV, INV @ B, "SHIFT_NOT_UNDONE"), (INV, 1 + B, None),
    (onp.eye(3), -B, "SCALE_NOT_UNDONE"), (onp.eye(3), 0 * B, None), (W, -W @ B, "MULTIPLIES"), (W, -B, "MULTIPLIES"),
    (W, 0 * B, None), (onp.linalg.cholesky(W @ W.T), 0 * B, None),
])  # fmt: skip
def test_a_linear_map_that_is_undone_wrongly(A, a, name):
    c = columns(lambda z: z @ W.T + B, lambda x: x @ A.T + a, 3)
    assert name_of(wrong_linear.linear(c)) == name


def test_what_a_linear_look_does_not_take():
    diagonal = columns(lambda z: 2 * z, lambda x: x, 3)
    assert wrong_linear.linear(diagonal) is None and wrong_linear.linear(columns(onp.sinh, lambda x: x, 3)) is None
    assert wrong_linear.linear(columns(lambda z: z @ W.T, onp.sinh, 3)) is None
    assert (
        not wrong_linear.is_dense(onp.tril(W)) and not wrong_linear.is_dense(onp.triu(W)) and wrong_linear.is_dense(W)
    )
    for size, dense in ((0.9e-6, False), (1.1e-6, True)):
        V = onp.tril(W)
        V[0, 2] = -size
        assert wrong_linear.is_dense(V) is dense and wrong_linear.is_dense(V.T) is dense


def test_a_line_through_many_points():
    x = rng().normal(size=(5, 3))
    A, a = wrong_linear._line(x, x @ W.T + B)
    close(A, W, 1e-9)
    close(a, B, 1e-9)
    assert wrong_linear._line(x[:4], (x @ W.T)[:4]) == (None, None) and wrong_linear._line(x, x**2) == (None, None)


@pytest.mark.parametrize(("off", "same"), [(0.9, True), (1.1, False)])
def test_matrices_that_are_one(off, same):
    assert wrong_linear._is(W + off * 1e-5 * 2.5 * onp.eye(3)[[1, 0, 2]], W) is same
    assert wrong_linear._is(onp.zeros((0, 0)), onp.zeros((0, 0)))


ORDER = onp.eye(3)[[1, 2, 0]]


@pytest.mark.parametrize(("M", "signed", "triangular"), [
    (ORDER, True, False), (ORDER * [1, -1, 1], True, False), (onp.eye(3), True, False), (0.9 * ORDER, False, False),
    (onp.tril(W) / onp.diag(W), False, True), ((onp.tril(W) / onp.diag(W)).T, False, True), (onp.tril(W), False, False),
    (onp.ones((3, 3)) * onp.array([1, 0, 0]), False, False),
])  # fmt: skip
def test_orders_and_triangles(M, signed, triangular):
    assert bool(wrong_linear._is_signed_order(M)) is signed and bool(wrong_linear._is_triangular(M)) is triangular


@pytest.mark.parametrize(("order", "no_root"), [
    ([1, 0], True), ([1, 2, 0], False), ([1, 0, 3, 2], False), ([0, 1], False),
                                                ([1, 2, 3, 0], True), ([1, 0, 2], True)])  # fmt: skip
def test_a_permutation_that_is_no_square(order, no_root):
    assert wrong_linear._has_no_root(onp.eye(len(order))[order]) is no_root


def test_factors_of_a_linear_map():
    R = onp.linalg.qr(rng(2).normal(size=(3, 3)))[1]
    S = onp.diag([2.0, 1.0, 0.5])
    U, V = onp.linalg.qr(rng(3).normal(size=(3, 3)))[0], onp.linalg.qr(rng(4).normal(size=(3, 3)))[0]
    M = U @ S @ V
    L = onp.tril(rng(5).normal(size=(3, 3)), -1) + onp.eye(3)
    right = onp.linalg.inv(L @ R)
    one = lambda W_, A: name_of(wrong_linear._of_one_factor(W_, A))  # noqa: E731
    assert (
        one(L @ R, onp.linalg.inv(R)) == "LAYER_NOT_UNDONE" and one(L @ R, onp.linalg.inv(R) @ L) == "LAYER_NOT_UNDONE"
    )
    assert one(M, onp.linalg.inv(S @ V)) == "LAYER_NOT_UNDONE" and one(M, onp.linalg.inv(U @ S)) == "LAYER_NOT_UNDONE"
    assert (
        one(M, U.T @ onp.linalg.inv(S) @ V.T) == "LAYERS_IN_ORDER" and one(M, onp.linalg.inv(M).T) != "LAYERS_IN_ORDER"
    )
    assert wrong_linear._is_swapped(L @ R, onp.linalg.inv(L) @ onp.linalg.inv(R)) is True
    assert wrong_linear._is_swapped(L @ R, right) is False and wrong_linear._is_swapped(L @ R, right.T) is False
    assert wrong_linear._is_swapped(L @ R, right + 0.1) is False
    assert name_of(wrong_linear._of_factors(W, INV @ onp.eye(3)[[1, 0, 2]], True)) in ("P_LEFT_OUT", "PERMUTATION")
    assert not wrong_linear._keeps_a_plane(W) and wrong_linear._keeps_a_plane(onp.eye(3))


def linear_sample(c, direction="forward", failed=True, J=W):
    J = onp.stack([J] * 4)
    J = J if direction == "forward" else onp.linalg.inv(J)
    return SimpleNamespace(
        J=J, c=onp.full(4, c if direction == "forward" else -c), direction=direction, failed=failed, dim=3
    )


OF_R = onp.log(onp.abs(onp.diag(onp.linalg.qr(W)[1])))
OF_U = onp.log(onp.abs([W[0, 0], onp.linalg.det(W[:2, :2]) / W[0, 0], onp.linalg.det(W) / onp.linalg.det(W[:2, :2])]))


@pytest.mark.parametrize("l", [OF_R, OF_U])
@pytest.mark.parametrize(("number", "name"), [
    (lambda l: onp.exp(l).sum(), "EXP_SUMMED"), (lambda l: onp.abs(l).sum(), "ABSOLUTE_SUMMED"),
    (lambda l: l[1:].sum(), "TERMS_LEFT_OUT"), (lambda l: l[:-1].sum(), "TERMS_LEFT_OUT"), (lambda l: 7.7, None),
])  # fmt: skip
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_log_det_of_a_factor(direction, number, name, l):
    s = linear_sample(number(l), direction)
    assert name_of(wrong_linear.by_factor([s])) == name
    assert wrong_linear.by_factor([s, linear_sample(7.7, direction)]) is None
    right = linear_sample(7.7, failed=False)
    assert name_of(wrong_linear.by_factor([s, right])) == name and wrong_linear.by_factor([right]) is None
    s.J = s.J * onp.linspace(1, 1.1, 4)[:, None, None]
    assert wrong_linear.by_factor([s]) is None


def test_the_logarithms_of_all_factorisations():
    logs = wrong_linear._logs(linear_sample(0.0))
    assert logs.shape == (9, 3)
    close(logs[0], OF_R, 1e-9)
    close(logs[3], OF_U, 1e-9)
    close(logs.sum(axis=1), onp.full(9, onp.log(abs(onp.linalg.det(W)))), 1e-9)
    close(wrong_linear._logs(linear_sample(0.0, "inverse")), logs, 1e-9)
    minors = wrong_linear._leading_minors(W[None])
    close(minors, [[1, W[0, 0], onp.linalg.det(W[:2, :2]), onp.linalg.det(W)]], 1e-12)


# --- couplings ---


def network(h, mask=1.0):
    return onp.exp(0.5 * onp.sin(h)), onp.cos(h)


def coupling(seen_for_scale, seen_for_shift, mask=None):
    """x_B = z_B d(z_A) + t(z_A) of four variables; its inverse asks the network of what it is given."""

    def forward(z):
        d, t = network(z[:, :2])
        return onp.concatenate([z[:, :2], z[:, 2:] * d + t], axis=1)

    def inverse(x):
        d, t = network(seen_for_scale(x))[0], network(seen_for_shift(x))[1]
        return onp.concatenate([x[:, :2], (x[:, 2:] - t) / d], axis=1)

    return wrong_condition.comparable(trial_of(forward, inverse, 4))


KEPT, CHANGED = (lambda x: x[:, :2]), (lambda x: x[:, 2:])


@pytest.mark.parametrize(("scale", "shift", "named"), [
    (CHANGED, CHANGED, True), (KEPT, CHANGED, True), (CHANGED, KEPT, True), (lambda x: x[:, [3, 2]], KEPT, True),
    (lambda x: x[:, :2] + x[:, 2:], lambda x: x[:, :2] + x[:, 2:], True), (KEPT, KEPT, False),
    (lambda x: x[:, :2] + 1, KEPT, False),
])  # fmt: skip
def test_a_network_that_is_given_the_changed_half(scale, shift, named):
    found = wrong_condition.conditions_on_changed(coupling(scale, shift))
    assert (found is Mistake.CHANGED_HALF) is named and (found is None) is not named


def test_of_what_is_no_affine_coupling_nothing_is_said():
    c = coupling(CHANGED, CHANGED)
    assert wrong_condition._is_affine(c) and wrong_condition._own_alone(c)
    c.wrong = onp.array([True, False, True, True])
    assert wrong_condition.conditions_on_changed(c) is None
    bent = lambda z: onp.concatenate([z[:, :1], onp.sinh(z[:, 1:])], axis=1)  # noqa: E731
    assert wrong_condition.conditions_on_changed(wrong_condition.comparable(trial_of(bent, lambda x: x))) is None
    mixed = lambda z: onp.stack([z[:, 0], z[:, 1] + z[:, 2], z[:, 2]], axis=1)  # noqa: E731
    assert not wrong_condition._own_alone(wrong_condition.comparable(trial_of(lambda z: mixed(z) * [1, 2, 3], dim=3)))
    all_moved = wrong_condition.comparable(trial_of(lambda z: 2 * z))
    assert wrong_condition.conditions_on_changed(all_moved) is None
    close(wrong_condition._undone(c, c.x[:, :2], c.x[:, :2]), c.z[:, 2:], 1e-9)
    halves = list(wrong_condition._halves(c, c.kept))
    assert len(halves) == 3 and (halves[0] == c.x[:, :2]).all() and (halves[2] == c.x[:, [3, 2]]).all()


# --- columns in the order of z ---


def test_a_map_whose_columns_stand_in_another_order():
    planar = onp.eye(3) + onp.outer([0.5, 0.3, -0.4], [0.8, -0.6, 0.3])
    order = onp.array([2, 0, 1])
    J = onp.stack([planar, onp.eye(3) + 0.5 * (planar - onp.eye(3))])
    assert aligned.nearly_identity(J).tolist() == [0, 1, 2]
    back = onp.argsort(order)
    assert aligned.nearly_identity(J[:, order]).tolist() == back.tolist()
    assert aligned.nearly_identity(onp.stack([W])) is None and aligned.nearly_identity(J[:, :1, :1]) is None
    assert aligned.nearly_identity(J[:0]) is None and aligned.nearly_identity(onp.stack([onp.eye(7)])) is None
    close(aligned._common_eigenvalue(onp.stack([onp.diag([5.0, 2.0, 2.0 + 1e-9])])), [2.0], 1e-8)
    close(aligned._common_eigenvalue(onp.stack([onp.diag([1.0, 1.5, 9.0])])), [1.25], 1e-12)
    close(aligned._common_eigenvalue(onp.stack([onp.diag([1.0, 8.5, 9.0])])), [8.75], 1e-12)


def test_a_trial_in_the_order_of_z():
    forward = lambda z: onp.stack([z[:, 1] * 2, onp.sinh(z[:, 0])], axis=1)  # noqa: E731
    inverse = lambda x: onp.stack([onp.arcsinh(x[:, 1]), x[:, 0] / 2], axis=1)  # noqa: E731
    trial = trial_of(forward, inverse)
    trial.limit = 0.5
    moved = aligned.aligned(trial)
    assert moved is not trial and moved.limit == 0.5 and moved.order.tolist() == [1, 0]
    close(moved.x, trial.x[:, ::-1], 0)
    close(moved.back[0], trial.z, 1e-12)
    close(moved.J, trial.J[:, ::-1], 0)
    close(moved.numeric_back[0], trial.numeric_back[0][..., ::-1], 0)
    fresh = Trial(moved.subject, moved.z)
    close(fresh.numeric_back[0], moved.numeric_back[0], 1e-7)
    close(fresh.numeric[0], moved.numeric[0], 1e-7)
    straight = trial_of(lambda z: 2 * z)
    assert aligned.aligned(straight) is straight


# --- pairs of boundaries ---


@pytest.mark.parametrize(("pairs", "whole"), [
    ([(3, 0), (2, 1), (0, 2)], [(3, 0), (2, 1), (0, 2)]), ([(3, 0), (3, 1), (0, 2)], [(3, 0), (0, 2)]),
    ([(3, 0), (2, 1), (2, 2), (0, 3)], [(3, 0), (2, 2), (0, 3)]),
    ([(3, 0), (3, 1), (2, 2), (0, 3)], [(3, 0), (2, 2), (0, 3)]),
    ([(1, 0), (0, 1), (0, 2)], [(1, 0), (0, 2)]),
])  # fmt: skip
def test_pairs_between_which_forward_does_something(pairs, whole):
    assert paired.whole_layers(pairs) == whole


def test_the_rows_that_tell_come_first():
    inverse = lambda x: (onp.where(x > 4, x, x / 2), zero(x) - onp.where(x > 4, 0, onp.log(2))[:, 0])  # noqa: E731
    subject = of_pair(lambda z: (2 * z, zero(z) + onp.log(2)), inverse, 1)
    trial = Trial(subject, onp.arange(1.0, 12.0)[::-1, None])
    rows = paired._telling_rows(trial)
    assert rows.tolist() == [8, 7, 6, 5, 4, 3, 2, 10, 9, 1, 0]
    holes = trial_of(lambda z: onp.where(z > 5, onp.nan, z), dim=1, z=onp.arange(1.0, 9.0)[:, None])
    assert paired._telling_rows(holes).tolist() == [0, 1, 2, 3, 4]


# --- explanations ---


def failed(dim, failed=True, dtype="float64"):
    return Case(dim, trial_of(lambda z: 2 * z, lambda x: 2 * x, dim, dtype=dtype), Finding("R", "", float(failed), 0.0))


def test_a_few_of_the_failures():
    cases = [failed(k) for k in range(1, 9)]
    assert [c.dim for c in explain._spread(cases)] == [8, 7, 6, 5, 4, 3]
    assert [c.dim for c in explain._spread([failed(1), failed(2, False), failed(3, dtype="float32")])] == [1]
    assert [c.dim for c in explain._spread([failed(3, dtype="float32")])] == [3]
    named = explain._most_frequent_name([failed(1), failed(2)])
    assert (named.mistake, named.where) == (Mistake.MULTIPLIES, "inverse")
    named = explain._name_inverse_of(failed(2), [failed(2)])
    assert (named.mistake, named.where) == (Mistake.MULTIPLIES, "inverse")


def test_a_claim_that_is_wrong_where_it_is_finite():
    def case(claim):
        return Case(2, trial_of(lambda z: 2 * z, lambda x: x / 2, log_det=claim), Finding("J", "", 1.0, 0.0))

    wrong = lambda c: explain._is_wrong_where_finite("log_det forward", [case(c)])  # noqa: E731
    assert wrong(lambda a: zero(a)) and not wrong(lambda a: zero(a) + 2 * onp.log(2))
    assert explain._raised({"raised_by": ValueError, "function": "f"}) == "f raises ValueError"
    assert explain._raised({"raised_by": ValueError}) == "ValueError"


def explained(monkeypatch, letter, named, no_round_trip=False, forward=lambda z: 2 * z, across=(), **finding):
    """What a failure is called whose look says `named`."""
    monkeypatch.setattr(explain, "_named", lambda *of: named)
    case = Case(2, trial_of(forward), Finding(letter, "", 1.0, 0.0, "z = [1]", **finding))
    return explain.explain(letter, [case], list(across), no_round_trip, False)


def folding(z):
    return onp.stack([z[:, 0] ** 2, z[:, 1]], axis=1)


def test_what_a_failure_is_called(monkeypatch):
    of_inverse, below = Named(Mistake.SIGN, "log_det inverse", "inverse"), Named(Mistake.BELOW_RESOLUTION, "log_det")
    name = lambda *of, **more: explained(monkeypatch, *of, **more).mistake.name  # noqa: E731
    assert [name(letter, of_inverse, True) for letter in "XJR"] == ["LOG_DET_FORMULA", "LOG_DET_FORMULA", "SIGN"]
    assert name("J", of_inverse) == "SIGN" and name("J", below, True) == "LOG_DET_FORMULA"
    assert name("J", Named(Mistake.SIGN, "log_det forward", "forward"), True) == "SIGN"
    bare = Named(Mistake.NO_ABSOLUTE_VALUE, "log_det forward", "forward")
    assert name("J", bare) == "NO_ABSOLUTE_VALUE" and name("J", bare, forward=folding) == "FOLDS"
    beside = Case(2, trial_of(folding), Finding("J", "", 0.0, 1.0))
    failure = explained(monkeypatch, "J", bare, across=[beside])
    assert failure.name == "det J has both signs: the map folds, as where a constraint is missing, or does not hold"
    assert failure.letter == "J"
    assert "at z = [1]   (D = 2)" in failure.message and explained(monkeypatch, "R", of_inverse).direction == "inverse"


@pytest.mark.parametrize(("letter", "kind", "name"), [
    ("E", IndexError, "BIN_AT_RIGHT_EDGE"), ("E", ValueError, "RAISES_AT_EDGE"), ("R", ValueError, "RAISES"),
    ("R", IndexError, "RAISES"), ("K", KeyError, "RAISES"),
])  # fmt: skip
def test_an_exception_at_an_edge_has_another_name(letter, kind, name):
    evidence = {"raised_by": kind, "function": "forward"}
    case = Case(2, trial_of(lambda z: z), Finding(letter, "", 1.0, 0.0, symptom=Symptom.RAISES, evidence=evidence))
    named = explain._named(letter, case, [case], [])
    assert (named.mistake, named.where) == (Mistake[name], f"forward raises {kind.__name__}")


def test_an_exception_at_the_end_of_an_interval_is_one_at_an_edge():
    def forward(z):
        if (z >= 1.0).any():
            raise IndexError("out of the table")
        return z

    trial = trial_of(forward, z=onp.full((2, 2), 0.5), domain=(0.0, 1.0))
    evidence = {"raised_by": IndexError}
    case = Case(2, trial, Finding("R", "", 1.0, 0.0, symptom=Symptom.RAISES, evidence=evidence))
    named = explain._named("R", case, [case], [])
    assert (named.mistake, named.where) == (Mistake.BIN_AT_RIGHT_EDGE, "IndexError")


# --- screens ---


@pytest.mark.parametrize(("log_det", "varies"), [
    ([1.0, 2.0], True), ([1.0, 1.0], False), ([1.0, onp.nan], False), ([1.0, 2.0, onp.inf], True), (["a", "b"], False),
    ([100.0, 100.0 + 0.9e-3], False), ([100.0, 100.0 + 1.1e-3], True), ([None, {}], False),
])  # fmt: skip
def test_a_log_det_that_varies(log_det, varies):
    assert screen._varies(log_det, 1e-5) is varies


L = 2 * onp.log(2)


def screened(kind, forward=lambda z: (2 * z, zero(z) + L), inverse=lambda x: (x / 2, zero(x) - L), *more):
    trial = Trial(of_pair(forward, inverse, 2), rng().normal(size=(12, 2)))
    return kind(trial, 0, *more)


def now(s, forward=None, inverse=None):
    """Whether the screen passes with other functions in the place of the subject's."""
    for subject in {id(s.subject): s.subject, id(getattr(s, "of", s.subject)): getattr(s, "of", s.subject)}.values():
        for name, f in (("forward", forward), ("inverse", inverse)):
            if f is not None:
                subject.__dict__[name] = f
    return s.passes()


@pytest.mark.parametrize(("forward", "inverse", "passes"), [
    (lambda z: (2 * z, zero(z) + L), lambda x: (x / 2, zero(x) - L), True),
    (lambda z: (2 * z, zero(z) + L + 1e-3), lambda x: (x / 2, zero(x) - L - 1e-3), False),
    (lambda z: (2 * z, zero(z) + L), lambda x: (x / 2, zero(x) + L), False),
    (lambda z: (2 * z, zero(z) + L), lambda x: (x / 2 + 1e-3, zero(x) - L), False),
    (lambda z: (z, zero(z)), lambda x: (x, zero(x)), False),
    (lambda z: (2 * z, L), lambda x: (x / 2, zero(x) - L), False),
    (lambda z: (2 * z + 0.1 * (onp.arange(len(z)) == 0)[:, None], zero(z) + L),
     lambda x: (x / 2 - 0.05 * (onp.arange(len(x)) == 0)[:, None], zero(x) - L), False),
    (lambda z: (2 * z, zero(z) + L), lambda x: (x / 2, -L), False),
    (lambda z: 1 / 0, lambda x: (x / 2, zero(x) - L), False),
    (lambda z: (3 * z, zero(z) + 2 * onp.log(3)), lambda x: (x / 3, zero(x) - 2 * onp.log(3)), True),
    (lambda z: ((2 * z).astype("float32"), zero(z) + L), lambda x: (x / 2.0, zero(x) - L), False),
])  # fmt: skip
def test_a_screen_of_all_laws(forward, inverse, passes):
    assert now(screened(screens.OfAll), forward, inverse) is passes


def test_the_jacobians_of_a_screen():
    s = screened(screens.OfAll, lambda z: (z @ onp.array([[1.0, 0.5], [0, 2]]) + onp.sin(z), zero(z)))
    J = differences._jacobians(s.subject, "forward", s.z)
    wanted = onp.array([[1.0, 0], [0.5, 2]]) + onp.cos(s.z)[:, :, None] * onp.eye(2)
    close(J, wanted, 1e-8)


@pytest.mark.parametrize(("forward", "passes"), [
    (lambda z: (2 * z, zero(z) + L), True), (lambda z: (2 * z, zero(z)), False),
    (lambda z: (3 * z, zero(z) + L), False),
    (lambda z: (2 * z, L), False), (lambda z: (2 * z, zero(z) + L + 0.9e-4 * 1.38), True),
    (lambda z: (2 * z, zero(z) + L + 1.1e-4 * 1.39), False),
    (lambda z: (2 * z, zero(z) + L + (onp.arange(len(z)) == 0)), True),
    (lambda z: (2 * z, zero(z) + L + (onp.arange(len(z)) < 2)), False),
])  # fmt: skip
def test_a_screen_of_one_log_det(forward, passes):
    s = screened(screens.OfLogDet, lambda z: (2 * z, zero(z)), lambda x: (x / 2, zero(x)), "forward")
    close(s.true, onp.full(len(s.true), L), 1e-8)
    close(s.loose, onp.full(len(s.true), 1e-4 * L), 1e-9)
    assert now(s, forward) is passes


def test_what_an_edit_moves():
    of_log_det = screened(screens.OfLogDet, lambda z: (2 * z, zero(z)), lambda x: (x / 2, zero(x)), "forward")
    for f, moves in (
        (lambda z: (2 * z, zero(z) + 1), True), (lambda z: (3 * z, zero(z) + 1), False),
        (lambda z: (2 * z, zero(z)), False),
        (lambda z: 1 / 0, False),
    ):  # fmt: skip
        of_log_det.of.__dict__["forward"] = f
        assert of_log_det.moves_log_det_alone() is moves
    right, back = lambda z: (2 * z, zero(z) + L), lambda x: (x / 2, zero(x) - L)
    for f, b, names, moves in (
        (right, back, set(), False), (lambda z: (3 * z, zero(z) + L), back, {"x", "forward"}, True),
        (lambda z: (2 * z, zero(z)), back, {"forward"}, False), (right, lambda x: (x, zero(x) - L), {"inverse"}, True),
        (right, lambda x: (x / 2, zero(x)), {"inverse"}, False),
        (lambda z: 1 / 0, back, {"x", "forward", "inverse"}, True),
    ):  # fmt: skip
        s = screened(screens.OfRoundTrip)
        s.subject.__dict__["forward"], s.subject.__dict__["inverse"] = f, b
        assert s.changed() == names and s.moves_points() is moves


def test_a_screen_of_the_round_trip():
    s = screened(screens.OfRoundTrip, lambda z: (2 * z, zero(z)), lambda x: (x, zero(x)))
    assert s.is_well_shaped and s.not_finite == "" and not s.passes()
    assert (
        now(s, None, lambda x: (x / 2, zero(x))) is True
        and now(s, lambda z: (z, zero(z)), lambda x: (x, zero(x))) is False
    )
    nan = screened(screens.OfRoundTrip, lambda z: (2 * z, zero(z)), lambda x: (x / 2, zero(x) + onp.nan))
    assert nan.not_finite == "inverse"
    assert screened(screens.OfRoundTrip, lambda z: (2 * z, zero(z) + onp.inf)).not_finite == "forward"
    wide = screened(screens.OfRoundTrip, lambda z: (2 * z, zero(z)[:, None]))
    assert not wide.is_well_shaped
    identity = screened(screens.OfRoundTrip, lambda z: (z, zero(z)), lambda x: (2 * x, zero(x)))
    assert now(identity, None, lambda x: (x, zero(x))) is True


@pytest.mark.parametrize(("failed_laws", "forward", "kind"), [
    ({"P"}, None, "OfAll"), ({"I", "R"}, None, "OfAll"), ({"R"}, None, "OfRoundTrip"),
    ({"R", "J forward"}, None, "OfRoundTrip"),
    ({"X"}, None, "OfRoundTrip"), ({"X", "J forward"}, None, "OfLogDet forward"),
    ({"J inverse"}, None, "OfLogDet inverse"),
    ({"J forward", "J inverse"}, None, "OfLogDet forward"), ({"S"}, None, "OfRoundTrip"),
    ({"S"}, lambda z: (2 * z, zero(z)[:, None]), "OfAll"),
    ({"S"}, lambda z: (2 * z, zero(z) + onp.nan), "OfLogDet forward"),
])  # fmt: skip
def test_the_narrowest_screen(failed_laws, forward, kind):
    made = screened(
        screens.screen_for,
        forward or (lambda z: (2 * z, zero(z) + L)),
        lambda x: (x / 2, zero(x) - L),
        failed_laws,
        None,
    )
    assert f"{type(made).__name__} {getattr(made, 'direction', '')}".strip() == kind
