"""Explained survivors: the mutants that need no test, each with its reason, in survivors.toml.

    [[survivor]]
    file = "nfscratch/ops/roots.py"
    within = "_search"
    minus = "..."                   the line as it is, without the space around it
    plus = "..."                    the line of the mutant
    kind = "equivalent"             no input tells the two apart: it does not count in the score
    kind = "accepted"               it could be seen and is not worth a test: it counts as survived
    why = "..."

An entry whose line is gone, or whose mutant a test has killed, is an error: it explains nothing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from benchmarks.mutation.mutants import mutants
from benchmarks.mutation.results import Result


class Kind(StrEnum):
    EQUIVALENT = "equivalent"
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Explained:
    file: str
    within: str
    minus: str
    plus: str
    kind: Kind
    why: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.file, self.within, self.minus, self.plus


class WrongExplanation(Exception):
    """The list of explained survivors holds an entry that explains nothing."""


def read(path: Path) -> dict[tuple, Explained]:
    entries = tomllib.loads(path.read_text()).get("survivor", []) if path.exists() else []
    names = {f.name for f in fields(Explained)}
    for entry in entries:
        if set(entry) != names or not entry["why"].strip():
            raise WrongExplanation(f"an entry must have {', '.join(sorted(names))}, and a reason; got {entry}")
    listed = [Explained(**entry | {"kind": Kind(entry["kind"])}) for entry in entries]
    return {entry.key: entry for entry in listed}


def check(known: dict[tuple, Explained], results: dict[tuple, Result], root: Path) -> None:
    """Each entry must be a mutant of its file, and none that a test has killed."""
    for file in sorted({entry.file for entry in known.values()}):
        path = root / file
        there = {m.key for m in mutants(file, path.read_text())} if path.exists() else set()
        gone = next((e for e in known.values() if e.file == file and e.key not in there), None)
        if gone:
            raise WrongExplanation(f"{file}, {gone.within}: no mutant makes {gone.plus!r} of {gone.minus!r} any more")
    for key, entry in known.items():
        if key in results and results[key].outcome.is_killed:
            raise WrongExplanation(f"{entry.file}, {entry.within}: {results[key].test} kills {entry.plus!r}")
