"""A figure's frames as an animated WebP, and some of them side by side as a still PNG with few colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

MILLISECONDS = 80
COLOURS = 64  # of a still

Draw = Callable[[Any, Any], None]  # draw(axes, moment)


def moving(path: Path, figure: Any, axes: Any, draw: Draw, moments: Iterable[Any], quality: int = 40) -> None:
    """Write the animation: `draw` fills `axes` of the figure anew for each moment."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas, frames = FigureCanvasAgg(figure), []
    for moment in moments:
        draw(axes, moment)
        frames.append(_image(canvas))
    more = {"append_images": frames[1:], "duration": MILLISECONDS, "loop": 0}
    frames[0].save(path, save_all=True, quality=quality, method=4, **more)


def still(path: Path, figure: Any, panels: Sequence[Any], draw: Draw, moments: Sequence[Any]) -> None:
    """Write the still: `draw` fills each of the panels with its moment."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    for axes, moment in zip(panels, moments, strict=True):
        draw(axes, moment)
    _image(canvas).quantize(COLOURS).save(path, optimize=True)


def _image(canvas: Any) -> Any:
    import numpy as np
    from PIL import Image

    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
