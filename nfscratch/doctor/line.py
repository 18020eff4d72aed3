"""A line of the doctor's report: a mark, what was found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

OK, ABSENT, HINT, BROKEN = "ok", "--", "hint", "BROKEN"


@dataclass(frozen=True)
class Line:
    """A finding: its mark, what was found, and what to do about it."""

    mark: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.mark:6}  {self.what}" + (f"  ->  {self.advice}" if self.advice else "")
