"""Confirm: every finding's reproducer, and the computation that shares nothing with the audit."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.field.findings import FINDINGS


def confirm(libraries: Sequence[str] | None = None) -> int:
    """Print confirmed or not for each finding; the number of those that are not."""
    lost = 0
    for finding in FINDINGS:
        if libraries and finding.package not in libraries:
            continue
        holds, shown = finding.runs()
        lost += not holds
        print(
            f"{'confirmed' if holds else 'NOT CONFIRMED'}  {finding.package}: {finding.title}\n    {shown}", flush=True
        )
    return min(lost, 1)
