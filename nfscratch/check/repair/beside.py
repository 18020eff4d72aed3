"""Beside: the one change of log_prob or of sample, where the map that they call keeps its laws.

log_prob    has to be log q(z) + log|det dz/dx| at a few points, and then D has to hold in all dimensions, and I where
            a row's density depended on the other rows
sample      K has to hold for a few draws, and then for as many as the audit takes

What forward or inverse goes through, too, is right, and is left alone: only what the function goes through by itself
is changed. One round of candidates.py after the other is tried; the first that has a repair ends the search.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

import numpy as onp

from nfscratch.check.finding import Finding
from nfscratch.check.letters.definition import check_definition
from nfscratch.check.letters.independence import check_independence
from nfscratch.check.letters.samples import check_samples
from nfscratch.check.repair.candidates import candidates
from nfscratch.check.repair.edit import shown_source
from nfscratch.check.repair.frozen import shares_memory
from nfscratch.check.repair.live_code import Reached, TooLong, live_statements, within
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.rounds import ROUNDS
from nfscratch.check.trial import Trial

LONGEST, PATIENCE = 6.0, 60.0  # seconds of processor time, and on the clock
MOST = 10**6  # lines of one edited run
POINTS = 8
FEW = 1_000  # draws that a change is tried with first
CHECKED = 12  # changes that are put to the whole check
ENOUGH = 4  # repairs of a round: the first that the eye would choose is among them
NEAR = 1e-5
SEED = 0


class SearchBeside:
    """The search in the function of a letter: "D" and "I" log_prob, "K" sample. others: trials of other dimensions."""

    def __init__(self, letter: str, trial: Trial, others: Sequence[Trial] = ()):
        self.letter, self.trial, self.others = letter, trial, others
        self.call = self._draws if letter == "K" else self._log_prob
        self.of_map, self.reached = Reached(self._both), Reached(self.call)
        self.reached.goes_through(self._both)  # whose variables the function may lack; its lines are left alone
        self.began, self.end, self.checks = time.process_time(), time.perf_counter() + PATIENCE, CHECKED

    def _log_prob(self, rows=slice(None)):
        return onp.asarray(self.trial.subject.log_prob(self.trial.x[rows].copy()))

    def _draws(self):
        return self.trial.subject.sample(onp.random.default_rng(SEED), FEW)

    def repair(self) -> Repair | None:
        """The repair that the eye would choose first, with the others of its round; None where there is none."""
        if self.reached.raised or self.reached.touches_the_world or self.trial.subject.flow is not None:
            return None
        if shares_memory(self.reached) or shares_memory(self.of_map):
            return None
        _ = self.letter != "K" and self._rows  # of the function as it is
        for kinds in range(len(ROUNDS)):
            found = list(islice(self._found(kinds), ENOUGH))
            if found or self._is_over():
                return min(found, key=lambda repair: repair.rank).beside(found) if found else None
        return None

    def _found(self, kinds) -> Iterator[Repair]:
        statements = live_statements(self.reached)
        for statement, place, edit in candidates(statements, self.reached, kinds, self._own_lines()):
            if self._is_over():
                return
            before, after = shown_source(place.shown), None
            try:
                with edit.done(), statement.edited():
                    after = place.after(edit) if self._holds() else None
            except ValueError:  # the tree cannot stand there
                continue
            if after is not None:
                lines = tuple(sorted({place.line, *edit.lines}))
                yield Repair(statement.file, lines, before, after, edit.of_lines, (self.letter,), frozenset())

    def _is_over(self):
        late = time.process_time() - self.began > LONGEST or time.perf_counter() > self.end
        return late or not self.checks

    def _both(self):
        self.trial.subject.forward(self.trial.z.copy())
        self.trial.subject.inverse(self.trial.x.copy())

    def _own_lines(self):
        """The lines that the function goes through, and the map does not."""
        return {file: lines - self.of_map.lines.get(file, set()) for file, lines in self.reached.lines.items()}

    def _is_met(self, frame):
        return self.reached.is_met(frame) or self.of_map.is_met(frame)

    # --- what has to hold ---

    def _holds(self):
        """Whether the function, as it is now, passes at first sight, and then the check. An exception is a no."""
        try:
            with onp.errstate(all="ignore"):
                if not within(self._seems_right, MOST, self._is_met)[0]:
                    return False
                self.checks -= 1
                return not any(found.failed for trial in (self.trial, *self.others) for found in self._checks(trial))
        except (Exception, SystemExit, TooLong):  # of any kind: most edits make nonsense
            return False

    def _seems_right(self):
        if self.letter == "K":
            return not check_samples(self.trial, onp.random.default_rng(SEED), FEW).failed
        claim, true = self._log_prob(self._rows), self._true[self._rows]
        return claim.shape == true.shape and bool((onp.abs(claim - true) <= NEAR * (1 + onp.abs(true))).all())

    def _checks(self, trial) -> Iterator[Finding]:
        if self.letter == "K":
            yield check_samples(trial, onp.random.default_rng(SEED + 1))
            return
        yield check_definition(trial)
        if self.letter == "I":
            yield check_independence(trial)

    @cached_property
    def _true(self):
        """What log_prob has to be, by the map and its Jacobian."""
        return onp.asarray(check_definition(self.trial).evidence["expected"])

    @cached_property
    def _rows(self):
        """A few points at which the truth is an ordinary number."""
        order = onp.argsort(onp.abs(self._true), kind="stable")
        calm = order[onp.isfinite(self._true[order])]
        return calm[: max(POINTS, len(calm) // 2)][:: max(1, len(calm) // (2 * POINTS))]
