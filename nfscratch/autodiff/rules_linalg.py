"""Derivatives of dot, einsum, cholesky, trace and diagonal.

autograd's versions parse, cast or build identity matrices with NumPy arrays of float64. These use the operands alone.
"""

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp, defvjp_argnum, primitive
from autograd.numpy import linalg, numpy_vjps, numpy_wrapper
from autograd.numpy.numpy_vjps import match_complex, unbroadcast

from nfscratch.autodiff.shortcuts import unbroadcast_f

# ----- dot -----


def dot_as(rules_for_product, rules_for_matmul, rules_for_tensordot):
    """`dot` is a product with a number, a matmul up to two dimensions, and a tensordot above."""

    def vjpmaker(ans, A, B):
        a, b = np.ndim(A), np.ndim(B)
        if a == 0 or b == 0:
            return rules_for_product(A, B)
        if a <= 2 and b <= 2:
            return rules_for_matmul(ans, A, B)
        return rules_for_tensordot(ans, A, B, ([a - 1], [max(b - 2, 0)]))

    return vjpmaker


defvjp(
    np.dot,
    dot_as(lambda A, B: unbroadcast_f(A, lambda g: g * B), numpy_vjps.matmul_vjp_0, numpy_vjps.tensordot_vjp_0),
    dot_as(lambda A, B: unbroadcast_f(B, lambda g: g * A), numpy_vjps.matmul_vjp_1, numpy_vjps.tensordot_vjp_1),
)

# ----- einsum -----

_einsum_with_sublists = numpy_vjps.grad_einsum


def einsum_vjp(argnum, ans, operands, kwargs):
    """d/dA of einsum("A,B->C") is einsum("C,B->A"). An index that only A has was summed: there g is constant."""
    if not isinstance(operands[0], str):
        return _einsum_with_sublists(argnum, ans, operands, kwargs)
    A, shape, meta = operands[argnum], np.shape(operands[argnum]), np.metadata(operands[argnum])
    rest = operands[1:argnum] + operands[argnum + 1 :]
    # NumPy's parser looks at shapes only, and would convert the operands: it gets zeros that take no memory.
    blanks = [onp.broadcast_to(0.0, np.shape(operand)) for operand in operands[1:]]
    inputs, output, _ = numpy_wrapper.parse_einsum_input(operands[0], *blanks)
    names = inputs.split(",")
    wanted, others = names[argnum - 1], names[: argnum - 1] + names[argnum:]
    known = [i for i, name in enumerate(wanted) if name in output or any(name in other for other in others)]
    summed = tuple(i for i in range(len(wanted)) if i not in known)
    subscripts = ",".join([output, *others]) + "->" + "".join(wanted[i] for i in known)

    def vjp(g):
        partial = np.einsum(subscripts, g, *rest)
        if summed:
            lengths = iter(np.shape(partial))
            full = tuple(shape[i] if i in summed else next(lengths) for i in range(len(wanted)))
            partial = np.broadcast_to(np.expand_dims(partial, summed), full)
        return match_complex(A, unbroadcast(partial, meta))

    return vjp


defvjp_argnum(np.einsum, einsum_vjp)

# ----- diagonal, trace -----


@primitive
def on_diagonal(d, shape, offset=0, axis1=0, axis2=1):
    """Zeros of `shape` with d on the diagonal: the adjoint of np.diagonal. In a flat matrix it is one slice."""
    rows, columns, length = shape[axis1], shape[axis2], d.shape[-1]
    flat = onp.zeros_like(d, shape=(*d.shape[:-1], rows * columns), order="C")
    start = offset if offset >= 0 else -offset * columns
    flat[..., start : start + length * (columns + 1) : columns + 1] = d
    return onp.moveaxis(flat.reshape(*d.shape[:-1], rows, columns), (-2, -1), (axis1, axis2))


def make_diagonal(D, offset=0, axis1=0, axis2=1):
    """autograd's: d of shape (..., n) to (..., n, n)."""
    if (offset, axis1, axis2) != (0, -1, -2):
        raise NotImplementedError("Currently make_diagonal only supports offset=0, axis1=-1, axis2=-2")
    return on_diagonal(D, np.shape(D) + np.shape(D)[-1:], offset, axis1, axis2)


def trace_vjp(ans, x, offset=0, axis1=0, axis2=1):
    """The trace is the sum of the diagonal."""
    shape = np.shape(x)
    n = np.shape(np.diagonal(x, offset, axis1, axis2))[-1]

    def vjp(g):
        return on_diagonal(np.broadcast_to(np.expand_dims(g, -1), (*np.shape(g), n)), shape, offset, axis1, axis2)

    return vjp


defvjp(
    on_diagonal,
    lambda ans, d, shape, offset=0, axis1=0, axis2=1: lambda g: np.diagonal(g, offset, axis1, axis2),
)
defjvp(on_diagonal, "same")
defvjp(
    np.diagonal,
    lambda ans, A, offset=0, axis1=0, axis2=1: lambda g: on_diagonal(g, np.shape(A), offset, axis1, axis2),
)
defvjp(np.trace, trace_vjp)
for module in (np, numpy_wrapper):
    module.make_diagonal = make_diagonal

# ----- cholesky -----


def half_tril(X):
    """The lower triangle with half of the diagonal."""
    return 0.5 * (np.tril(X) + np.tril(X, -1))


def cholesky_vjp(L, A):
    """S = L^-T phi(L^T g) L^-1, symmetrised: Murray 2016, arXiv:1602.07527, eq. 10."""
    T = linalg.T

    def vjp(g):
        half = linalg.solve(T(L), T(linalg.solve(T(L), T(half_tril(np.matmul(T(L), g))))))
        return 0.5 * (half + T(half))

    return vjp


defvjp(linalg.cholesky, cholesky_vjp)

# ----- solve: autograd has its VJP only. x = A^-1 b,  dx = A^-1 (db - dA x) -----


def _product(dA, x, A):
    """dA x, where x is a vector or columns."""
    return np.matmul(dA, x[..., None])[..., 0] if x.ndim == A.ndim - 1 else np.matmul(dA, x)


defjvp(
    linalg.solve,
    lambda g, ans, A, b: -linalg.solve(A, _product(g, ans, A)),
    lambda g, ans, A, b: linalg.solve(A, g),
)
