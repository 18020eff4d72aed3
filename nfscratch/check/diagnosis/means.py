"""Means: whether a function takes a mean on its way. A factor 1/2 and the mean of two numbers give the same log_det."""

from __future__ import annotations

import sys
from typing import Any

from nfscratch.check.trial import Trial

NAMES = {"mean", "_mean", "average", "nanmean"}  # as NumPy's functions call themselves


def takes_mean(trial: Trial, direction: str) -> bool:
    """Whether NumPy is asked for a mean while a direction runs at the trial's points."""
    names = called_in(lambda: trial.apply(direction, trial.input(direction)))
    return bool(names & NAMES)


def called_in(call: Any) -> set[str]:
    """The names of all functions of Python that run during call()."""
    names: set[str] = set()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: names.add(frame.f_code.co_name) if event == "call" else None)
    try:
        call()
    finally:
        sys.setprofile(before)
    return names
