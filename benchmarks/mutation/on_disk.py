"""A mutant on the disk: in a copy of the tree, never in the checkout. It takes the mutants that are not in memory."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from benchmarks.mutation.nursery import MEMORY, PATIENCE
from benchmarks.mutation.outcome import Outcome, of_signal
from benchmarks.mutation.record import ONE_THREAD, PYTEST

IMPORT = [sys.executable, "-c", "import nfscratch, nfscratch.check.pytest_plugin"]  # pytest loads the plugin itself
START = 30  # seconds of the processor to start Python and collect the tests
SKIP = shutil.ignore_patterns(".*", "runs", "__pycache__", "dist", "site", "figures")


class Copy:
    """A copy of the tree in `folder`, made when it is first needed."""

    def __init__(self, root: Path, folder: Path):
        self.root, self.tree, self.folder = root, folder / "tree", folder

    def judged(self, file: str, new: str, tests: list[str], seconds: float) -> tuple[Outcome, list[str], float]:
        """The outcome, the test that failed, and the seconds of the processor."""
        if not self.tree.exists():
            shutil.copytree(self.root, self.tree, ignore=SKIP)
            if self.ended(IMPORT, START):  # it was copied while someone edited it: no mutant is to blame
                return Outcome.ERROR, [], 0.0
        path, old = self.tree / file, (self.root / file).read_text()
        path.write_text(new)
        try:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            outcome, failed = self.verdict(tests, START + seconds)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        finally:
            path.write_text(old)
        return outcome, failed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def verdict(self, tests: list[str], seconds: float) -> tuple[Outcome, list[str]]:
        if self.ended(IMPORT, START):
            return Outcome.NOT_IMPORTED, []
        (self.folder / "chosen.json").write_text(json.dumps(tests))
        out = self.folder / "verdict.json"
        out.unlink(missing_ok=True)
        options = ["-x", "--chosen", str(self.folder / "chosen.json"), "--verdict", str(out)]
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        code = self.ended([*PYTEST, "-m", "", *options, *files], seconds)  # of any suite
        if code < 0:
            return of_signal(-code), []
        failed = json.loads(out.read_text()) if out.exists() else []
        return of_exit_code(code, failed), failed

    def ended(self, command: list[str], seconds: float) -> int:
        """The exit code; the output goes to a file that is shown when the tool fails."""
        environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(self.tree), "PYTHONDONTWRITEBYTECODE": "1"}
        with open(self.folder / "output.txt", "w") as output:
            process = subprocess.Popen(
                command, cwd=self.tree, env=environment, stdout=output, stderr=output, start_new_session=True,
                preexec_fn=lambda: limited(seconds),
            )  # fmt: skip
            try:
                return process.wait(PATIENCE * seconds)
            except subprocess.TimeoutExpired:
                return -signal.SIGKILL
            finally:
                ended_with_its_children(process)

    def output(self) -> str:
        return (self.folder / "output.txt").read_text()


def limited(seconds: float) -> None:
    limit = max(1, round(seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def ended_with_its_children(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def of_exit_code(code: int, failed: list[str]) -> Outcome:
    """pytest ends with 1 where a test fails, and with 2 where a file is not collected; all else is the tool's fault."""
    if code == 0:
        return Outcome.SURVIVED
    return Outcome.KILLED if code == 1 or (code == 2 and failed) else Outcome.ERROR
