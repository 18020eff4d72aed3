"""The same arithmetic in more digits: float32 is judged by float64, and float64 by NumPy's long double.

A layer's plain definition runs on long doubles as it is, but for LAPACK, which has none: here `solve`, `inv` and
`slogdet` are Gaussian elimination with pivots, for the few variables of an example. (On a machine whose long double is
a float64, float64 has no judge: HAS_MORE_DIGITS says so.)
"""

from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import autograd.numpy as np
import numpy as onp

from nfscratch import trees

WIDER = {"float32": "float64", "float64": "longdouble"}
HAS_MORE_DIGITS = bool(onp.finfo("longdouble").eps < 1e-18)


def widened(tree, dtype):
    """A tree of arrays in another dtype, the stored ones too."""
    return trees.map_leaves(lambda a: a.astype(dtype), tree, fixed=lambda a: a.astype(dtype))


@contextmanager
def elimination():
    """LAPACK's place taken, for long doubles alone."""
    with ExitStack() as stack:
        for module in (onp.linalg, np.linalg):
            for name, own in (("solve", solve), ("inv", inv), ("slogdet", slogdet)):
                stack.enter_context(patch.object(module, name, _or_else(own, getattr(module, name))))
        yield


def _or_else(own, usual):
    return lambda a, *more: (own if getattr(a, "dtype", None) == onp.longdouble else usual)(a, *more)


def eliminated(A, b):
    """An upper triangle and a right side that have the solutions of A u = b, and the sign of the swaps."""
    A, b = A.copy(), b.copy()
    n, sign = A.shape[-1], onp.ones(A.shape[:-2], dtype=A.dtype)
    for k in range(n):
        pivot = k + onp.argmax(onp.abs(A[..., k:, k]), axis=-1)[..., None, None]
        for M in (A, b):
            here, there = M[..., k : k + 1, :].copy(), onp.take_along_axis(M, pivot, axis=-2)
            onp.put_along_axis(M, pivot, here, axis=-2)
            M[..., k : k + 1, :] = there
        sign = onp.where(pivot[..., 0, 0] == k, sign, -sign)
        factor = A[..., k + 1 :, k : k + 1] / A[..., k : k + 1, k : k + 1]
        b[..., k + 1 :, :] -= factor * b[..., k : k + 1, :]
        A[..., k + 1 :, :] -= factor * A[..., k : k + 1, :]
    return A, b, sign


def solve(A, b):
    vector = b.ndim == 1 or b.ndim == A.ndim - 1
    b = b[..., None] if vector else b
    batch = onp.broadcast_shapes(A.shape[:-2], b.shape[:-2])
    U, u, _ = eliminated(*(onp.broadcast_to(M, batch + M.shape[-2:]) for M in (A, b)))
    for k in reversed(range(A.shape[-1])):
        u[..., k, :] = (u[..., k, :] - (U[..., k, None, k + 1 :] @ u[..., k + 1 :, :])[..., 0, :]) / U[..., k, k, None]
    return u[..., 0] if vector else u


def inv(A):
    return solve(A, onp.broadcast_to(onp.eye(A.shape[-1], dtype=A.dtype), A.shape))


def slogdet(A):
    U, _, sign = eliminated(A, A)
    diagonal = onp.diagonal(U, axis1=-2, axis2=-1)
    return sign * onp.prod(onp.sign(diagonal), axis=-1), onp.sum(onp.log(onp.abs(diagonal)), axis=-1)
