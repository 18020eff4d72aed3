"""A matrix: the signed entries of a Jacobian as colours, with its exact zeros marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch.plot import checked


def jacobian(ax: Any, J: Any, limit: float | None = None, labels: tuple[str, str] = ("$x_{}$", "$z_{}$")) -> Any:
    """The entries of one matrix (D, D), signed; exact zeros are marked, since they are what a structure promises.

    limit: the |entry| of the strongest colour; default: the largest one. labels: of rows and columns, {} is the number.
    """
    checked.axis(ax)
    checked.limit("limit", limit)
    J = checked.matrix("J", J)
    limit = limit or float(np.abs(J).max()) or 1.0
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
