"""Sight: which check sees a bug, found by running the checks.

For maps and densities the checks are the letters of nf.check; for a function they are ours in asks/, by their names.
`python -m nfscratch.course.museum.sight` writes seen_by.toml, which `nfscratch museum list` reads. A test compares.
"""

from __future__ import annotations

import importlib
import json
import tomllib
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as onp

from nfscratch.check.audit import audit
from nfscratch.check.finding import Outcome
from nfscratch.check.report import LETTERS, Report
from nfscratch.course.museum.exhibit import Changes, Form, Work, bugs
from nfscratch.course.museum.workshop import layer

SEEN_BY = Path(__file__).with_name("seen_by.toml")
ASKS = "nfscratch.course.museum.asks"


def report(work: Work, changes: Changes = (), seed: int = 0) -> Report:
    """The audit of a map or density, every letter."""
    made = layer(work, changes, onp.random.default_rng(seed))
    options = {"draws": 1, "changes": False, **work.options}
    if work.kind is Form.DENSITY:
        options["log_prob"] = made[2]
    return audit(made[:2], dims=work.dims, rng=onp.random.default_rng(seed), show=False, **options)


def asked(work: Work, changes: Changes = (), seed: int = 0) -> dict[Callable, bool]:
    """Our checks of a function, and whether each is satisfied."""
    made = layer(work, changes, onp.random.default_rng(seed))
    with warnings.catch_warnings(), onp.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {check: check(made, onp.random.default_rng(seed)) for check in map(_ask, work.asks)}


def _ask(place):
    module, name = place.split(".")
    return getattr(importlib.import_module(f"{ASKS}.{module}"), name)


def seen_by(work: Work, changes: Changes = (), seed: int = 0) -> list[str]:
    """The checks that see it: letters of nf.check, or names of ours."""
    if work.kind is Form.FUNCTION:
        return [check.__name__ for check, satisfied in asked(work, changes, seed).items() if not satisfied]
    status = {line.letter: line.status for line in report(work, changes, seed).lines}
    return [letter for letter in LETTERS if status.get(letter) in (Outcome.FAILED, Outcome.WAITING)]


def kept() -> dict[str, list[str]]:
    """seen_by.toml: the checks that see each bug, by its name."""
    return tomllib.loads(SEEN_BY.read_text(encoding="utf-8"))


def write() -> None:
    found = {name: seen_by(work, bug.changes) for name, (work, bug) in bugs().items()}
    lines = [f"{name} = {json.dumps(checks)}" for name, checks in found.items()]
    head = "# Which check sees which bug: written by `python -m nfscratch.course.museum.sight`. A test compares.\n"
    SEEN_BY.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
