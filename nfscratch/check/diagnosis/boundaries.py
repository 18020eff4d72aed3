"""Boundaries: where a function holds all that it knows of its argument in one state h (N, D).

    f(a) = rest(h),  h = first(a)

A variable holds such a state where two runs agree: f at a, in which the variable is given the value that it has in the
run at b, returns f(b), to the last digits. A scale without its shift, or a half-filled array, does not stand this test.

What the log_det has gathered until then is a sum of local variables, v = sum_i r_i v_i, such as the running total and
what is about to be added to it. r_i is what the returned log_det gains where v_i is raised by 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.recorded import Life, Place, Record, is_numbers, put, replayed, taken

TRIES = 160  # values that are put to the test
TRIES_OF_A_LINE = 3  # that fail before the line is left alone


def equal(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    """Whether they are the same. Rows that are not finite in both do not count, unless all are so."""
    with onp.errstate(all="ignore"):
        same = onp.abs(a - b) <= tolerance * (1 + onp.abs(b))
        return bool((same | (~onp.isfinite(a) & ~onp.isfinite(b))).all() and same.any())


@dataclass
class Boundary:
    """A state that a run holds in full; place: where it is read and written. The ends of the run have no place."""

    value: Any  # at a
    order: int
    place: Place | None = None
    names: tuple[str, ...] = ()
    frame: int = -1
    others: list[Place] = field(default_factory=list)  # later or earlier places of the same value


class Boundaries:
    """The boundaries of f, in the order in which a run at a meets them, from a itself to f(a)."""

    def __init__(self, f: Callable, a: Any, b: Any):
        self.f, self.a, self.b = f, a, b
        self.record, self._other = Record(f, a), Record(f, b)
        self._there = {(p, life.names): life.value for life in self._other.lives for p in life.places}
        inner = sorted(self._found(), key=lambda c: c.order)
        self.all = [
            Boundary(a, -1),
            *inner,
            Boundary(self.record.y, len(self.record.lines)),
        ]

    def __len__(self) -> int:
        return len(self.all)

    def _found(self):
        """The lives that pass the test, the outermost calls first; one for each value."""
        found, failures, tries = [], {}, 0
        for life in sorted(self.record.lives, key=lambda life: (life.depth, life.order)):
            line = (life.places[0][:2], life.names)
            if self._is_known(life, found) or failures.get(line, 0) >= TRIES_OF_A_LINE or tries >= TRIES:
                continue
            tries += 1
            boundary = self._tested(life)
            failures[line] = failures.get(line, 0) + 1 if boundary is None else -(10**6)
            found += [] if boundary is None else [boundary]
        return found

    def _is_known(self, life, found):
        known = [self.a, self.record.y, *(c.value for c in found)]
        return not onp.isfinite(life.value).all() or any(equal(life.value, v, 1e-12) for v in known)

    def _tested(self, life: Life) -> Boundary | None:
        passing = [p for p in dict.fromkeys((*life.turns[:1], life.places[-1], life.places[0])) if self._holds(p, life)]
        return Boundary(life.value, life.order, passing[0], life.names, life.frame, passing[1:]) if passing else None

    def _holds(self, place, life):
        there = self._there.get((place, life.names))
        if there is None or equal(there, life.value, 1e-12):
            return False
        try:
            y, _ = replayed(self.f, self.a, {place: lambda v: put(v, life.names, there)})
        except Exception:  # of any kind: the variable is needed as it was
            return False
        return equal(y, self._other.y)

    # --- loops ---

    def loops(self) -> list[list[int]]:
        """The boundaries at the head of each loop, the outermost loop first."""
        heads: dict[tuple, list[Life]] = {}
        for line in {(life.frame, life.names, p[:2]) for life in self.record.lives for p in life.turns}:
            frame, names, at = line
            heads[line] = [
                life for life in self.record.lives
                if life.frame == frame and life.names == names and any(p[:2] == at for p in life.places)
            ]  # fmt: skip
        lists = [(lives[0].depth, self._indices(lives)) for lives in heads.values()]
        lists = [(depth, at) for depth, at in lists if len(at) > 2]
        return [at for _, at in sorted(lists, key=lambda item: (item[0], -len(item[1])))]

    def _indices(self, lives):
        found = (next((i for i, c in enumerate(self.all) if equal(c.value, life.value, 1e-12)), None) for life in lives)
        return sorted({i for i in found if i is not None})

    # --- the log_det so far ---

    def total(self, i: int, place: Place | None = None) -> list[tuple[str, float]] | None:
        """(name, r) of the local variables that hold the log_det gathered so far; None where they are not all of it."""
        c = self.all[i]
        place = c.place if place is None else place
        if c.place is None:
            return []
        sums = [(name, r) for name in self._candidates(place) if (r := self._gain(place, name))]
        return sums if self._adds_up(c, place, sums) else None

    def _candidates(self, place):
        names: list[str] = []

        def look(variables):
            names.extend(k for k, v in variables.items() if is_log_det(v, len(self.a)))

        replayed(self.f, self.a, {place: look})
        return names

    def _gain(self, place, name):
        gains = [self._gain_of(place, name, step) for step in (1.0, 2.0)]
        return gains[0] if None not in gains and abs(gains[1] - gains[0]) < 1e-6 else None

    def _gain_of(self, place, name, step):
        def raise_by(variables):
            variables[name] = raised(variables[name], step)

        try:
            y, log_det = replayed(self.f, self.a, {place: raise_by})
        except Exception:  # of any kind: the variable is not what it seems
            return None
        gain = (log_det - self.record.log_det) / step
        same = onp.array_equal(y, self.record.y) and onp.isfinite(gain).all() and onp.ptp(gain) < 1e-6
        return float(onp.round(gain[0], 9)) if same else None

    def _adds_up(self, c, place, sums):
        """Whether the log_det of b comes out where a's run goes on from b's state, with b's sums."""
        there = self._there.get((place, c.names))
        so_far = []

        def act(variables):
            so_far.append(summed(variables, sums, len(self.a)))
            put(variables, c.names, there)

        def look(variables):
            so_far.append(summed(variables, sums, len(self.a)))

        y, log_det = replayed(self.f, self.a, {place: act})
        replayed(self.f, self.b, {place: look})
        return equal(y, self._other.y) and equal(log_det - so_far[0], self._other.log_det - so_far[1], 1e-7)

    # --- what lies between two of them ---

    def lines(self, i: int, j: int) -> str:
        """Where the run stands between two boundaries, in words."""
        return self.record.between(self.all[i].order, self.all[j].order)

    def step(self, i: int, j: int, sums: dict[int, Any] | None = None) -> Callable[[Any], tuple[Any, Any]]:
        """h at boundary i -> h at boundary j, and what the log_det gains between the two. sums: (place, total) by i."""
        return lambda h: self._by_rows(lambda rows: self._step(i, j, rows, sums or {}), onp.asarray(h, dtype=float))

    def _by_rows(self, call, h):
        """call(h); row by row where the runs were of one row."""
        if len(self.a) > 1 or len(h) <= 1:
            return call(h)
        states, gains = zip(*(call(row[None]) for row in h), strict=True)
        return onp.concatenate(states), onp.concatenate(gains)

    def states_from(self, i: int, h: Any) -> list[Any]:
        """The states at the boundaries i, i + 1, ... of a run that starts at boundary i with h."""
        first, got = self.all[i], {}
        later = [(k, c) for k, c in enumerate(self.all) if k >= i and c.place is not None]
        actions = {c.place: self._action(k, c, [], got, h if k == i else None) for k, c in later}
        y, _ = replayed(self.f, h if first.place is None else self.a, actions)
        return [h, *(got[k][0] for k, _ in later if k > i), *([y] if i < len(self) - 1 else [])]

    def _step(self, i, j, h, sums):
        first, last = self.all[i], self.all[j]
        start, got = (h if first.place is None else self.a[onp.arange(len(h)) % len(self.a)]), {}
        actions = {}
        for k, c in ((i, first), (j, last)):
            place, of = sums.get(k, (c.place, []))
            if c.place is not None:
                actions[place] = self._action(k, c, of, got, h if k == i else None)
        y, log_det = replayed(self.f, start, actions)
        state, total = got.get(j, (y, log_det))
        return state, total - got.get(i, (None, 0.0))[1]

    @staticmethod
    def _action(k, c, of, got, h):
        def act(variables):
            state = taken(variables, c.names, next(iter_len(variables, c.names)))
            got[k] = state, summed(variables, of, len(state))
            if h is not None:
                put(variables, c.names, h)

        return act


def iter_len(variables: Any, names: tuple[str, ...]) -> Any:
    """N of a state in local variables; 1 for one row (D,)."""
    v = variables[names[0]]
    yield len(v) if v.ndim == 2 or len(names) == 2 else 1


def is_log_det(v: Any, n: int) -> bool:
    """Whether it may be a log_det, or a list of some."""
    if isinstance(v, list):
        return len(v) > 0 and all(is_log_det(each, n) for each in v)
    if is_numbers(v):
        return v.size == n and v.ndim <= 2
    return isinstance(v, float)  # which onp.float64 is


def raised(v: Any, step: float) -> Any:
    return [*v[:-1], v[-1] + step] if isinstance(v, list) else v + step


def summed(variables: Any, sums: list[tuple[str, float]], n: int) -> Any:
    total = onp.zeros(n)
    for name, r in sums:
        v = variables[name]
        for each in v if isinstance(v, list) else [v]:
            total = total + r * onp.asarray(each, dtype=float).reshape(-1)
    return total
