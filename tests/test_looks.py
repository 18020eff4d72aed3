"""Looks of the audit at what inverse does, each at a small map made by hand: what it sees there, and what it does not.

A look that fails is passed over, so that a mistake in it only makes a name vaguer. Here it is asked by itself.
"""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng, trial_of

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    spline_line,
    wrong_affine,
    wrong_chain,
    wrong_passes,
    wrong_spline,
)

# --- an affine map and its wrong inverses ---


def affine_columns(wrong):
    """x = d z + t, with d and t that differ from row to row; back = wrong(x, d, t)."""
    z, d, t = rng().normal(size=(3, 12, 3))
    d = onp.exp(d)
    x = d * z + t
    back = wrong(x, d, t)
    columns = SimpleNamespace(x=x, z=z, back=back, J=d[:, :, None] * onp.eye(3), order=[0, 1, 2])
    columns.wrong = onp.array([True, True, True])
    return columns


WRONG = {
    Mistake.WRONG_ORDER: [lambda x, d, t: x / d - t, lambda x, d, t: (x - t / d) / d],
    Mistake.MULTIPLIES: [
        lambda x, d, t: (x - t) * d,
        lambda x, d, t: x * d + t,
        lambda x, d, t: x * d - t,
        lambda x, d, t: x * d - t / d,
        lambda x, d, t: (x - t / d) * d,
    ],
    Mistake.SCALE_NOT_UNDONE: [lambda x, d, t: x - t, lambda x, d, t: x - t / d],
    Mistake.SHIFT_NOT_UNDONE: [lambda x, d, t: x / d, lambda x, d, t: (x + t) / d],
}


@pytest.mark.parametrize(("mistake", "wrong"), [(m, f) for m, each in WRONG.items() for f in each])
def test_each_wrong_inverse_of_an_affine_map_has_its_name(mistake, wrong):
    assert wrong_affine.affine(affine_columns(wrong)) is mistake


# --- what a chain's layer does where inverse does nothing ---


@pytest.mark.parametrize(
    ("forward", "mistake"),
    [
        (lambda z: z[:, [2, 0, 1]], Mistake.PERMUTATION),
        (lambda z: z * onp.array([2.0, 0.5, 3.0]), Mistake.SCALE_NOT_UNDONE),
        (lambda z: -z, Mistake.SCALE_NOT_UNDONE),
        (lambda z: z + onp.array([0.3, 0.0, -1.0]), Mistake.SHIFT_NOT_UNDONE),
        (lambda z: 2 * z + 1, Mistake.LAYER_NOT_UNDONE),
        (lambda z: z @ onp.array([[0.5, 0.5, 0.0], [0.5, -0.5, 0.0], [0.0, 0.0, 1.0]]), Mistake.LAYER_NOT_UNDONE),
        (lambda z: z[:, [0, 0, 1]] - z[:, [0, 0, 2]] + z[:, [1, 2, 0]], Mistake.LAYER_NOT_UNDONE),
        (lambda z: z + z**3, Mistake.LAYER_NOT_UNDONE),
    ],
)
def test_a_layer_that_is_passed_over_is_named_by_what_it_does(forward, mistake):
    assert wrong_chain._passed_over(trial_of(forward, lambda x: x, dim=3)) is mistake


def test_a_layer_that_is_undone_is_not_passed_over():
    assert wrong_chain._passed_over(trial_of(lambda z: 2 * z, lambda x: x / 2, dim=3)) is None


# --- splines along a line ---


def bent(z):
    """Quotients of quadratics between whole numbers; they meet with one slope."""
    u, k = z % 1, onp.floor(z)
    rise = 1 + 0.5 * onp.sin(k)
    return onp.cumsum([1 + 0.5 * onp.sin(j) for j in range(-20, 20)])[k.astype(int) + 19] + rise * u * u / (
        u * u + (1 - u) ** 2 + u * (1 - u)
    )


def corners(z):
    return onp.interp(z, onp.arange(-4, 5), onp.array([-9.0, -5, -4, -2.5, -0.5, 0.5, 3, 3.2, 7]))


@pytest.mark.parametrize(
    ("f", "quotients", "straight"),
    [
        (bent, True, False),
        (corners, False, True),
        (onp.sinh, False, False),
        (lambda z: 2 * z, False, False),
        (lambda z: onp.where(z < 0.4, z, 3 * z - 0.8), False, False),
    ],
)
def test_the_pieces_of_a_spline_are_seen_along_a_line(f, quotients, straight):
    trial = trial_of(f, dim=1)
    assert spline_line.is_rational_quadratic(trial) == quotients
    assert spline_line.is_piecewise_linear(trial) is straight
    assert spline_line.is_piecewise_linear(trial_of(lambda z: 1e4 + f(z), dim=1)) is straight


@pytest.mark.parametrize(
    ("domain", "ends"),
    [((None, None), (-3, 3)), ((0.5, 0.75), (0.5, 0.75)), ((1.0, None), (1, 7)), ((None, 1.0), (-5, 1))],
)
def test_the_line_spans_the_domain_or_six_numbers_of_it(domain, ends):
    assert spline_line.span(trial_of(onp.copy, domain=domain)) == ends
    inner = spline_line.inner(trial_of(onp.copy, domain=domain), 50)
    assert (inner > ends[0]).all() and (inner < ends[1]).all() and onp.ptp(inner) > 0.9 * (ends[1] - ends[0])


def test_a_line_moves_the_last_variable_that_is_bent_and_no_other():
    trial = trial_of(lambda z: z * onp.array([1.0, 2, 3]) + onp.array([0, 1, 0]) * z**3, dim=3)
    assert spline_line.variable(trial) == 1
    assert spline_line.variable(trial_of(onp.copy, dim=3)) == 2
    line = spline_line.along(trial, 1, onp.array([7.0, 8.0]), onp.array([1.0, 2.0, 3.0]))
    assert line.z.tolist() == [[1.0, 7.0, 3.0], [1.0, 8.0, 3.0]]


def test_a_piece_of_a_spline_solves_its_quadratic_and_values_beyond_its_top_have_no_root():
    """x = p / q about the centre c, in one piece; of p - v q = 0 there is a root up to the piece's own maximum."""
    c = 0.5
    f = lambda z: (1 - 2 * (z - c) ** 2) / (1 + (z - c) ** 2)  # noqa: E731    the largest value is 1, at c
    trial = trial_of(f, dim=1)
    row = onp.zeros(1)
    for value, wanted in ((0.5, True), (0.98, True), (1.02, False), (1.5, False), (-1.0, True)):
        p, q, solvable = wrong_spline._fit(trial, row, 0, c + 0.2, value)
        assert solvable == wanted
        root = c + ((1 - value) / (2 + value)) ** 0.5 if wanted else c
        assert not wanted or abs(p(root) - value * q(root)) < 1e-6 * (abs(p(root)) + abs(value * q(root)))


# --- passes ---


def test_a_pass_finds_the_root_of_each_variable_with_the_others_as_they_stand():
    f = lambda v: onp.stack([2 * v[:, 0] + onp.tanh(v[:, 0]), v[:, 1] * onp.exp(v[:, 0]) + v[:, 0]], axis=1)  # noqa: E731
    z, start = 3 * rng().normal(size=(9, 2)), rng(1).normal(size=(9, 2))
    given = f(z)
    found = wrong_passes._pass(f, start, given)
    close(found[:, 0], z[:, 0], 1e-9)
    close(found[:, 1], (given[:, 1] - start[:, 0]) / onp.exp(start[:, 0]), 1e-9)
    far = wrong_passes._pass(lambda v: 1e6 * (v + 0.3 * onp.sin(v)), onp.zeros((3, 2)), onp.full((3, 2), 3e7))
    close(far + 0.3 * onp.sin(far), onp.full((3, 2), 30.0), 1e-9)


def test_a_pass_ends_where_its_steps_are_small_beside_the_root():
    calls = []

    def f(v):
        calls.append(len(v))
        return 1e6 * onp.arcsinh(1e-6 * v)

    roots = onp.linspace(0.7e6, 1.3e6, 6).reshape(3, 2)
    close(wrong_passes._pass(f, onp.zeros((3, 2)), f(roots)), roots, 1e-12)
    assert len(calls) < 11  # 9: to go on until no step is left takes 12


def reading(what):
    """x_i = d_i(x_<i) z_i + t_i(x_<i); inverse asks d and t at `what`: its own result, or x."""

    def scale_and_shift(v):
        return onp.exp(onp.stack([0 * v[:, 0], onp.tanh(v[:, 0])], 1)), onp.stack([0 * v[:, 0] + 1, v[:, 0]], 1)

    def forward(z):
        x = z.copy()
        x[:, 0] = z[:, 0] + 1
        d, t = scale_and_shift(x)
        x[:, 1] = d[:, 1] * z[:, 1] + t[:, 1]
        return x

    def inverse(x):
        z = x - 1
        d, t = scale_and_shift({"result": z, "x": x, "half": 0.5 * z}[what])
        z[:, 1] = (x[:, 1] - t[:, 1]) / d[:, 1]
        return z

    return trial_of(forward, inverse, n=30)


@pytest.mark.parametrize(("what", "mistake"), [("result", Mistake.CHANGED_HALF), ("half", None)])
def test_an_inverse_that_reads_its_own_result_is_told_from_one_that_reads_something_else(what, mistake):
    trial = reading(what)
    assert wrong_passes.reads_result(wrong_passes.Columns(trial, onp.ones(30, bool))) is mistake
