"""Chain.init: all rows while that is little work, then a sample, and no inversion that nobody needs."""

from dataclasses import dataclass

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.bijections import start

X = onp.random.default_rng(0).normal(size=(2500, 2)) * [3.0, 0.5] + [10.0, -4.0]


@dataclass(frozen=True, eq=False)
class Watched(nf.ActNorm):
    """An ActNorm that notes how many rows it starts from, and how many it carries."""

    def init(self, rng, x=None, context=None):
        SEEN.append((len(x), None if context is None else len(context)))
        return super().init(rng, x)

    def inverse_value(self, params, x, context=None, rng=None):
        CARRIED.append(len(x))
        return super().inverse_value(params, x, context, rng)


SEEN, CARRIED = [], []


@pytest.fixture(autouse=True)
def forget():
    SEEN.clear()
    CARRIED.clear()


def chain(*before):
    return nf.Chain([Watched(2), *before, Watched(2), nf.Standardize(2)])


def heavy():
    return nf.Coupling(nf.Affine(), nf.half_mask(2), nf.MLP((16, 16)))


def rng():
    return onp.random.default_rng(1)


def test_all_rows_are_carried_while_it_is_little_work_and_the_first_layer_carries_none():
    chain(heavy()).init(rng(), X)
    assert SEEN == [(2500, None), (2500, None)] and CARRIED == [2500]


def test_a_sample_is_carried_from_where_all_rows_are_much_work(monkeypatch):
    monkeypatch.setattr(start, "WORK", 2500 * 50)
    params = chain(heavy()).init(rng(), X)
    assert SEEN == [(2500, None), (2000, None)] and CARRIED == [2500]
    fixed = params[-1]["fixed"]
    assert onp.abs(fixed["mean"] - X.mean(axis=0)).max() < 1e-12 and onp.abs(fixed["std"] - X.std(axis=0)).max() < 1e-12


def test_up_to_2000_rows_nothing_is_left_out(monkeypatch):
    whole = chain(heavy()).init(rng(), X[:2000])
    monkeypatch.setattr(start, "WORK", 0)
    again = chain(heavy()).init(rng(), X[:2000])
    assert all((a == b).all() for a, b in zip(trees.leaves(whole), trees.leaves(again), strict=True))


def test_the_sample_is_of_different_rows_spread_over_all_and_the_context_goes_with_them(monkeypatch):
    monkeypatch.setattr(start, "WORK", 0)
    batch = start.StartBatch(onp.arange(10_000.0)[:, None], onp.arange(10_000.0)[:, None] + 0.5)
    batch.carry(nf.Permutation([0]), {}, rng())
    rows = batch.x[:, 0]
    assert len(set(rows)) == 2000 and (batch.context[:, 0] == rows + 0.5).all()
    assert abs(rows.mean() - 5000) < 5 * 2887 / 2000**0.5


def test_a_base_that_does_not_look_at_data_costs_no_inversion():
    nf.Flow(nf.StandardNormal(2), chain()).init(rng(), X)
    assert CARRIED == [2500]


class Looking(nf.StandardNormal):
    def init(self, rng, z=None, context=None):
        SEEN.append(len(z))
        return super().init(rng)


def test_a_base_that_looks_at_data_sees_it_where_the_bijection_leaves_it(monkeypatch):
    nf.Flow(Looking(2), chain()).init(rng(), X)
    assert SEEN[-1] == 2500
    monkeypatch.setattr(start, "WORK", 0)
    nf.Flow(Looking(2), chain()).init(rng(), X)
    assert SEEN[-1] == 2000


def test_the_first_level_carries_none_either():
    nf.MultiScale([Watched((1, 1, 1)), Watched((2, 1, 1))]).init(rng(), X[:, :, None, None])
    assert SEEN == [(2500, None), (2500, None)] and CARRIED == [2500]


def test_all_rows_are_carried_up_to_the_work_that_is_stated(monkeypatch):
    for work, left in ((2001, 2001), (2000, 2000)):
        monkeypatch.setattr(start, "WORK", work)
        batch = start.StartBatch(onp.arange(2001.0)[:, None], None)
        batch.carry(nf.Permutation([0]), {}, rng())  # 2001 rows of one number, and no parameters
        assert len(batch.x) == left


def test_rows_that_overflow_are_left_behind_where_two_others_stay():
    for x, left in (([1.0, 2.0, onp.inf], [1.0, 2.0]), ([1.0, onp.inf, onp.nan], [1.0, onp.inf, onp.nan])):
        batch = start.StartBatch(onp.array(x)[:, None], onp.array(x)[:, None])
        batch.carry(nf.Permutation([0]), {}, rng())
        assert onp.array_equal(batch.x[:, 0], left, equal_nan=True)
        assert onp.array_equal(batch.context[:, 0], left, equal_nan=True)
