"""Search: the one change of the user's code with which the laws that fail hold.

The rounds of candidates.py are tried one after the other. Where the round trip holds, forward's x is right, and only a
change that leaves it as it is can be meant. Where it fails, the repair is wanted

    after which all laws hold              a single mistake breaks no law that its repair does not mend
    that changes one direction             what stands in both can be made to agree by making it less
    that keeps x                           of two directions that disagree

The first round that has one with all of that, or with the first two, ends the search.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property, partial

from nfscratch.check.diagnosis.wrong_search import has_both_signs
from nfscratch.check.repair.bound_together import bound_together
from nfscratch.check.repair.caches import Caches
from nfscratch.check.repair.candidates import candidates, met_places, unfolded, until_one_raises
from nfscratch.check.repair.edit import lost_names, orphans, source
from nfscratch.check.repair.evidence import Evidence
from nfscratch.check.repair.factors import missing_logarithms, named_factors, other_factors, stated_logarithms
from nfscratch.check.repair.late_binding import bound_at_once
from nfscratch.check.repair.live_code import Reached, live_statements
from nfscratch.check.repair.made import made_otherwise
from nfscratch.check.repair.made_cells import cells_otherwise
from nfscratch.check.repair.made_objects import attributes_otherwise
from nfscratch.check.repair.masks import compares_otherwise, is_of_masks
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.missing import missing_terms
from nfscratch.check.repair.range_edits import limits_and_moduli
from nfscratch.check.repair.relevant import is_part, values_of_log_det, values_of_points
from nfscratch.check.repair.rounds import ROUNDS, SLIPS
from nfscratch.check.repair.screens import OfAll, OfLogDet, OfRoundTrip, screen_for
from nfscratch.check.repair.slots import newly_crossed
from nfscratch.check.repair.squares import squares
from nfscratch.check.repair.twins import new_of, with_twins
from nfscratch.check.repair.ways import Ways, both_directions, lines_of
from nfscratch.check.trial import Trial

MADE = (made_otherwise, attributes_otherwise, cells_otherwise)
MOST = 5_000_000  # lines that all edited runs together may go through: some seconds
LONGEST, PATIENCE = 7.0, 60.0  # seconds of processor time, and on the clock for functions that wait: nets
SELDOM, BETWEEN_LOOKS = 64, 0.2  # edits, and seconds: some systems are slow to say the processor's time
SLOW = 500  # lines of one run
COMPILED = 0.6  # what compiling one node of a tree costs, in lines
BESIDE = 400_000  # lines that are spent on others like the one that was found: half a second
MIRRORED = 1_000_000  # lines for the change of the other direction
ENOUGH = 5  # repairs of a round: the first that the eye would choose is among them
CHECKED = 24  # edits that pass the screen go to the checks of the audit; so many at most


class Search(Evidence):
    """The search for the repair of one trial. row: the row that shows the mistake best.

    others: trials of other dimensions, whose laws have to hold with it, too. It leaves the code as it was, but not the
    arrays and lists that an edited function has written into: child.py.
    """

    def __init__(self, trial: Trial, row: int = 0, others: Sequence[Trial] = ()):
        self.trial, self.row, self.others = trial, row, others
        self.both = partial(both_directions, trial, row)
        self.reached = Reached(self.both)
        if self.reached.raised:  # before it came to inverse, it may be
            self.reached.goes_through(lambda: trial.subject.inverse(trial.z.copy()))
        self.caches = Caches(self.reached, self.both)
        self.statements = [] if self.reached.touches_the_world else live_statements(self.reached)
        self.left, self.checks, self.turn, self.late, self.next_look = 0.0, CHECKED, 0, False, 0.0
        self.cut_off = False  # whether the first rounds did not come to their end
        self.began, self.end = time.process_time(), time.perf_counter() + PATIENCE

    @cached_property
    def screen(self):
        return screen_for(self.trial, self.row, self.failed, self.reached.is_met)

    @cached_property
    def folds(self) -> bool:
        """Whether det J has both signs: then a constraint is missing, or does not hold."""
        try:
            return bool(self.statements) and not self.reached.raised and has_both_signs(self.trial)
        except Exception:  # of any kind: J is none, or not square
            return False

    @cached_property
    def ways(self) -> Ways:
        return Ways(self.trial, self.screen, self.failed, self.reached, self.caches.empty)

    def repair(self, rounds: int = len(ROUNDS), most: float = MOST) -> Repair | None:
        """The repair, or None where these rounds have none within `most` lines that edited runs go through."""
        self.left, found, mirrored = most, [], []
        may_look = bool(self.statements and self.failed)
        _ = may_look and (self.ways.shared, self._of_density, self._ends, self._may_miss, self._other_orders)
        _ = may_look and self._jumped  # all this of the functions as they are
        if may_look:  # for a bin that is never used, much else is made
            found += self._found(limits_and_moduli(self.statements, self.reached, moduli_too=False))
            rounds = 0 if any(repair.is_whole for repair in found) else rounds
        if self.folds:
            for look in MADE:
                found += self._found(look(self.reached, self.ways.wrong, squares))
            found += self._found(unfolded(self.statements, self.reached))
            rounds = 0 if any(repair.constrains and repair.is_whole for repair in found) else rounds
        of_loops = self._of_loops() if may_look else []
        found, rounds = found + of_loops, 0 if any(repair.is_whole for repair in of_loops) else rounds
        for kinds in range(rounds if may_look else 0):
            found += self._found(self._candidates(kinds), ENOUGH if kinds < SLIPS else 1)
            self.cut_off = kinds < SLIPS and self._is_over()
            for more in self._after_slips if kinds == SLIPS - 1 else ():
                if not any(repair.is_clear for repair in found):
                    found += self._found(more())
            last = kinds == SLIPS - 1
            if self.cut_off or any((r.is_whole and not r.is_long) if last else r.is_clear for r in found):
                mirrored = self._mirrored(found, range(kinds + (kinds < SLIPS), rounds))
                break
        sure = [r for r in found if r.is_of_one or not self.cut_off or (len(r.lines) == 1 and not r.missed)]
        said = [r for r in sure if r.may_be_said]
        said += [r for r in mirrored if not r.misses] if all(r.misses or r.puts_in_a_line for r in said) else []
        best = min(said, key=lambda repair: repair.nearest if self.either else repair.rank, default=None)
        return best and best.beside(said + mirrored, self.either)

    def _of_loops(self):
        """Functions of a loop that all find the variables of its last turn, in one direction or in both."""
        found = self._found(each := list(until_one_raises(bound_at_once(self.reached))))
        if len(each) < 2 or any(repair.is_whole for repair in found):
            return found
        before, self.screen = self.screen, OfAll(self.trial, self.row, self.reached.is_met)  # x will be another
        found += self._found(bound_together(each))
        self.screen = before
        return found

    def _mirrored(self, found, rounds):
        """Where either direction may be wrong, and all that was found is of one: changes of the other."""
        of_x = {repair.keeps_x for repair in found if repair.is_clear}
        if not self.either or len(of_x) != 1:
            return []
        self.left, more = min(self.left, MIRRORED), []
        for kinds in rounds:
            more += [r for r in self._found(self._candidates(kinds)) if r.is_clear and r.keeps_x not in of_x]
            if more:
                break
        return more

    def _candidates(self, kinds):
        slow = self.screen.lines > SLOW
        found = candidates(self.statements, self.reached, kinds, self.ways.wrong, self.ways.shared, slow)
        if kinds < SLIPS or not self._relevant:
            return found
        return ((s, place, edit) for s, place, edit in found if is_part(place, self._relevant))

    @cached_property
    def _relevant(self):
        """The values that have a share in log_det alone, or in x and z', where that is what is wrong."""
        met = [(s, place) for s, place, _ in met_places(self.statements, self.reached, False)]
        if isinstance(self.screen, OfLogDet):
            return values_of_log_det(met, self.screen)
        return values_of_points(met, self.screen) if isinstance(self.screen, OfRoundTrip) else set()

    @property
    def _after_slips(self):
        made = [partial(look, self.reached, self.ways.wrong) for look in MADE]
        looks = (named_factors, missing_logarithms, missing_terms, other_factors, stated_logarithms)
        named, logarithms, *others = (partial(self._missing, look) for look in looks)
        return (named, logarithms, *made, *others)

    def _missing(self, look=missing_terms):
        if not isinstance(self.screen, OfLogDet):
            return iter(())
        return look(self.statements, self.reached, self.ways.wrong, self.screen)

    def _found(self, tried, enough=1):
        """The repairs among the candidates; after `enough` that are clear it looks a little further, for others."""
        found, end = [], -float("inf")
        for candidate in until_one_raises(tried):
            clear = len({repair.what for repair in found if repair.is_clear})
            if self._is_over() or not self.checks or clear >= ENOUGH or self.left < end:
                break
            repair = self._tried(*candidate)
            if self.passed and (repair is None or repair.left) and self._is_of_both and not candidate[0].runs_at_import:
                repair = self._with_twins(*candidate) or repair
            elif repair is None and isinstance(candidate[1].node, ast.Compare) and not candidate[0].runs_at_import:
                repair = self._with_twins(*candidate)  # a mask that both directions make for themselves
            if repair is not None:
                found.append(repair)
                if clear + repair.is_clear >= enough:
                    end = max(end, self.left - BESIDE)
        return found

    def _is_over(self):
        """A slow machine ends it, too, before the process is ended from outside and what was found is lost."""
        self.turn += 1
        if self.turn % SELDOM == 0 or time.perf_counter() > self.next_look:
            now, own = time.perf_counter(), time.process_time()
            self.late, self.next_look = self.late or own - self.began > LONGEST or now > self.end, now + BETWEEN_LOOKS
        return self.late or self.left < 0

    @cached_property
    def _is_of_both(self):
        """Whether the log_det of both directions is wrong, or not finite."""
        return isinstance(self.screen, OfLogDet) and ("S" in self.failed or {"J forward", "J inverse"} <= self.failed)

    def _with_twins(self, statement, place, edit):
        """The repair that an edit is together with the same in other places, where laws hold with it as a whole."""
        met = [(s, p) for s, p, _ in met_places(self.statements, self.reached, False)]
        for both, others in with_twins(met, place, edit):
            repair = self.checks and self._tried(statement, place, both, others)
            if repair and not repair.left:
                return replace(repair, before=source(place.node), after=source(new_of(place, edit)))
        return None

    def _tried(self, statement, place, edit, others=()):
        """The repair that an edit is, or None. others: further statements that it is in."""
        spent, before, mended, self.passed = self.screen.spent, place.before, None, False
        try:
            at = {*lines_of(place), *edit.lines}
            with self.caches.emptied_for(statement.file, at), edit.done(), ExitStack() as all_edited:
                for edited in {id(s): s for s in (statement, *others)}.values():
                    all_edited.enter_context(edited.edited())
                self.screen.keeps_forward = self.ways.leave_forward(statement, place, edit)
                if self.screen.passes():
                    self.passed = True
                    changed, after = self.screen.changed(), place.after(edit)
                    by_chance, gap = not self._holds_with_other_orders(), self.screen.gap
                    if not self.screen.is_flattened and ("x" not in changed or self._may_change_x(edit)):
                        mended = self._mended(changed, is_of_masks(before, after))
                        way = self._values_missed() if mended is not None else ()
        except ValueError:  # the tree cannot stand there
            pass
        self.left -= self.screen.spent - spent + COMPILED * statement.nodes
        if mended is None:
            return None
        by_chance = by_chance or not self._holds_with_other_numbers(statement, edit, others)
        lines = tuple(sorted({place.line, *edit.lines}))
        laws, left, misses, lost = mended
        shared = place.line in self.ways.shared.get(statement.file, ())
        looks = (lost_names, orphans, newly_crossed)
        loses, alone, crosses = (look(edit, (statement, *self.statements)) for look in looks)
        repair = Repair(statement.file, lines, before, after, edit.of_lines, laws, changed, left, shared, loses, misses,
                        statement.makes_by_function, by_chance, *way, gap, lost, crosses, alone)  # fmt: skip
        # A number of the module that both directions read cannot be why they disagree: 0 and 1 make many maps trivial.
        # A mask is not made of numbers: it says who sees whom.
        # Where each direction's log_det was wrong, too, and all is right then, they did not just come to agree.
        of_numbers = statement.runs_at_import and not (repair.of_maker or compares_otherwise(before, after))
        all_mended = not left and ({"R", "J forward", "J inverse"} <= set(laws) or (self.folds and repair.constrains))
        return repair if repair.is_of_one or not of_numbers or all_mended else None
