"""BoundTogether: what a loop made for forward and what it made for inverse, where both find the last turn's variables.

for M in matrices:
    steps.append(lambda z: z @ M)
    back.append(lambda x: x @ np.linalg.inv(M))

The two undo each other, so one of them alone mends nothing; and no log_det of the turns' own matrices is that of J.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from nfscratch.check.repair.edit import Edit, Kind, OfLines, Place
from nfscratch.check.repair.late_binding import BoundFunctions, why


class BoundTogether:
    """It stands where a LiveStatement may."""

    runs_at_import, makes_by_function = False, False

    def __init__(self, bound: list[BoundFunctions]):
        self.bound, self.tree, self.file, self.known = bound, bound[0].tree, bound[0].file, {}
        self.nodes = sum(each.nodes for each in bound)

    @contextmanager
    def edited(self) -> Iterator[None]:
        with ExitStack() as all_edited:
            for each in self.bound:
                all_edited.enter_context(each.edited())
            yield


def bound_together(each: list[tuple[BoundFunctions, Place, Edit]]) -> Iterator[tuple[BoundTogether, Place, Edit]]:
    """One candidate of all those of a file."""
    for file in dict.fromkeys(bound.file for bound, _, _ in each):
        bound, of, edits = map(list, zip(*(c for c in each if c[0].file == file), strict=True))
        if len(bound) > 1:
            lines = tuple(place.line for place in of)
            edit = replace(edits[0], of_lines=_words(bound, edits), also=tuple(edits[1:]), lines=lines)
            yield BoundTogether(bound), of[0], edit


def _words(bound, edits):
    before = tuple(line for edit in edits for line in edit.of_lines.lines)
    changes = [edit.of_lines.words.removeprefix("with ").partition(" (each is to")[0] for edit in edits]
    names = dict.fromkeys(name for each in bound for name in each.names)
    words = f"with {', and '.join(dict.fromkeys(changes))} ({why(names)})"
    return OfLines(Kind.BOUND, before, ("",) * len(before), words)
