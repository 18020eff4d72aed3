"""OtherNumbers: whether a change also holds with other numbers than those that happen to stand in the file.

With T1 = 2.0 and T2 = 3.0 the slope T2 is 1 + T1 as well, and then log1p(T1) holds where log(T2) is meant. So each
number that the file states is exchanged for another one, and log_det is asked again. A number counts with which the
unchanged functions keep the round trip, as before: their two directions agree about it.
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.repair.differences import log_dets_by_differences
from nfscratch.check.repair.live_code import Reached, TooLong, within
from nfscratch.check.repair.screen import SLOWER
from nfscratch.check.repair.screens import OfLogDet
from nfscratch.check.repair.stated_numbers import Exchange, stated_numbers

MOST = 8  # numbers


class OtherNumbers:
    """The numbers of the files. screen: of a log_det, before any edit."""

    def __init__(self, reached: Reached, screen: OfLogDet):
        self.screen = screen
        self.exchanged: list[Exchange] = []
        for exchanged in [*stated_numbers(reached)][: 2 * MOST]:
            with exchanged() as stands:
                if stands and len(self.exchanged) < MOST and self._undoes():
                    self.exchanged.append(exchanged)

    def hold(self) -> bool:
        """Whether log_det, as the functions are now, is that of their own Jacobian with each of the numbers."""
        for exchanged in self.exchanged:
            with exchanged() as stands:
                if stands and not self._holds():
                    return False
        return True

    def _undoes(self):
        """Whether inverse takes x back, as the functions are now. An exception is a no."""
        s = self.screen
        try:
            with onp.errstate(all="ignore"):
                return within(lambda: s._undone(s._forward()[0]), SLOWER * s.lines + 1000, s.met)[0]
        except (Exception, SystemExit, TooLong):  # of any kind
            return False

    def _holds(self):
        s = self.screen
        most = SLOWER * (4 * s.subject.dim + 1) * s.lines + 1000
        try:
            with onp.errstate(all="ignore"):
                found, lines = within(self._agrees, most, s.met)
        except (Exception, SystemExit, TooLong):  # of any kind: nothing is known of these numbers
            return True
        s.spent += lines
        return found

    def _agrees(self):
        """At all points but one: near a kink differences say nothing."""
        s = self.screen
        _, claim = s._call()
        true = log_dets_by_differences(s.of, s.direction, s.at)
        fine = onp.isfinite(true)
        off = onp.abs(claim - true)[fine] > 10 * s.near * onp.maximum(1.0, onp.abs(true[fine]))
        return off.sum() <= 1
