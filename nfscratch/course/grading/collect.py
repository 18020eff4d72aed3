"""Collect: which file of a folder is whose. One file for each student, or one folder for each student."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nfscratch.course.homework import NAME

SUFFIXES = (".py", ".ipynb")
IGNORED = (".", "_", "test_")  # what a name begins with
LONGEST = 150  # characters of an id, which becomes the name of a file
EACH, NOTES = "submissions", "grading.json"  # what grade writes into its results: a folder, and the run's settings
TAKEN = (EACH, "results", "grades.csv", "class_report.md", "class_report.png", NOTES, "junit.xml")


@dataclass(frozen=True)
class Handed:
    """What one student handed in. `path` is None where there is no file to judge, and `trouble` says why."""

    id: str
    path: Path | None
    trouble: str = ""


def collected(folder: Path, number: str, results: Path | None = None) -> list[Handed]:
    """The submissions of a chapter, by name. A ValueError says that the folder has none.

    folder/alice.py, folder/bob.ipynb, and folder/carol/.../ch04_coupling.py: the file in a student's folder that has
    the chapter's name, or the only script or notebook there is. A file whose name says another chapter is not judged.
    What grade has written, into `results` or another folder, is nobody's submission.
    """
    _check_folder(folder)
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith(IGNORED))
    entries = [entry for entry in entries if not _is_of_grade(entry, results)]
    found = [_handed(entry, number) for entry in entries if entry.is_dir() or entry.suffix in SUFFIXES]
    if not found:
        raise ValueError(f"{folder} holds no submission: no .py, no .ipynb, and no folder")
    return _with_different_names(found)


def chapter_in(folder: Path) -> str:
    """The chapter whose files lie in a folder, by their names. A ValueError asks for it where that is not one."""
    _check_folder(folder)
    numbers = _chapters_in(folder)
    if len(numbers) != 1:
        words = f"there are files of {' and '.join(numbers)}" if numbers else "no file is called chNN_name.py"
        raise ValueError(f"say which chapter these are, with --chapter: {words}")
    return numbers[0]


def check_chapter(folder: Path, number: str, handed: Sequence[Handed]) -> None:
    """Raise a ValueError where the files' names say other chapters, so that nobody's could be judged as this one."""
    others = _chapters_in(folder)
    if others and number not in others and all(one.path is None for one in handed):
        raise ValueError(f"by their names the files are of chapter {' and '.join(others)}, and --chapter says {number}")


def check_apart(folder: Path, results: Path) -> None:
    """Raise a ValueError where the results would be written among the submissions."""
    if os.path.realpath(folder) in (os.path.realpath(results), os.path.realpath(results / EACH)):
        raise ValueError(
            f"-o must be a folder apart from the submissions, for grade writes into it and its folder {EACH}; "
            f"got {results}"
        )


def _check_folder(folder):
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")


def _chapters_in(folder):
    """The chapters that names of files say, in order."""
    return sorted({number for path in folder.rglob("ch[0-9][0-9]_*") if (number := _chapter_of(path))})


def _chapter_of(path):
    """The chapter that a file's name says: "04" for ch04_coupling.py; None where it says none."""
    matched = NAME.fullmatch(path.name)
    return matched[1] if matched else None


def _is_of_grade(entry, results):
    """Whether a folder holds the results of a run, and nobody's file."""
    if entry.is_symlink() or not entry.is_dir() or any(path.suffix in SUFFIXES for path in _files_in(entry)):
        return False
    here = results is not None and Path(os.path.realpath(results)).is_relative_to(os.path.realpath(entry))
    return here or any(entry.rglob(NOTES)) or (entry.name == EACH and (entry.parent / NOTES).is_file())


def _files_in(folder):
    return (path for path in folder.rglob("*") if path.is_file())


def _handed(entry, number):
    if entry.is_symlink():  # it may lead to somebody else's work, or out of the folder
        id = entry.stem if entry.suffix in SUFFIXES else entry.name
        return Handed(id, None, f"{entry.name} is a link, and not a file or a folder")
    if entry.is_file():
        return _of_chapter(entry.stem, entry, number)
    files = sorted(path for path in _files_in(entry) if path.suffix in SUFFIXES)
    files = [path for path in files if path.resolve().is_relative_to(entry.resolve())]  # no link to somebody else's
    files = [path for path in files if not any(part.startswith(IGNORED) for part in path.relative_to(entry).parts)]
    choice = _likeliest(files, number)
    if len(choice) == 1:
        return _of_chapter(entry.name, choice[0], number)
    words = "no script and no notebook" if not choice else f"several files: {', '.join(p.name for p in choice[:4])}"
    return Handed(entry.name, None, f"{entry.name} holds {words}")


def _likeliest(files, number):
    """The files whose names say this chapter; else those whose names say none; else those of other chapters."""
    for said in (number, None):
        if some := [path for path in files if _chapter_of(path) == said]:
            return some
    return files


def _of_chapter(id, path, number):
    said = _chapter_of(path)
    if said not in (number, None):
        return Handed(id, None, f"{path.name} is of chapter {said} by its name, and not of {number}")
    return Handed(id, path)


def _with_different_names(found):
    """alice.py and alice.ipynb are two submissions: both keep their endings in their names."""
    names = [handed.id for handed in found]
    kept = [h if names.count(h.id) == 1 or h.path is None else Handed(h.path.name, h.path) for h in found]
    return [replace(h, id=id) for h, id in zip(kept, _ids([h.id for h in kept]), strict=True)]


def _ids(names):
    """Names that any file system, table and terminal takes, each another; not those of the grader's own files."""
    ids: list[str] = []
    for name in names:
        id = "".join(c if c.isprintable() else "?" for c in name.encode("utf-8", "replace").decode())[:LONGEST]
        while id in ids or id in TAKEN:
            id += "_"
        ids.append(id)
    return ids
