"""A pytest plugin: the laws of a flow as tests, one for each letter of the audit. It comes with the package.

    @pytest.mark.flow_laws(dims=(2, 5))                    the options of `audit`, and seed=
    def my_coupling():
        return forward, inverse                            whatever `audit` takes: it may come from another library

    pytest --flow-laws mypackage.flows:make_flow           the same from the command line; without paths, nothing else

`--flow-laws-seed 3` draws other points and parameters; `--flow-laws-json report.json` writes what every letter found.
A letter that does not apply is skipped with its reason, and so is one that waits because the shapes are wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

MARK = "flow_laws"
SEED = "--flow-laws-seed"
HELP = {
    "--flow-laws": "check the laws of a flow: a Bijection, a Flow, a factory or a pair, as module:object",
    "--flow-laws-seed": "the seed of the points and parameters that the laws are checked at (0)",
    "--flow-laws-json": "a file to write the outcome of every law to",
}


class LawBroken(AssertionError):
    """A law does not hold; the message is the audit's."""


@dataclass
class Laws:
    """One subject, audited once for all of its letters."""

    name: str
    make: Any  # () -> subject
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def letters(self) -> str:
        from nfscratch.check.arguments import letters_of

        return letters_of(self.options.get("letters"))

    @cached_property
    def report(self) -> Any:
        import numpy as onp

        from nfscratch.check.audit import audit

        options = {k: v for k, v in self.options.items() if k != "seed"}
        return audit(self.make(), show=False, rng=onp.random.default_rng(self.options["seed"]), **options)

    def found(self, letter: str) -> dict[str, Any]:
        """What the audit found for one letter, as data."""
        line = next(line for line in self.report.lines if line.letter == letter)
        failure = next((f for f in self.report.failures if f.letter == letter), None)
        return {
            "subject": self.name,
            "letter": letter,
            "outcome": line.status.value,
            "detail": line.detail,
            "seed": self.options["seed"],
            "name": None if failure is None else failure.name,
            "message": None if failure is None else failure.message,
        }


class Law(pytest.Item):
    """One letter of one subject."""

    def __init__(self, *, laws: Laws, letter: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.laws, self.letter = laws, letter

    def runtest(self) -> None:
        found = self.laws.found(self.letter)
        self.user_properties.append((MARK, found))
        if found["message"] is not None:
            raise LawBroken(f"{found['message']}\n      Seed {found['seed']} of the points and parameters.")
        if found["outcome"] != "holds":
            pytest.skip(f"{found['outcome']}: {found['detail']}".rstrip(": "))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        return str(excinfo.value) if excinfo.errisinstance(LawBroken) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        from nfscratch.check.report import TITLES

        return self.path, None, f"{self.name}: {TITLES[self.letter]}"


def laws_of(parent: Any, laws: Laws) -> list[Law]:
    return [Law.from_parent(parent, name=f"{laws.name}[{k}]", laws=laws, letter=k) for k in laws.letters]


# --- pytest's hooks ---


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("flow laws")
    group.addoption("--flow-laws", action="append", default=[], metavar="MODULE:OBJECT", help=HELP["--flow-laws"])
    group.addoption("--flow-laws-seed", type=int, default=0, metavar="N", help=HELP["--flow-laws-seed"])
    group.addoption("--flow-laws-json", default=None, metavar="PATH", help=HELP["--flow-laws-json"])


def pytest_configure(config: Any) -> None:
    config.addinivalue_line("markers", f"{MARK}(dims, letters, seed, ...): the function returns a map; check its laws")
    if config.getoption(SEED) < 0:
        raise pytest.UsageError(f"{SEED} must be an integer of at least 0; got {config.getoption(SEED)}")
    if config.getoption("--flow-laws") and config.args_source is not config.ArgsSource.ARGS:
        config.args = []  # the laws alone, and not what lies in the current folder
    if config.getoption("--flow-laws-json") is not None:
        config.pluginmanager.register(_Json(Path(config.getoption("--flow-laws-json"))), "flow_laws_json")


def pytest_report_header(config: Any) -> str | None:
    targets = config.getoption("--flow-laws")
    return f"flow laws: {', '.join(targets)}, seed {config.getoption('--flow-laws-seed')}" if targets else None


def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> Any:
    mark = next((m for m in getattr(obj, "pytestmark", ()) if getattr(m, "name", None) == MARK), None)
    if mark is None or isinstance(obj, type):
        return None
    return laws_of(collector, Laws(name, obj, {"seed": collector.config.getoption("--flow-laws-seed"), **mark.kwargs}))


def pytest_collection_modifyitems(session: Any, config: Any, items: list[Any]) -> None:
    from nfscratch.check.from_command import imported

    for target in config.getoption("--flow-laws"):
        options = {"seed": config.getoption("--flow-laws-seed")}
        items.extend(laws_of(session, Laws(target, lambda target=target: imported(target), options)))


class _Json:
    """Collects what the letters found, from all processes, and writes it at the end."""

    def __init__(self, path: Path):
        self.path, self.found = path, []

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call":
            self.found += [value for key, value in report.user_properties if key == MARK]

    def pytest_sessionfinish(self, session: Any) -> None:
        if not hasattr(session.config, "workerinput"):  # of xdist: the workers send their reports here
            self.path.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")
