"""In a page: one task, written in a field of a web page and judged by its own checks, in the same interpreter.

    judged("04", "4.2", source)      what the page says of it

The file that is judged is the reader's function, and behind it the chapter without its own: all other functions are the
book's. So line numbers are those of the field, and tasks can be done in any order.
"""

from __future__ import annotations

from pathlib import Path

from nfscratch.course.blanks import body
from nfscratch.course.sandbox.here import InProcess
from nfscratch.course.seeds import chosen
from nfscratch.course.selfcheck import Mark, Setting, Status, judge
from nfscratch.course.submission import Submission
from nfscratch.course.summary import told
from nfscratch.course.task import Assignment, Task, assignment
from nfscratch.course.variant import Variant


def judged(number: str, id: str, source: str, seed: int | None = None) -> str:
    """The verdict of the checks of task `id` on a function's source, in the words of the self-check."""
    given = assignment(number)
    task = given.task(id)
    setting = Setting(Variant.plain(given), child=InProcess)
    submission = Submission(Path("your cell"), together(given, task, source))
    return said(judge(given, task, submission, chosen(seed), setting))


def together(given: Assignment, task: Task, source: str) -> str:
    """The reader's function, and the chapter without its own."""
    place, lines = body(given.text, task.function), given.text.splitlines()
    return "\n".join([source.rstrip(), "", *lines[: place.start - 1], *lines[place.last :], ""])


def said(mark: Mark) -> str:
    if mark.status is Status.PASSED:
        return f"Task {mark.task.id} passes: {mark.earned} of {mark.task.points} points."
    if mark.status is Status.UNWRITTEN:
        return f"Task {mark.task.id} is not written yet: put the body in the place of the line that raises."
    assert mark.fault is not None
    return "\n".join(told(mark, mark.fault))
