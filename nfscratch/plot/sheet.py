"""A sheet of small images: rows of a table that are pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch import validate
from nfscratch.excerpt import excerpt
from nfscratch.plot import checked


def image_rows(ax: Any, x: Any, shape: tuple[int, int], columns: int, low: float, high: float) -> Any:
    """Rows of x (N, H * W) or (N, H, W) as small grey images of shape (H, W), side by side, `columns` to a line.

    White is `low`, black is `high`.
    """
    checked.axis(ax)
    h, w = _two_sizes(shape)
    columns = validate.count("columns", columns, 1)
    if not low < high:
        raise ValueError(f"low must be less than high; got {excerpt(low)} and {excerpt(high)}")
    x = checked.points("x", x, (h, w) if np.ndim(x) == 3 else (h * w,))
    image = ax.imshow(_sheet(x.reshape(-1, h, w), columns, low), cmap="gray_r", vmin=low, vmax=high)
    image.set_interpolation("nearest")
    ax.set_axis_off()
    return image


def _two_sizes(shape):
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise ValueError(f"shape must be (height, width) in pixels; got {excerpt(shape)}")
    return (validate.count(f"the {name} in shape", n, 1) for name, n in zip(("height", "width"), shape, strict=True))


def _sheet(images, columns, low):
    """The images on one array, a pixel apart."""
    n, h, w = images.shape
    lines = -(-n // columns)
    sheet = np.full((lines * (h + 1) + 1, columns * (w + 1) + 1), float(low))
    for k, image in enumerate(images):
        i, j = divmod(k, columns)
        sheet[i * (h + 1) + 1 : (i + 1) * (h + 1), j * (w + 1) + 1 : (j + 1) * (w + 1)] = image
    return sheet
