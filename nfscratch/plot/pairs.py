"""Pairs: data below the diagonal, draws above it, and both on it. Where they agree, the picture mirrors itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch import validate
from nfscratch.plot import frame, named_columns, panels
from nfscratch.plot.style import Picture


def pairs(
    data: Any, draws: Any, *, columns: Any = None, names: Any = None, units: Any = None, seed: int = 0
) -> Picture:
    """A figure of data (N, D) and draws (M, D), arrays or data frames, with as many points of the one as of the other.

    columns, names, units, seed: as in `corner`.
    TypeError, ValueError: rows that are no finite numbers, by column and row; draws of other columns than the data's.
    """
    x, drawn = named_columns.rows("data", data), named_columns.rows("draws", draws)
    _check_same_columns(data, draws, x, drawn)
    names, named = named_columns.names_of(data, names, x.shape[1])
    columns = named_columns.choose(columns, names, units, named)
    rng = np.random.default_rng(validate.seed(seed))
    return _picture(columns, x[:, columns.index], drawn[:, columns.index], rng)


def _check_same_columns(data, draws, x, drawn):
    if x.shape[1] != drawn.shape[1]:
        raise ValueError(f"draws must have shape (M, {x.shape[1]}), as data has; got {drawn.shape}")
    (ours, named), (theirs, also) = (named_columns.names_of(t, None, x.shape[1]) for t in (data, draws))
    if named and also and ours != theirs:
        k = next(k for k, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
        raise ValueError(f"draws must have the columns of data; column {k} is {ours[k]!r} in data, {theirs[k]!r} here")


def _picture(columns, x, drawn, rng):
    frames = [frame.around(x[:, k], drawn[:, k]) for k in range(len(columns.index))]
    figure, axes = panels.square(columns, frames, upper=True)
    most = min(len(x), len(drawn), panels.POINTS)
    few, few_drawn = panels.some(x, rng, most), panels.some(drawn, rng, most)
    for i, j in np.ndindex(axes.shape):
        if i == j:
            _draw_column(axes[i, i], frames[i], x[:, i], drawn[:, i])
        else:
            points, color = (few, panels.DATA) if j < i else (few_drawn, panels.DRAWS)
            panels.dots(axes[i, j], points[:, [j, i]], color, len(frames) > named_columns.MANY)
    keys = _keys_of_one(x, drawn) if len(frames) == 1 else _keys(x, drawn, most)
    panels.finish(figure, keys, columns.note, {"rows of the data": x, "draws": drawn}, frames)
    return figure


def _draw_column(ax, limits, x, drawn):
    bins = panels.bins_for(min(len(x), len(drawn)))
    panels.histogram(ax, limits, x, bins, True, panels.DATA)
    panels.histogram(ax, limits, drawn, bins, False, panels.DRAWS)


def _keys(x, drawn, shown):
    below, above = (f"{'' if len(a) == shown else f'{shown:,} of '}{len(a):,}" for a in (x, drawn))
    return [
        panels.point_key(panels.DATA, f"below the diagonal: {below} rows of the data"),
        panels.point_key(panels.DRAWS, f"above: {above} draws"),
    ]


def _keys_of_one(x, drawn):
    return [
        panels.area_key(panels.DATA, f"data: {len(x):,} rows"),
        panels.line_key(panels.DRAWS, f"draws: {len(drawn):,}"),
    ]
