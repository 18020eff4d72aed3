"""Recorded: what a user's function holds in its local variables, line by line; and a run in which some are replaced.

    Life       one value of one variable, or of two that are its halves, with the places where the run meets it
    Record     one run: its lives in order, its result, and the lines that it went through
    replayed   one run, in which an action reads or writes the local variables at some places

A place is (code, line, how many times the run has come there). The trace function that stood before comes back. Code of
Python, of installed packages and of this package is not looked at: only what the user wrote.
"""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.held import is_numbers, states

OFTEN = 400  # a line that a run meets more often is within a search, not between two layers
# Not the prefix, which is /usr on some systems: a user's own files may lie under that.
FOLDERS = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
INSTALLED = tuple({str(Path(folder)) + os.sep for folder in [*FOLDERS, Path(__file__).parents[2]]})
Place = tuple[int, int, int]
Action = Callable[[Any], Any]  # it is given the local variables


@lru_cache(maxsize=4096)
def is_users(filename):
    return not filename.startswith(("<frozen", "<__array", *INSTALLED)) and "site-packages" not in filename


def traced(
    call: Callable[[], Any], wanted: Callable[[Any], bool], look: Callable[[Any], None], leave: Any = None
) -> Any:  # fmt: skip
    """call(), with look(frame) before each line of the frames whose code is wanted, and leave(what they return)."""
    before = sys.gettrace()

    def line(frame, event, returned):
        if event == "line":
            look(frame)
        elif event == "return" and leave is not None:
            leave(returned)
        return line

    with uncollected():
        sys.settrace(lambda frame, event, _: line if wanted(frame.f_code) else None)
        try:
            return call()
        finally:
            sys.settrace(before)


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is collected, in Python 3.11: it crashes where that happens in a traced call, and runs code of Python,
    such as a function in gc.callbacks (Hypothesis has one) or a __del__.
    """
    collects = gc.isenabled()
    if sys.version_info < (3, 12):
        gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@dataclass
class Life:
    """One value of a state (N, D), held by one variable or by two, from one change to the next."""

    names: tuple[str, ...]
    frame: int  # the number of the call, in the order in which they began
    depth: int
    value: Any
    order: int  # of its first place among all lines of the run
    places: list[Place] = field(default_factory=list)
    turns: list[Place] = field(default_factory=list)  # those where the run has gone back to a line: a loop turns


class Record:
    """One run of f at a (N, D)."""

    def __init__(self, f: Callable, a: Any):
        self.lives: list[Life] = []
        self.lines: list[tuple[int, str, int, int]] = []  # depth, file, line, call
        self._now: dict[tuple[int, tuple[str, ...]], Life] = {}
        self._calls: dict[Any, int] = {}  # each frame and its number: a frame that is kept is not mixed up with another
        self._last: dict[int, int] = {}
        self._met: Counter = Counter()
        self._shape = a.shape
        self.returned: list[tuple[int, Any]] = []  # the log_dets that calls gave back, and when
        self.y, self.log_det = traced(
            lambda: result(f, a), lambda code: is_users(code.co_filename), self._look, self._leave
        )
        self._calls.clear()

    def _leave(self, returned):
        log_det = returned[1] if isinstance(returned, tuple) and len(returned) == 2 else None
        if isinstance(log_det, float) or (is_numbers(log_det) and log_det.size in (1, self._shape[0])):
            self.returned.append((len(self.lines), onp.array(returned[1], dtype=float)))

    def _look(self, frame):
        code, line = frame.f_code, frame.f_lineno
        self._met[id(code), line] += 1
        if self._met[id(code), line] > OFTEN:
            return
        call = self._calls.setdefault(frame, len(self._calls))
        depth, place = _depth(frame), (id(code), line, self._met[id(code), line])
        self.lines.append((depth, code.co_filename, line, call))
        turns = call in self._last and line <= self._last[call]
        self._last[call] = line
        for names, value in states(_own(frame), self._shape):
            life = self._life(names, call, depth, value)
            life.places.append(place)
            if turns:
                life.turns.append(place)

    def _life(self, names, call, depth, value):
        life = self._now.get((call, names))
        if life is None or not onp.array_equal(life.value, value, equal_nan=True):
            life = Life(names, call, depth, value.copy(), len(self.lines) - 1)
            self._now[call, names] = life
            self.lives.append(life)
        return life


def result(f: Callable, a: Any) -> tuple[Any, Any]:
    """(y, log_det) of f at a, as arrays (N, D) and (N,)."""
    with onp.errstate(all="ignore"):
        y, log_det = f(a.copy())
    y, log_det = onp.asarray(y, dtype=float), onp.asarray(log_det, dtype=float)
    if y.shape != a.shape:
        raise ValueError(f"a function must keep the shape {a.shape}; got {y.shape}")
    if log_det.size not in (1, len(a)):
        return y, onp.full(len(a), onp.nan)
    return y, onp.broadcast_to(log_det.reshape(-1), len(a))


def _depth(frame):
    depth = 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def replayed(f: Callable, a: Any, actions: dict[Place, Callable[[Any], None]]) -> tuple[Any, Any]:
    """The result of f at a, where each action is given the local variables at its place. All places must be met."""
    codes, lines, met = {place[0] for place in actions}, {place[:2] for place in actions}, Counter()
    done = set()

    def look(frame):
        line = (id(frame.f_code), frame.f_lineno)
        if line in lines:
            met[line] += 1
            if (place := (*line, met[line])) in actions:
                done.add(place)
                before = _own(frame)
                after = dict(before)
                actions[place](after)
                frame.f_locals.update({k: after[k] for k in before if after[k] is not before[k]})

    found = traced(lambda: result(f, a), lambda code: id(code) in codes, look)
    if len(done) < len(actions):
        raise LookupError("the run does not come to a place where the recorded one came")
    return found


def _own(frame):
    """The variables of this call. Those of a function around it outlive the run: what is put there stays there."""
    return {k: v for k, v in frame.f_locals.items() if k not in frame.f_code.co_freevars}


def by_place(actions: list[tuple[Place, Action]]) -> dict[Place, Action]:
    """One action for each place. Two boundaries may share one, where two variables hold a state each."""
    found: dict[Place, list[Action]] = {}
    for place, action in actions:
        found.setdefault(place, []).append(action)
    return {place: lambda v, each=each: [act(v) for act in each] for place, each in found.items()}
