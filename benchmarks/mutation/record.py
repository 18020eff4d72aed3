"""The record: which test runs which functions of the package, and how long it takes.

It is made once for each suite, some files of tests at a time, and again for a file that has changed. Tests that speak
of other rooms (the book, the course, models, evaluation) or start processes have no part in it. The suite is the
default one, or the tests that are marked exhaustive, which CI runs beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.mutation.speaking import speaks_of_check

ELSEWHERE = (
    "animations", "arithmetic", "book", "calibration", "chapter", "classification", "cli", "course", "data", "doctor",
    "explorer", "field", "gpu", "import", "made_code", "mutation",
    "notebooks", "old_checkpoints", "one_order", "plot", "psis", "reference",
    "simulators", "sklearn", "strange_rows", "tailed_box", "toy", "training_curve", "two_samples", "with_env",
)  # fmt: skip
NO_TESTS = 5  # pytest's exit code where none of the files has a test of the suite
TOGETHER = 12  # files of tests in one process: what is lost when the recording is interrupted
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "benchmarks.mutation.plugin"]


class Suite(StrEnum):
    """The value is what pytest is given as -m."""

    DEFAULT = "not exhaustive"
    EXHAUSTIVE = "exhaustive"

    @property
    def file(self) -> str:
        return "record.json" if self is Suite.DEFAULT else "record_exhaustive.json"


@dataclass(frozen=True)
class Family:
    """Tests that differ in one parameter, or one test; the processor time of one; the functions that they run."""

    tests: list[str]
    seconds: float
    functions: frozenset[str]


def recorded(root: Path, folder: Path, suite: Suite, sources: list[str], say=print) -> list[Family]:
    """The record of all files of tests that may run the sources, of which those are run that are not there yet."""
    path = folder / suite.file
    known = json.loads(path.read_text()) if path.exists() else {}
    of_check = all(source.startswith("nfscratch/check/") for source in sources)
    names = [name for name in files_of_tests(root) if not of_check or speaks_of_check(root / name)]
    files = {name: digest(root / name) for name in names}
    due = [name for name in files if known.get(name, {}).get("digest") != files[name]]
    for start in range(0, len(due), TOGETHER):
        some = due[start : start + TOGETHER]
        say(f"recording which functions each test runs ({suite}): {start} of {len(due)} files", flush=True)
        tests = run_recorder(root, folder, suite, some)
        for name in some:
            mine = {test: entry for test, entry in tests.items() if test.startswith(f"{name}::")}
            known[name] = {"digest": files[name], "tests": mine}
        path.write_text(json.dumps({name: known[name] for name in known if (root / name).exists()}))
    families = (family for name in files for family in known[name]["tests"].values())
    return [Family(f["tests"], sum(f["seconds"]) / len(f["seconds"]), frozenset(f["functions"])) for f in families]


def files_of_tests(root: Path) -> list[str]:
    names = sorted(path.relative_to(root).as_posix() for path in (root / "tests").glob("test_*.py"))
    return [name for name in names if not name.removeprefix("tests/test_").startswith(ELSEWHERE)]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_recorder(root: Path, folder: Path, suite: Suite, files: list[str]) -> dict:
    out = folder / "recorded.json"
    out.unlink(missing_ok=True)
    environment = os.environ | ONE_THREAD
    done = subprocess.run(
        [*PYTEST, "-m", suite, "--record", str(out), *files], cwd=root, env=environment, capture_output=True, text=True
    )
    if done.returncode not in (0, 1, NO_TESTS) or not out.exists():
        raise SystemExit(
            f"the tests must run; pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return json.loads(out.read_text())
