"""logsumexp and solve_triangular: autograd takes them from scipy, which knows only NumPy's arrays."""

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp, primitive

from nfscratch.autodiff.rules_reductions import kept_shape


def exp_shifted(x, top, xp):
    """e^(x - top), with an infinity counted as a quarter of the largest number: inf - inf is 0, nothing overflows."""
    big = float(onp.finfo(xp.result_type(x)).max) / 4
    return xp.exp(xp.clip(x, -big, big) - xp.clip(top, -big, big))


@primitive
def logsumexp(x, axis=None, keepdims=False):
    """log sum_i exp(x_i) over `axis` (None: all), as max + log sum exp(x - max). -inf where all x_i are -inf."""
    top = onp.max(x, axis=axis, keepdims=True)
    ans = top + onp.log(onp.sum(exp_shifted(x, top, onp), axis=axis, keepdims=True))
    return ans if keepdims else onp.squeeze(ans, axis=axis)[()]


def logsumexp_weights(ans, x, axis):
    """softmax(x) = e^x / sum e^x: sums to one in every row, also where infinities share it."""
    e = exp_shifted(x, np.reshape(ans, kept_shape(np.shape(x), axis)[0]), np)
    return e / np.sum(e, axis=axis, keepdims=True)


def logsumexp_vjp(ans, x, axis=None, keepdims=False):
    kept = kept_shape(np.shape(x), axis)[0]
    return lambda g: np.reshape(g, kept) * logsumexp_weights(ans, x, axis)


def logsumexp_jvp(g, ans, x, axis=None, keepdims=False):
    return np.sum(g * logsumexp_weights(ans, x, axis), axis=axis, keepdims=keepdims)


defvjp(logsumexp, logsumexp_vjp)
defjvp(logsumexp, logsumexp_jvp)


def solve_triangular(a, b, lower=False, trans=False):
    """The solution x of a x = b, or of a^T x = b with `trans`, for a triangle a (..., n, n), and b (n,) or (..., n, k).

    Only the triangle of `a` is read, upper or `lower`. Leading axes are broadcast.

    It is NumPy's `solve`, which exists for every array type. In an upper triangle, LU has nothing to eliminate and
    swaps no rows, so that `solve` is back substitution; a lower triangle becomes an upper one when read backwards.
    """
    a = np.tril(a) if lower else np.triu(a)
    if trans in (True, "T"):
        a, lower = np.swapaxes(a, -1, -2), not lower
    if np.ndim(b) == 1:
        return solve_triangular_columns(a, b[:, None], lower)[..., 0]
    return solve_triangular_columns(a, b, lower)


def solve_triangular_columns(a, b, lower):
    batch = onp.broadcast_shapes(np.shape(a)[:-2], np.shape(b)[:-2])
    a, b = (m if np.shape(m)[:-2] == batch else np.broadcast_to(m, batch + np.shape(m)[-2:]) for m in (a, b))
    if not lower:
        return np.linalg.solve(a, b)
    return np.linalg.solve(a[..., ::-1, ::-1], b[..., ::-1, :])[..., ::-1, :]
