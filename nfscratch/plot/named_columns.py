"""Rows of a table, and names and units for the columns that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral
from textwrap import wrap
from typing import Any

import numpy as np

from nfscratch.array_kinds import refuse_masked
from nfscratch.backend import to_numpy
from nfscratch.excerpt import excerpt

MOST = 8  # columns that are legible on a page
MANY = 4  # with more columns than these, panels are small
LINES = {True: 11, False: 24}  # characters of a name that fit beside a panel, by whether it is small


@dataclass(frozen=True)
class Columns:
    """The columns to draw: where they are in the table, and what is written at their axes."""

    index: list[int]
    labels: list[str]
    note: str  # empty where all columns are drawn


def choose(columns: Any, names: Sequence[str], units: Any, named: bool = True) -> Columns:
    """The chosen columns of a table whose columns are `names`; columns None: the first MOST.

    columns: numbers from 0, or names. units: one text for each column of the table, empty where it has none.
    """
    units = [""] * len(names) if units is None else texts("units", units, len(names))
    index = list(range(min(MOST, len(names)))) if columns is None else _numbers(columns, names)
    line = LINES[len(index) > MANY] if named else None
    labels = [_label(names[k], units[k], line) for k in index]
    cut = columns is None and len(names) > MOST
    return Columns(index, labels, f"the first {MOST} of {len(names)} columns" if cut else "")


def _label(name, unit, line):
    """The name and its unit; a word of a table in lines of at most `line` characters."""
    text = f"{name} ({unit})" if unit else name
    if line is None:
        return text
    lines = wrap(text.replace("_", " "), line, break_long_words=False)
    return "\n".join(part if len(part) < 1.5 * line else part[:line] + "…" for part in lines)


def _numbers(columns, names):
    if isinstance(columns, (str, bytes)) or not np.iterable(columns):
        raise TypeError(f"columns must be a list of numbers or names, such as [0, 2]; got {excerpt(columns)}")
    index = [_number(column, names) for column in columns]
    if not index or len(set(index)) < len(index):
        raise ValueError(f"columns must be at least one column, and each of them once; got {excerpt(columns)}")
    return index


def _number(column, names):
    if isinstance(column, str):
        return _number_of_name(column, names)
    if isinstance(column, bool) or not isinstance(column, Integral) or not 0 <= column < len(names):
        raise ValueError(f"columns must be numbers from 0 to {len(names) - 1}, or names; got {excerpt(column)}")
    return int(column)


def _number_of_name(column, names):
    if column not in names:
        close = get_close_matches(column, names, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else f"; the names are {', '.join(names[:MOST])}"
        raise ValueError(f"columns must be columns of the table; got {excerpt(column)}{hint}")
    return names.index(column)


def names_of(table: Any, given: Any, dim: int) -> tuple[list[str], bool]:
    """A name for each of `dim` columns, and whether they are names: given ones, the table's own, or x_1, x_2, ..."""
    if given is not None:
        return texts("names", given, dim), True
    if _has_names(table):
        return [str(name) for name in table.columns], True
    return [f"$x_{{{k + 1}}}$" for k in range(dim)], False


def texts(name: str, given: Any, dim: int) -> list[str]:
    """`given` as one text for each of `dim` columns."""
    if isinstance(given, (str, bytes)) or not np.iterable(given):
        raise TypeError(f"{name} must be a list of texts, one for each of the {dim} columns; got {excerpt(given)}")
    found = list(map(str, given))
    if len(found) != dim:
        raise ValueError(f"{name} must be one text for each of the {dim} columns; got {len(found)}")
    return found


def rows(name: str, table: Any) -> np.ndarray:
    """An array or a data frame as finite rows (N, D) on the host, in float64. Errors name the column."""
    x = _from_frame(name, table) if _has_names(table) else _from_array(name, table)
    if x.ndim != 2 or x.size == 0:
        hint = f"; for one variable pass {name}[:, None]" if x.ndim == 1 else ""
        raise ValueError(f"{name} must have shape (N, D) with at least one row; got {x.shape}{hint}")
    _refuse_non_finite(name, x, *names_of(table, None, x.shape[1]))
    return x


def _has_names(table):
    """Whether it is a data frame: of pandas, polars, or anything alike."""
    return hasattr(table, "columns") and hasattr(table, "__getitem__")


def _from_array(name, table):
    refuse_masked(name, table)
    x = np.asarray(to_numpy(table))
    if x.dtype.kind not in "biuf":
        got = f"dtype {x.dtype}" if x.ndim else type(table).__name__
        raise TypeError(f"{name} must be rows (N, D) of real numbers; got {got}")
    return x.astype(np.float64)


def _from_frame(name, table):
    return np.stack([_column(name, table, column) for column in table.columns], axis=-1)


def _column(name, table, column):
    values = np.asarray(table[column])
    if values.ndim != 1:
        raise ValueError(f"{name} must have a different name for each column; got {excerpt(column)} more than once")
    if values.dtype.kind not in "biuf":
        kind = getattr(table[column], "dtype", values.dtype)
        raise TypeError(f"{name} must be numbers, and none missing; column {column!r} has dtype {kind}")
    return values.astype(np.float64)


def _refuse_non_finite(name, x, names, named):
    bad = ~np.isfinite(x)
    if not bad.any():
        return
    row, k = np.argwhere(bad)[0]
    column = repr(names[k]) if named else k
    count = bad.any(axis=1).sum()
    more = f" ({count} rows in all)" if count > 1 else ""
    raise ValueError(f"{name} must be finite; got {x[row, k]} in column {column}, row {row}{more}")
