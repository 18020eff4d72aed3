"""nf.evaluate: C2ST, simulation-based calibration and TARP against known answers, and against draws that are wrong."""

import numpy as np
import pytest
from scipy import stats

import nfscratch as nf
from nfscratch.evaluate import c2st, sbc_ranks, sbc_test, tarp


def rng(seed=0):
    return np.random.default_rng(seed)


def gaussian_pairs(n=1000, L=99, dim=2, scale=1.0, shift=0.0, seed=0):
    """theta from the posterior N(m, I) of its data; draws of N(m + shift, scale^2 I), exact where these are 0 and 1."""
    r = rng(seed)
    m = 2 * r.normal(size=(n, 1, dim))
    return (m + r.normal(size=m.shape))[:, 0], m + shift + scale * r.normal(size=(n, L, dim))


# --- C2ST ---


def test_equal_laws_have_c2st_one_half():
    a, b = rng().normal(size=(2, 500, 1))
    assert abs(c2st(a, b, folds=2) - 0.5) < 4 * (0.25 / 1000) ** 0.5


def test_c2st_of_two_shifted_gaussians_is_the_best_accuracy_there_is():
    """N(0, 1) and N(d, 1): the best rule cuts at d / 2 and is right with probability Phi(d / 2)."""
    a, b = rng().normal(size=(2, 1000, 1))
    found, best = c2st(a, b + 1.5, folds=2), stats.norm.cdf(0.75)
    assert abs(found - best) < 4 * (best * (1 - best) / 2000) ** 0.5


def test_laws_that_lie_apart_have_c2st_one():
    a, b = rng().normal(size=(2, 100, 1))
    assert c2st(a, b + 20, folds=2) == 1


def test_c2st_is_the_benchmarks_definition(monkeypatch):
    """Scaled by the first sample with ddof 1; two layers of 10 D ReLU units, Adam; shuffled folds; accuracy."""
    seen = {}

    def cross_val_score(classifier, points, labels, *, cv, scoring):
        seen.update(classifier.get_params(), points=points, labels=labels, cv=cv, scoring=scoring)
        return np.array([0.5, 0.7])

    monkeypatch.setattr("sklearn.model_selection.cross_val_score", cross_val_score)
    a, b = rng().normal(size=(2, 60, 3)) * [[[1]], [[0.5]]] * [1, 10, 100] + 5
    assert c2st(a, b) == pytest.approx(0.6)
    scaled = np.concatenate([(a - a.mean(0)) / a.std(0, ddof=1), (b - a.mean(0)) / a.std(0, ddof=1)])
    np.testing.assert_allclose(seen["points"], scaled)
    np.testing.assert_array_equal(seen["labels"], [0] * 60 + [1] * 60)
    asked = {"hidden_layer_sizes": (30, 30), "activation": "relu", "solver": "adam", "max_iter": 10_000}
    assert asked.items() <= seen.items() and seen["random_state"] == 1 and seen["scoring"] == "accuracy"
    cv = seen["cv"]
    assert (cv.n_splits, cv.shuffle, cv.random_state) == (5, True, 1)


A = np.zeros((20, 2)) + np.arange(20)[:, None]


@pytest.mark.parametrize(
    ("a", "b", "options", "error", "message"),
    [
        (A, A[:, :1], {}, ValueError, r"equally many columns; got \(20, 2\) and \(20, 1\)"),
        (A[:3], A, {}, ValueError, r"a must have shape \(N, D\) with at least 5 rows; got \(3, 2\)"),
        (A, A[:, 0], {}, ValueError, r"b must have shape \(N, D\) with at least 5 rows; got \(20,\)"),
        (A * [1, 0], A, {}, ValueError, "a must vary in every column; column 1 is constant"),
        (A, A * np.nan, {}, ValueError, "b must be finite; NaN or infinity in row"),
        (A, "abc", {}, TypeError, "b must be an array of real numbers"),
        (A, A, {"folds": 1}, ValueError, "folds must be an integer of at least 2; got 1"),
        (A, A, {"seed": 0.5}, ValueError, "seed must be an integer of at least 0; got 0.5"),
    ],
)
def test_c2st_refuses_what_it_cannot_compare(a, b, options, error, message):
    with pytest.raises(error, match=message):
        c2st(a, b, **options)


# --- SBC ---


def test_ranks_count_the_draws_below():
    draws = np.array([[[1.0, 5], [2, 6], [3, 7]], [[0, 0], [0, 0], [0, 0]]])
    np.testing.assert_array_equal(sbc_ranks([[2.5, 4], [-1, 1]], draws), [[2, 0], [0, 3]])


def test_exact_draws_pass():
    theta, draws = gaussian_pairs()
    assert sbc_test(sbc_ranks(theta, draws), 99).min() > 0.01
    assert tarp(theta, draws, rng()).inside


def test_draws_that_are_shifted_fail():
    theta, draws = gaussian_pairs(shift=0.3)
    assert sbc_test(sbc_ranks(theta, draws), 99).max() < 1e-4


@pytest.mark.parametrize("scale", [0.7, 1.4])
def test_draws_that_are_overconfident_or_too_wide_fail(scale):
    theta, draws = gaussian_pairs(scale=scale)
    assert sbc_test(sbc_ranks(theta, draws), 99).max() < 1e-4
    curve = tarp(theta, draws, rng())
    assert not curve.inside and curve.p_value < 0.05


def test_ranks_of_overconfident_draws_have_the_law_that_follows_from_their_scale():
    """One variable, draws of N(0, s^2): P(rank / L <= u) = Phi(s Phi^-1(u)) as L grows."""
    theta, draws = gaussian_pairs(4000, 999, 1, scale=0.5)
    for u in (0.05, 0.25, 0.5, 0.75):
        expected = stats.norm.cdf(0.5 * stats.norm.ppf(u))
        found = (sbc_ranks(theta, draws) <= u * 999).mean()
        assert abs(found - expected) < 4 * (expected * (1 - expected) / 4000) ** 0.5


@pytest.mark.parametrize(("L", "bins"), [(99, 20), (100, 20), (9, 4), (1, 2), (7, 8)])
def test_one_of_each_rank_is_perfectly_uniform(L, bins):
    """The expected counts are exact, also where the bins do not divide L + 1: chi-square is 0."""
    ranks = np.tile(np.arange(L + 1), 3)[:, None]
    np.testing.assert_allclose(sbc_test(ranks, L, bins=bins), 1)


def test_chi_square_by_hand():
    """L = 4, two bins of 3 and 2 ranks; 10 ranks, of which 6 and 4 are expected, and 3 and 7 come."""
    ranks = np.array([0, 1, 2, 3, 3, 3, 4, 4, 4, 4])[:, None]
    expected = stats.chi2.sf(9 / 6 + 9 / 4, 1)
    np.testing.assert_allclose(sbc_test(ranks, 4, bins=2), expected)


@pytest.mark.parametrize("L", [10, 99, pytest.param(1000, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("n", [60, pytest.param(500, marks=pytest.mark.exhaustive)])
def test_false_alarms_come_as_often_as_the_level_says(L, n):
    ranks = rng([L, n]).integers(0, L + 1, size=(n, 4000))
    alarms = (sbc_test(ranks, L) < 0.05).mean()
    assert abs(alarms - 0.05) < 4 * (0.05 * 0.95 / 4000) ** 0.5 + 0.005  # chi-square's law holds for large counts


@pytest.mark.parametrize(
    ("ranks", "L", "bins", "message"),
    [
        ([[0, 5]], 4, None, "ranks must be whole numbers from 0 to n_draws, 4; got values from 0 to 5"),
        ([[-1.0]], 4, None, "ranks must be whole numbers"),
        ([[0.5]], 4, None, "ranks must be whole numbers"),
        ([[1e300]], 4, None, "ranks must be whole numbers"),
        ([[0], [np.nan]], 4, None, "ranks must be finite; NaN or infinity in row 1"),
        ([[-np.inf]], 4, None, "ranks must be finite; NaN or infinity in row 0"),
        ([1, 2], 4, None, r"ranks must have shape \(N, D\)"),
        ([[1]], 0, None, "n_draws must be an integer of at least 1"),
        ([[1]], 4, 6, "bins must be at most n_draws [+] 1, the number of ranks; got 6 bins and 4 draws"),
        ([[1]], 4, 1, "bins must be an integer of at least 2"),
    ],
)
def test_sbc_test_refuses_what_are_no_ranks(ranks, L, bins, message):
    with pytest.raises(ValueError, match=message):
        sbc_test(ranks, L, bins=bins)


@pytest.mark.parametrize("of", [sbc_ranks, lambda theta, draws: tarp(theta, draws, rng())])
@pytest.mark.parametrize(
    ("theta", "draws", "message"),
    [
        (np.zeros(3), np.zeros((3, 5, 1)), r"theta must have shape \(N, D\), one row for each simulation; got \(3,\)"),
        (np.zeros((3, 1)), np.zeros((3, 5)), r"draws must have shape \(3, L, 1\), L draws for each row of theta"),
        (np.zeros((3, 1)), np.zeros((2, 5, 1)), r"draws must have shape \(3, L, 1\).*got \(2, 5, 1\)"),
        (np.zeros((3, 1)), np.zeros((3, 0, 1)), r"draws must have shape \(3, L, 1\)"),
        (np.zeros((0, 1)), np.zeros((0, 5, 1)), r"theta must have shape \(N, D\)"),
        (np.full((3, 1), np.nan), np.zeros((3, 5, 1)), "theta must be finite"),
        (np.zeros((3, 1)), np.full((3, 5, 1), np.inf), "draws must be finite"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(of, theta, draws, message):
    with pytest.raises(ValueError, match=message):
        of(theta, draws)


# --- TARP ---


def test_coverage_ends_at_0_and_1_and_never_falls():
    curve = tarp(*gaussian_pairs(50, 9), rng())
    assert curve.levels.shape == curve.coverage.shape == (11,)
    assert curve.coverage[0] == curve.levels[0] == 0 and curve.coverage[-1] == curve.levels[-1] == 1
    assert (np.diff(curve.coverage) >= 0).all() and np.allclose(np.diff(curve.levels), 0.1)


def test_coverage_of_overconfident_draws_is_the_known_one():
    """One variable: the share of N(0, s^2) within |theta - r| of r, by normal probabilities instead of draws."""
    theta, draws = gaussian_pairs(4000, 999, 1, scale=0.5)
    m = draws.mean(axis=1)
    low, width = theta.min(axis=0), np.ptp(theta, axis=0)
    r = low + width * rng(7).random(theta.shape)
    radius = np.abs(theta - r)
    share = stats.norm.cdf((r + radius - m) / 0.5) - stats.norm.cdf((r - radius - m) / 0.5)
    curve = tarp(theta, draws, rng(7))
    for level in (0.1, 0.5, 0.9):
        assert np.interp(level, curve.levels, curve.coverage) == pytest.approx((share < level).mean(), abs=0.01)
    assert curve.coverage[100] > 0.2 and curve.coverage[900] < 0.8  # 0.1 and 0.9 for exact draws


def test_the_units_of_a_variable_make_no_difference():
    theta, draws = gaussian_pairs(200, 49)
    other = tarp(theta * [1, 1e6] + [0, 3], draws * [1, 1e6] + [0, 3], rng())
    np.testing.assert_allclose(tarp(theta, draws, rng()).coverage, other.coverage, atol=0.011)


@pytest.mark.exhaustive
def test_the_band_holds_a_right_curve_as_often_as_it_says():
    inside = [tarp(*gaussian_pairs(300, 99, seed=seed), rng(seed)).inside for seed in range(600)]
    assert np.mean(inside) > 0.95 - 3 * (0.95 * 0.05 / 600) ** 0.5


def test_neither_sees_that_draws_ignore_the_data():
    """The prior in place of the posterior passes both, as the docstrings say; C2ST with exact draws would not."""
    theta = rng(1).uniform(size=(1000, 2))
    draws = rng(2).uniform(size=(1000, 99, 2))
    assert sbc_test(sbc_ranks(theta, draws), 99).min() > 0.01 and tarp(theta, draws, rng()).inside


def test_rng_is_a_generator():
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
        tarp(*gaussian_pairs(5, 5), -1)


def test_evaluate_is_there_when_it_is_asked_for():
    assert nf.evaluate.c2st is c2st
