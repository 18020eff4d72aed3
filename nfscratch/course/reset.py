"""Reset: one task's function as the handout had it, in the student's file. The file as it was is kept beside it."""

from __future__ import annotations

import json
from pathlib import Path

from nfscratch.checkpoint import atomic
from nfscratch.course.blanks import body
from nfscratch.course.handout import stub_of
from nfscratch.course.homework import Homework
from nfscratch.course.submission import text_of
from nfscratch.course.task import Task


def reset(work: Homework, task: Task) -> Path:
    """Put the stub back; the path of the copy that holds the file as it was."""
    function = work.variant.name_of(task)
    lines = stub_of(work.assignment, task, work.variant)
    old = text_of(work.path)
    change = _in_notebook if work.path.suffix == ".ipynb" else _in_script
    new = change(old, function, lines)
    copy = _free(work.path)
    as_it_was = work.path.read_bytes()
    atomic.write(copy, [as_it_was])  # whole, or not at all, and before the file is touched
    atomic.write(work.path, [(new.replace("\n", "\r\n") if b"\r\n" in as_it_was else new).encode()])
    return copy


def _in_script(text, function, lines):
    place, old = body(text, function), text.splitlines()
    return "\n".join([*old[: place.start - 1], *lines, *old[place.last :]]) + "\n"


def _in_notebook(text, function, lines):
    book = json.loads(text)
    for cell in book["cells"]:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] == "code" and f"def {function}(" in source:
            cell["source"] = _in_script(source, function, lines).rstrip("\n").splitlines(keepends=True)
            return json.dumps(book, indent=1) + "\n"
    raise ValueError(f"no cell of the notebook defines {function}")


def _free(path):
    """A name for the copy that no file has yet."""
    for k in range(1, 1000):
        copy = path.with_name(f"{path.name}.before_reset_{k}")
        if not copy.exists():
            return copy
    raise ValueError(f"remove some of the copies of {path.name} that end in .before_reset")
