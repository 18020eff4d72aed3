"""Orthonormal columns: Q (D, M) with Q^T Q = I, from numbers that are free.

    gram_schmidt   Q of the QR decomposition E + X = Q R, with a positive diagonal of R                       (1)
    householder    Q = H_1 ... H_K E,   H_k = I - 2 v_k v_k^T / |v_k|^2,   v_k = e_k + x_k   (householder.py)  (2)

E is the first M columns of the identity and e_k its column k (counted round), so that zeros are a point like any
other: there Q is E in (1), and E with some signs reversed in (2). Each column of (1) is made orthogonal twice: once
leaves an error of eps cond(E + X).

The pullback of (1), for a gradient G of Q, is (G + Q S) R^-T, where S is symmetric with the lower triangle of -G^T Q
(Walter and Lehmann 2012, arXiv:1009.6112).

X is (n, D, M) in (1), and has the x_k as rows, (n, K, D), in (2); n = 1, or one for each row.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

from nfscratch.ops.householder import directions, directions_vjp, reflect, reflect_vjp
from nfscratch.ops.identity import identity


def first_columns(X, D, M):
    """E (D, M), like the array X."""
    return identity(D, X)[:, :M]


def gram_schmidt(X):
    """(1)."""
    A = X + first_columns(X, *X.shape[1:])
    columns = []
    for m in range(A.shape[2]):
        v = A[:, :, m]
        for _ in range(2):
            for q in columns:
                v = v - q * np.sum(q * v, axis=1, keepdims=True)
        columns.append(v / np.sqrt(np.sum(np.square(v), axis=1, keepdims=True)))
    return np.stack(columns, axis=2)


def gram_schmidt_vjp(X):
    """Q, and pullback(G) -> g_X."""
    Q = gram_schmidt(X)
    R = _transposed(Q) @ (X + first_columns(X, *X.shape[1:]))

    def pullback(G):
        lower = onp.tril(-_transposed(G) @ Q)
        S = lower + _transposed(onp.tril(lower, -1))
        return _transposed(onp.linalg.solve(onp.triu(R), _transposed(G + Q @ S)))

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


def _transposed(A):
    return np.swapaxes(A, 1, 2)
