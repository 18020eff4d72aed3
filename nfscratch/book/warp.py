"""The warp of a trained flow, layer by layer: an animated image, and a still of the same frames for paper.

    python -m nfscratch.book.warp          draws both anew, into assets/animations/

The explorer's RealNVP (explorer.py) bends a grid and 400 points of noise into moons; a colour says on which side of
z1 = 0 a point began. Between two layers a frame shows (1 - p) x + p g(x), which for a coupling is a coupling. Pages
show the still to readers who asked for reduced motion.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from nfscratch.book import explorer, frames
from nfscratch.book.animations import FOLDER

NAME = "moons_warp"
PER_LAYER, HOLD = 5, 10  # frames on the way through a layer, and at both ends
LIMIT, INCHES, DPI = 3.2, 3.6, 100
BLUE, ORANGE = "#0072b2", "#d55e00"


def stages(z: np.ndarray) -> list[np.ndarray]:
    """[z, after the first layer, ..., x], each (N, 2)."""
    told = json.loads(explorer.WEIGHTS.read_text(encoding="utf-8"))
    chain, seen = explorer.flow().bijection, [z]
    for layer, params in zip(chain.layers, explorer.params_of(told)["bijection"], strict=True):
        seen.append(layer.forward(params, seen[-1])[0])
    return seen


def between(seen: list[np.ndarray], place: float) -> np.ndarray:
    """The points after `place` layers, a number from 0 to all of them."""
    whole = min(int(place), len(seen) - 2)
    return seen[whole] + (place - whole) * (seen[whole + 1] - seen[whole])


def places(layers: int) -> list[float]:
    """One number a frame: it rests at both ends, and starts and stops gently in every layer."""
    ease = [0.5 - 0.5 * np.cos(np.pi * (k + 1) / PER_LAYER) for k in range(PER_LAYER)]
    there = [layer + e for layer in range(layers) for e in ease]
    return [0.0] * HOLD + there + [float(layers)] * 2 * HOLD


def lines() -> np.ndarray:
    """(lines, points, 2): a grid on [-3, 3]²."""
    at, along = np.linspace(-3, 3, 13), np.linspace(-3, 3, 121)
    upright = [np.stack([np.full_like(along, a), along], axis=1) for a in at]
    return np.array([*upright, *(line[:, ::-1] for line in upright)])


def draw(axes: Any, place: float, grid: list[np.ndarray], dots: list[np.ndarray]) -> None:
    from matplotlib.collections import LineCollection

    axes.clear()
    axes.add_collection(LineCollection(between(grid, place).reshape(lines().shape), colors="0.55", linewidths=0.6))
    points, left = between(dots, place), dots[0][:, 0] < 0
    size = 1.0 + 1.3 * axes.get_window_extent().width / axes.figure.dpi  # of a dot, which grows with the picture
    for half, colour in ((left, BLUE), (~left, ORANGE)):  # where a point came from
        axes.plot(*points[half].T, ".", markersize=size, color=colour, alpha=0.8, markeredgewidth=0)
    axes.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), aspect="equal", xticks=[], yticks=[])
    whole = len(dots) - 1
    name = "noise z" if place == 0 else "data x" if place == whole else f"layer {int(np.ceil(place))} of {whole}"
    axes.set_title(name, fontsize=11)


def material(seed: int = 1) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The stages of the grid and of the points."""
    z = np.random.default_rng(seed).normal(size=(400, 2))
    return stages(lines().reshape(-1, 2)), stages(z)


def drawn(folder: Path) -> None:
    """Write both files."""
    from matplotlib.figure import Figure

    grid, dots = material()

    def frame(axes: Any, place: float) -> None:
        draw(axes, place, grid, dots)

    figure = Figure(figsize=(8.4, 1.98), dpi=150, layout="constrained")
    frames.still(folder / f"{NAME}.png", figure, figure.subplots(1, 5), frame, (0, 2, 4, 6, 8))
    figure = Figure(figsize=(INCHES, INCHES), dpi=DPI)
    frames.moving(
        folder / f"{NAME}.webp", figure, figure.add_axes((0.03, 0.03, 0.94, 0.88)), frame, places(len(dots) - 1), 30
    )


if __name__ == "__main__":
    drawn(FOLDER)
