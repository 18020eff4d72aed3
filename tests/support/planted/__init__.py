"""Planted: bodies that students might write, by chapter: right ones in other words, and mistakes with their names."""

import textwrap
from dataclasses import dataclass

from nfscratch.course.blanks import body
from nfscratch.course.task import assignment


@dataclass(frozen=True)
class Planted:
    """A body for a task's function. name: the mistake as the self-check says it; None: the body is right."""

    task: str
    what: str
    code: str
    name: str | None = None

    def in_text(self, text, function):
        """The chapter's text with this body in its place."""
        place, lines = body(text, function), text.splitlines()
        mine = textwrap.indent(textwrap.dedent(self.code).strip("\n"), "    ").splitlines()
        return "\n".join([*lines[: place.first - 1], *mine, *lines[place.last :]]) + "\n"

    def __repr__(self):
        return f"{self.task} {self.what}"


def changed(number, task, old, new, name=None):
    """The chapter's own body with one piece of it replaced: a slip of the pen."""
    found = assignment(number)
    place = body(found.text, found.task(task).function)
    code = "\n".join(found.text.splitlines()[place.first - 1 : place.last])
    if old not in code:
        raise ValueError(f"the body of task {task} must hold {old!r}")
    return Planted(task, f"{new} for {old}", code.replace(old, new), name)
