"""Planted: bodies that students might write, by chapter: right ones in other words, and mistakes with their names."""

import textwrap
from dataclasses import dataclass
from functools import cache

from nfscratch.course.blanks import bodies, body
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
        place, lines = place_of(text, function), text.splitlines()
        mine = textwrap.indent(textwrap.dedent(self.code).strip("\n"), "    ").splitlines()
        return "\n".join([*lines[: place.first - 1], *mine, *lines[place.last :]]) + "\n"

    def __repr__(self):
        return f"{self.task} {self.what}"


place_of = cache(body)
read_once = cache(assignment)  # a hundred slips of the pen stand in fifteen chapters


@cache
def own_bodies(number):
    """The lines of the chapter's own body of each task's function."""
    found = read_once(number)
    lines, places = found.text.splitlines(), bodies(found.text, [task.function for task in found.tasks])
    return {f: "\n".join(lines[place.first - 1 : place.last]) for f, place in places.items()}


def changed(number, task, old, new, name=None):
    """The chapter's own body with one piece of it replaced: a slip of the pen."""
    code = own_bodies(number)[read_once(number).task(task).function]
    if old not in code:
        raise ValueError(f"the body of task {task} must hold {old!r}")
    return Planted(task, f"{new} for {old}", code.replace(old, new), name)
