"""A run that the callback or the clock ended goes on with its checkpoint, to the result of one that was never ended."""

import autograd.numpy as np
import interrupted
import numpy as onp
import pytest
from interrupted import RUNS, STEPS, fit, identical
from share import few

import nfscratch as nf
from nfscratch.training.budget import Budget

pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better")  # the runs are short on purpose
MOST = [run for run in RUNS if run not in ("no validation", "validation rows, patience")]
FEW = ("validation share, jitter, ActNorm", "context, embedding")  # whatever ends it, a run is kept in the same way


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def stopping_at(*steps):
    return lambda evaluation: evaluation.step in steps


class Ticks:
    """A clock that goes on by one whenever it is read."""

    now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.mark.parametrize("run", few(RUNS, MOST))
def test_a_run_that_the_callback_stopped_goes_on(run, path):
    options = {"evaluate_every": RUNS[run][1].get("evaluate_every", 10)}
    whole = fit(run, **options)
    seen = []
    fit(run, callback=lambda e: seen.append(e.step), **options)
    for stop in seen[1:-1]:
        stopped = fit(run, path, callback=stopping_at(stop), **options)
        assert (stopped.ended, stopped.steps) == (nf.Ended.STOPPED, stop)
    identical(fit(run, path, **options), whole)


@pytest.mark.parametrize("run", few(RUNS, FEW))
def test_the_same_callback_may_stop_it_again_at_its_next_evaluation_and_not_at_the_same_one(run, path):
    seen = []
    options = {"evaluate_every": RUNS[run][1].get("evaluate_every", 10)}
    options["callback"] = lambda e: seen.append(e.step) or e.step > 10
    while (result := fit(run, path, **options)).ended is nf.Ended.STOPPED and result.steps < STEPS:
        assert len(seen) < 20
    assert seen == sorted(set(seen)) and len(seen) > 2


def test_a_run_of_minimize_goes_on_with_the_batch_that_it_had_drawn(path):
    rows = onp.random.default_rng(0).normal(size=(50, 1))

    def minimize(callback=None, path=None):
        loss = lambda p, rng, batch: np.mean(np.square(batch - p)) + rng.random()  # noqa: E731
        options = {"rng": onp.random.default_rng(1), "data": rows, "batch_size": 20, "steps": 30, "evaluate_every": 5}
        return nf.minimize(loss, onp.zeros(1), callback=callback, checkpoint=path, progress=False, **options)

    for stop in (5, 10, 20):
        assert minimize(stopping_at(stop), path).steps == stop
    identical(minimize(path=path), minimize())


def test_the_file_of_a_stopped_run_as_it_was_before_goes_on(path):
    """Its file says how it ended; that is told, and not obeyed."""
    run = "updates"
    assert fit(run, path, callback=stopping_at(10)).ended is nf.Ended.STOPPED
    assert b'"STOPPED"' in path.read_bytes() or b'\\"STOPPED\\"' in path.read_bytes()
    identical(fit(run, path), fit(run))


@pytest.mark.parametrize("run", few(RUNS, FEW))
def test_a_run_out_of_time_goes_on(run, path):
    whole = fit(run)
    for ticks in (3, 5):
        cut = fit(run, path, seconds=Budget(ticks, Ticks()))
        assert cut.ended is nf.Ended.OUT_OF_TIME and cut.steps < STEPS
    identical(fit(run, path), whole)


def test_a_stop_at_the_last_step_leaves_nothing_to_do(path):
    run = "validation share, jitter, ActNorm"
    stopped = fit(run, path, callback=stopping_at(STEPS))
    assert (stopped.ended, stopped.steps) == (nf.Ended.STOPPED, STEPS)
    again = fit(run, path)
    assert again.ended is nf.Ended.ALL_STEPS and interrupted.same(again.params, stopped.params)
