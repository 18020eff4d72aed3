"""Columns that come back as they went in, points with one image, straight lines, and searches along a line."""

from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import small_trial

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import clamp, wrong_columns, wrong_line_search, wrong_search


def columns(back, x, kept, wrong, J=None):
    found = SimpleNamespace(back=onp.array(back, dtype=float), x=onp.array(x, dtype=float), dim=len(kept))
    found.kept, found.wrong = onp.array(kept, dtype=bool), onp.array(wrong, dtype=bool)
    found.J = onp.stack([onp.eye(len(kept))] * 2) if J is None else J
    return found


X = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]


@pytest.mark.parametrize(("back", "kept", "wrong", "name"), [
    ([[1, 9, 3, 9], [5, 9, 7, 9]], [1, 0, 0, 0], [0, 0, 1, 0], "COLUMN_SKIPPED"),
    ([[1, 9, 0, 9], [5, 9, 0, 9]], [1, 0, 0, 0], [0, 0, 1, 0], "COLUMN_SKIPPED"),  # zeros
    ([[1, 9, 3, 9], [5, 9, 0, 9]], [1, 0, 0, 0], [0, 0, 1, 0], None),  # neither in all rows
    ([[1, 9, 3, 9], [5, 9, 7, 9]], [1, 0, 1, 0], [0, 0, 1, 0], None),  # forward keeps it
    ([[1, 9, 3, 9], [5, 9, 7, 9]], [1, 0, 0, 0], [0, 0, 0, 0], None),  # it is right
    ([[1, 9, 3, 9], [5, 9, 7, 9]], [1, 0, 0, 0], [0, 1, 1, 0], None),  # another is wrong, too
    ([[1, 2, 3, 4], [5, 6, 7, 8]], [1, 0, 0, 0], [0, 1, 1, 1], None),  # none of the changed ones is right
    ([[1, 2, 3, 9], [5, 6, 7, 9]], [1, 0, 0, 0], [0, 1, 1, 0], "COLUMN_SKIPPED"),
])  # fmt: skip
def test_a_column_that_is_skipped(back, kept, wrong, name):
    assert wrong_columns.skipped(columns(back, X, kept, wrong)) is (Mistake[name] if name else None)


@pytest.mark.parametrize(("two", "name"), [(True, "LAYER_NOT_UNDONE"), (False, "COLUMN_SKIPPED")])
def test_columns_that_others_look_at_are_a_layer(two, name, monkeypatch):
    asked = []
    looks = lambda c, missed, right: asked.append((missed.tolist(), right.tolist())) or two  # noqa: E731
    monkeypatch.setattr(wrong_columns, "_are_two_layers", looks)
    c = columns([[1, 2, 3, 9], [5, 6, 7, 9]], X, [1, 0, 0, 0], [0, 1, 1, 0])
    assert wrong_columns.skipped(c) is Mistake[name]
    assert asked == [([False, True, True, False], [False, False, False, True])]


# --- folds ---


def images(off, meets=(), n=5):
    """Rows of which the first come back so far off, and have x for their image but for those that do not meet it."""
    z = onp.zeros((n, 2))
    back, again = z.copy(), z.copy()
    back[: len(off), 0] = off
    again[list(meets), 1] = 1.0
    return SimpleNamespace(z=z, x=z, back=back, again=again)


@pytest.mark.parametrize(("off", "miss", "turns", "name"), [
    ([2.0], (), {0}, "FOLDS"), ([2.0], (), set(), None), ([2.0], (), {1}, None), ([0.01], (), {0}, None),
    ([0.011], (), {0}, "FOLDS"), ([2.0] * 5, (4,), {0}, "FOLDS"), ([2.0] * 5, (3, 4), {0}, None),
    ([2.0] * 5, (0,), {0}, None), ([2.0] * 5, (0,), {3}, "FOLDS"),
])  # fmt: skip
def test_two_points_with_one_image_and_a_fold_between_them(off, miss, turns, name, monkeypatch):
    """Far is more than a hundredth of 1 + |z|, and four of five that are far have to meet the image."""
    monkeypatch.setattr(wrong_search, "_turns", lambda c, row: int(row) in turns)
    monkeypatch.setattr(wrong_search, "name_of_fold", lambda c: Mistake.FOLDS)
    assert wrong_search.folds(images(off, miss)) is (Mistake[name] if name else None)


def test_far_is_relative_to_the_size_of_z_and_six_rows_are_looked_at(monkeypatch):
    looked = []
    monkeypatch.setattr(wrong_search, "_turns", lambda c, row: looked.append(int(row)))
    c = images([2.0] * 9, n=9)
    assert wrong_search.folds(c) is None and looked == [0, 1, 2, 3, 4, 5]
    for size, count in ((199.0, 6), (198.0, 12)):
        moved = SimpleNamespace(z=c.z + [0, size], back=c.back + [0, size], x=c.x, again=c.again)
        assert wrong_search.folds(moved) is None and len(looked) == count


# --- straight lines ---


@pytest.mark.parametrize(("bend", "straight"), [(0.0, True), (0.4e-6, True), (1.1e-6, False), (-1.1e-6, False)])
def test_a_map_has_a_scale_where_each_variable_is_a_straight_line_in_its_own(bend, straight):
    """x_i(z + 1) + x_i(z - 1) - 2 x_i(z) = 2 bend beside 1 + |x_i|."""
    z = onp.array([[0.0, 0.0], [0.1, 0.2]])
    bent = lambda z: onp.stack([z[:, 0] + bend * z[:, 0] ** 2, z[:, 1] * onp.exp(z[:, 0] ** 2)], axis=1)  # noqa: E731
    assert clamp.scales(small_trial(bent, z=z)) is straight
    assert clamp.scales(small_trial(lambda z: bent(z[:, ::-1])[:, ::-1], z=z)) is straight


def test_of_four_rows_each_is_looked_at_and_no_more():
    z = onp.arange(12.0).reshape(6, 2)
    for row, straight in ((0, False), (3, False), (4, True)):
        bent = lambda z, at=2.0 * row + 1: z + onp.where(z == at, 1.0, 0.0) * [0, 1]  # noqa: E731
        assert clamp.scales(small_trial(bent, z=z)) is straight
    assert not clamp.scales(small_trial(lambda z: z, z=z, domain=(-1.0, 99.0)))
    asked = []
    clamp.scales(small_trial(lambda z: asked.append(z.shape) or z, z=z))
    assert (24, 2) in asked  # three places, two variables, four rows


# --- a search along a line ---


@pytest.mark.parametrize(("newton", "ends", "tells", "name"), [
    ("a", (), True, "TOO_FEW_STEPS"), ("0", (), True, "TOO_FEW_STEPS"), (None, ("found",), True, "END_OF_BRACKET"),
    (None, ("number",), True, "END_OF_BRACKET"), (None, ("number",), False, None), (None, (), True, None),
])  # fmt: skip
def test_a_search_along_a_line(newton, ends, tells, name, monkeypatch):
    """Newton's method from a or from 0; what stands at an end is what came, or the number that gives it."""
    a, found = onp.array([3.0, 5.0]), onp.array([1.0, 2.0])
    c = SimpleNamespace(x=a[:, None], back=found[:, None], z=onp.array([[7.0], [8.0]]))
    start = {"a": a, "0": 0 * a, None: a - 99}[newton]
    number = 100 + found

    def is_end(s, at, right):
        kind = "number" if len(s) and s[0] >= 100 else "found"
        assert len(s) in (0, 2) and (len(s) == 0 or (at.tolist() == a.tolist() and right.tolist() == [7, 8]))
        return kind in ends and len(s) > 0

    monkeypatch.setattr(wrong_line_search, "_direction", lambda c: onp.ones(1))
    monkeypatch.setattr(wrong_line_search, "_is_newton", lambda c, w, a, found, s: s.tolist() == start.tolist())
    monkeypatch.setattr(wrong_line_search, "_number", lambda c, w, moved: number if moved.tolist() == [2, 3] else None)
    monkeypatch.setattr(wrong_line_search, "_tells", lambda c, w, s: onp.full(2, tells))
    monkeypatch.setattr(wrong_line_search, "_is_end", is_end)
    assert wrong_line_search.line_search(c) is (Mistake[name] if name else None)
    monkeypatch.setattr(wrong_line_search, "_direction", lambda c: None)
    assert wrong_line_search.line_search(c) is None
