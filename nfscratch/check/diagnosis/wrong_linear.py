"""Linear maps x = W z + b with a dense W, which is a product of factors: z' = A x + a, and the log-det of a factor.

W A is a permutation                      P is left out: P_LEFT_OUT; where it may be P^2 as well: PERMUTATION
W = Q R, A = R^-1 Q (signs apart)         reflections undone in the order in which they were done: LAYERS_IN_ORDER
W = Q R, A = R^-1 Q, where Q does not show that it is made of a few reflections: FACTOR_NOT_INVERTED
W A or A W is a factor, L or Q            that factor is left out: LAYER_NOT_UNDONE; Q^2: FACTOR_NOT_INVERTED
A has the singular values of W^-1         the factors of Q S V are undone in the order in which they were done
A has the eigenvalues of W^-1, A != W^-T  two factors undone in the order in which they were done: LAYERS_IN_ORDER
A = W^-1 and a = -b, or 0 or W^-1 b       the order of the shift, or the shift is not undone
A = I, a = -b                             the scale is not undone
A = W, a = -W b or -b                     it multiplies

c = sum e^l_i, sum |l_i|, sum without the first or last l_i      l = log|diag| of the R of W, or of the U of P^T W
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_terms import near

EXACT = 1e-5
WIDEST = 6  # variables: 720 orders of the rows


def is_dense(W: Any) -> bool:
    """Whether W has entries on both sides of its diagonal."""
    return bool(onp.abs(onp.triu(W, 1)).max() > 1e-6 and onp.abs(onp.tril(W, -1)).max() > 1e-6)


def is_product_of_reflections(W: Any) -> bool:
    """Whether W is orthogonal, and shows that it is made of a few reflections: det W = -1, or W keeps a plane."""
    kept = onp.abs(onp.linalg.eigvals(W) - 1) < 1e-6
    return is_dense(W) and _is(W @ W.T, onp.eye(len(W))) and bool(onp.linalg.det(W) < 0 or kept.sum() >= 2)


def linear(c: Columns) -> Mistake | None:
    """The inverse of a dense linear map, where it is linear too."""
    if c.dim < 2 or not c.is_linear or not is_dense(c.J[0]) or onp.linalg.cond(c.J[0]) > 1e6:
        return None
    A, a = _line(c.x, c.back)
    W, b = _line(c.z, c.x)
    if A is None or W is None:
        return None
    if not _is(W @ A, onp.eye(c.dim)):
        return _of_factors(W, A, c.trial.subject.bijection is None) or _scale(W, b, A, a)
    return _shift(W, b, a)


def _line(x, y) -> Any:
    """A (D, D) and a (D,) of y = A x + a; None where y is no such thing."""
    least, *_ = onp.linalg.lstsq(onp.column_stack([x, onp.ones(len(x))]), y, rcond=None)
    A, a = least[:-1].T, least[-1]
    return (A, a) if len(x) > len(A) + 1 and same(x @ A.T + a, y, 1e-6).all() else (None, None)


def _is(a, b):
    """Whether two matrices, or two rows, are the same up to a share of 1 and of the smaller one's largest entry."""
    size = min(onp.abs(a).max(initial=0.0), onp.abs(b).max(initial=0.0))
    return bool(onp.abs(a - b).max(initial=0.0) < EXACT * (1 + size))


def _of_factors(W, A, seen):
    """seen: whether another look may tell whether Q is a product, from a run of the function."""
    product = W @ A
    if onp.abs(product * (1 - product)).max() < EXACT and _is(product.sum(axis=0), onp.ones(len(W))):
        return Mistake.P_LEFT_OUT if _has_no_root(product) or _is_pivoted(A) else Mistake.PERMUTATION
    Q, R = onp.linalg.qr(W)
    turned = R @ A
    if _is(onp.abs(turned), onp.abs(Q)) and _is(turned @ turned.T, onp.eye(len(W))):
        return Mistake.FACTOR_NOT_INVERTED if seen and not _keeps_a_plane(Q) else Mistake.LAYERS_IN_ORDER
    if _is_swapped(W, A):
        return Mistake.LAYERS_IN_ORDER
    return _of_one_factor(W, A)


def _has_no_root(P):
    """Whether the permutation P is no square of another: then it has not been done twice."""
    n, lengths = len(P), []
    for i in range(n):
        lengths.append(next(k for k in range(1, n + 1) if onp.linalg.matrix_power(P, k)[i, i] > 0.5))
    return any(k % 2 == 0 and lengths.count(k) % (2 * k) for k in set(lengths))


def _is_pivoted(A):
    """Whether A^-1 = L U with entries of L that are at most 1, as a factorisation with pivots leaves it."""
    rest, n = onp.linalg.inv(A), len(A)
    for k in range(n - 1):
        factors = rest[k + 1 :, k] / rest[k, k]
        if not (onp.abs(factors) <= 1 + EXACT).all():
            return False
        rest[k + 1 :] = rest[k + 1 :] - factors[:, None] * rest[k]
    return True


def _of_one_factor(W, A):
    """W A or A W is the one factor that is left out, or its square; or the orthogonal ones are in the wrong order."""
    for product, M in ((W @ A, W), ((A @ W).T, W.T)):
        if _is_triangular(product):
            return Mistake.LAYER_NOT_UNDONE
        if _is(product @ product.T, onp.eye(len(W))):
            left_out = any(_is_signed_order(Q.T @ product) for Q in (onp.linalg.svd(M)[0], onp.linalg.qr(M)[0]))
            return Mistake.LAYER_NOT_UNDONE if left_out else Mistake.FACTOR_NOT_INVERTED
    values, others = (onp.linalg.svd(M, compute_uv=False) for M in (onp.linalg.inv(W), A))
    turned = _is(others, values) and values[0] > 1.01 * values[-1] and len(W) > 2
    return Mistake.LAYERS_IN_ORDER if turned and not _is(A, onp.linalg.inv(W).T) else None


def _is_triangular(M):
    """A triangle with ones on its diagonal: a factor L, or one that any scale would have told from L."""
    ones = _is(onp.diag(M), onp.ones(len(M)))
    return ones and not _is(M, onp.eye(len(M))) and any(_is(onp.tril(T), T) for T in (M, M.T))


def _is_signed_order(M):
    sizes = onp.abs(M)
    return onp.abs(sizes * (1 - sizes)).max() < EXACT and _is(sizes.sum(axis=0), onp.ones(len(M)))


def _keeps_a_plane(Q):
    return bool((onp.abs(onp.linalg.eigvals(Q) - 1) < 1e-6).sum() >= 2)


def _is_swapped(W, A):
    """Whether A is undone in the other order: the eigenvalues are the same. So are those of a transpose."""
    right = onp.linalg.inv(W)
    if _is(A, right.T) or len(W) > WIDEST:
        return False
    orders = (onp.eye(len(W))[list(p)] for p in permutations(range(len(W))))  # P stands before both factors
    return any(_is(onp.poly(A @ P), onp.poly(right @ P)) and not _is(A, right) for P in orders)


def _scale(W, b, A, a):
    order = onp.argmax(onp.abs(A), axis=1)  # columns may have changed places in the same function
    if _is(A, onp.eye(len(W))[order]) and _is(a, -b[order]):
        return Mistake.SCALE_NOT_UNDONE
    multiplies = _is(A, W) or (_is(onp.sort(A, axis=None), onp.sort(W, axis=None)) and not _is(A, W.T))
    return Mistake.MULTIPLIES if multiplies and any(_is(a, shift) for shift in (-A @ b, -b)) else None


def _shift(W, b, a):
    if onp.abs(b).max() < EXACT:
        return None
    if _is(onp.sort(a), onp.sort(-b)):
        return Mistake.WRONG_ORDER
    away = onp.linalg.solve(W, b)
    return Mistake.SHIFT_NOT_UNDONE if any(_is(a, shift) for shift in (0 * b, away)) else None


# --- its log-det ---


def by_factor(samples: list[Any]) -> Mistake | None:
    """One number for each dimension, made from the diagonal of a factor. P may be any permutation."""
    wrong = [s for s in samples if s.failed]
    if not wrong or any(s.dim > WIDEST or onp.ptp(s.J, axis=0).max() > 1e-6 or not is_dense(s.J[0]) for s in wrong):
        return None
    if onp.ptp([s.c for s in wrong if s.dim == wrong[0].dim]) > EXACT:
        return None
    signed = [(s.c[0] if s.direction == "forward" else -s.c[0], s) for s in wrong]
    for mistake, number in NUMBERS.items():
        if all(near(number(_logs(s)), c, EXACT).any() for c, s in signed):
            return mistake
    return None


def _logs(s) -> Any:
    """log|diag| (K, D) of the factor R or U, for every factorisation that is tried."""
    W = s.J[0] if s.direction == "forward" else onp.linalg.inv(s.J[0])
    of_qr = [onp.diag(onp.linalg.qr(V)[1]) for V in (W, W.T, W[::-1].T)]
    minors = _leading_minors(W[onp.array(list(permutations(range(s.dim))))])
    with onp.errstate(all="ignore"):
        of_lu = minors[:, 1:] / minors[:, :-1]
        return onp.log(onp.abs(onp.concatenate([of_qr, of_lu])))


def _leading_minors(W):
    """1 and the determinants of the leading blocks of W (K, D, D): U_ii is the ratio of two of them."""
    dets = [onp.linalg.det(W[:, :k, :k]) for k in range(1, W.shape[1] + 1)]
    return onp.stack([onp.ones(len(W)), *dets], axis=1)


NUMBERS = {
    Mistake.EXP_SUMMED: lambda l: onp.exp(l).sum(axis=1),
    Mistake.ABSOLUTE_SUMMED: lambda l: onp.abs(l).sum(axis=1),
    Mistake.TERMS_LEFT_OUT: lambda l: onp.concatenate([l[:, 1:].sum(axis=1), l[:, :-1].sum(axis=1)]),
}
