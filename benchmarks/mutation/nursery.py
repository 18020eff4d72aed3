"""The nursery: a pytest process that has collected all tests, and forks for each mutant that it is asked about.

A request is a line of JSON: {path, within, old, new, tests, seconds}; the answer says {outcome, tests, spent}. Without
`old` the tests run on the package as it is, all of them; with it they end at the first failure.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections import defaultdict

from benchmarks.mutation.in_memory import NotInMemory, functions_by_file, plant
from benchmarks.mutation.outcome import Outcome, of_signal
from benchmarks.mutation.plugin import FirstFailure

MEMORY = 8 << 30  # bytes of address space that a mutant may ask for
PATIENCE = 20  # seconds of the clock for each second of the processor: a mutant may wait, and the machine be busy


class Nursery:
    """A pytest plugin whose loop over the tests is a loop over requests."""

    def __init__(self, requests: int, answers: int, at_import: set):
        self.requests, self.answers, self.at_import = os.fdopen(requests), os.fdopen(answers, "w"), at_import
        self.failures = FirstFailure()

    def pytest_collection_finish(self, session):
        sys.settrace(None)
        session.config.pluginmanager.register(self.failures)

    def pytest_runtestloop(self, session):
        items, functions = {item.nodeid: item for item in session.items}, functions_by_file()
        self.imported = defaultdict(set)
        for code in self.at_import:
            self.imported[code.co_filename].add(code.co_qualname)
        self.answer({"ready": len(items)})
        for line in self.requests:
            self.answer(self.judged(json.loads(line), session, items, functions))
        return True

    def answer(self, message: dict) -> None:
        self.answers.write(json.dumps(message) + "\n")
        self.answers.flush()

    def judged(self, request: dict, session, items, functions) -> dict:
        if "within" in request and request["within"] in self.imported[request["path"]]:
            return {"outcome": Outcome.NOT_IN_MEMORY}
        reading, writing = os.pipe()
        start, child = time.monotonic(), os.fork()
        if child == 0:
            os.close(reading)
            os._exit(self.grown_up(request, session, items, functions, writing))
        os.close(writing)
        status, usage = waited(child, start + PATIENCE * request["seconds"])
        with os.fdopen(reading) as said:
            answer = json.loads(said.read() or "{}")
        if os.WIFSIGNALED(status):
            answer = {"outcome": of_signal(os.WTERMSIG(status)), "tests": []}
        return answer | {"spent": usage.ru_utime + usage.ru_stime}

    def grown_up(self, request: dict, session, items, functions, writing: int) -> int:
        """In the child: plant, run, say what came of it."""
        alone(request["seconds"])
        try:
            if "old" in request:
                plant(request["path"], request["old"], request["new"], functions[request["path"]])
            self.run(session, [items[test] for test in request["tests"] if test in items], "old" in request)
            outcome = Outcome.KILLED if self.failures.failures else Outcome.SURVIVED
        except NotInMemory:
            outcome = Outcome.NOT_IN_MEMORY
        except Exception as error:
            outcome, self.failures.failures = Outcome.ERROR, [f"{type(error).__name__}: {error}"]
        except BaseException as error:  # Ctrl-C, or a search's TooLong, that the mutant lets through: it ends pytest
            outcome, self.failures.failures = Outcome.KILLED, [f"{type(error).__name__}"]
        with os.fdopen(writing, "w") as say:
            say.write(json.dumps({"outcome": outcome, "tests": self.failures.failures}))
        return 0

    def run(self, session, items: list, stop: bool) -> None:
        session.config.option.maxfail = 1 if stop else 0
        for item, following in zip(items, [*items[1:], None], strict=False):  # of none, none
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if stop and self.failures.failures:
                return


def alone(seconds: float) -> None:
    """A group of processes of its own, with limits, and no place to print to."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    limit = max(1, round(seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def waited(child: int, deadline: float):
    """Its status and its use of the processor; after the deadline it and all that it started are ended."""
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return status, usage
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            deadline = float("inf")
        time.sleep(0.02)
