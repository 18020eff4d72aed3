"""Triangles: whether a function factorises its matrix. A log-det of 0 alone does not say that L was taken for U."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as onp

from nfscratch.check.trial import Trial


def holds_triangle(trial: Trial, direction: str) -> bool:
    """Whether a variable of the run is a triangular matrix (D, D) with ones on its diagonal, and is not I."""
    seen, dim, before = [], trial.subject.dim, sys.getprofile()

    def look(frame, event, _):
        if event == "return" and not seen and any(_is_unit_triangle(a, dim) for a in _variables(frame)):
            seen.append(True)

    sys.setprofile(look)
    try:
        trial.apply(direction, trial.input(direction))
    finally:
        sys.setprofile(before)
    return bool(seen)


def _variables(frame) -> Iterator[Any]:
    """The local variables, those of an enclosing function, the global ones that are named, and what an object holds."""
    named = [frame.f_globals[name] for name in frame.f_code.co_names if name in frame.f_globals]
    for value in (*frame.f_locals.values(), *named):
        yield value
        held = (
            value
            if isinstance(value, dict)
            else {}
            if isinstance(value, ModuleType)
            else getattr(value, "__dict__", {})
        )
        yield from held.values()


def _is_unit_triangle(value, dim):
    if not isinstance(value, onp.ndarray) or value.shape != (dim, dim) or value.dtype.kind != "f":
        return False
    unit = bool((onp.diag(value) == 1).all()) and (value != onp.eye(dim)).any()
    return bool(unit and any((onp.triu(v, 1) == 0).all() for v in (value, value.T)))
