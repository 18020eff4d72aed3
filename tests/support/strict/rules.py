"""What CuPy has: its functions and their keywords, and which host arrays it takes."""

import inspect
from functools import cache, reduce

import numpy as np

try:
    import cupy
    import cupyx.scipy.special as cupy_special
except ImportError:
    cupy = cupy_special = None

NUMBERS = (bool, int, float, complex, np.generic)
UFUNC_KEYWORDS = {"out", "where", "dtype", "casting"}
UFUNC_METHODS = {  # `outer` works for all, the others raise NotImplementedError in CuPy
    "at": {"add", "maximum", "minimum"},
    "reduce": {"add", "multiply"},
    "accumulate": {"add", "multiply"},
    "reduceat": {"add"},
}
# parameters that may be NumPy arrays, because CuPy reads them on the host
HOST_PARAMETERS = {
    "axes",
    "axis",
    "shape",
    "newshape",
    "pad_width",
    "indices_or_sections",
    "reps",
    "source",
    "destination",
}
# functions whose result is about the array and not in it
METADATA = {
    "shape",
    "ndim",
    "size",
    "result_type",
    "iscomplexobj",
    "isrealobj",
    "can_cast",
    "may_share_memory",
    "isscalar",
}
CREATION = {"array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"}
NOT_IN_A_GRAPH = {"matmul", "dot", "vdot", "inner", "tensordot", "einsum"} | {  # cuBLAS
    "nonzero", "flatnonzero", "argwhere", "compress", "extract", "unique", "array_equal"  # wait for a count
}  # fmt: skip


@cache
def in_cupy(module, name):
    """CuPy's function of that name, and its signature where it has one."""
    try:
        found = reduce(getattr, module.split(".")[1:], cupy)
        found = getattr(found, name, None) or (getattr(cupy_special, name) if module == "numpy" else None)
        if found is None:
            raise AttributeError
    except AttributeError:
        raise TypeError(f"CuPy has no {module}.{name}") from None
    try:
        return found, inspect.signature(found)
    except (TypeError, ValueError):
        return found, None


@cache
def signature_of(func):
    """The signature of a function of NumPy; of one that states none, as `asarray` of NumPy 2.0, any arguments fit."""
    try:
        return inspect.signature(func)
    except ValueError:
        return inspect.signature(lambda *args, **kwargs: None)


@cache
def names_of(func, n, keywords):
    """The names of n arguments given by place; TypeError: CuPy takes no such call.

    Binding takes longer than the small products of a test, and there are few ways in which a function is called.
    """
    signature = signature_of(func)
    if cupy is not None:
        signature = in_cupy(func.__module__, func.__name__)[1] or signature
    signature.bind(*[None] * n, **dict.fromkeys(keywords))
    by_place = [p.name for p in signature.parameters.values() if p.kind < p.VAR_POSITIONAL]
    rest = [p.name for p in signature.parameters.values() if p.kind is p.VAR_POSITIONAL]
    return by_place[:n] + rest * (n - len(by_place))


def check_function(func, args, kwargs):
    """Raise TypeError where CuPy would not take the call, or where host arrays are among its array arguments."""
    named = [*zip(names_of(func, len(args), tuple(kwargs)), args, strict=True), *kwargs.items()]
    if any(name == "order" and value is None for name, value in named):
        raise TypeError("order=None is NumPy's alone")
    if func.__name__ not in CREATION and func.__name__ not in METADATA:
        for name, value in named:
            if name not in HOST_PARAMETERS:
                refuse_host_arrays(value)


def refuse_host_arrays(tree):
    if isinstance(tree, np.ndarray) and tree.ndim > 0:
        raise TypeError(f"Unsupported type {type(tree)}: a host array of shape {tree.shape} meets device arrays")
    if isinstance(tree, (list, tuple)):
        for part in tree:
            refuse_host_arrays(part)
    if isinstance(tree, dict):
        refuse_host_arrays(list(tree.values()))
