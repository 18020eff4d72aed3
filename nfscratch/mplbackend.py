"""MPLBACKEND: where it names no backend, as it may in a notebook's terminal, matplotlib cannot be imported."""

from __future__ import annotations

import os

VARIABLE = "MPLBACKEND"


def check_mplbackend() -> None:
    """Raise a ValueError where matplotlib refuses the variable: in one line, and before anything is computed."""
    named = os.environ.get(VARIABLE)
    if not named:
        return
    try:
        import matplotlib  # noqa: F401 (it looks at the variable)
    except ValueError as error:
        raise ValueError(f"{VARIABLE} must name a backend of matplotlib, such as agg; got {named!r}") from error
