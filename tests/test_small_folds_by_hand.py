"""Folds and searches that end too early: how many variables see each other, and what each look is given."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_search

# --- folds ---


def of_jacobian(*entries, dim=3, signs=(1.0, -1.0)):
    """Two rows, whose diagonals are 1 and -1, with 1 at these entries beside them."""
    J = onp.stack([onp.diag(onp.full(dim, sign)) for sign in signs])
    for entry in entries:
        J[(1, *entry)] = 1.0
    return SimpleNamespace(J=J, dim=dim)


def test_a_map_folds_by_its_mask_where_half_of_the_pairs_see_each_other(monkeypatch):
    """Of three variables, three pairs: two are too few."""
    monkeypatch.setattr(wrong_search, "_is_bent", lambda c, i: True)
    monkeypatch.setattr(wrong_search, "_lacks_masks", lambda c: True)
    for entries, dim, name in (
        ([(1, 0), (2, 0)], 3, "FOLDS"), ([(1, 0), (2, 0), (2, 1)], 3, "SEES_LATER"), ([(1, 0)], 2, "SEES_LATER"),
        ([], 2, "FOLDS"), ([], 1, "FOLDS"), ([(1, 0), (0, 1)], 2, "SEES_LATER"),
        ([(1, 0), (0, 1), (2, 0)], 3, "SEES_LATER"), ([(i, j) for i in range(4) for j in range(i)], 4, "SEES_LATER"),
        ([(i, j) for i in range(4) for j in range(i)][1:], 4, "FOLDS"),
    ):  # fmt: skip
        assert wrong_search.name_of_fold(of_jacobian(*entries, dim=dim)) is Mistake[name], (entries, dim)


def test_only_a_variable_that_folds_itself_is_asked_whether_it_is_bent(monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_search, "_is_bent", lambda c, i: asked.append(i))
    c = of_jacobian((1, 0))
    c.J, c.dim = onp.array([[[0.5, 0.0], [1.0, 2.0]], [[3.0, 0.0], [1.0, -2.0]]]), 2
    assert wrong_search.name_of_fold(c) is Mistake.FOLDS and asked == [1]
    c.J[:, 0, 0] = -0.5, -3.0
    assert wrong_search.name_of_fold(c) is Mistake.FOLDS and asked == [1, 1]
    asked.pop()
    c.J[1, 1, 1] = 0.0
    assert wrong_search.name_of_fold(c) is Mistake.FOLDS and asked == [1]


def test_the_determinant_changes_its_sign_on_the_way_from_z_to_what_came():
    """It is z - 1/2, at 41 points from end to end; at one of them it may be 0."""
    asked = []

    def derivatives(direction, at, rows):
        asked.append((direction, at[:, 0].tolist(), rows.tolist()))
        return ((at - 0.5)[:, :, None],)

    trial = SimpleNamespace(subject=SimpleNamespace(in_shape=(1,)), derivatives=derivatives)
    for z, back, turns in (
        (0.0, 1.0, True), (1.0, 0.0, True), (2.0, 1.0, False), (1.0, 2.0, False), (-1.0, 0.0, False),
        (1.0, 0.5, False), (0.5, 0.0, False), (1.0, 0.5 - 1e-9, False), (1.0, 0.5 - 1e-8, True),
    ):  # fmt: skip
        c = SimpleNamespace(
            trial=trial, z=onp.array([[9.0], [z]]), back=onp.array([[9.0], [back]]), rows=onp.array([3, 7])
        )
        assert wrong_search._turns(c, 1) is turns, (z, back)
        [(direction, at, rows)] = asked
        assert direction == "forward" and rows == [7] * 41 and at[0] == z
        assert onp.abs(onp.diff(at) - (back - z) / 40).max() < 1e-12
        asked.clear()


# --- searches ---


def test_newtons_steps_are_looked_for_in_up_to_six_variables(monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_search, "_reaches", lambda c, z, steps: asked.append((z, steps)) or True)
    for dim, looked in ((1, True), (6, True), (7, False)):
        assert wrong_search._is_newton_of_all(SimpleNamespace(dim=dim, x="x")) is looked
    assert asked == [("x", 8)] * 2


def test_how_a_map_grows_is_asked_of_the_first_row():
    def apply(direction, at, rows):
        assert direction == "forward" and rows.tolist() == [7, 7, 7] and at.shape == (3, 1, 2)
        return 3 * onp.where([[[True, False]]], at**2, at**4) + 1, None

    subject = SimpleNamespace(in_shape=(1, 2), dtype=onp.dtype("float64"), dim=2)
    c = SimpleNamespace(trial=SimpleNamespace(subject=subject, apply=apply), rows=onp.array([7, 8]))
    c.x = onp.array([[3 * 25.0 + 1, 3 * 16.0 + 1], [1.0, 1 - 3 * 81.0]])
    assert onp.abs(wrong_search._of_largest_power(c) - [[5, 2], [0, -3]]).max() < 1e-9


GRID = onp.arange(1.0, 21.0)


def test_a_result_that_is_off_by_just_a_billionth_is_right():
    """Of 20 numbers of a grid 18 are within a step of z, one too few; another number of them is of none."""
    z = GRID + onp.where(GRID < 3, 9.0, 0.5)
    for off, is_one in ((1e-9, False), (1.1e-9, True)):
        c = SimpleNamespace(back=onp.append(GRID, off)[:, None], z=onp.append(z, 0.0)[:, None])
        assert wrong_search._is_bisection(c) is is_one, off


def test_a_step_and_a_millionth_of_it_is_a_step():
    """Of 0, which is one of 20 numbers of which 18 are nearer."""
    back = GRID - 1
    for off, is_one in ((1 + 1e-6, True), (1 + 1.1e-6, False)):
        z = back + onp.where(back == 0, off, onp.where(back == 1, 9.0, 0.5))
        assert wrong_search._is_bisection(SimpleNamespace(back=back[:, None], z=z[:, None])) is is_one, off
