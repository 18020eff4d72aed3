"""I: row i of a result depends on row i alone.

Each row is asked alone, in a half batch, in reversed order, and in a copy of the object that was not called before.
Every row has a context of its own, which goes where the row goes. A network of float32 sums in another order for a
batch of another size: what that costs is measured (grain.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.finding import Finding, inconclusive
from nfscratch.check.grain import grain
from nfscratch.check.judging import point
from nfscratch.check.letters.calls import called, functions
from nfscratch.check.rows import apart, flat
from nfscratch.check.trial import OTHER, SYMBOL, Trial

COARSE = 32.0  # grains of one result: a network has several layers


def check_independence(trial: Trial) -> Finding:
    """I: every row's error against the same row in other company."""
    worst = Finding("I", "each row alone against the batch", 0.0, 1.0)
    if not trial.usable.any():
        return inconclusive("I", worst.what, "no x lies strictly inside the codomain")
    for fresh in (False, True):
        for name, f, a in functions(trial):
            run = _fresh_runner(trial, name) if fresh else f
            finding = _compared(trial, name, run, a, fresh)
            if finding.failed:
                return finding
            worst = max(worst, finding, key=lambda found: found.share)
    return worst


def _fresh_runner(trial, name):
    def run(a, rows=None):
        return next(f for other, f, _ in functions(trial, trial.subject.fresh()) if other == name)(a, rows)

    return run


def _compared(trial, name, run, a, fresh):
    """The whole batch against parts of it. fresh: `run` makes a copy for each call, which gets fewer parts."""
    n, whole = len(a), called(run, a.copy())
    parts = [onp.arange(n)[::-1], onp.arange(0, n, 2)] + [onp.array([i]) for i in range(min(n, 1 if fresh else 4))]
    worst = Finding("I", f"{name}: each row alone against the batch", 0.0, 1.0)
    for rows in parts:
        for which, part in enumerate(_of_rows(run, a, rows)):
            found = _part_against_whole(trial, name, a, rows, which, part, whole[which])
            if found is not None and found.failed:
                return replace(found, evidence={**found.evidence, "fresh": fresh})
            worst = worst if found is None else max(worst, found, key=lambda finding: finding.share)
    return worst


def _of_rows(run, a, rows):
    """The results of a part; none of a batch that the map does not take at all, which is for E to say."""
    try:
        return called(run, a[rows].copy(), rows)
    except (ValueError, FloatingPointError, IndexError):
        return []


def _part_against_whole(trial, name, a, rows, which, part, whole):
    """The finding of one array of the result; None where its shape is for S to judge."""
    if onp.ndim(whole) == 0 or len(whole) != len(a) or onp.ndim(part) == 0 or len(part) != len(rows):
        return None
    limit = _allowed(trial, name, which)[rows]
    error = apart(flat(part), flat(whole[rows])).max(axis=1)
    error = onp.where(onp.isfinite(limit) & ~(onp.isnan(flat(whole[rows])).any(axis=1)), error, 0.0)
    if not (error <= limit).all():
        limit = onp.maximum(limit, COARSE * _grain(trial, name, which))
    k = int(onp.argmax(onp.where(onp.isnan(error), onp.inf, error / limit)))
    evidence = {
        "z": flat(a), "row": int(rows[k]), "symbol": SYMBOL.get(name, "x"), "function": name, "whole": whole,
        "rows": rows, "which": which, "yours": whole[rows[k]], "expected": part[k],
    }  # fmt: skip
    what, at = f"{name}: each row alone against the batch", point(evidence["symbol"], a, int(rows[k]))
    return Finding("I", what, float(error[k]), float(limit[k]), at, evidence=evidence)


def _grain(trial, name, which):
    """How coarsely a map of float64 answers that rounds to float32 within; log_prob sums up both of inverse's."""
    if trial.subject.dtype != onp.float64 or name not in OTHER:
        return sum(grain(trial, "inverse")) if name == "log_prob" and trial.subject.dtype == onp.float64 else 0.0
    return grain(trial, name)[which]


def _allowed(trial, name, which):
    """What rounding may cost each row, in the array number `which` of a function's result."""
    limits = {
        "forward": (trial.allowed_x, trial.allowed_log_det),
        "inverse": (trial.allowed, trial.allowed_log_det),
        "log_prob": (trial.allowed_log_prob,) if name == "log_prob" else (),
    }  # fmt: skip
    limit = limits[name][which][trial.usable]
    return onp.where(onp.isnan(limit), onp.inf, limit)
