"""The recorder: which functions each family of tests runs. A function is "nfscratch/ops/roots.py:_search".

A family is the tests that differ in the last of several parameters. Two of it are run to record what all of them do,
because the first may compute what the others look at. A test with one parameter is a family by itself: its parameter is
what it looks at. What a fixture of a module runs counts for the whole module; what one of conftest.py runs around every
test counts for none. A family that runs none reads constants.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import pytest

SHARED = 2  # how many of a family are recorded


def family(test: str) -> str:
    """A test's name without the last of its parameters, if it has several."""
    if test.endswith("]") and "-" in test.partition("[")[2]:
        return test.rpartition("-")[0]
    return test


def spread(members: list, turn: int) -> list:
    """A few of a family, evenly spaced; each family begins at another of its members."""
    count = min(len(members), SHARED)
    return [members[(turn + i * len(members) // count) % len(members)] for i in range(count)]


def is_of_conftest(fixturedef) -> bool:
    code = getattr(fixturedef.func, "__code__", None)
    return code is not None and Path(code.co_filename).name == "conftest.py"


class Recorder:
    """A pytest plugin; `out` gets {family: its tests, seconds of the processor for each that ran, functions}."""

    def __init__(self, root: Path, out: Path):
        self.package, self.root, self.out = f"{root / 'nfscratch'}/", root, out
        self.seen: set = set()
        self.tests: dict[str, tuple[float, set]] = {}
        self.of_module: dict[str, set] = defaultdict(set)
        self.failed: set[str] = set()
        self.members: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, config, items):
        families = defaultdict(list)
        for item in items:
            families[family(item.nodeid)].append(item)
        self.members = {name: [item.nodeid for item in members] for name, members in families.items()}
        some = {item for turn, members in enumerate(families.values()) for item in spread(members, turn)}
        config.hook.pytest_deselected(items=[item for item in items if item not in some])
        items[:] = [item for item in items if item in some]

    def hear(self, frame, event, argument):
        """A profile function, because the package traces users' functions itself, with other calls below."""
        if event == "call":
            self.seen.add(frame.f_code)

    @contextmanager
    def heard(self):
        before = sys.getprofile()
        sys.setprofile(self.hear)
        yield
        sys.setprofile(before)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        self.seen, start = set(), time.process_time()
        yield
        self.tests[item.nodeid] = (time.process_time() - start, self.seen)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        with self.heard():
            yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        if is_of_conftest(fixturedef):
            yield
            return
        before = self.seen
        self.seen = before if fixturedef.scope == "function" else set()
        with self.heard():
            yield
        if fixturedef.scope != "function":
            self.of_module[request.node.nodeid.partition("::")[0]] |= self.seen
        self.seen = before

    def pytest_runtest_logreport(self, report):
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self):
        families = {name: {"tests": tests, "seconds": [], "functions": set()} for name, tests in self.members.items()}
        for test, (seconds, codes) in self.tests.items():
            mine = families[family(test)]
            if test in self.failed:  # or skipped: it can kill nothing
                mine["tests"].remove(test)
            mine["seconds"].append(round(seconds, 4))
            mine["functions"] |= codes | self.of_module[test.partition("::")[0]]
        for mine in families.values():
            mine["functions"] = self.names(mine["functions"])
        self.out.write_text(json.dumps({name: mine for name, mine in families.items() if mine["seconds"]}))

    def names(self, codes) -> list[str]:
        inside = (code for code in codes if code.co_filename.startswith(self.package))
        return sorted({f"{code.co_filename[len(str(self.root)) + 1 :]}:{code.co_qualname}" for code in inside})
