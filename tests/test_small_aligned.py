"""Which trials are put in the order of their columns, by which of two ways to find one, and what is asked of J."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.diagnosis import aligned


def trial(J, **of_subject):
    given = {"bijection": None, "in_shape": (3,), "out_shape": (3,), "dim": 3}
    return SimpleNamespace(subject=SimpleNamespace(**(given | of_subject)), J=J)


def test_a_pair_of_functions_of_rows_is_put_in_order(monkeypatch):
    """Not a Bijection, no map of images, and none that changes the shape."""
    monkeypatch.setattr(aligned, "Aligned", lambda trial, order: ("moved", order.tolist()))
    monkeypatch.setattr(aligned, "matching", lambda J: onp.array([2, 0, 1]))
    for of_subject, moved in (
        ({}, True), ({"bijection": "one"}, False), ({"in_shape": (1, 3), "out_shape": (1, 3)}, False),
        ({"in_shape": (), "out_shape": ()}, False), ({"out_shape": (4,)}, False), ({"out_shape": (1, 3)}, False),
    ):  # fmt: skip
        given = trial("J", **of_subject)
        assert aligned.aligned(given) == (("moved", [2, 0, 1]) if moved else given), of_subject


def test_of_two_ways_to_find_an_order_the_second_is_asked_where_the_first_finds_none(monkeypatch):
    monkeypatch.setattr(aligned, "Aligned", lambda trial, order: ("moved", order.tolist()))
    straight, turned, swapped = (onp.array(order) for order in ([0, 1, 2], [2, 0, 1], [1, 0, 2]))
    for first, second, order in (
        (turned, swapped, [2, 0, 1]), (None, swapped, [1, 0, 2]), (straight, swapped, None), (None, straight, None),
        (None, None, None), (swapped, None, [1, 0, 2]),
    ):  # fmt: skip
        monkeypatch.setattr(aligned, "matching", lambda J, first=first: first if J == "J" else "other")
        monkeypatch.setattr(aligned, "nearly_identity", lambda J, second=second: second if J == "J" else "other")
        given = trial("J")
        assert aligned.aligned(given) == (given if order is None else ("moved", order)), (first, second)


def test_an_order_is_found_from_entries_of_either_sign_in_the_rows_that_are_finite():
    odd = onp.full((3, 3), onp.nan)
    for entries, order in (
        ([[0, -2, 0], [0, 0, 5], [-1, 0, 0]], [2, 0, 1]), ([[-1, 0, 0], [3, -1, 0], [0, -7, -2]], [0, 1, 2]),
        ([[1, 1, 1], [0, 1, 1], [0, 0, 1]], [0, 1, 2]), ([[0, 1, 1], [1, 1, 1], [0, 0, 1]], [1, 0, 2]),
        ([[-1, -1, 0], [-1, 2, 0], [0, 0, 1]], None), ([[0, -2, 0], [-1, -4, 0], [0, 0, 1]], [1, 0, 2]),
    ):  # fmt: skip
        J = onp.stack([onp.array(entries, dtype=float), odd])
        found = aligned.matching(J)
        assert (None if found is None else found.tolist()) == order, entries
        assert found is None or found.dtype.kind == "i"  # columns are taken by it
    assert aligned.matching(odd[None]) is None


def test_an_entry_counts_beside_the_largest_of_all_rows_and_columns():
    """A billionth of 1000, which stands in another row, column and matrix."""
    for entry, none in ((0.9e-6, True), (1.1e-6, False), (-1.1e-6, False)):
        J = onp.stack([onp.eye(2), onp.eye(2)])
        J[0, 0, 0] = -1000.0
        J[1, 0, 1] = J[0, 1, 0] = entry
        assert (aligned.matching(J) is not None) is none, entry
    J = onp.array([[[1.0, 1e-9], [1e-9, 1.0]]])
    assert aligned.matching(J).tolist() == [0, 1] and aligned.matching(1.000001 * J) is not None
    assert aligned.matching(onp.where(J < 1, 1.000001 * J, J)) is None


def test_a_second_direction_is_one_from_just_a_millionth_on(monkeypatch):
    """Of 1 and the largest entry, which is 3 here."""
    J = onp.array([[[3.0, 0.0], [0.0, 1.0]]])
    for size, near in ((4e-6, False), (4e-6 - 1e-21, True)):
        monkeypatch.setattr(onp.linalg, "svd", lambda a, compute_uv, size=size: onp.array([[2.0, size]]))
        assert aligned._is_near_identity(J) is near, size
