"""Strangers who loop over rows, one point at a time, in lists and small functions of one vector."""

import math

import numpy as np

from .case import cases


def coupling_by_rows(dim, wrong="", seed=1, reverse=True):
    """One row after another: the first k numbers move the others; then the vector is reversed."""
    r = np.random.default_rng(seed)
    k = dim - dim // 2
    a, b = r.normal(0, 0.7, (dim - k, k)), r.normal(0, 0.7, (dim - k, k))
    bias = r.normal(0, 0.4, dim - k)

    def log_gain(h):
        return np.arctan(a @ h + bias)  # atan keeps it between -pi/2 and pi/2

    def push(v):
        left, right = v[:k], v[k:]
        g, t = log_gain(left), b @ left
        moved = [right[j] * math.exp(g[j]) + t[j] for j in range(dim - k)]
        new = np.concatenate([left, moved])
        return (new[::-1] if reverse else new), g

    def pull(v):
        if reverse and wrong != "not_reversed":
            v = v[::-1]
        left, right = v[:k], v[k:]
        if wrong == "changed_half":
            g, t = log_gain(right[:k] if len(right) >= k else left), b @ left
        else:
            g, t = log_gain(left), b @ left
        if wrong == "gain_forgotten":
            moved = right - t
        elif wrong == "shift_added":
            moved = (right + t) * np.exp(-g)
        elif wrong == "order":
            moved = right * np.exp(-g) - t
        else:
            moved = [(right[j] - t[j]) / math.exp(g[j]) for j in range(dim - k)]
        return np.concatenate([moved, left] if wrong == "swapped" else [left, moved]), g

    def forward(z):
        x, ld = np.empty_like(z), np.empty(len(z))
        carried = 0.0
        for n, row in enumerate(z):
            x[n], g = push(row)
            ld[n] = sum(g)
            if wrong == "carried":
                carried += sum(g)
                ld[n] = carried
            if wrong == "last_term":
                ld[n] = g[-1]
            if wrong == "halved":
                ld[n] = 0.5 * sum(g)
            if wrong == "positive":
                ld[n] = sum(abs(g))
            if wrong == "minus":
                ld[n] = -sum(g)
        return x, ld

    def inverse(x):
        z, ld = np.empty_like(x), np.empty(len(x))
        carried = 0.0
        for n in range(x.shape[0]):
            z[n], g = pull(x[n])
            ld[n] = -sum(g)
            if wrong == "carried":
                carried -= sum(g)
                ld[n] = carried
            if wrong == "last_term":
                ld[n] = -g[-1]
            if wrong == "halved":
                ld[n] = -0.5 * sum(g)
            if wrong == "positive":
                ld[n] = -sum(abs(g))
            if wrong in ("minus", "plus_in_inverse"):
                ld[n] = sum(g)
        return z, ld

    return forward, inverse


def linear_by_rows(dim, wrong="", seed=2):
    """A dense matrix, solved row by row."""
    r = np.random.default_rng(seed)
    m = np.linalg.qr(r.normal(size=(dim, dim)))[0] @ np.diag(np.exp(r.normal(0, 0.6, dim)))
    m += 0.2 * np.tril(r.normal(size=(dim, dim)))
    if np.linalg.det(m) > 0:
        m[0] = -m[0]  # a negative determinant
    shift = r.normal(0, 1, dim)
    det = np.linalg.det(m)
    with np.errstate(invalid="ignore"):
        log_det = np.log(det) if wrong == "no_abs" else np.log(abs(det))
    if wrong == "no_log":
        log_det = abs(det)

    def forward(z):
        x = np.array([m @ row + shift for row in z]).reshape(z.shape)
        return x, np.array([log_det for _ in z])

    def inverse(x):
        z = np.empty_like(x)
        for i, row in enumerate(x):
            v = row - (0 if wrong == "no_shift" else shift)
            z[i] = m.T @ v if wrong == "transposed" else np.linalg.solve(m, v)
            if wrong == "same_way":
                z[i] = m @ row + shift
        return z, np.array([log_det if wrong == "inverse_plus" else -log_det for _ in x])

    return forward, inverse


CASES = cases(
    "rows_coupling",
    "loop over rows",
    "affine coupling",
    coupling_by_rows,
    {
        "not_reversed": "PERMUTATION",
        "changed_half": "CHANGED_HALF",
        "gain_forgotten": "SCALE_NOT_UNDONE",
        "order": "WRONG_ORDER",
        "shift_added": "NO_UNDOING SHIFT_NOT_UNDONE",
        "swapped": "HALVES_SWAPPED",
        "carried": "DEPENDS_ON_BATCH SUMMED_OVER_BATCH PLACE_IN_BATCH",
        "last_term": "TERMS_LEFT_OUT",
        "halved": "MULTIPLIED FACTOR_TWO MEAN",
        "positive": "ABSOLUTE_SUMMED",
        "minus": "SIGN_IN_BOTH",
        "plus_in_inverse": "NOT_NEGATED",
    },
    permuted=True,
    also={"changed_half": {"dims": (6,)}},
    right=({}, {"seed": 9, "dims": (3,)}),
)
CASES += cases(
    "rows_linear",
    "loop over rows",
    "dense linear",
    linear_by_rows,
    {
        "no_abs": "NO_ABSOLUTE_VALUE",
        "no_log": "NO_LOGARITHM",
        "no_shift": "SHIFT_NOT_UNDONE",
        "transposed": "NO_UNDOING SCALE_NOT_UNDONE",
        "same_way": "APPLIES_FORWARD",
        "inverse_plus": "NOT_NEGATED",
    },
    right=({}, {"seed": 6, "dims": (12,)}),
)
