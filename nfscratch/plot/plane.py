"""Two variables: a density as colour, points, and the bent grid of a map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nfscratch import validate
from nfscratch.plot import checked
from nfscratch.plot.style import BLUE, ORANGE


def density(ax: Any, log_prob: Callable[[Any], Any], box: Any, n: int = 200, peak: float | None = None) -> Any:
    """exp(log_prob) over box = (x1 low, x1 high, x2 low, x2 high), at n x n points.

    log_prob(x): (N, 2) -> (N,), in nats. peak: the density of the brightest colour; default: the largest one.
    ValueError: a log_prob of another shape, or one that is NaN or +infinity somewhere, with the place.
    """
    checked.axis(ax)
    checked.function("log_prob", log_prob)
    checked.limit("peak", peak)
    a, b, c, d = box = checked.box(box)
    n = validate.count("n", n, 2)
    grid = np.stack(np.meshgrid(np.linspace(a, b, n), np.linspace(c, d, n)), axis=-1).reshape(-1, 2)
    p = _exp(checked.values_at("log_prob", log_prob, grid), grid).reshape(n, n)
    image = ax.imshow(p, extent=box, origin="lower", aspect="equal", vmin=0, vmax=peak, interpolation="bilinear")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return image


def _exp(log_p, grid):
    with np.errstate(over="ignore"):
        p = np.exp(log_p)
    if not (good := np.isfinite(p)).all():
        at = int(np.argmin(good))
        where = ", ".join(f"{v:.4g}" for v in grid[at])
        raise ValueError(f"exp(log_prob) must be finite; got log_prob = {log_p[at]:.4g} at x = ({where})")
    return p


def scatter(ax: Any, x: Any, box: Any = None, **options: Any) -> Any:
    """The points of x (N, 2). box: the limits, as in `density`. options: those of matplotlib's scatter."""
    checked.axis(ax)
    x = checked.points("x", x)
    box = None if box is None else checked.box(box)
    dots = ax.scatter(x[:, 0], x[:, 1], **{"s": 2, "linewidths": 0, "alpha": 0.6, **options})
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    if box is not None:
        ax.set(xlim=box[:2], ylim=box[2:])
    return dots


def warp_grid(ax: Any, forward: Callable[[Any], Any], radius: float = 3.0, lines: int = 13, n: int = 200) -> None:
    """Where a map (N, 2) -> (N, 2) sends the square grid of [-radius, radius]^2, `lines` lines each way.

    Lines of constant z_1 are blue, of constant z_2 orange; n: points on a line. Where the map is NaN, a line has a gap.
    """
    checked.axis(ax)
    checked.function("forward", forward)
    validate.positive("radius", radius)
    lines, n = validate.count("lines", lines, 1), validate.count("n", n, 2)
    along = np.linspace(-radius, radius, n)
    for value in np.linspace(-radius, radius, lines):
        fixed = np.full(n, value)
        for points, color in ((np.stack([fixed, along], 1), BLUE), (np.stack([along, fixed], 1), ORANGE)):
            x = checked.values_at("forward", forward, points, (2,))
            ax.plot(x[:, 0], x[:, 1], color=color, linewidth=0.7, zorder=3 if color == BLUE else 2)
    ax.set(aspect="equal")
