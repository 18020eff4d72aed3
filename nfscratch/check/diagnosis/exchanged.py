"""Exchanged: the step whose log_det is wrong, found without a look at what has been added up.

A run at a goes on from boundary i with the state of a run at b. Its log_det is that of a until there, and that of b
from there on; so its error is

    e_i = error(b)    where the wrong step comes after boundary i
    e_i = error(a)    where it comes before

This finds one wrong step wherever a function keeps its sums: in attributes, or in the calls of a recursion. As all
other steps are right, the claim of this one at any state h is known too: with c(h) that of the run that goes on from h,

    claim(h) = c_p(h) - c_q(step(h)) + (claim at a),    claim at a = t_q - t_p + error(a)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.gathered import Gathered, alike


class Exchanged:
    """The wrong step of one direction: `step`, from one boundary to another, or None; and its `claims`."""

    def __init__(self, sums: Gathered):
        self.side, self.error = sums.side, sums.error
        self.boundaries = [m.boundary for m in sums.marks]
        self.true = sums.true_at(self.side.a)
        self.other = sums.true_at(self.side.b)
        self.other_error = self.side.other.log_det - self.other[-1]
        self.step = self._step()

    def _step(self):
        if alike(self.error, self.other_error):  # a constant follows neither
            return None
        after = [i for i in self.boundaries if i == 0 or self._follows(i, self.other_error)]
        before = [i for i in self.boundaries if i == self.boundaries[-1] or self._follows(i, self.error)]
        p, q = max(after), min(before)
        whole = (p, q) == (self.boundaries[0], self.boundaries[-1])
        return (p, q) if p < q and not whole else None

    def _follows(self, i, error):
        if not self.side.all[i].spots:
            return False
        expected = self.true[i] + self.other[-1] - self.other[i]
        return alike(self.side.exchanged(i) - expected, error)

    def claims(self) -> Callable[[Any], tuple[Any, Any]]:
        """h at the beginning of the step -> h at its end, and the claimed log_det of the step."""
        p, q = self.step
        at_a = self.true[q] - self.true[p] + self.error
        walk = self.side.step(p, q)

        def step(h):
            y = walk(h)[0]
            base = at_a[onp.arange(len(h)) % len(at_a)]
            return y, self._from(p, h) - self._from(q, y) + base

        return step

    def _from(self, i, h):
        """The log_det of the run at a that goes on from boundary i with h."""
        return self.side.by_rows(lambda rows: (rows, self.side.going_on(i, rows)), h)[1]
