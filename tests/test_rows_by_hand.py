"""What is done with the rows of a fit before the first step, on numbers that a hand can follow."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.training import held_out, repeated, row_weights


def normal(*shape, seed=0):
    return onp.random.default_rng(seed).normal(size=shape)


def rows(x, context=None, weights=None):
    return held_out.Rows(x, context, weights, onp.arange(len(x)))


# --- equal rows ---


def test_the_mixing_of_bits_is_the_one_of_splitmix():
    first, second = 0x9E3779B97F4A7C15, 2 * 0x9E3779B97F4A7C15 % 2**64
    mixed = repeated._mixed(onp.array([first, second], dtype=onp.uint64))
    assert mixed.tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]  # its first two numbers from the seed 0


@pytest.mark.parametrize("dtype", [onp.float64, onp.float32])
def test_rows_have_one_hash_where_all_of_their_numbers_are_equal(dtype):
    x = onp.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0], [0.0, 2.0], [1.0, 1.0], [0.0, 0.0]], dtype=dtype)
    hashes = repeated.row_hashes(x)
    assert hashes[0] == hashes[1] and len(set(hashes.tolist())) == 5
    context = onp.array([[0.0], [1.0], [0.0], [0.0], [0.0], [0.0]], dtype=dtype)
    both = repeated.row_hashes(x, context)
    assert len(set(both.tolist())) == 6 and not set(both.tolist()) & set(hashes.tolist())
    turned = repeated.row_hashes(context, x)
    assert not set(turned.tolist()) & set(both.tolist())


def test_the_share_of_equal_pairs():
    assert repeated._share_of_pairs(onp.array([2, 1, 1])) == 1 / 6
    assert repeated._share_of_pairs(onp.array([3, 2])) == 0.4


def test_equal_rows_come_by_chance_where_columns_repeat_alone():
    a = onp.repeat(normal(60), 2)  # too many levels and too fine to be a grid
    apart = onp.random.default_rng(0).permutation(a)
    assert not repeated._by_chance(rows(onp.stack([a, apart], axis=1)), onp.bincount(onp.arange(120) // 2))
    one_pair = onp.r_[2, onp.ones(118, dtype=int)]
    assert repeated._by_chance(rows(onp.stack([a, apart], axis=1)), one_pair)  # 1 / 119^2 is 1 / 14161
    assert not repeated._by_chance(rows(a[:, None]), one_pair)  # a column alone
    assert repeated._by_chance(rows(a[:, None], apart[:, None]), one_pair)
    assert not repeated._by_chance(rows(a[:, None], normal(120, 1)), one_pair)


# --- weights ---


def test_weights_that_do_not_fit_are_refused_by_row():
    like = onp.ones(2)
    for weights, words in (
        ([1.0, 2.0], r"weights must have one number for each of the 3 rows; got 2"),
        ([1.0, 0.0, -2.5], r"weights must be at least 0; got -2.5 in row 2"),
        ([0.0, 0.0, 0.0], r"weights must not all be 0; got 0 in every row"),
    ):
        with pytest.raises(ValueError, match=words):
            row_weights.checked(weights, 3, like)
    assert row_weights.checked(None, 3, like) is None
    assert row_weights.checked([0.0, 2.0, 1.0], 3, like).tolist() == [0.0, 2.0, 1.0]
    assert row_weights.checked([1e308, 5e307, 1e308], 3, like).tolist() == [1.0, 0.5, 1.0]  # their sum is infinite
    assert row_weights.checked([1, 2, 3], 3, onp.ones(2, dtype=onp.float32)).dtype == onp.float32


def test_rows_of_weight_0_do_not_count():
    assert row_weights.rows_that_count(None) is row_weights.rows_that_count(onp.ones(3)) is None
    assert row_weights.rows_that_count(onp.array([0.0, 2.0, 0.0, 1e-300])).tolist() == [1, 3]
    assert row_weights.of_mean_1(None) is None
    assert row_weights.of_mean_1(onp.array([1.0, 3.0, 2.0])).tolist() == [0.5, 1.5, 1.0]


def test_copies_are_whole_and_as_many_as_wanted():
    assert row_weights.copies(onp.array([1.0, 15.0])).tolist() == [0, *[1] * 15]  # eight a row, no more
    assert len(row_weights.copies(onp.array([1.0, 16.0]))) == 16
    assert row_weights.copies(onp.array([1e-320, 1.0])).tolist() == [1] * 16
    wanted = onp.array([0.5, 0.25, 2.75, 1.5, 0.0, 3.0])
    counts = row_weights._rounded(wanted)
    assert counts.sum() == 8 and (onp.abs(counts - wanted) < 1.0).all() and (counts >= 0).all()


# --- rows held out ---


def test_rows_are_taken_once_and_as_often_as_they_weigh():
    x = onp.arange(4.0)[:, None]
    twice = held_out.Rows(x[[2, 1, 2, 0]], x[[2, 1, 2, 0]], None, onp.array([2, 1, 2, 0]), "validation")
    assert twice.once().numbers.tolist() == [2, 1, 0] and twice.once().x.tolist() == [[2.0], [1.0], [0.0]]
    assert twice.once().where == "validation" and rows(x).once().numbers.tolist() == [0, 1, 2, 3]
    copied = rows(x[:2], weights=onp.array([2.0, 1.0])).copied()
    assert (copied.numbers.tolist(), copied.weights, copied.x.tolist()) == ([0, 0, 1], None, [[0.0], [0.0], [1.0]])
    even = rows(x, weights=onp.ones(4))
    assert even.copied() is even


def test_enough_rows_are_two_and_one_to_choose_by():
    for n, validation in ((3, 0.1), (2, None), (2, 0), (2, onp.ones((1, 2)))):
        table = rows(onp.ones((n, 2)))
        assert held_out.enough(table, validation, " of mine") is table
    for n, validation, words in ((2, 0.1, "3 rows of mine: 2 .*; got 2"), (1, None, "2 rows of mine to fit to; got 1")):
        with pytest.raises(ValueError, match=f"x must have at least {words}"):
            held_out.enough(rows(onp.ones((n, 2))), validation, " of mine")
    with pytest.raises(ValueError, match="at least 2 rows"):
        held_out.enough(rows(onp.ones((1, 2))), 0)


def test_a_share_leaves_two_rows_to_train_on():
    def shared(share, n, groups=lambda rows: None):
        return held_out.hold_out(share, rows(onp.arange(float(n))[:, None]), None, None, noisy, rng(), groups)

    def noisy(x, draws):
        return x + 100.0

    rng = onp.random.default_rng
    for share in (None, 0, 0.0):
        assert shared(share, 10)[1] is None and len(shared(share, 10)[0].x) == 10
    train, held = shared(0.8, 10)
    assert sorted([*train.numbers, *held.numbers]) == list(range(10)) and len(held.numbers) == 8
    assert (held.x[:, 0] == held.numbers + 100.0).all() and (train.x[:, 0] == train.numbers).all()
    for share in (0.9, 1.0, 1.5, -0.2):
        with pytest.raises(ValueError, match=f"validation must leave rows on both sides; got {share} of 10 rows"):
            shared(share, 10)
    pairs = shared(0.5, 10, lambda rows: onp.arange(10) // 2)[1].numbers
    assert len(pairs) == 4 and set(pairs) == {k for n in pairs for k in (n - n % 2, n - n % 2 + 1)}


def test_groups_are_held_out_whole_as_they_come():
    order, groups = onp.array([3, 0, 4, 1, 2, 5]), onp.array([0, 0, 1, 2, 1, 0])  # of 2, 0, 1: sizes 1, 3, 2
    for n, held, count in (
        (1, [3], 1),
        (3, [3, 4, 2], 3),
        (2, [3], 1),
        (4, [3, 0, 1, 5], 4),
        (6, [3, 0, 4, 1, 2, 5], 6),
    ):
        found, how_many = held_out._with_groups_whole(order, n, groups)
        assert (found[:how_many].tolist(), how_many) == (held, count) and sorted(found) == list(range(6)), n
    alone, how_many = held_out._with_groups_whole(order, 2, onp.zeros(6, dtype=int))
    assert alone is order and how_many == 2


def test_rows_of_their_own_are_checked_and_counted():
    flow = nf.flows.linear(2)
    params, x, weights = flow.init(0), normal(5, 2), onp.array([1.0, 0.0, 2.0, 0.0, 1.0])
    mine = rows(normal(9, 2))
    train, given = held_out.hold_out((x, None, weights), mine, flow, params, None, None)
    assert train is mine and (given.numbers.tolist(), given.weights.tolist()) == ([0, 2, 4], [1.0, 2.0, 1.0])
    assert given.where == "validation" and held_out.hold_out(x, mine, flow, params, None, None)[1].numbers.tolist() == [
        *range(5)
    ]
    for wrong, words in (((x,), "got a tuple of 1"), ((x, None, None, None), "got a tuple of 4"), ((), "a tuple of 0"),
                         (x[:0], "validation must have at least 1 row; got 0")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            held_out.hold_out(wrong, mine, flow, params, None, None)


def test_jitter_is_as_wide_as_is_said():
    draws, x = onp.random.default_rng, onp.zeros((2000, 2), dtype=onp.float32)
    assert held_out.jittered(None, (2,))(x, draws(0)) is x
    for width in ([0.0, 4.0], [0, 4]):
        noise = held_out.jittered(width, (2,))(x, draws(0))
        assert noise.dtype == onp.float32 and not noise[:, 0].any()
        assert 0.0 <= noise[:, 1].min() < 0.02 and 3.98 < noise[:, 1].max() <= 4.0
    with pytest.raises(ValueError, match=r"jitter must be one width, or one per column, shape .2,.; got .1,."):
        held_out.jittered([1.0], (2,))
    assert (
        held_out.jittered([1.0, 2.0], (2,))(x, draws(0)).all()
        and held_out.jittered(1.0, (2,))(x + 1.0, draws(0)).min() >= 1.0
    )
    for width, words in (([1.0, 1.0, 1.0], r"shape \(2,\); got \(3,\)"), (-0.1, "at least 0; got -0.1"),
                         (onp.inf, "finite"), ([1.0, onp.nan], "finite")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            held_out.jittered(width, (2,))
