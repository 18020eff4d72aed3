"""Classification accuracy score: problems whose best accuracy is known, and a model that lost a kind."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from strict import StrictArray

from nfscratch.evaluate import classification_accuracy_score as cas


def rng(seed=0):
    return np.random.default_rng(seed)


def two_gaussians(n, d, seed, offset=0.0):
    """N(0, I) and N(d e_1, I), n rows each: the best rule cuts at d / 2 and is right with probability Phi(d / 2)."""
    labels = np.arange(2 * n) % 2
    return rng(seed).normal(size=(2 * n, 2)) + offset + np.outer(labels, [d, 0.0]), labels


@pytest.mark.parametrize("d", [2.0, *(pytest.param(d, marks=pytest.mark.exhaustive) for d in (1.0, 4.0))])
@pytest.mark.parametrize("classifier", [None, LogisticRegression()])
def test_made_rows_of_the_right_law_reach_the_best_accuracy(d, classifier):
    found = cas(*two_gaussians(500, d, 1), *two_gaussians(2000, d, 2), classifier)
    assert abs(found.mean - norm.cdf(d / 2)) < 3 * found.error + 0.005  # a trained rule is a little worse than the best
    assert found.error == pytest.approx((found.mean * (1 - found.mean) / 3999) ** 0.5)


def test_a_model_that_lost_a_kind_loses_its_rows():
    """Class 1 lies at -10 and at 10, and was made at 10 alone: half of its real rows are taken for class 0."""
    made, labels = two_gaussians(200, 10.0, 1)
    real, classes = two_gaussians(200, 10.0, 2)
    real[classes == 1, 0] *= np.where(np.arange(200) % 2, 1, -1)
    assert cas(made, labels, real, classes).mean == 0.75


def test_made_rows_of_the_other_class_are_as_often_wrong_as_they_would_be_right():
    made, labels = two_gaussians(500, 2.0, 1)
    swapped = cas(made, 1 - labels, *two_gaussians(2000, 2.0, 2), LogisticRegression())
    assert abs(swapped.mean - norm.cdf(-1)) < 0.02


def test_made_rows_in_other_units_than_the_real_ones_are_not_forgiven():
    made, labels = two_gaussians(200, 4.0, 1)
    assert cas(made / 100, labels, *two_gaussians(200, 4.0, 2)).mean < 0.6
    both = cas(made * [1, 1e6], labels, *(two_gaussians(200, 4.0, 2)[0] * [1, 1e6], labels))
    assert both.mean == cas(made, labels, *two_gaussians(200, 4.0, 2)).mean


def test_labels_may_be_words_and_a_class_that_was_never_made_is_wrong():
    made, labels = two_gaussians(50, 8.0, 1)
    words = np.array(["a", "b"])[labels]
    assert cas(made, words, made, words).mean == 1
    real = np.concatenate([made, made[:50]])
    assert cas(made, words, real, np.r_[words, ["c"] * 50]).mean == pytest.approx(100 / 150)


def test_labels_of_a_table_may_be_objects():
    a, b = rng(1).normal(size=(2, 40, 2))
    labels = (a[:, 0] > 0).astype(int)
    ints, objects = (cas(a, y, b, y) for y in (labels, labels.astype(object)))
    assert ints == objects
    with pytest.raises(TypeError, match="labels_made must be numbers, or words, without a gap; got dtype object"):
        cas(a, [None, 1] * 20, b, labels)


def test_the_callers_classifier_stays_as_it_is():
    mine = LogisticRegression()
    cas(*two_gaussians(50, 4.0, 1), *two_gaussians(50, 4.0, 2), mine)
    assert not hasattr(mine, "coef_")


def test_device_arrays_are_taken():
    (made, labels), (real, classes) = two_gaussians(50, 2.0, 1), two_gaussians(50, 2.0, 2)
    assert cas(*map(StrictArray, (made, labels, real, classes))) == cas(made, labels, real, classes)


MADE, LABELS = two_gaussians(10, 2.0, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (MADE, LABELS[:5], MADE, LABELS),
            ValueError,
            "labels_made must have one class for each row of x_made",
        ),
        ((MADE, LABELS, MADE, np.eye(2)[LABELS]), ValueError, r"labels_real .* shape \(20,\); got \(20, 2\)"),
        ((MADE, LABELS, MADE[:, :1], LABELS), ValueError, "x_made and x_real must have equally many columns"),
        ((MADE * np.nan, LABELS, MADE, LABELS), ValueError, "x_made must be finite"),
        ((MADE[:1], LABELS[:1], MADE, LABELS), ValueError, "x_made must have shape .* at least 2 rows"),
        ((MADE, 0 * LABELS, MADE, LABELS), ValueError, "labels_made must have at least 2 classes; got .*0.* alone"),
        ((MADE, LABELS + 0.5, MADE, LABELS), ValueError, "labels_made must be classes; got numbers that are not whole"),
        ((MADE, LABELS, MADE, LABELS.astype(str)), ValueError, "must have classes in common"),
        ((MADE, LABELS, MADE, LABELS, 3), TypeError, "classifier must have fit and predict, such as sklearn's SVC"),
        ((MADE, LABELS, MADE, LABELS, LogisticRegression), TypeError, "classifier must have fit and predict"),
        ((MADE + 0j, LABELS, MADE, LABELS), TypeError, "x_made must be an array of real numbers"),
    ],
)
def test_what_cannot_be_classified_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        cas(*arguments)
