"""Exhibit: a work that is right, and the bugs that it can have, as works/NAME.py and works/NAME.toml declare them.

kind = "map"               layer(rng) gives (forward, inverse); "density": (forward, inverse, log_prob);
                           "function": one function, which is no map
given = "..."              what the layer takes and gives, for those who write a check (a map has this text by itself)
dims = [2, 5]              where a map is audited
asks = ["file.function"]   our checks of a function, in asks/
axes = [2, 0]              how many axes each argument has: two for a matrix, none for a number; without it, one (N, D)
[options]                  of nf.check.audit

[[bug]]                    name, title, story, cost, lesson; source: where it was found, as far as that is known
changes = [["right", "wrong"]]       each right text stands once in the work
[[also]]                   name, changes: other mutants of the same work, for the quiz
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

WORKS = Path(__file__).with_name("works")
Changes = tuple[tuple[str, str], ...]


class Form(StrEnum):
    """What a layer(rng) gives."""

    MAP = "map"
    DENSITY = "density"
    FUNCTION = "function"


GIVEN = {
    Form.MAP: "forward(z) and inverse(x) take arrays (N, D), D from 1 to 16",
    Form.DENSITY: "forward(z), inverse(x) and log_prob(x) take arrays (N, D), D from 1 to 16",
}


@dataclass(frozen=True)
class Mutant:
    name: str
    changes: Changes


@dataclass(frozen=True)
class Bug(Mutant):
    """A mutant with a story."""

    title: str
    story: str
    cost: str
    lesson: str
    source: tuple[str, ...] = ()  # "library#issue"


@dataclass(frozen=True)
class Work:
    name: str
    text: str
    kind: Form
    given: str
    bugs: tuple[Bug, ...]
    also: tuple[Mutant, ...] = ()
    dims: tuple = ()
    asks: tuple[str, ...] = ()
    axes: tuple[int, ...] = (2,)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def most(self) -> int:
        """The largest argument that a check may pass, in numbers: a function may take all pairs of rows."""
        return 4_000 if self.kind is Form.FUNCTION else 100_000

    def mutants(self, bug: Bug) -> list[Mutant]:
        """All mutants of the work: the bug first, those without a story last."""
        return [bug, *(other for other in self.bugs if other is not bug), *self.also]


@cache
def works() -> dict[str, Work]:
    """All works by name. A ValueError names the file that breaks a rule."""
    return {path.stem: _read(path) for path in sorted(WORKS.glob("*.toml"))}


def bugs() -> dict[str, tuple[Work, Bug]]:
    """Every bug by its name, with the work that it is in."""
    return {bug.name: (work, bug) for work in works().values() for bug in work.bugs}


def found(name: str) -> tuple[Work, Bug]:
    """The bug of a name."""
    known = bugs()
    if name not in known:
        raise ValueError(f"the museum has no {name!r}; `nfscratch museum list` shows what it has")
    return known[name]


def _read(path: Path) -> Work:
    text = path.with_suffix(".py").read_text(encoding="utf-8")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        kind = Form(data.pop("kind"))
        of_bugs = tuple(_of(Bug, table, text) for table in data.pop("bug"))
        also = tuple(_of(Mutant, table, text) for table in data.pop("also", []))
        given = data.pop("given", "") or GIVEN[kind]
        lists = {key: tuple(map(_frozen, data.pop(key))) for key in ("dims", "asks", "axes") if key in data}
        return Work(path.stem, text, kind, given, of_bugs, also, **lists, **data)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _of(kind, table, text):
    changes = tuple((right, wrong) for right, wrong in table.pop("changes"))
    for right, _ in changes:
        if text.count(right) != 1:
            raise ValueError(f"{table['name']}: {right!r} must stand once in the work; got {text.count(right)} times")
    words = {key: tuple(v) if isinstance(v, list) else v.strip() for key, v in table.items()}
    return kind(changes=changes, **words)


def _frozen(item):
    return tuple(item) if isinstance(item, list) else item
