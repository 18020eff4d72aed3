"""A warning with the line outside of the package that led to it, however many functions of the package lie between.

A fixed `stacklevel` is right for one way in: a layer's warning may come from its own init, a flow's, or a fit's.
"""

from __future__ import annotations

import sys
import warnings

INSIDE = ("nfscratch", "contextlib", "dataclasses", "functools")  # the package, and what it calls itself through


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of the nearest line that is not in nfscratch."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in INSIDE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
