"""A pytest plugin for handouts: the tasks of a folder as tests, with the seed that repeats a message.

tasks = Folder(__file__)

@pytest.mark.task(id="4.2", points=3)
def test_affine_inverse():
    tasks.check("4.2")

pytest -m "task(id='4.2')" --check-seed=2306073760
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

MARK = "task"
REPEAT = "pytest -m \"task(id='{id}')\" --check-seed={seed}"


class Folder:
    """The homework beside a test file. It remembers the first mistake, for which later tasks wait."""

    seed: int | None = None  # of this run: pytest_configure sets it
    tested: list[Any] = []  # noqa: RUF012  the marks of this run, with their files

    def __init__(self, test_file: str):
        self.folder = Path(test_file).parent
        self.first: Any = None

    @cached_property
    def work(self) -> Any:
        from nfscratch.course.homework import homework

        return homework(self.folder)

    def check(self, id: str) -> None:
        """Judge a task; fail with the mistake, or with what the task waits for."""
        from nfscratch.course.selfcheck import Setting, Status, judge
        from nfscratch.course.summary import line, message

        __tracebackhide__ = True
        try:
            work = self.work
            mark = judge(work.assignment, work.task(id), work.submission(), Folder.seed or 0, Setting(work.variant))
        except (ValueError, OSError) as error:
            pytest.fail(f"{error}", pytrace=False)
        Folder.tested.append((work.path, mark))
        if mark.status is Status.PASSED:
            return
        if mark.status is Status.FAILED and self.first is None:
            self.first = mark
            pytest.fail(message(mark, work.path, REPEAT), pytrace=False)
        ask = f": {mark.task.ask}" if mark.status is Status.UNWRITTEN else ""
        pytest.fail(" ".join(line(mark, self.first).split()) + ask, pytrace=False)


# --- pytest's hooks ---


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("course")
    group.addoption("--check-seed", type=int, default=None, metavar="N", help="the seed of a message, to repeat it")


def pytest_configure(config: Any) -> None:
    config.addinivalue_line("markers", f"{MARK}(id, points): a task of a handout")
    if config.option.check_seed is None:
        from nfscratch.course.seeds import fresh_seed

        config.option.check_seed = fresh_seed()  # workers of xdist get the same
    if config.option.check_seed < 0:
        raise pytest.UsageError(f"--check-seed must be an integer of at least 0; got {config.option.check_seed}")
    Folder.seed, Folder.tested = config.option.check_seed, []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Which file was tested, and the points."""
    for path in dict.fromkeys(path for path, _ in Folder.tested):
        marks = [mark for other, mark in Folder.tested if other == path]
        points = f"{sum(m.earned for m in marks)} of {sum(m.task.points for m in marks)} points"
        terminalreporter.write_line(f"tested: {path}, seed {Folder.seed}: {points}")
