"""Wire: values as bytes, for the parent and the child. Nothing that comes in is executed or imported.

A message is its length, in 8 bytes, and JSON. A value is a pair [kind, content]:

    ["none", null]   ["bool", true]   ["int", 3]   ["float", 0.5]   ["str", "text"]
    ["array", [dtype, shape, base64 of the bytes]]          numbers alone: NUMBERS lists the dtypes
    ["list", [...]]   ["tuple", [...]]   ["dict", [[key, value], ...]]
    ["function", k]                                         it stays where it is; the other side asks for its values
    ["rng", seed]                                           numpy.random.default_rng(seed), made on the other side
    ["other", "the name of its type"]                       what cannot cross

The child loads this file by its path, so it needs the standard library and NumPy alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from types import CoroutineType
from typing import Any, BinaryIO

import numpy as np

NUMBERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
           "float16", "float32", "float64", "complex64", "complex128")  # fmt: skip
NAMES = {np.dtype(name): name for name in NUMBERS}  # (NumPy puts a dtype's name together anew each time)
HEADER = 8  # bytes


class NotAnAnswer(ValueError):
    """The bytes that came are no message, or a message that means nothing."""


@dataclass(frozen=True)
class Draws:
    """An argument that is a random generator: the other side makes it from the seed."""

    seed: int


@dataclass(frozen=True)
class Other:
    """A value that cannot cross. `kind` is the name of its type."""

    kind: str


# --- values ---


def pack(value: Any, function: Callable[[Any], int]) -> list:
    """A value as data. function(f) -> k gives a number to a function that stays here."""
    if isinstance(value, (np.ndarray, np.generic)):
        return _pack_array(np.asarray(value))
    if value is None:
        return ["none", None]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return [kind.__name__, kind(value)]
    for kind in (list, tuple):
        if isinstance(value, kind):
            return [kind.__name__, [pack(item, function) for item in value]]
    if isinstance(value, dict):
        return ["dict", [[pack(key, function), pack(item, function)] for key, item in value.items()]]
    if isinstance(value, Draws):
        return ["rng", value.seed]
    if isinstance(value, CoroutineType):  # of an async def: else Python warns that it was never awaited
        value.close()
    return ["function", function(value)] if callable(value) else ["other", type(value).__name__]


def _pack_array(a):
    name = NAMES.get(a.dtype.newbyteorder("="))
    if name is None:
        return ["other", f"array of dtype {a.dtype}"]
    a = np.asarray(a, dtype=name)
    return ["array", [name, list(a.shape), base64.b64encode(a.tobytes()).decode("ascii")]]


def unpack(data: Any, function: Callable[[int], Any]) -> Any:
    """The value of such data. function(k) stands for the function that stayed on the other side."""
    try:
        kind, content = data
        return UNPACK[kind](content, function)
    except (TypeError, ValueError, KeyError, OverflowError, RecursionError) as error:
        raise NotAnAnswer(f"no value: {type(error).__name__}") from error


def _unpack_array(content, _):
    name, shape, text = content
    if name not in NUMBERS or not all(type(n) is int and n >= 0 for n in shape):
        raise NotAnAnswer("no array")
    raw = base64.b64decode(text, validate=True)
    if len(raw) != prod(shape) * np.dtype(name).itemsize:
        raise NotAnAnswer("an array of another length")
    return np.frombuffer(raw, dtype=name).reshape(shape).copy()


def _of_type(kind):
    def check(content, _):
        if type(content) is not kind:
            raise NotAnAnswer(f"no {kind.__name__}")
        return content

    return check


UNPACK: dict[str, Callable[[Any, Callable], Any]] = {
    "none": lambda content, function: None,
    "bool": _of_type(bool),
    "int": _of_type(int),
    "float": _of_type(float),
    "str": _of_type(str),
    "array": _unpack_array,
    "list": lambda content, function: [unpack(item, function) for item in content],
    "tuple": lambda content, function: tuple(unpack(item, function) for item in content),
    "dict": lambda content, function: {unpack(k, function): unpack(v, function) for k, v in content},
    "function": lambda content, function: function(_of_type(int)(content, None)),
    "rng": lambda content, function: np.random.default_rng(_of_type(int)(content, None)),
    "other": lambda content, function: Other(str(content)[:80]),
}


# --- messages ---


def send(stream: BinaryIO, message: dict) -> None:
    raw = json.dumps(message).encode()
    stream.write(len(raw).to_bytes(HEADER, "big") + raw)
    stream.flush()


def receive(stream: BinaryIO, limit: int = 2**31) -> dict:
    """The next message. EOFError: the other side is gone. NotAnAnswer: it is too long, or no message."""
    size = int.from_bytes(_exactly(stream, HEADER), "big")
    if size > limit:
        raise NotAnAnswer(f"longer than {limit} bytes")
    try:
        message = json.loads(_exactly(stream, size))
    except (ValueError, RecursionError) as error:
        raise NotAnAnswer("no JSON") from error
    if not isinstance(message, dict):
        raise NotAnAnswer("no message")
    return message


def _exactly(stream, size):
    raw = stream.read(size)
    if len(raw) < size:
        raise EOFError
    return raw
