"""Brief: an answer in short. What is discrete goes into a digest, what is a float into a size and a scale.

A float differs a little from one processor to the next, so that it has no digest, unless it is a round number that
someone wrote. A size is a sum in which each number has a weight of its own, and what is as small as rounding does not
count; a scale sums logarithms of the largest number of each answer, so that a tolerance of 1e-12 has a say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any

import numpy as onp

LINES = re.compile(r"\b([Ll]ines?) \d+( (to|and) \d+)?(, \d+)*")  # they move when a file is edited
DECIMALS = re.compile(r"-?\d+(\.\d+(e[-+]?\d+)?|e[-+]?\d+)")
DEEP, WIDE = 3, 40  # how far it looks into an answer, and at how many of its parts
LARGEST = 10**9  # a whole number above it is the address of something
OF_THE_RUN = "depth"  # a field that counts the calls around the run, those of a test among them
UNIT = 1e3  # 1 / the size of a float from which on it counts
SMALLEST = 1e-20
WEIGHTS = 1.0 + onp.arange(7) / 7


class Brief:
    """All answers of one function in short."""

    def __init__(self):
        self.said, self.count, self.has_floats = blake2b(digest_size=3), 0, False
        self.size, self.scale = 0.0, 0.0

    def add(self, answer: Any) -> None:
        self.count += 1
        for part in parts(answer, DEEP):
            if isinstance(part, str):
                self.said.update(part.encode() + b"\0")
            else:
                self._add_floats(part)

    def _add_floats(self, numbers):
        finite = onp.isfinite(numbers)
        if not finite.all():
            self.said.update(onp.packbits(onp.isnan(numbers)).tobytes() + onp.packbits(numbers == onp.inf).tobytes())
        numbers, turn = onp.where(finite, numbers, 0.0).ravel(), 1.0 + self.count % 11 / 11
        self.size += turn * float(onp.arcsinh(UNIT * numbers) @ onp.resize(WEIGHTS, numbers.size))
        self.scale += turn * float(onp.log(onp.abs(numbers).max(initial=SMALLEST)))
        self.has_floats = True

    def digest(self) -> str:
        return self.said.hexdigest()


def parts(answer: Any, deep: int) -> Iterator[Any]:
    """Words and arrays of floats; of what is neither, its type."""
    if isinstance(answer, onp.ndarray):
        yield from of_array(answer)
    elif isinstance(answer, Enum):
        yield answer.name
    elif isinstance(answer, str):
        yield DECIMALS.sub("#", LINES.sub(r"\1 #", answer))
    elif answer is None or isinstance(answer, (bool, int, onp.bool_, onp.integer, onp.dtype, type)):
        yield "an address" if isinstance(answer, int) and answer > LARGEST else str(answer)
    elif isinstance(answer, (float, onp.floating)):
        yield f"{answer:.3g}" if float(f"{answer:.3g}") == answer else onp.asarray(answer, dtype=float)
    elif isinstance(answer, ast.AST):
        yield ast.dump(answer)
    else:
        yield type(answer).__name__
        yield from of_several(answer, deep - 1) if deep else ()


def of_array(array: Any) -> Iterator[Any]:
    yield f"{array.dtype.kind}{array.dtype.itemsize if array.dtype.kind == 'f' else ''}{array.shape}"
    if array.dtype.kind == "f":
        yield array.astype(float)
    elif array.dtype.kind in "biu":
        yield array.tobytes().hex() if array.dtype.kind == "b" else str(array.ravel().tolist())


def of_several(answer: Any, deep: int) -> Iterator[Any]:
    if isinstance(answer, (set, frozenset)):
        yield str(sorted("".join(p for p in parts(each, deep) if isinstance(p, str)) for each in answer))
        return
    inside: Any = ()
    if is_dataclass(answer) and not isinstance(answer, type):
        inside = [getattr(answer, field.name) for field in fields(answer) if field.name != OF_THE_RUN]
    elif hasattr(answer, "_fields"):  # of a named tuple
        inside = [getattr(answer, name) for name in answer._fields if name != OF_THE_RUN]
    elif isinstance(answer, (list, tuple)):
        inside = answer
    elif isinstance(answer, dict):
        inside = [each for item in answer.items() for each in item]
    for each in inside[:WIDE]:
        yield from parts(each, deep)
