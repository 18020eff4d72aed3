"""Grade: all submissions of a folder, several at a time. A second run goes on where the first was stopped.

Every submission has its own seed, made from the run's seed and its name, so two students cannot share the answers to
fixed inputs. Every run draws a seed of its own, too: the messages of one run show digits of its inputs, and a file that
is judged again must not meet them again. A result that is still valid stays, with the seed that it was judged by.
grading.json keeps the seeds of all runs; a run that is given one of them asks the same questions again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import signal
import threading
import time
import zlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from nfscratch.checkpoint import atomic
from nfscratch.course import properties
from nfscratch.course.grading.collect import EACH, NOTES, Handed
from nfscratch.course.grading.graded import Graded, GradedCheck, GradedTask, earlier, key_of, of_mark
from nfscratch.course.judging.fault import Kind
from nfscratch.course.properties import checks_of
from nfscratch.course.seeds import chosen
from nfscratch.course.selfcheck import Mark, Setting, judge_each
from nfscratch.course.submission import Submission, read
from nfscratch.course.task import Task, assignment
from nfscratch.course.variant import Variant


@dataclass(frozen=True)
class Job:
    """What is the same for all submissions."""

    number: str  # of the chapter
    ids: tuple[str, ...]  # of the tasks
    variant: int | None
    seed: int
    repeats: bool = False  # whether the seed was given: then a result of another seed is not valid

    def tasks(self) -> list[Task]:
        found = assignment(self.number)
        return [found.task(id) for id in self.ids]

    def seed_of(self, id: str) -> int:
        """A submission's own seed."""
        return zlib.crc32(f"{self.seed} {id}".encode())


def job(number: str, ids: Sequence[str], variant: int | None, seed: int | None, results: Path) -> Job:
    """A run's job, noted in grading.json; without a seed it has a fresh one."""
    found = assignment(number)
    ids = tuple(found.task(id).id for id in ids) or tuple(task.id for task in found.tasks)
    Variant.of(found, variant)  # a number that is none is refused here, and not for each student
    made = Job(found.number, ids, variant, chosen(seed), seed is not None)
    results.mkdir(parents=True, exist_ok=True)
    kept = results / NOTES
    settings = {"chapter": made.number, "tasks": ids, "variant": variant, "seeds": [*_seeds(kept), made.seed]}
    atomic.write(kept, [f"{json.dumps(settings, indent=1)}\n".encode()])
    return made


def _seeds(kept: Path) -> list[int]:
    """The seeds of earlier runs into the same folder."""
    try:
        return [int(seed) for seed in json.loads(kept.read_text(encoding="utf-8"))["seeds"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def grade(
    handed: Sequence[Handed], what: Job, results: Path, workers: int | None = None,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> list[Graded]:  # fmt: skip
    """Judge all submissions; each result is written as soon as it is there. tell(done, of) moves a progress bar."""
    done: dict[str, Graded] = {}
    with contextlib.closing(_each(handed, what, results, workers or os.cpu_count() or 1)) as each:
        for found in each:
            done[found.id] = found
            tell(len(done), len(handed))
    return [done[one.id] for one in handed]


def _each(handed, what, results, workers) -> Generator[Graded]:
    if workers == 1:
        yield from (grade_one(one, what, results) for one in handed)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _begin_worker) as pool:
        futures = [pool.submit(grade_one, one, what, results) for one in handed]
        try:
            yield from (future.result() for future in as_completed(futures))
        finally:  # after Ctrl-C, too: what is at hand is judged to its end, and nothing else is begun
            pool.shutdown(cancel_futures=True)


def _begin_worker():
    """A worker leaves Ctrl-C to the command, and ends where the command was killed: idle ones would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(command):
    command.join()
    os._exit(1)


def grade_one(one: Handed, what: Job, results: Path) -> Graded:
    """The result of one submission, from an earlier run where that is still valid."""
    submission, trouble = _read(one)
    key = key_of(one.id, what.variant, trouble or submission.text, _rules(what))
    file = results / EACH / f"{one.id}.json"
    kept = earlier(file, key)
    if kept is not None and not (what.repeats and kept.seed != what.seed_of(one.id)):
        return kept
    found = _judged(one, submission, trouble, what, key)
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(file, [found.as_json().encode()])
    return found


def _read(one):
    """The submission and "", or None and why there is none."""
    if one.path is None:
        return None, one.trouble
    try:
        return read(one.path), ""
    except (ValueError, OSError) as error:
        return None, f"{error}"


def _rules(what):
    """What decides the tasks: another task file or another check may give another grade."""
    checks = (Path(properties.__file__).parent / f"ch{what.number}").glob("*.py")
    return [what.tasks(), [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(checks)]]


def _judged(one, submission: Submission | None, trouble, what, key):
    began = time.monotonic()
    found = assignment(what.number)
    seed, setting = what.seed_of(one.id), Setting(Variant.of(found, what.variant), every=True)
    if submission is None:
        tasks = tuple(_nothing(what.number, task, trouble) for task in what.tasks())
        return Graded(one.id, _shown(one.path or ""), seed, key, 0.0, tasks, _shown(trouble))
    try:
        marks = list(judge_each(found, what.tasks(), submission, seed, setting))
        tasks, trouble = tuple(map(of_mark, marks)), _unloaded(marks)
    except Exception as error:  # of any kind: it costs this submission its points, and no other
        trouble = f"it could not be judged: {type(error).__name__}: {error}"
        tasks = tuple(_nothing(what.number, task, trouble) for task in what.tasks())
    seconds = round(time.monotonic() - began, 2)
    return Graded(one.id, _shown(submission.path), seed, key, seconds, tasks, _shown(trouble))


def _shown(words) -> str:
    """What a file in UTF-8 can hold: a path may have bytes that are none."""
    return str(words).encode("utf-8", "replace").decode()


def _unloaded(marks: list[Mark]) -> str:
    """Why the file could not be used at all, or ""."""
    fault = marks[0].fault
    if fault is None or fault.kind is not Kind.UNLOADED:
        return ""
    return "; ".join(line.strip() for line in [fault.name, *fault.lines])


def _nothing(number, task, trouble):
    """A task that earns nothing, and why."""
    checks = [GradedCheck(c.name, c.title, c.points, 0, "not judged", trouble) for c in checks_of(number, task)]
    return GradedTask(task.id, task.function, "fails", tuple(checks))
