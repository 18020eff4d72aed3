"""Message: a failure as text, in four parts, and as data. Found, expected, where, and a hint."""

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


def message(letter: str, name: str, hint: str, case: Case, others: list[str], change: str = "") -> str:
    """The text of one failure. others: the dimensions where it fails too. change: what would mend it."""
    evidence = case.finding.evidence or {}
    also = f"; also at D = {', '.join(others)}" if others else ""
    single = ", float32" if case.trial.subject.dtype == onp.float32 else ""
    where = case.finding.at or _nowhere(evidence)
    lines = [f"{letter}  {name}", _numbers(case.finding), f"      at {where}   (D = {case.dim}{single}{also})"]
    lines += [_jacobian(evidence)] if letter in "XJ" else []
    lines += [f"      {change}" * bool(change)]
    return "\n".join([*(line for line in lines if line), f"      Hint: {hint}"])


def _numbers(finding):
    evidence = finding.evidence or {}
    if "yours" not in evidence or "expected" not in evidence:
        if not finding.tolerance:  # yes or no: `at` has the words
            return f"      checked: {finding.what}"
        return f"      found: {finding.what}, off by {finding.error:.2g}; allowed {finding.tolerance:.0e}"
    yours, expected = (_shown(_at_row(evidence, k)) for k in ("yours", "expected"))
    return f"      yours {yours}   should be {expected}   ({finding.what})"


def _jacobian(evidence):
    J, own = evidence.get("J"), evidence.get("J_claimed")
    if J is None or onp.ndim(J) != 3:
        return ""
    row = evidence["row"]
    return jacobian_text(J[row], None if own is None else own[row])


def _nowhere(evidence):
    return "any input" if "row" not in evidence else "the points tried"


def _shown(values):
    values = onp.asarray(values, dtype=float)
    if values.ndim == 0:
        return f"{float(values):+.4f}"
    entries = onp.ravel(values)
    return "[" + ", ".join(f"{v:.4g}" for v in entries[:6]) + (", ...]" if len(entries) > 6 else "]")


SHOWN = ("z", "x", "yours", "expected", "J", "J_claimed", "integral", "raised", "function")


def counter_example(case: Case) -> dict[str, Any]:
    """The failing row as data, with the parameters."""
    finding, subject = case.finding, case.trial.subject
    evidence = finding.evidence or {}
    found = {"dim": case.dim, "dtype": str(subject.dtype), "error": finding.error, "tolerance": finding.tolerance,
             "params": subject.params, "symptom": finding.symptom}  # fmt: skip
    return found | {key: _at_row(evidence, key) for key in SHOWN if key in evidence}


def _at_row(evidence, key):
    """The failing row of an array with one entry for each row.

    `yours` and `expected` have all rows where all were judged ("bad"); otherwise they are one number, or one event.
    """
    value, row = evidence[key], evidence.get("row", 0)
    per_row = isinstance(value, onp.ndarray) and value.ndim >= 1 and len(value) > row
    if key in ("yours", "expected"):
        per_row = per_row and "bad" in evidence
    return value[row] if per_row and key not in ("integral", "raised", "function") else value
