"""Summary: what a self-check says. A line for each task; the first mistake in full; the others wait.

Task 4.2  affine_inverse: it multiplies by the scale
      yours [0.31, -1.2]   should be [0.31, 0.4]   (inverse(forward(z)) against z)
      at z = [0.31, 0.4]   (D = 2; also at D = 5)
      Hint: What undoes a multiplication?
      File: /home/me/hw4/ch04_coupling.py
      Repeat with: nfscratch check 4.2 --seed 2306073760
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.shown import plain
from nfscratch.course.selfcheck import Mark, Status


def message(mark: Mark, path: Path, repeat: str = "nfscratch check {id} --seed {seed}") -> str:
    """A mark's fault in full. repeat: the command that asks the same questions again."""
    lines = told(mark, mark.fault or Fault("it passes")) + [f"      File: {path}"]
    lines += [f"      Your code printed:\n{_indented(mark.printed)}"] * bool(mark.printed.strip())
    return "\n".join([*lines, "      Repeat with: " + repeat.format(id=mark.task.id, seed=mark.seed)])


def told(mark: Mark, fault: Fault) -> list[str]:
    """One fault of a task: its name, the numbers, and a hint."""
    title = f"Task {mark.task.id}  {mark.function}: {fault.name}"
    return [title, *fault.lines, f"      Hint: {fault.hint or mark.task.hint}"]


def _indented(text):
    return "\n".join(f"        {plain(line, 200)}" for line in text.rstrip().splitlines())


def line(mark: Mark, first: Mark | None) -> str:
    """One task in a line. first: the mark whose mistake is shown in full, if there is one before."""
    return f"  {mark.task.id:5} {mark.function:30} {_said(mark, first)}"


def _said(mark, first):
    if mark.status is Status.PASSED:
        return f"passes         {mark.earned} of {mark.task.points} points"
    if mark.status is Status.WAITING and mark.fault:
        return f"waits for {mark.fault.waits_for}, whose function it calls"
    if mark.status is Status.UNWRITTEN:
        return Status.UNWRITTEN
    return "FAILS" if first is None or first is mark else f"waits for {first.task.id}"


def shown_in_full(marks: Iterable[Mark]) -> Mark | None:
    """The first task that fails by itself."""
    return next((mark for mark in marks if mark.status is Status.FAILED), None)


def ending(marks: Sequence[Mark]) -> str:
    """The last line: points, and what comes next."""
    earned, points = sum(m.earned for m in marks), sum(m.task.points for m in marks)
    open_tasks = [m for m in marks if m.status is Status.UNWRITTEN]
    ends = f"{earned} of {points} points"
    if shown_in_full(marks) is not None or not open_tasks:
        return ends
    task = open_tasks[0].task
    return f"{ends}. Next: task {task.id}, {open_tasks[0].function}: {task.ask}"
