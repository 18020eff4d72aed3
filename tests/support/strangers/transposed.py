"""Strangers who keep their batch as (D, N), one point a column, and turn it at the door."""

import numpy as np

from .case import cases


def columns_flow(dim, wrong="", seed=251, steps=2, at=0, stretch=1.0):
    """LDU matrix, then a triangular shift-and-scale of the rows by tanh of those above; `steps` times."""
    r = np.random.default_rng(seed)
    M, A, B, d = [], [], [], []
    for _ in range(steps):
        M.append(np.linalg.qr(r.normal(size=(dim, dim)))[0])
        A.append(np.tril(r.normal(0, 0.6 * stretch, (dim, dim)), -1))
        B.append(np.tril(r.normal(0, 0.6, (dim, dim)), -1))
        d.append(r.normal(0, 0.4, (dim, 1)))

    def forward(z):
        Z, J = z.T, np.zeros(z.shape[0])
        for i in range(steps):
            Y = M[i] @ Z
            S = 1.2 * np.tanh(A[i] @ Y) + d[i]
            Z = Y * np.exp(S) + B[i] @ Y
            bad = wrong if i == at else ""
            if bad == "over_batch":
                J = J + S.sum()
            elif bad == "exp":
                J = J + np.exp(S).sum(0)
            elif bad == "without_d":
                J = J + (S - d[i]).sum(0)
            elif bad == "mean":
                J = J + S.mean(0)
            elif bad == "abs":
                J = J + abs(S).sum(0)
            elif wrong == "last":
                J = S.sum(0)
            else:
                J = J + S.sum(0)
        return Z.T, J

    def undo(i, X, bad):
        Y = np.zeros_like(X)
        for j in range(dim - 1 if bad == "row_left" else dim):
            s = 1.2 * np.tanh(A[i][j] @ Y) + d[i][j]
            t = B[i][j] @ Y
            Y[j] = (X[j] - t) * np.exp(-s)
            if bad == "order":
                Y[j] = X[j] * np.exp(-s) - t
            if bad == "no_shift":
                Y[j] = X[j] * np.exp(-s)
            if bad == "times":
                Y[j] = (X[j] - t) * np.exp(s)
        return Y, (1.2 * np.tanh(A[i] @ Y) + d[i])

    def inverse(x):
        X, J = x.T.copy(), np.zeros(len(x))
        for i in range(steps) if wrong == "in_order" else reversed(range(steps)):
            bad = wrong if i == at else ""
            Y, S = undo(i, X, bad)
            X = Y if bad == "m_left" else (M[i] if bad == "m_again" else M[i].T) @ Y
            if bad == "over_batch":
                J = J - S.sum()
            elif bad == "exp":
                J = J - np.exp(S).sum(0)
            elif bad == "without_d":
                J = J - (S - d[i]).sum(0)
            elif bad == "mean":
                J = J - S.mean(0)
            elif bad == "abs":
                J = J - abs(S).sum(0)
            elif wrong == "last":
                J = J - (S.sum(0) if i == steps - 1 else 0)
            elif bad == "plus":
                J = J + S.sum(0)
            else:
                J = J - S.sum(0)
        return X.T, J

    return forward, inverse


CASES = cases(
    "transposed",
    "stored as (D, N)",
    "chain of rotation, triangular affine",
    columns_flow,
    {
        "over_batch": "SUMMED_OVER_BATCH",
        "exp": "EXP_SUMMED",
        "without_d": "OFF_BY_CONSTANT",
        "mean": "MEAN",
        "abs": "ABSOLUTE_SUMMED",
        "last": "LAST_LAYER",
        "row_left": "COLUMN_SKIPPED TOO_FEW_PASSES NO_UNDOING",
        "order": "WRONG_ORDER",
        "no_shift": "SHIFT_NOT_UNDONE",
        "times": "MULTIPLIES",
        "in_order": "LAYERS_IN_ORDER",
        "m_again": "NO_UNDOING APPLIES_FORWARD",
        "m_left": "NO_UNDOING LAYERS_IN_ORDER",
        "plus": "NOT_NEGATED",
    },
    chain=True,
    permuted=True,
    right=({}, {"steps": 6, "seed": 260, "stretch": 0.4}, {"steps": 1, "dims": (2, 5)}),
)
CASES += cases(
    "transposed_one",
    "stored as (D, N)",
    "rotation, triangular affine",
    columns_flow,
    {
        "mean": "MEAN",
        "order": "WRONG_ORDER",
        "no_shift": "SHIFT_NOT_UNDONE",
        "plus": "NOT_NEGATED",
        "abs": "ABSOLUTE_SUMMED",
    },
    permuted=True,
    steps=1,
    dims=(2, 5),
    seed=271,
    right=(),
)
