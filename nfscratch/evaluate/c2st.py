"""C2ST, classifier two-sample test: the accuracy with which a classifier tells two samples apart.

    C2ST(a, b) = held-out accuracy of "does this point come from b?";  .5: the laws are equal, 1: they are apart

With equally many points of both, the best classifier reaches (1 + TV(p, q)) / 2, TV the total variation distance; a
trained one stays below it, and scatters about .5 by sqrt(.25 / points) where nothing differs.

Friedman 2003; Lopez-Paz and Oquab 2017, arXiv:1610.06545. The classifier is that of the benchmark of Lueckmann et al.
2021, arXiv:2101.04653, so that numbers can be compared with published ones: both samples scaled by the first one's
mean and standard deviation; scikit-learn's MLP with two hidden layers of 10 D ReLU units, trained by Adam; the mean
accuracy over 5 folds, shuffled; seed 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch import validate
from nfscratch.evaluate.checked_draws import two_samples


def c2st(a: Any, b: Any, *, seed: int = 1, folds: int = 5) -> float:
    """Accuracy between .5 (alike) and 1 (apart); a (N, D) is the reference, b (M, D) is compared with it.

    Both should have equally many points: else always naming the larger one is right more often than half the time.
    """
    folds, seed = validate.count("folds", folds, least=2), validate.count("seed", seed, most=2**32 - 1)
    a, b = two_samples(a, b, least=folds)
    std = a.std(axis=0, ddof=1)
    if not (std > 0).all():
        raise ValueError(f"a must vary in every column; column {int(np.argmin(std))} is constant")
    points = (np.concatenate([a, b]) - a.mean(axis=0)) / std
    return _accuracy(points, np.repeat([0, 1], [len(a), len(b)]), folds, seed)


def _accuracy(points, labels, folds, seed):
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.neural_network import MLPClassifier

    width = 10 * points.shape[1]
    classifier = MLPClassifier((width, width), activation="relu", solver="adam", max_iter=10_000, random_state=seed)
    split = KFold(n_splits=folds, shuffle=True, random_state=seed)
    return float(cross_val_score(classifier, points, labels, cv=split, scoring="accuracy").mean())
