"""What one check found, and the table of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One check: the largest error that it saw, what it allows, and the input where it saw it."""

    letter: str
    what: str  # "log_det forward against finite differences"
    error: float
    tolerance: float
    at: str = ""  # the worst input, in words: "z = [0.31, -1.20]"
    verdict: str = ""  # "not applicable: ..." or "inconclusive: ...", where there is nothing to compare
    evidence: dict[str, Any] | None = None  # the numbers themselves, for the audit's diagnosis

    @property
    def ok(self) -> bool:
        return bool(self.error <= self.tolerance)  # NaN is not ok

    @property
    def failed(self) -> bool:
        """Whether something is wrong: what could not be judged is not wrong, though it is not ok either."""
        return not self.ok and not self.verdict

    def raise_if_failed(self) -> None:
        if not self.ok:
            where = f" at {self.at}" if self.at else ""
            raise AssertionError(
                f"check {self.letter}: {self.what} is off by {self.error:.2e}; allowed {self.tolerance:.0e}{where}"
            )


def not_applicable(letter: str, why: str) -> Finding:
    return Finding(letter, "", 0.0, 0.0, verdict=f"not applicable: {why}")


def inconclusive(letter: str, what: str, why: str, tolerance: float = 0.0) -> Finding:
    return Finding(letter, what, float("nan"), tolerance, verdict=f"inconclusive: {why}")


def table(findings: Iterable[Finding], title: str = "") -> str:
    """The findings as aligned text, one a line, each with a mark that says whether it holds."""
    findings = list(findings)
    width = max((len(f.what) for f in findings), default=0)
    lines = [f"{title}"] if title else []
    lines += [f"      {'what was compared':{width}}  {'error':>8}  {'allowed':>8}"]
    for f in findings:
        where = "" if f.ok or not f.at else f"   at {f.at}"
        mark = "holds" if f.ok else "FAILS"
        lines.append(f"  {f.letter}   {f.what:{width}}  {f.error:8.1e}  {f.tolerance:8.0e}  {mark}{where}")
    return "\n".join(lines)
