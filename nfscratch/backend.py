"""The array switch: which arrays a flow runs on, and at which precision.

Flow code never asks. It calls NumPy's functions, and an array that is not NumPy's answers for itself
(NEP 13 for ufuncs, NEP 18 for functions, NEP 35 for creation through `like=`). What is left to decide is where
*new* arrays are made: `use("cupy", dtype="float32")` says so once, for the process. NFSCRATCH_BACKEND and
NFSCRATCH_DTYPE say it before the program starts; what they ask for in vain is an error where an array is first made,
so that `use`, or an option that calls it, may still overrule it, and `nfscratch doctor` can say what is wrong.

A seed means the same on every backend and dtype: random numbers are drawn in float64 on the host, then cast.
This is the only module that imports cupy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch.excerpt import excerpt

BACKENDS = ("numpy", "cupy")
DTYPES = ("float64", "float32")

VARIABLES = {"backend": "NFSCRATCH_BACKEND", "dtype": "NFSCRATCH_DTYPE"}

_prototype: Any = onp.empty(0)  # new arrays are made like this one
_dtype = onp.dtype("float64")
_on_array_type: list[Callable[[type], None]] = []
_unmet: dict[str, Exception] = {}  # variable of the environment -> why it cannot be as it says


def use(backend: str | None = None, dtype: str | None = None) -> None:
    """Make new arrays on `backend` ("numpy" or "cupy") and with `dtype` ("float64" or "float32"); None: unchanged."""
    if backend is not None and not (isinstance(backend, str) and backend in BACKENDS):
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}; got {excerpt(backend)}")
    dtype = _name_of(dtype)
    if dtype is not None and dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}; got {excerpt(dtype)}")
    prototypes = {None: lambda: _prototype, "numpy": lambda: onp.empty(0), "cupy": cupy_prototype}
    use_arrays_like(prototypes[backend](), dtype)
    for name, given in (("backend", backend), ("dtype", dtype)):
        if given is not None:
            _unmet.pop(VARIABLES[name], None)


def _name_of(dtype):
    """The name of a dtype, also of one that is given as NumPy's; what is none stays as it is, or as its text."""
    if dtype is None or isinstance(dtype, str):
        return dtype
    try:
        return onp.dtype(dtype).name
    except (TypeError, ValueError):
        return repr(dtype)


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


def cupy_prototype() -> Any:
    """An empty CuPy array; RuntimeError, in one line, where there is no CuPy or no GPU."""
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
    """Apply NFSCRATCH_BACKEND and NFSCRATCH_DTYPE where they are set; what cannot be applied is kept as a problem."""
    for name, variable in VARIABLES.items():
        try:
            use(**{name: os.environ.get(variable) or None})
        except ValueError as error:
            _unmet[variable] = ValueError(str(error).replace(name, variable, 1))
        except RuntimeError as error:
            _unmet[variable] = RuntimeError(f"{variable}={os.environ[variable]}: {error}")


def environment_problems() -> dict[str, str]:
    """Variable -> why it cannot be as it says, for those that `use` has not overruled."""
    return {variable: str(error) for variable, error in _unmet.items()}


def check_environment() -> None:
    """Raise the first of these problems: ValueError for a name that is none, RuntimeError for a backend without GPU."""
    for error in _unmet.values():
        raise error.with_traceback(None)


def default_dtype() -> onp.dtype:
    """The dtype of newly made parameters and samples."""
    check_environment()
    return _dtype


def prototype() -> Any:
    """An empty array of the active type: pass it to NumPy as `like=`."""
    check_environment()
    return _prototype


def asarray(a: Any, dtype: Any = None, like: Any = None) -> Any:
    """`a` as an array of `like`'s type (default: the active backend's) and dtype (default: the active dtype)."""
    check_environment()
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
        if type(x) is onp.ndarray and (here := self._copies.get(self.dtype or x.dtype)) is not None:
            return here
        x = _raw(x)
        dtype = self.dtype or x.dtype
        if type(x) is onp.ndarray:
            return self._copies.setdefault(dtype, onp.asarray(self.host, dtype=dtype))
        key = (type(x), str(getattr(x, "device", "")), dtype)  # (CuPy's Device cannot be hashed)
        if key not in self._copies:
            self._copies[key] = onp.asarray(self.host, dtype=dtype, like=x)
        return self._copies[key]
