"""Accepting: whether an edit that passes the screen is a repair, at all points and dimensions.

A repair mends laws and breaks none, keeps who depends on whom, is answered at the ends of the domain where the code was
before, and does not drown in a large term what the other direction lacks.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import numpy as onp

from nfscratch.check.domains import bounded
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.joins import check_joins
from nfscratch.check.repair.bins import finds_bins
from nfscratch.check.repair.edit import Kind, source
from nfscratch.check.repair.ends import Ends, leaves_codomain, misses_codomain
from nfscratch.check.repair.laws import LAWS, dependencies_lost, failed_laws, keeps_dependencies, still_mixes
from nfscratch.check.repair.live_code import Reached, TooLong, within
from nfscratch.check.repair.screens import OfAll
from nfscratch.check.repair.ways import density_and_samples
from nfscratch.check.stops_early import with_its_accuracy
from nfscratch.check.trial import Trial

AT_ONCE = 2_000_000  # lines of one round of the audit's checks
LARGER = 30.0  # times as far from 0 as before: a large term that is added to forward drowns what the inverse lacks


class Accepting:
    """A search's judge: trial, others, reached, screen and the lines that are left are the search's own."""

    trial: Trial
    others: Any
    reached: Reached
    screen: Any
    left: float
    checks: int
    statements: Any

    @cached_property
    def failed(self) -> set[str]:
        return failed_laws(self.trial)

    @cached_property
    def keeps_x(self) -> bool:
        """Whether a repair has to leave x as it is."""
        return not self.failed & {"R", "S", "I"}

    @cached_property
    def either(self) -> bool:
        """Whether each direction keeps its own laws: then a change of either of them may be meant."""
        return not self.failed - {"R", "X"}

    def _may_change_x(self, edit):
        """What is left out of both directions makes them agree, and mends nothing. An x of the right shape is meant,
        where its numbers are finite."""
        misshapen = "S" in self.failed and isinstance(self.screen, OfAll)
        if misshapen and self.screen.has_points and self.screen.has_shape_of_x:
            return False
        if edit.also and edit.of_lines is not None and edit.of_lines.kind is Kind.BOUND:  # each turn's own is meant
            return True
        leaves_out = edit.of_lines is not None and edit.of_lines.kind is Kind.LEFT_OUT
        return not self.keeps_x and not leaves_out and not self._is_drowned()

    def _is_drowned(self):
        """Whether x is far larger than before."""
        old = self.screen.x
        if old is None or not onp.isfinite(old).all():
            return False
        return bool(onp.abs(self.screen._forward()[0]).max() > LARGER * (1.0 + onp.abs(old).max()))

    def _mended(self, changed, masks):
        """The laws that failed and hold now, those that fail still, whether the codomain is missed; dependencies lost.

        None where another law fails, in any dimension, or a dependency is lost.
        """
        if "x" in changed and self._jumped is False and self._jumps(self.trial):
            return None  # of tables with two bins many do, so it counts for no check
        self.checks -= 1
        old = self.trial
        new, now = self._as_it_is(old)
        if now is None or not now <= self._may_fail or not self._keeps_dependencies(new, changed, masks):
            return None
        if not self._ends.are_answered():
            return None
        keeps = "x" not in changed and self.screen.x is not None
        if keeps and not self.screen._same(new.x, old.x):  # at points not screened
            return None
        if "x" in changed and leaves_codomain(new) and not leaves_codomain(old):
            return None
        for other, failed in self._beside:
            _, again = self._as_it_is(other)
            if again is None or not again <= failed | (self._may_fail - self.failed) or again & (self.failed - now):
                return None
        mended = tuple(law for law in LAWS if law in self.failed - now)
        misses = self._may_miss and misses_codomain(new, self.reached.is_met)
        lost = dependencies_lost(old, new) if mended and "x" in changed else 0
        return (mended, tuple(law for law in LAWS if law in now), misses, lost) if mended else None

    def _as_it_is(self, old):
        """A trial of the functions as they are now, and the laws that it fails.

        An iteration that stops at 1e-10 is no mistake, before a repair of it or after.
        """
        new = Trial(old.subject.fresh(), old.z, old.twin, old.limit)
        now = self._failing(new)
        if now is None or "R" not in now & self.failed:
            return new, now
        try:
            loose = within(lambda: with_its_accuracy(new.subject, old.z), AT_ONCE, self._is_met)[0]
        except TooLong:
            loose = None
        if loose is None:
            return new, now
        new = Trial(loose.fresh(), old.z, old.twin, old.limit)
        return new, self._failing(new)

    @cached_property
    def _jumped(self):
        """Whether forward jumps before any edit; None where it looks up no bins, or where that is not known."""
        looks_up = any(finds_bins(source(statement.tree)) for statement in self.statements)
        return self._jumps(self.trial) if looks_up and not self.failed & {"S", "I"} else None

    def _jumps(self, trial):
        """Whether forward jumps: with a wrong bin it does, and a wrong inverse may agree with that."""
        try:
            asked, rng = Trial(trial.subject.fresh(), trial.z, trial.twin, trial.limit), onp.random.default_rng(0)
            found, lines = within(lambda: check_joins(asked, rng), AT_ONCE, self._is_met)
        except (Exception, SystemExit, TooLong):  # of any kind: the functions' own
            return None
        self.left -= lines
        return found.symptom is Symptom.JUMP and (found.evidence or {}).get("function") == "forward"

    @cached_property
    def _may_miss(self):
        """Whether forward misses its codomain, and that may tell which direction is the wrong one."""
        return self.either and bounded(self.trial.subject.codomain) and misses_codomain(self.trial, self.reached.is_met)

    @cached_property
    def _ends(self):
        return Ends(self.trial.subject, self.reached.is_met)

    def _keeps_dependencies(self, new, changed, masks):
        """Of a repair in what both directions share: a scale that is 0 in both makes them agree, and mends nothing."""
        if "x" in changed:
            return keeps_dependencies(self.trial, new) or (masks and still_mixes(new))
        return not {"forward", "inverse"} <= changed or keeps_dependencies(self.trial, new, "inverse")

    @cached_property
    def _may_fail(self):
        """The same mistake in both directions: one is mended, the other is not, and X sees that."""
        if self.failed & {"S", "I"}:  # nothing else was known before: now all has to hold
            return set()
        return self.failed | ({"X"} if {"J forward", "J inverse"} <= self.failed else set())

    @cached_property
    def _beside(self):
        return [(trial, failed_laws(trial)) for trial in self.others]

    def _is_met(self, frame):
        return self.reached.is_met(frame) or self._of_density.is_met(frame)

    @cached_property
    def _of_density(self):
        """What log_prob and sample go through: the checks call them, too."""
        return Reached(partial(density_and_samples, self.trial))

    def _failing(self, trial):
        try:
            failed, lines = within(lambda: failed_laws(trial), AT_ONCE, self._is_met)
        except TooLong:  # at these points a loop does not end
            return None
        self.left -= lines
        return failed
