"""Run: a worker for each library, watched. What is there already is not done again.

    python -m benchmarks audit [--only zuko] [--classes NSF MAF] [--out folder] [--limit seconds]
    python -m benchmarks audit --page        the page from the results that are there
    python -m benchmarks audit --confirm     every finding's reproducer, and its independent confirmation

A class that takes longer than the limit, in one dtype with one scale of weights, or ends the process, is written down
as such, and a new worker goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.field.exported import SOURCES, classes
from benchmarks.field.state import state

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
LIMIT = 600  # seconds of processor time for a class, in one dtype with one scale of weights
SILENT = 20  # limits; a worker that says nothing for so long, on the clock, hangs


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=sorted(SOURCES), help="libraries")
    parser.add_argument("--classes", nargs="+", help="names of classes; those that are there are done again")
    parser.add_argument("--out", type=Path, default=Path("runs/audit"), help="folder of the results, a file a library")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of processor time")
    parser.add_argument("--page", action="store_true", help="write benchmarks/AUDIT.md and audit nothing")
    parser.add_argument("--confirm", action="store_true", help="run the reproducers, and audit nothing")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if options.confirm:
        from benchmarks.field.confirm import confirm

        return confirm(options.only)
    options.out.mkdir(parents=True, exist_ok=True)
    for library in () if options.page else options.only or SOURCES:
        audit_library(library, options)
    from benchmarks.field.page import write

    write(options.out, ROOT / "benchmarks" / "AUDIT.md")
    return 0


def audit_library(library: str, options: argparse.Namespace) -> None:
    path = options.out / f"{library}.jsonl"
    try:
        names = classes(library)
    except ImportError as error:
        print(f"{library}: not installed ({error})")
        return
    done = {row["class"] for row in rows(path)} - set(options.classes or ())
    left = [name for name in names if name not in done and (not options.classes or name in options.classes)]
    keep(path, [row for row in rows(path) if row["class"] not in left])
    total = len(left)
    while left:
        left = _watched(library, left, total, path, options)


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def keep(path: Path, kept: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in kept))


def _watched(library, left, total, path, options):
    """One worker for the classes that are left. Gives those that are left when it has ended, or was ended."""
    watch = _Watch(library, list(left), total, path, options.limit)
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.field.worker", library, str(options.limit), *left]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD}
    ) as worker:
        for line in _lines(worker, watch.time_left):
            if line is None:
                worker.kill()
                break
            if line.startswith(b"{"):
                watch.record(json.loads(line))
    watch.ended(worker.returncode)
    return watch.left


@dataclass
class _Watch:
    """What a worker has said so far: the classes that are left, the one that it is at, since when, and its rows."""

    library: str
    left: list[str]
    total: int
    path: Path
    limit: float
    current: str | None = None
    begun: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    got: list[dict] = field(default_factory=list)

    def time_left(self) -> float:
        return self.heard + SILENT * self.limit - time.monotonic()

    def record(self, record: dict) -> None:
        self.heard = time.monotonic()
        if "begins" in record:
            self.current, self.begun, self.got = record["begins"], time.monotonic(), []
        elif "ends" in record:
            self._written(self.got)
        else:
            self.got.append(record)

    def ended(self, code: int) -> None:
        """The process has ended with this code: the class that it was at, or was to begin, is not finished."""
        if not self.left:
            return
        self.current = self.current or self.left[0]
        why = f"it said nothing for {SILENT * self.limit:.0f} s" if self.time_left() <= 0 else "the process ended"
        if code == -signal.SIGXCPU:
            why = f"not finished in {self.limit:.0f} s of processor time"
        row = {"library": self.library, "class": self.current, "audit": state(), "dtype": "", "weights": ""}
        self._written([*self.got, {**row, "outcome": "not finished", "why": why}])

    def _written(self, rows):
        self.left.remove(self.current)
        with self.path.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        seen = ", ".join(f"{r['dtype']} {r['weights']} {r['outcome']} {r.get('failed', '')}".strip() for r in rows)
        took = time.monotonic() - self.begun
        place = f"{self.total - len(self.left)}/{self.total}"
        print(f"{self.library} {place} {self.current}: {seen} ({took:.0f} s)", flush=True)
        self.current = None


def _lines(worker, left):
    """The worker's lines, and None where the time that is left runs out before the next."""
    selector, rest = selectors.DefaultSelector(), b""
    selector.register(worker.stdout, selectors.EVENT_READ)
    while True:
        if not selector.select(max(0.0, left())):
            yield None
            return
        chunk = os.read(worker.stdout.fileno(), 65536)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
