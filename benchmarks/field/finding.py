"""Finding: something that the audit saw, as it stands on the page, and how it is run again.

reproduce    ten lines in the library's own terms, which anyone can paste; returns the library's numbers by name
confirm      of these numbers: whether an independent computation says that the finding holds
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Limit(StrEnum):
    """Why something that the audit saw is no mistake of a formula."""

    RANGE = "out of range"  # a number over- or underflows in this dtype
    ROUNDING = "rounding"  # digits are lost that this dtype does not have
    CONSEQUENCE = "consequence"  # of another finding: what the map does where that one has spoilt it


NOT_FINITE = ("not finite", "NaN")  # what the audit says of numbers that are out of range


@dataclass(frozen=True)
class FieldFinding:
    """documented: what the library says of it; "" where it says nothing. how: what `confirm` computes, in words.

    limit: why it is no mistake of a formula; None where it is one. said: words of the audit's message; where they are
    given, a letter is explained only if one of them stands in its message.
    """

    package: str
    classes: tuple[str, ...]
    letters: str  # the audit's letters that it explains
    title: str
    words: str
    reproduce: Callable[[], dict[str, Any]]
    confirm: Callable[[dict[str, Any]], bool]
    how: str
    documented: str = ""
    limit: Limit | None = None
    said: tuple[str, ...] = ()

    def explains(self, name: str, letter: str, message: str) -> bool:
        """Whether it explains this letter of this class, for which the audit said `message`."""
        spoken = not self.said or any(words in message for words in self.said)
        return name in self.classes and letter in self.letters and spoken

    def source(self) -> str:
        """The body of `reproduce`, as a reader would paste it: its numbers are printed."""
        lines = textwrap.dedent(inspect.getsource(self.reproduce)).splitlines()
        start = next(k for k, line in enumerate(lines) if line.rstrip().endswith(":")) + 1
        body = textwrap.dedent("\n".join(lines[start:]))
        return body.rstrip().replace("return {", "print({") + ")"

    def runs(self) -> tuple[bool, str]:
        """Whether it is confirmed, with the numbers or the error."""
        try:
            numbers = self.reproduce()
            shown = ", ".join(f"{name} = {value:.6g}" if isinstance(value, float) else f"{name} = {value}"
                              for name, value in numbers.items())  # fmt: skip
            return bool(self.confirm(numbers)), shown
        except Exception as error:  # of any kind: a library that is not installed, or one that changed
            return False, f"{type(error).__name__}: {error}"
