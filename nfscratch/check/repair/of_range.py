"""OfRange: the change after which a map that breaks off, or leaves its codomain, does so no more.

An index stops one bin too early, or one direction lacks a modulus. The laws of single points may all hold then, because
both directions make the same mistake. The search tries a few changes; E, O and the laws have to hold after each.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as onp

from nfscratch.check.letters.edges import check_edges
from nfscratch.check.letters.onto import check_onto
from nfscratch.check.repair.child import answered_by_child
from nfscratch.check.repair.frozen import frozen
from nfscratch.check.repair.laws import failed_laws
from nfscratch.check.repair.live_code import Reached, TooLong, live_statements, within
from nfscratch.check.repair.range_edits import limits_and_moduli, limits_of_both
from nfscratch.check.repair.ways import both_directions, may_be_changed
from nfscratch.check.trial import Trial

MOST = 3_000_000  # lines of all checks of one edit
TRIED = 24  # edits


def change_of_range(trial: Trial) -> str | None:
    """Where, and what in place of what; None where nothing that is tried is it, or where two are."""
    return answered_by_child(partial(_found, trial)) if may_be_changed(trial, 0) else None


def _found(trial):
    both = partial(both_directions, trial, 0)
    reached, found = Reached(both), []
    if reached.touches_the_world or _all_holds(trial):  # at other points than these it fails
        return None
    statements = live_statements(reached)
    with frozen(reached, both), onp.errstate(all="ignore"):
        for k, (statement, place, edit) in enumerate(limits_and_moduli(statements, reached)):
            if k < TRIED and (words := _if_it_holds(trial, statement, place, edit)):
                found.append(words)
        for both in [] if found else limits_of_both(statements, reached)[:TRIED]:
            found += _words_if_they_hold(trial, both)
    return found[0] if len(found) == 1 else None


def _if_it_holds(trial, statement, place, edit):
    """The words for an edit after which everything holds."""
    before = place.before
    try:
        with edit.done(), statement.edited():
            if within(lambda: _all_holds(trial), MOST)[0]:
                after = place.after(edit)
                return f"line {place.line} of {Path(statement.file).name}, with `{after}` in place of `{before}`"
    except (Exception, TooLong):  # of any kind: the functions' own
        pass
    return None


def _words_if_they_hold(trial, both):
    """[the words] for limits after whose change in all their places everything holds."""
    try:
        with both.edited():
            holds = within(lambda: _all_holds(trial), MOST)[0]
    except (Exception, TooLong):  # of any kind: the functions' own
        return []
    files = {Path(statement.file).name for statement, _, _ in both.candidates}
    words = f"lines {' and '.join(map(str, both.lines))} of {' and '.join(sorted(files))}, {both.change}"
    return [words] if holds else []


def _all_holds(old):
    new = Trial(old.subject.fresh(), old.z, old.twin, old.limit)
    rng = onp.random.default_rng(0)
    return not (failed_laws(new) or check_onto(new, rng).failed or check_edges(new, rng).failed)
