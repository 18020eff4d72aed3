"""The judge: the outcome of a mutant, in memory where that is possible and on the disk where not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.mutation.choice import Choice
from benchmarks.mutation.client import Client
from benchmarks.mutation.mutants import Mutant
from benchmarks.mutation.on_disk import Copy
from benchmarks.mutation.outcome import Outcome
from benchmarks.mutation.record import Suite
from benchmarks.mutation.results import Result, result

SLACK, TIMES = 10, 4  # a mutant may take this many seconds more, and this many times as long, as its tests did


class ToolFailed(Exception):
    """No verdict: pytest did not run as it should, or a test fails without a mutant."""


class Judge:
    """`place`: a folder for the copy of the tree; `choices`: the tests of each mutant, of one suite."""

    def __init__(self, root: Path, suite: Suite, choices: dict[tuple, Choice], client: Client, place: Path):
        self.root, self.suite, self.choices, self.client = root, suite, choices, client
        self.copy = Copy(root, place)

    def judged(self, mutant: Mutant) -> Result:
        old, choice = (self.root / mutant.file).read_text(), self.choices[mutant.key]
        if not choice.tests:
            return result(mutant, Outcome.NO_TEST, [], choice, 0.0, self.suite)
        outcome, failed, spent = self.verdict(mutant, old, choice)
        return result(mutant, outcome, failed, choice, spent, self.suite)

    def verdict(self, mutant: Mutant, old: str, choice: Choice) -> tuple[Outcome, list[str], float]:
        limit, new = SLACK + TIMES * choice.seconds, mutant.source(old)
        answer = self.client.judged(
            path=str(self.root / mutant.file), within=mutant.within, old=old, new=new, tests=choice.tests, seconds=limit
        )
        if answer["outcome"] is not Outcome.NOT_IN_MEMORY:
            return answer["outcome"], answer["tests"], answer["spent"]
        verdict = self.copy.judged(mutant.file, new, choice.tests, limit)
        if verdict[0] is Outcome.ERROR:
            raise ToolFailed(f"pytest must run the tests of {mutant.file}:\n{self.copy.output()[-2000:]}")
        return verdict

    def confirm(self, results: Iterable[Result]) -> None:
        """The tests that killed must pass without a mutant."""
        tests = sorted({r.test for r in results if r.test and "cannot be collected" not in r.test})
        answer = self.client.judged(tests=tests, seconds=SLACK + sum(TIMES * c.seconds for c in self.choices.values()))
        if answer["outcome"] is not Outcome.SURVIVED:
            raise ToolFailed(f"tests must pass without a mutant; these fail: {', '.join(answer['tests'])}")
