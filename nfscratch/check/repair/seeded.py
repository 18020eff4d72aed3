"""Seeded: lines of a module that draw from a generator with a number as its seed, and can draw the same again.

rng = np.random.default_rng(2)
M = (deg[None, :] > hid[:, None])          the line that is tried otherwise
W = rng.normal(size=(D, H)) * M            what was made from it, with the numbers that it drew then
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from nfscratch.check.repair.made_lines import reads, written

MAKERS = ("default_rng", "RandomState")


class Draws:
    """The lines of a module that make such generators, or draw from them."""

    def __init__(self, body: list[ast.stmt]):
        made = [(line, name) for line in body for name in written(line) if _is_maker(line.value)]
        names = [name for line in body for name in written(line)]
        self.makers = {name: line for line, name in made if names.count(name) == 1}
        self.body = body
        self.lines = [line for line in body if line in self.makers.values() or reads(line) & self.makers.keys()]

    def needed_for(self, lines: list[ast.stmt], again: Callable[[ast.stmt], bool]) -> list[ast.stmt] | None:
        """The lines to draw again, in their order, so that these draw what they drew; None where one cannot run."""
        drawing = [line for line in lines if line in self.lines]
        if not drawing:
            return []
        last = max(map(self.body.index, drawing))
        needed = [line for line in self.lines if self.body.index(line) <= last]
        fine = all(line in self.makers.values() or again(line) for line in needed)
        return needed if fine else None


def _is_maker(value):
    """Whether it is default_rng(3): of no number, each run draws others."""
    name = getattr(getattr(value, "func", None), "attr", getattr(getattr(value, "func", None), "id", ""))
    seeds = value.args if isinstance(value, ast.Call) and not value.keywords else []
    return name in MAKERS and len(seeds) == 1 and isinstance(seeds[0], ast.Constant) and seeds[0].value is not None
