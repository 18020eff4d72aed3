"""Classification accuracy score: how well a classifier does on real rows that has seen only rows made by a model.

    CAS = P(c(x) = y),    (x, y) real,    c trained on made rows and the classes that they were made for            (1)

(Ravuri and Vinyals 2019, arXiv:1905.10887.) A conditional model scores well if each class lies where it belongs and has
all of its kinds; good-looking draws of a few kinds score low. Compare with the same classifier trained on as many real
rows. More made rows cost nothing, so the score can be higher with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch import backend
from nfscratch.array_kinds import refuse_masked
from nfscratch.evaluate.checked_draws import sample
from nfscratch.evaluate.estimate import Estimate, mean_and_error
from nfscratch.excerpt import excerpt


def classification_accuracy_score(
    x_made: Any, labels_made: Any, x_real: Any, labels_real: Any, classifier: Any = None
) -> Estimate:
    """(1) of x_made (N, D) with labels_made (N,), measured on x_real (M, D) with labels_real (M,); from 0 to 1.

    classifier: with fit(x, labels) and predict(x), as scikit-learn's have; a copy is fitted. Default: scikit-learn's
    SVC() on standardised columns, a support vector machine with a Gaussian kernel. Its time grows as N^2: above some
    10,000 made rows another is faster. The error is that of M real rows; another training may differ by more.
    """
    x_made, x_real = sample("x_made", x_made, least=2), sample("x_real", x_real)
    if x_made.shape[1] != x_real.shape[1]:
        raise ValueError(f"x_made and x_real must have equally many columns; got {x_made.shape} and {x_real.shape}")
    labels_made, labels_real = _labels("made", labels_made, x_made), _labels("real", labels_real, x_real)
    if len(np.unique(labels_made)) < 2:
        raise ValueError(f"labels_made must have at least 2 classes; got {excerpt(labels_made.tolist()[0])} alone")
    real, made = labels_real.tolist(), labels_made.tolist()
    if not set(real) & set(made):
        raise ValueError(
            f"labels_real and labels_made must have classes in common; got {excerpt(real[0])} and {excerpt(made[0])}"
        )
    fitted = _copy(classifier).fit(x_made, labels_made)
    return mean_and_error(np.asarray(fitted.predict(x_real)) == labels_real)


def _copy(classifier):
    from sklearn.base import clone

    if classifier is None:
        return _default()
    if isinstance(classifier, type) or not all(hasattr(classifier, method) for method in ("fit", "predict")):
        raise TypeError(f"classifier must have fit and predict, such as sklearn's SVC(); got {excerpt(classifier)}")
    return clone(classifier, safe=False)


def _default():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC())


def _labels(which, labels, x):
    refuse_masked(f"labels_{which}", labels)
    labels = np.asarray(backend.to_numpy(labels))
    if labels.dtype.kind == "O":  # as tables hold words
        labels = np.array(labels.tolist())
    if labels.dtype.kind not in "biufUS":
        raise TypeError(f"labels_{which} must be numbers, or words, without a gap; got dtype {labels.dtype}")
    if labels.shape != (len(x),):
        raise ValueError(
            f"labels_{which} must have one class for each row of x_{which}, shape ({len(x)},); got {labels.shape}"
        )
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (labels == np.floor(labels))).all():
        raise ValueError(f"labels_{which} must be classes; got numbers that are not whole, such as NaN, inf or 0.5")
    return labels
