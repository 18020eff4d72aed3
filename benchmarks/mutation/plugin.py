"""A pytest plugin with three jobs, one at a time.

pytest -p benchmarks.mutation.plugin --record OUT.json tests/...                       recorder.py
pytest -p benchmarks.mutation.plugin --serve 5 6 tests/...                             nursery.py
pytest -p benchmarks.mutation.plugin --chosen LIST.json --verdict OUT.json tests/...   on_disk.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

AT_IMPORT: set = set()  # the code that runs before the first test


def pytest_addoption(parser):
    group = parser.getgroup("mutation")
    group.addoption("--record", type=Path, help="record the functions of each test in this file")
    group.addoption("--serve", type=int, nargs=2, help="file descriptors: of the requests, and of the answers")
    group.addoption("--chosen", type=Path, help="run the tests of this list of node ids and no others")
    group.addoption("--verdict", type=Path, help="write the first failure into this file")


def pytest_configure(config):
    import nfscratch

    root, options = config.rootpath, config.option
    if not Path(nfscratch.__file__).is_relative_to(root):
        raise pytest.UsageError(f"the tests must run on the package in {root}; got {nfscratch.__file__}")
    if options.record:
        from benchmarks.mutation.recorder import Recorder

        config.pluginmanager.register(Recorder(root, options.record))
    if options.serve:
        from benchmarks.mutation.nursery import Nursery

        config.pluginmanager.register(Nursery(*options.serve, AT_IMPORT))
    if options.chosen:
        config.pluginmanager.register(Chosen(set(json.loads(options.chosen.read_text()))))
        config.pluginmanager.register(FirstFailure(options.verdict))


class Chosen:
    """Only the tests of a list run."""

    def __init__(self, chosen: set[str]):
        self.chosen = chosen

    def pytest_collection_modifyitems(self, config, items):
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in self.chosen])
        items[:] = [item for item in items if item.nodeid in self.chosen]


class FirstFailure:
    """The name of the first test that fails, or of the file that cannot be collected, is written down."""

    def __init__(self, out: Path | None = None):
        self.out, self.failures = out, []

    def pytest_collectreport(self, report):
        if report.failed:
            self.failures.append(f"{report.nodeid} (it cannot be collected)")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failures.append(report.nodeid)

    def pytest_sessionfinish(self):
        if self.out:
            self.out.write_text(json.dumps(self.failures[:1]))


if "--serve" in sys.argv:  # this plugin is loaded before those that import the package
    sys.settrace(lambda frame, event, argument: AT_IMPORT.add(frame.f_code))
