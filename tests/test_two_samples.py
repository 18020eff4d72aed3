"""MMD, energy distance and permutation tests against closed forms, at their level, and far from 0."""

import tracemalloc

import numpy as np
import pytest
from gaussian_distances import energy_of_gaussians, mmd_of_gaussians
from scipy.stats import binom, norm
from strict import StrictArray

from nfscratch.evaluate import (
    c2st,
    energy_distance,
    energy_test,
    mean_and_error,
    median_distance,
    mmd,
    mmd_test,
    pairs_of_rows,
    permutation_test,
)

LAWS = [(0.0, 1.0), (0.5, 1.0), (2.0, 1.0), (0.0, 2.0), (1.0, 0.5)]  # N(d, t^2), beside N(0, 1)


def rng(seed=0):
    return np.random.default_rng(seed)


def repeated(measure, d, t, dim, repetitions=100, n=60, m=80, seed=7):
    """The measure of samples from N(0, I) and N(d e_1, t^2 I), over and over."""
    r, shift = rng([seed, dim]), np.eye(dim)[0] * d
    return np.array([measure(r.normal(size=(n, dim)), shift + t * r.normal(size=(m, dim))) for _ in range(repetitions)])


# --- closed forms ---


@pytest.mark.parametrize(("d", "t"), LAWS)
@pytest.mark.parametrize("dim", [1, 3])
def test_mmd_of_two_gaussians(d, t, dim):
    found = mean_and_error(repeated(lambda a, b: mmd(a, b, bandwidth=1.5), d, t, dim))
    assert abs(found.mean - mmd_of_gaussians(d, 1.0, t, dim, 1.5)) < 3 * found.error


@pytest.mark.parametrize(("d", "t"), LAWS)
def test_energy_distance_of_two_gaussians(d, t):
    found = mean_and_error(repeated(energy_distance, d, t, 1))
    assert abs(found.mean - energy_of_gaussians(d, 1.0, t)) < 3 * found.error


@pytest.mark.exhaustive
def test_in_many_repetitions_closed_forms_lie_within_two_standard_errors_as_often_as_they_should():
    """40 of them: 95 % should; 32 or fewer come in one run of a thousand. None may be beyond four."""
    off = []
    for k, (d, t) in enumerate(LAWS):
        for h in (0.3, 0.7, 1.5, 5.0):
            found = repeated(lambda a, b, h=h: mmd(a, b, bandwidth=h), d, t, 2, repetitions=1000, seed=k)
            off.append(errors_off(found, mmd_of_gaussians(d, 1.0, t, 2, h)))
        for seed in range(4):
            found = repeated(energy_distance, d, t, 1, repetitions=1000, seed=10 * k + seed)
            off.append(errors_off(found, energy_of_gaussians(d, 1.0, t)))
    print(f"{sum(z < 2 for z in off)} of {len(off)} within two standard errors, the largest at {max(off):.2f}")
    assert sum(z < 2 for z in off) > 32 and max(off) < 4


def errors_off(found, true):
    mean, error = mean_and_error(found)
    return abs(mean - true) / error


def test_the_biased_estimate_is_too_large_by_what_its_docstring_says():
    n, m, h = 60, 80, 1.5
    equal_laws = repeated(lambda a, b: mmd(a, b, bandwidth=h, unbiased=False), 0.0, 1.0, 1, n=n, m=m)
    found = mean_and_error(equal_laws)
    bias = (1 - (h**2 / (h**2 + 2)) ** 0.5) * (1 / n + 1 / m)
    assert abs(found.mean - bias) < 3 * found.error < bias and equal_laws.min() >= 0


def test_mmd_and_energy_distance_by_hand():
    a, b = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]])
    k = np.exp(-np.square([1.0, 2.0, 3.0, 5.0, 2.0, 4.0]) / 2)
    assert mmd(a, b, bandwidth=1.0) == pytest.approx(k[0] + k[1] - 2 * k[2:].mean(), rel=1e-12)
    biased = (2 + 2 * k[0]) / 4 + (2 + 2 * k[1]) / 4 - 2 * k[2:].mean()
    assert mmd(a, b, bandwidth=1.0, unbiased=False) == pytest.approx(biased, rel=1e-12)
    assert energy_distance(a, b) == pytest.approx(2 * 3.5 - 1 - 2, rel=1e-12)


def test_mmd_takes_the_median_distance_of_all_rows_by_default():
    a, b = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]])
    assert median_distance(a, b) == 2.5  # of 1, 2, 2, 3, 4, 5
    assert mmd(a, b) == mmd(a, b, bandwidth=2.5)
    many = rng().normal(size=(3000, 1))  # of 2,000 of them
    assert median_distance(many[:2000], many[2000:]) == pytest.approx(2**0.5 * 0.6745, rel=0.05)


@pytest.mark.exhaustive
@pytest.mark.parametrize("d", [0.0, 0.5, 1.0, 2.0, 3.0])
def test_c2st_of_two_gaussians_is_the_best_accuracy_within_a_hundredth(d):
    """N(0, 1) and N(d, 1): no rule is right more often than with probability Phi(d / 2)."""
    a, b = rng(8).normal(size=(2, 20_000, 1))
    assert abs(c2st(a, b + d, folds=2) - norm.cdf(d / 2)) < 0.01


# --- tests: level, power, agreement ---

TESTS = {
    "mmd": mmd_test,
    "energy": energy_test,
    "means": lambda a, b, r, **options: permutation_test(apart, a, b, r, **options),
}


def apart(a, b):
    return np.abs(a.mean(axis=0) - b.mean(axis=0)).max()


@pytest.mark.parametrize("kind", TESTS)
def test_false_alarms_come_as_often_as_the_level_says(kind):
    """P(p <= .05) is .05 exactly with 19 permutations; the band holds 99.9 % of all counts."""
    r = rng([3, len(kind)])
    alarms = sum(
        TESTS[kind](r.normal(size=(12, 2)), r.normal(size=(9, 2)), r, permutations=19).p_value <= 0.05
        for _ in range(200)
    )
    assert binom.ppf(0.0005, 200, 0.05) <= alarms <= binom.ppf(0.9995, 200, 0.05)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", TESTS)
def test_p_values_are_uniform_where_the_laws_are_equal(kind):
    r = rng([4, len(kind)])
    p = [
        TESTS[kind](r.exponential(size=(25, 1)), r.exponential(size=(40, 1)), r, permutations=19).p_value
        for _ in range(2000)
    ]
    for level in (0.05, 0.1, 0.5, 0.9):
        assert abs(np.mean(np.array(p) <= level) - level) < 4 * (level * (1 - level) / 2000) ** 0.5


@pytest.mark.parametrize("kind", TESTS)
def test_a_known_difference_is_seen(kind):
    r = rng(5)
    a, b = r.normal(size=(100, 2)), r.normal(size=(100, 2)) + [0.8, 0.0]
    result = TESTS[kind](a, b, r)
    assert result.p_value == 1 / 201 and len(result.null) == 200 and result.statistic > result.null.max()
    assert str(result).endswith("p = 0.00498 by 200 permutations")


def test_another_scale_is_seen_by_distances_and_not_by_means():
    r = rng(6)
    a, b = r.normal(size=(150, 2)), 1.6 * r.normal(size=(150, 2))
    assert mmd_test(a, b, r).p_value < 0.01 and energy_test(a, b, r).p_value < 0.01
    assert permutation_test(apart, a, b, r).p_value > 0.1


def test_the_kept_matrix_and_the_blocks_give_the_same_statistic():
    a, b = rng(1).normal(size=(40, 3)), rng(2).normal(size=(25, 3)) + 1
    for test, measure in ((mmd_test, mmd), (energy_test, energy_distance)):
        by_matrix, by_rows = test(a, b, rng(9), permutations=20), permutation_test(measure, a, b, rng(9), 20)
        assert by_matrix.statistic == pytest.approx(measure(a, b), rel=1e-10)
        np.testing.assert_allclose(by_matrix.null, by_rows.null, atol=1e-12)  # the same divisions


def test_a_statistic_that_is_always_equal_has_p_one():
    assert permutation_test(lambda a, b: 0.1 + 1e-17 * len(a), [[0.0], [1.0]], [[2.0]], rng()).p_value == 1
    constant = np.ones((10, 1))
    assert energy_test(constant, constant, rng()).p_value == 1


# --- numbers far from 0, memory, devices ---


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("measure", [mmd, energy_distance])
def test_distances_keep_their_digits_far_from_zero(measure, dtype):
    """In float32 at 1e6 numbers lie 0.0625 apart; those that are given are compared without another loss."""
    near = np.round(rng(3).normal(size=(2, 30, 2)) * 16) / 16
    far = (near + 1e6).astype(dtype)
    assert measure(*far) == pytest.approx(measure(*near), rel=1e-9)


def test_two_clusters_far_apart_keep_the_digits_within_them():
    near = np.round(rng(4).normal(size=(20, 2)) * 1024) / 1024
    a, b = np.concatenate([near, near + 1e6]), np.concatenate([near + 0.5, near + 1e6 + 0.5])
    inside = mmd(near, near + 0.5, bandwidth=0.3, unbiased=False)
    assert mmd(a, b, bandwidth=0.3, unbiased=False) == pytest.approx(inside / 2, rel=1e-9)


def peak(n, **options):
    a, b = rng(1).normal(size=(2, n, 1))
    tracemalloc.start()
    try:
        energy_distance(a, b)
        mmd(a, b, **options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_rows(monkeypatch):
    monkeypatch.setattr(pairs_of_rows, "BLOCK", 50_000)
    assert peak(1200, bandwidth=1.0) < 2_000_000  # 11.5 MB is one matrix


@pytest.mark.exhaustive
def test_ten_thousand_rows_each_need_no_more_than_a_hundred_megabytes():
    assert peak(10_000) < 100e6


def test_blocks_leave_out_no_row(monkeypatch):
    a, b = rng(1).normal(size=(37, 2)), rng(2).normal(size=(23, 2)) + 1
    whole = mmd(a, b), energy_distance(a, b)
    for block in (1, 24, 100):
        monkeypatch.setattr(pairs_of_rows, "BLOCK", block)
        np.testing.assert_allclose([mmd(a, b), energy_distance(a, b)], whole, rtol=1e-12)


def test_device_arrays_are_taken():
    a, b = rng(1).normal(size=(10, 2)), rng(2).normal(size=(8, 2))
    for measure in (mmd, energy_distance, lambda *x: mmd_test(*x, rng()).p_value):
        assert measure(StrictArray(a), StrictArray(b)) == measure(a, b)
    assert permutation_test(apart, StrictArray(a), StrictArray(b), rng()).p_value > 0


# --- what is refused ---

A = np.arange(20.0).reshape(10, 2)
MEASURES = {
    "mmd": mmd,
    "energy_distance": energy_distance,
    "mmd_test": lambda a, b: mmd_test(a, b, rng()),
    "energy_test": lambda a, b: energy_test(a, b, rng()),
    "permutation_test": lambda a, b: permutation_test(apart, a, b, rng()),
}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        (A, A[:, :1], ValueError, r"a and b must have equally many columns; got \(10, 2\) and \(10, 1\)"),
        (A[:, 0], A, ValueError, r"a must have shape \(N, D\) with at least . rows?; got \(10,\)"),
        (A, A[:0], ValueError, r"b must have shape \(N, D\) with at least . rows?; got \(0, 2\)"),
        (A, np.where(A == 7, np.nan, A), ValueError, "b must be finite; NaN or infinity in row 3"),
        (A + 0j, A, TypeError, "a must be an array of real numbers; got dtype complex128"),
        (A, "abc", TypeError, "b must be an array of real numbers"),
        (A * 1e200, A, ValueError, r"a and b must be at most 1e\+150 in size"),
    ],
)
def test_samples_that_cannot_be_compared_are_refused(name, a, b, error, message):
    with pytest.raises(error, match=message):
        MEASURES[name](a, b)


def test_differences_whose_squares_are_no_numbers_are_refused():
    """1e-200 squared is 0: the rows would look equal."""
    tiny = 1e-200 * rng(1).normal(size=(2, 9, 2))
    for measure in (energy_distance, mmd, c2st):
        with pytest.raises(ValueError, match="a and b must be all equal, or differ by 1e-150 or more"):
            measure(*tiny)


@pytest.mark.parametrize("name", ["mmd", "energy_distance", "mmd_test", "energy_test"])
def test_one_row_has_no_pair(name):
    with pytest.raises(ValueError, match=r"b must have shape \(N, D\) with at least 2 rows; got \(1, 2\)"):
        MEASURES[name](A, A[:1])


@pytest.mark.parametrize("measure", [mmd, MEASURES["mmd_test"]])
def test_rows_that_are_all_equal_have_no_bandwidth_of_their_own(measure):
    with pytest.raises(ValueError, match=r"bandwidth must be given, such as 1.0, where the median distance .* is 0"):
        measure(np.ones((5, 2)), np.ones((4, 2)))
    assert mmd(np.ones((5, 2)), np.ones((4, 2)), bandwidth=1.0) == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mmd(A, A, bandwidth=0), ValueError, "bandwidth must be positive and finite; got 0"),
        (lambda: mmd(A, A, unbiased="no"), ValueError, "unbiased must be True or False; got 'no'"),
        (lambda: mmd(A, A, bandwidth=1e-200), ValueError, "bandwidth must be at least 1e-150"),
        (lambda: mmd(A, A, bandwidth=1e200), ValueError, r"bandwidth must be at most 1e[+]150"),
        (lambda: mmd_test(A, A, -1), TypeError, "rng must be a numpy.random.Generator"),
        (lambda: energy_test(A, A, rng(), permutations=0), ValueError, "permutations must be an integer of at least 1"),
        (lambda: permutation_test(3, A, A, rng()), TypeError, r"statistic must be a function of a \(N, D\) and b"),
        (lambda: permutation_test(lambda a, b: np.nan, A, A, rng()), ValueError, "one finite number; got nan"),
        (
            lambda: permutation_test(lambda a, b: a[0], A, A, rng()),
            TypeError,
            "statistic must return a number; got an array",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_matrix_that_is_too_large_is_refused_before_it_is_made():
    a = np.zeros((6000, 1))
    message = r"mmd_test keeps .* at most 10,000 rows together \(0.8 GB\); got 12,000 rows, which need 1.2 GB: pass few"
    with pytest.raises(ValueError, match=message):
        mmd_test(a, a, rng())
