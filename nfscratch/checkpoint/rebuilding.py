"""A flow from its description, which may be forged: nothing in it is looked up but the names of the registry.

    {"part": "MLP", "fields": {"hidden": {"tuple": [64, 64]}, "activation": "relu"}}  ->  MLP((64, 64), "relu")

A description says one thing: an object has exactly the keys of its kind, a part the fields that its class states, a
number of NumPy a number. So what sizes.py reads in it is what is built here. Keys of a dict are texts, because Python
hashes numbers so that a forger can make them collide: 60,000 such keys took 26 seconds.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.checkpoint.description import SCALARS, refuse_unknown, registry
from nfscratch.checkpoint.header import CheckpointError
from nfscratch.excerpt import excerpt
from nfscratch.typed_fields import odd

PLAIN = (type(None), bool, str, int, float)
NUMBERS = {"b": (bool,), "i": (int,), "u": (int,), "f": (int, float)}  # what stands for a NumPy number, by its kind


def build(description: Any, where: str = "flow") -> Any:
    """The part or field that a complete description is of."""
    if isinstance(description, PLAIN):
        return description
    if isinstance(description, list):
        return [item if isinstance(item, PLAIN) else build(item, f"{where}[{i}]") for i, item in enumerate(description)]
    keys = set(description)
    kind = next((kind for kind, wanted in KEYS.items() if kind in keys and keys <= wanted), None)
    if kind is None:
        raise CheckpointError(f"{where} must be described by one of {', '.join(KEYS)}; got {excerpt(description)}")
    return KINDS[kind](description, where)


def _part(description, where):
    name, given = description["part"], description.get("fields")
    part = registry().get(name) if isinstance(name, str) else None
    if part is None:
        raise CheckpointError(f"{where} must be a part of this version of nfscratch; got {excerpt(name)}")
    if not isinstance(given, dict):
        raise CheckpointError(f"{where} must have its fields; got {excerpt(given)}")
    refuse_unknown(part, given)
    values = {field: build(value, f"{where}.{field}") for field, value in given.items()}
    if why := odd(part, values):
        raise CheckpointError(f"{where} cannot be made: {why}")
    try:
        return part(**values)
    except Exception as error:  # its fields may be anything
        raise CheckpointError(f"{where} cannot be made: {type(error).__name__}: {excerpt(str(error))}") from None


def _tuple(description, where):
    return tuple(build(_list(description["tuple"], where), where))


def _dict(description, where):
    pairs = [_list(pair, where) for pair in _list(description["dict"], where)]
    if any(len(pair) != 2 for pair in pairs):
        raise CheckpointError(f"{where} must be pairs of key and value; got {excerpt(description)}")
    if not all(isinstance(key, str) for key, _ in pairs):
        raise CheckpointError(f"{where} must have keys that are texts; got {excerpt(description)}")
    return {key: build(value, where) for key, value in pairs}


def _float(description, where):
    if description["float"] not in ("inf", "-inf", "nan"):
        raise CheckpointError(f"{where} must be inf, -inf or nan; got {excerpt(description['float'])}")
    return float(description["float"])


def _numpy(description, where):
    """A number of a NumPy type, written as a number. NumPy itself would read texts and parts of any size."""
    name, value = description["numpy"], description.get("value")
    value = _float(value, where) if isinstance(value, dict) and set(value) == {"float"} else value
    number = SCALARS.get(name) if isinstance(name, str) else None
    exact = number is not None and type(value) in NUMBERS[onp.dtype(number).kind]
    if not exact or not _holds(number, value):
        raise CheckpointError(f"{where} must be a number of a NumPy type; got {excerpt(description)}")
    return number(value)


def _holds(number, value):
    """Whether a NumPy type has this very number: float32 of 1e300 would be infinity."""
    try:
        with onp.errstate(over="ignore"):
            held = number(value)
    except (TypeError, ValueError, ArithmeticError):
        return False
    return bool(held.item() == value or held != held)


def _list(value, where):
    if not isinstance(value, list):
        raise CheckpointError(f"{where} must be described by a list; got {excerpt(value)}")
    return value


KINDS = {"part": _part, "tuple": _tuple, "dict": _dict, "float": _float, "numpy": _numpy}
KEYS = {kind: {kind} for kind in KINDS} | {"part": {"part", "fields"}, "numpy": {"numpy", "value"}}
