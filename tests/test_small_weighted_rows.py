"""Rows with weights, rows at the end of what a flow reaches, and rows in folds: numbers that a hand can check."""

import sys
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.training import folds, row_weights, unreachable, verdict
from nfscratch.training.descent import Descent
from nfscratch.training.ending import Ended
from nfscratch.training.held_out import Rows
from nfscratch.training.objectives import nll

NORMAL = nf.Flow(nf.StandardNormal(1), nf.Diagonal(1))


def rows_of(x, weights=None):
    return Rows(x, None, weights, onp.arange(len(x)))


def test_copies_do_not_depend_on_the_unit_of_the_weights():
    for weights in ([1.0, 2.5, 3.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]):
        weights = onp.array(weights)
        wanted = row_weights.copies(weights).tolist()
        for unit in (1e-12, 1e-9, 1e9):
            assert row_weights.copies(unit * weights).tolist() == wanted, (weights, unit)


def test_copies_are_whole_multiples_where_these_are_few_and_shares_of_the_most_elsewhere():
    assert row_weights.copies(onp.array([1.0, 2.0, 1.0])).tolist() == [0, 1, 1, 2]
    assert row_weights.copies(onp.array([3.0, 1.0 + 1e-8])).tolist() == [0, 0, 0, 1]
    assert row_weights.copies(onp.array([2.0, 2.0])) is None
    assert row_weights.copies(None) is None
    counts = onp.bincount(row_weights.copies(onp.array([1.0, 15.0])))
    assert counts.tolist() == [1, 15]  # 16, the most: 8 a row
    counts = onp.bincount(row_weights.copies(onp.array([1.0, 16.0])), minlength=2)
    assert counts.sum() == 16
    assert abs(counts[1] - 16 * 16 / 17) <= 1


def test_shared_out_rows_keep_their_sum_and_are_within_one_of_what_is_wanted():
    wanted = onp.array([0.4, 1.3, 2.6, 0.7])
    counts = row_weights._rounded(wanted)
    assert counts.sum() == 5
    assert (abs(counts - wanted) < 1).all()


def test_weights_are_refused_by_name_and_row():
    like = onp.zeros(1)
    for weights, said in (
        ([1.0, 2.0], r"^w must have one number for each of the 3 rows; got 2$"),
        ([1.0, -0.25, -1.0], r"^w must be at least 0; got -0\.25 in row 1$"),
        ([0.0, 0.0, 0.0], r"^w must not all be 0; got 0 in every row$"),
    ):
        with pytest.raises(ValueError, match=said):
            row_weights.checked(onp.array(weights), 3, like, "w")
    assert row_weights.checked(onp.array([0.0, 0.0, 1.0]), 3, like).tolist() == [0.0, 0.0, 1.0]
    assert row_weights.checked(onp.array([1e308, 1e308, 0.0]), 3, like).tolist() == [1.0, 1.0, 0.0]


def test_rows_of_weight_0_do_not_count_and_a_mean_of_weights_is_1():
    assert row_weights.rows_that_count(onp.array([0.0, 2.0, 0.5])).tolist() == [1, 2]
    assert row_weights.rows_that_count(onp.array([1.0, 2.0])) is None
    assert row_weights.of_mean_1(onp.array([1.0, 3.0])).tolist() == [0.5, 1.5]


def test_the_weighted_mean_of_equal_rows_is_their_value_to_the_digits_of_float64():
    params = trees.cast(NORMAL.init(0), onp.float32)
    x, weights = onp.zeros((3, 1), onp.float32), onp.array([2.0**24, 1.0, 1.0], onp.float32)
    value = float(NORMAL.log_prob(params, x)[0])
    assert abs(nll(NORMAL, params, x, weights=weights) + value) < 1e-12 * abs(value)


def test_noise_up_to_the_end_of_what_a_flow_reaches_is_in_reach_and_beyond_it_is_not():
    flow = nf.flows.maf(1, layers=1, hidden=(3,), base=nf.StandardNormal(1), support=(0.0, 1.0))
    for x, jitter in (([0.75, 0.25], 0.25), ([0.0, 0.5], 0.5), ([0.5, 0.25], None)):
        unreachable.refuse(flow, rows_of(onp.array(x)[:, None]), jitter)
    for x, jitter, said in (
        ([0.75, 0.25], 0.251, "0.75 in row 0"),
        ([0.25, -0.1], None, "-0.1 in row 1"),
        ([0.25, -0.1], 0.5, "-0.1 in row 1"),
        ([1.1, 0.5], None, "1.1 in row 0"),
        ([0.5, 1.0], None, "1 in row 1"),
        ([0.0, 0.5], None, "0 in row 0"),
    ):
        with pytest.raises(ValueError, match=said):
            unreachable.refuse(flow, rows_of(onp.array(x)[:, None]), jitter)


def test_what_is_no_flow_is_told_what_would_make_one_of_it():
    for given, said in (
        (nf.Planar(2), r"got Planar.*: nf\.Flow\(base, bijection\) makes one of it$"),
        (3.5, r"got 3\.5$"),
        (nf.models.AutoEncoder(nf.MLP(), nf.MLP(), 2), r"got AutoEncoder: use nf\.fit_model$"),
    ):
        with pytest.raises(TypeError, match=r"^flow must be a Flow, such as nf\.flows\.maf\(2\); " + said):
            nf.fit(given, onp.zeros((9, 2)), rng=0)


def test_as_many_rows_as_a_verdict_needs_are_trained_on_in_folds_and_fewer_are_not(monkeypatch):
    class Asked(Exception):
        pass

    def curve(descent, params, rows, noisy, fold, length):
        raise Asked(length)

    monkeypatch.setattr(folds, "_curve", curve)
    for n, wanted in ((verdict.LEAST - 1, None), (verdict.LEAST, {"steps": 5})):
        with pytest.raises(Asked) as asked:
            folds.fit_by_folds(
                None, None, None, rows_of(onp.zeros((n, 1))), None, lambda rows: None, None, {"steps": 5}
            )
        assert asked.value.args[0] == wanted


def test_a_fit_that_can_hold_out_as_many_rows_as_a_verdict_needs_has_no_folds(monkeypatch):
    class Asked(Exception):
        pass

    def asked(*descent, steps=None, **given):
        raise Asked(steps is None)

    fit = sys.modules[nf.fit.__module__]
    monkeypatch.setattr(fit, "fit_by_folds", asked)
    monkeypatch.setattr(fit, "minimize", asked)
    x = onp.random.default_rng(0).normal(size=(5 * verdict.LEAST, 1))
    for rows, in_folds in ((x, False), (x[:-1], True)):  # a fifth of the rows
        with pytest.raises(Asked) as came:
            nf.fit(NORMAL, rows, rng=0, progress=False)
        assert came.value.args == (in_folds,)


def test_a_fold_is_trained_silently_without_a_file_in_batches_of_no_more_than_its_rows(monkeypatch):
    given = {}

    def minimize(**arguments):
        given.update(arguments)
        arguments["callback"](SimpleNamespace(step=4, params=NORMAL.init(0)))
        return SimpleNamespace(ended=Ended.EARLY_STOPPING)

    monkeypatch.setattr(folds, "minimize", minimize)
    options = {"progress": True, "checkpoint": "run", "checkpoint_every": 3, "clip": 0.5}
    descent = Descent(NORMAL, nf.objectives.MaximumLikelihood(), None, "store", options)
    inside, held = rows_of(onp.zeros((7, 1))), rows_of(onp.zeros((2, 1)))
    seen, start, rng = {}, NORMAL.init(0), onp.random.default_rng(0)
    for asked, batch_size in ((50, 7), (7, 7), (4, 4)):
        how = folds._run(descent, start, inside, held, rng, seen, {"steps": 9, "batch_size": asked})
        assert (how, given["batch_size"], given["steps"], given["clip"]) == (Ended.EARLY_STOPPING, batch_size, 9, 0.5)
        assert (given["progress"], given["checkpoint"], given["checkpoint_every"]) == (False, None, None)
        assert given["rng"] is rng
        assert given["params"] is start
    assert seen[4].tolist() == pytest.approx([-0.5 * onp.log(2 * onp.pi)] * 2)
    assert folds._run(descent, start, inside, held, rng, seen, None) is Ended.NOT_TRAINED


def test_five_folds_share_out_the_rows_and_rows_of_one_group_stay_together():
    fold = folds._folds(12, None)
    assert sorted(onp.bincount(fold).tolist()) == [2, 2, 2, 3, 3]
    groups = onp.array([0, 0, 1, 2, 2, 2, 3, 4, 5])
    fold = folds._folds(9, groups)
    assert len({(g, f) for g, f in zip(groups, fold, strict=True)}) == 6
    assert set(fold.tolist()) == {0, 1, 2, 3, 4}
