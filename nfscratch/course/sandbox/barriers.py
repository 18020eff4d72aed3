"""Barriers: what this system can refuse to a student's file, found by starting a child and asking it."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.outside import Child, Ended


class Barrier(StrEnum):
    """What may be kept out; the value says it."""

    FILES = "files"  # reading and writing them: files.py
    PROCESSES = "processes"  # other processes and the network: kernel.py


@cache
def standing() -> frozenset[Barrier]:
    """The barriers that stand on this system."""
    with Child("", "", Limits()) as child:
        try:
            child.load()
        except Ended:
            return frozenset()
        return frozenset(Barrier(name) for name in child.kept_out)


def warning() -> str:
    """What a grader has to know, or "" where all barriers stand."""
    missing = [str(barrier) for barrier in Barrier if barrier not in standing()]
    if not missing:
        return ""
    return f"this system cannot keep a submission from {' and '.join(missing)}: grade strangers' work in a container"
