"""The record: which test runs which functions of the package, and how long it takes.

It is made once, some files of tests at a time, and again for a file that has changed. Tests that speak of other rooms
(the book, the course, models, evaluation) or start processes have no part in it, nor have exhaustive ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ELSEWHERE = (
    "animations", "arithmetic", "book", "calibration", "chapter", "classification", "cli", "course", "data", "doctor",
    "explorer", "field", "gpu", "import", "made_code", "mutation",
    "notebooks", "old_checkpoints", "one_order", "plot", "psis", "reference",
    "simulators", "sklearn", "strange_rows", "tailed_box", "toy", "training_curve", "two_samples", "with_env",
)  # fmt: skip
TOGETHER = 12  # files of tests in one process: what is lost when the recording is interrupted
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "benchmarks.mutation.plugin"]


@dataclass(frozen=True)
class Family:
    """Tests that differ in one parameter; the processor time of one; the functions that they run."""

    tests: list[str]
    seconds: float
    functions: frozenset[str]


def recorded(root: Path, folder: Path, say=print) -> list[Family]:
    """The record of all files of tests, of which those are run that are not in the folder yet."""
    path = folder / "record.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    files = {name: digest(root / name) for name in files_of_tests(root)}
    due = [name for name in files if known.get(name, {}).get("digest") != files[name]]
    for start in range(0, len(due), TOGETHER):
        some = due[start : start + TOGETHER]
        say(f"recording which functions each test runs: {start} of {len(due)} files")
        tests = run_recorder(root, folder, some)
        for name in some:
            mine = {test: entry for test, entry in tests.items() if test.startswith(f"{name}::")}
            known[name] = {"digest": files[name], "tests": mine}
        path.write_text(json.dumps({name: known[name] for name in known if name in files}))
    families = (family for name in files for family in known[name]["tests"].values())
    return [Family(f["tests"], sum(f["seconds"]) / len(f["seconds"]), frozenset(f["functions"])) for f in families]


def files_of_tests(root: Path) -> list[str]:
    names = sorted(path.relative_to(root).as_posix() for path in (root / "tests").glob("test_*.py"))
    return [name for name in names if not name.removeprefix("tests/test_").startswith(ELSEWHERE)]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_recorder(root: Path, folder: Path, files: list[str]) -> dict:
    out = folder / "recorded.json"
    out.unlink(missing_ok=True)
    environment = os.environ | ONE_THREAD
    done = subprocess.run(
        [*PYTEST, "--record", str(out), *files], cwd=root, env=environment, capture_output=True, text=True
    )
    if done.returncode not in (0, 1) or not out.exists():
        raise SystemExit(
            f"the tests must run; pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return json.loads(out.read_text())
