"""Panels: a square of axes, with a row and a column for each column of a table, and what one axis of it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.ndimage import gaussian_filter

from nfscratch.plot.frame import outside
from nfscratch.plot.named_columns import MANY, Columns
from nfscratch.plot.style import BLUE, ORANGE, WIDTH, Picture, blank

DATA, DRAWS = ORANGE, BLUE
POINTS = 1000  # in a panel: more of them hide each other
CELLS = 40  # of a density of draws, each way
SHARES = (0.9, 0.5)  # of the draws that lie inside the contours, from the outer one in
SMALLEST = 0.8  # inches: the width of a panel
SINGLE = 3.2  # inches: the width of the picture of one column


def square(columns: Columns, frames: list[tuple[float, float]], upper: bool) -> tuple[Picture, np.ndarray]:
    """A figure with a panel for every pair of columns; `upper`: above the diagonal too."""
    k = len(columns.index)
    width = SINGLE if k == 1 else max(WIDTH, SMALLEST * k)
    figure = blank(width, width * (0.75 if k == 1 else 1.0))
    axes = figure.subplots(k, k, squeeze=False)
    for i, j in np.ndindex(k, k):
        if j > i and not upper:
            axes[i, j].set_axis_off()
        else:
            _prepare(axes[i, j], i, j, columns.labels, frames)
    figure.align_labels()
    return figure, axes


def _prepare(ax, i, j, labels, frames):
    """Limits for all; ticks and names on the outer axes alone."""
    small = len(labels) > MANY
    ax.set_xlim(frames[j])
    if i != j:
        ax.set_ylim(frames[i])
    ax.locator_params(nbins=3)
    ax.tick_params(labelsize=7, length=2, labelbottom=i == len(labels) - 1, labelleft=j == 0 and i != j)
    if i == j:
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
    if i == len(labels) - 1:
        ax.set_xlabel(labels[j], fontsize=7 if small else 9)
        ax.tick_params(axis="x", rotation=45 if small else 0)
    if j == 0 and i > 0:
        ax.set_ylabel(labels[i], fontsize=7 if small else 9)


def histogram(ax: Any, frame: tuple[float, float], values: np.ndarray, bins: int, filled: bool, color: str) -> None:
    """The density of values (N,), those outside the frame counted in its total."""
    counts, edges = np.histogram(values, bins=bins, range=frame)
    heights = counts / (len(values) * np.diff(edges))
    style = {"fill": True, "alpha": 0.45, "linewidth": 0} if filled else {"linewidth": 1.2}
    ax.stairs(heights, edges, color=color, **style)
    ax.set_ylim(0, max(ax.get_ylim()[1], 1.05 * heights.max()))


def bins_for(n: int) -> int:
    """How many bins suit n rows: twice the cube root, within 10 and 40."""
    return int(np.clip(2 * n ** (1 / 3), 10, 40))


def contours(ax: Any, x: np.ndarray, frames: list[tuple[float, float]], color: str) -> None:
    """Areas with the given shares of the rows of x (N, 2), from a smoothed count on a grid."""
    counts, along, up = np.histogram2d(*x.T, bins=CELLS, range=frames)
    density = gaussian_filter(counts, 1.0)
    levels = _levels(density)
    if levels:
        centres = ((edges[1:] + edges[:-1]) / 2 for edges in (along, up))
        colors = [to_rgba(color, alpha) for alpha in (0.25, 0.55)[-len(levels) :]]
        ax.contourf(*centres, density.T, levels=[*levels, 1.001 * density.max()], colors=colors)


def _levels(density):
    """The density at the border of each share, rising; none where all of the rows lie outside."""
    falling = np.sort(density, axis=None)[::-1]
    total = falling.cumsum()
    if total[-1] == 0:
        return []
    return sorted({float(falling[np.searchsorted(total, share * total[-1])]) for share in SHARES})


def dots(ax: Any, x: np.ndarray, color: str, small: bool) -> None:
    """Points x (N, 2), fainter where there are many, and smaller where the panel is small."""
    alpha = float(np.clip((150 if small else 400) / len(x), 0.3, 0.8))
    ax.scatter(*x.T, s=3 if small else 9, color=color, linewidths=0, alpha=alpha, rasterized=True)


def some(x: np.ndarray, rng: np.random.Generator, most: int = POINTS) -> np.ndarray:
    """At most `most` rows of x, each once."""
    return x if len(x) <= most else x[rng.choice(len(x), most, replace=False)]


def point_key(color: str, label: str) -> Line2D:
    return Line2D([], [], color=color, marker="o", markersize=3.5, linestyle="", label=label)


def line_key(color: str, label: str) -> Line2D:
    return Line2D([], [], color=color, linewidth=1.2, label=label)


def area_key(color: str, label: str) -> Patch:
    return Patch(facecolor=to_rgba(color, 0.45), label=label)


def finish(figure: Picture, keys: list[Any], note: str, counted: dict[str, np.ndarray], frames: Any) -> None:
    """The legend below the panels, and above them what the picture leaves out."""
    out = {name: (outside(x, frames), len(x)) for name, x in counted.items()}
    left_out = [f"{n:,} of {total:,} {name}" for name, (n, total) in out.items() if n]
    notes = [note] if note else []
    notes += [f"outside the frame: {', '.join(left_out)}"] if left_out else []
    if notes:
        figure.suptitle("\n".join(notes) if len(frames) == 1 else "; ".join(notes), fontsize=8, color="0.35")
    figure.legend(handles=keys, loc="outside lower right", ncols=1 if len(frames) == 1 else len(keys))
