"""nf.sklearn: flows among scikit-learn's estimators, by its own checks and by ours."""

import pickle
import signal

import joblib
import numpy as onp
import pytest
from other_libraries import Category, Column, Table, Tensor
from refusals import refused
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import nfscratch as nf
from nfscratch.sklearn import ConditionalFlowDensity, FlowDensity

pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better")  # the runs are short on purpose
SMALL = {"layers": 2, "hidden": (8,), "steps": 5}
X = onp.random.default_rng(0).normal(size=(60, 3)) * [1.0, 10.0, 0.1] + 5.0


def density(**settings):
    return FlowDensity(**SMALL | {"flow": "real_nvp", "random_state": 0} | settings)


def conditional(**settings):
    return ConditionalFlowDensity(**SMALL | {"random_state": 0, "draws": 40} | settings)


# scikit-learn skips those of its checks that need pandas, or array API dispatch; all others run, and none
# may fail.
# Its tables are small and often of integers.
@pytest.mark.filterwarnings("ignore:x has . rows")
@pytest.mark.filterwarnings("ignore::nfscratch.DiscreteDataWarning")
@parametrize_with_checks([density(), conditional()])
def test_scikit_learn_checks_hold(estimator, check):
    check(estimator)


# --- FlowDensity ---


def test_the_scores_are_the_flow_s_own_density_in_nats_and_their_mean():
    fitted = density().fit(X)
    log_p = fitted.flow_.log_prob(fitted.params_, X[:7])
    onp.testing.assert_array_equal(fitted.score_samples(X[:7]), log_p)
    assert fitted.score(X[:7]) == pytest.approx(log_p.mean(), rel=1e-14)
    assert isinstance(fitted.score(X), float)


def test_after_a_scaler_the_density_is_that_of_the_scaled_columns():
    plain = density(validation=None).fit(X)
    scaled = make_pipeline(StandardScaler(), density(validation=None)).fit(X)
    log_scale = onp.log(scaled[0].scale_).sum()
    onp.testing.assert_allclose(scaled.score_samples(X) - log_scale, plain.score_samples(X), rtol=1e-9)


def test_draws_are_an_array_and_repeat_with_their_random_state():
    fitted = density().fit(X)
    draws = fitted.sample(500, random_state=3)
    assert draws.shape == (500, 3)
    assert abs(draws.mean(axis=0) - X.mean(axis=0)).max() < 20 and (draws.std(axis=0) > 0).all()
    onp.testing.assert_array_equal(draws, fitted.sample(500, random_state=3))
    assert (draws != fitted.sample(500, random_state=4)).all()
    assert fitted.sample().shape == (1, 3)


RANDOM_STATES = {
    "int": lambda: 7,
    "RandomState": lambda: onp.random.RandomState(7),
    "Generator": lambda: onp.random.default_rng(7),
}


@pytest.mark.parametrize("state", RANDOM_STATES.values(), ids=RANDOM_STATES)
def test_equal_random_states_give_equal_fits(state):
    first, second = (density(random_state=state()).fit(X).score_samples(X) for _ in range(2))
    onp.testing.assert_array_equal(first, second)
    assert (density(random_state=8).fit(X).score_samples(X) != first).any()


@pytest.mark.parametrize("name", nf.sklearn.estimator.RECIPES)
def test_every_recipe_goes_by_its_name(name):
    settings = {"layers": 1, "hidden": (4,)} if name != "linear" else {}
    assert onp.isfinite(FlowDensity(name, steps=2, random_state=0, **settings).fit(X).score(X))


def own_recipe(dim, layers, hidden):
    return nf.flows.maf(dim, layers=layers, hidden=hidden)


def test_a_function_makes_the_flow_and_is_cloned_and_pickled_with_it():
    fitted = clone(density(flow=own_recipe)).fit(X)
    restored = pickle.loads(pickle.dumps(fitted))
    assert restored.flow is own_recipe
    onp.testing.assert_array_equal(restored.score_samples(X), fitted.score_samples(X))


def test_settings_reach_the_recipe_and_the_fit():
    fitted = density(flow="maf", flow_options={"order": "random"}, fit_options={"jitter": 0.1}, layers=3).fit(X)
    assert sum(isinstance(layer, nf.Autoregressive) for layer in fitted.flow_.bijection.layers) == 3
    assert len(fitted.result_.history["loss"]) == SMALL["steps"]
    still = density(learning_rate=1e-30).fit(X).result_.history["loss"]
    assert onp.std(still) < 1e-9 < onp.std(density(learning_rate=0.1).fit(X).result_.history["loss"])


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_of_few_rows_one_is_held_out_and_of_two_none():
    assert density().fit(X[:2]).result_.history["validation"] == []
    with pytest.warns(nf.TrainingWarning, match="^x has 4 rows: 1 of them is held out"):
        assert len(density().fit(X[:4]).result_.history["validation"]) > 0
    assert len(density().fit(X[:10]).result_.history["validation"]) > 0
    assert density(validation=0.01).fit(X[:20]).result_.history["validation"] == []


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"flow": "nsf"}, ValueError, "^flow must be one of rq_nsf, real_nvp, .*; got 'nsf'$"),
        ({"flow": lambda dim, **_: nf.flows.maf(2)}, ValueError, r"must make a Flow of shape \(3,\), .*; got \(2,\)$"),
        ({"flow": lambda dim, **_: nf.MLP((3,))}, TypeError, "^flow must be a Flow, such as .*; got MLP"),
        ({"validation": 2.0}, ValueError, "^validation must leave rows on both sides; got 2.0 of 60 rows"),
        ({"flow_options": {"depth": 3}}, TypeError, "unexpected keyword argument 'depth'"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused_at_fit(settings, error, message):
    refused(error, message, density(**settings).fit, X)


# --- sample_weight ---


def scores(weights, rows=X, **settings):
    return clone(density(**settings)).fit(rows, None, weights).score_samples(X)


def test_rows_of_weight_0_are_as_if_they_were_not_there():
    counts = onp.arange(60) % 3 > 0
    alone = scores(None, X[counts], validation=None)
    onp.testing.assert_allclose(scores(1.0 * counts, validation=None), alone, rtol=1e-9)
    assert not onp.allclose(scores(None, validation=None), alone, rtol=1e-3)


def test_the_scale_of_fractional_weights_does_not_matter_and_their_differences_do():
    weights = 0.1 + onp.arange(60) % 3
    fitted = scores(weights, learning_rate=0.01)
    onp.testing.assert_allclose(scores(7.0 * weights, learning_rate=0.01), fitted, rtol=1e-7)
    assert not onp.allclose(scores(None, learning_rate=0.01), fitted, rtol=1e-3)


def test_the_share_that_a_cluster_gets_is_that_of_its_weights():
    clusters = onp.repeat([[-3.0], [3.0]], 200, axis=0) + onp.random.default_rng(1).normal(size=(400, 1))
    weights = onp.repeat([1.0, 9.0], 200)
    flow = {"flow": "rq_nsf", "steps": 300, "learning_rate": 0.01, "validation": None}
    draws = density(**flow).fit(clusters, sample_weight=weights).sample(4000, random_state=0)
    assert (draws > 0).mean() == pytest.approx(0.9, abs=0.04)


def test_rows_are_held_out_of_those_that_count():
    weights = onp.zeros(60)
    weights[:2] = 1.0
    assert density().fit(X, sample_weight=weights).result_.history["validation"] == []


@pytest.mark.parametrize("number", [2, 0.5])
def test_one_weight_for_all_rows_is_none(number):
    onp.testing.assert_array_equal(scores(number), scores(onp.full(60, float(number))))
    onp.testing.assert_allclose(scores(number), scores(None), rtol=1e-9)


# --- sample_weight of ConditionalFlowDensity ---


def predictions(weights, rows=slice(None), **settings):
    return conditional(**settings).fit(X[rows, :2], X[rows, 2], weights).predict(X[:, :2])


def test_outputs_of_weight_0_are_as_if_they_were_not_there():
    counts = onp.arange(60) % 3 > 0
    alone = predictions(None, counts, validation=None)
    onp.testing.assert_allclose(predictions(1.0 * counts, validation=None), alone, rtol=1e-9)
    assert not onp.allclose(predictions(None, validation=None), alone, rtol=1e-4)


def test_in_whole_batches_a_weight_of_two_is_two_rows():
    """With nothing held out and all rows in each batch no chance is left, but that of the order of sums."""
    weights = 1.0 + onp.arange(60) % 3
    twice = onp.repeat(onp.arange(60), weights.astype(int))
    options = {"validation": None, "batch_size": 1000}
    onp.testing.assert_allclose(predictions(weights, **options), predictions(None, twice, **options), rtol=1e-7)


def test_the_median_is_that_of_the_weighted_rows():
    x, y = onp.zeros((400, 1)), onp.repeat([-3.0, 3.0], 200) + 0.3 * onp.random.default_rng(0).normal(size=400)
    fitted = conditional(steps=60, learning_rate=0.02)
    low, high = ([9.0, 1.0], [1.0, 9.0])
    assert fitted.fit(x, y, onp.repeat(low, 200)).predict(x[:1])[0] < -2.0
    assert fitted.fit(x, y, onp.repeat(high, 200)).predict(x[:1])[0] > 2.0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (onp.ones(59), r"^sample_weight must have one number for each of the 60 rows; got shape \(59,\)$"),
        (onp.ones((60, 1)), r"^sample_weight must have one number for .* rows; got shape \(60, 1\)$"),
        (onp.where(onp.arange(60) == 7, -1.0, 1.0), "^sample_weight must be at least 0; got -1 in row 7$"),
        (onp.zeros(60), "^sample_weight must be above zero in some row; got zero in all 60$"),
        (onp.full(60, onp.nan), "sample_weight contains NaN"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, message):
    refused(ValueError, message, density().fit, X, None, weights)


def test_draws_come_after_fit_and_in_numbers_of_at_least_one():
    refused(NotFittedError, "not fitted yet", density().sample)
    refused(ValueError, "^n_samples must be an integer of at least 1; got 0$", density().fit(X).sample, 0)


def ctrl_c(done):
    signal.raise_signal(signal.SIGINT)
    return 1.0


def test_ctrl_c_ends_a_search_but_leaves_the_estimator_fitted():
    stopped = density(fit_options={"schedule": ctrl_c}, validation=None)  # a single step need not make it better
    with pytest.raises(KeyboardInterrupt, match="the best parameters so far are kept"):
        stopped.fit(X)
    assert stopped.result_.ended is nf.Ended.INTERRUPTED and onp.isfinite(stopped.score(X))
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(stopped, X, cv=2)


# --- in a search, a file, a table ---


def test_a_search_takes_the_setting_with_the_largest_mean_likelihood():
    folds = KFold(2, shuffle=True, random_state=0)
    short = density(steps=40, validation=None)
    search = GridSearchCV(short, {"learning_rate": [1e-9, 1e-2]}, cv=folds).fit(X)
    for rate, found in zip([1e-9, 1e-2], search.cv_results_["mean_test_score"], strict=True):
        scores = cross_val_score(clone(short).set_params(learning_rate=rate), X, cv=folds)
        assert found == pytest.approx(scores.mean(), rel=1e-12)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])


def test_a_fitted_estimator_survives_joblib(tmp_path):
    for fitted in (density().fit(X), conditional().fit(X[:, :2], X[:, 2])):
        joblib.dump(fitted, tmp_path / "fitted.joblib")
        restored = joblib.load(tmp_path / "fitted.joblib")
        arguments = (X,) if isinstance(fitted, FlowDensity) else (X[:, :2], X[:, 2])
        onp.testing.assert_array_equal(restored.score_samples(*arguments), fitted.score_samples(*arguments))


def test_names_of_columns_are_kept_and_their_order_matters():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=["a", "b", "c"]).assign(d=X[:, 0] > 5)
    fitted = density(fit_options={"jitter": [0.0, 0.0, 0.0, 1.0]}).fit(table)
    assert fitted.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert onp.isfinite(fitted.score_samples(table)).all()
    with pytest.raises(ValueError, match="same order"):
        fitted.score_samples(table[["b", "a", "c", "d"]])


def test_what_is_no_number_is_refused_by_column_in_every_method():
    words = Table({"a": X[:, 0], "b": Column("b", onp.zeros(60), Category())})
    message = r"^X must have columns of numbers; got column 'b' \(category\): encode"
    for call in (density().fit, density().fit(X).score_samples, conditional().fit(X, X[:, 0]).predict):
        refused(TypeError, message, call, words)
    missing = Column("age", onp.zeros(60), missing=(4,))
    refused(ValueError, "^y must have .*; column 'age' has none in row 4: leave out", conditional().fit, X, missing)
    nameless = Column(None, onp.zeros(60), missing=(4,))
    refused(
        ValueError, "^y must have a value everywhere; it has none in row 4: leave out", conditional().fit, X, nameless
    )
    nameless = Column(None, onp.zeros(60), Category())
    refused(TypeError, "^y must have columns of numbers; got a column of category: enc", conditional().fit, X, nameless)
    refused(TypeError, "^X must not require a gradient;", density().fit, Tensor(X, requires_grad=True))
    onp.testing.assert_array_equal(density().fit(Tensor(X)).score_samples(X), density().fit(X).score_samples(X))


def test_masked_values_dates_and_texts_are_no_data_and_settings_are_blamed_by_their_own_names():
    masked, message = onp.ma.masked_array(X, mask=X > X.mean()), " must have a value everywhere; got a masked array"
    refused(TypeError, "X" + message, density().fit, masked)
    refused(TypeError, "X" + message, conditional().fit, masked, X)
    refused(TypeError, "y" + message, conditional().fit, X, masked)
    refused(TypeError, "sample_weight" + message, density().fit, X, sample_weight=masked[:, 0])
    for dates_or_texts in (X.astype("M8[s]"), X.astype("m8[s]"), X.astype(str)):
        refused(TypeError, "X must be an array of real numbers; got dtype ", density().fit, dates_or_texts)
        refused(TypeError, "y must be an array of real numbers; got dtype ", conditional().fit, X, dates_or_texts)
    for wrong in (3, [], "a", {"dim"}):
        message = "must be a dict of arguments by their names, or None; got "
        refused(TypeError, f"flow_options {message}", density(flow_options=wrong).fit, X)
        refused(TypeError, f"fit_options {message}", density(fit_options=wrong).fit, X)
    refused(ValueError, "flow_options must leave out dim, .*; got dim", density(flow_options={"dim": 3}).fit, X)
    refused(ValueError, "fit_options must leave out flow, x, .*; got rng", density(fit_options={"rng": 3}).fit, X)
    small = conditional(draws=onp.uint8(200)).fit(X, X)
    onp.testing.assert_array_equal(small.predict(X), conditional(draws=200).fit(X, X).predict(X))
    refused(ValueError, "learning_rate must be positive and finite; got -1", density(learning_rate=-1).fit, X)
