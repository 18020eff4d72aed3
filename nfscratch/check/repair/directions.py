"""Directions: the one whose log_det a screen looks at.

Where both are wrong and agree, that is the one which takes fewer lines: a formula, rather than a search of many turns
that asks for the same formula in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.repair.live_code import TooLong, within
from nfscratch.check.trial import Trial

MUCH_SLOWER = 4  # times as many lines as the other direction
ROWS = 6
MOST = 10**6  # lines


def direction_of_log_det(trial: Trial, failed: Any, met: Callable[[Any], bool] | None = None) -> str:
    """ "forward" or "inverse", by the laws that failed: names of laws.py."""
    if not {"J forward", "J inverse"} <= failed or "X" in failed:
        return "forward" if "J forward" in failed else "inverse"
    try:
        with onp.errstate(all="ignore"):
            lines = {d: within(partial(_call, trial, d), MOST, met)[1] for d in ("forward", "inverse")}
    except (Exception, SystemExit, TooLong):  # of any kind: the functions' own
        return "forward"
    return "inverse" if MUCH_SLOWER * lines["inverse"] < lines["forward"] else "forward"


def _call(trial, direction):
    rows = onp.arange(min(ROWS, len(trial)))
    return getattr(trial.subject.at(rows), direction)(trial.input(direction)[rows].copy())
