"""The other side of the nursery: it is started once, asked about one mutant after the other, and ended."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from benchmarks.mutation.outcome import Outcome
from benchmarks.mutation.record import ONE_THREAD, PYTEST, Suite


class NurseryClosed(Exception):
    """The nursery ended, or its tools failed."""


class Client:
    """`files`: the files of tests that it collects; `log` gets what pytest prints."""

    def __init__(self, root: Path, suite: Suite, files: list[str], log: Path):
        self.root, self.log = root, log
        requests, self.to = os.pipe()
        self.back, answers = os.pipe()
        command = [*PYTEST, "--serve", str(requests), str(answers), "-s", "--hypothesis-seed=0", "-m", suite]
        command += files
        with log.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=root, env=os.environ | ONE_THREAD, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                pass_fds=(requests, answers), start_new_session=True,
            )  # fmt: skip
        os.close(requests)
        os.close(answers)
        self.answers, self.requests = os.fdopen(self.back), os.fdopen(self.to, "w")
        self.collected = self.heard()["ready"]

    def heard(self) -> dict:
        line = self.answers.readline()
        if not line:
            raise NurseryClosed(f"pytest must collect the tests; it ended with {self.process.wait()}: see {self.log}")
        return json.loads(line)

    def judged(self, **request) -> dict:
        """{outcome, tests, spent}; see nursery.py."""
        self.requests.write(json.dumps(request) + "\n")
        self.requests.flush()
        answer = self.heard()
        if answer["outcome"] == Outcome.ERROR:
            raise NurseryClosed(f"a test run must end with a verdict; got {answer['tests']}")
        return answer | {"outcome": Outcome(answer["outcome"])}

    def close(self) -> None:
        self.requests.close()
        self.answers.close()
        self.process.wait(60)
