"""Results: a table (CSV) with a line for each mutant that has been judged. What stands there is not done again."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from benchmarks.mutation.mutants import Mutant
from benchmarks.mutation.outcome import Outcome
from benchmarks.mutation.record import Suite


@dataclass(frozen=True)
class Result:
    """`test`: the one that failed; `tests`, `left_out`: how many ran its function and did, or did not, have a place.

    `suite`: the one whose test failed, or the last that was asked.
    """

    file: str
    line: int
    within: str
    change: str
    minus: str
    plus: str
    outcome: Outcome
    test: str
    tests: int
    left_out: int
    seconds: float
    suite: Suite

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.file, self.within, self.minus, self.plus

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def result(mutant: Mutant, outcome: Outcome, failed: list[str], choice, seconds: float, suite: Suite) -> Result:
    return Result(
        mutant.file, mutant.line, mutant.within, mutant.change.value, mutant.minus, mutant.plus, outcome,
        failed[0] if failed else "", len(choice.tests), choice.left_out, round(seconds, 2), suite,
    )  # fmt: skip


def after(first: Result, second: Result) -> Result:
    """The result of both suites, where the mutant survived the first."""
    outcome = second.outcome if second.tests else first.outcome
    tests, left_out = first.tests + second.tests, first.left_out + second.left_out
    seconds = round(first.seconds + second.seconds, 2)
    return replace(second, outcome=outcome, tests=tests, left_out=left_out, seconds=seconds)


def read(path: Path) -> dict[tuple, Result]:
    """The results by the mutants' keys; a line that an interruption cut off is none."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if all(row.get(f.name) is not None for f in fields(Result))]
    return {r.key: r for r in map(typed, rows)}


def typed(row: dict[str, str]) -> Result:
    numbers = {"line": int, "tests": int, "left_out": int, "seconds": float, "outcome": Outcome, "suite": Suite}
    return Result(**{f.name: numbers.get(f.name, str)(row[f.name]) for f in fields(Result)})


def write(path: Path, results: Iterable[Result]) -> None:
    """The whole table, in place of what was there."""
    new = path.with_suffix(".new")
    with new.open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Result)])
        writer.writeheader()
        writer.writerows(asdict(r) for r in results)
    new.replace(path)
