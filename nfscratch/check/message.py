"""The message of a failure, in four parts: what was found, what it should have been, where, and a hint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch.check.finding import Finding
from nfscratch.check.report import jacobian_text
from nfscratch.check.trial import Trial


@dataclass(frozen=True)
class Case:
    """One finding, with the trial that it was made on."""

    dim: Any
    trial: Trial
    finding: Finding


def message(letter, name, hint, case, others):
    finding, evidence = case.finding, case.finding.evidence or {}
    also = f"; also at D = {', '.join(others)}" if others else ""
    single = ", float32" if case.trial.subject.dtype == onp.float32 else ""
    lines = [
        f"{letter}  {name}",
        f"      found: {finding.what}, off by {finding.error:.2g}; allowed {finding.tolerance:.0e}",
    ]
    if "yours" in evidence and "expected" in evidence:
        yours, expected = (_shown(evidence[k], evidence["row"]) for k in ("yours", "expected"))
        lines[1] = f"      yours {yours}   should be {expected}   ({finding.what})"
    lines.append(f"      at {finding.at or _nowhere(evidence)}   (D = {case.dim}{single}{also})")
    J = evidence.get("J")
    if J is not None and letter in "XJ" and onp.ndim(J) == 3:
        own = evidence.get("J_claimed")
        row = evidence["row"]
        lines.append(jacobian_text(J[row], None if own is None else own[row]))
    return "\n".join([*(line for line in lines if line), f"      Hint: {hint}"])


def _nowhere(evidence):
    return "any input" if "row" not in evidence else "the points tried"


def _shown(values, row):
    """The row of what has one entry for each row, or the one value that there is."""
    values = onp.asarray(values, dtype=float)
    if values.ndim > 1 or (values.ndim == 1 and len(values) > row):
        values = values[row]
    if values.ndim == 0:
        return f"{float(values):+.4f}"
    entries = onp.ravel(values)
    return "[" + ", ".join(f"{v:.4g}" for v in entries[:6]) + (", ...]" if len(entries) > 6 else "]")


def counter_example(case):
    evidence = case.finding.evidence or {}
    row = evidence.get("row", 0)
    found = {"dim": case.dim, "dtype": str(case.trial.subject.dtype), "error": case.finding.error,
             "tolerance": case.finding.tolerance, "params": case.trial.subject.params}  # fmt: skip
    for key, value in evidence.items():
        per_row = isinstance(value, onp.ndarray) and value.ndim >= 1 and len(value) > row
        if key in ("z", "x", "yours", "expected", "J", "J_claimed", "integral", "raised", "kind", "function"):
            found[key] = value[row] if per_row and key in ("z", "x", "J", "J_claimed") else value
    for key in ("yours", "expected"):
        value = found.get(key)
        if isinstance(value, onp.ndarray) and value.ndim >= 1 and len(value) == len(case.trial) and row < len(value):
            found[key] = value[row]
    return found
