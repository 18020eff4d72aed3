"""The array switch: which arrays a flow runs on, and at which precision.

Flow code never asks. It calls NumPy's functions, and an array that is not NumPy's answers for itself
(NEP 13 for ufuncs, NEP 18 for functions, NEP 35 for creation through `like=`). What is left to decide is where
*new* arrays are made: `use("cupy", dtype="float32")` says so once, for the process.

A seed means the same on every backend and dtype: random numbers are drawn in float64 on the host, then cast.
This is the only module that imports cupy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as onp

BACKENDS = ("numpy", "cupy")
DTYPES = ("float64", "float32")

_prototype: Any = onp.empty(0)  # new arrays are made like this one
_dtype = onp.dtype("float64")
_on_array_type: list[Callable[[type], None]] = []


def use(backend: str | None = None, dtype: str | None = None) -> None:
    """Make new arrays on `backend` ("numpy" or "cupy") and with `dtype` ("float64" or "float32"); None: unchanged."""
    if backend is not None and backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}; got {backend!r}")
    dtype = dtype if dtype is None or isinstance(dtype, str) else onp.dtype(dtype).name
    if dtype is not None and dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")
    prototypes = {None: lambda: _prototype, "numpy": lambda: onp.empty(0), "cupy": _cupy_prototype}
    use_arrays_like(prototypes[backend](), dtype)


def on_array_type(callback: Callable[[type], None]) -> None:
    """Call `callback(array_type)` for the array type in use, and for each one that comes into use later."""
    _on_array_type.append(callback)
    callback(type(_prototype))


def use_arrays_like(prototype: Any, dtype: str | None = None) -> None:
    """Make new arrays of `prototype`'s type: `use` for any array type that implements NEP 13, 18 and 35."""
    global _prototype, _dtype
    for register in _on_array_type:
        register(type(prototype))
    _prototype = prototype
    if dtype is not None:
        _dtype = onp.dtype(dtype)


def _cupy_prototype() -> Any:
    try:
        import cupy
    except ImportError as error:
        raise RuntimeError(
            "the cupy backend needs CuPy, which is not installed: pip install 'nfscratch[cuda12]' "
            "(or cuda13, as nvidia-smi says), or stay with --backend numpy"
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # the driver is missing or too old: each CUDA version has its own exception
        raise RuntimeError(f"the cupy backend needs an NVIDIA GPU with its driver; CUDA says: {error}") from error
    if count == 0:
        raise RuntimeError("the cupy backend needs an NVIDIA GPU; CUDA sees none")
    return cupy.empty(0)


def use_from_environment() -> None:
    """Apply NFSCRATCH_BACKEND and NFSCRATCH_DTYPE where they are set."""
    backend, dtype = os.environ.get("NFSCRATCH_BACKEND"), os.environ.get("NFSCRATCH_DTYPE")
    use(backend or None, dtype or None)


def default_dtype() -> onp.dtype:
    """The dtype of newly made parameters and samples."""
    return _dtype


def prototype() -> Any:
    """An empty array of the active type: pass it to NumPy as `like=`."""
    return _prototype


def asarray(a: Any, dtype: Any = None, like: Any = None) -> Any:
    """`a` as an array of `like`'s type (default: the active backend's) and dtype (default: the active dtype)."""
    like = _prototype if like is None else _raw(like)
    dtype = _dtype if dtype is None else onp.dtype(dtype)
    if type(a) is type(like):
        return a.astype(dtype, copy=False)
    return onp.asarray(_host(a), dtype=dtype, like=like)


def _raw(x: Any) -> Any:
    """Under a derivative: the array inside autograd's boxes."""
    while hasattr(x, "_value"):
        x = x._value
    return x


def _host(a: Any) -> Any:
    """`a` as NumPy's own array, scalar or list: device arrays come home through `.get()`."""
    return a.get() if hasattr(a, "__array_function__") and hasattr(a, "get") else a


def to_numpy(tree: Any) -> Any:
    """Copy every array in a tree of dicts, lists and tuples to NumPy; leave everything else as it is."""
    if isinstance(tree, dict):
        return {key: to_numpy(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(to_numpy(value) for value in tree)
    return _host(tree)


class Constant:
    """A fixed host array (a mask, a permutation) that follows the arrays it meets: `constant.on(x)`.

    `on(x)` has x's type, and the dtype that was asked for (default: x's). Copies are cached, so that a layer
    on a GPU moves its mask there once.
    """

    def __init__(self, host: Any, dtype: Any = None):
        self.host = onp.array(host)
        self.host.setflags(write=False)
        self.dtype = None if dtype is None else onp.dtype(dtype)
        self._copies: dict[Any, Any] = {}

    def on(self, x: Any) -> Any:
        x = _raw(x)
        dtype = self.dtype or x.dtype
        key = (type(x), str(getattr(x, "device", "")), dtype)  # (CuPy's Device cannot be hashed)
        if key not in self._copies:
            self._copies[key] = onp.asarray(self.host, dtype=dtype, like=x)
        return self._copies[key]
