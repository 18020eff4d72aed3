"""Gathered: the log_det that one direction has added up at each of its boundaries, beside the true one.

    v_i   the claim so far, from the local variables          t_i = log|det dh_i/da|, numeric
    e_i = v_i - t_i     is 0 until the layer that is wrong, and the error of the whole, E, from there on

A variable may be raised before or after its state changes: of the places of a boundary the one counts where e is 0 or E.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.boundaries import Boundaries, summed
from nfscratch.check.diagnosis.recorded import Place, replayed
from nfscratch.check.finite_differences import numeric_jacobian

CLOSE = 2e-5


def alike(a: Any, b: Any) -> bool:
    """Whether two log_dets are the same, as far as finite differences tell."""
    with onp.errstate(all="ignore"):
        good = onp.isfinite(b)
        return bool(good.any() and (onp.abs(a - b) <= CLOSE * (1 + onp.abs(b)))[good].all())


@dataclass
class Mark:
    """One boundary, with the true log_det until there, and the claim where it is known."""

    boundary: int
    true: Any
    place: Place | None = None
    sums: list[tuple[str, float]] | None = None
    claim: Any = None

    @property
    def error(self) -> Any:
        return None if self.claim is None else self.claim - self.true


class Gathered:
    """The marks of one direction, from its argument to its result."""

    def __init__(self, side: Boundaries):
        self.side, self.n = side, len(side.a)
        true = self._true()
        inside = self._columns_of_one_layer()
        self.marks = [Mark(i, true[i]) for i in range(len(side)) if i not in inside]
        self.claim = side.record.log_det
        self.true = true[-1]
        self.error = self.claim - self.true

    def _true(self):
        """log|det dh_i/da| (N,) for each boundary."""
        side, dim = self.side, self.side.a.shape[1]

        def states(a):
            rows = [a] if self.n > 1 else [row[None] for row in a]
            runs = [onp.concatenate(side.states_from(0, r), axis=1) for r in rows]
            return onp.concatenate(runs)

        with onp.errstate(all="ignore"):
            J = numeric_jacobian(states, side.a, stacked=True)[0]
            return [onp.linalg.slogdet(J[:, i * dim : (i + 1) * dim])[1] for i in range(len(side))]

    def _columns_of_one_layer(self):
        """Boundaries between the columns of one layer that a loop goes through one by one."""
        inside: set[int] = set()
        for loop in self.side.loops():
            steps = [self._changed(i, j) for i, j in zip(loop[:-1], loop[1:], strict=True)]
            single = all(len(columns) == 1 for columns in steps)
            if single and len({next(iter(c)) for c in steps}) == len(steps):
                inside |= set(range(loop[0] + 1, loop[-1]))
        return inside

    def _changed(self, i, j):
        before, after = self.side.all[i].value, self.side.all[j].value
        return set(onp.flatnonzero(onp.abs(after - before).max(axis=0) > 0))

    @cached_property
    def known(self) -> list[Mark]:
        """The marks at which the claim so far is known; both ends are."""
        first, *inner, last = self.marks
        first.claim, first.sums, last.claim, last.sums = onp.zeros(self.n), [], self.claim, []
        calls = [self.side.all[m.boundary].frame for m in inner]
        for m in inner:
            if self.side.all[m.boundary].frame == max(set(calls), key=calls.count):
                self._look(m)
        return [m for m in self.marks if m.claim is not None]

    def _look(self, mark):
        boundary = self.side.all[mark.boundary]
        for place in (boundary.place, *boundary.others):
            sums = self.side.total(mark.boundary, place)
            if sums is None:
                continue
            claim = self._read(place, sums)
            fits = any(alike(claim - mark.true, e) for e in (0 * mark.true, self.error))
            if mark.claim is None or fits:
                mark.place, mark.sums, mark.claim = place, sums, claim
            if fits:
                return

    def _read(self, place, sums):
        got = []
        replayed(self.side.f, self.side.a, {place: lambda v: got.append(summed(v, sums, self.n))})
        return got[0]

    @property
    def sums(self) -> dict[int, Any]:
        """For the steps: where each boundary's claim is read, and from what."""
        return {m.boundary: (m.place, m.sums) for m in self.known}

    def wrong_step(self) -> tuple[int, int] | None:
        """The boundaries of the one step whose log_det is wrong; None where it may be any, or several."""
        right = [k for k, m in enumerate(self.known) if alike(m.error, 0 * self.true)]
        full = [k for k, m in enumerate(self.known) if alike(m.error, self.error)]
        for p in right[::-1]:
            q = next((k for k in full if k > p), None)
            if q is not None and all(k >= q or k <= p for k in right) and (p, q) != (0, len(self.known) - 1):
                return self.known[p].boundary, self.known[q].boundary
        return None

    def wrong_steps_of_loops(self) -> list[tuple[int, int]]:
        """The first wrong step of each loop, and of all boundaries, where more than one step is wrong."""
        marks = {m.boundary: m for m in self.known}
        ends = (self.known[0].boundary, self.known[-1].boundary)
        found = []
        for loop in (*self.side.loops(), list(marks)):
            at = sorted({*ends, *(i for i in loop if i in marks)})
            steps = zip(at[:-1], at[1:], strict=True)
            wrong = [s for s in steps if not alike(marks[s[1]].error - marks[s[0]].error, 0 * self.true)]
            found += wrong[:1] if len(at) > 2 else []
        return list(dict.fromkeys(found))

    # --- which layers' log_dets were added up ---

    def missing(self) -> str | None:
        """ "all but the last" or "one", where the claim is the sum of the others' true log_dets."""
        true = [m.true for m in self.marks]
        steps = [b - a for a, b in zip(true[:-1], true[1:], strict=True)]
        steps = [s for s in steps if not alike(s, 0 * s)]
        if len(steps) < 2:
            return None
        if any(alike(self.claim, s) for s in (steps[-1], steps[0])) or self._is_last_turn():
            return "all but the last"
        one = any(alike(self.claim, self.true - (b - a)) for a, b in self._stretches() if not alike(b - a, 0 * b))
        return "one" if one else None

    def _turns(self):
        true = {m.boundary: m.true for m in self.marks}
        for loop in self.side.loops():
            at = [i for i in (0, *loop, len(self.side) - 1) if i in true]
            at = sorted(set(at))
            yield [(true[a], true[b]) for a, b in zip(at[:-1], at[1:], strict=True)]

    def _is_last_turn(self):
        turns = [[(a, b) for a, b in turn if not alike(b - a, 0 * b)] for turn in self._turns()]
        return any(len(t) > 1 and any(alike(self.claim, b - a) for a, b in (t[0], t[-1])) for t in turns)

    def _stretches(self):
        true = [m.true for m in self.marks]
        yield from zip(true[:-1], true[1:], strict=True)
        for turn in self._turns():
            yield from turn
