"""Task: one function of a chapter that a student writes, as tasks/chNN.toml declares it.

    [[task]]
    id = "4.2"                       the chapter's number, and a place in the order in which tasks are done
    function = "affine_inverse"      a plain function of the chapter, with a docstring
    ask = "z by equation (3), ..."   what the stub says is to be written
    hint = "..."                     one sentence that is not the answer
    minutes = 10                     for a student who has read the text
    needs = ["4.1"]                  tasks whose functions this one calls (left out: none)
    note = "..."                     what the text does not say, as a comment in the stub (left out: nothing)
    also_called = ["undo_affine"]    the function's names in a variant of the handout
    checks = { undoes = 2, log_det = 1 }    points for each check: `undoes` in properties/ch04/affine_inverse.py
    only_with = { log_det = "undoes" }      points that count only where an earlier check passes, for an answer that is
                                     no work (0, or the argument itself) is right there (left out: none)

    [[constant]]                     what a variant changes: every `places` stands in the chapter, with {} for the value
    name = "slope"
    value = "0.3"
    choices = ["0.2", "0.25"]
    places = ["leaky_relu_forward(z, a={})"]

A file that breaks these rules is refused with a ValueError that names the file, the task and the rule.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nfscratch import chapter
from nfscratch.course.renaming import ambiguous

TASKS = Path(__file__).with_name("tasks")
REQUIRED = {"id": str, "function": str, "ask": str, "hint": str, "minutes": int, "checks": dict}
OPTIONAL = {"needs": list, "note": str, "also_called": list, "only_with": dict}
OF_CONSTANT = {"name": str, "value": str, "choices": list, "places": list}


@dataclass(frozen=True)
class Task:
    id: str
    function: str
    ask: str
    hint: str
    minutes: int
    checks: dict[str, int]  # points by the check's name
    needs: tuple[str, ...] = ()
    note: str = ""
    also_called: tuple[str, ...] = ()
    only_with: dict[str, str] = field(default_factory=dict)  # a check -> the earlier one that has to pass too

    @property
    def points(self) -> int:
        return sum(self.checks.values())


@dataclass(frozen=True)
class Constant:
    name: str
    value: str
    choices: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """The tasks of one chapter, in order."""

    number: str  # "04"
    path: Path  # of the chapter
    tasks: tuple[Task, ...]
    constants: tuple[Constant, ...] = ()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def task(self, id: str) -> Task:
        for task in self.tasks:
            if task.id == id:
                return task
        raise ValueError(f"chapter {self.number} has no task {id!r}; it has {', '.join(t.id for t in self.tasks)}")


def assigned() -> list[str]:
    """The numbers of the chapters that have tasks: ["01", "04"]."""
    return sorted(path.stem[2:] for path in TASKS.glob("ch[0-9][0-9].toml"))


def assignment(name: str) -> Assignment:
    """The tasks of a chapter, by its name or its number."""
    path = chapter.find(name)
    number = path.stem[2:4]
    if number not in assigned():
        raise ValueError(f"chapter {number} has no tasks yet; these have: {', '.join(assigned())}")
    return read(TASKS / f"ch{number}.toml", path)


def read(file: Path, path: Path) -> Assignment:
    """A task file, checked. path: the chapter that it belongs to."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        _allowed("the file", data, {"task": list, "constant": list}, {"task"})
        tasks = tuple(_task(table, k, file.stem[2:]) for k, table in enumerate(data["task"]))
        constants = tuple(_constant(table) for table in data.get("constant", []))
        found = Assignment(file.stem[2:], path, tasks, constants)
        _in_order(found)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise ValueError(f"{file.name}: {error}") from error
    return found


def _task(table, place, number):
    where = f"task {table.get('id', place + 1)}"
    _allowed(where, table, REQUIRED | OPTIONAL, set(REQUIRED))
    if table["id"] != f"{int(number)}.{place + 1}":
        raise ValueError(f"{where}: id must be '{int(number)}.{place + 1}', for tasks are numbered in order")
    for key in ("ask", "hint"):
        if not table[key].strip():
            raise ValueError(f"{where}: {key} must be a sentence; got {table[key]!r}")
    if any(character in table["ask"] for character in '"\\\n'):
        raise ValueError(f"{where}: ask must be one line without double quotes and backslashes; got {table['ask']!r}")
    if table["minutes"] < 1:
        raise ValueError(f"{where}: minutes must be at least 1; got {table['minutes']}")
    _check_points(where, table["checks"])
    _check_pairs(where, list(table["checks"]), table.get("only_with", {}))
    lists = {key: tuple(table.get(key, ())) for key in ("needs", "also_called")}
    return Task(**{**table, **lists})


def _check_points(where, checks):
    if not checks:
        raise ValueError(f"{where}: checks must name at least one check")
    for name, points in checks.items():
        if type(points) is not int or points < 1:
            raise ValueError(f"{where}: the points of check {name!r} must be a whole number from 1 up; got {points!r}")


def _check_pairs(where, checks, pairs):
    for name, other in pairs.items():
        if name not in checks or other not in checks[: checks.index(name)]:
            raise ValueError(f"{where}: only_with must name a check and an earlier one; got {name!r} and {other!r}")


def _constant(table):
    where = f"constant {table.get('name', '')}".strip()
    _allowed(where, table, OF_CONSTANT, set(OF_CONSTANT))
    for key in ("value", "choices"):
        for text in [table[key]] if key == "value" else table[key]:
            float(text)
    if any(place.count("{}") != 1 for place in table["places"]):
        raise ValueError(f"{where}: every place must hold {{}} once, where the value stands")
    return Constant(table["name"], table["value"], tuple(table["choices"]), tuple(table["places"]))


def _allowed(where: str, table: dict[str, Any], kinds: dict[str, type], required: set[str]) -> None:
    if lacking := sorted(required - set(table)):
        raise ValueError(f"{where}: {', '.join(lacking)} must be given")
    if unknown := sorted(set(table) - set(kinds)):
        raise ValueError(f"{where}: {unknown[0]!r} is not one of {', '.join(kinds)}")
    for key, value in table.items():
        if type(value) is not kinds[key]:
            raise ValueError(f"{where}: {key} must be of type {kinds[key].__name__}; got {value!r}")


def _in_order(found):
    """Functions stand in the chapter, once each; a task needs earlier ones; a variant's names are new."""
    text, done = found.text, set()
    words, defined = set(re.findall(r"\w+", text)), re.findall(r"^def (\w+)\(", text, re.MULTILINE)
    for task in found.tasks:
        if defined.count(task.function) != 1:
            raise ValueError(f"task {task.id}: the chapter must define {task.function} once, at top level")
        if late := [id for id in task.needs if id not in done]:
            raise ValueError(f"task {task.id}: needs must name earlier tasks; got {late[0]!r}")
        if taken := [name for name in task.also_called if name in words]:
            raise ValueError(f"task {task.id}: also_called must be new names; the chapter has {taken[0]!r}")
        done.add(task.id)
    if (name := ambiguous(text, [task.function for task in found.tasks if task.also_called])) is not None:
        raise ValueError(f"{name} cannot have also_called, for the chapter gives that name to something else too")
    for constant in found.constants:
        for place in constant.places:
            if place.format(constant.value) not in text:
                raise ValueError(f"constant {constant.name}: the chapter has no {place.format(constant.value)!r}")
