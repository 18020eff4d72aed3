"""Maps of single variables: orders of columns, scales and their clamps, straight pieces of a line, rescalings."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check.diagnosis import aligned, chain_log_det, clamp, columns, spline_line

# --- the order of columns ---


def near_identity(dim, of=1.0):
    """s I + u v^T, which is that in one order alone."""
    u, v = onp.linspace(0.3, 0.8, dim), onp.linspace(-0.7, 0.5, dim) + 0.2
    return of * onp.eye(dim) + onp.outer(u, v)


@pytest.mark.parametrize("dim", [2, 3, 6])
def test_from_two_variables_to_six_an_order_is_found(dim):
    J = onp.stack([near_identity(dim), near_identity(dim, 1.0 if dim == 2 else 2.0)])
    order = onp.roll(onp.arange(dim), 1)
    found = aligned.nearly_identity(J[:, order])
    assert found.tolist() == onp.argsort(order).tolist()


def test_of_two_variables_the_multiple_of_the_identity_is_1():
    assert aligned.nearly_identity(near_identity(2, 2.0)[None]) is None


def test_an_order_holds_in_all_of_the_first_twelve_rows():
    one, other = near_identity(3), onp.array([[1.0, 0.2, 0.9], [0.4, 3.0, 0.1], [0.3, 0.7, 2.0]])
    for k in (0, 1, 11):
        J = onp.stack([one] * 12)
        J[k] = other
        assert aligned.nearly_identity(J) is None
    assert aligned.nearly_identity(onp.stack([one] * 12 + [other])).tolist() == [0, 1, 2]
    holes = onp.stack([onp.full((3, 3), onp.nan), one])
    assert aligned.nearly_identity(holes).tolist() == [0, 1, 2] and aligned.nearly_identity(holes[:1]) is None


def test_where_several_orders_fit_none_is_certain():
    assert aligned.nearly_identity(onp.ones((2, 3, 3))) is None


def test_the_eigenvalue_of_each_row_by_itself():
    J = onp.stack([onp.diag([5.0, 2.0, 2.5]), onp.diag([7.0, 7.25, 1.0]), onp.diag([9.0, 3.0, 8.0])])
    close(aligned._common_eigenvalue(J), [2.25, 7.125, 8.5], 1e-12)
    assert aligned._common_eigenvalue(onp.array([[[0.0, -1, 0], [1, 0, 0], [0, 0, 5]]])).tolist() == [0.0]


@pytest.mark.parametrize(("share", "near"), [(0.9, True), (1.1, False)])
@pytest.mark.parametrize("at", [0, 1])
def test_a_second_direction_is_one_from_a_millionth_on(share, near, at):
    """Of 1 and the largest entry, which is 3 here."""
    J = onp.stack([onp.diag([3.0, 1.0])] * 2)
    J[1 - at, 0, 0] = 1000.0  # of another row
    J[at, 1, 1] += share * 4e-6
    assert aligned._is_near_identity(J) is near


@pytest.mark.parametrize(("share", "order"), [(0.9, [0, 1]), (1.1, None)])
@pytest.mark.parametrize("large", [1.0, 50.0])
def test_an_entry_that_is_small_in_every_row_is_none(share, order, large):
    """For the largest of all, or for 1: so that a second entry of its row leaves no order but one, or none."""
    J = onp.stack([onp.diag([large, 0.5]), onp.diag([0.5, 0.5])])
    J[1, 0, 1] = J[0, 1, 0] = share * 1e-9 * large
    found = aligned.matching(J)
    assert (None if found is None else found.tolist()) == order


# --- scales and clamps ---


def of_map(x, z, domain=(-onp.inf, onp.inf), shape=None):
    """A trial, by what its forward makes of points; and what forward is asked."""
    asked = []

    def apply(direction, at, rows):
        asked.append((direction, at, rows.tolist()))
        return x(at.reshape(-1, z.shape[1])).reshape(at.shape), None

    subject = SimpleNamespace(domain=domain, in_shape=shape or z.shape[1:], dtype=onp.float64)
    return SimpleNamespace(subject=subject, z=z.reshape(-1, *subject.in_shape), apply=apply), asked


Z = onp.array([[0.5, -1.0], [2.0, 0.3], [0.1, 0.2], [-0.4, 0.6], [9.0, 9.0]])


def test_each_variable_is_moved_by_itself_a_step_back_and_a_step_on():
    trial, asked = of_map(lambda z: 3 * z + z[:, ::-1] ** 2, Z, shape=(1, 2))
    assert clamp.scales(trial, rows=2)
    [(direction, at, rows)] = asked
    assert direction == "forward" and at.shape == (12, 1, 2) and rows == [0, 1] * 6
    moved = [Z[:2] + step * onp.eye(2)[j] for step in (-1, 0, 1) for j in range(2)]
    close(at.reshape(6, 2, 2), onp.stack(moved), 0)


@pytest.mark.parametrize(("share", "straight"), [(0.9, True), (1.1, False), (-0.9, True), (-1.1, False)])
@pytest.mark.parametrize("j", [0, 1])
def test_a_line_is_straight_up_to_a_millionth(share, straight, j):
    """z^2 bends by 2 from step to step."""
    z = onp.zeros((1, 2))
    bend = share * 0.5e-6 * 8 * onp.eye(2)[j]
    trial, _ = of_map(lambda z: 7 * z + bend * z**2, z)
    assert clamp.scales(trial) is straight


@pytest.mark.parametrize(("rows", "straight"), [(1, True), (2, False)])
def test_a_line_is_straight_in_four_rows(rows, straight):
    z = onp.concatenate([onp.zeros((5 - rows, 2)), onp.full((rows, 2), 40.0)])
    trial, _ = of_map(lambda z: z + onp.where(z > 20, z**2, 0), z)
    assert clamp.scales(trial) is straight


def test_numbers_that_are_not_finite_are_no_line():
    trial, _ = of_map(lambda z: onp.where(z > 0, onp.inf, -onp.inf), Z)
    with onp.errstate(all="raise"):
        assert not clamp.scales(trial)


def test_on_an_interval_no_variable_is_moved():
    trial, asked = of_map(lambda z: z, Z, domain=(0.0, 1.0))
    assert clamp.scales(trial) is False and asked == []


A = onp.array([-2.5, -1.0, -0.5, 0.5, 1.0, 2.5])


@pytest.mark.parametrize(("a", "s", "flat"), [
    (A, onp.tanh(A), True), (A, onp.sign(A), True), (A, -onp.tanh(A), False),
    (A, onp.where(A > 0, onp.tanh(A), A), True), (A, onp.where(A > 0, onp.tanh(A), -onp.tanh(A)), False),
    (A, onp.where(A > 0, onp.tanh(A), 0.3 * A + onp.sinh(A)), False), (A, onp.where(A < 0, onp.tanh(A), A**3), False),
    (onp.abs(A) + [0, 0, 0, 0.1, 0.2, 0.3], onp.ones(6), False), (A, onp.where(A > 0, 0.0, onp.tanh(A)), False),
    (A, 0 * A, False), (A[::-1], onp.tanh(A[::-1]), True), (A, onp.tanh(3 * A) * [1, 1, 1, 1, 1, 0.9], False),
])  # fmt: skip
def test_a_clamp_flattens_on_each_side_of_0(a, s, flat):
    assert bool(clamp.flattens(a, s)) is flat


@pytest.mark.parametrize(("digits", "flat"), [(0.4e-6, False), (1.6e-6, True)])
def test_a_scale_that_is_one_number_to_six_digits_is_no_clamp(digits, flat):
    a = onp.array([1.0, 2, 3, 4, 5, 6])
    assert bool(clamp.flattens(a, 0.5 + digits * onp.arange(6) / 5)) is flat


@pytest.mark.parametrize(("share", "falls"), [(0.9, True), (1.1, False)])
def test_a_scale_grows_and_its_share_falls_up_to_rounding(share, falls):
    """Steps of 1e-6 of 1 and the number."""
    a = onp.array([1.0, 2.0, 3.0])
    s = onp.array([1.0, 1.5, 1.5 - share * 2.5e-6])
    assert bool(clamp._falls(a, s)) is falls and bool(clamp._falls(a[::-1], s[::-1])) is falls
    s = a * [1.0, 0.5, 0.5 + share * 1.5e-6]
    assert bool(clamp._falls(a, s)) is falls


def test_the_bounds_of_a_clamp_themselves():
    """A share that rises by all that rounding allows, a scale that falls by so much; a bend of just a twentieth."""
    assert clamp._falls(onp.array([1.0, 2.0]), onp.array([-1e-6, 0.0]))
    assert clamp._falls(onp.array([1.0, 2.0]), onp.array([1e-6, 0.0]))
    bend = onp.array([1.05, 1.0, 1.0, 1.0, 1.0])
    assert not clamp.flattens(onp.ones(5) + onp.arange(5), bend * (onp.ones(5) + onp.arange(5)))
    assert clamp.flattens(onp.ones(5) + onp.arange(5), (bend + [1e-9, 0, 0, 0, 0]) * (onp.ones(5) + onp.arange(5)))


# --- columns side by side ---


@pytest.mark.parametrize(("off", "wrong"), [(10.00001, False), (10.00005, True), (-9.9999, False), (-10.00001, True)])
def test_an_inverse_is_wrong_beyond_a_share_of_what_is_right(off, wrong):
    """1e-5 of 1 and the smaller one of z and z'."""
    z = onp.array([[1e6, 0.5], [1.0, 2.0], [onp.nan, 3.0]])
    trial = SimpleNamespace(z=z, x=2 * z, back=(z + [off, 0.0],), J=onp.stack([onp.eye(2)] * 3))
    trial.back[0][1, 0] = 1.0
    c = columns.Columns(trial, onp.array([True, True, False]))
    assert c.wrong.tolist() == [wrong, False] and c.rows.tolist() == [0, 1] and c.dim == 2 and len(c.J) == 2


def test_the_bound_of_what_is_the_same_belongs_to_it():
    assert columns.same(1e-5, 0.0) and columns.same(2.0, 1.0, 0.5) and not columns.same(2.0 + 1e-9, 1.0, 0.5)


def test_columns_that_are_passed_on_and_columns_that_are_copies():
    c = object.__new__(columns.Columns)
    c.dim, c.J = 3, onp.stack([onp.eye(3)] * 4)
    c.J[2, 0, 1], c.J[1, 2, 2] = 0.9e-7, 1 - 1.1e-7
    assert c.kept.tolist() == [True, True, False] and c.is_linear
    c.J[3, 0, 2] = 1.1e-6
    assert c.kept.tolist() == [False, True, False] and not c.is_linear
    a = onp.arange(6.0).reshape(2, 3)
    assert columns.copies(a, a[:, [2, 0, 0]]).tolist() == [[False, True, True], [False] * 3, [True, False, False]]


# --- one layer, or several ---


@pytest.mark.parametrize(("size", "one"), [(0.95e-7, True), (1e-7, False), (-1.05e-7, False)])
def test_one_layer_has_a_diagonal_jacobian(size, one):
    J = onp.stack([onp.diag([2.0, 3.0]), onp.full((2, 2), onp.nan)])
    J[0, 1, 0] = size
    assert chain_log_det._is_one_layer(SimpleNamespace(J=J), SimpleNamespace(loops=list)) is one
    assert chain_log_det._is_one_layer(SimpleNamespace(J=J[1:]), SimpleNamespace(loops=list)) is True


@pytest.mark.parametrize(("size", "varies"), [(0.9e-6, False), (1.1e-6, True)])
def test_a_log_det_varies_from_a_millionth_on(size, varies):
    J = onp.stack([onp.eye(2), onp.diag([onp.exp(size), 1.0]), onp.zeros((2, 2)), onp.full((2, 2), onp.inf)])
    constant = SimpleNamespace(J=onp.stack([onp.eye(2)] * 2))
    with onp.errstate(all="raise"):
        assert chain_log_det._varies([constant, SimpleNamespace(J=J)]) is varies


def test_one_step_after_another():
    both = chain_log_det._then(lambda z: (z + 1, "lost"), lambda h: (2 * h, "kept"))
    assert both(3) == (8, "kept")


# --- a line through a spline ---


@pytest.mark.parametrize(("n", "margin"), [(5, 0.01), (3, 0.05)])
def test_places_along_a_line_lie_off_its_ends(n, margin, monkeypatch):
    monkeypatch.setattr(spline_line, "span", lambda trial: (-1.0, 3.0))
    places = spline_line.inner("trial", n, *([] if margin == 0.01 else [margin]))
    close(places, onp.linspace(-1 + 4 * margin, 3 - 4 * margin, n) + 6.8e-5, 1e-12)


@pytest.mark.parametrize(("slopes", "bent", "pieces"), [
    ((1, 2, 3), 0, True), ((1, 2, 1), 0, False), ((1, 2, 2 + 4e-7), 0, False),
    ((1, 2, 3), 85, True), ((1, 2, 3), 91, False),
])  # fmt: skip
def test_three_straight_pieces_of_a_line(slopes, bent, pieces, monkeypatch):
    rise = onp.repeat(onp.array(slopes, dtype=float), 200)
    rise[5 : 5 + bent] += 0.01 * onp.arange(bent) ** 2
    x = onp.concatenate([[0.0], onp.cumsum(rise)])
    monkeypatch.setattr(spline_line, "variable", lambda trial: 1)
    monkeypatch.setattr(spline_line, "inner", lambda trial, n: n)
    line = SimpleNamespace(x=onp.stack([0 * x, x], axis=1))
    monkeypatch.setattr(spline_line, "along", lambda trial, j, n: line if (j, n) == (1, 601) else None)
    assert spline_line.is_piecewise_linear("trial") is pieces
    line.x = line.x + onp.where(onp.arange(601) == 9, onp.nan, 0.0)[:, None]
    assert spline_line.is_piecewise_linear("trial") is False
