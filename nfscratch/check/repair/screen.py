"""Screen: the points at which edits are tried, and what the functions gave there before any.

It is coarse, because it is asked thousands of times: what passes goes to the audit's own checks. What has to hold is
said in screens.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch.check.repair.live_code import TooLong, within
from nfscratch.check.repair.telling import telling_rows
from nfscratch.check.rows import largest
from nfscratch.check.trial import Trial

NEAR = {onp.dtype("float64"): 1e-5, onp.dtype("float32"): 2e-3}  # of z' and of the log-dets, relative to their size
NEVER = 1e-2  # are values the same that are further apart, whatever accuracy is stated
Met = Callable[[Any], bool] | None
SLOWER = 20  # how many times as many lines as before an edited run may go through


class Screen:
    """The points, and what the functions gave there before any edit."""

    def __init__(self, trial: Trial, row: int, met: Met = None):
        """met: whether the unchanged run came to a line; edited runs may go through no other."""
        self.met = met
        self.near = max(NEAR[onp.dtype(trial.subject.dtype)], min(1e3 * trial.subject.precision, NEVER))
        self.rows = telling_rows(trial, row, self.near)
        self.z, self.subject = trial.z[self.rows].copy(), trial.subject.at(self.rows)
        self.x, self.lines, self.spent, self.now = None, 1000, 0, None
        self.slower = SLOWER
        self.gap = 0.0  # how far what passed last is from what it should be
        self.keeps_forward = False  # whether forward gives x whatever the edit is
        with onp.errstate(all="ignore"):
            try:
                self.results, self.lines = within(self._results, 10**6, met)
            except TooLong:
                self.results = None
        self.x = None if self.results is None else self.results[0]

    def passes(self) -> bool:
        """Whether the functions, as they are now, keep what is asked. An exception of theirs is a no."""
        most = self.slower * self.lines + 1000
        left = [most]
        try:
            with onp.errstate(all="ignore"):
                found, _ = within(self._holds, most, self.met, left=left)
        except (Exception, SystemExit, TooLong):  # of any kind: most edits make nonsense
            found = False
        self.spent += most - left[0]
        return bool(found)

    def changed(self) -> frozenset[str]:
        """What is another than before any edit: "x", "forward" (x or its log_det), "inverse" (z' or its log_det)."""
        try:
            with onp.errstate(all="ignore"):
                now, _ = within(self._results, SLOWER * self.lines + 1000, self.met)
        except TooLong:
            now = None
        self.now = now
        if now is None or self.results is None:
            return frozenset({"x", "forward", "inverse"})
        other = [not self._same(a, b) for a, b in zip(now, self.results, strict=True)]
        names = {"x": other[0], "forward": other[0] or other[1], "inverse": other[2] or other[3]}
        return frozenset(name for name, differs in names.items() if differs)

    @property
    def is_flattened(self) -> bool:
        """Whether both log_dets varied over the points, and one does not, as the functions were at the last `changed`.

        A scale that is switched off in both directions makes them agree, and there are many ways to do that.
        """
        if self.now is None or self.results is None:
            return False
        before, now = ([_varies(r[k], self.near) for k in (1, 3)] for r in (self.results, self.now))
        return all(before) and not all(now)

    @property
    def has_points(self) -> bool:
        """Whether x and z' are finite."""
        return self.results is not None and all(onp.isfinite(v).all() for v in self.results[::2])

    @property
    def has_shape_of_x(self) -> bool:
        return onp.shape(self.x) == (len(self.z), *self.subject.out_shape)

    def moves_points(self) -> bool:
        """Whether the functions, as they are now, give another x or z' than before any edit. An exception is a yes."""
        try:
            with onp.errstate(all="ignore"):
                now, lines = within(self._results, SLOWER * self.lines + 1000, self.met)
        except TooLong:
            return True
        self.spent += lines
        if now is None or self.results is None:
            return True
        return not all(self._same(now[k], self.results[k]) for k in (0, 2))

    def _results(self):
        """x and log_det at z, and z' and log_det at the x that forward gave before; None where one raises."""
        try:
            x, a = self._forward()
            at = x if self.x is None else self.x
            return (x, a, *self.subject.inverse(onp.array(at)))
        except (Exception, SystemExit):  # of any kind: the mistake itself may raise
            return None

    def _forward(self, rows=slice(None)):
        return self.subject.forward(self.z[rows].copy())

    def _holds(self) -> bool:
        raise NotImplementedError

    def _same(self, a, b):
        if onp.shape(a) != onp.shape(b):
            return False
        near = onp.isfinite(b) & (onp.abs(a - b) <= self.near * (1 + onp.abs(b)))
        return bool((near | ((a != a) & (b != b)) | (a == b)).all())

    def _undone(self, x):
        """Whether inverse takes x to z, and x is not just z where it was not before."""
        if onp.shape(x) != (len(self.z), *self.subject.out_shape) or onp.asarray(x).dtype != self.subject.dtype:
            return False
        back, _ = self.subject.inverse(onp.array(x))
        if onp.shape(back) != self.z.shape:
            return False
        apart = largest(onp.asarray(back) - self.z) / onp.maximum(1.0, largest(self.z))
        trivial = self._same(x, self.z) and not (self.x is None or self._same(self.x, self.z))
        self.gap = float(apart.max())
        return (apart < self.near).all() and not trivial


def _varies(log_det, near):
    """Whether a log_det is another number at other points."""
    try:
        values = onp.asarray(log_det, dtype=float)
    except (TypeError, ValueError):  # a list of what is no number
        return False
    finite = values[onp.isfinite(values)]
    return len(finite) > 1 and bool(onp.ptp(finite) > near * (1 + onp.abs(finite).max()))
