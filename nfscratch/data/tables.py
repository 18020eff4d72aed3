"""Tables that come with scikit-learn: digits, iris, wine, breast_cancer, diabetes. No download.

    parts    train 70 %, validation 15 %, test 15 % of the rows, shuffled, equal rows in one part
    jitter   digits: 1 pixel level. Others: each column's recording step (dataset.recording_step)

Split and frozen noise come from a fixed seed, the same in every run, so that published numbers compare; a
generator passed as `rng` replaces it. The labels are classes, except in diabetes (progression after a year).

A step does not remove every tie: thirteen breast_cancer rows have exact zeros in the concavity columns, and
diabetes' s5 is the logarithm of whole numbers. Such rows stay narrow ridges, which a flexible flow will find.
"""

from __future__ import annotations

import numpy as np

from nfscratch.data import shipped
from nfscratch.data.dataset import PARTS, Dataset, jittered, recording_step, split

SEED = 20240517  # fixes split and frozen noise; changing it changes every number measured on these sets

UCI = "UCI Machine Learning Repository, CC BY 4.0, as shipped with scikit-learn"
SOURCES = {
    "digits": f"Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits (its test set), {UCI}",
    "iris": f"Fisher 1936, Iris, {UCI}",
    "wine": f"Forina et al. (PARVUS), Wine, {UCI}",
    "breast_cancer": f"Wolberg et al. 1993, Breast Cancer Wisconsin (Diagnostic), {UCI}",
    "diabetes": "Efron et al. 2004, Least Angle Regression (no licence stated), as shipped with scikit-learn",
}
UNITS = {
    "digits": "pixel levels, 0 to 16, plus U[0, 1)",
    "iris": "cm, plus U[0, .1)",
    "wine": "as measured, a unit per column, plus U[0, step of the column)",
    "breast_cancer": "as measured, a unit per column, plus U[0, step of the column)",
    "diabetes": "as measured (age in years, sex 1 or 2, body mass index, ...), plus U[0, step of the column)",
}


def _fetch(name: str) -> shipped.Table:
    table = shipped.read(name)
    if table is not None:
        return table
    from sklearn import datasets

    if name == "diabetes":  # scikit-learn's default divides every column by its norm over *all* rows, test included
        return datasets.load_diabetes(return_X_y=True, scaled=False)
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def load_table(name: str, rng: np.random.Generator | None = None, n: int | None = None) -> Dataset:
    """The table `name` as a Dataset; `n` keeps the first n training rows after the shuffle."""
    rng = np.random.default_rng(SEED) if rng is None else rng
    x, target = _fetch(name)
    x = np.asarray(x, dtype=float)
    step = 1.0 if name == "digits" else recording_step(x)
    rows = dict(zip(PARTS, split(rng, x), strict=True))
    arrays = {part: x[rows[part]] for part in PARTS}
    for part in ("validation", "test"):
        arrays[part] = jittered(rng, arrays[part], step)
    keep = first_rows(name, len(arrays["train"]), n)
    rows["train"], arrays["train"] = rows["train"][:keep], arrays["train"][:keep]
    return Dataset(
        name=name,
        **arrays,
        source=SOURCES[name],
        units=UNITS[name],
        labels={part: np.asarray(target)[rows[part]] for part in PARTS},
        columns=shipped.COLUMNS[name],
        jitter=step,
    )


def first_rows(name: str, available: int, n: int | None) -> int:
    """How many training rows `n` asks for."""
    if n is not None and n > available:
        raise ValueError(f"n must be at most {available}, the training rows of {name}; got {n}")
    return available if n is None else n
