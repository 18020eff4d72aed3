"""Pictures, in one style: a density, a bent grid, a Jacobian, a training curve, rows as small images.

Every function draws arrays into a given matplotlib axis. Colours: Okabe and Ito's (told apart by all common kinds of
colour blindness), viridis for densities, and a blue-white-red map with white at zero for signed numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nfscratch.backend import to_numpy

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000",
)  # fmt: skip
WIDTH = 6.5  # inches: the text width of a page, at which 9 points are legible

STYLE = {
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, SKY]),
    "legend.frameon": False,
    "image.cmap": "viridis",
}


class Picture(Figure):
    """A figure that is drawn once when it is saved as .png: matplotlib's own savefig lays out and draws it twice."""

    def savefig(self, path: Any, **options: Any) -> None:
        if options or Path(path).suffix != ".png":
            super().savefig(path, **options)
        else:
            FigureCanvasAgg(self).print_png(path)


def subplots(rows: int = 1, columns: int = 1, height: float = 2.2, **options: Any) -> tuple[Any, Any]:
    """A page-wide figure in the house style; `height`: inches for each row of axes."""
    matplotlib.rcParams.update(STYLE)  # for what is drawn into it later, too
    figure = Picture(figsize=(WIDTH, height * rows))  # not through pyplot: no window, and less to import
    return figure, figure.subplots(rows, columns, **options)


def density(ax: Any, log_prob: Callable[[Any], Any], box: Any, n: int = 200, peak: float | None = None) -> Any:
    """exp(log_prob) over box = (x1 low, x1 high, x2 low, x2 high). `peak`: the density of the brightest colour."""
    a, b, c, d = box
    grid = np.stack(np.meshgrid(np.linspace(a, b, n), np.linspace(c, d, n)), axis=-1).reshape(-1, 2)
    p = np.exp(to_numpy(log_prob(grid))).reshape(n, n)
    image = ax.imshow(p, extent=box, origin="lower", aspect="equal", vmin=0, vmax=peak, interpolation="bilinear")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return image


def scatter(ax: Any, x: Any, box: Any = None, **options: Any) -> Any:
    """The points of x (N, 2)."""
    x = to_numpy(x)
    dots = ax.scatter(x[:, 0], x[:, 1], **{"s": 2, "linewidths": 0, "alpha": 0.6, **options})
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    if box is not None:
        ax.set(xlim=box[:2], ylim=box[2:])
    return dots


def warp_grid(ax: Any, forward: Callable[[Any], Any], radius: float = 3.0, lines: int = 13, n: int = 200) -> None:
    """Where a map sends a square grid: lines of constant z_1 in blue, of constant z_2 in orange."""
    along = np.linspace(-radius, radius, n)
    for value in np.linspace(-radius, radius, lines):
        fixed = np.full(n, value)
        for points, color in ((np.stack([fixed, along], 1), BLUE), (np.stack([along, fixed], 1), ORANGE)):
            x = to_numpy(forward(points))
            ax.plot(x[:, 0], x[:, 1], color=color, linewidth=0.7, zorder=3 if color == BLUE else 2)
    ax.set(aspect="equal")


def jacobian(ax: Any, J: Any, limit: float | None = None, labels: tuple[str, str] = ("$x_{}$", "$z_{}$")) -> Any:
    """The entries of one matrix (D, D), signed; exact zeros are marked, since they are what a structure promises."""
    J = to_numpy(J)
    limit = float(np.abs(J).max()) if limit is None else limit
    image = ax.imshow(J, cmap="RdBu_r", vmin=-limit, vmax=limit)
    for i, j in zip(*np.nonzero(J == 0.0), strict=True):
        ax.text(j, i, "0", ha="center", va="center", color="0.55", fontsize=7)
    rows, columns = J.shape
    ax.set_xticks(range(columns), [labels[1].format(j + 1) for j in range(columns)])
    ax.set_yticks(range(rows), [labels[0].format(i + 1) for i in range(rows)])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return image


def training_curve(ax: Any, history: dict, unit: str = "nats") -> None:
    """The loss of every step (a running mean of 50), and the validation loss."""
    loss = np.asarray(history["loss"])
    width = min(50, len(loss))
    smooth = np.convolve(loss, np.ones(width) / width, mode="valid")
    ax.plot(np.arange(width, len(loss) + 1), smooth, color=SKY, linewidth=1, label=f"training, mean of {width}")
    if history["step"]:
        ax.plot(history["step"], history["validation"], color=BLUE, linewidth=1.4, label="validation")
    ax.set(xlabel="step", ylabel=rf"$-\log p$ ({unit})")
    ax.legend(loc="upper right", handlelength=1.0, fontsize=7)


def image_rows(ax: Any, x: Any, shape: tuple[int, int], columns: int, low: float, high: float) -> Any:
    """Rows of x as small grey images of `shape`, side by side, `columns` to a line: white is `low`, black is `high`."""
    x = to_numpy(x)
    h, w = shape
    lines = -(-len(x) // columns)
    sheet = np.full((lines * (h + 1) + 1, columns * (w + 1) + 1), float(low))
    for k, row in enumerate(x):
        i, j = divmod(k, columns)
        sheet[i * (h + 1) + 1 : (i + 1) * (h + 1), j * (w + 1) + 1 : (j + 1) * (w + 1)] = row.reshape(h, w)
    image = ax.imshow(sheet, cmap="gray_r", vmin=low, vmax=high, interpolation="nearest")
    ax.set_axis_off()
    return image
