"""Remedies for a run that diverges or explodes, chosen by what the flow and its data show.

A network whose activation grows without bound answers a row that lies far out with numbers that are as far out. Smaller
steps do not help there; a bounded activation does, and so does a look at the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.ops.moments import moments
from nfscratch.training.data_rows import NAMES

SMALLER_STEPS = "try a smaller rate, or clip=1.0"
BOUNDED = ("tanh",)
FAR_OUT = 30.0  # standard deviations, as half of the rows show them


def for_steps(part: Any) -> str:
    """What to try where `part` gives too large numbers."""
    unbounded = unbounded_activations(part)
    if not unbounded:
        return SMALLER_STEPS
    return f'try activation="tanh" ({unbounded[0]} grows without bound on rows far out), a smaller rate, or clip=1.0'


def unbounded_activations(part: Any) -> list[str]:
    """The names of the unbounded activations of the networks inside a part, each once."""
    networks = [inner for inner in inside(part) if getattr(inner, "hidden", ()) != () and hasattr(inner, "activation")]
    return sorted({inner.activation for inner in networks if isinstance(inner.activation, str)} - set(BOUNDED))


def inside(part: Any) -> Iterator[Any]:
    """A part, and all parts that it holds."""
    if isinstance(part, (tuple, list)):
        for child in part:
            yield from inside(child)
    elif is_dataclass(part) and not isinstance(part, type):
        yield part
        for field in fields(part):
            yield from inside(getattr(part, field.name, None))


def of_data(rows: Any) -> str:
    """A sentence about the entry of x or of the context that lies farthest out, or "" where none is far."""
    if rows is None:
        return ""
    name, _, (row, column, distance) = _farthest_of(rows)
    if not distance >= FAR_OUT:
        return ""
    return (
        f"{name} lies {distance:.3g} standard deviations from the middle of column {column} in row "
        f"{rows.numbers[row]}: leave such rows out, or transform the column (its log, its ranks)"
    )


def farthest_entry(rows: Any) -> str:
    """The entry of x or of the context that lies farthest out, by row and column."""
    name, a, (row, column, _) = _farthest_of(rows)
    return _entry(name, a, rows, row, column)


def far_entry(rows: Any, among: Any) -> str:
    """The same where it is far out and in one of the places `among` in `rows`; else ""."""
    name, a, (row, column, distance) = _farthest_of(rows)
    return _entry(name, a, rows, row, column) if distance >= FAR_OUT and row in among else ""


def entry(rows: Any, row: int, column: int) -> str:
    """An entry of x: its value, and the row and column as the caller counts them."""
    return _entry(rows.where, rows.x, rows, row, column)


def _entry(name, a, rows, row, column):
    value = float(backend.to_numpy(a[row]).ravel()[column])
    return f"{name} has {value:.6g} in row {rows.numbers[row]}, column {column}"


def _farthest_of(rows):
    """(name, array, its farthest entry) of x, or of the context where that has an entry that is farther out."""
    named = zip(NAMES[rows.where], (rows.x, rows.context), strict=False)
    found = [(name, a, farthest(a)) for name, a in named if a is not None]
    return max(found, key=lambda each: each[2][2])


def row_of(event: Any, rows: Any) -> int | None:
    """The place in `rows` of a row of x that a batch has; None where it is not told.

    Jitter moves a row. Where no row is equal, it is one that has the same number where the event is farthest from 0,
    which is so large a number that jitter is lost in it.
    """
    event, x = backend.to_numpy(event).ravel(), backend.to_numpy(rows.x).reshape((len(rows.x), -1))
    same = x == event
    column = int(onp.abs(event).argmax())
    found = onp.flatnonzero(same.all(axis=1) if same.all(axis=1).any() else same[:, column])
    return int(found[0]) if len(found) else None


def farthest(x: Any) -> tuple[int, int, float]:
    """Row, column and distance of the entry that lies farthest from its column's median.

    The unit is the standard deviation of a normal density with the column's quartiles, which no single row can move;
    where half of the rows are equal, it is the standard deviation.
    """
    x = backend.to_numpy(x).reshape((len(x), -1)).astype(onp.float64)
    with onp.errstate(over="ignore", invalid="ignore"):
        low, middle, high = onp.percentile(x, [25, 50, 75], axis=0)
        unit = onp.where(high > low, high / 1.349 - low / 1.349, moments(x)[1])
        distance = onp.abs(x - middle) / onp.where(unit > 0, unit, 1.0)
    row, column = onp.unravel_index(int(distance.argmax()), distance.shape)
    return int(row), int(column), float(distance[row, column])
