"""Columns that other columns give by a curve: ln x beside x, x^2 beside x, a ratio beside its two parts.

monotone  x_j rises, or falls, with every step in which x_i rises: their ranks are equal, or reversed
smooth    x_j = g(x_i): sorted by x_i, an entry lies on the cubic through its four neighbours,
                |x_j - cubic| < 1e-5 sd(x_j)    for half of the rows
powers    x_j or ln|x_j| is a linear function of the columns before it and of their logarithms, as a ratio, a product or
          weight / height^2 are:    |R_jj| / sqrt(N) < 1e-5 sd,    by the QR of all of these

Not found are functions of two columns and more that are no products of powers, such as (a - b) / c or a b + c; curves
through fewer than twelve values, or with so few rows that they are not smooth from row to row; a value that
was rounded afterwards, which has a density; anything in a table of more than 100 columns.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend

LEFT, ROUNDING = 1e-5, 16  # as of a linear function: dependent.py
LARGEST = 0.1  # of a standard deviation: where rounding is more than that, nothing can be said
COLUMNS, ROWS, CURVE = 100, 1000, 250  # rows for a curve: more would be no smoother
ORDERED, SMOOTH = 20, 12  # rows at least
FREE, FEW = 8, 12  # rows more than there are columns and logarithms; values of a column that is not looked at
PART = 1e-3  # of a standard deviation: a column that gives less has no part in another
NAMED = 3
LEVELS = 0.5  # of the rows: a column with fewer values is recorded, and discrete.py warns of it


def curved_columns(x: Any, without: Any = ()) -> dict[int, str]:
    """{column of x (N, D): what it is}, for columns that others give, apart from `without`."""
    kept = [column for column in range(x.shape[1]) if column not in without]
    if not 1 < len(kept) <= COLUMNS:
        return {}
    u, tolerance, varies = _standardised(x, kept)
    kept = [column for column, good in zip(kept, varies, strict=True) if good]
    of_one = _functions_of_one(u, tolerance)
    found = {kept[j]: f"{what} column {kept[i]}" for j, (i, what) in of_one.items()}
    others = [kept[k] for k in range(len(kept)) if k not in of_one]
    for j, sources in _powers(backend.to_numpy(x)[_sample(x)][:, others]).items():
        found[others[j]] = f"a function of {_listed([others[k] for k in sources])}"
    return dict(sorted(found.items()))


def _listed(columns):
    if len(columns) == 1:
        return f"column {columns[0]}"
    if len(columns) > NAMED:
        return "the columns before it"
    return f"columns {', '.join(map(str, columns[:-1]))} and {columns[-1]}"


def _sample(x):
    return onp.random.default_rng(0).permutation(len(x))[:ROWS]


def _standardised(x, columns):
    """Rows of `columns`, standardised, what counts as nothing in each, and which vary by more than rounding."""
    u = backend.to_numpy(x)[_sample(x)][:, columns]
    tolerance = _tolerance(u, onp.abs(u).max(axis=0))
    varies, u = tolerance > 0, _of_length_1(u / (onp.abs(u).max(axis=0) + onp.finfo(u.dtype).tiny)) * len(u) ** 0.5
    return u[:, varies], tolerance[varies], varies


def _tolerance(u, size):
    """What counts as nothing of a standard deviation of u (N, D), numbers of `size`; 0 where it varies by rounding."""
    size = size.astype(onp.float64) + onp.finfo(onp.float64).tiny
    spread = (u / size).std(axis=0)
    nothing = onp.maximum(LEFT, ROUNDING * float(onp.finfo(u.dtype).eps) / onp.where(spread > 0, spread, 1.0))
    return onp.where((spread > 0) & (nothing < LARGEST), nothing, 0.0)


# --- functions of one column ---


def _functions_of_one(u, tolerance):
    """{j: (i, words)}. Where two columns give each other, the later one is named."""
    fine = [k for k in range(u.shape[1]) if len(onp.unique(u[:, k])) > LEVELS * len(u)]
    gives = {(i, j): what for i in fine for j, what in _given_by(u, i, fine, tolerance)}
    found = {}
    for j in reversed(fine):
        source = next((i for i in fine if (i, j) in gives and i not in found), None)
        if source is not None:
            found[j] = source, gives[source, j]
    return found


def _given_by(u, i, fine, tolerance):
    """(j, words) of the columns that column i gives."""
    t, first = onp.unique(u[:, i], return_index=True)
    others = [j for j in fine if j != i and _one_value_each(u, i, j, first)]
    v, some = u[onp.ix_(first, others)], slice(None, None, 1 + len(t) // CURVE)
    smooth = _on_cubics(t[some], v[some], tolerance[others]) if len(t) >= SMOOTH else onp.zeros(len(others), dtype=bool)
    steps = onp.diff(v, axis=0)
    ordered = (len(t) >= ORDERED) & ((steps > 0).all(axis=0) | (steps < 0).all(axis=0))
    return [
        (j, "a smooth function of" if is_smooth else "a monotone function of")
        for j, is_smooth, in_order in zip(others, smooth, ordered, strict=True)
        if is_smooth or in_order
    ]


def _one_value_each(u, i, j, first):
    """Whether rows of one value of column i have one value of column j."""
    if len(first) == len(u):
        return True
    groups = onp.unique(u[:, i], return_inverse=True)[1]
    return bool((u[first[groups], j] == u[:, j]).all())


def _on_cubics(t, v, tolerance):
    """(J,): whether half of the entries of each column of v (L, J) lie on the cubic of their neighbours in t (L,)."""
    L, error = len(t), v[2:-2].copy()
    near = [slice(0, L - 4), slice(1, L - 3), slice(3, L - 1), slice(4, L)]
    for k in near:
        weight = onp.ones(L - 4)
        for m in near:
            weight *= 1.0 if m == k else (t[2:-2] - t[m]) / (t[k] - t[m])
        error -= weight[:, None] * v[k]
    return onp.median(onp.abs(error), axis=0) < tolerance


# --- powers of several columns ---


def _powers(x):
    """{column of x (N, D): the columns before it that give it with their logarithms}."""
    N, D = x.shape
    if D < 2 or N < 2 * D + FREE:
        return {}
    x = x / (onp.abs(x).max(axis=0) + onp.finfo(x.dtype).tiny)
    logarithms = onp.log(onp.abs(x), where=x != 0, out=onp.zeros_like(x)) * (x != 0).all(axis=0)
    kinds = [
        (x, _left(x, logarithms) < _tolerance(x, onp.abs(x).max(axis=0))),
        (logarithms, _left(logarithms, x) < _tolerance(logarithms, 1 + onp.abs(logarithms).max(axis=0))),
    ]
    found = {}
    for j in range(1, D):
        target = next((kind[:, j] for kind, given in kinds if given[j]), None)
        if target is not None and len(onp.unique(target)) > FEW:
            before = [k for k in range(j) if k not in found]
            found[j] = [before[k] for k in _sources(target, x[:, before], logarithms[:, before])]
    return found


def _sources(target, x, logarithms):
    """Which columns have a part in the linear function that is the target."""
    features = _of_length_1(onp.concatenate([x, logarithms], axis=1))
    weights = onp.linalg.lstsq(features, _of_length_1(target[:, None])[:, 0])[0]
    return onp.flatnonzero((onp.abs(weights).reshape((2, -1)) > PART).any(axis=0))


def _of_length_1(u):
    """Columns without their means, of length 1, in float64; a constant column is 0."""
    u = u.astype(onp.float64)
    u = u - u.mean(axis=0)
    length = onp.sqrt(onp.square(u).sum(axis=0))
    return u / onp.where(length > 0, length, 1.0)


def _left(first, second):
    """(D,): what is left of first_j after the columns before it, of both kinds; infinite for a constant."""
    both = _of_length_1(onp.stack([first, second], axis=2).reshape((len(first), -1)))
    left = onp.abs(onp.diagonal(onp.linalg.qr(both, mode="r")))
    return onp.where(both.any(axis=0), left, onp.inf)[::2]
