"""Orthonormal columns: Q (D, M) with Q^T Q = I, from numbers that are free.

    gram_schmidt   Q of the QR decomposition E + X = Q R, with a positive diagonal of R                       (1)
    householder    Q = H_1 ... H_K E,   H_k = I - 2 v_k v_k^T / |v_k|^2,   v_k = e_k + x_k   (householder.py)  (2)

E is the first M columns of the identity and e_k its column k (counted round), so that zeros are a point like any
other: there Q is E in (1), and E with some signs reversed in (2). Each column of (1) is made orthogonal twice: once
leaves an error of eps cond(E + X). A column that depends on those before it, to rounding, has no direction: a unit
vector takes its place, and its gradient is 0.

The pullback of (1), for a gradient G of Q, is (G + Q S) R^-T, where S is symmetric with the lower triangle of -G^T Q
(Walter and Lehmann 2012, arXiv:1009.6112).

X is (n, D, M) in (1), and has the x_k as rows, (n, K, D), in (2); n = 1, or one for each row.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp
from autograd.tracer import getval

from nfscratch.ops.identity import identity
from nfscratch.ops.reflections import directions, directions_vjp, reflect, reflect_vjp
from nfscratch.ops.triangle import transposed


def first_columns(X, D, M):
    """E (D, M), like the array X."""
    return identity(D, X)[:, :M]


def gram_schmidt(X):
    """(1)."""
    return _gram_schmidt(X)[0]


def _gram_schmidt(X):
    """Q, the columns (n, D, M) that it was made of, and which of them are not those of E + X: (n, 1, M)."""
    A = X + first_columns(X, *X.shape[1:])
    given, lost, columns = [], [], []
    for m in range(A.shape[2]):
        a = A[:, :, m]
        v = _across(a, columns)
        none = _squares(v) <= (16 * onp.finfo(X.dtype).eps) ** 2 * _squares(a)
        if bool(none.any()):  # no direction of its own is left: the axis that is farthest from the columns before
            axis = _farthest_axis(X, columns)
            a, v = np.where(none, axis, a), np.where(none, _across(axis, columns), np.where(none, 1.0, v))
        given.append(a)
        lost.append(none)
        columns.append(v / np.sqrt(_squares(v)))
    return np.stack(columns, axis=2), np.stack(given, axis=2), onp.stack(lost, axis=2)


def _across(v, columns):
    """The part of v that is orthogonal to the columns; the projection is taken out twice."""
    for _ in range(2):
        for q in columns:
            v = v - q * np.sum(q * v, axis=1, keepdims=True)
    return v


def _squares(v):
    return np.sum(np.square(v), axis=1, keepdims=True)


def _farthest_axis(X, columns):
    """For each row the unit vector e_j (n, D) with the smallest sum of q_j^2 over the columns q."""
    near = sum((onp.square(getval(q)) for q in columns), onp.zeros_like(getval(X)[:, :, 0]))
    return identity(X.shape[1], getval(X))[onp.argmin(near, axis=1)]


def gram_schmidt_vjp(X):
    """Q, and pullback(G) -> g_X."""
    Q, given, lost = _gram_schmidt(X)

    def pullback(G):
        R = transposed(Q) @ given
        lower = onp.tril(-transposed(G) @ Q)
        S = lower + transposed(onp.tril(lower, -1))
        return onp.where(lost, 0.0, transposed(onp.linalg.solve(onp.triu(R), transposed(G + Q @ S))))

    return Q, pullback


def householder(X, M):
    """(2)."""
    return reflect(directions(X), _repeated(first_columns(X, X.shape[2], M), X))


def householder_vjp(X, M):
    """Q, and pullback(G) -> g_X."""
    U, back_directions = directions_vjp(X)
    Q, back = reflect_vjp(U, _repeated(first_columns(X, X.shape[2], M), X))
    return Q, lambda G: back_directions(back(G)[0])


def _repeated(E, X):
    return np.zeros_like(X, shape=(len(X), *E.shape)) + E
