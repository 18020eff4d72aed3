"""A corner: draws of a flow, and the data that it was fitted to, for every pair of columns and every column.

Below the diagonal: the areas that hold 50 % and 90 % of the draws, and rows of the data as points. On the diagonal:
one column at a time. A good fit has nine points in ten on the shaded area.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch import trees, validate
from nfscratch.backend import to_numpy
from nfscratch.plot import frame, named_columns, panels
from nfscratch.plot.style import Picture


def corner(
    flow: Any,
    params: Any,
    data: Any = None,
    *,
    context: Any = None,
    columns: Any = None,
    names: Any = None,
    units: Any = None,
    draws: int = 10_000,
    seed: int = 0,
) -> Picture:
    """A figure of draws of a flow on a table, and of data (N, D), an array or a data frame, beside them.

    params: those of the flow, or the Result of a fit.
    context: for a conditional flow, one row for all draws, or rows (M, C), which are used in turn; those of the data
        make its draws comparable with the data.
    columns: numbers or names of the columns to draw; default: the first 8.
    names, units: a text for each column of the table; a data frame has names of its own.
    seed: the same seed gives the same picture.
    TypeError, ValueError: a flow that is not one of a table; rows that are no finite numbers, by column and row.
    """
    dim = _dim(flow)
    x = None if data is None else _rows_of_flow(data, dim)
    columns = named_columns.choose(columns, *_with_units(named_columns.names_of(data, names, dim), units))
    rng = np.random.default_rng(validate.seed(seed))
    drawn = _drawn(flow, params, rng, validate.count("draws", draws, 1), context)[:, columns.index]
    return _picture(columns, None if x is None else x[:, columns.index], drawn, rng)


def _with_units(names, units):
    found, named = names
    return found, units, named


def _dim(flow):
    """D of a flow on rows (N, D)."""
    if not hasattr(flow, "sample") or not isinstance(getattr(flow, "shape", None), tuple):
        raise TypeError(f"flow must be a Flow, such as nf.flows.real_nvp(2); got {type(flow).__name__}")
    if len(flow.shape) != 1:
        raise ValueError(f"flow must be one of a table, with events of shape (D,); got {flow.shape}")
    return flow.shape[0]


def _rows_of_flow(data, dim):
    x = named_columns.rows("data", data)
    if x.shape[1] != dim:
        raise ValueError(f"data must have shape (N, {dim}), as the flow has {dim} columns; got {x.shape}")
    return x


def _drawn(flow, params, rng, n, context):
    """n draws; the rows of a context are used in turn."""
    params = getattr(params, "params", params)  # of a Result
    context = flow.checked_context(params, context, None, trees.array_like(params))
    if context is not None and len(context) > 1:
        context = context[np.resize(np.arange(len(context)), n)]
    return named_columns.rows("draws of the flow", to_numpy(flow.sample(params, rng, n, context)))


def _picture(columns, x, drawn, rng):
    shown = [drawn] if x is None else [x, drawn]
    frames = [frame.around(*(values[:, k] for values in shown)) for k in range(len(columns.index))]
    figure, axes = panels.square(columns, frames, upper=False)
    bins = panels.bins_for(min(map(len, shown)))
    few = None if x is None else panels.some(x, rng)
    for i, j in np.argwhere(np.tri(len(frames))):
        if i == j:
            _draw_column(axes[i, i], frames[i], x, drawn, bins, i)
        else:
            _draw_pair(axes[i, j], [frames[j], frames[i]], few, drawn, [j, i], len(frames) > named_columns.MANY)
    counted = {"draws": drawn} if x is None else {"rows of the data": x, "draws": drawn}
    keys = _keys_of_one(x, drawn) if len(frames) == 1 else _keys(x, few, drawn)
    panels.finish(figure, keys, columns.note, counted, frames)
    return figure


def _draw_column(ax, limits, x, drawn, bins, i):
    if x is not None:
        panels.histogram(ax, limits, x[:, i], bins, True, panels.DATA)
    panels.histogram(ax, limits, drawn[:, i], bins, False, panels.DRAWS)


def _draw_pair(ax, limits, few, drawn, pair, small):
    panels.contours(ax, drawn[:, pair], limits, panels.DRAWS)
    if few is not None:
        panels.dots(ax, few[:, pair], panels.DATA, small)


def _keys(x, few, drawn):
    inside = " and ".join(f"{share:.0%}" for share in panels.SHARES[::-1])
    keys = [panels.area_key(panels.DRAWS, f"the flow: {inside} of {len(drawn):,} draws")]
    if x is not None:
        of = "" if len(few) == len(x) else f"{len(few):,} of "
        keys.append(panels.point_key(panels.DATA, f"data: {of}{len(x):,} rows"))
    return keys


def _keys_of_one(x, drawn):
    keys = [panels.line_key(panels.DRAWS, f"the flow: {len(drawn):,} draws")]
    return keys if x is None else [*keys, panels.area_key(panels.DATA, f"data: {len(x):,} rows")]
