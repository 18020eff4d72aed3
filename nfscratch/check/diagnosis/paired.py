"""Paired: the boundaries of forward and of inverse that belong together, and the layers between them.

    forward   z = h_0 -> h_1 -> ... -> h_m = x        inverse   x = g_0 -> g_1 -> ... -> z'

An inverse that is right meets g_0 = h_m, ..., z' = h_0. One that is wrong in one layer meets those states until then.
From there on the inverse is started anew, at one of its own boundaries, with a state of forward: where it then comes
to z, the two belong together, and the wrong layer lies between the last such pair and this one. Where a loop repeats
the mistake, its turns are paired, the last of one function with the first of the other.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.boundaries import Boundaries, equal
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.pairs import of_pair
from nfscratch.check.rows import flat, largest
from nfscratch.check.subject import Subject
from nfscratch.check.trial import Trial

ROWS = 7  # of each of the two runs
FEW = 10  # rows that a layer is looked at, where a function takes them one by one
REACH = 8  # boundaries that are skipped at most, to find the next pair
CLOSE = 1e-6
Pair = tuple[int, int]


class Paired:
    """The boundaries of both directions of one subject. rows: those of the trial at which its layers are run."""

    def __init__(self, trial: Trial):
        self.subject = trial.subject
        telling = _telling_rows(trial)
        near, self.rows = telling[: 2 * ROWS], onp.arange(len(trial))
        z, x = flat(trial.z)[near], flat(trial.x)[near]
        self.forward, self.inverse = self._boundaries(z, x, ROWS)
        if len(self.forward) == len(self.inverse) == 2:
            self.forward, self.inverse = self._boundaries(z, x, 1)
            self.rows = telling[:FEW]
        self._turn_halves()

    def _boundaries(self, z, x, n):
        s = self.subject
        if len(z) < 2 * n:
            raise LookupError("there are too few points for two runs")
        return tuple(Boundaries(f, a[: 2 * n : 2], a[1 : 2 * n : 2]) for f, a in ((s.forward, z), (s.inverse, x)))

    def _turn_halves(self):
        """The two variables of a state of the inverse, in the order in which forward holds them."""
        for j, b in enumerate(self.inverse.all):
            in_halves = b.spots and all(len(spot.names) == 2 for spot in b.spots)
            if in_halves and not self._comes_to_z(j):
                self.inverse.turn(j)
                if not self._comes_to_z(j):
                    self.inverse.turn(j)

    def _comes_to_z(self, j):
        """Whether the inverse comes to z from boundary j, with a state of forward."""
        inner = range(1, len(self.forward) - 1)
        met = any(equal(self.inverse.all[j].value, self.forward.all[i].value, CLOSE) for i in inner)
        return met or any((v := self._run(i, j)) is not None and self._arrives(v, i, strong=True) for i in inner)

    @cached_property
    def matched(self) -> list[Pair]:
        """(i, j) of the states that both meet, or can be started from, from (m, 0) for x down to the end, (0, n)."""
        found, j0 = [(len(self.forward) - 1, 0)], 0
        values = [b.value for b in self.inverse.all]
        while True:  # behind either end there is no further pair
            pair = self._next(found[-1], values, j0)
            if pair is None:
                pair = self._anew(found[-1], strong=True) or self._anew(found[-1], strong=False)
                if pair is None:
                    break
                j0, values = pair[1], self.inverse.states_from(pair[1], self.forward.all[pair[0]].value)
            found.append(pair)
        end = (0, len(self.inverse) - 1)
        return found if found[-1] == end else [*(p for p in found if p[0] > 0 and p[1] < end[1]), end]

    def _next(self, pair, values, j0):
        """The next state of the inverse's run that is one of forward's. values: from boundary j0 on."""
        for j in range(pair[1] + 1, len(self.inverse)):
            for i in reversed(range(pair[0])):
                if equal(values[j - j0], self.forward.all[i].value, CLOSE):
                    return i, j
        return None

    def _anew(self, pair, strong):
        """The nearest pair from which the inverse comes to z; or, if not strong, to any earlier state of forward."""
        options = [(d - e, e) for d in range(1, REACH + 1) for e in range(d + 1)]
        for di, dj in options:
            i, j = pair[0] - di, pair[1] + dj
            if i < 1 or j >= len(self.inverse) - 1 or (not strong and not di * dj):
                continue
            values = self._run(i, j)
            if values is not None and self._arrives(values, i, strong):
                return i, j
        return None

    def _run(self, i, j):
        try:
            return self.inverse.states_from(j, self.forward.all[i].value)
        except Exception:  # of any kind: a state that the inverse does not take there
            return None

    def _arrives(self, values, i, strong):
        if strong:
            return equal(values[-1], self.forward.all[0].value, CLOSE)
        return any(equal(v, self.forward.all[k].value, CLOSE) for v in values[1:] for k in range(i))

    # --- other ways to pair them ---

    @cached_property
    def turns(self) -> list[list[Pair]]:
        """The turns of two loops of equal length, or all boundaries where there are equally many, paired in reverse."""
        forward, inverse = (b.loops() for b in (self.forward, self.inverse))
        found = [list(zip(f[::-1], g, strict=True)) for f in forward for g in inverse if len(f) == len(g)]
        if len(self.forward) == len(self.inverse) > 2:
            found.append([(len(self.forward) - 1 - j, j) for j in range(len(self.inverse))])
        return [self._with_ends(pairs) for pairs in found]

    def _with_ends(self, pairs):
        ends = [(len(self.forward) - 1, 0)], [(0, len(self.inverse) - 1)]
        inner = [p for p in pairs if 0 < p[0] < len(self.forward) - 1 and 0 < p[1] < len(self.inverse) - 1]
        return [*ends[0], *inner, *ends[1]]

    def in_order(self) -> bool:
        """Whether the inverse undoes the layers in the order of forward, each of them rightly."""
        lists = [(f, g) for f in self.forward.loops() for g in self.inverse.loops() if len(f) == len(g) > 2]
        if len(self.forward) == len(self.inverse) > 2:
            lists.append((list(range(len(self.forward))), list(range(len(self.inverse)))))
        return any(all(self._undoes(f[k : k + 2], g[k : k + 2]) for k in range(len(f) - 1)) for f, g in lists)

    def _undoes(self, of_forward, of_inverse):
        before, after = (self.forward.all[i].value for i in of_forward)
        try:
            return equal(self.inverse.step(*of_inverse)(after)[0], before, CLOSE)
        except Exception:  # of any kind: this step does not take that state
            return False

    # --- layers ---

    def layers(self, pairs: list[Pair], sums: Any = ({}, {})) -> list[Subject]:
        """The steps between the pairs, in the order in which z meets them, as subjects."""
        up = pairs[::-1]
        return [
            of_pair(
                self.forward.step(low[0], high[0], sums[0]), self.inverse.step(high[1], low[1], sums[1]),
                self.subject.dim, name=f"layer {k + 1} of {len(up) - 1}, {self._words(low, high)}",
            )
            for k, (low, high) in enumerate(pairwise(up))
        ]  # fmt: skip

    def _words(self, low, high):
        """Where inverse undoes a step of forward; where forward makes it, if inverse does nothing about it."""
        passed_over = low[1] == high[1]
        return self.forward.lines(low[0], high[0]) if passed_over else self.inverse.lines(high[1], low[1])


def whole_layers(pairs: list[Pair]) -> list[Pair]:
    """The pairs without those between which forward does nothing: what inverse does there belongs to a layer beside.

    That is the layer that inverse undid just before, or, at x, the one that it undoes next.
    """
    kept = pairs[:1]
    for pair in pairs[1:]:
        beside = pair[0] == kept[-1][0]
        if beside and len(kept) > 1:
            kept[-1] = pair
        elif not beside:
            kept.append(pair)
    return kept


def _telling_rows(trial):
    """The rows nearest to 0, those where something fails first."""
    checks = (check_round_trip, lambda t: check_jacobian(t, "forward"), lambda t: check_jacobian(t, "inverse"))
    fails = onp.zeros(len(trial), dtype=bool)
    for check in checks:
        with suppress(Exception):  # of any kind: this check has nothing to say
            fails |= (check(trial).evidence or {}).get("bad", False)
    good = onp.isfinite(flat(trial.x)).all(axis=1) & trial.usable
    order = onp.argsort(largest(trial.z), kind="stable")
    bad, other = ([k for k in order if good[k] and fails[k] == which] for which in (True, False))
    return onp.array([*bad[:ROWS], *other, *bad[ROWS:]], dtype=int)


def paired(trial: Trial) -> Paired | None:
    """The boundaries of a pair of plain functions; None of anything else, or where the runs show nothing."""
    s = trial.subject
    if s.bijection is not None or s.pairs or len(s.in_shape) != 1 or s.in_shape != s.out_shape:
        return None
    try:
        found = Paired(trial)
    except Exception:  # of any kind: functions that cannot be looked at are named as before
        return None
    return found if len(found.forward) > 2 or len(found.inverse) > 2 else None
