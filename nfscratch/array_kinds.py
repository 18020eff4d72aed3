"""Arrays of other libraries: those that hold plain numbers are taken, the others are refused by name.

    taken      lists, NumPy and CuPy arrays; anything with __array__, such as PyTorch's and JAX's arrays on the host
               pandas and polars tables whose columns are floats, integers or booleans, without a missing value
    refused    sparse matrices; masked arrays with a masked entry;
               tensors that require a gradient or lie on a GPU; tracers of JAX
               columns of text, categories, objects or dates; missing values, by column and row

Libraries are recognised by the methods of their objects, so that none of them is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import numpy as onp

ON_HOST = "detach().cpu().numpy()"
SHOWN = 3  # columns that a message names


def plain(name: str, x: Any) -> Any:
    """`x` as an array that NumPy's functions take: `x` itself where it is one, on whatever device.

    TypeError, ValueError: in one line, with the argument's name and what to pass instead.
    """
    refuse(name, x)
    if isinstance(x, onp.ma.MaskedArray):  # nothing is masked
        return x.data
    if is_native(x):
        return x
    if is_table(x):
        return onp.stack([onp.asarray(column, dtype=onp.float64) for _, column in _columns(x)], axis=1)
    return onp.asarray(x, dtype=onp.float64) if _is_column(x) else _converted(name, x)


def refuse(name: str, x: Any) -> None:
    """Refuse what `plain` cannot turn into numbers, by its kind; a table by its columns."""
    _refuse_sparse(name, x)
    refuse_masked(name, x)
    _refuse_tensor(name, x)
    _refuse_tracer(name, x)
    _refuse_lazy(name, x)
    if is_table(x):
        _refuse_columns(name, list(_columns(x)))
    elif _is_column(x):
        _refuse_columns(name, [(getattr(x, "name", None), x)])


def is_table(x: Any) -> bool:
    """Whether `x` is a pandas or a polars DataFrame, or has their methods."""
    return hasattr(x, "get_columns") or (hasattr(x, "iloc") and hasattr(x, "columns"))


def is_native(x: Any) -> bool:
    """NumPy's arrays, and those that answer to NumPy's functions themselves, such as CuPy's."""
    return hasattr(x, "__array_function__") and isinstance(getattr(x, "dtype", None), onp.dtype)


def _is_column(x):
    """A pandas or a polars Series."""
    return hasattr(x, "to_frame") and hasattr(x, "dtype")


def _columns(table) -> Iterator[tuple[Any, Any]]:
    """(name, column) of each column. Two columns may have one name, so pandas is asked by place."""
    if hasattr(table, "get_columns"):
        return ((column.name, column) for column in table.get_columns())
    return ((name, table.iloc[:, k]) for k, name in enumerate(table.columns))


# --- sparse matrices, tensors, lazy tables --------------------------------------------------------------------------


def _refuse_sparse(name, x):
    """SciPy's and CuPy's matrices have toarray, those of JAX and of the package sparse have todense."""
    method = next((method for method in ("toarray", "todense") if hasattr(x, method)), None)
    method = "to_dense" if getattr(x, "is_sparse", False) is True else method  # PyTorch's
    if method is not None:
        raise TypeError(f"{name} must be a dense array; got a sparse {type(x).__name__}: pass {name}.{method}()")


def refuse_masked(name: str, x: Any) -> None:
    """A masked entry has no value: what lies under the mask would count as one."""
    if isinstance(x, onp.ma.MaskedArray) and onp.ma.is_masked(x):
        raise TypeError(
            f"{name} must have a value everywhere; got a masked array: leave out the masked rows, in every argument"
        )


def _refuse_tensor(name, x):
    """PyTorch's: one that requires grad would lose its graph in silence, and one on a GPU has no NumPy array."""
    if getattr(x, "requires_grad", False) is True:
        raise TypeError(f"{name} must not require a gradient; got a tensor that does: pass {name}.{ON_HOST}")
    place = getattr(getattr(x, "device", None), "type", "cpu")
    if place != "cpu":
        raise TypeError(f"{name} must lie in the host's memory; got a tensor on {place}: pass {name}.{ON_HOST}")


def _refuse_tracer(name, x):
    kind = type(x).__name__
    if kind.endswith("Tracer"):
        raise TypeError(f"{name} must be an array of numbers; got a {kind}: call this outside jax.jit and jax.grad")


def _refuse_lazy(name, x):
    if hasattr(x, "collect_schema") and not hasattr(x, "get_columns"):
        raise TypeError(f"{name} must be a table in memory; got a {type(x).__name__}: pass {name}.collect()")


def _converted(name, x):
    """NumPy's array of a sequence or of another library's array, or one line that says why there is none."""
    if isinstance(x, Mapping):
        raise TypeError(
            f"{name} must be an array of real numbers; got a {type(x).__name__}: pass its values as columns"
        )
    try:
        return onp.asarray(x)
    except Exception as error:  # each library has its own: a tracer of JAX, a dtype that NumPy lacks, ragged rows
        if isinstance(x, (list, tuple)) and "inhomogeneous shape" in str(error):
            raise TypeError(
                f"{name} must have rows of one length; got a {type(x).__name__} of rows of several"
            ) from None
        reason = str(error).split("\n")[0]
        kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}".removeprefix("builtins.")
        raise TypeError(f"{name} must be an array of real numbers; got a {kind} that is none: {reason}") from error


# --- tables ---------------------------------------------------------------------------------------------------------


def _refuse_columns(name, columns):
    """Refuse columns that are no numbers, then columns with missing values."""
    for kind in Column:
        bad = [(label, column) for label, column in columns if _kind(column.dtype) is kind]
        if bad and kind is not Column.NUMBERS:
            raise TypeError(f"{name} must have columns of numbers; got {_named(bad)}: {kind.value}")
    gaps = [(label, rows) for label, column in columns if len(rows := onp.flatnonzero(_missing(column)))]
    if gaps:
        shown = ", ".join(
            f"{'it' if label is None else f'column {label!r}'} has none in {listed_rows(rows)}"
            for label, rows in gaps[:SHOWN]
        )
        more = f", ... ({len(gaps)} columns)" if len(gaps) > SHOWN else ""
        raise ValueError(f"{name} must have a value everywhere; {shown}{more}: leave out such rows, or fill them in")


class Column(Enum):
    """The kinds of columns, and what to do with one that holds no numbers."""

    NUMBERS = "nothing"
    CATEGORIES = "encode categories as columns of 0 and 1 (pandas.get_dummies); make numbers of objects (astype(float))"
    DATES = "subtract a start and divide by a unit, such as a day, to have numbers"
    COMPLEX = "pass the real and the imaginary part as two columns"
    OTHER = "leave it out, or make numbers of it"


KINDS = {"M": Column.DATES, "m": Column.DATES, "c": Column.COMPLEX} | dict.fromkeys("OUST", Column.CATEGORIES)


def _kind(dtype):
    if hasattr(dtype, "is_temporal"):
        return _polars_kind(dtype)
    kind = getattr(dtype, "kind", "V")  # of NumPy's dtypes, and of pandas' own
    return Column.NUMBERS if kind in "biuf" else KINDS.get(kind, Column.OTHER)


def _polars_kind(dtype):
    if dtype.is_numeric() or str(dtype) == "Boolean":
        return Column.NUMBERS
    if dtype.is_temporal():
        return Column.DATES
    return Column.OTHER if dtype.is_nested() else Column.CATEGORIES


def _missing(column):
    """A mask of the rows without a value: pandas' isna, which counts NaN, or polars' is_null."""
    return onp.asarray(column.isna() if hasattr(column, "isna") else column.is_null(), dtype=bool)


def _named(columns):
    if columns[0][0] is None:  # a Series without a name
        return f"a column of {columns[0][1].dtype}"
    shown = ", ".join(f"{label!r} ({column.dtype})" for label, column in columns[:SHOWN])
    more = f", ... ({len(columns)} columns)" if len(columns) > SHOWN else ""
    return f"column{'s' if len(columns) > 1 else ''} {shown}{more}"


def listed_rows(rows: Any) -> str:
    """Row numbers as text, the first few of many."""
    shown = ", ".join(map(str, rows[:5].tolist())) + (f", ... ({len(rows)} rows)" if len(rows) > 5 else "")
    return f"row{'s' if len(rows) > 1 else ''} {shown}"
