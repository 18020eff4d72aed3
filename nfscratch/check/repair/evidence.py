"""Evidence: what speaks against a change with which the laws hold, because they would hold by chance alone.

other orders      a permutation undone by a second turn, as a cycle of three is
other numbers     1 + T1 in the place of T2, which is the same for the numbers in the file
the way back      a value between two layers that inverse does not meet
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property

from nfscratch.check.repair.accepting import Accepting
from nfscratch.check.repair.between import values_missed
from nfscratch.check.repair.other_numbers import OtherNumbers
from nfscratch.check.repair.other_orders import OtherOrders
from nfscratch.check.repair.screens import OfLogDet, OfRoundTrip


class Evidence(Accepting):
    """Asked by a search while a change is done, or with it done once more."""

    @cached_property
    def _other_orders(self):
        return OtherOrders(self.reached) if isinstance(self.screen, OfRoundTrip) else None

    def _holds_with_other_orders(self):
        """Of a change that mends the round trip: with another permutation of the columns it has to, too."""
        if self._other_orders is None or not self._other_orders.exchanged:
            return True
        with self._other_orders.standing():
            return self.screen.undoes_now()

    @cached_property
    def _other_numbers(self):
        return OtherNumbers(self.reached, self.screen)

    def _holds_with_other_numbers(self, statement, edit, others):
        """Of a change that mends log_det: with other numbers in the module it has to, too."""
        if not isinstance(self.screen, OfLogDet) or self.failed & {"S", "I", "R"} or statement.runs_at_import:
            return True
        numbers = self._other_numbers
        with edit.done(), ExitStack() as all_edited:
            for edited in {id(s): s for s in (statement, *others)}.values():
                all_edited.enter_context(edited.edited())
            return numbers.hold()

    def _values_missed(self):
        """What inverse, as it is now, misses of the way that forward came."""
        if isinstance(self.screen, OfLogDet):
            return 0, False
        s = self.screen
        return values_missed(s.subject.forward, s.subject.inverse, s.z, self.reached.is_met, s.near)
