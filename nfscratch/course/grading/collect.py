"""Collect: which file of a folder is whose. One file for each student, or one folder for each student."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from nfscratch.course.homework import NAME

SUFFIXES = (".py", ".ipynb")
IGNORED = (".", "_", "test_")  # what a name begins with
LONGEST = 150  # characters of an id, which becomes the name of a file
TAKEN = ("submissions", "results", "grades.csv", "class_report.md", "class_report.png", "grading.json", "junit.xml")


@dataclass(frozen=True)
class Handed:
    """What one student handed in. `path` is None where there is no file to judge, and `trouble` says why."""

    id: str
    path: Path | None
    trouble: str = ""


def collected(folder: Path, number: str) -> list[Handed]:
    """The submissions of a chapter, by name. A ValueError says that the folder has none.

    folder/alice.py, folder/bob.ipynb, and folder/carol/.../ch04_coupling.py: the file in a student's folder that has
    the chapter's name, or the only script or notebook there is.
    """
    _check_folder(folder)
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith(IGNORED))
    found = [_handed(entry, number) for entry in entries if entry.is_dir() or entry.suffix in SUFFIXES]
    if not found:
        raise ValueError(f"{folder} holds no submission: no .py, no .ipynb, and no folder")
    return _with_different_names(found)


def chapter_in(folder: Path) -> str:
    """The chapter whose files lie in a folder, by their names. A ValueError asks for it where that is not one."""
    _check_folder(folder)
    names = (NAME.fullmatch(path.name) for path in folder.rglob("ch[0-9][0-9]_*"))
    numbers = sorted({matched[1] for matched in names if matched})
    if len(numbers) != 1:
        words = f"there are files of {' and '.join(numbers)}" if numbers else "no file is called chNN_name.py"
        raise ValueError(f"say which chapter these are, with --chapter: {words}")
    return numbers[0]


def _check_folder(folder):
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")


def _handed(entry, number):
    if entry.is_symlink():  # it may lead to somebody else's work, or out of the folder
        id = entry.stem if entry.suffix in SUFFIXES else entry.name
        return Handed(id, None, f"{entry.name} is a link, and not a file or a folder")
    if entry.is_file():
        return Handed(entry.stem, entry)
    files = sorted(path for path in entry.rglob("*") if path.is_file() and path.suffix in SUFFIXES)
    files = [path for path in files if path.resolve().is_relative_to(entry.resolve())]  # no link to somebody else's
    files = [path for path in files if not any(part.startswith(IGNORED) for part in path.relative_to(entry).parts)]
    named = [path for path in files if (m := NAME.fullmatch(path.name)) and int(m[1]) == int(number)]
    choice = named or files
    if len(choice) == 1:
        return Handed(entry.name, choice[0])
    words = "no script and no notebook" if not choice else f"several files: {', '.join(p.name for p in choice[:4])}"
    return Handed(entry.name, None, f"{entry.name} holds {words}")


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
