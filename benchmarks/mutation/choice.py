"""Which tests a mutant meets: those of the families that run its function, as many as the time allows.

One test of each family comes first, then a second of each, so that the time is spent on different claims. Families
whose file speaks of the mutant's module have the first places; of these, those that run most of its functions, because
they come farthest in it; and of these the cheap ones. What an import does is asked first of the families that run the
fewest functions: they look at constants and defaults themselves.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

from benchmarks.mutation.mutants import Mutant
from benchmarks.mutation.record import Family


@dataclass(frozen=True)
class Choice:
    """`seconds` of the processor that the tests took when they were recorded; `left_out`: tests without a place."""

    tests: list[str]
    seconds: float
    left_out: int


def chosen(mutant: Mutant, known: dict[str, list[Family]], root: Path, budget: float) -> Choice:
    """`known`: the families by the functions that they run, see `by_function`."""
    found = sorted(candidates(mutant, known, root), key=lambda family: place(family, mutant, known, root))
    taken, seconds = set(), 0.0
    for turn in zip_longest(*([(test, f.seconds) for test in f.tests] for f in found)):
        for test, cost in filter(None, turn):
            if seconds + cost <= budget:
                taken.add(test)
                seconds += cost
    every = [test for family in found for test in family.tests]
    return Choice([test for test in every if test in taken], seconds, len(every) - len(taken))


def candidates(mutant: Mutant, known: dict[str, list[Family]], root: Path) -> list[Family]:
    """Those that run it; what an import does no test runs, so that all that speak of the module are asked, and those
    that run nothing: they look at the constants of all modules."""
    found = {family.tests[0]: family for family in running(mutant, known)}
    if at_import(mutant, known):
        every = {family.tests[0]: family for families in known.values() for family in families}
        found |= {test: f for test, f in every.items() if not f.functions or speaks_of(root, file_of(f), mutant.file)}
    return list(found.values())


def place(family: Family, mutant: Mutant, known: dict[str, list[Family]], root: Path) -> tuple:
    """The smaller, the earlier it runs."""
    far = sum(name.startswith(f"{mutant.file}:") for name in family.functions)
    first = len(family.functions) if at_import(mutant, known) else -far
    return not speaks_of(root, file_of(family), mutant.file), first, family.seconds


def at_import(mutant: Mutant, known: dict[str, list[Family]]) -> bool:
    return f"{mutant.file}:{mutant.within}" not in known


def file_of(family: Family) -> str:
    return family.tests[0].partition("::")[0]


def by_function(families: list[Family]) -> dict[str, list[Family]]:
    """Those that run no function stand under "": what an import does, they may see."""
    known: dict[str, list[Family]] = {}
    for family in families:
        for function in (family.functions or {""}) if family.tests else ():
            known.setdefault(function, []).append(family)
    return known


def running(mutant: Mutant, known: dict[str, list[Family]]) -> list[Family]:
    """The families that run the function; where it is none or unseen, those that run its class, or the file."""
    within = mutant.within.split(".")
    for length in range(len(within), -1, -1):
        start = f"{mutant.file}:{'.'.join(within[:length])}"
        found = [family for name in known if runs(name, start) for family in known[name]]
        if found:
            return list({family.tests[0]: family for family in found}.values())
    return []


def runs(name: str, start: str) -> bool:
    return name == start or name.startswith(start if start.endswith(":") else f"{start}.")


@cache
def speaks_of(root: Path, test_file: str, file: str) -> bool:
    """The file of tests imports the module, or all there are, or says the name of something public that it defines."""
    text = (root / test_file).read_text()
    if "walk_packages" in text:
        return True
    parent, _, last = file.removesuffix(".py").replace("/", ".").rpartition(".")
    imported = rf"\b{re.escape(parent)}(\.| import ([\w\s,()]*\W)?){last}\b"
    return bool(re.search(imported, text)) or any(re.search(rf"\b{name}\b", text) for name in public(root / file))


@cache
def public(path: Path) -> list[str]:
    defined = (n.name for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef | ast.ClassDef))
    return [name for name in defined if not name.startswith("_")]
