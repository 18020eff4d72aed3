"""Checking: the self-check as a command: each task as soon as it is judged, and again whenever the file is saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from nfscratch.course.blanks import definition
from nfscratch.course.homework import Homework
from nfscratch.course.seeds import chosen, fresh_seed
from nfscratch.course.selfcheck import Mark, Setting, Status, judge_each
from nfscratch.course.summary import ending, line, message, shown_in_full
from nfscratch.course.task import Task

Say = Callable[[str], None]
EVERY = 0.25  # seconds between two looks at a file
FEW = 2  # functions that have changed: more are no edit, but another file


def check(work: Homework, tasks: Sequence[Task], seed: int | None, say: Say) -> list[Mark]:
    """Judge some tasks, and say what came of each."""
    seed = chosen(seed)
    submission, marks = work.submission(), []
    say(f"{work.path}, seed {seed}")
    for mark in judge_each(work.assignment, tasks, submission, seed, Setting(work.variant)):
        marks.append(mark)
        first = shown_in_full(marks)
        say(line(marks[-1], first))
        if first is marks[-1]:
            say(f"\n{message(first, work.path)}\n")
    say(ending(marks))
    return marks


def watch(
    find: Callable[[], Homework], ids: Sequence[str], say: Say, wait: Callable[[float], None] = time.sleep
) -> None:
    """Check again whenever the file is saved, until Ctrl-C: first what has changed, then what was open, then all.

    find: gives the homework anew; ids: the tasks to check, none for all. A file that cannot be read is said, and waited
    for.
    """
    seen, current, before = None, None, ""
    while True:
        work = find()
        stamp = _stamp(work.path)
        if stamp != seen:
            tasks, text = [work.task(id) for id in ids] or list(work.tasks), _text(work)
            changed = [task for task in tasks if _changed(work, task, before, text)]
            changed = changed if len(changed) <= FEW else []
            first = [*changed, *(task for task in tasks if task == current and task not in changed)]
            seen, before = stamp, text
            current = _round(work, tasks, first, say)
            say("(waiting for the next change; Ctrl-C ends)")
        wait(EVERY)


def _round(work, tasks, first, say):
    """One check, of `first` and then of all; the task that is open after it, or None."""
    try:
        for task in first:
            if not _passes(check(work, [task], None, say)[0]):
                return task
        marks = check(work, tasks, None, say)
    except (ValueError, OSError) as error:
        say(f"{error}")
        return first[0] if first else None
    return next((mark.task for mark in marks if not _passes(mark)), None)


def _text(work):
    """The file's code, or "" where it cannot be read: the check says why."""
    try:
        return work.submission().text
    except (ValueError, OSError):
        return ""


def _changed(work, task, before, now):
    """Whether a task's function is another than before, in two files that can be read."""
    try:
        name = work.variant.name_of(task)
        return definition(before, name) != definition(now, name)
    except ValueError:
        return False


def _passes(mark):
    return mark.status is Status.PASSED


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def progress(work: Homework, say: Say) -> list[Mark]:
    """A table of all tasks: what is done, and what is left."""
    seed, submission = fresh_seed(), work.submission()
    marks = list(judge_each(work.assignment, work.tasks, submission, seed, Setting(work.variant)))
    done = [mark for mark in marks if _passes(mark)]
    say(f"{work.path}, seed {seed}")
    for mark in marks:
        left = "" if _passes(mark) else f"   about {mark.task.minutes} minutes"
        say(f"  {'x' if _passes(mark) else ' '} {mark.task.id:5} {mark.function:30} {mark.status:16}{left}")
    say(f"{len(done)} of {len(marks)} tasks, {ending(marks)}")
    return marks
