"""A warning with the line outside of the package that led to it, however many functions of the package lie between."""

from __future__ import annotations

import sys
import warnings


def warn(message: str, category: type[Warning]) -> None:
    """Warn of the nearest line that is not in nfscratch."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "nfscratch":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
