"""Products with a staircase in several blocks are those with the whole masked matrix, however memory lies."""

import numpy as onp
import pytest

from nfscratch.ops import masked, one_pass
from nfscratch.ops.wavefront import fronts_of

REACH = [0, 1, 1, 2, 4, 5, 5, 7]
N = 5


def stair(pieces):
    found = masked.Staircase(REACH, 7)
    found._cuts[N] = found._cut_rows(pieces), found._cut_rows(pieces + 1), found._cut_columns(pieces)
    return found


def test_products_in_blocks_are_those_of_the_whole_matrix():
    rng = onp.random.default_rng(0)
    mask = onp.arange(7) < onp.array(REACH)[:, None]
    W, h, g = rng.normal(size=(8, 7)) * mask, rng.normal(size=(7, N)), rng.normal(size=(8, N))
    for pieces in (1, 2, 3, 7):
        for order in "CF":
            w, into, out = (onp.asarray(a, order=order) for a in (W, h, g))
            steps, ones = stair(pieces), onp.ones(N)
            onp.testing.assert_allclose(masked._times(w, steps, into), W @ h, atol=1e-14)
            onp.testing.assert_allclose(masked._back(w, steps, out), W.T @ g, atol=1e-14)
            grads = masked.layer_gradient(steps, out, into, ones)
            onp.testing.assert_allclose(grads["W"], (g @ h.T) * mask, atol=1e-14)
            onp.testing.assert_allclose(grads["b"], g.sum(axis=1), atol=1e-14)
            if pieces > 1:
                results = masked._times(w, steps, into), masked._back(w, steps, out), grads["W"]
                assert all(a.flags.c_contiguous for a in results)


def test_a_variable_far_out_that_no_unit_sees_does_not_reach_the_gradient():
    h, g = onp.ones((7, N)), onp.ones((8, N))
    h[6] = onp.inf
    g[0] = onp.inf
    for pieces in (1, 3):
        with onp.errstate(invalid="ignore"):
            found = masked._outer(stair(pieces), g, h)
        assert (found[~(onp.arange(7) < onp.array(REACH)[:, None])] == 0.0).all()
        assert onp.isinf(found[7, 6])


def test_blocks_are_cut_at_the_reach_of_their_last_row_and_the_first_row_that_reaches_past_them():
    found = masked.Staircase(REACH, 7)
    assert found._cut_rows(2) == [(slice(0, 4), 2), (slice(4, 8), 7)]
    assert found._cut_columns(2) == [(slice(0, 3), 1), (slice(3, 7), 4)]
    assert found._cut_columns(7) == [(slice(c, c + 1), r) for c, r in enumerate((1, 3, 4, 4, 5, 7, 7))]
    assert masked._cuts(2, 4) == [(0, 1), (1, 2)]
    with pytest.raises(ValueError, match=r"^reach must not decrease, .*; got \[0, 2, 1\]$"):
        masked.Staircase([0, 2, 1], 2)


def test_how_many_blocks_there_are_follows_from_the_sides_and_the_batch():
    for side, n, pieces in (
        (256, 1, 4),
        (255, 1, 3),
        (64, 1, 1),
        (64, 256, 4),
        (63, 256, 3),
        (32, 256, 2),
        (15, 999, 1),
    ):
        assert masked.Staircase(onp.zeros(side, int), side)._pieces(n) == pieces, (side, n)
    for rows, columns, n, pieces in ((64, 64, 256, 4), (64, 64, 512, 8), (64, 64, 513, 4), (16, 64, 64, 1)):
        assert masked.Staircase(onp.zeros(rows, int), columns)._rows_of_gradient(n) == pieces, (rows, columns, n)


def test_a_steps_rows_and_columns_are_those_of_its_degree():
    schedule = one_pass.Schedule([onp.array([1, 1, 2]), onp.array([0, 0, 1, 1, 2, 2])], 3, 2, (3, 1))
    assert schedule.rows(0, 1, 2) == slice(0, 2)
    assert schedule.rows(1, 1, 3) == slice(2, 6)
    assert schedule.columns(0, 1, 3) == slice(3, 5)
    assert schedule.columns(1, 1, 3) == slice(0, 3)
    assert schedule.seen(1, 0, 1) == slice(0, 2)
    assert schedule.seen(1, 2, 2) == slice(2, 3)
    assert list(schedule.forward()) == [((0, 3), 0), ((0, 1), 0), ((1, 2), 0), ((2, 3), 0)]
    assert list(schedule.backward()) == [((0, 3), 3), ((2, 3), 3), ((1, 2), 3), ((0, 1), 3)]
    for dim, widths in ((8, (1,)), (9, (8, 1)), (33, (32, 8, 1)), (256, (32, 8, 1)), (257, (256, 64, 16, 1))):
        assert one_pass.block_widths(dim) == widths


def test_the_fronts_of_an_image_hold_each_pixel_once_and_its_neighbours_come_before():
    H, W, k = 3, 4, 3
    seen, width = set(), W + 2
    for pixels, places, neighbours in fronts_of(H, W, k):
        at = places.host
        assert [(p // width - 1, p % width - 1) for p in at] == [divmod(int(q), W) for q in pixels.host]
        for column, place in enumerate(at):
            inside = {int(p) for p in neighbours.host[:, column] if p // width >= 1 and 1 <= p % width <= W}
            assert inside <= seen
            around = {place - width - 1, place - width, place - width + 1, place - 1}
            assert set(neighbours.host[:, column].tolist()) == around
        seen |= {int(p) for p in at}
    assert len(seen) == H * W
