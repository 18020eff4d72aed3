"""Where no step was better than the start, `fit` returns the start that all rows give, the held-out ones too."""

import warnings
from functools import cache

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.bijections.normalize.statistics import ScaleWarning
from nfscratch.bijections.normalize.whiten import taken

pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better", "ignore:.* do not show that")
FLOW = nf.flows.real_nvp(2, layers=2, hidden=(8, 8))
X = onp.random.default_rng(0).normal(size=(60, 2)) @ [[1.0, 0.9], [0.0, 0.3]] + 5.0


def fitted(x=X, flow=FLOW, **options):
    return nf.fit(flow, x, rng=1, progress=False, **options)


@cache
def whole():
    return fitted()


def same(a, b):
    return all(onp.array_equal(*pair) for pair in zip(trees.leaves(a), trees.leaves(b), strict=True))


def test_the_start_that_comes_back_knows_all_rows():
    result = whole()
    assert result.best_step == 0 and result.whitening.kind == "full"
    onp.testing.assert_allclose(result.params["bijection"][-1]["fixed"]["mean"], X.mean(axis=0), rtol=1e-12)
    begun = FLOW.init(onp.random.default_rng(5), X)  # at the start the hidden weights have no say
    onp.testing.assert_allclose(FLOW.log_prob(result.params, X), FLOW.log_prob(begun, X), rtol=1e-9)


def test_the_whitening_is_that_of_the_start_that_comes_back():
    x, seen = onp.random.default_rng(2).normal(size=(60, 2)) @ [[1.0, 0.4], [0.0, 1.0]], []
    result = fitted(x, callback=lambda at: seen.append(at.params) or True)
    of_training_rows, of_all = (taken(FLOW.bijection, p["bijection"]) for p in (seen[0], result.params))
    assert result.whitening == of_all != of_training_rows


def test_training_leaves_no_trace_in_it():
    untrained = fitted(callback=lambda at: True)
    assert untrained.steps == 0 < whole().steps
    assert same(whole().params, untrained.params)


def test_its_random_numbers_are_those_of_the_start():
    seen = []
    fitted(callback=lambda at: seen.append(at.params))
    weights = [[leaf for leaf in trees.leaves(p) if leaf.size == 64] for p in (seen[0], whole().params)]
    assert len(weights[0]) > 0 and same(*weights)


OPTIONS = {"steps": 20, "epochs": 3.0, "validation": X[:20]}


@pytest.mark.parametrize("name", OPTIONS)
def test_who_says_how_long_to_train_or_what_to_hold_out_gets_the_start_itself(name):
    seen = []
    result = fitted(**{name: OPTIONS[name]}, optimizer=nf.adam(1.0), callback=lambda at: seen.append(at.params))
    assert result.best_step == 0 and same(result.params, seen[0])


def test_parameters_that_were_given_come_back_as_they_are():
    given = FLOW.init(onp.random.default_rng(3), X)
    result = fitted(params=given, optimizer=nf.adam(1.0))
    assert result.best_step == 0 and same(result.params, given)


def test_a_run_that_goes_on_from_its_file_gives_the_same(tmp_path):
    path = tmp_path / "run.safetensors"
    first = fitted(checkpoint=path)
    assert same(fitted(checkpoint=path).params, first.params) and same(first.params, whole().params)


def test_weights_and_jitter_count_as_they_do_in_training():
    weights = onp.where(onp.arange(60) < 40, 1.0, 0.0)
    mean = fitted(weights=weights).params["bijection"][-1]["fixed"]["mean"]
    onp.testing.assert_allclose(mean, X[:40].mean(axis=0), rtol=1e-12)
    mean = fitted(jitter=0.5).params["bijection"][-1]["fixed"]["mean"]
    assert (abs(mean - X.mean(axis=0) - 0.25) < 0.1).all()


def test_a_warning_of_far_rows_comes_once():
    x = X.copy()
    x[3] = 1e4
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = fitted(x, callback=lambda at: True)
    assert result.best_step == 0
    assert sum(issubclass(w.category, ScaleWarning) for w in caught) == 1
