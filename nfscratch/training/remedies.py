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
SMALLER_NUMBERS = "no step can be taken along it, clipped or not: scale the data, or leave out rows that lie far out"
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
    """The entry that lies farthest out of the rows at the places `among` in `rows`; "" where none is far out."""
    name, a, (row, column, distance) = _farthest_of(rows, among)
    return _entry(name, a, rows, row, column) if distance >= FAR_OUT else ""


def entry(rows: Any, row: int, column: int) -> str:
    """An entry of x: its value, and the row and column as the caller counts them."""
    return _entry(rows.where, rows.x, rows, row, column)


def _entry(name, a, rows, row, column):
    value = float(backend.to_numpy(a[row]).ravel()[column])
    return f"{name} has {value:.6g} in row {rows.numbers[row]}, column {column}"


def _farthest_of(rows, among=None):
    """(name, array, its farthest entry) of x, or of the context where x has none far out and that is farther out."""
    named = zip(NAMES[rows.where], (rows.x, rows.context), strict=False)
    found = [(name, a, farthest(a, among)) for name, a in named if a is not None]
    return found[0] if found[0][2][2] >= FAR_OUT else max(found, key=lambda each: each[2][2])


def row_of(event: Any, rows: Any) -> int | None:
    """The place in `rows` of a row of x that a batch has; None where it is not told.

    Jitter moves a row. Where no row is equal, it is the only one that has the same number where the event is farthest
    from 0: a column without jitter, or a number so large that jitter is lost in it.
    """
    event, x = backend.to_numpy(event).ravel(), backend.to_numpy(rows.x).reshape((len(rows.x), -1))
    same = x == event
    equal = onp.flatnonzero(same.all(axis=1))
    if len(equal):
        return int(equal[0])
    alike = onp.flatnonzero(same[:, int(onp.abs(event).argmax())])
    return int(alike[0]) if len(alike) == 1 else None


def farthest(x: Any, among: Any = None) -> tuple[int, int, float]:
    """Row, column and distance of the entry that lies farthest from its column's median, in the rows `among` (all).

    The unit is the standard deviation of a normal density with the column's quartiles, which no single row can move;
    where half of the rows are equal, it is the standard deviation. A column of 0 and 1 has no far entry.
    """
    x = backend.to_numpy(x).reshape((len(x), -1)).astype(onp.float64)
    with onp.errstate(over="ignore", invalid="ignore"):
        low, middle, high = onp.percentile(x, [25, 50, 75], axis=0)
        unit = onp.where(high > low, high / 1.349 - low / 1.349, moments(x)[1])
        distance = onp.abs(x - middle) / onp.where(unit > 0, unit, 1.0)
    distance[:, ((x == 0) | (x == 1)).all(axis=0)] = 0.0
    rows = onp.arange(len(x)) if among is None else onp.asarray(among)
    row, column = onp.unravel_index(int(distance[rows].argmax()), (len(rows), x.shape[1]))
    return int(rows[row]), int(column), float(distance[rows[row], column])
