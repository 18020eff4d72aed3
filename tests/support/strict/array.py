"""The array: the data of a NumPy array on the host, with CuPy's rules."""

import operator
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from strict.crossing import cross, refuse_capture
from strict.rules import (
    CREATION,
    METADATA,
    NOT_IN_A_GRAPH,
    NUMBERS,
    UFUNC_KEYWORDS,
    UFUNC_METHODS,
    check_function,
    cupy,
    in_cupy,
    refuse_host_arrays,
)  # fmt: skip


class Device:
    """Like CuPy's: it can be compared and printed, and cannot be hashed."""

    __hash__ = None

    def __eq__(self, other):
        return type(other) is Device

    def __repr__(self):
        return "<strict device 0>"


_DEVICE = Device()
LOOKED_AT = {np.matmul, *(getattr(np, name) for name in NOT_IN_A_GRAPH if isinstance(getattr(np, name, 0), np.ufunc))}
NOTHING = nullcontext()


class StrictArray(NDArrayOperatorsMixin):
    """The data of a NumPy array, with CuPy's rules."""

    __slots__ = ("_host",)
    __array_priority__ = 100

    def __init__(self, host):
        self._host = cross("to_device", host)

    # NumPy's protocols

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array."
        )

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if cupy is None and method == "__call__" and not kwargs and ufunc not in LOOKED_AT:
            if all(type(a) in PLAIN for a in inputs):  # most calls: there is nothing to refuse
                return wrap(ufunc(*(a._host if type(a) is StrictArray else a for a in inputs)))
        out = kwargs.get("out", ())
        if len(out) > 1:
            raise ValueError("The 'out' parameter must have exactly one array value")
        if not all(isinstance(a, (StrictArray, np.ndarray, *NUMBERS)) for a in (*inputs, *out)):
            return NotImplemented
        if cupy is not None:
            try:
                in_cupy("numpy", ufunc.__name__)
            except TypeError:
                return NotImplemented
        if method not in ("__call__", "outer") and ufunc.__name__ not in UFUNC_METHODS[method]:
            raise NotImplementedError(f"`{ufunc.__name__}.{method}` is not supported by CuPy")
        if method == "__call__" and set(kwargs) - UFUNC_KEYWORDS:
            raise TypeError(f"Wrong arguments {set(kwargs) - UFUNC_KEYWORDS}")
        if ufunc.__name__ in NOT_IN_A_GRAPH:
            refuse_capture(ufunc.__name__)
        refuse_host_arrays(inputs if method != "at" else (inputs[0], *inputs[2:]))
        if not all(isinstance(a, StrictArray) for a in out):
            raise TypeError("return arrays must be device arrays")
        # BLAS can raise the flag for numbers that it loads with the last ones of an odd length, and does not use.
        with np.errstate(invalid="ignore") if ufunc is np.matmul else NOTHING:
            result = wrap(getattr(ufunc, method)(*map(unwrap, inputs), **{key: unwrap(v) for key, v in kwargs.items()}))
        return out[0] if out else result

    def __array_function__(self, func, types, args, kwargs):
        if not all(issubclass(t, (StrictArray, np.ndarray)) for t in types):
            return NotImplemented
        check_function(func, args, kwargs)
        name = func.__name__
        if func.__module__ == "numpy.linalg" or name in NOT_IN_A_GRAPH or (name == "where" and len(args) == 1):
            refuse_capture(name)
        if name in CREATION:
            return create(func, args, kwargs)
        result = func(*map(unwrap, args), **unwrap(kwargs))
        return result if name in METADATA else wrap(result)

    # across to the host

    def get(self):
        return cross("to_host", self._host)

    def item(self, *index):
        return cross("to_host", self._host).item(*index)

    def tolist(self):
        return self.get().tolist()

    def __float__(self):
        return float(self.get())

    def __int__(self):
        return int(self.get())

    def __complex__(self):
        return complex(self.get())

    def __bool__(self):
        return bool(self.get())

    def __repr__(self):
        return f"strict {self._host!r}"

    def __str__(self):
        return str(self._host)

    def __format__(self, spec):
        return format(self.get(), spec)

    def __reduce__(self):
        return StrictArray, (self.get(),)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    # indexing

    def __getitem__(self, index):
        return device(np.asarray(self._host[host_index(index)]))

    def __setitem__(self, index, value):
        if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0):
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        self._host[host_index(index)] = unwrap(value)

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    # properties

    @property
    def shape(self):
        return self._host.shape

    @shape.setter
    def shape(self, shape):
        new = self._host.reshape(shape)
        if not np.may_share_memory(new, self._host):
            raise AttributeError("the shape can only be set where the array need not be copied")
        self._host = new

    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    strides = property(lambda self: self._host.strides)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    device = property(lambda self: _DEVICE)
    T = property(lambda self: device(self._host.T))
    mT = property(lambda self: device(self._host.mT))
    real = property(lambda self: device(self._host.real))
    imag = property(lambda self: device(self._host.imag))

    @property
    def base(self):
        return None if self._host.base is None else device(self._host.base)

    @property
    def flags(self):  # there is no `writeable`: CuPy writes into any view
        flags = self._host.flags
        return SimpleNamespace(c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous, owndata=flags.owndata)

    def astype(self, dtype, order="K", copy=True):
        host = self._host.astype(dtype, order=order, copy=copy)
        return self if host is self._host else device(host)

    def copy(self, order="C"):
        return device(self._host.copy(order))

    def fill(self, value):
        refuse_host_arrays(value)
        self._host.fill(unwrap(value))


def unwrap(tree):
    if isinstance(tree, StrictArray):
        return tree._host
    if isinstance(tree, (list, tuple)):
        return type(tree)(map(unwrap, tree))
    if isinstance(tree, dict):
        return {key: unwrap(value) for key, value in tree.items()}
    return tree


def wrap(tree):
    """NumPy arrays and scalars as StrictArrays; named tuples as plain ones, as in cupy.linalg."""
    if isinstance(tree, (np.ndarray, np.generic)):
        return device(np.asarray(tree))
    if isinstance(tree, (list, tuple)):
        return (list if isinstance(tree, list) else tuple)(map(wrap, tree))
    return tree


def device(host):
    """A StrictArray on `host` itself: no copy, and no transfer."""
    array = object.__new__(StrictArray)
    array._host = host
    return array


PLAIN = {StrictArray, float, int, bool}


# ----- indices -----


def host_index(index):
    """The index as NumPy takes it. Lists and host arrays are copied across first, as CuPy does."""
    return tuple(map(host_index_part, index)) if isinstance(index, tuple) else host_index_part(index)


def host_index_part(part):
    if isinstance(part, (list, np.ndarray)):
        part = StrictArray(np.asarray(part, dtype=None if np.size(part) else int))
    if isinstance(part, StrictArray):
        if part.dtype == bool:
            refuse_capture("a boolean mask")
        elif part.dtype.kind not in "iu":
            raise IndexError(f"arrays used as indices must be of integer or boolean type; got {part.dtype}")
        return part._host
    return part if part is None or part is Ellipsis or isinstance(part, slice) else operator.index(part)


def create(func, args, kwargs):
    """np.array(data, like=device array): data are host data, one device array, or a nest of device arrays only."""
    data, *args = args
    inside = list(leaves(data))
    if not any(isinstance(a, StrictArray) for a in inside):
        return device(np.asarray(func(cross("to_device", data), *args, **kwargs)))
    if not all(isinstance(a, StrictArray) for a in inside):
        raise TypeError("Implicit conversion to a NumPy array is not allowed: device and host arrays in one nest")
    return wrap(func(unwrap(data), *args, **kwargs))


def leaves(tree):
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from leaves(part)
    else:
        yield tree
