"""Search: the one change of the user's code with which a law that fails holds.

The rounds of candidates.py are tried one after the other. Where the round trip holds, forward's x is right, and only a
change that leaves it as it is can be meant. Where it fails, such a change is preferred, because a wrong inverse can be
"repaired" by making forward wrong in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as onp

from nfscratch.check.finding import Finding
from nfscratch.check.letters.cancellation import check_log_dets_cancel
from nfscratch.check.letters.independence import check_independence
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.letters.purity import check_purity
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.letters.shapes import check_shapes
from nfscratch.check.repair.candidates import ROUNDS, candidates
from nfscratch.check.repair.edit import shown_source
from nfscratch.check.repair.live_code import Reached, TooLong, live_statements, within
from nfscratch.check.repair.screen import screen_for
from nfscratch.check.trial import Trial

MOST = 5_000_000  # lines that all edited runs together may go through: some seconds
COMPILED = 0.6  # what compiling one node of a tree costs, in lines
AT_ONCE = 2_000_000  # lines of one round of the audit's checks
MAY_CHANGE_X = 2  # the first rounds; a large term that is added to forward drowns what the inverse lacks
ENOUGH = 3  # repairs of a round: the first that the eye would choose is among them
CHECKED = 12  # edits that pass the screen go to the checks of the audit; so many at most
LAWS: dict[str, Callable[[Trial], Finding]] = {
    "S": check_shapes,
    "P": check_purity,
    "I": check_independence,
    "R": check_round_trip,
    "X": check_log_dets_cancel,
    "J forward": partial(check_jacobian, direction="forward"),
    "J inverse": partial(check_jacobian, direction="inverse"),
}


@dataclass(frozen=True)
class Repair:
    """With `after` in the place of `before`, or with the change that `words` say, the laws hold."""

    file: str
    lines: tuple[int, ...]
    before: str
    after: str
    words: str
    laws: tuple[str, ...]  # those that failed, and hold
    changed: frozenset[str]  # the directions that give something else

    @property
    def keeps_x(self) -> bool:
        return "x" not in self.changed

    @property
    def change(self) -> str:
        return self.words or f"with `{self.after}` in place of `{self.before}`"

    @property
    def where(self) -> str:
        several = f"line{'s' * (len(self.lines) > 1)} {' and '.join(map(str, self.lines))}"
        return f"{several} of {Path(self.file).name}"


def may_be_changed(trial: Trial, row: int) -> bool:
    """Whether a trial's functions have their source in a user's file, and touch nothing outside of themselves."""
    reached = Reached(partial(_both, trial, row))
    return bool(reached.lines) and not reached.touches_the_world


class Search:
    """The search for the repair of one trial. row: the row that shows the mistake best.

    others: trials of other dimensions, whose laws have to hold with it, too. It leaves the code as it was, but not the
    arrays and lists that an edited function has written into: child.py.
    """

    def __init__(self, trial: Trial, row: int = 0, others: Sequence[Trial] = ()):
        self.trial, self.row, self.others = trial, row, others
        self.reached = Reached(partial(_both, trial, row))
        self.statements = [] if self.reached.touches_the_world else live_statements(self.reached)
        self.left, self.checks = 0.0, CHECKED

    @cached_property
    def failed(self) -> set[str]:
        return failed_laws(self.trial)

    @cached_property
    def keeps_x(self) -> bool:
        """Whether a repair has to leave x as it is."""
        return not self.failed & {"R", "S", "I"}

    @cached_property
    def screen(self):
        return screen_for(self.trial, self.row, self.failed, self.reached.is_met)

    def repair(self, rounds: int = len(ROUNDS), most: float = MOST) -> Repair | None:
        """The repair, or None where these rounds have none within `most` lines that edited runs go through."""
        self.left, spare = most, []
        for kinds in range(rounds if self.statements and self.failed else 0):
            found = self._found(kinds)
            if kept := [repair for repair in found if repair.keeps_x]:
                return min(kept, key=lambda r: abs(len(r.after) - len(r.before)))
            spare += found if kinds < MAY_CHANGE_X else []
        return spare[0] if spare else None

    def _found(self, kinds):
        """The repairs of one round; the first few that keep x end it."""
        found: list[Repair] = []
        for candidate in candidates(self.statements, self.reached, kinds):
            if self.left < 0 or not self.checks or sum(repair.keeps_x for repair in found) >= ENOUGH:
                break
            if (repair := self._tried(*candidate)) is not None:
                found.append(repair)
        return found

    def _tried(self, statement, place, edit):
        """The repair that an edit is, or None."""
        spent, shown, laws = self.screen.spent, place.shown, ()
        try:
            with edit.done(), statement.edited():
                if self.screen.passes():
                    changed, after = self.screen.changed(), place.after(edit)
                    if "x" not in changed or self._may_change_x(edit):
                        laws = self._mended("x" not in changed)
        except ValueError:  # the tree cannot stand there
            pass
        self.left -= self.screen.spent - spent + COMPILED * statement.nodes
        # Of a forward that does less, too, the inverse is one: what is taken away from both repairs nothing.
        if not laws or ("x" in changed and len(after) < len(shown_source(shown))):
            return None
        lines = tuple(sorted({place.line, *edit.lines}))
        return Repair(statement.file, lines, shown_source(shown), after, edit.words, laws, changed)

    def _may_change_x(self, edit):
        """What is left out of both directions makes them agree, and mends nothing. An x of the right shape is meant."""
        if "S" in self.failed and onp.shape(self.screen.x) == (len(self.screen.z), *self.trial.subject.out_shape):
            return False
        return not self.keeps_x and not edit.words.startswith("without")

    def _mended(self, keeps_x):
        """The laws that failed, and hold now, where no other fails, in any dimension, and no dependency is lost."""
        self.checks -= 1
        old = self.trial
        new = Trial(old.subject.fresh(), old.z, old.twin, old.limit)
        now = self._failing(new)
        if now is None or not now <= self._may_fail or not (keeps_x or _keeps_dependencies(old, new)):
            return ()
        for other, failed in self._beside:
            again = self._failing(Trial(other.subject.fresh(), other.z, other.twin, other.limit))
            if again is None or not again <= failed | (self._may_fail - self.failed) or again & (self.failed - now):
                return ()
        return tuple(law for law in LAWS if law in self.failed - now)

    @cached_property
    def _may_fail(self):
        """The same mistake in both directions: one is mended, the other is not, and X sees that."""
        if self.failed & {"S", "I"}:  # nothing else was known before: now all has to hold
            return set()
        return self.failed | ({"X"} if {"J forward", "J inverse"} <= self.failed else set())

    @cached_property
    def _beside(self):
        return [(trial, failed_laws(trial)) for trial in self.others]

    def _failing(self, trial):
        try:
            failed, lines = within(lambda: failed_laws(trial), AT_ONCE, self.reached.is_met)
        except TooLong:  # at these points a loop does not end
            return None
        self.left -= lines
        return failed


def _keeps_dependencies(old, new):
    """Whether x and log_det depend on all z_j on which they depended, and J varies where it did.

    A map that is switched off, or flattened, keeps every law.
    """
    pairs = ((new.J, old.J), (new.numeric[2], old.numeric[2]), (_spread(new.J), _spread(old.J)))
    return all(((onp.abs(a) > 1e-6).any(axis=0) | ~(onp.abs(b) > 1e-6).any(axis=0)).all() for a, b in pairs)


def _spread(J):
    """How far each entry is from its mean over the points."""
    return J - onp.nanmean(onp.where(onp.isfinite(J), J, onp.nan), axis=0)


def failed_laws(trial: Trial) -> set[str]:
    """The names of the laws that a trial breaks. An exception breaks one."""

    def fails(look):
        try:
            return look(trial).failed
        except (Exception, SystemExit):  # of any kind: the functions' own
            return True

    return {law for law, look in LAWS.items() if fails(look)}


def _both(trial, row):
    for z in (trial.z[row % len(trial)][None], trial.z):
        x, _ = trial.subject.forward(z.copy())
        trial.subject.inverse(x)
