"""Homework: a student's folder. Which file is tested, which tasks it has, and in which variant.

handout.toml says it where the folder is a handout; without it, a file called chNN_*.py is that chapter's, as it is in
the book.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nfscratch.course.submission import Submission, read
from nfscratch.course.task import Assignment, Task, assignment
from nfscratch.course.variant import Variant

NAME = re.compile(r"ch(\d\d)_\w*\.(py|ipynb)")


@dataclass(frozen=True)
class Homework:
    path: Path  # of the file that is tested
    assignment: Assignment
    tasks: tuple[Task, ...]
    variant: Variant

    def submission(self) -> Submission:
        return read(self.path)

    def task(self, id: str) -> Task:
        """One of the tasks of this folder."""
        found = self.assignment.task(id)
        if found not in self.tasks:
            raise ValueError(f"task {id} is not in this handout; it has {', '.join(t.id for t in self.tasks)}")
        return found


def homework(folder: Path, number: str | None = None, file: Path | None = None) -> Homework:
    """The homework in a folder. number: its chapter, where there are several; file: the file to test."""
    path = _checked(file if file is not None else _found(folder, number)).resolve()
    matched = NAME.fullmatch(path.name)
    settings = _settings(path.parent / "handout.toml")
    chapter = str(settings.get("chapter", matched[1] if matched else number or ""))
    if number is not None and chapter.lstrip("0") != number.lstrip("0"):
        raise ValueError(f"{path} is of chapter {chapter or 'no number'}, not of {number}")
    if not chapter:
        raise ValueError(f"{path.name} must be called chNN_name.py, or stand beside a handout.toml")
    found = assignment(chapter)
    if matched and matched[1] != found.number:
        raise ValueError(f"{path} is of chapter {matched[1]} by its name, and handout.toml beside it of {found.number}")
    tasks = tuple(found.task(id) for id in settings["tasks"]) if "tasks" in settings else found.tasks
    return Homework(path, found, tasks, Variant.of(found, settings.get("variant")))


def target(text: str | None) -> tuple[str | None, Sequence[str]]:
    """What "4.2", "4" and nothing mean: a chapter, and the tasks of it (none: all)."""
    if text is None:
        return None, []
    if re.fullmatch(r"[0-9]+\.[0-9]+", text):
        return text.split(".")[0], [text]
    if re.fullmatch(r"[0-9]+", text):
        return text, []
    raise ValueError(f"what is checked must be a task, such as 4.2, or a chapter, such as 4; got {text!r}")


def _checked(file):
    if file.is_file():
        return file
    if file.exists():
        raise ValueError(f"{file} must be a file; it is {'a folder' if file.is_dir() else 'something else'}")
    raise ValueError(f"{file} is a link that leads to no file" if file.is_symlink() else f"there is no file {file}")


def _found(folder, number):
    """The one chapter file in a folder."""
    if not folder.is_dir():
        raise ValueError(f"{folder} must be a folder" if folder.exists() else f"there is no folder {folder}")
    files = sorted(path for path in folder.glob("ch[0-9][0-9]_*") if _is_of(NAME.fullmatch(path.name), number))
    if len(files) == 1:
        return files[0]
    which = "of a chapter" if number is None else f"of chapter {number}"
    if not files:
        raise ValueError(f"{folder} has no file {which}; write one with: nfscratch handout {number or '04'} -o hw")
    names = ", ".join(path.name for path in files)
    raise ValueError(f"{folder} has several files {which}: {names}; name one with --file")


def _is_of(matched, number):
    return matched is not None and (number is None or int(matched[1]) == int(number))


def _settings(file):
    if not file.is_file():
        return {}
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error
    kinds = {"chapter": str, "tasks": list, "variant": int}
    for key, value in found.items():
        if type(value) is not kinds.get(key):
            raise ValueError(f"{file}: {key} = {value!r} is not a setting of a handout")
    return found
