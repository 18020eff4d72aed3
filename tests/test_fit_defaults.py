"""How long fit trains by default, and the arguments that say it: epochs, seconds, callback, weights, a seed."""

import autograd
import numpy as onp
import pytest
from fitting import DATA, FLOW, fit, rng, scaling
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.training import defaults
from nfscratch.training.budget import Budget
from nfscratch.training.defaults import Times, plan_for

pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better")  # the runs are short on purpose


def same(a, b):
    return all((p == q).all() for p, q in zip(trees.leaves(a), trees.leaves(b), strict=True))


def quiet(**options):
    """A fit that is told nothing about its length."""
    return nf.fit(FLOW, DATA, rng=0, progress=False, **options)


# --- lengths that follow the data ---


@pytest.mark.parametrize("n", [2, 20, 90, 358, 1000, 10**4, 10**5, 10**6])
def test_the_plan_follows_the_number_of_rows(n):
    plan = plan_for(n, 8)
    assert 1 <= plan.batch_size <= min(512, n) and (plan.batch_size >= 32 or plan.batch_size == n)
    epochs = plan.steps * plan.batch_size / n
    assert 500 <= plan.steps <= 10_000 and (epochs <= 210 or plan.steps in (500, min(4 * n, 4000)))
    assert plan.steps >= plan_for(max(2, n // 10), 8).steps


@pytest.mark.parametrize(
    ("n", "steps"), [(90, 500), (358, 2000), (500, 2000), (700, 2800), (1000, 4000), (10**5, 4000), (10**6, 10_000)]
)
def test_the_steps_of_a_table_by_its_rows(n, steps):
    """A thousand rows bear more steps than a few hundred; a hundred thousand are seen twenty times."""
    assert plan_for(n, 8).steps == steps


def test_a_batch_of_wide_rows_has_fewer_of_them():
    assert plan_for(10**5, 3072).batch_size == 2**20 // 3072 < plan_for(10**5, 8).batch_size


def test_a_small_table_is_evaluated_often_at_the_start_and_ends_by_patience():
    result = quiet(optimizer=nf.adam(0.05))
    steps = result.history["step"]
    assert steps[:6] == [0, 10, 20, 30, 40, 50]
    assert onp.diff(steps)[-1] > 10 and max(onp.diff(steps)) <= 2000 // 50
    assert result.ended is nf.Ended.EARLY_STOPPING and result.ending.evaluations == defaults.PATIENCE


@pytest.mark.parametrize(("first", "most"), [(10, 40), (5, 11), (7, 7), (1, 1), (3, 1000)])
def test_evaluations_grow_apart_by_a_fifth_up_to_the_most(first, most):
    steps = [step for step in range(5000) if Times(first, most).due(step)]
    for step, gap in zip(steps, onp.diff(steps), strict=False):
        assert gap == min(max(first, step // 5), most)


def test_with_steps_given_everything_is_as_it_was():
    """256 rows a batch, 50 evaluations at the same distance, no patience."""
    result = fit(steps=600, batch_size=None, optimizer=nf.adam(1e-300))
    assert result.history["step"] == list(range(0, 601, 12)) and result.ended is nf.Ended.ALL_STEPS
    assert result.history["loss"] == fit(steps=600, batch_size=256, optimizer=nf.adam(1e-300)).history["loss"]


def test_epochs_are_passes_over_the_rows():
    assert quiet(epochs=3, batch_size=40).steps == 3 * 360 // 40
    assert quiet(epochs=0.5, batch_size=40, validation=None).steps == 5
    assert quiet(epochs=2).steps == 2 * (360 // 36)


@pytest.mark.parametrize("epochs", [0, -1, True, "3", float("nan"), float("inf")])
def test_epochs_that_are_none_are_refused(epochs):
    with pytest.raises(ValueError, match="epochs must be a positive number; got"):
        quiet(epochs=epochs)


def test_steps_and_epochs_together_are_refused():
    with pytest.raises(ValueError, match="steps or epochs, not both; got steps=3 and epochs=2"):
        quiet(steps=3, epochs=2)


def test_a_default_run_resumes_to_the_same_result(tmp_path):
    whole, path = quiet(epochs=60), tmp_path / "run.flow"
    stop = quiet(epochs=60, seconds=Budget(60, Clock(1.0)), checkpoint=path)
    assert stop.ended is nf.Ended.OUT_OF_TIME and 0 < stop.steps < whole.steps
    again = quiet(epochs=60, checkpoint=path)
    assert again.history == whole.history and same(again.params, whole.params)


# --- a budget of time ---


class Clock:
    """A clock that moves on by `tick` seconds whenever it is read."""

    def __init__(self, tick):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now


def test_a_run_out_of_time_says_so_and_has_looked_at_its_last_parameters():
    result = fit(steps=500, seconds=Budget(100, Clock(1.0)), optimizer=nf.adam(0.01))
    assert result.ended is nf.Ended.OUT_OF_TIME and 10 < result.steps < 100
    assert result.stopped == f"out of time at step {result.steps}"
    assert result.history["step"][-1] == result.steps


def test_a_budget_that_is_spent_at_once_gives_one_step_and_its_evaluation():
    result = fit(seconds=1e-9)
    assert (result.steps, result.history["step"], result.ended) == (1, [0, 1], nf.Ended.OUT_OF_TIME)


def test_a_budget_that_is_not_spent_changes_nothing():
    assert fit(seconds=Budget(1e9, Clock(1.0))).history == fit().history


def test_the_rate_falls_with_the_time_where_that_is_ahead_of_the_steps():
    seen = []
    fit(steps=10**6, seconds=Budget(50, Clock(1.0)), schedule=lambda done: seen.append(done) or 1.0)
    assert seen == sorted(seen) and 0.9 < seen[-1] <= 1.0


@pytest.mark.parametrize("seconds", [0, -1, True, "10", float("inf")])
def test_a_budget_is_a_positive_number(seconds):
    with pytest.raises(ValueError, match="seconds must be positive and finite; got"):
        fit(seconds=seconds)


# --- a callback ---


def test_a_callback_sees_every_evaluation_and_may_keep_the_parameters():
    seen = []
    result = fit(evaluate_every=10, callback=seen.append, optimizer=nf.adam(0.01))
    assert [e.step for e in seen] == result.history["step"] == [0, 10, 20, 30]
    assert [e.validation for e in seen] == result.history["validation"]
    assert [e.loss for e in seen] == [None, *(result.history["loss"][k] for k in (9, 19, 29))]
    assert all(e.steps == 30 for e in seen) and seen[-1].best_step == result.best_step
    assert same(seen[-1].params, result.last_params) and not same(seen[0].params, seen[-1].params)


def test_a_callback_that_returns_true_stops_the_run():
    result = fit(callback=lambda e: e.step == 20, evaluate_every=10)
    assert (result.ended, result.steps) == (nf.Ended.STOPPED, 20)
    assert result.stopped == "stopped by the callback at step 20"


def test_a_callback_is_called_without_validation_too():
    seen = []
    assert fit(validation=None, evaluate_every=10, callback=lambda e: seen.append(e) or e.step == 10).steps == 10
    assert [(e.step, e.validation) for e in seen] == [(0, None), (10, None)]


def test_a_callback_that_is_no_function_is_refused():
    with pytest.raises(TypeError, match="callback must be a function of an Evaluation; got 3"):
        fit(callback=3)


# --- a seed ---


def test_an_integer_is_the_seed_of_a_generator():
    first = nf.fit(FLOW, DATA, rng=onp.int64(3), steps=5)
    assert first.history == nf.fit(FLOW, DATA, rng=rng(3), steps=5).history
    assert first.history != nf.fit(FLOW, DATA, rng=4, steps=5).history
    assert nf.minimize(lambda p, rng: (p * p).sum() + rng.random(), onp.ones(2), rng=3, steps=5).steps == 5


# --- the result ---


def test_a_result_is_one_short_line():
    result = fit(optimizer=nf.adam(0.01))
    line = f"Result(all steps done; best step {result.best_step} of 30, validation {result.validation:.4f})"
    assert repr(result) == line and result.validation == min(result.history["validation"])
    assert repr(fit(validation=None)) == "Result(all steps done; best step 30 of 30)"


# --- weights ---

WEIGHTS = rng(5).integers(0, 4, size=len(DATA)).astype(float)


def test_a_weighted_nll_is_that_of_repeated_rows():
    params = FLOW.init(rng(), DATA)
    repeated = onp.repeat(DATA, WEIGHTS.astype(int), axis=0)
    expected = nf.objectives.nll(FLOW, params, repeated)
    assert abs(nf.objectives.nll(FLOW, params, DATA, weights=7.0 * WEIGHTS) - expected) < 1e-12
    assert abs(nf.objectives.nll(FLOW, params, DATA) - expected) > 1e-3


def test_the_weighted_gradient_is_that_of_repeated_rows_by_both_roads():
    params = FLOW.init(rng(), DATA)
    repeated = onp.repeat(DATA, WEIGHTS.astype(int), axis=0)
    value, expected = nf.objectives.nll_value_and_grad(FLOW, params, repeated)
    weighted, grads = nf.objectives.nll_value_and_grad(FLOW, params, DATA, weights=WEIGHTS)
    traced = autograd.grad(lambda p: nf.objectives.nll(FLOW, p, DATA, weights=WEIGHTS))(params)
    assert abs(weighted - value) < 1e-12
    for got in (grads, traced):
        for a, b in zip(trees.leaves(got), trees.leaves(expected), strict=True):
            assert onp.abs(a - b).max() < 1e-12


def test_a_weighted_gaussian_is_recovered_to_the_closed_form():
    x, w = rng().normal(size=(500, 1)) * 3.0 + 5.0, rng(1).random(500)
    options = {"steps": 1500, "batch_size": 500, "optimizer": nf.adam(0.1), "validation": None}
    a, t = nf.fit(scaling(), x, rng=0, weights=w, **options).params["bijection"]["theta"][0]
    mean = onp.average(x[:, 0], weights=w)
    std = onp.average((x[:, 0] - mean) ** 2, weights=w) ** 0.5
    assert abs(t - mean) < 1e-4 and abs(5 * onp.tanh(a / 5) - onp.log(std)) < 1e-4
    assert abs(mean - x.mean()) > 1e-2


def test_small_batches_are_not_biased_by_their_weights():
    """The mean of the batch losses of one pass is the weighted mean, which a mean of weighted means is not."""
    w = onp.where(DATA[:, 0] > 4, 100.0, 1.0)
    options = {"weights": w, "validation": None, "batch_size": 4, "steps": 100, "schedule": lambda done: 0.0}
    result = fit(**options)
    expected = nf.objectives.nll(FLOW, result.params, DATA, weights=w)
    assert abs(onp.mean(result.history["loss"]) - expected) < 1e-9


def test_held_out_rows_have_their_own_weights():
    w = onp.where(onp.arange(400) < 40, 3.0, 1.0)
    result = fit(validation=(DATA[:50], None, w[:50]), steps=1)
    expected = nf.objectives.nll(FLOW, result.params, DATA[:50], weights=w[:50])
    assert abs(result.validation - expected) < 1e-12
    assert fit(weights=w).history["validation"] != fit().history["validation"]


def test_a_row_of_weight_0_takes_no_part_at_all():
    wild = onp.concatenate([DATA, [[1e9, -1e9]]])
    result = fit(wild, weights=onp.append(onp.ones(400), 0.0), validation=None)
    assert result.history == fit(validation=None).history and same(result.params, fit(validation=None).params)


def test_a_row_of_weight_0_does_not_count_where_its_density_is_0():
    flow = nf.Flow(nf.StandardNormal(1), nf.Elementwise(nf.Sigmoid(), 1))
    x = onp.array([[0.2], [0.5], [7.0]])
    params = flow.init(rng())
    assert nf.objectives.nll(flow, params, x, weights=[1, 1, 0]) == nf.objectives.nll(flow, params, x[:2])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (onp.ones(399), "one number for each of the 400 rows; got 399"),
        (onp.ones((400, 1)), r"weights must have shape \(N,\); got \(400, 1\)"),
        (onp.zeros(400), "weights must not all be 0; got 0 in every row"),
        (onp.where(onp.arange(400) == 7, -1.0, 1.0), "weights must be at least 0; got -1 in row 7"),
        (onp.where(onp.arange(400) == 7, onp.inf, 1.0), "weights must be finite; NaN or infinity in row 7"),
    ],
)
def test_weights_that_are_none_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        fit(weights=weights)
    with pytest.raises(ValueError, match=message):
        nf.objectives.nll(FLOW, FLOW.init(rng(), DATA), DATA, weights=weights)


@pytest.mark.filterwarnings("ignore:.*a few rows decide the scale")  # the row far out
def test_a_weighted_run_on_a_device_is_the_same_and_its_advice_is_given_there():
    x = onp.vstack([DATA, [[400.0, 3.0]]])
    options = {"weights": onp.append(WEIGHTS, 1.0), "steps": 20, "optimizer": nf.adam(0.3), "schedule": nf.constant}
    here = fit(x, **options)
    nf.backend.use_arrays_like(StrictArray(onp.empty(0)))
    try:
        there = fit(x, **options)
        with pytest.warns(nf.TrainingWarning, match=r"diverged .* standard deviations from .* column 0 in row 400"):
            normal = nf.Flow(nf.StandardNormal(2), FLOW.bijection)  # a heavy-tailed base does not diverge here
            fit(x, normal, **{**options, "optimizer": nf.adam(1e200)}, validation=DATA[:40])
        with pytest.raises(ValueError, match=r"must lie inside of \(0.0, 1.0\)"):
            fit(x, nf.Flow(nf.StandardNormal(2), nf.Elementwise(nf.Sigmoid(), 2)))
    finally:
        nf.backend.use_arrays_like(onp.empty(0))
    assert {type(leaf) for leaf in trees.leaves(there.params)} == {StrictArray}
    assert onp.abs(onp.subtract(here.history["validation"], there.history["validation"])).max() < 1e-9


def test_weights_belong_to_the_identity_of_a_run(tmp_path):
    fit(weights=WEIGHTS, checkpoint=tmp_path / "run")
    fit(weights=WEIGHTS, checkpoint=tmp_path / "run")
    with pytest.raises(nf.CheckpointError, match="weights must be as in the run that wrote the file"):
        fit(weights=WEIGHTS + 1, checkpoint=tmp_path / "run")
