"""Numbers that lie on a bound to the last bit, and what a look is given: chains, columns, folds and passes."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    wrong_branches,
    wrong_chain,
    wrong_columns,
    wrong_inverse,
    wrong_linear,
    wrong_order,
    wrong_passes,
    wrong_radial_slope,
    wrong_search,
    wrong_spline,
    wrong_terms,
)

SUBJECT = SimpleNamespace(in_shape=(2,), dtype=onp.dtype("float64"), dim=2)

# --- chains and layers ---


@pytest.mark.parametrize("entry", [1e-7, -1e-7])
def test_an_entry_on_its_bound_moves_a_column(entry, monkeypatch):
    monkeypatch.setattr(wrong_inverse, "is_permutation", lambda J: True)
    c = SimpleNamespace(J=onp.array([[[1.0, entry], [0.0, 1.0]]]), dim=2)
    assert wrong_inverse._of_one_that_applies_forward(c) is Mistake.PERMUTATION


@pytest.mark.parametrize(("off", "found"), [(0.0, True), (1e-3, False)])
def test_the_layers_of_a_chain_may_be_undone_in_the_order_of_forward(off, found, monkeypatch):
    """The row that is not finite says nothing; the others are compared."""

    class Layer(SimpleNamespace):
        def apply(self, way, z):
            assert way == "inverse" and z is self.z
            return (self.f(z),)

    monkeypatch.setattr(wrong_inverse, "Trial", lambda f, z: Layer(f=f, z=z))
    x = onp.array([[1.0, 2.0], [3.0, onp.nan], [5.0, 6.0]])
    layers = lambda: [lambda z: 2 * z, lambda z: z + 1]  # noqa: E731
    back = onp.where(onp.isfinite(x), 2 * x + 1, 7.0) + [0.0, off]
    trial = SimpleNamespace(x=x, back=(back,), subject=SimpleNamespace(layers=layers))
    assert wrong_inverse.in_chain(trial) is (Mistake.LAYERS_IN_ORDER if found else None)
    trial.x, trial.back = x[[1]], (back[[1]],)
    assert wrong_inverse.in_chain(trial) is Mistake.LAYERS_IN_ORDER  # of no row nothing is known


@pytest.mark.parametrize(("J", "shift", "name"), [
    ([[1.0, 0.0], [0.0, 1.0]], 3.0, "SHIFT_NOT_UNDONE"), ([[0.0, 1.0], [1.0, 0.0]], 0.0, "PERMUTATION"),
    ([[2.0, 0.0], [0.0, 3.0]], 0.0, "SCALE_NOT_UNDONE"), ([[2.0, 1.0], [0.0, 3.0]], 0.0, "LAYER_NOT_UNDONE"),
    ([[2.0, 0.0], [0.0, 3.0]], 1.0, "LAYER_NOT_UNDONE"),
])  # fmt: skip
def test_a_layer_that_is_passed_over_is_told_by_the_rows_that_are_finite(J, shift, name):
    z = onp.array([[1.0, 2.0], [3.0, 5.0], [8.0, 1.0], [2.0, 2.0]])
    x, slopes = z @ onp.array(J).T + shift, onp.stack([onp.array(J)] * 4)
    x[1, 0], slopes[2, 0, 1] = onp.nan, onp.inf
    trial = SimpleNamespace(z=z, x=x, J=slopes, back=(x.copy(),))
    assert wrong_chain._passed_over(trial) is Mistake[name]
    trial.back[0][[1, 2]] = 77.0  # of rows that say nothing
    assert wrong_chain._passed_over(trial) is Mistake[name]
    slopes[3] = onp.array(J) + 1e-3
    assert wrong_chain._passed_over(trial) is Mistake.LAYER_NOT_UNDONE
    trial.back[0][0] += 1e-3
    assert wrong_chain._passed_over(trial) is None


# --- columns ---


def test_the_order_is_that_of_z_in_what_came(monkeypatch):
    """z' = z[:, m], where m is not its own inverse."""
    monkeypatch.setattr(wrong_columns, "_name_of_order", lambda c, order: order.tolist())
    z = onp.array([[1.0, 2.0, 3.0], [5.0, 7.0, 9.0]])
    assert wrong_columns.moved_columns(SimpleNamespace(z=z, back=z[:, [1, 2, 0]])) == [1, 2, 0]
    assert wrong_columns.moved_columns(SimpleNamespace(z=z, back=2 * z, trial="trial")) is None


def test_the_own_permutation_may_be_two_halves(monkeypatch):
    monkeypatch.setattr(wrong_columns, "Aligned", SimpleNamespace)
    halves = onp.array([2, 3, 0, 1])
    trial, J = SimpleNamespace(order=halves), onp.stack([2 * onp.eye(4)] * 2)
    c = SimpleNamespace(trial=trial, dim=4, J=J, kept=onp.zeros(4, dtype=bool))
    assert wrong_columns._name_of_order(c, halves) is Mistake.PERMUTATION
    c.trial = "not aligned"
    assert wrong_columns._name_of_order(c, halves) is Mistake.HALVES_SWAPPED
    assert wrong_columns._name_of_order(c, onp.array([1, 0, 2, 3])) is Mistake.PERMUTATION


# --- matrices ---


def test_two_turns_about_a_scale_in_the_plane_are_not_told():
    turn = lambda a: onp.array([[onp.cos(a), -onp.sin(a)], [onp.sin(a), onp.cos(a)]])  # noqa: E731
    U, V, S = turn(0.5), turn(1.2), onp.diag([2.0, 0.7])
    assert wrong_linear._of_one_factor(U @ S @ V, U.T @ onp.linalg.inv(S) @ V.T) is None


# --- folds ---


@pytest.mark.parametrize(("moved", "grows"), [(0.01, True), (0.0099, False), (-0.01, True)])
def test_what_moves_by_a_hundredth_far_out_grows(moved, grows):
    z = onp.array([[1.0, 0.0], [2.0, 0.0], [-4.0, 0.0]])
    apply = lambda way, at, rows: (at + onp.abs(at[:, :1]) * [[0.0, moved]],)  # noqa: E731
    trial = SimpleNamespace(subject=SUBJECT, apply=apply, derivatives=lambda way, at, rows: (onp.ones((3, 2, 2)),))
    c = SimpleNamespace(trial=trial, z=z, rows=onp.arange(3), J=onp.zeros((3, 2, 2)))
    assert wrong_search._lacks_masks(c) is grows


@pytest.mark.parametrize(("own", "bent"), [
    ((0.0, 1e-6, 0.0), False), ((0.0, 1.01e-6, 0.0), True), ((0.0, 0.0, -1.01e-6), True), ((9.0, 9.0, 9.0), False),
])  # fmt: skip
@pytest.mark.parametrize("i", [0, 1])
def test_an_own_derivative_that_changes_along_its_own_variable(i, own, bent):
    def derivatives(way, at, rows):
        assert way == "forward" and at.shape == (3, 2) and rows.tolist() == [4, 4, 4]
        assert (at - [1.0, 2.0])[:, i].tolist() == [0, 0.5, -0.5] and (at - [1.0, 2.0])[:, 1 - i].tolist() == [0] * 3
        J = onp.arange(12.0).reshape(3, 2, 2)
        J[:, i, i] = own
        return (J,)

    trial = SimpleNamespace(subject=SUBJECT, derivatives=derivatives)
    c = SimpleNamespace(trial=trial, z=onp.array([[1.0, 2.0], [7.0, 7.0]]), rows=onp.array([4, 5]))
    assert wrong_search._is_bent(c, i) is bent


# --- passes ---


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_direction_is_asked_with_rows_in_turn_and_in_silence(direction):
    """26 rows of the trial, of which 24 are looked at; a batch of 49 begins again after them."""
    asked = []

    def apply(way, at, rows):
        asked.append((way, at.shape, at.dtype.name, rows.tolist()))
        return (1 / at,)

    shape = {"forward": (2, 1), "inverse": (1, 2)}[direction]
    subject = SimpleNamespace(dtype=onp.dtype("float32"), shape=lambda way: shape if way == direction else None)
    c = SimpleNamespace(trial=SimpleNamespace(subject=subject, apply=apply), rows=100 + onp.arange(26))
    with onp.errstate(all="raise"):
        found = wrong_passes._function(c, direction)(onp.zeros((49, 2)))
    assert found.shape == (49, 2) and onp.isinf(found).all()
    rows = [100 + k % 24 for k in range(49)]
    assert asked == [(direction, (49, *shape), "float32", rows)]


# --- splines ---


@pytest.mark.parametrize(("spread", "told"), [(1e-4, True), (0.999e-4, False)])
def test_a_log_det_is_off_by_a_ten_thousandth(spread, told, monkeypatch):
    monkeypatch.setattr(wrong_spline, "is_rational_quadratic", lambda trial: True)
    monkeypatch.setattr(wrong_spline, "_gap_along_a_line", lambda sample: onp.linspace(0, spread, 60))
    monkeypatch.setattr(wrong_spline, "_is_off_where_bent", lambda trial, gap: True)
    found = wrong_spline.spline_mistake([SimpleNamespace(failed=True, trial="trial")])
    assert found is (Mistake.SPLINE_SLOPE if told else None)


# --- orders, radii, branches ---


def test_the_order_of_a_state_is_that_of_x_in_it(monkeypatch):
    """Of three boundaries the second moves the columns, in an order that is not its own inverse."""
    x = onp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [onp.nan, 0.0, 0.0]])
    states = {3: lambda a: a, 4: lambda a: a[:, [1, 2, 0]], 5: lambda a: 2 * a}
    step = lambda low, high: lambda a: (states[high](a), low) if low == 2 and len(a) == 2 else None  # noqa: E731
    chain, trial = SimpleNamespace(inverse=SimpleNamespace(step=step)), SimpleNamespace(x=x)
    assert [(j, m.tolist()) for j, m in wrong_order._moved(chain, (9, 6), (8, 2), trial)] == [(4, [1, 2, 0])]
    asked = []
    monkeypatch.setattr(wrong_order, "_moved", lambda *of: asked.append(of) or [])
    assert wrong_order.name_behind_columns("chain", "low", "high", "trial") is None
    assert asked == [("chain", "low", "high", "trial")]


@pytest.mark.parametrize(("entry", "symmetric"), [(2e-5, True), (2.001e-5, False), (-2.001e-5, False)])
def test_a_radial_jacobian_is_symmetric_up_to_its_bound(entry, symmetric, monkeypatch):
    monkeypatch.setattr(wrong_radial_slope, "near", lambda c, prediction: onp.array([True]))
    J = onp.diag([1.0, 1.0, 0.5])
    J[0, 1] = entry
    s = SimpleNamespace(J=J[None], dim=3, c=onp.zeros(1))
    assert wrong_radial_slope._counts_across_alone(s) is symmetric


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("off", "right"), [(0.99, True), (1.01, False), (-1.01, False)])
def test_a_claim_is_asked_at_fresh_points_of_one_side(off, right, sign, monkeypatch):
    truth = onp.log(6.0)

    class Fresh(SimpleNamespace):
        def __init__(self, subject, a):
            assert subject is s.trial.subject and a.shape == (60, 2, 1)
            assert (sign * a >= 0.7 * 0.5 + 1e-2).all() and (sign * a <= 3.0 + 1e-2).all()
            super().__init__(z=a)

        def derivatives(self, way, a):
            assert way == "inverse" and a is self.z
            return (onp.stack([onp.diag([2.0, -3.0])] * 60) * (onp.nan if unknown else 1.0),)

        def apply(self, way, a):
            assert way == "inverse" and a is self.z
            return None, onp.full(60, truth + off * 1e-5 * (1 + truth))

    monkeypatch.setattr(wrong_branches, "Trial", Fresh)
    s = SimpleNamespace(at=onp.array([[0.5, -1.0], [2.0, 3.0], [-0.75, 1.0]]), dim=2, direction="inverse")
    s.trial, unknown = SimpleNamespace(subject=SimpleNamespace(in_shape=(2, 1))), False
    assert wrong_branches._rights(s, sign).tolist() == [right] * 60
    unknown = True
    assert wrong_branches._rights(s, sign).tolist() == [False] * 60


@pytest.mark.parametrize("where", ["at", "there"])
def test_a_variable_at_0_is_not_below_it(where):
    point, above = onp.array([[0.0], [-1.0], [1.0]]), onp.ones((3, 1))
    s = SimpleNamespace(at=above, there=above, c=onp.array([0.0, 0.7, 0.0]), t=onp.zeros(3))
    setattr(s, where, point)
    assert wrong_terms._branch(s) is True
    s.c = onp.array([0.7, 0.7, 0.0])
    assert wrong_terms._branch(s) is False
