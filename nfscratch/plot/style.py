"""Style: the colours, the page, and the figure that a notebook shows.

Colours: Okabe and Ito's (told apart by all common kinds of colour blindness), viridis for densities, and a
blue-white-red map with white at zero for signed numbers.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nfscratch import validate

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000",
)  # fmt: skip
WIDTH = 6.5  # inches: the text width of a page, at which 9 points are legible
CSS_INCH = 96  # a browser's pixels in an inch: at that width a notebook shows 9 points as 9 points

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
    """A figure that is drawn once when it is saved as .png: matplotlib's own savefig lays out and draws it twice.

    A notebook shows it where it is the last value of a cell, or where it is passed to `display`.
    """

    def savefig(self, path: Any, **options: Any) -> None:
        if options or not isinstance(path, (str, Path)) or Path(path).suffix != ".png":
            super().savefig(path, **options)
        else:
            FigureCanvasAgg(self).print_png(path)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """What IPython asks for: the picture, and its width on the screen, which is its width on paper."""
        png = BytesIO()
        FigureCanvasAgg(self).print_png(png)
        return png.getvalue(), {"width": round(CSS_INCH * self.get_figwidth())}


def subplots(rows: int = 1, columns: int = 1, height: float = 2.2, **options: Any) -> tuple[Any, Any]:
    """A page-wide figure in the house style, and its axes; `height`: inches for each row of axes."""
    rows, columns = validate.count("rows", rows, 1), validate.count("columns", columns, 1)
    validate.positive("height", height)
    figure = blank(WIDTH, height * rows)
    return figure, figure.subplots(rows, columns, **options)


def blank(width: float, height: float) -> Picture:
    """A figure in the house style without axes, in inches."""
    matplotlib.rcParams.update(STYLE)  # for what is drawn into it later, too
    return Picture(figsize=(width, height))  # not through pyplot: no window, and less to import
