"""The small functions of the diagnosis at maps and matrices made by hand: what they see, and what just misses it."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    explain,
    paired,
    triangles,
    wrong_bracket,
    wrong_columns,
    wrong_condition,
    wrong_density,
    wrong_edges,
    wrong_elementwise,
    wrong_inverse,
    wrong_linear,
    wrong_log_det,
    wrong_order,
    wrong_passes,
    wrong_radial_slope,
    wrong_rows,
    wrong_search,
    wrong_spline,
)
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def rng(seed=0):
    return onp.random.default_rng(seed)


def trial_of(forward, inverse=None, dim=4, n=12, seed=0, **declared):
    """A trial of two functions without log_dets."""
    zero = lambda f: lambda a: (f(a), onp.zeros(len(a)))  # noqa: E731
    subject = of_pair(zero(forward), zero(inverse or forward), dim, **declared)
    return Trial(subject, rng(seed).normal(size=(n, dim)))


# --- a coupling that conditions on the changed half ---


W = rng(5).normal(size=(2, 4)) * 0.5
KEPT, CHANGED = slice(0, 2), slice(2, 4)


def d(h):
    return onp.exp(onp.tanh(h @ W[:, :2]))


def t(h):
    return h @ W[:, 2:]


def coupling(inverse, forward=lambda a, b: b * d(a) + t(a)):
    """The columns of a coupling whose inverse gives `inverse(x_A, x_B)` for z_B."""
    join = lambda a, b: onp.concatenate([a, b], axis=1)  # noqa: E731
    return wrong_condition.comparable(
        trial_of(
            lambda z: join(z[:, KEPT], forward(z[:, KEPT], z[:, CHANGED])),
            lambda x: join(x[:, KEPT], inverse(x[:, KEPT], x[:, CHANGED])),
        )
    )


@pytest.mark.parametrize(("inverse", "sees"), [
    (lambda a, b: (b - t(a)) / d(a), False),
    (lambda a, b: (b - t(b)) / d(b), True),
    (lambda a, b: (b - t(a)) / d(b), True),
    (lambda a, b: (b - t(b)) / d(a), True),
    (lambda a, b: (b - t(b[:, ::-1])) / d(a), True),
    (lambda a, b: (b - t(a)) / d(b[:, ::-1]), True),
    (lambda a, b: (b - t(b + 0.01)) / d(a), False),
    (lambda a, b: (b - t(a) + 0.1 * onp.sin(b)) / d(a), True),  # a network that is given all of x
    (lambda a, b: (b - t(a) + 0.1 * b) / d(a), False),  # which is straight
    (lambda a, b: (b - t(a) + 0.1 * onp.cos(b)) / d(a), False),  # and this is wrong at x_B = 0, too
])  # fmt: skip
def test_a_half_that_is_conditioned_on_the_changed_one(inverse, sees):
    found = wrong_condition.conditions_on_changed(coupling(inverse))
    assert found is (Mistake.CHANGED_HALF if sees else None)


def test_of_a_coupling_that_is_not_affine_or_keeps_nothing_nothing_is_said():
    wrong = lambda a, b: (b - t(b)) / d(b)  # noqa: E731
    assert wrong_condition.conditions_on_changed(coupling(wrong, lambda a, b: b**3 + b + t(a))) is None
    mixed = lambda a, b: b * d(a) + t(a) + 0.1 * b[:, ::-1]  # noqa: E731
    assert wrong_condition.conditions_on_changed(coupling(wrong, mixed)) is None
    for map in (lambda z: 2.0 * z, lambda z: z.copy()):
        assert wrong_condition.conditions_on_changed(wrong_condition.comparable(trial_of(map))) is None
    lost = lambda x: onp.concatenate([x[:, KEPT] + 1, wrong(x[:, KEPT], x[:, CHANGED])], axis=1)  # noqa: E731
    right = lambda z: onp.concatenate([z[:, KEPT], z[:, CHANGED] * d(z[:, KEPT]) + t(z[:, KEPT])], axis=1)  # noqa: E731
    assert wrong_condition.conditions_on_changed(wrong_condition.comparable(trial_of(right, lost))) is None


def test_rows_that_cannot_be_compared_are_left_out():
    def forward(z):
        return onp.where(z > 0.9, onp.nan, 2 * z)

    trial = trial_of(forward, lambda x: onp.where(x < -1.0, onp.inf, x / 2), n=40)
    trial.usable[3] = False
    c = wrong_condition.comparable(trial)
    bent = ~onp.isfinite(trial.J).all(axis=(1, 2))
    good = (trial.z <= 0.9).all(axis=1) & (2 * trial.z >= -1.0).all(axis=1) & (onp.arange(40) != 3) & ~bent
    assert c.rows.tolist() == onp.flatnonzero(good).tolist() and 0 < good.sum() < 40


def test_a_straight_line_of_its_own_variable_alone():
    c = coupling(lambda a, b: b)
    assert wrong_condition._is_affine(c) and wrong_condition._own_alone(c)
    for size, alone in ((0.9e-7, True), (1.1e-7, False)):
        c.J = onp.tile(onp.eye(4), (3, 1, 1))
        c.J[1, 2, 3] = -size
        assert wrong_condition._own_alone(SimpleNamespace(J=c.J, kept=onp.array([True, True, False, False]))) == alone


def test_the_halves_that_a_network_takes():
    x = onp.arange(10.0).reshape(2, 5)
    c = SimpleNamespace(x=x)
    some = [h[0].tolist() for h in wrong_condition._halves(c, onp.array([True, True, False, False, False]))]
    assert some == [[0, 1], [2, 3], [2, 4], [3, 2], [3, 4], [4, 2], [4, 3]]
    few = [h[0].tolist() for h in wrong_condition._halves(c, onp.array([True, True, True, True, False]))]
    assert few == [[0, 1, 2, 3], [4, 4, 4, 4]]
    wide = SimpleNamespace(x=onp.zeros((1, 10)))
    assert len(list(wrong_condition._halves(wide, onp.arange(10) < 5))) == 25


# --- an order that is undone ---


def test_a_rest_that_wants_another_order():
    z = rng().normal(size=(6, 4))
    order = onp.array([2, 0, 3, 1])
    back = onp.argsort(order)
    trial = SimpleNamespace(z=z, x=3 * z[:, order])
    rest = lambda a: (a / 3, None)  # noqa: E731
    assert wrong_order._wants_another(rest, trial, order)
    assert not wrong_order._wants_another(rest, trial, back)
    assert not wrong_order._wants_another(lambda a: (a / 2, None), trial, order)
    alike = SimpleNamespace(z=z[:, [0, 0, 1, 2]], x=3 * z[:, [0, 0, 1, 2]])
    assert not wrong_order._wants_another(rest, alike, order)  # two orders do as well
    assert not wrong_order._wants_another(rest, SimpleNamespace(z=z, x=onp.nan * z), order)
    for dim, tried in ((6, True), (7, False)):
        z = rng().normal(size=(3, dim))
        wide = SimpleNamespace(z=z, x=z[:, ::-1])
        assert wrong_order._wants_another(lambda a: (a, None), wide, onp.arange(dim)) is tried
    some = SimpleNamespace(z=rng().normal(size=(6, 4)), x=None)
    some.x = 3 * some.z[:, order]
    some.x[0, 0], some.x[5, 1] = onp.nan, 7.0  # of a row that is not looked at
    assert wrong_order._wants_another(rest, some, order)


def test_two_layers_and_columns_that_are_dealt():
    J = onp.tile(onp.eye(4), (3, 1, 1))
    missed = onp.array([True, True, False, False])
    for size, two in ((0.0, False), (0.9e-7, False), (1.1e-7, True)):
        J[1, 3, 0] = -size
        assert wrong_columns._are_two_layers(SimpleNamespace(J=J, dim=4), missed, ~missed) is two
    J[0, 0, 1] = 1e-3
    assert not wrong_columns._are_two_layers(SimpleNamespace(J=J, dim=4), missed, ~missed)
    one = onp.array([True, False, False, False])
    J[0, 0, 1] = 0.0
    assert not wrong_columns._are_two_layers(SimpleNamespace(J=J, dim=4), one, ~one)
    assert wrong_columns._is_dealt(onp.array([0, 2, 4, 1, 3])) and wrong_columns._is_dealt(onp.array([0, 2, 1, 3]))
    assert not wrong_columns._is_dealt(onp.array([0, 2, 1]))
    assert not wrong_columns._is_dealt(onp.array([1, 0, 2, 3, 4]))


def test_the_rows_that_tell_come_first():
    z = onp.array([[0.5], [-0.1], [2.0], [0.3], [-3.0], [1.0]])
    trial = trial_of(lambda z: z.copy(), lambda x: onp.where(onp.abs(x) > 0.75, x + 1, x), dim=1)
    trial = Trial(trial.subject, z)
    assert paired._telling_rows(trial).tolist() == [5, 2, 4, 1, 3, 0]
    trial = Trial(trial.subject, z)
    trial.usable[[2, 3]] = False
    assert paired._telling_rows(trial).tolist() == [5, 4, 1, 0]


# --- matrices ---


TRIANGLE = onp.eye(3) + onp.triu(rng(3).normal(size=(3, 3)), 1)


@pytest.mark.parametrize(("value", "is_one"), [
    (TRIANGLE, True), (TRIANGLE.T, True), (onp.eye(3), False), (2 * TRIANGLE, False), (TRIANGLE[:2, :2], False),
    (TRIANGLE.tolist(), False), (TRIANGLE.astype(int), False), (TRIANGLE + TRIANGLE.T - onp.eye(3), False),
    (TRIANGLE[:, :2], False), (TRIANGLE + 1e-9 * onp.tri(3, 3, -1), False), (None, False),
])  # fmt: skip
def test_a_triangle_with_ones(value, is_one):
    assert triangles._is_unit_triangle(value, 3) is is_one


class Holder:
    def __init__(self, value):
        self.value = value


GLOBAL, HOLDS, HOLDS_NONE = {"matrix": TRIANGLE}, Holder(TRIANGLE), Holder(2 * TRIANGLE)


@pytest.mark.parametrize(("run", "holds"), [
    (lambda: TRIANGLE[0], True), (lambda: GLOBAL["matrix"][0], True), (lambda: onp.zeros(2), False),
    (lambda: HOLDS.value[0], True), (lambda: HOLDS_NONE.value[0], False),
])  # fmt: skip
def test_a_run_that_holds_a_triangle(run, holds):
    trial = SimpleNamespace(subject=SimpleNamespace(dim=3), input=lambda which: None, apply=lambda which, at: run())
    assert triangles.holds_triangle(trial, "forward") is holds


def test_what_pivots_leave():
    L, U = onp.eye(3) + onp.tril(onp.full((3, 3), 0.9), -1), onp.triu(onp.ones((3, 3)))
    assert wrong_linear._is_pivoted(onp.linalg.inv(L @ U))
    for row, column in ((1, 0), (2, 0), (2, 1)):
        large = L.copy()
        large[row, column] = -1.1
        assert not wrong_linear._is_pivoted(onp.linalg.inv(large @ U))
    edge = L.copy()
    edge[2, 1] = 1.0
    assert wrong_linear._is_pivoted(onp.linalg.inv(edge @ U))


def test_signed_orders_and_rotations_that_keep_a_plane():
    order = onp.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert wrong_linear._is_signed_order(order) and not wrong_linear._is_signed_order(order + 1e-3)
    assert not wrong_linear._is_signed_order(0 * order)
    turn = onp.eye(4)
    turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    assert wrong_linear._keeps_a_plane(turn) and not wrong_linear._keeps_a_plane(turn[:3, :3])


# --- log-dets ---


def radial(dim=3, across=1.7, along=0.6, turned=True):
    n = rng(1).normal(size=(5, dim, 1))
    n = n / onp.linalg.norm(n, axis=1, keepdims=True) if turned else onp.tile(onp.eye(dim)[:, :1], (5, 1, 1))
    J = across * onp.eye(dim) + (along - across) * n * onp.swapaxes(n, 1, 2)
    return SimpleNamespace(J=J, dim=dim, failed=True, c=onp.full(5, dim * onp.log(onp.abs(across))))


def test_the_direction_along_the_radius_counts_as_those_across():
    counts = wrong_radial_slope._counts_across_alone
    assert counts(radial()) and counts(radial(dim=5)) and counts(radial(along=2.5))
    assert not counts(radial(along=1.7)) and not counts(radial(across=-1.7))
    off = radial()
    off.c = off.c + 1e-3
    assert not counts(off)
    for size, symmetric in ((0.8, True), (1.2, False)):
        bent = radial()
        bent.J[2, 0, 1] += size * 1e-5 * (1 + onp.abs(bent.J).max())
        assert counts(bent) is symmetric
    three = radial(dim=4, turned=False)
    three.J[:, 3, 3] = 1.1
    three.c = 4 * onp.log(1.7) + 0 * three.c
    assert not counts(three)
    for share, alike in ((0.8, True), (1.2, False)):
        near = radial(dim=4, turned=False)
        near.J[:, 3, 3] += share * 1e-5 * 2.7
        assert counts(near) is alike


def test_a_radial_mistake_needs_three_variables_and_a_failure_in_all():
    wide, narrow, right = radial(), radial(dim=2), radial()
    right.failed, other = False, radial(along=1.7)
    assert wrong_radial_slope.radial_mistake([wide, narrow, right]) is Mistake.RADIAL_SLOPE
    assert wrong_radial_slope.radial_mistake([narrow, right]) is None
    assert wrong_radial_slope.radial_mistake([wide, other]) is None


@pytest.mark.parametrize(("norm", "changed", "may"), [(0.84, 3, True), (0.86, 3, False), (0.5, 2, False)])
def test_of_a_contraction_that_moves_all_the_log_det_may_be_estimated(norm, changed, may):
    J = onp.tile(onp.eye(3), (4, 1, 1))
    J[2, 0, 1] = norm
    s = SimpleNamespace(J=J, dim=3, changed=lambda: changed)
    assert bool(wrong_log_det._may_be_estimated(s)) is may


@pytest.mark.parametrize(("finite", "off", "wrong"), [
    (0.6, 1.1e-4, True), (0.6, 0.9e-4, False), (0.4, 1.0, False), (0.5, 1.0, False),
])  # fmt: skip
def test_a_claim_that_is_wrong_where_it_is_finite(finite, off, wrong, monkeypatch):
    t = onp.full(10, 2.0)
    c = onp.where(onp.arange(10) < 10 * finite, t + 3 * off, onp.nan)
    sample = SimpleNamespace(c=c, t=t, failed=True)
    monkeypatch.setattr(explain, "Sample", lambda trial, direction: sample)
    across = [SimpleNamespace(trial=SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64"))))]
    assert explain._is_wrong_where_finite("log_det forward", across) is wrong
    sample.failed = False
    assert not explain._is_wrong_where_finite("log_det forward", across)


# --- searches, brackets, ends ---


def of_slope(slope):
    """A trial of one variable with this derivative."""
    subject = SimpleNamespace(in_shape=(1,), dtype=onp.dtype("float64"))
    return SimpleNamespace(subject=subject, derivatives=lambda way, at, rows: (slope(at)[:, :, None], len(rows)))


@pytest.mark.parametrize(("slope", "turns"), [
    (lambda z: z, True), (lambda z: z + 3.0, False), (lambda z: -z - 3.0, False), (lambda z: onp.abs(z) + 0.1, False),
    (lambda z: onp.where(z > 0, onp.inf, -1.0), False), (lambda z: onp.where(z > 0, 1e-9, -1.0), False),
    (lambda z: onp.where(z > 0, 1e-8, -1e-8), True), (lambda z: onp.where(z > 0.97, 1.0, -1.0), True),
])  # fmt: skip
def test_the_sign_of_the_slope_on_the_way(slope, turns):
    c = SimpleNamespace(
        z=onp.array([[5.0], [-1.0]]), back=onp.array([[5.0], [1.0]]), rows=[0, 1], trial=of_slope(slope)
    )
    assert wrong_search._turns(c, 1) is turns


def columns_of(f, dim=3):
    trial = trial_of(f, dim=dim, n=10)
    return SimpleNamespace(trial=trial, rows=onp.arange(10), z=trial.z, J=trial.J)


M = rng(2).normal(size=(3, 3)) * 0.4


@pytest.mark.parametrize(("f", "lacks"), [
    (lambda z: z * onp.exp(onp.tanh(z @ M)) + onp.sin(z @ M), True), (lambda z: z + onp.tanh(z @ M), False),
    (lambda z: z @ (onp.eye(3) + M), False), (lambda z: z + 1e-2 * onp.abs(z @ M), False), (lambda z: z**3, True),
])  # fmt: skip
def test_scales_that_bend_lack_their_masks(f, lacks):
    assert wrong_search._lacks_masks(columns_of(f)) is lacks


@pytest.mark.parametrize(("x", "ends"), [
    ([5.0, 5.0, 1.2345], True), ([5.0, -5.0, 0.1], True), ([5.0, 1.0, 1.0, 1.2345], False), ([1.2345, 1.2345], False),
    ([5.0, 3.0, 3.0], True), ([5.0, 2.0, 2.0], False),
])  # fmt: skip
def test_one_x_again_and_again(x, ends, monkeypatch):
    monkeypatch.setattr(wrong_bracket, "clips_argument", lambda trial: False)
    found = wrong_bracket.name_of_stop(SimpleNamespace(x=onp.array(x)[:, None]))
    assert found is (Mistake.END_OF_BRACKET if ends else Mistake.STANDS_STILL)
    monkeypatch.setattr(wrong_bracket, "clips_argument", lambda trial: True)
    assert wrong_bracket.name_of_stop(None) is Mistake.CLIPS_ARGUMENT


@pytest.mark.parametrize(("z", "is_one"), [
    ([3.0, -3.0, 1.0], True), ([3.0, -2.9998, 1.0], True), ([3.0, -2.9996, 1.0], False), ([3.0, 1.0], False),
    ([3.1234, 3.1234], False), ([], False),
])  # fmt: skip
def test_a_round_number_twice_is_a_bracket(z, is_one):
    assert bool(wrong_edges._is_bracket(onp.array(z))) is is_one


def raising(at_end, inside=None):
    """A map that raises at 2, the end of its domain, and inside of it."""

    def apply(direction, a, rows):
        assert a.shape == (1, 2) and a.dtype == onp.float32 and rows == [0]
        asked.add(float(a[0, 0]))
        if a[0, 0] == 2.0 and at_end:
            raise at_end("there")
        if a[0, 0] != 2.0 and inside:
            raise inside("here")
        return a, onp.zeros(1)

    asked = set()
    ends = lambda direction: (-1.0, 2.0)  # noqa: E731
    subject = SimpleNamespace(dtype=onp.dtype("float32"), shape=lambda direction: (2,), ends=ends)
    return SimpleNamespace(subject=subject, apply=apply, asked=asked)


def test_an_index_error_at_the_very_end():
    only = lambda trial, low=-1.0, high=2.0: wrong_edges._raises_only_at(trial, "forward", low, high)  # noqa: E731
    assert only(raising(IndexError)) and not only(raising(ValueError)) and not only(raising(None))
    assert not only(raising(IndexError, IndexError)) and only(raising(IndexError, ValueError))
    assert not only(raising(IndexError), low=-onp.inf) and not only(raising(IndexError), high=onp.inf)
    assert not only(raising(IndexError), low=-onp.inf, high=-onp.inf)
    trial = raising(IndexError)
    assert only(trial)
    close(sorted(trial.asked), [-1.0 + 3e-6, 0.5, 2.0 - 3e-6, 2.0], 3e-7)
    for error, there in ((IndexError, True), (KeyError, False)):
        evidence = {"raised_by": error}
        case = SimpleNamespace(trial=raising(IndexError), finding=SimpleNamespace(evidence=evidence))
        assert wrong_edges.raises_at_end(case) is there


# --- elementwise maps ---


Z, SLOPE = onp.array([0.4, -1.1, 2.0]), onp.array([0.5, 1.7, 2.2])
SHIFT = onp.array([0.7, -0.3, 1.2])


@pytest.mark.parametrize(("m", "start", "name"), [
    (onp.ones(3), SHIFT, "SHIFT_NOT_UNDONE"), (onp.ones(3), 2 * SHIFT, "SHIFT_NOT_UNDONE"),
    (onp.ones(3), SHIFT * (1 - SLOPE), "WRONG_ORDER"), (onp.ones(3), SHIFT * (1 - SLOPE**2), None),
    (onp.ones(3), SHIFT * (1 - onp.array([0.5, 1.0, 2.2])), None), (onp.ones(3), SHIFT * (1 + SLOPE), None),
    (onp.ones(3), SHIFT * (1 - 3 * SLOPE), "WRONG_ORDER"), (onp.ones(3), SHIFT * (1 - 1.9e-3 * SLOPE), None),
    (onp.ones(3), SHIFT * (1 - 3e-3 * SLOPE), "WRONG_ORDER"),
    (SLOPE, SHIFT * (1 - SLOPE), "SCALE_NOT_UNDONE"), (SLOPE**2, SHIFT * (1 - SLOPE**2), "MULTIPLIES"),
    (SLOPE, SHIFT, None), (-SLOPE, SHIFT * (1 + SLOPE), None), (SLOPE**3, SHIFT * (1 - SLOPE**3), None),
    (onp.array([1.0, 1.7, 2.2]), SHIFT * (1 - onp.array([1.0, 1.7, 2.2])), None),
])  # fmt: skip
def test_a_line_through_f_of_the_inverse(m, start, name):
    found = wrong_elementwise._named((m, start), SHIFT, SLOPE)
    assert found is (Mistake[name] if name else None)


def test_without_lines_or_with_a_shift_of_0_nothing_is_said():
    assert wrong_elementwise._named(None, SHIFT, SLOPE) is None
    assert wrong_elementwise._named((onp.ones(3), SHIFT), onp.array([0.7, 0.0, 1.2]), SLOPE) is None


def test_points_that_come_back_as_they_are():
    trial = trial_of(lambda z: 2 * z, lambda x: onp.where(x > 1, 0.4 * x, 0.5 * x), dim=2, n=3)
    c = SimpleNamespace(trial=trial, rows=onp.arange(3))
    points = onp.array([[0.1, 0.2], [0.3, 0.9], [-1.0, -2.0]])
    told = onp.ones((3, 2), dtype=bool)
    assert not wrong_elementwise._stays(c, points, told)
    told[1, 1] = False
    assert wrong_elementwise._stays(c, points, told)


# --- passes, rows, densities ---


def test_what_an_iterate_of_passes_is():
    A = onp.diag([2.0, 0.5, 1.5]) + onp.tril(rng(4).normal(size=(3, 3)), -1)
    f = lambda z: z @ A.T + onp.array([0.3, -0.2, 0.1])  # noqa: E731
    bent = lambda z: f(z) + onp.array([0.0, 0.2, 0.3]) * onp.tanh(onp.roll(z, 1, axis=1))  # noqa: E731
    given = rng(6).normal(size=(9, 3))
    zeros = onp.zeros_like(given)
    assert wrong_passes._is_straight(f, given) and not wrong_passes._is_straight(bent, given)
    diagonal = wrong_passes._pass(f, zeros, given)
    assert wrong_passes._of_iterate(f, given, diagonal) is Mistake.DIAGONAL_UNDONE
    assert wrong_passes._of_iterate(bent, given, wrong_passes._pass(bent, zeros, given)) is Mistake.TOO_FEW_PASSES
    own = wrong_passes._pass(bent, given, given)
    assert wrong_passes._of_iterate(bent, given, own) is Mistake.ON_ARGUMENTS
    own = wrong_passes._pass(f, given, given)
    assert wrong_passes._of_iterate(f, given, own) is Mistake.ON_ARGUMENTS


@pytest.mark.parametrize(("whole", "is_one"), [
    ([2.0, 2.0, 2.0], True), ([2.0, 2.0 + 2.5e-9, 2.0], True), ([2.0, 2.0 + 3.5e-9, 2.0], False),
    ([[2.0, 2.0]], False), ([-2.0, -2.0 - 2.5e-9], True),
])  # fmt: skip
def test_one_number_for_all_rows(whole, is_one):
    assert bool(wrong_rows._is_one_number(onp.array(whole))) is is_one


@pytest.mark.parametrize(("off", "is_first"), [(0.0, True), (2.5e-9, True), (3.5e-9, False)])
def test_all_rows_get_what_the_first_gets(off, is_first):
    def apply(which, at, rows):
        assert at.tolist() == [[4.0]] and rows.tolist() == [0]
        return at, [2.0 + off]

    trial = SimpleNamespace(input=lambda which: onp.array([[4.0], [5.0]]), apply=apply)
    assert wrong_rows._is_of_first_row(trial, "forward", onp.array([2.0, 2.0])) is is_first
    assert not wrong_rows._is_of_first_row(trial, "forward", onp.array([2.0]))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_density_without_the_constant_of_its_base(dim):
    constant = (2 * onp.pi) ** (dim / 2)
    for share, name in ((1.0, "CONSTANT_OF_BASE"), (1.009, "CONSTANT_OF_BASE"), (0.989, "NOT_NORMALISED")):
        assert wrong_density.name_integral(share * constant, dim) is Mistake[name]
    assert wrong_density.name_integral(1.011 * constant, dim) is Mistake.NOT_NORMALISED


def test_layers_that_are_undone_in_their_own_order():
    def moved(a):
        return a * onp.array([2.0, 0.5]) + 1.0, onp.zeros(len(a))

    def unmoved(a):
        return (a - 1.0) / onp.array([2.0, 0.5]), onp.zeros(len(a))

    def turned(a):
        return a[:, ::-1] + onp.array([0.5, 0.0]), onp.zeros(len(a))

    def unturned(a):
        return (a - onp.array([0.5, 0.0]))[:, ::-1], onp.zeros(len(a))

    layers = [of_pair(*pair, 2) for pair in ((moved, unmoved), (turned, unturned))]
    forward = lambda z: turned(moved(z)[0])  # noqa: E731
    for inverse, in_order in ((lambda x: unturned(unmoved(x)[0]), True), (lambda x: unmoved(unturned(x)[0]), False)):
        subject = of_pair(forward, inverse, 2)
        z = rng().normal(size=(6, 2))
        real = Trial(subject, z)
        trial = SimpleNamespace(x=real.x, back=real.back, subject=SimpleNamespace(layers=lambda: layers))
        assert wrong_inverse.in_chain(trial) is (Mistake.LAYERS_IN_ORDER if in_order else None)


# --- splines ---


def test_a_quadratic_in_its_window():
    close(wrong_spline._quadratic((1.0, -2.0, 3.0), onp.array([0.0, 2.0])), [1.0, (1 - 4 + 12) / 5], 1e-12)


def test_the_mistake_that_most_errors_fit():
    root, knots, none = Mistake.OTHER_ROOT, Mistake.KNOTS_OF_Z, wrong_spline.NO_ROOT
    assert (
        wrong_spline._mostly([root] * 3 + [None] * 2) is root and wrong_spline._mostly([root] * 3 + [None] * 3) is None
    )
    assert wrong_spline._mostly([knots, knots, none, none, none]) is knots and wrong_spline._mostly([knots]) is None
    assert wrong_spline._mostly([]) is None and wrong_spline._mostly([none] * 5) is None
