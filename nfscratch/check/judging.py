"""Judging: how errors become one Finding.

judged          an error for each row, against what each row allows: the failing row nearest to 0 is shown
failing         one look of a letter has failed, at one row
first_failure   a letter that asks several questions stops at the first that fails; else what one of them tells counts
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as onp

from nfscratch.check.finding import Finding, Symptom, inconclusive
from nfscratch.check.rows import flat, largest, nearest, worst_row
from nfscratch.check.trial import Trial


def judged(
    letter: str,
    what: str,
    error: Any,
    allowed: Any,
    trial: Trial,
    evidence: dict,
    symbol: str = "z",
    symptom: Symptom | None = None,
) -> Finding:
    """The finding of an error per row: of the failing row nearest to 0, or of the worst row where all pass."""
    rows = trial.usable & (allowed < trial.limit * onp.maximum(1.0, largest(trial.z)))
    if not rows.any():
        return inconclusive(letter, what, "the points are too badly conditioned to judge")
    error, allowed = onp.where(rows, error, 0.0), onp.where(rows, allowed, 1.0)
    bad = rows & ~(error <= allowed)
    row = nearest(bad, trial.z) if bad.any() else worst_row(error, allowed)
    evidence = {**evidence, "row": row, "rows": rows, "bad": bad, "symbol": symbol}
    at = point(symbol, evidence[symbol], row)
    return Finding(letter, what, float(error[row]), float(allowed[row]), at, symptom=symptom, evidence=evidence)


def failing(
    letter: str, what: str, words: str, symptom: Symptom, symbol: str, points: Any, row: int, **numbers: Any
) -> Finding:
    """`letter` fails at a row of `points`: "forward is not finite at z = [1, 2]"."""
    evidence = {symbol: flat(points), "row": row, "symbol": symbol, **numbers}
    where = f" at {point(symbol, points, row)}" if len(points) else ""
    return Finding(letter, what, 1.0, 0.0, f"{words}{where}", symptom=symptom, evidence=evidence)


def first_failure(looks: Iterable[Callable[[], Finding | None]], otherwise: Finding) -> Finding:
    """The first finding that fails, or the first that tells something. A look that could not judge has not failed."""
    told = otherwise
    for look in looks:
        finding = look()
        if finding is None or finding.unjudged:
            continue
        if finding.failed:
            return finding
        told = finding if finding.why and not told.why else told
    return told


def point(letter: str, z: Any, row: int) -> str:
    """ "z = [0.31, -1.20]" """
    values = flat(z)[row]
    shown = ", ".join(f"{v:.4g}" for v in values[:6]) + (", ..." if values.size > 6 else "")
    return f"{letter} = [{shown}]"
