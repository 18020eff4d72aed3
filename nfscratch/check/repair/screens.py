"""Screens: whether an edit mends what is wrong, at a few points, in as few calls as that takes.

OfLogDet(direction)    y as it was, and log_det that of the Jacobian there, which is known before the first edit
OfRoundTrip            inverse(forward(z)) = z, with a forward that is not trivial
OfAll                  shapes, rows that are independent, round trip, and log |det J| by differences of order 4
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.repair.differences import log_dets_by_differences
from nfscratch.check.repair.directions import direction_of_log_det
from nfscratch.check.repair.live_code import TooLong, within
from nfscratch.check.repair.screen import SLOWER, Met, Screen
from nfscratch.check.repair.telling import POINTS, with_wrong_claims
from nfscratch.check.rows import finite_matrices, flat
from nfscratch.check.trial import Trial


class OfLogDet(Screen):
    """Of one direction. The Jacobian is that of the trial."""

    def __init__(self, trial: Trial, row: int, direction: str, met: Met = None):
        super().__init__(trial, row, met)
        at, J = trial.input(direction), trial.numeric_of(direction)[0]
        fine = finite_matrices(J) & onp.isfinite(flat(at)).all(axis=1)
        fine[fine] = onp.isfinite(onp.linalg.slogdet(J[fine])[1])  # where a slope is below rounding, nothing is known
        rows = self.rows if fine[self.rows].sum() > 1 else onp.flatnonzero(fine)[:POINTS]
        rows = with_wrong_claims(trial, direction, rows[fine[rows]], fine, self.near)
        self.direction, self.at, self.of = direction, at[rows].copy(), trial.subject.at(rows)
        self.true = onp.linalg.slogdet(J[rows])[1]
        self.loose = 10 * self.near * onp.maximum(1.0, onp.abs(self.true))
        with onp.errstate(all="ignore"):
            self.y, self.claim = self._call() if len(rows) else (None, None)

    def _call(self):
        return getattr(self.of, self.direction)(self.at.copy())

    def moves_log_det_alone(self) -> bool:
        """Whether the functions, as they are now, give the same y and another log_det. An exception is a no."""
        try:
            with onp.errstate(all="ignore"):
                (y, log_det), lines = within(self._call, SLOWER * self.lines + 1000, self.met)
        except (Exception, SystemExit, TooLong):  # of any kind
            return False
        self.spent += lines
        return self._same(y, self.y) and not self._same(log_det, self.claim)

    def _holds(self):
        y, log_det = self._call()
        if onp.shape(log_det) != self.true.shape or not self._same(y, self.y):
            return False
        gaps = onp.abs(log_det - self.true) / onp.maximum(1.0, onp.abs(self.true))
        self.gap = float(onp.median(gaps))
        return (onp.abs(log_det - self.true) < self.loose).sum() >= max(2, len(self.true) - 1)


class OfRoundTrip(Screen):
    """Of both directions together. A repair that leaves a wrong log_det of forward is never said: mended.py."""

    log_det_is_wrong = False  # forward's

    @property
    def is_well_shaped(self) -> bool:
        """Whether all four results had their shapes, whatever numbers they hold."""
        if self.results is None:
            return False
        n, s, (x, a, z, b) = len(self.z), self.subject, self.results
        shapes = [onp.shape(v) for v in (x, a, z, b)]
        return shapes == [(n, *s.out_shape), (n,), (n, *s.in_shape), (n,)] and onp.asarray(x).dtype == s.dtype

    @property
    def not_finite(self) -> str:
        """The direction whose log_det is not finite; "" where both are."""
        claims = () if self.results is None else zip(("forward", "inverse"), self.results[1::2], strict=True)
        return next((direction for direction, claim in claims if not onp.isfinite(claim).all()), "")

    def undoes_now(self) -> bool:
        """Whether inverse takes x back, as the functions and their tables are now. An exception is a no."""
        try:
            with onp.errstate(all="ignore"):
                found, lines = within(lambda: self._undone(self._forward()[0]), SLOWER * self.lines + 1000, self.met)
        except (Exception, SystemExit, TooLong):  # of any kind
            return False
        self.spent += lines
        return bool(found)

    def _holds(self):
        if not self.log_det_is_wrong:
            return self._undone(self.x if self.keeps_forward and self.x is not None else self._forward()[0])
        if self.keeps_forward:
            return False
        x, claim = self._forward()
        return self._is_log_det(claim) and self._undone(x)  # an inverse may take many times as long

    def _is_log_det(self, claim):
        if onp.shape(claim) != (len(self.z),):
            return False
        true = log_dets_by_differences(self.subject, "forward", self.z)
        return (onp.abs(claim - true) < 10 * self.near * onp.maximum(1.0, onp.abs(true))).sum() >= len(true) - 1


class OfAll(Screen):
    """Of results that have a wrong shape, or mix rows: nothing about them is known before."""

    def _holds(self):
        x, a = self._forward()
        n = len(self.z)
        if onp.shape(a) != (n,) or not self._undone(x):
            return False
        b = self.subject.inverse(onp.array(x))[1]
        if onp.shape(b) != (n,) or (onp.abs(a + b) > 10 * self.near * onp.maximum(1.0, onp.abs(a))).sum() > 1:
            return False
        if self.subject.given is None and not self._same(self._forward(slice(None, 0, -1))[0], x[:0:-1]):
            return False
        true = log_dets_by_differences(self.subject, "forward", self.z)
        return (onp.abs(a - true) < 10 * self.near * onp.maximum(1.0, onp.abs(true))).sum() >= n - 1


def screen_for(trial: Trial, row: int, failed: Any, met: Met) -> Screen:
    """The narrowest one that covers what has failed: names of laws.py."""
    whole = OfRoundTrip(trial, row, met) if "S" in failed else None
    if failed & {"P", "I"} or (whole is not None and not (whole.is_well_shaped and whole.has_points)):
        return OfAll(trial, row, met)
    if "R" in failed:
        screen = OfRoundTrip(trial, row, met)
        screen.log_det_is_wrong = "J forward" in failed
        screen.slower *= 1 + screen.log_det_is_wrong * 4 * trial.subject.dim
        return screen
    if not failed & {"J forward", "J inverse"}:
        both = OfRoundTrip(trial, row, met)
        return OfLogDet(trial, row, both.not_finite, met) if both.not_finite else both
    return OfLogDet(trial, row, direction_of_log_det(trial, failed, met), met)
