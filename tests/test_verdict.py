"""Few held-out rows cannot tell a better flow from luck: then `fit` returns what it began with, and says so."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.held_out import Rows
from nfscratch.training.record import Result
from nfscratch.training.verdict import takes_back


def normal_rows(n, dim=4, seed=0):
    return onp.random.default_rng(seed).normal(size=(n, dim))


def two_clusters(n):
    rng = onp.random.default_rng(0)
    return rng.normal(size=(n, 2)) * 0.2 + rng.choice([-1.0, 1.0], size=(n, 1))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_a_small_normal_table_gets_its_gaussian_and_not_a_lucky_step(seed):
    x = normal_rows(40, seed=seed)
    flow = nf.flows.real_nvp(4, layers=4, hidden=(32,))
    with pytest.warns(nf.TrainingWarning):
        seen = []
        result = nf.fit(flow, x, rng=seed, progress=False, callback=lambda at: seen.append(at.params))
    test = normal_rows(2000, seed=99)
    assert flow.log_prob(result.params, test).mean() >= flow.log_prob(seen[0], test).mean() - 0.05


def test_the_warning_names_the_rows_and_the_gain():
    with pytest.warns(nf.TrainingWarning, match="8 held-out rows do not show that training helped: on average step"):
        result = nf.fit(nf.flows.rq_nsf(2, layers=2, hidden=(32,)), two_clusters(40), rng=0, progress=False)
    assert result.best_step == 0 and result.validation == result.history["validation"][0]


def test_a_gain_that_rows_do_show_is_kept():
    flow, x, seen = nf.flows.rq_nsf(2, layers=1, hidden=(16,)), two_clusters(300), {}
    result = nf.fit(flow, x, rng=0, progress=False, callback=lambda at: seen.update({at.step: at.params}))
    assert result.best_step > 0
    for a, b in zip(trees.leaves(result.params), trees.leaves(seen[result.best_step]), strict=True):
        onp.testing.assert_array_equal(a, b)


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_who_says_how_long_to_train_gets_the_best_step():
    flow = nf.flows.real_nvp(4, layers=4, hidden=(32,))
    result = nf.fit(flow, normal_rows(32, seed=1), rng=1, steps=40, progress=False)
    best = result.history["step"][int(onp.argmin(result.history["validation"]))]
    assert result.best_step == best


def test_a_run_whose_best_parameters_are_those_of_the_start_is_taken_back():
    """A gain of exactly 0 with an error of exactly 0 is no gain."""
    flow, x = nf.flows.real_nvp(2, layers=1, hidden=(4,)), normal_rows(20, 2)
    start = flow.init(onp.random.default_rng(0))
    result = Result(trees.map_leaves(onp.copy, start), {}, Ending(Ended.ALL_STEPS, 5), 3)
    with pytest.warns(nf.TrainingWarning, match="20 held-out rows do not show that training helped"):
        assert takes_back(flow, start, result, Rows(x, None, None, onp.arange(20)))
    assert result.params is start and result.best_step == 0
