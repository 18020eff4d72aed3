"""Run: mutants of the package, and for each the tests that run its function, until one fails.

    python -m benchmarks mutation library --sample 60 --seed 1
    python -m benchmarks mutation nfscratch/ops/roots.py nfscratch/check --sample 40 --seed 2 --minutes 20
    python -m benchmarks mutation checkers --sample 40 --seed 2 --exhaustive

A name is a file, a folder, `library` or `checkers` (without the adapters to other libraries). The first run records
which test runs which functions, for minutes. Every result goes into a table, and is not made again: a run that Ctrl-C
or --minutes ended goes on where it was, and a larger sample of the same seed holds the smaller one. `--exhaustive` asks
the tests of that mark about what survives the default ones: CI runs both, and the report shows them apart. `--again`
judges the survivors anew, after tests were written or with more --seconds. A survivor is a missing test, or is
explained in benchmarks/survivors.toml. It needs a POSIX system.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.mutation import explained, results
from benchmarks.mutation.choice import by_function, chosen
from benchmarks.mutation.client import Client, NurseryClosed
from benchmarks.mutation.judge import Judge, ToolFailed
from benchmarks.mutation.mutants import Mutant, compiles, mutants
from benchmarks.mutation.record import Suite, recorded
from benchmarks.mutation.score import ABROAD, ROOMS, survivors, table

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = Path("benchmarks") / "survivors.toml"


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(ROOMS), metavar="FILES", help="default: library checkers")
    parser.add_argument("--sample", type=int, default=20, help="how many mutants (20)")
    parser.add_argument("--seed", type=int, default=0, help="which ones (0)")
    parser.add_argument("--minutes", type=float, help="start no mutant after this time")
    parser.add_argument("--seconds", type=float, default=30, help="processor time for the tests of a mutant (30)")
    parser.add_argument(
        "--exhaustive", type=float, nargs="?", const=90.0, metavar="SECONDS",
        help="ask exhaustive tests about the survivors, with so much processor time for a mutant (90)",
    )  # fmt: skip
    parser.add_argument("--again", action="store_true", help="judge the survivors of the sample anew")
    parser.add_argument("--out", type=Path, default=Path("runs/mutation"), help="folder of the record and the results")
    return parser.parse_args(arguments)


def main(arguments: list[str], root: Path = ROOT) -> int:
    """0: every survivor is explained; 1: one is not; 2: the tool failed, or the list is wrong; 130: interrupted."""
    options = parsed(arguments)
    ends = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, which a shell lets background jobs ignore, and what `kill` sends
    before = [signal.signal(end, signal.default_int_handler) for end in ends]
    try:
        return reported(options, root)
    except (explained.WrongExplanation, NurseryClosed, ToolFailed) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        for end, handler in zip(ends, before, strict=True):
            signal.signal(end, handler)


def reported(options: argparse.Namespace, root: Path) -> int:
    folder, known, interrupted = made(options.out), explained.read(root / EXPLAINED), False
    explained.check(known, {}, root)
    sample = drawn(files(options.names, root), root, options.sample, options.seed)
    try:
        judge_all(sample, options, folder, root)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on")
        interrupted = True
    done = results.read(folder / "results.csv")
    explained.check(known, done, root)
    mine = [done[m.key] for m in sample if m.key in done]
    print(
        f"\n{len(mine)} of {len(sample)} mutants, seed {options.seed}\n{table(mine, known)}\n{survivors(mine, known)}"
    )
    return 130 if interrupted else int(any(r.outcome.is_alive and r.key not in known for r in mine))


def made(folder: Path) -> Path:
    """The folder of the results, which git does not see."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    return folder.resolve()


def files(names: list[str], root: Path) -> list[str]:
    """The sources that are named; a room leaves out what the tests' environment cannot run."""
    found: list[str] = []
    for name in names:
        places = [root / "nfscratch" / folder for folder in ROOMS[name]] if name in ROOMS else [root / name]
        if not all(place.exists() for place in places):
            raise SystemExit(f"a name must be a file, a folder or one of {', '.join(ROOMS)}; got {name!r}")
        paths = [f for place in places for f in ([place] if place.is_file() else sorted(place.rglob("*.py")))]
        sources = (path.resolve().relative_to(root).as_posix() for path in paths)
        found += [source for source in sources if name not in ROOMS or not source.startswith(ABROAD)]
    return list(dict.fromkeys(found))


def drawn(names: list[str], root: Path, count: int, seed: int) -> list[Mutant]:
    """`count` mutants, all equally likely; a larger count goes on with the same ones."""
    sources = {name: (root / name).read_text() for name in names}
    every = [mutant for name, source in sources.items() for mutant in mutants(name, source)]
    random.Random(seed).shuffle(every)
    sample: list[Mutant] = []
    while every and len(sample) < count:
        mutant = every.pop()
        if compiles(mutant.source(sources[mutant.file])):
            sample.append(mutant)
    return sample


def judge_all(sample: list[Mutant], options, folder: Path, root: Path) -> None:
    """Those that have no result yet; then the survivors of the default tests, by the exhaustive ones."""
    end = float("inf") if options.minutes is None else time.monotonic() + 60 * options.minutes
    seconds = {Suite.DEFAULT: options.seconds, Suite.EXHAUSTIVE: options.exhaustive}
    for suite, budget in seconds.items():
        if budget is not None and not judge_by(suite, sample, options.again, budget, end, folder, root):
            print(f"{options.minutes:g} minutes are over; the same command goes on")
            return


def due_for(suite: Suite, sample: list[Mutant], done: dict[tuple, results.Result], again: bool) -> list[Mutant]:
    if suite is Suite.DEFAULT:
        return [m for m in sample if m.key not in done or (again and done[m.key].outcome.is_alive)]
    return [m for m in sample if done[m.key].outcome.is_alive and done[m.key].suite is not suite]


def judge_by(suite: Suite, sample, again: bool, budget: float, end: float, folder: Path, root: Path) -> bool:
    """By one suite; whether all are judged."""
    path = folder / "results.csv"
    done = results.read(path)
    due = due_for(suite, sample, done, again)
    if not due:
        return True
    known = by_function(recorded(root, folder, suite, [m.file for m in due]))
    choices = {m.key: chosen(m, known, root, budget) for m in due}
    needed = {test.partition("::")[0] for choice in choices.values() for test in choice.tests}
    print(f"{len(due)} mutants to judge ({suite}); collecting the tests of {len(needed)} files", flush=True)
    client = Client(root, suite, sorted(needed), folder / f"pytest_{suite.name.lower()}.log")
    try:
        with tempfile.TemporaryDirectory() as place:
            judge = Judge(root, suite, choices, client, Path(place))
            for number, mutant in enumerate(due, 1):
                if time.monotonic() > end:
                    return False
                found = judge.judged(mutant)
                done[mutant.key] = found if suite is Suite.DEFAULT else results.after(done[mutant.key], found)
                results.write(path, done.values())
                print(progress(number, len(due), done[mutant.key]), flush=True)
            judge.confirm(done[m.key] for m in due)
    finally:
        client.close()
    return True


def progress(number: int, count: int, r: results.Result) -> str:
    return f"{number:4} of {count}  {r.outcome:12} {r.seconds:6.1f} s  {r.place}  {r.change}  {r.test}"
