"""Run: a worker for each library, watched. What is there already is not done again.

    python -m benchmarks audit [--only zuko] [--classes NSF MAF] [--dtype float64] [--out folder] [--again]
    python -m benchmarks audit --page        the page from the results that are there
    python -m benchmarks audit --confirm     every finding's reproducer, and its independent confirmation

A class that takes longer than the limit, or ends the process, is written down as such, and a new worker goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.field.exported import SOURCES, classes

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 600  # seconds for a class, in all dtypes and weights


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=sorted(SOURCES), help="libraries")
    parser.add_argument("--classes", nargs="+", help="names of classes; those that are there are done again")
    parser.add_argument("--dtype", choices=("float64", "float32"), help="of the table that is printed")
    parser.add_argument("--out", type=Path, default=Path("runs/audit"), help="folder of the results, a file a library")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for a class")
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
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.field.worker", library, *left]
    one_thread = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    left, current, begun, got = list(left), None, time.monotonic(), []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={**os.environ, **one_thread}) as worker:  # fmt: skip
        for line in _lines(worker, lambda: begun + options.limit - time.monotonic()):
            if line is None:
                worker.kill()
                break
            record = json.loads(line) if line.startswith(b"{") else {}
            if "begins" in record:
                current, begun, got = record["begins"], time.monotonic(), []
            elif "ends" in record:
                left.remove(current)
                _written(path, got, f"{library} {total - len(left)}/{total} {current}", time.monotonic() - begun)
                current = None
            elif record:
                got.append(record)
    if current is None and left:  # the worker ended between two classes
        current = left[0]
    if current is not None:
        left.remove(current)
        took = time.monotonic() - begun
        why = f"not finished in {options.limit:.0f} s" if took >= options.limit else "the process ended"
        lost = {"library": library, "class": current, "dtype": "", "weights": "", "outcome": "not finished", "why": why}
        _written(path, [*got, lost], f"{library} {total - len(left)}/{total} {current}", took)
    return left


def _written(path, got, words, seconds):
    with path.open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in got)
    seen = ", ".join(f"{r['dtype']} {r['weights']} {r['outcome']} {r.get('failed', '')}".strip() for r in got)
    print(f"{words}: {seen} ({seconds:.0f} s)", flush=True)


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
