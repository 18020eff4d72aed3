"""Orders of columns before an inverse, and passes of an autoregressive map: what is asked, and what is told."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.diagnosis import wrong_order, wrong_passes

# --- columns that an inverse moves first ---


def trial_of_rows(n, dim, order, broken=()):
    """Rows z, and x with the columns of z in this order."""
    z = onp.arange(1.0, n * dim + 1).reshape(n, dim) ** 2
    x = z[:, order]
    x[list(broken)] = onp.nan
    return SimpleNamespace(x=x, z=z)


def test_another_order_is_wanted_where_it_alone_gives_z():
    """The rest undoes nothing but an order of the columns: it wants x in that order, with or without our own."""
    asked = []

    def rest(x):
        asked.append(x.shape)
        return x[:, [1, 2, 0]], None  # z of x = z[:, [2, 0, 1]]

    for n, broken, own, wants in (
        (5, (), [0, 1, 2], False), (5, (), [1, 0, 2], True), (3, (), [1, 0, 2], True), (1, (0,), [1, 0, 2], False),
        (6, (0, 1), [2, 1, 0], True),
    ):  # fmt: skip
        found = wrong_order._wants_another(rest, trial_of_rows(n, 3, [2, 0, 1], broken), onp.array(own))
        assert found is wants, (n, own)
    assert asked == [(24, 3), (24, 3), (18, 3), (24, 3)]  # six orders of up to four rows


def test_where_several_orders_give_z_or_none_does_another_is_not_wanted():
    trial = trial_of_rows(4, 2, [0, 1])
    assert wrong_order._wants_another(lambda x: (x[:, ::-1], None), trial, onp.array([0, 1])) is True
    assert wrong_order._wants_another(lambda x: (x + 1, None), trial, onp.array([0, 1])) is False
    trial.z = trial.x = onp.ones((4, 2))
    assert wrong_order._wants_another(lambda x: (x, None), trial, onp.array([1, 0])) is False


def test_orders_of_more_than_six_columns_are_not_tried():
    asked = []
    rest = lambda x: (asked.append(len(x)) or x, None)  # noqa: E731
    for dim, tried in ((6, [720]), (7, [])):
        wrong_order._wants_another(rest, trial_of_rows(1, dim, list(range(dim))), onp.arange(dim))
        assert asked == tried
        asked.clear()


# --- passes ---


def test_a_function_is_straight_where_it_adds_up_over_different_rows():
    given = onp.array([[1.0, 2.0], [-2.0, 0.5], [3.0, -1.0]])
    for f, straight in (
        (lambda a: 2 * a + 1, True), (lambda a: a @ onp.array([[1.0, 2.0], [0.0, 1.0]]), True), (onp.abs, False),
        (onp.square, False), (lambda a: onp.maximum(a, 2 * a), False),
    ):  # fmt: skip
        assert bool(wrong_passes._is_straight(f, given)) is straight
