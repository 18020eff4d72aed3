"""P and I: what a function may not do besides computing.

P    the arguments are as they were, and the same input gives the same output; the same seed the same samples, another
     seed others, and a second draw others again; numpy's global state is not touched
I    row i of the result is that of row i alone, in a half batch, in reversed order, and in a copy not called before;
     every row has a context of its own, which goes where the row goes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.check.finding import Finding
from nfscratch.check.laws import point
from nfscratch.check.trial import Trial, apart, flat


def functions(trial: Trial, subject: Any = None) -> Iterator[tuple[str, Callable[..., Any], Any]]:
    """(name, function, input) for forward, inverse and, where there is one, log_prob.

    The function gives a tuple of arrays; of the rows `rows` of the input, where these are given with it.
    """
    usable = onp.flatnonzero(trial.usable)
    whole = (subject or trial.subject).at(usable)

    def some(rows):
        return whole if rows is None else (subject or trial.subject).at(usable[rows])

    yield "forward", lambda a, rows=None: some(rows).forward(a), trial.z[usable]
    yield "inverse", lambda a, rows=None: some(rows).inverse(a), trial.x[usable]
    if whole.log_prob is not None:
        yield "log_prob", lambda a, rows=None: (some(rows).log_prob(a),), trial.x[usable]


def check_purity(trial: Trial) -> Finding:
    """P: the error counts the functions that write, or that do not repeat themselves."""
    wrong = {}
    for name, f, a in functions(trial):
        stored = (trial.subject.params, trial.subject.context)
        given, before = a.copy(), trees.copy(trees.map_leaves(onp.asarray, _arrays(stored)))
        with onp.errstate(all="ignore"):
            first = [onp.array(r) for r in f(given)]
            second = [onp.array(r) for r in f(a.copy())]
        if not onp.array_equal(given, a):
            wrong[name] = "its argument was changed"
        elif any(not onp.array_equal(p, q) for p, q in zip(_leaves(before), _leaves(_arrays(stored)), strict=True)):
            wrong[name] = "the parameters were changed"
        elif any(_differ(p, q, trial.subject.eps) for p, q in zip(first, second, strict=True)):
            wrong[name] = "the same input gives another output"
    wrong |= _seeds(trial.subject)
    words = "; ".join(f"{name}: {what}" for name, what in wrong.items())
    evidence = {"wrong": wrong, "z": flat(trial.z), "row": 0, "symbol": "z"}
    return Finding("P", "arguments unchanged, same output", float(len(wrong)), 0.0, words, evidence=evidence)


def _seeds(subject):
    """{function: what is wrong with its use of the generator}."""
    wrong = {}
    for name in ("sample", "sample_and_log_prob"):
        f = getattr(subject, name)
        if f is not None and (what := _seed_mistake(f)) is not None:
            wrong[name] = what
    return wrong


def _seed_mistake(f, n=5):
    def draw(rng):
        drawn = f(rng, n)
        return onp.array(drawn[0] if isinstance(drawn, tuple) else drawn)

    before = onp.random.get_state()
    one = onp.random.default_rng(1)
    first, next_one = draw(one), draw(one)
    again, other = draw(onp.random.default_rng(1)), draw(onp.random.default_rng(2))
    after = onp.random.get_state()
    onp.random.set_state(before)
    if not (onp.array_equal(before[1], after[1]) and before[2] == after[2]):
        return "numpy's global state is drawn from"
    if not onp.array_equal(first, again, equal_nan=True):
        return "the same seed gives other samples"
    if onp.array_equal(first, other, equal_nan=True):
        return "another seed gives the same samples"
    return "a second draw repeats the first" if onp.array_equal(first, next_one, equal_nan=True) else None


def _arrays(tree):
    return [t for t in tree if t is not None]


def _leaves(tree):
    """All arrays, stored ones too."""
    found = []
    trees.map_leaves(found.append, tree)
    return found


def _differ(p, q, eps):
    """A device may add in another order: a few roundings are the same output."""
    if p.shape != q.shape:
        return True
    same = onp.isclose(p, q, rtol=1e3 * eps, atol=1e3 * eps * onp.nanmax(onp.abs(p), initial=1.0), equal_nan=True)
    return not same.all()


def check_independence(trial: Trial) -> Finding:
    """I: every row's error against the same row in other company."""
    worst = Finding("I", "each row alone against the batch", 0.0, 1.0)
    for fresh in (False, True):
        for name, f, a in functions(trial):
            finding = _compared(trial, name, f, a, fresh)
            if not finding.ok:
                return finding
            worst = max(worst, finding, key=lambda found: found.error / found.tolerance)
    return worst


def _compared(trial, name, f, a, fresh):
    """The whole batch against parts of it; `fresh`: each in a copy of the object that has not been called."""
    n = len(a)
    parts = [onp.arange(n)[::-1], onp.arange(0, n, 2)] + [onp.array([i]) for i in range(min(n, 1 if fresh else 4))]
    run = _fresh_runner(trial, name) if fresh else f
    with onp.errstate(all="ignore"):
        whole = [onp.array(r) for r in run(a.copy())]
    allowed = _allowed(trial, name)
    worst = Finding("I", f"{name}: each row alone against the batch", 0.0, 1.0)
    for rows in parts:
        try:
            with onp.errstate(all="ignore"):
                part = [onp.array(r) for r in run(a[rows].copy(), rows)]
        except (ValueError, FloatingPointError, IndexError):
            continue  # a batch that it will not take at all is for E
        for which, (p, w, limit) in enumerate(zip(part, whole, allowed, strict=True)):
            if onp.ndim(w) == 0 or len(w) != n or onp.ndim(p) == 0 or len(p) != len(rows):
                continue  # for S
            error = apart(flat(p), flat(w[rows])).max(axis=1, initial=0.0)
            error = onp.where(onp.isfinite(limit[rows]) & ~(onp.isnan(flat(w[rows])).any(axis=1)), error, 0.0)
            k = int(onp.argmax(onp.where(onp.isnan(error), onp.inf, error / limit[rows])))
            evidence = {
                "z": flat(a), "row": int(rows[k]), "symbol": "z" if name == "forward" else "x", "function": name,
                "part": p, "whole": w, "rows": rows, "which": which, "fresh": fresh, "yours": w[rows[k]],
                "expected": p[k],
            }  # fmt: skip
            at = point(evidence["symbol"], a, int(rows[k]))
            found = Finding("I", worst.what, float(error[k]), float(limit[rows[k]]), at, evidence=evidence)
            if not found.ok:
                return found
            worst = max(worst, found, key=lambda finding: finding.error / finding.tolerance)
    return worst


def _fresh_runner(trial, name):
    def run(a, rows=None):
        return next(f for other, f, _ in functions(trial, trial.subject.fresh()) if other == name)(a, rows)

    return run


def _allowed(trial, name):
    """For each array of the result: what rounding may cost in each row."""
    ok = trial.usable
    if name == "log_prob":
        limits = [trial.allowed_log_prob]
    else:
        limits = [trial.allowed_x if name == "forward" else trial.allowed, trial.allowed_log_det]
    return [onp.where(onp.isnan(limit), onp.inf, limit)[ok] for limit in limits]
