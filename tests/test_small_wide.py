"""Clamps, orders of columns and halves of a coupling: what each look is given, and how wide the widest may be."""

from types import SimpleNamespace

import numpy as onp
from comparing import close
from tried_maps import small_trial

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_clamp, wrong_columns, wrong_condition
from nfscratch.check.diagnosis.columns import Columns

# --- clamps ---


def test_the_l_of_a_clamp_are_those_of_the_variables_that_change(monkeypatch):
    """By more than 1e-7, in an entry of any row; of the inverse, with the other sign."""
    asked = []
    monkeypatch.setattr(wrong_clamp, "_fits", lambda c, l, h, bounds: asked.append((c.tolist(), l.tolist())) or True)
    J = onp.stack([onp.eye(3), onp.eye(3)])
    J[1, 1, 0], J[0, 2, 2] = 1e-7, 1 + 1.1e-7
    for direction, sign in (("forward", 1), ("inverse", -1)):
        s = SimpleNamespace(failed=True, J=J, dim=3, direction=direction, c=onp.array([7.0, 8.0]))
        s.logs = lambda: onp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        assert wrong_clamp.by_inverse_clamp([s]) is Mistake.UNCLAMPED
        assert asked.pop() == ([7.0 * sign, 8.0 * sign], [[3.0 * sign], [6.0 * sign]]) and not asked


def test_offsets_are_tried_by_factors_and_by_steps():
    """160 from a millionth to 1 by one factor, and 160 from a thousandth to 1 by one step."""
    found = wrong_clamp._below(onp.zeros((1, 1)))
    factor, step = 1e6 ** (1 / 159), 0.999 / 159
    for offset in (1 - 1e-6, 1 - factor * 1e-6, 1 - 1 / factor, 0.0, 1 - 1e-3, 1 - 1e-3 - step, step):
        assert onp.abs(found - offset).min() < 1e-12, offset


def test_numbers_that_differ_by_a_millionth_tell_a_line():
    for spread, told in ((1e-6, True), (0.9e-6, False)):
        l = onp.linspace(0.0, spread, 12)[:, None]
        assert bool(wrong_clamp._miss(l[:, 0] / spread, l, lambda l, p: l, 0.0) < 1e-6) is told, spread


def test_rows_whose_l_is_steeper_than_a_thousand_do_not_count():
    """The first l is 0, where h has that slope; the second one makes the line."""
    l = onp.stack([onp.zeros(12), onp.arange(1.0, 13.0)], axis=1)
    for slope, counts in ((1000.0, False), (999.0, True), (-1000.0, False), (1001.0, False)):
        h = lambda l, p, slope=slope: onp.where(onp.abs(l) < 0.5, slope * l, l)  # noqa: E731
        assert bool(wrong_clamp._miss(l[:, 1], l, h, 0.0) < 1e-9) is counts, slope


# --- orders of columns ---


def test_a_matrix_of_zeros_and_ones_is_a_permutation_by_its_rows_and_its_columns():
    one = onp.eye(2)
    for J, is_one in (
        (one, True), (one[::-1], True), ([[1, 1], [0, 0]], False), ([[1, 0], [1, 0]], False), ([[1, 0], [0, 0]], False),
        (one + [[0, 0.9e-7], [0, 0]], True), (one + [[0, 1e-7], [0, 0]], False), (-one, False),
        ([[0, 0], [0, 1]], False),
    ):  # fmt: skip
        assert wrong_columns.is_permutation(onp.stack([one, onp.array(J)])) is is_one, J


def test_orders_are_tried_of_up_to_six_variables(monkeypatch):
    asked = []

    def inverses(c, x, rows):
        asked.append(len(x))
        raise ArithmeticError  # at what is no image of any point

    monkeypatch.setattr(wrong_columns, "_inverses", inverses)
    for dim in (2, 6, 7):
        original = SimpleNamespace(x=onp.ones((5, dim)), z=onp.ones((5, dim)))
        c = SimpleNamespace(dim=dim, rows=onp.arange(5), trial=SimpleNamespace(original=original))
        assert wrong_columns._orders_after_reordering(c) is None
    assert asked == [2 - 1, 720 - 1]


def test_a_power_that_is_two_halves_is_no_permutation_but_at_its_ends(monkeypatch):
    """own: a cycle. Once, and once too often (its inverse), are itself; twice of four rolls two halves."""
    monkeypatch.setattr(wrong_columns, "Aligned", SimpleNamespace)
    for dim, times, name in (
        (4, 1, "PERMUTATION"), (4, 2, "HALVES_SWAPPED"), (4, 3, "PERMUTATION"), (3, 1, "PERMUTATION"),
        (3, 2, "PERMUTATION"), (5, 2, "HALVES_SWAPPED"), (5, 1, "PERMUTATION"), (5, 4, "PERMUTATION"),
    ):  # fmt: skip
        own = SimpleNamespace(order=onp.roll(onp.arange(dim), -1))
        J = onp.stack([2 * onp.eye(dim)] * 2)
        c = SimpleNamespace(trial=own, dim=dim, J=J, kept=onp.zeros(dim, dtype=bool))
        order = onp.roll(onp.arange(dim), -times)
        assert wrong_columns._name_of_order(c, order) is Mistake[name], (dim, times)


# --- a coupling ---


def test_a_coupling_may_keep_more_than_it_changes():
    z = onp.random.default_rng(0).normal(size=(6, 3))
    for forward, straight in (
        (lambda z: z * [1, 1, 2] + z[:, :1] * [0, 0, 1], True), (lambda z: onp.where([1, 1, 0], z, onp.sinh(z)), False),
        (lambda z: z * [1, 2, 3], True), (lambda z: onp.where([1, 0, 0], z, onp.sinh(z)), False),
        (lambda z: z * [1, 2, 2] + z[:, [0, 2, 1]] * [0, 1, 0], False),
    ):  # fmt: skip
        c = Columns(small_trial(forward, dim=3, z=z), onp.ones(6, dtype=bool))
        assert bool(wrong_condition._is_affine(c)) is straight


def test_the_changed_half_of_forward_at_given_halves():
    c = Columns(small_trial(lambda z: z * [1, 1, 2] + z[:, :1] * [0, 0, 1], dim=3, n=4), onp.ones(4, dtype=bool))
    half, changed = onp.arange(8.0).reshape(4, 2), onp.array([[1.0], [2.0], [3.0], [4.0]])
    close(wrong_condition._forward(c, half, changed), 2 * changed + half[:, :1], 1e-12)
