"""The files behind scikit-learn's tables, read where they lie: importing sklearn.datasets takes over a second.

    iris, wine, breast_cancer    a line of names, then rows of values; the last column is the label
    digits                       the same without the line of names
    diabetes                     values and labels in two files

Where an installation keeps them elsewhere, scikit-learn itself is asked (tables.py). A test compares every number with
what it gives.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

CELL = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points", "symmetry",
    "fractal dimension",
)  # fmt: skip

COLUMNS = {
    "digits": tuple(f"pixel_{i}_{j}" for i in range(8) for j in range(8)),
    "iris": ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"),
    "wine": (
        "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
        "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280/od315_of_diluted_wines", "proline",
    ),
    "breast_cancer": (
        *(f"mean {name}" for name in CELL), *(f"{name} error" for name in CELL), *(f"worst {name}" for name in CELL)
    ),
    "diabetes": ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
}  # fmt: skip

Table = tuple[np.ndarray, np.ndarray]  # values (N, D), labels (N,)


def read(name: str) -> Table | None:
    """Values and labels of the table `name`; None where its file is not where scikit-learn keeps it."""
    found = find_spec("sklearn")  # looks for the package without importing it
    if found is None or found.origin is None:
        return None
    try:
        x, labels = READERS[name](Path(found.origin).parent / "datasets" / "data")
    except (OSError, ValueError):
        return None
    return (x, labels) if x.shape[1] == len(COLUMNS[name]) else None


def _labelled(file: str, header: int) -> Callable[[Path], Table]:
    def reader(folder):
        table = np.loadtxt(folder / file, delimiter=",", skiprows=header, ndmin=2)
        return table[:, :-1], table[:, -1].astype(int)

    return reader


def _diabetes(folder: Path) -> Table:
    return np.loadtxt(folder / "diabetes_data_raw.csv.gz", ndmin=2), np.loadtxt(folder / "diabetes_target.csv.gz")


READERS: dict[str, Callable[[Path], Table]] = {
    "digits": _labelled("digits.csv.gz", 0),
    "iris": _labelled("iris.csv", 1),
    "wine": _labelled("wine_data.csv", 1),
    "breast_cancer": _labelled("breast_cancer.csv", 1),
    "diabetes": _diabetes,
}
