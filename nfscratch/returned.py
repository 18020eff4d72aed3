"""What a function of the caller's returned: a message names the function, what it must return, and what it did.

Python's own words would name neither: "can't multiply sequence by non-int", ten calls below the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as onp
from autograd.tracer import isbox

from nfscratch import backend, trees
from nfscratch.autodiff import raw
from nfscratch.excerpt import excerpt

TEXTS = (str, bytes, bytearray)


def number(name: str, value: Any) -> float:
    """`value`, a number or an array of one without axes, as a float; it may be NaN. True is no number."""
    if type(value) is float:  # asked at every step
        return value
    truth = isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "") == "b"
    if not truth and not isinstance(value, TEXTS) and not onp.iscomplexobj(value) and getattr(value, "shape", ()) == ():
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            pass
    raise TypeError(f"{name} must return a number; got {_came(value)}")


def factor(name: str, value: Any, at: float) -> float:
    """`value` as a finite number of at least 0, returned for the argument `at`."""
    found = number(name, value)
    if not 0 <= found < float("inf"):
        raise ValueError(f"{name}({at:.6g}) must be a finite number of at least 0; got {found}")
    return found


def is_true(value: Any) -> bool:
    """Whether `value` is True, or 1, or an array without axes that says so; a text, a list or another number is not."""
    value = value[()] if getattr(value, "shape", None) == () else value
    return isinstance(value, (bool, onp.bool_, int, onp.integer)) and bool(value == 1)


def mapping(name: str, value: Any) -> Mapping:
    """`value`, if it is a dict."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must return a dict of arguments by their names; got {_came(value)}")
    return value


def one_number(name: str, f: Callable) -> Callable:
    """The function f, whose result, also under a derivative, must be one number."""

    def checked(*arguments):
        value = f(*arguments)
        if not isbox(value) or value.shape != () or value.dtype.kind != "f":
            number(name, raw(value))
        return value

    return checked


def with_gradient(name: str, f: Callable) -> Callable:
    """The function f, which must return a number and a tree of gradients."""

    fits = False  # the gradient is looked at once

    def checked(params, *arguments):
        nonlocal fits
        pair = f(params, *arguments)
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"{name} must return (value, gradient tree); got {_came(pair)}")
        number(f"{name}, in its first part,", pair[0])
        fits = fits or _check_gradient(name, *map(trees.leaves, (pair[1], params)))
        return pair

    return checked


def tree_like(name: str, value: Any, like: Any) -> Any:
    """`value`, a tree of parameters, if it has the keys, lengths and shapes of the tree `like`."""
    wrong = trees.difference(value, like)
    if wrong is not None:
        raise ValueError(f"{name} must return parameters like those that it is given; got {wrong}")
    return value


def array(name: str, value: Any) -> onp.ndarray:
    """`value` as an array of real numbers on the host."""
    try:
        found = onp.asarray(backend.to_numpy(value))
    except ValueError:  # rows of several lengths
        found = onp.asarray(None)
    if found.dtype.kind not in "biuf":
        raise TypeError(f"{name} must return an array of real numbers; got {_came(value)}")
    return found


def values_and_pullback(name: str, pair: Any) -> tuple[Any, Callable]:
    """`pair`, if it is (values, pullback)."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not callable(pair[1]):
        raise TypeError(f"{name} must return (values, pullback), pullback(g) -> g_x; got {_came(pair)}")
    return tuple(pair)


def floats(name: str, values: Any) -> Any:
    """`values`, an array; one of whole numbers has no slope, and a fit to it goes anywhere."""
    if values.dtype.kind != "f":
        raise TypeError(f"{name} must return floats, which have a slope; got dtype {values.dtype}")
    return values


def _check_gradient(name, grads, params):
    """Refuse a gradient whose leaves do not have the shapes of the parameters; True where they do."""
    got, wanted = ([tuple(getattr(leaf, "shape", (type(leaf).__name__,))) for leaf in side] for side in (grads, params))
    if got != wanted:
        raise ValueError(
            f"{name} must return a gradient with the shapes of params, {excerpt(wanted)}; got {excerpt(got)}"
        )
    return True


def _came(value):
    shape = getattr(value, "shape", ())
    return f"an array of shape {tuple(shape)}" if shape else excerpt(value)
