"""A part as its description says it is: its fields read as numbers, before there is a part.

A forged description may hold anything anywhere. Here each field is read as what a size can be computed from: a whole
number, the product or the list of several, or parts inside of it. What is none of that reads as 0 or as nothing, and
the part's own constructor refuses it later. Numbers are floats: they may overflow to infinity, and cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from itertools import pairwise
from math import inf, prod
from typing import Any

from nfscratch.checkpoint.description import describe, refuse_unknown, registry

PART = 64.0  # an object costs as much as so many numbers: a stack of a million layers without parameters is large
AXES = 32
MOST = 1e15  # a larger whole number is read as this one: it is refused all the same


class Described:
    """The fields of a part, those at their defaults too."""

    def __init__(self, description: Any):
        self.name = description["part"]
        given = description.get("fields")
        if isinstance(given, dict):
            refuse_unknown(registry()[self.name], given)
        self.fields = {**defaults(self.name), **(given if isinstance(given, dict) else {})}

    def whole(self, field: str) -> float:
        """A field that is one whole number."""
        return _whole(self.fields.get(field))

    def all(self, field: str) -> list[float]:
        """A field that is one whole number or a list of them, as a list."""
        value = _items(self.fields.get(field))
        return [_whole(item) for item in value] if isinstance(value, list) else [_whole(value)]

    def first(self, field: str) -> float:
        """The first of them, 0 where there is none."""
        return next(iter(self.all(field)), 0.0)

    def largest(self, field: str) -> float:
        """The largest of them, at least 1."""
        return max([1.0, *self.all(field)])

    def event(self, field: str) -> float:
        """A field that is the shape of an event: how many numbers an event has. Of too many axes there is none."""
        sizes = self.all(field)
        return prod(sizes) if len(sizes) <= AXES else inf

    def count(self, field: str) -> float:
        """How many entries a field has, those of its entries together."""
        return float(_count(self.fields.get(field)))

    def part(self, field: str) -> Any:
        """The description that stands in a field."""
        return self.fields.get(field)

    def dense(self, n_in: float, n_out: float, field: str = "hidden") -> float:
        """The numbers of a dense network: a matrix and a vector between each two widths that follow one another.

        A layer is an object as a part is, so that half a million layers of one unit are large.
        """
        widths = [max(n_in, 1.0), *self.all(field), max(n_out, 1.0)]
        return PART * len(widths) + sum(m * n + n for m, n in pairwise(widths))

    def kernels(self, n_in: float, n_out: float, field: str = "hidden") -> float:
        """The same with a square kernel, the largest of the network, in place of each weight."""
        return self.dense(n_in, n_out, field) * self.largest("kernels") ** 2


def parts_in(value: Any) -> Iterator[Any]:
    """The descriptions of the parts that stand in a value: itself, or those in its lists."""
    if is_part(value):
        yield value
    elif isinstance(items := _items(value), list):
        for item in items:
            if isinstance(item, (dict, list)):
                yield from parts_in(item)
    elif isinstance(value, dict) and isinstance(value.get("dict"), list):
        yield from parts_in(value["dict"])


def is_part(value: Any) -> bool:
    """Whether a value describes a part of the registry."""
    return isinstance(value, dict) and isinstance(value.get("part"), str) and value["part"] in registry()


@cache
def defaults(name: str) -> dict[str, Any]:
    """The descriptions of a part's defaults."""
    part = registry()[name]
    known = [f for f in fields(part) if f.init and f.default is not MISSING] if is_dataclass(part) else []
    return {f.name: describe(f.default, own=True) for f in known}


def _items(value):
    return value.get("tuple", value) if isinstance(value, dict) else value


def _whole(value):
    if isinstance(value, dict):
        value = value.get("value")  # a number of a NumPy type
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return float(min(value, MOST)) if is_count else 0.0


def _count(value):
    items = _items(value)
    return sum(map(_count, items)) if isinstance(items, list) else 1
