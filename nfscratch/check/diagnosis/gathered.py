"""Gathered: the log_det that one direction has added up at each of its boundaries, beside the true one.

    v_i   the claim so far, from the local variables          t_i = log|det dh_i/da|, numeric
    e_i = v_i - t_i     is 0 until the layer that is wrong, and the error of the whole, E, from there on

A sum may be raised before or after the state changes: of the places of a boundary the one counts where e is 0 or E.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.boundaries import Boundaries, Spot
from nfscratch.check.diagnosis.held import summed
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.running_total import running_total
from nfscratch.check.finite_differences import numeric_jacobian
from nfscratch.check.rows import finite_matrices

CLOSE = 2e-5


def alike(a: Any, b: Any) -> bool:
    """Whether two log_dets are the same, as far as finite differences tell."""
    with onp.errstate(all="ignore"):
        good = onp.isfinite(a) & onp.isfinite(b)
        return bool(good.sum() > len(good) // 4 and (onp.abs(a - b) <= CLOSE * (1 + onp.abs(b)))[good].all())


def is_none(a: Any) -> bool:
    """Whether nothing is there: of an error, or of a layer's log_det."""
    return alike(a, 0.0)


def _log_abs_det(J, spread):
    """log|det J|, and NaN in rows where finite differences do not tell it well enough."""
    found, good = onp.full(len(J), onp.nan), finite_matrices(J) & finite_matrices(spread)
    off = onp.einsum("nij,nji->n", onp.abs(onp.linalg.pinv(J[good])), spread[good])
    found[good] = onp.where(off < CLOSE / 4, onp.linalg.slogdet(J[good])[1], onp.nan)
    return found


@dataclass
class Mark:
    """One boundary, with the true log_det until there, and the claim where it is known."""

    boundary: int
    true: Any
    spot: Spot | None = None
    sums: list[tuple[str, float]] | None = None
    claim: Any = None

    @property
    def error(self) -> Any:
        return None if self.claim is None else self.claim - self.true


class Gathered:
    """The marks of one direction, from its argument to its result."""

    def __init__(self, side: Boundaries):
        self.side, self.n = side, len(side.a)
        true = self.true_at(side.a)
        inside = self._columns_of_one_layer()
        self.marks = [Mark(i, true[i]) for i in range(len(side)) if i not in inside]
        self.claim = side.record.log_det
        self.true = true[-1]
        self.error = self.claim - self.true

    def true_at(self, a: Any) -> list[Any]:
        """log|det dh_i/da| (N,) at a, for each boundary."""
        side, dim = self.side, a.shape[1]

        def states(a):
            rows = [a] if self.n > 1 else [row[None] for row in a]
            runs = [onp.concatenate(side.states_from(0, r), axis=1) for r in rows]
            return onp.concatenate(runs)

        with onp.errstate(all="ignore"):
            J, spread = numeric_jacobian(states, a, stacked=True)
            parts = [slice(i * dim, (i + 1) * dim) for i in range(len(side))]
            return [_log_abs_det(J[:, part], spread[:, part]) for part in parts]

    def _columns_of_one_layer(self):
        """Boundaries between the columns of one layer that a loop goes through one by one."""
        inside: set[int] = set()
        for loop in self.side.loops():
            steps = [self._changed(i, j) for i, j in pairwise(loop)]
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
        for m in inner:
            self._look(m, sorted(self.side.all[m.boundary].spots, key=lambda spot: spot.depth))
        return [m for m in self.marks if m.claim is not None]

    def _look(self, mark, spots):
        """The outermost call that knows the claim so far, unless an inner one knows it where it fits."""
        for spot in spots:
            sums = running_total(self.side, spot)
            if sums is None:
                continue
            claim = self._read(spot.place, sums)
            fits = is_none(claim - mark.true) or alike(claim - mark.true, self.error)
            if mark.claim is None or fits:
                mark.spot, mark.sums, mark.claim = spot, sums, claim
            if fits:
                return

    def _read(self, place, sums):
        got = []
        self.side.replayed(self.side.a, {place: lambda v: got.append(summed(v, sums, self.n))})
        return got[0]

    @property
    def sums(self) -> dict[int, Any]:
        """For the steps: where each boundary's claim is read, and from what."""
        return {m.boundary: (m.spot, m.sums) for m in self.known}

    def suspects(self) -> list[tuple[int, int]]:
        """The steps whose log_det may be the wrong one, the likeliest first: from one boundary to another."""
        stretch = self._wrong_stretch()
        if stretch is not None and stretch[1] == stretch[0] + 1:
            return [tuple(self.known[k].boundary for k in stretch)]
        wide = [] if stretch is None else [tuple(self.known[k].boundary for k in stretch)]
        return list(dict.fromkeys([*self._wrong_turns(), *wide, *self._wrong_steps()]))

    def _wrong_stretch(self):
        """Two of the known marks: all is right until the first, and all of the error is there at the second."""
        right = [k for k, m in enumerate(self.known) if is_none(m.error)]
        full = [k for k, m in enumerate(self.known) if alike(m.error, self.error)]
        for p in right[::-1]:
            q = next((k for k in full if k > p), None)
            if q is not None and all(k >= q or k <= p for k in right):
                return p, q
        return None

    def _wrong_turns(self):
        """The first wrong turn of each loop, where every turn may be wrong."""
        marks = {m.boundary for m in self.known}
        ends = {self.known[0].boundary, self.known[-1].boundary}
        loops = [sorted(ends | (marks & set(loop))) for loop in self.side.loops()]
        return [step for at in loops if len(at) > 2 for step in self._wrong_between(at)[:1]]

    def _wrong_steps(self):
        return self._wrong_between([m.boundary for m in self.known])[:1]

    def _wrong_between(self, at):
        errors = {m.boundary: m.error for m in self.known}
        return [(i, j) for i, j in pairwise(at) if not is_none(errors[j] - errors[i])]

    # --- which layers' log_dets were added up ---

    def missing(self) -> Mistake | None:
        """LAST_LAYER or LAYER_LEFT_OUT, where the claim is the sum of the other layers' true log_dets."""
        true = [m.true for m in self.marks]
        steps = [b - a for a, b in pairwise(true)]
        steps = [s for s in steps if not is_none(s)]
        if len(steps) < 2:
            return None
        if self._is_end(steps) or self._is_last_turn():
            return Mistake.LAST_LAYER
        left = [step for step in self._stretches() if self._is_left_out(*step)]
        return (
            Mistake.LAYER_LEFT_OUT
            if left and not any(self.gives_zero(step[0].boundary, step[1].boundary) for step in left)
            else None
        )

    def _is_end(self, steps):
        """Whether the claim is the last step's, or the first one's; of two steps the first alone leaves one out."""
        return alike(self.claim, steps[-1]) or (len(steps) > 2 and alike(self.claim, steps[0]))

    def _is_left_out(self, before, after):
        step = after.true - before.true
        return alike(self.claim, self.true - step) and not is_none(step)

    def gives_zero(self, i: int, j: int) -> bool:
        """Whether a call between two boundaries gave back a log_det of 0: then the sum is right, the layer is wrong."""
        first, last = (self.side.all[k].order for k in (i, j))
        within = [value for order, value in self.side.record.returned if first < order <= last]
        return any((value == 0).all() for value in within)

    def _turns(self):
        """The steps of each loop, between marks."""
        marks = {m.boundary: m for m in self.marks}
        for loop in self.side.loops():
            at = sorted({0, len(self.side) - 1, *(i for i in loop if i in marks)})
            yield [(marks[i], marks[j]) for i, j in pairwise(at)]

    def _is_last_turn(self):
        for turns in self._turns():
            steps = [s for a, b in turns if not is_none(s := b.true - a.true)]
            if len(steps) > 1 and self._is_end(steps):
                return True
        return False

    def _stretches(self):
        yield from pairwise(self.marks)
        for turns in self._turns():
            yield from turns
