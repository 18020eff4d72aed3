"""Of few rows five folds choose how long to train; every row is held out once, and all are trained on."""

import warnings

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.training import folds
from nfscratch.training.ending import Ending

FLOW = nf.flows.maf(1, context_dim=1, layers=1, hidden=(16,))
QUICK = {"patience": 2, "evaluate_every": 20, "optimizer": nf.adam(1e-2)}
SLOPE, CUT = 3.0, Ending(nf.Ended.INTERRUPTED, 0)


def regression(n, seed=0):
    rng = onp.random.default_rng(seed)
    x = rng.uniform(-1.5, 1.5, size=(n, 1))
    return SLOPE * x + 0.5 * rng.normal(size=(n, 1)), x


Y, X = regression(30)


def fit(y=Y, x=X, flow=FLOW, **options):
    return nf.fit(flow, y, context=x, rng=0, progress=False, **{**QUICK, **options})


@pytest.fixture(scope="module")
def result():
    return fit()


def test_thirty_rows_teach_a_regression_what_the_context_says(result):
    assert result.ended is nf.Ended.ALL_STEPS and result.steps == result.best_step > 0
    start = FLOW.init(onp.random.default_rng(0), Y, X)
    test = regression(1000, seed=1)
    assert FLOW.log_prob(result.params, *test).mean() > FLOW.log_prob(start, *test).mean() + 0.8
    at_best = result.history["validation"][result.history["step"].index(result.best_step)]
    assert result.validation == at_best == min(result.history["validation"])


def test_the_folds_estimate_what_fresh_rows_cost(result):
    fresh = -FLOW.log_prob(result.params, *regression(1000, seed=1)).mean()
    assert abs(result.validation - fresh) < 0.5


def test_of_normal_rows_the_start_comes_back_untrained():
    z = onp.random.default_rng(3).normal(size=(24, 2))
    flow = nf.flows.real_nvp(2, layers=2, hidden=(8,))
    with pytest.warns(nf.TrainingWarning, match="the start, are returned, taken from all rows") as caught:
        result = nf.fit(flow, z, rng=0, progress=False, **QUICK)
    assert len(caught) == 1 and (result.ended, result.best_step) == (nf.Ended.NOT_TRAINED, 0)
    assert result.steps == 0 and result.validation == result.history["validation"][0]
    start = flow.init(onp.random.default_rng(5), z)  # as a Gaussian, with the tails of all rows
    onp.testing.assert_allclose(flow.log_prob(result.params, z), flow.log_prob(start, z), rtol=1e-9)


def test_a_gain_that_the_folds_do_not_show_is_not_taken():
    message = r"^5 folds of the 8 rows of x do not show that training helps: on average step 60 is 1\.\d+ ± 0\.\d+ nats"
    with pytest.warns(nf.TrainingWarning, match=message):
        result = fit(*regression(8))
    assert (result.ended, result.best_step) == (nf.Ended.NOT_TRAINED, 0)
    assert min(result.history["validation"]) < result.validation - 1


def test_fewer_than_seven_rows_are_not_trained_on_at_all():
    with pytest.warns(nf.TrainingWarning, match="^x has 6 rows: so few cannot show that training helps") as caught:
        result = fit(Y[:6], X[:6])
    assert len(caught) == 1 and result.ended is nf.Ended.NOT_TRAINED and result.history["step"] == [0]
    assert "not trained" in repr(result) and result.validation > 0


@pytest.mark.parametrize(
    "options",
    [{"steps": 3}, {"epochs": 3}, {"validation": (Y[:5], X[:5])}, {"validation": None, "patience": None}],
    ids=["steps", "epochs", "rows", "none"],
)
def test_a_length_or_rows_to_judge_by_that_are_given_count(options):
    once = lambda at: at.step > 0  # noqa: E731
    assert fit(**options, callback=once).steps > 0


@pytest.mark.parametrize("n", [7, 8, 19, 34])
def test_every_row_is_in_one_fold_and_groups_are_whole(n):
    sizes = onp.bincount(folds._folds(n, None))
    assert len(sizes) == 5 and sizes.max() - sizes.min() <= 1
    groups = onp.arange(n) // 2
    fold = folds._folds(n, groups)
    assert all(len(set(fold[groups == g])) == 1 for g in set(groups))


def test_no_run_has_seen_the_rows_that_it_is_judged_by_and_the_callback_sees_and_stops_the_last_run(monkeypatch):
    held = []

    class Seen(folds.Descent):
        def arguments(self, start, rows, held_out, rng, **changes):
            if held_out is not None:
                held.append(held_out.numbers)
                assert not set(rows.numbers) & set(held_out.numbers) and len(rows.x) + len(held_out.x) == 30
            return super().arguments(start, rows, held_out, rng, **changes)

    seen = []
    monkeypatch.setattr("nfscratch.training.fit.Descent", Seen)
    result = fit(callback=lambda at: seen.append(at) or len(seen) == 1)
    assert sorted(onp.concatenate(held)) == list(range(30))
    assert result.ended is nf.Ended.STOPPED and len(seen) == 1 and seen[0].validation is None


def test_copies_of_a_row_are_never_in_training_and_validation(monkeypatch):
    rows = onp.r_[onp.arange(26), onp.arange(8)]
    taken = []
    monkeypatch.setattr(folds, "_curve", lambda *parts: taken.append(parts[4]) or folds.Curve(None, None, CUT))
    with pytest.warns(nf.TrainingWarning, match="8 of 34 rows are copies of others"):
        fit(Y[rows], X[rows])
    assert (taken[0][:8] == taken[0][26:]).all() and len(set(taken[0])) == 5


def test_time_that_is_up_gives_the_start():
    with pytest.warns(nf.TrainingWarning, match="the time was spent before 5 folds of the 30 rows of x could say"):
        result = fit(seconds=1e-9)
    assert (result.ended, result.best_step, result.steps) == (nf.Ended.OUT_OF_TIME, 0, 0)


def test_a_row_of_no_weight_is_no_row_and_equal_weights_are_none(result):
    y, x = onp.vstack([Y, [[1e3]]]), onp.vstack([X, [[-5.0]]])
    weighted = fit(y, x, weights=onp.append(onp.full(30, 2.0), 0.0))
    onp.testing.assert_allclose(weighted.history["validation"], result.history["validation"], rtol=1e-6)


@pytest.mark.exhaustive
def test_jitter_and_given_params_go_through_the_folds(result):
    assert fit(jitter=0.01).best_step > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nf.TrainingWarning)
        again = fit(params=result.params)
    log_p = FLOW.log_prob(again.params, Y, X).mean()
    assert log_p >= FLOW.log_prob(result.params, Y, X).mean() - 0.05


@pytest.mark.filterwarnings("ignore:x has 5 rows")
def test_where_the_run_on_all_rows_does_not_begin_a_warning_says_that_nothing_was_written(tmp_path):
    z = onp.random.default_rng(3).normal(size=(5, 2))
    with pytest.warns(nf.TrainingWarning, match="run: nothing was written: a checkpoint keeps the run on all rows"):
        nf.fit(nf.flows.real_nvp(2, layers=1, hidden=(3,)), z, rng=0, progress=False, checkpoint=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.exhaustive
def test_a_run_with_a_checkpoint_goes_on_to_the_same_result(tmp_path, result):
    path = tmp_path / "run.flow"
    stopped = fit(checkpoint=path, callback=lambda at: at.step >= 20)
    assert stopped.ended is nf.Ended.STOPPED
    for same in (fit(checkpoint=path), fit(checkpoint=path)):
        for a, b in zip(trees.leaves(same.params), trees.leaves(result.params), strict=True):
            onp.testing.assert_array_equal(a, b)


def test_the_last_run_goes_the_way_of_a_whole_run_up_to_its_last_step():
    start, seen = FLOW.init(onp.random.default_rng(5), Y, X), {}
    options = {"params": start, "optimizer": nf.adam(0.1)}
    ours = fit(**options)
    whole = {"validation": None, "steps": 500, "batch_size": 30, "patience": None}
    fit(**options, **whole, callback=lambda at: seen.update({at.step: at.params}))
    assert 0 < ours.best_step < 500
    log_p = FLOW.log_prob(seen[ours.best_step], Y, X)
    onp.testing.assert_allclose(FLOW.log_prob(ours.params, Y, X), log_p, atol=1e-6)
