"""The score: how many mutants are killed, by room, and every survivor with its difference and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.mutation.explained import Explained, Kind
from benchmarks.mutation.outcome import Outcome
from benchmarks.mutation.record import Suite
from benchmarks.mutation.results import Result

LIBRARY = ("autodiff", "ops", "nets", "transformers", "bijections", "distributions", "flows", "training")
ROOMS = {"library": LIBRARY, "checkers": ("check",)}
ABROAD = (
    "nfscratch/check/adapters/"  # it needs other libraries, which the tests' environment has not: benchmarks/AUDIT.md
)


@dataclass(frozen=True)
class Score:
    killed: int
    timed_out: int  # counted as killed
    survived: int
    equivalent: int  # explained as such: not counted
    not_imported: int  # not counted
    by_exhaustive: int = 0  # of those killed and timed out: no default test sees them

    @property
    def share(self) -> float:
        return (self.killed + self.timed_out) / max(1, self.killed + self.timed_out + self.survived)

    def __str__(self):
        count = self.killed + self.timed_out + self.survived
        apart = f"{self.timed_out} of them by the limit of time" if self.timed_out else "none by the limit of time"
        if self.by_exhaustive:
            default = self.killed + self.timed_out - self.by_exhaustive
            late = f"{self.by_exhaustive} by exhaustive ones"
            apart += f"; {default} by the default tests ({default / count:.1%}), {late}"
        more = f"; not counted: {self.equivalent} equivalent, {self.not_imported} that cannot be imported"
        return f"{self.killed + self.timed_out} of {count} killed ({self.share:.1%}), {apart}{more}"


def score(results: Iterable[Result], known: dict[tuple, Explained]) -> Score:
    results = list(results)
    equivalent = [r for r in results if r.outcome.is_alive and is_equivalent(known.get(r.key))]
    count = lambda outcome: sum(r.outcome is outcome for r in results)  # noqa: E731
    alive = sum(r.outcome.is_alive for r in results) - len(equivalent)
    late = sum(r.outcome.is_killed and r.suite is Suite.EXHAUSTIVE for r in results)
    return Score(
        count(Outcome.KILLED), count(Outcome.TIMED_OUT), alive, len(equivalent), count(Outcome.NOT_IMPORTED), late
    )


def is_equivalent(entry: Explained | None) -> bool:
    return entry is not None and entry.kind is Kind.EQUIVALENT


def room(file: str) -> str:
    """The folder of the package that a file stands in."""
    parts = file.split("/")
    return parts[1] if len(parts) > 2 else "."


def table(results: list[Result], known: dict[tuple, Explained]) -> str:
    lines = [f"{name:14} {score((r for r in results if room(r.file) == name), known)}" for name in rooms(results)]
    for name, folders in ROOMS.items():
        inside = [r for r in results if room(r.file) in folders]
        lines += [f"{name:14} {score(inside, known)}"] if inside else []
    return "\n".join(lines)


def rooms(results: list[Result]) -> list[str]:
    return sorted({room(r.file) for r in results})


def survivors(results: list[Result], known: dict[tuple, Explained]) -> str:
    return "\n".join(shown(r, known.get(r.key)) for r in results if r.outcome.is_alive)


def shown(r: Result, entry: Explained | None) -> str:
    tests = f"{r.tests} tests passed, {r.left_out} had no time" if r.tests else "no recorded test runs it"
    said = f"{entry.kind}: {entry.why}" if entry else "NOT EXPLAINED"
    return f"\n{r.place} {r.within}  ({r.change}; {tests})\n- {r.minus}\n+ {r.plus}\n  {said}"
