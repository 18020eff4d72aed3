"""Boundaries: where a function holds all that it knows of its argument in one state h (N, D).

    f(a) = rest(h),  h = first(a)

A variable holds such a state where two runs agree: f at a, in which the variable is given the value that it has in the
run at b, returns f(b), to the last digits. A scale without its shift, or a half-filled array, does not stand this test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as onp

from nfscratch.check.diagnosis.held import put, summed, taken
from nfscratch.check.diagnosis.recorded import Action, Life, Place, Record, by_place, replayed
from nfscratch.check.diagnosis.stretches import stretch

RUNS, ROWS_OF_A_RUN = 60_000, 20  # of one function at most; so many rows cost as much as one run does,
LINES_OF_A_RUN = 40  # of so many lines
TRIES = 160  # values that are put to the test
SPOTS = 6  # of one value at which the log_det so far is looked for
TRIES_OF_A_LINE = 3  # that fail before the line is left alone


def equal(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    """Whether they are the same, in either order. Rows that are not finite in both do not count, unless all are so."""
    with onp.errstate(all="ignore"):
        gap, size = onp.abs(a - b), onp.minimum(onp.abs(a), onp.abs(b))
        same = (gap <= tolerance * (1 + size)) & onp.isfinite(gap)
        return bool((same | (~onp.isfinite(a) & ~onp.isfinite(b))).all() and same.any())


class Spot(NamedTuple):
    """Where a state is held in full: a place of the run, and the variables that hold it there."""

    place: Place
    names: tuple[str, ...]
    depth: int  # of the call


@dataclass
class Boundary:
    """A state that a run holds in full, and the spots where it does. The ends of the run have none."""

    value: Any  # at a
    order: int
    spots: list[Spot] = field(default_factory=list)

    spot = property(lambda self: self.spots[0] if self.spots else None)


class Boundaries:
    """The boundaries of f, in the order in which a run at a meets them, from a itself to f(a)."""

    def __init__(self, f: Callable, a: Any, b: Any):
        self.f, self.a, self.b, self.spent = f, a, b, 0.0
        self.record, self.other = Record(f, a), Record(f, b)
        self.there = {(p, life.names): life.value for life in self.other.lives for p in life.places}
        inner = sorted(self._found(), key=lambda c: c.order)
        self.all = [Boundary(a, -1), *inner, Boundary(self.record.y, len(self.record.lines))]

    def __len__(self) -> int:
        return len(self.all)

    def replayed(self, a: Any, actions: dict[Place, Action]) -> tuple[Any, Any]:
        """A run of f at a with actions. Where a function is called row by row they are many: there is an end to it."""
        self.spent += (1 + len(a) / ROWS_OF_A_RUN) * max(1.0, len(self.record.lines) / LINES_OF_A_RUN)
        if self.spent > RUNS:
            raise LookupError("the diagnosis may run no more lines of a function")
        return replayed(self.f, a, actions)

    def _found(self):
        """The lives that pass the test, the outermost calls first; one boundary for each value."""
        found, failures, tries = [], Counter(), 0
        for life in sorted(self.record.lives, key=lambda life: (life.depth, life.order)):
            line = (life.places[0][:2], life.names)
            known = next((c for c in found if equal(c.value, life.value, 1e-12)), None)
            full = known is not None and len(known.spots) >= SPOTS
            if full or self._is_end(life) or failures[line] >= TRIES_OF_A_LINE or tries >= TRIES:
                continue
            tries += 1
            spots = self._tested(life)
            failures[line] += -onp.inf if spots else 1
            if known is not None:
                known.spots += spots
            elif spots:
                found.append(Boundary(life.value, life.order, spots))
        return found

    def _is_end(self, life):
        ends = (self.a, self.record.y)
        return not onp.isfinite(life.value).all() or any(equal(life.value, v, 1e-12) for v in ends)

    def _tested(self, life: Life) -> list[Spot]:
        """The spots of a life that stand the test: at the turn of a loop first, then late, then early."""
        first = dict.fromkeys((*life.turns[:1], life.places[-1], life.places[0]))
        passing = [p for p in first if self._holds(p, life)]
        if passing:
            between = [p for p in life.places[1:-1][:SPOTS] if p not in first]
            passing += [p for p in between if self._holds(p, life)]
        return [Spot(p, life.names, life.depth) for p in passing]

    def _holds(self, place, life):
        there = self.there.get((place, life.names))
        if there is None or equal(there, life.value, 1e-12):
            return False
        try:
            y, _ = self.replayed(self.a, {place: lambda v: put(v, life.names, there)})
        except Exception:  # of any kind: the variable is needed as it was
            return False
        return equal(y, self.other.y)

    def turn(self, i: int) -> None:
        """The state at boundary i, held by two variables, with the second of them first."""
        boundary, spots = self.all[i], []
        for place, names, depth in boundary.spots:
            width: list[int] = []
            self.replayed(self.a, {place: lambda v, w=width, k=names[0]: w.append(v[k].size // len(self.a))})
            there = self.there[place, names]
            self.there[place, names[::-1]] = onp.roll(there, -width[0], axis=1)
            spots.append(Spot(place, names[::-1], depth))
        boundary.spots, boundary.value = spots, onp.roll(boundary.value, -width[0], axis=1)

    # --- loops ---

    def loops(self) -> list[list[int]]:
        """The boundaries at the head of each loop, and of each function that calls itself, the outermost first."""
        heads: dict[tuple, list[Life]] = {}
        for line in {(life.frame, life.names, p[:2]) for life in self.record.lives for p in life.turns}:
            frame, names, at = line
            heads[line] = [
                life for life in self.record.lives
                if life.frame == frame and life.names == names and any(p[:2] == at for p in life.places)
            ]  # fmt: skip
        heads |= self._recursions()
        lists = [(lives[0].depth, self._indices(lives)) for lives in heads.values()]
        lists = [(depth, at) for depth, at in lists if len(at) > 2]
        return [at for _, at in sorted(lists, key=lambda item: (item[0], -len(item[1])))]

    def _recursions(self):
        """The lives with which a function begins, which stands in one of its own calls each time but the first."""
        begins: dict[tuple, list[Life]] = {}
        for life in self.record.lives:
            begins.setdefault((life.names, life.places[0][:2]), []).append(life)
        deeper = {key: lives for key, lives in begins.items() if len({life.frame for life in lives}) == len(lives) > 2}
        return {key: lives for key, lives in deeper.items() if len({life.depth for life in lives}) == len(lives)}

    def _indices(self, lives):
        found = (next((i for i, c in enumerate(self.all) if equal(c.value, life.value, 1e-12)), None) for life in lives)
        return sorted({i for i in found if i is not None})

    # --- what lies between two of them ---

    def lines(self, i: int, j: int) -> str:
        """Where the run stands between two boundaries, in words."""
        return stretch(self.record, self.all[i].order, self.all[j].order, self.all[i].value)

    def step(self, i: int, j: int, sums: dict[int, Any] | None = None) -> Callable[[Any], tuple[Any, Any]]:
        """h at boundary i -> h at boundary j, and what the log_det gains between the two. sums: (spot, total) by i."""
        if i == j:
            return lambda h: (onp.array(h, dtype=float), onp.zeros(len(h)))
        return lambda h: self.by_rows(lambda rows: self._step(i, j, rows, sums or {}), onp.asarray(h, dtype=float))

    def by_rows(self, call, h):
        """call(h); row by row where the runs were of one row."""
        if len(self.a) > 1 or not len(h):
            return call(h)
        states, gains = zip(*(call(row[None]) for row in h), strict=True)
        return onp.concatenate(states), onp.concatenate(gains)

    def states_from(self, i: int, h: Any) -> list[Any]:
        """The states at the boundaries i, i + 1, ... of a run that starts at boundary i with h."""
        got: dict[int, Any] = {}
        later = [k for k in range(i, len(self) - 1) if self.all[k].spots]
        actions = [(self.all[k].spot.place, self._action(k, self.all[k].spot, [], got, h if k == i else None))
                   for k in later]  # fmt: skip
        y, _ = self.replayed(h if i == 0 else self.a, by_place(actions))
        return [h, *(got[k][0] for k in later if k > i), *([y] if i < len(self) - 1 else [])]

    def exchanged(self, i: int) -> Any:
        """The log_det of the run at a that goes on from boundary i with the state of the run at b."""
        place, names, _ = self.all[i].spot
        return self.replayed(self.a, {place: lambda v: put(v, names, self.there[place, names])})[1]

    def going_on(self, i: int, h: Any) -> Any:
        """The log_det of the run at a that goes on from boundary i with h."""
        a, spot = self.a[onp.arange(len(h)) % len(self.a)], self.all[i].spot
        if i == len(self) - 1:  # nothing is left to do
            return self.record.log_det[onp.arange(len(h)) % len(self.a)]
        actions = {} if spot is None else {spot.place: lambda v: put(v, spot.names, h)}
        return self.replayed(h if spot is None else a, actions)[1]

    def _step(self, i, j, h, sums):
        start = h if i == 0 else self.a[onp.arange(len(h)) % len(self.a)]
        got: dict[int, Any] = {}
        actions = []
        for k in (j, i):
            spot, of = sums.get(k, (self.all[k].spot, []))
            if spot is not None:
                actions.append((spot.place, self._action(k, spot, of, got, h if k == i else None)))
        y, log_det = self.replayed(start, by_place(actions))
        state, total = got.get(j, (y, log_det))
        return state, total - got.get(i, (None, 0.0))[1]

    def _action(self, k, spot, of, got, h):
        def act(variables):
            state = taken(variables, spot.names, self.a.shape[1])
            got[k] = state, summed(variables, of, len(state))
            if h is not None:
                put(variables, spot.names, h)

        return act
