"""Pairs: plain functions (forward, inverse) as a subject, one pair or several that are its layers.

They may return arrays of another library: PyTorch's tensors leave their graph and their device, JAX's are copied. What
is no array is left as it is, and S says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from inspect import iscoroutine
from itertools import islice
from typing import Any

import numpy as onp

from nfscratch.check.domains import interval
from nfscratch.check.guarded import guarded, name_of
from nfscratch.check.subject import Subject

MOST_RESULTS = 10  # of a function with yield


def is_pair(subject: Any) -> bool:
    return isinstance(subject, (tuple, list)) and len(subject) == 2 and all(callable(f) for f in subject)


def is_pairs(subject: Any) -> bool:
    """Whether it is a list of at least one pair."""
    return isinstance(subject, (tuple, list)) and len(subject) > 0 and all(map(is_pair, subject))


def first_call(pairs: Any, dim: Any, z: Any) -> tuple[Any, Any, Any] | None:
    """(z, x, log_det) of forward before any other call: a layer may change itself at its first inverse."""
    try:
        with onp.errstate(all="ignore"):
            x, log_det = of_pairs(pairs, dim).forward(z.copy())
        return z, onp.array(x), onp.array(log_det)
    except Exception:  # of any kind: for the checks to say
        return None


def computes_in_float32(pairs: Any, dim: Any, z: Any) -> bool:
    """Whether the functions answer z in float64 with numbers of float32, in both directions.

    They return float32, or float64 with the digits of float32 alone.
    """
    s = of_pairs(pairs, dim)
    try:
        with onp.errstate(all="ignore"):
            x, log_det = s.forward(z.copy())
            back, log_det_back = s.inverse(onp.array(x, dtype=onp.float64))
    except Exception:  # of any kind: for the checks to say
        return False
    return all(is_single(a) for a in (x, log_det, back, log_det_back)) and _is_single_beyond_z(x, z)


def is_single(a: Any) -> bool:
    """Whether the numbers have no more digits than float32 keeps."""
    a = onp.asarray(a)
    if a.dtype == onp.float64:
        return bool(onp.isfinite(a).all() and (a == a.astype(onp.float32)).all())
    return a.dtype == onp.float32


def _is_single_beyond_z(x, z):
    """z itself has more digits than float32 keeps: what is made from it does not have few by chance."""
    return onp.shape(x) == z.shape and bool((z != z.astype(onp.float32)).any() and onp.size(x))


def in_float32(pairs: Any) -> Any:
    """The same pairs, with results of float32."""
    return tuple(map(single, pairs)) if is_pair(pairs) else [in_float32(pair) for pair in pairs]


def single(f: Callable) -> Callable:
    """The same function, with results of float32."""

    @wraps(f)
    def call(*arguments):
        results = f(*arguments)
        return tuple(map(_rounded, results)) if isinstance(results, (tuple, list)) else _rounded(results)

    return call


def _rounded(a):
    a = _numbers(a)
    return a.astype(onp.float32) if hasattr(a, "astype") else a


def of_pairs(pairs: Any, dim: Any, dtype: Any = "float64", **declared: Any) -> Subject:
    """One pair; or several, in the order in which z meets them, as one map."""
    if is_pair(pairs):
        return of_pair(*pairs, dim, dtype, **declared)
    layers = tuple(of_pair(*pair, dim, dtype) for pair in pairs)
    forward = _through([layer.forward for layer in layers])
    inverse = _through([layer.inverse for layer in layers[::-1]])
    whole = of_pair(forward, inverse, dim, dtype, **declared)
    return replace(whole, name=f"{len(layers)} pairs", pairs=layers)


def of_pair(
    forward: Any, inverse: Any, dim: Any, dtype: Any = "float64", name: str | None = None, **declared: Any
) -> Subject:  # fmt: skip
    """Two plain functions for `dim` variables, or for events of shape `dim`."""
    shape = (int(dim),) if onp.ndim(dim) == 0 else tuple(dim)
    for ends in ("domain", "codomain"):
        declared[ends] = interval(declared.get(ends), shape, ends)
    declared |= {key: _on_host(declared[key]) for key in ("log_prob", "sample") if declared.get(key) is not None}
    if declared.get("sample") is not None:
        declared["sample"] = _of_numbers("sample", declared["sample"])
    name = f"pair ({name_of(forward)}, ...)" if name is None else name
    both = _two_results("forward", "x", _on_host(forward)), _two_results("inverse", "z", _on_host(inverse))
    return Subject(name, *both, shape, shape, onp.dtype(dtype), **declared)


def _through(functions):
    """One after the other, with their log-dets added up."""

    def call(a):
        total = 0.0
        for f in functions:
            a, log_det = f(a)
            total = total + log_det
        return a, total

    return call


def _on_host(f: Callable) -> Callable:
    """The same function, with every array that it returns on the host."""

    def call(*arguments):
        results = f(*arguments)
        if isinstance(results, Iterator):  # a function with yield; it may never end
            results = tuple(islice(results, MOST_RESULTS))
        return tuple(map(_numbers, results)) if isinstance(results, (tuple, list)) else _numbers(results)

    return guarded(call)


def _two_results(direction, symbol, f):
    """The same function; a TypeError in words where it does not return two values."""

    def call(a):
        results = f(a)
        if isinstance(results, tuple) and len(results) == 2:
            return results
        got = f"{len(results)} values" if isinstance(results, tuple) else _kind(results)
        raise TypeError(f"{direction} must return two values, {symbol} and log_det; got {got}")

    return call


def _kind(results):
    if iscoroutine(results):
        results.close()  # or Python warns that nobody has waited for it
        return "a coroutine: an async function cannot be audited"
    return type(results).__name__ + (f" of shape {results.shape}" if isinstance(results, onp.ndarray) else "")


def _of_numbers(name, f):
    """The same function; a TypeError in words where it does not return numbers."""

    def call(*arguments):
        results = f(*arguments)
        if not isinstance(results, tuple) and onp.asarray(results).dtype.kind not in "fiu":
            raise TypeError(f"{name} must return an array of numbers; got {type(results).__name__}")
        return results

    return call


def _numbers(a):
    if isinstance(a, (onp.ndarray, onp.generic)):
        return a
    if hasattr(a, "detach"):  # a tensor that requires a gradient, or lies on a GPU, has no NumPy array
        a = a.detach().cpu()
    return onp.asarray(a) if hasattr(a, "__array__") else a
