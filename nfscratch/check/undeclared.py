"""T of plain functions that declare no structure: what their dependencies, and their run, say by themselves.

never moves    x_i = z_j always, for half of the variables, where the others depend on them, and several layers change
               the others again and again: all of the others, each time. So a chain looks whose halves do not change
               places. The layers are those of a list; in one function the run holds its whole state at one line
skipped        of an odd number of variables one never moves and nothing reads it, where two layers change a half each
drops          J is a triangle (in some order) in which all is there but every variable's nearest parent, or the last's

One coupling keeps a half, and a triangle may have zeros: neither alone is a mistake. Nor is a variable that never moves
in another way: a condition may stand in z, a permutation that is drawn may carry one past every coupling, a rotation
leaves an axis where it is. The report says so beside T, and structure="dense" makes it a failure.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.boundaries import Boundaries, equal
from nfscratch.check.finding import Finding, Symptom, not_applicable
from nfscratch.check.letters.still import ever_moved, never_moved, same_always
from nfscratch.check.letters.structure import Dependencies, acyclic_order, found
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial

WHAT, NOT_DECLARED = "dependencies, as they are found", "no structure is declared"
ROWS = 7  # of each of two runs
FLAT = 1e-7  # an entry of J below it may be rounding
Wrong = tuple[Symptom, str, tuple[int, int]] | None


def check_undeclared(trials: list[Trial]) -> Finding:
    """T, over several trials of one pair."""
    s = trials[0].subject
    if s.bijection is not None or len(s.in_shape) != 1 or s.in_shape != s.out_shape:
        return not_applicable("T", NOT_DECLARED)
    wrong, told = (_of_list if s.pairs else _of_function)(trials)
    return not_applicable("T", told) if wrong is None else found(WHAT, trials, *wrong)


def _of_function(trials) -> tuple[Wrong, str]:
    """What is wrong with one pair, and what is told of it if nothing is."""
    moved = ever_moved(trials)
    still = never_moved(moved)
    layers = _steps_of_layers(trials[0]) if still and _is_read(trials, moved) else []
    wrong = _half_never_moves(still, len(moved)) if any(_is_same_half(moved, steps) for steps in layers) else None
    return wrong or _parent_dropped(trials), _told(still if layers else {})


def _of_list(trials) -> tuple[Wrong, str]:
    """The same of several pairs."""
    moved = ever_moved(trials)
    still = never_moved(moved)
    steps = _steps_of_list(trials) if still else []
    wrong = _half_never_moves(still, len(moved)) if _is_same_half(moved, steps) and _is_read(trials, moved) else None
    return wrong or _column_skipped(trials, moved, steps), _told(still)


def _told(still):
    if not still:
        return NOT_DECLARED
    return f'{same_always(still)}: a mistake only where structure="dense" is declared'


def _depends(trials):
    """Where J is not 0, at any point of any trial (D, D)."""
    with onp.errstate(all="ignore"):
        J = onp.concatenate([onp.abs(trial.J) for trial in trials])
    return onp.where(onp.isfinite(J), J, 1.0).max(axis=0, initial=0.0) > FLAT


# --- a parent is dropped ---


def _parent_dropped(trials) -> Wrong:
    seen = _depends(trials)
    if not _misses_a_parent(seen, acyclic_order(seen)):
        return None
    d = Dependencies(trials)  # J may be 0 where a unit of a network is dead
    order = acyclic_order(d.ever)
    if not _misses_a_parent(d.ever, order):
        return None
    i, j = order[-1], order[-2]
    return Symptom.NEAREST_PARENT, f"x_{i} never depends on z_{j}, and on all variables before it", (i, j)


def _misses_a_parent(depends, order):
    """Whether the triangle is full but for the whole first diagonal below the main one, or but for its last entry."""
    if order is None or len(order) < 4:
        return False
    below = depends[onp.ix_(order, order)]
    missing = [(i, j) for i in range(len(order)) for j in range(i) if not below[i, j]]
    last = len(order) - 1
    return missing == [(i, i - 1) for i in range(1, last + 1)] or (last > 3 and missing == [(last, last - 1)])


# --- half of the variables never move ---


def _is_read(trials, moved) -> bool:
    """Whether what changes depends on what never moves."""
    changed = onp.flatnonzero(moved.all(axis=1))
    return bool(_depends(trials)[onp.ix_(changed, list(never_moved(moved).values()))].any())


def _half_never_moves(still, dim) -> Wrong:
    i, j = next(iter(still.items()))
    words = f"x_{i} is z_{j}, always: {len(still)} of {dim} variables never move, in several layers"
    return Symptom.NEVER_MOVES, words, (i, j)


def _is_same_half(moved, steps) -> bool:
    """Whether half of the variables never move, and every layer changes all of the others, or none.

    steps: how many variables each layer changes; None for one that does nothing, and was meant to do something.
    """
    changed = int(moved.all(axis=1).sum())
    counts = [n for n in steps if n != 0]
    return len(counts) > 1 and 2 * (len(moved) - changed) >= len(moved) - 1 and set(counts) <= {changed, None}


def _column_skipped(trials, moved, steps) -> Wrong:
    """One variable that stays in its place and that nothing reads, beside two halves that layers change in turn."""
    still, dim = never_moved(moved), len(moved)
    half = dim // 2
    if dim % 2 == 0 or len(still) != 1 or {n for n in steps if n != 0} != {half} or _is_read(trials, moved):
        return None
    i, j = next(iter(still.items()))
    words = f"x_{i} is z_{j}, always, and no other variable depends on it"
    return (Symptom.SKIPPED_COLUMN, words, (i, j)) if i == j else None


def _steps_of_list(trials):
    """How many variables each pair of a list changes; None for one that does nothing."""
    draws_of_layers = zip(*(trial.layers for trial in trials), strict=True)
    moved = [ever_moved(list(draws)) for draws in draws_of_layers]
    return [int(m.all(axis=1).sum()) if m.diagonal().any() else None for m in moved]


def _steps_of_layers(trial):
    """The same of each line at which a run of forward changes the same variables in two layers or more."""
    z = flat(trial.z)[onp.argsort(largest(trial.z), kind="stable")]
    try:
        runs = _boundaries(trial, z, ROWS)
        runs = runs if len(runs) > 2 else _boundaries(trial, z, 1)
        return [[len(m) for m in _moved_by(runs, at)] for names, at in _rounds(runs) if _repeats(runs, names, at)]
    except Exception:  # of any kind: a function that cannot be looked into is not judged
        return []


def _boundaries(trial, z, n):
    return Boundaries(trial.subject.forward, z[: 2 * n : 2], z[1 : 2 * n : 2])


def _rounds(runs):
    """(names, boundaries) that the run meets at one line: the turns of a loop, or the calls of a function; and its end.

    names: of the variables that hold the state there.
    """
    lives: dict[Any, list] = {}
    for life in runs.record.lives:
        for line in dict.fromkeys(place[:2] for place in life.places):  # in the order in which the run meets them
            lives.setdefault((line, life.names), []).append(life.value)
    for (_, names), values in lives.items():
        at = {k for v in values for k, b in enumerate(runs.all) if equal(b.value, v, 1e-12)}
        if len(at) > 1:
            yield names, sorted(at | {len(runs) - 1})


def _repeats(runs, names, at):
    """Whether two of these steps change the same variable. A state in two halves may be changed by one spline twice."""
    steps = [(step, moved) for step, moved in zip(pairwise(at), _moved_by(runs, at), strict=True) if moved]
    twice = [(p, q) for (p, a), (q, b) in combinations(steps, 2) if a & b]
    return any(len(names) == 1 or all(_is_affine(runs, *step) for step in both) for both in twice)


def _moved_by(runs, at):
    """Which variables of z each step changes, whatever columns hold them."""
    labels = list(range(runs.a.shape[1]))
    for i, j in pairwise(at):
        before, after = runs.all[i].value, runs.all[j].value
        kept = [_column_of(before, column) for column in after.T]
        left = [labels[k] for k in range(len(labels)) if k not in kept]
        yield set(left)
        free = iter(left)
        labels = [next(free) if k is None else labels[k] for k in kept]


def _column_of(state, column):
    return next((k for k, other in enumerate(state.T) if onp.array_equal(other, column)), None)


def _is_affine(runs, i, j):
    """Whether the step is a straight line in the variables that it changes."""
    h, step = runs.all[i].value, runs.step(i, j)
    y = step(h)[0]
    own = [_column_of(y, column) is None for column in h.T]
    first, second = (step(h + shift * onp.array(own))[0] for shift in (1.0, 2.0))
    return equal(second - first, first - y, 1e-6)
