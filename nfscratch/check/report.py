"""Report: what an audit found, letter by letter, with the first failure in full and the others waiting.

A failure has four parts: what was found, what it should have been, the smallest input that shows it, and one hint,
which is not the answer.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as onp

from nfscratch import terminal
from nfscratch.check.finding import Outcome

LETTERS = "SPIRXJDTEOGKN"
TITLES = {
    "S": "shapes, dtype, finiteness",
    "P": "arguments unchanged, same output",
    "I": "rows are independent",
    "R": "round trip",
    "X": "log-dets of both directions cancel",
    "J": "log_det is that of the Jacobian",
    "D": "log_prob is its definition",
    "T": "who depends on whom",
    "E": "edges and joins",
    "O": "one sign, onto",
    "G": "gradients",
    "K": "samples match the density",
    "N": "the density integrates to one",
}


@dataclass(frozen=True)
class Failure:
    """One failed check. The first of a report has the name of a mistake: the others may follow from it."""

    letter: str
    name: str  # where the mistake stands, and its sentence: "log_det forward: the sign is flipped"; or what was found
    message: str  # the four parts, as text
    counter_example: dict[str, Any] = field(repr=False)  # dim, dtype, row, z or x, yours, expected, ...
    mistake: Enum | None = None  # a member of Mistake, of diagnosis/mistakes.py; None: no name
    direction: str | None = None  # "forward" or "inverse", where the log_det of one direction is wrong


@dataclass(frozen=True)
class Line:
    """One letter of the table."""

    letter: str
    status: Outcome
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """`ok`, `failures`, `raise_if_failed()`; `str(report)` is the table and the first failure in full."""

    subject: str
    dims: tuple[Any, ...]
    lines: tuple[Line, ...]
    failures: tuple[Failure, ...] = ()
    costs: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.failures and any(line.status is Outcome.PASSED for line in self.lines)

    def raise_if_failed(self) -> None:
        if self.failures:
            raise AssertionError(f"{self.subject}: {self.failures[0].message}")
        if not self.ok:
            raise AssertionError(f"{self.subject}: nothing could be judged")

    def __str__(self) -> str:
        rows = [
            f"  {line.letter}  {TITLES[line.letter]:36} {line.status:15} {line.detail}".rstrip() for line in self.lines
        ]
        return "\n".join([self._title(), *rows, *(f"  Note: {note}" for note in self.notes), *self._verdict()])

    def show(self, file: Any = None) -> None:
        """Print: a coloured table on a terminal, plain text elsewhere."""
        file = sys.stdout if file is None else file
        if not terminal.is_a_terminal(file):
            print(self, file=file)
            return
        _show_on_terminal(self, file)

    def _title(self):
        costs = f"; forward {self.costs[0]}, inverse {self.costs[1]}" if self.costs else ""
        shown = ", ".join(map(str, self.dims))
        return f"Audit of {self.subject}, D = {shown}{costs}"

    def _verdict(self):
        if self.ok:
            return ["  No mistake found."]
        if not self.failures:
            return ["  Nothing could be judged."]
        others = [f"  Waiting: {failure.letter}: {failure.name}" for failure in self.failures[1:]]
        return ["", self.failures[0].message, *others]


COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.WAITING: "yellow",
           Outcome.INCONCLUSIVE: "yellow"}  # fmt: skip


def _show_on_terminal(report, file):
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file)
    console.print(_table(report))
    for text in (*(f"Note: {note}" for note in report.notes), *report._verdict()):
        console.print(Text(text))
    if report.failures and (J := report.failures[0].counter_example.get("J")) is not None:
        console.print(_entries(onp.asarray(J), report.failures[0].counter_example.get("J_claimed")))


def _table(report):
    from rich.table import Table
    from rich.text import Text

    table = Table(title=report._title(), title_justify="left")
    for heading in ("", "check", "", ""):
        table.add_column(heading)
    for line in report.lines:
        status = Text(line.status.value, style=COLOURS.get(line.status, "dim"))
        table.add_row(line.letter, TITLES[line.letter], status, Text(line.detail))
    return table


def _entries(J, claimed):
    """The Jacobian entry by entry: what the layer says over what finite differences find, where they differ."""
    from rich.table import Table

    title = "Jacobian: finite differences" if claimed is None else "Jacobian: the layer's own / finite differences"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for j in range(min(J.shape[1], 8)):
        table.add_column(f"z_{j}", justify="right")
    for i in range(min(J.shape[0], 8)):
        table.add_row(f"x_{i}", *(_entry(J, claimed, i, j) for j in range(min(J.shape[1], 8))))
    return table


def _entry(J, claimed, i, j):
    numeric = f"{J[i, j]:+.4f}"
    if claimed is None:
        return numeric
    wrong = not abs(claimed[i, j] - J[i, j]) <= 1e-5 * max(1.0, abs(J[i, j]))
    return f"[bold red]{claimed[i, j]:+.4f} / {numeric}[/]" if wrong else numeric


def jacobian_text(J: Any, claimed: Any = None) -> str:
    """The same as plain lines, for D up to 6."""
    if J.shape[0] > 6:
        return ""
    lines = []
    for i in range(J.shape[0]):
        marks = ["" if claimed is None or abs(claimed[i, j] - J[i, j]) <= 1e-5 * max(1.0, abs(J[i, j])) else
                 f" (yours {claimed[i, j]:+.4f})" for j in range(J.shape[1])]  # fmt: skip
        lines.append("        " + "  ".join(f"{v:+9.4f}{mark}" for v, mark in zip(J[i], marks, strict=True)))
    return "\n".join(["      the numeric Jacobian there, dx_i/dz_j:", *lines])
