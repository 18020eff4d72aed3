"""The small functions by which the audit decides, each on numbers made by hand.

A look that fails is passed over, because a strange map may break it. So a mistake in a look itself is seen here alone.
"""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    wrong_columns,
    wrong_condition,
    wrong_density,
    wrong_linear,
    wrong_planar,
    wrong_rows,
    wrong_search,
    wrong_spline,
)
from nfscratch.check.finite_differences import numeric_jacobian
from nfscratch.check.letters import edges, joins
from nfscratch.check.letters.mass_box import mass_box


def rng(seed=0):
    return onp.random.default_rng(seed)


# --- structure of a matrix ---


@pytest.mark.parametrize(("largest", "pivoted"), [(0.5, True), (1.0, True), (-1.0, True), (1.5, False), (-1.5, False)])
def test_a_factorisation_with_pivots_leaves_no_entry_above_1(largest, pivoted):
    L = onp.array([[1.0, 0.0, 0.0], [0.3, 1.0, 0.0], [-0.2, largest, 1.0]])
    U = onp.array([[2.0, 0.7, -0.4], [0.0, -1.5, 0.6], [0.0, 0.0, 0.8]])
    assert wrong_linear._is_pivoted(onp.linalg.inv(L @ U)) is pivoted


@pytest.mark.parametrize("size", [0.3, 2.0])
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_log_det_whose_determinant_is_off_in_ratio_to_the_trace_is_seen(direction, size):
    """J = I + u v^T, so that det J - 1 = tr J - D. Where the vectors are large, some determinants are negative."""
    u, v = size * rng().normal(size=(2, 9, 3))
    J = onp.eye(3) + u[:, :, None] * v[:, None, :]
    of_trace = onp.trace(J, axis1=1, axis2=2) - 3
    assert (of_trace < -2).any() == (size == 2.0)
    sample = SimpleNamespace(direction=direction, J=J if direction == "forward" else onp.linalg.inv(J), dim=3)
    sample.c = (1 if direction == "forward" else -1) * onp.log(onp.abs(1 + 0.5 * of_trace))
    assert wrong_planar._ratio_to_trace(sample)
    sample.c = sample.c + onp.linspace(0, 0.5, 9)
    assert not wrong_planar._ratio_to_trace(sample)


# --- values of all rows ---


@pytest.mark.parametrize(
    ("values", "one"),
    [
        ([2.0, 2.0, 2.0], True),
        ([0.0, 0.0], True),
        ([2.0, 2.0, 2.1], False),
        ([[2.0, 2.0]], False),
        ([[2.0, 3.0]], False),
    ],
)
def test_one_number_for_all_rows(values, one):
    assert bool(wrong_rows._is_one_number(onp.array(values))) is one


def evidence(claimed_of, seed):
    """Of a log_prob that is claimed_of(q, log_det)."""
    q, log_det = rng(seed).normal(size=(2, 8))
    return {"rows": slice(1, None), "q": q, "log_det": log_det, "yours": claimed_of(q, log_det), "z": onp.zeros((8, 2))}


@pytest.mark.parametrize(
    ("claimed_of", "mistake"),
    [
        (lambda q, l: q + l, Mistake.LOG_DET_ADDED),
        (lambda q, l: q, Mistake.LOG_DET_MISSING),
        (lambda q, l: -l, Mistake.BASE_MISSING),
        (lambda q, l: q - 3 * l, Mistake.NOT_ITS_OWN_LOG_PROB),
    ],
)
def test_the_density_of_draws_is_named(claimed_of, mistake):
    assert wrong_density.name_joint([evidence(claimed_of, 0), evidence(claimed_of, 1)]) is mistake


@pytest.mark.parametrize("points", [400, 405, 431])
def test_quadratic_pieces_are_told_from_a_smooth_curve(points):
    z = onp.linspace(0, 4, points)
    assert wrong_spline._is_quadratic(1 + (z % 1) * (1 - z % 1) * (1 + z // 1))
    assert not wrong_spline._is_quadratic(onp.exp(z))
    assert not wrong_spline._is_quadratic(z)


def test_a_quadratic_is_compared_in_units_that_stay_bounded_far_out():
    assert wrong_spline._quadratic((1.0, 2.0, 3.0), 2.0) == 17 / 5
    assert wrong_spline._quadratic((1.0, 2.0, 3.0), -1.0) == 2 / 2


# --- rounding ---


@pytest.mark.parametrize(("dim", "log_det", "flat"), [(2, -100.0, True), (2, -1.0, False), (1, -100.0, False)])
def test_a_map_is_flat_where_its_log_det_leaves_nothing_of_a_direction_and_a_line_has_no_other_one(dim, log_det, flat):
    edge = SimpleNamespace(
        subject=SimpleNamespace(dim=dim, eps=2.2e-16), there=(None, onp.array([log_det])), J=onp.eye(dim)[None]
    )
    assert bool(edges._is_flat(edge)[0]) is flat


def test_the_error_of_a_numeric_jacobian_is_what_rounding_costs_the_shorter_of_its_two_steps():
    J, error = numeric_jacobian(lambda z: onp.full_like(z, 1e6), onp.zeros((3, 2)), eps=1e-16)
    assert not J.any()
    close(error, onp.full((3, 2, 2), 1e-16 * 1e6 / 1e-4), 1e-12)


# --- columns ---


def test_the_order_of_columns_is_found_where_inverse_takes_and_gives_them_in_other_orders():
    """x_j = (j + 1) z_j; inverse takes the columns of x in the order 2, 0, 1, and gives those of z in 1, 0, 2."""
    taken, given, slopes = [2, 0, 1], [1, 0, 2], onp.arange(1.0, 4.0)
    z = rng().normal(size=(6, 3))

    def apply(direction, x, rows):
        assert direction == "inverse" and len(x) == len(rows)
        return (x[:, taken] / slopes)[:, given], onp.zeros(len(x))

    subject = SimpleNamespace(out_shape=(3,), dtype=onp.float64)
    trial = SimpleNamespace(subject=subject, original=SimpleNamespace(x=z * slopes, z=z, apply=apply))
    columns = SimpleNamespace(dim=3, rows=onp.arange(6), trial=trial)
    reordered, order = wrong_columns._orders_after_reordering(columns)
    assert reordered.tolist() == onp.argsort(taken).tolist() and order.tolist() == given
    columns.trial.original.apply = lambda direction, x, rows: (onp.tanh(x), onp.zeros(len(x)))
    assert wrong_columns._orders_after_reordering(columns) is None


# --- searches and boxes ---


def test_a_bisection_whose_bracket_is_x_is_seen_beside_points_that_it_finds():
    z = rng().normal(size=(40, 2))
    x, back = 3 * z, z.copy()
    back[5:] = 5 / 16 * x[5:]
    trial = SimpleNamespace(
        subject=SimpleNamespace(in_shape=(2,), dtype=onp.float64),
        apply=lambda direction, at, rows: (3 * at, onp.zeros(1)),
        derivatives=lambda direction, at, rows: (3 * onp.eye(2)[None],),
    )
    columns = SimpleNamespace(trial=trial, rows=onp.arange(40), z=z, x=x, back=back)
    assert wrong_search._is_bisection_of_own_width(columns)
    columns.back = onp.where(onp.arange(40)[:, None] < 5, z, 1.01 * z)
    assert not wrong_search._is_bisection_of_own_width(columns)


@pytest.mark.parametrize(("mean", "sd"), [(3.0, 0.1), (0.0, 1.0), (-20.0, 2.0)])
def test_the_box_of_a_narrow_density_far_from_0_is_cut_to_where_its_mass_is(mean, sd):
    """e^-14 of the peak is at sqrt(28) standard deviations."""
    subject = SimpleNamespace(
        dim=1, in_shape=(1,), dtype=onp.float64, q=lambda z: -0.5 * ((z[:, 0] - mean) / sd) ** 2,
        base_sample=lambda rng, n: mean + sd * rng.normal(size=(n, 1)),
    )  # fmt: skip
    low, high = mass_box(subject)
    assert abs(low[0] - (mean - 28**0.5 * sd)) < 0.5 * sd and abs(high[0] - (mean + 28**0.5 * sd)) < 0.5 * sd


@pytest.mark.parametrize(("exponent", "overflows"), [(25.0, True), (1.0, False)])
@pytest.mark.parametrize("side", [1, -1])
def test_numbers_that_grow_out_of_range_at_the_last_place_of_a_line_overflow_and_small_ones_do_not(
    side, exponent, overflows
):
    t = onp.linspace(-12, 12, 9)
    line = SimpleNamespace(trial=SimpleNamespace(subject=SimpleNamespace(dtype=onp.float64)))
    line.values = lambda t: onp.where(side * t < 11.0, 10.0 ** (exponent * side * t), onp.nan)[..., None]
    assert joins._overflows(line, t, line.values(t)) is overflows


def test_a_map_of_fewer_than_two_layers_has_none_that_is_given_the_argument_of_the_whole():
    assert wrong_condition.reads_argument(SimpleNamespace(forward=[0, 1]), None) is False
