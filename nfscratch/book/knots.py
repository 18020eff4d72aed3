"""A spline bends as its knots move: an animated image, and a still of the same frames for paper.

    python -m nfscratch.book.knots          draws both anew, into assets/animations/

A rational quadratic spline of one variable begins as the identity and is trained on two clusters. A frame shows the map
x = g(z) with its knots, and beside it, on the same axis x, the data and the density p(x) = N(z) / g'(z).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import nfscratch as nf
from nfscratch.book import frames
from nfscratch.book.animations import FOLDER

NAME = "spline_knots"
BINS, BOUND, STEPS, FRAMES, HOLD = 6, 4.0, 320, 44, 8
STILL = (0, 8, 40, STEPS)  # steps
GREY, BLUE, ORANGE = "0.6", "#0072b2", "#d55e00"
SPLINE = nf.RationalQuadraticSpline(BINS, BOUND)


def clusters(rng: np.random.Generator, n: int = 3000) -> np.ndarray:
    """(n, 1): 40 % near -2, the others near 1.5 and wider."""
    left = rng.random(n) < 0.4
    return np.where(left, rng.normal(-2.0, 0.35, n), rng.normal(1.5, 0.7, n))[:, None]


def flow() -> nf.Flow:
    return nf.Flow(nf.StandardNormal(1), nf.Elementwise(SPLINE, 1))


def course(x: np.ndarray) -> list[Any]:
    """The parameters before each step of a fit, and at its end. It begins at the identity."""
    rng, model, seen = np.random.default_rng(0), flow(), []
    start = nf.trees.map_leaves(np.zeros_like, model.init(rng))

    def keep(evaluation: Any) -> None:
        seen.append(nf.trees.map_leaves(np.copy, evaluation.params))

    nf.fit(
        model, x, rng=rng, params=start, steps=STEPS, batch_size=500, optimizer=nf.adam(0.05), evaluate_every=1,
        patience=STEPS, callback=keep,
    )  # fmt: skip
    return seen


def knots(params: Any) -> tuple[np.ndarray, np.ndarray]:
    """z and x of the knots, each (K + 1,)."""
    theta = nf.trees.leaves(params)[0].reshape(-1, 1, 1)
    left, bottom = (part.ravel() for part in SPLINE.table(theta)[:2])
    return tuple(np.append(unit, 1.0) * 2 * BOUND - BOUND for unit in (left, bottom))


def steps() -> list[int]:
    """The step of each frame: close at first, when most happens, and a rest at both ends."""
    there = [round(STEPS * (k / FRAMES) ** 2.2) for k in range(FRAMES + 1)]
    return [0] * HOLD + there + [STEPS] * 2 * HOLD


def draw(axes: tuple[Any, Any], step: int, params: Any, x: np.ndarray) -> None:
    model, (curve, density) = flow(), axes
    z = np.linspace(-BOUND, BOUND, 401)[:, None]
    image = model.bijection.forward(params["bijection"], z)[0]
    curve.clear()
    curve.plot([-BOUND, BOUND], [-BOUND, BOUND], color=GREY, linewidth=0.8)
    curve.plot(z, image, color=BLUE)
    curve.plot(*knots(params), "o", color=ORANGE, markersize=4.5)
    curve.set(
        xlim=(-BOUND, BOUND),
        ylim=(-BOUND, BOUND),
        xticks=range(-4, 5, 2),
        yticks=range(-4, 5, 2),
        xlabel="z",
        ylabel="x = g(z)",
    )
    curve.set_title(f"step {step}", fontsize=10)
    density.clear()
    density.hist(x.ravel(), bins=80, range=(-BOUND, BOUND), density=True, orientation="horizontal", color="0.85")
    density.plot(np.exp(model.log_prob(params, z)), z, color=BLUE)
    for at in knots(params)[1][1:-1]:
        density.axhline(at, color=ORANGE, linewidth=0.5)
    density.set(xlim=(0, 0.6), ylim=(-BOUND, BOUND), xlabel="p(x)", yticks=[])


def drawn(folder: Path) -> None:
    """Write both files."""
    from matplotlib.figure import Figure

    x = clusters(np.random.default_rng(1))
    seen = course(x)

    def frame(axes: Any, step: int) -> None:
        draw(axes, step, seen[step], x)

    figure = Figure(figsize=(4 * 3.1, 2.1), dpi=100)
    frames.still(folder / f"{NAME}.png", figure, [pair(figure, k, 4) for k in range(4)], frame, STILL)
    figure = Figure(figsize=(5.4, 2.9), dpi=100)
    frames.moving(folder / f"{NAME}.webp", figure, pair(figure, 0, 1), frame, steps(), 50)


def pair(figure: Any, k: int, count: int) -> tuple[Any, Any]:
    """The two axes of pair k of `count` side by side. They stay where they are, whatever is drawn."""
    low, high, left, width = (0.17, 0.73, 0.12, 0.38) if count == 1 else (0.22, 0.66, 0.17, 0.33)
    curve = figure.add_axes(((k + left) / count, low, width / count, high))
    return curve, figure.add_axes(((k + 0.56) / count, low, 0.39 / count, high))


if __name__ == "__main__":
    drawn(FOLDER)
