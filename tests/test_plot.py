"""Pictures: drawn once when they are saved, and the same as when matplotlib draws them twice."""

import numpy as onp
from matplotlib import image
from matplotlib.figure import Figure

from nfscratch import plot


def drawn():
    figure, axes = plot.subplots(1, 2)
    plot.scatter(axes[0], onp.random.default_rng(0).normal(size=(50, 2)))
    plot.jacobian(axes[1], onp.triu(onp.ones((3, 3))))
    axes[0].set(title="a title", ylabel="$x_2$")
    return figure


def test_a_picture_is_drawn_once_and_looks_as_matplotlib_saves_it(tmp_path, monkeypatch):
    draws, draw = [], Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: draws.append(1) or draw(self, renderer))
    drawn().savefig(tmp_path / "once.png")
    assert len(draws) == 1
    Figure.savefig(drawn(), tmp_path / "twice.png")
    once, twice = (image.imread(tmp_path / f"{name}.png") for name in ("once", "twice"))
    assert once.shape == twice.shape == (330, 975, 4) and abs(once - twice).max() < 0.01


def test_other_formats_and_options_are_matplotlibs(tmp_path):
    drawn().savefig(tmp_path / "picture.pdf")
    assert (tmp_path / "picture.pdf").read_bytes().startswith(b"%PDF")
    drawn().savefig(str(tmp_path / "small.png"), dpi=50)
    assert image.imread(tmp_path / "small.png").shape == (110, 325, 4)
