"""Derivatives of what moves entries and computes nothing: reshaping, indexing, taking, sorting, joining.

The adjoint of picking entries is adding them back where they came from. An index without integer arrays meets no
entry twice, so that a slice is enough; only the others need the slow scatter-add.
"""

import math

import autograd.numpy as np
import numpy as onp
from autograd.extend import SparseObject, defjvp, defjvp_argnum, defvjp, defvjp_argnum, primitive, vspace
from autograd.numpy import numpy_jvps, numpy_vjps, numpy_wrapper
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vjps import unbroadcast

from nfscratch.autodiff.arrays import device_array
from nfscratch.autodiff.shortcuts import unbroadcast_f

# ----- reshape, ravel, broadcast_to, flip, diff -----

# autograd passes order=None on, which only NumPy takes.
defvjp(np.reshape, lambda ans, x, shape=None, order="C": lambda g: np.reshape(g, np.shape(x), order=order))
defvjp(np.ravel, lambda ans, x, order="C": lambda g: np.reshape(g, np.shape(x), order=order))
defvjp(np.broadcast_to, lambda ans, x, shape: unbroadcast_f(x, lambda g: g))
defvjp(np.flip, lambda ans, x, axis=None: lambda g: np.flip(g, axis))
defjvp(np.flip, "same")


def diff_vjp(ans, x, n=1, axis=-1):
    """The adjoint of x[1:] - x[:-1] is minus the differences of g with a zero at either end."""
    ends = [(0, 0)] * np.ndim(x)
    ends[axis] = (1, 1)

    def vjp(g):
        for _ in range(n):
            g = -np.diff(np.pad(g, ends, "constant"), axis=axis)
        return g

    return vjp


defvjp(np.diff, diff_vjp)

# ----- x[index] -----


def may_repeat(index) -> bool:
    """Whether `index` can name one entry twice: it has an integer array (or a list) in it."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, list) or (getattr(p, "ndim", 0) > 0 and p.dtype.kind in "iu") for p in parts)


def add_at(A, index, g):
    """A[index] += g, once for every time that an entry is named."""
    if not may_repeat(index):
        A[index] += g
    elif device_array([A]) is None:
        onp.add.at(A, index, g)
    else:
        # CuPy's add.at takes a single index array. Numbering the entries turns any index into one.
        number = onp.arange(A.size, like=A).reshape(A.shape)[index]
        flat = onp.zeros_like(A, shape=(A.size,))
        onp.add.at(flat, number.ravel(), g.ravel())
        A += flat.reshape(A.shape)


@primitive
def untake(g, index, vs):
    """The adjoint of x[index], as something that adds itself to an array of the vector space vs."""
    if isinstance(index, list):
        index = onp.array(index, dtype=None if index else "int64")

    def mut_add(A):
        add_at(A, index, g)
        return A

    return SparseObject(vs, mut_add)


defvjp(ArrayBox.__getitem__, lambda ans, A, index: lambda g: untake(g, index, vspace(A)))
defvjp(untake, lambda ans, g, index, vs: lambda h: h[index])
defjvp(untake, "same")

# ----- take_along_axis, take, sort -----


@primitive
def put_along_axis(g, indices, axis, shape):
    """Zeros of `shape`, to which g is added along `axis` at `indices`: the adjoint of np.take_along_axis."""
    n, indices = shape[axis], onp.broadcast_to(onp.asarray(indices, like=g), g.shape)
    rows, columns = onp.moveaxis(g, axis, -1), onp.moveaxis(indices, axis, -1) % n
    first = onp.arange(0, n * rows[..., 0].size, n, like=g).reshape(*rows.shape[:-1], 1)  # where each row starts
    out = onp.zeros_like(g, shape=(n * first.size,))
    onp.add.at(out, (first + columns).ravel(), rows.ravel())
    return onp.moveaxis(out.reshape(*rows.shape[:-1], n), -1, axis)


def take_along_axis_vjp(ans, x, indices, axis=-1):
    shape, meta = list(np.shape(ans)), np.metadata(x)  # ans, because x and indices are broadcast but for the axis
    shape[axis] = np.shape(x)[axis]
    return lambda g: unbroadcast(put_along_axis(g, indices, axis, tuple(shape)), meta)


def take_vjp(ans, x, indices, axis=None):
    """np.take is x[..., indices, ...] at the axis; without an axis it is x.ravel()[indices]."""
    if axis is not None:
        index = (slice(None),) * (axis % np.ndim(x)) + (indices,)
        return lambda g: untake(g, index, vspace(x))
    shape, indices = np.shape(x), np.ravel(indices)
    return lambda g: np.reshape(put_along_axis(np.ravel(g), indices, 0, (math.prod(shape),)), shape)


def order_of(x, axis, kind=None, order=None, stable=None):
    kind = "stable" if stable else kind
    return np.argsort(x, axis=axis, **({} if kind is None else {"kind": kind}))


def sort_vjp(ans, x, axis=-1, **options):
    """Sorting is a permutation, constant nearby: its adjoint undoes it, without the atomics of a scatter."""
    if axis is None:
        undo = np.argsort(order_of(np.ravel(x), 0, **options), axis=0)
        return lambda g: np.reshape(g[undo], np.shape(x))
    undo = np.argsort(order_of(x, axis, **options), axis=axis)
    return lambda g: np.take_along_axis(g, undo, axis)


def sort_jvp(g, ans, x, axis=-1, **options):
    if axis is None:
        return np.ravel(g)[order_of(np.ravel(x), 0, **options)]
    return np.take_along_axis(g, order_of(x, axis, **options), axis)


defvjp(np.take_along_axis, take_along_axis_vjp)
defjvp(np.take_along_axis, "same")
defvjp(put_along_axis, lambda ans, g, indices, axis, shape: lambda h: np.take_along_axis(h, indices, axis))
defjvp(put_along_axis, "same")
defvjp(np.take, take_vjp)
defjvp(np.take, "same")
defvjp(np.sort, sort_vjp)
defjvp(np.sort, sort_jvp)

# ----- concatenate, array: functions of several arrays, which NumPy would convert to its own -----


@primitive
def concatenate_args(axis, *arrays):
    return onp.concatenate(arrays, axis)


@primitive
def array_from_args(array_args, array_kwargs, *parts):
    like = device_array(parts)
    if like is None:
        return onp.array(parts, *array_args, **array_kwargs)
    parts = [part if type(part) is type(like) else onp.asarray(part, like=like) for part in parts]
    return onp.array(parts, *array_args, like=like, **array_kwargs)


@primitive
def _array_from_scalar_or_array(array_args, array_kwargs, scalar):
    return onp.array(scalar, *array_args, like=device_array([scalar]), **array_kwargs)


defvjp_argnum(concatenate_args, numpy_vjps.grad_concatenate_args)
defjvp_argnum(concatenate_args, numpy_jvps.fwd_grad_concatenate_args)
defvjp_argnum(array_from_args, numpy_vjps.array_from_args_gradmaker)
defjvp_argnum(array_from_args, lambda argnum, g, ans, args, kwargs: untake(g, argnum - 2, vspace(ans)))
defvjp(_array_from_scalar_or_array, numpy_vjps.array_from_scalar_or_array_gradmaker, argnums=(2,))
defjvp(
    _array_from_scalar_or_array,
    lambda g, ans, args, kwargs, _: _array_from_scalar_or_array(args, kwargs, g),
    argnums=(2,),
)
for new in (concatenate_args, array_from_args, _array_from_scalar_or_array):
    for module in (np, numpy_wrapper):  # concatenate, stack, hstack, append, array, ... look these up there
        setattr(module, new.__name__, new)
