"""python -m benchmarks battery: many examples of every part, to find one that breaks a promise.

    python -m benchmarks battery --examples 2000 [--seed 7] [--only Affine maf] [--log runs/battery.jsonl] [--list]

An example is a part of a random size with random parameters at special points; every promise of
tests/support/battery/promises.py is looked at in both directions and both dtypes. The seed is printed, and the same
seed gives the same examples. A part that is done is written to the log, and is not done again with the same seed and
number of examples: a run that was stopped goes on. The smallest failing example is printed as code that can be pasted.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))


def parsed(arguments: list[str], parts: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=2000, help="of each part")
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    parser.add_argument("--only", nargs="+", choices=parts, metavar="NAME", help="parts and recipes, by their names")
    parser.add_argument("--log", type=Path, help="JSON lines, one for each part that is done; it is read first")
    parser.add_argument("--list", action="store_true", help="print the names and do nothing")
    return parser.parse_args(arguments)


def done(log: Path | None, seed: int, examples: int) -> set[str]:
    """The parts that the log has, with this seed and number of examples."""
    lines = log.read_text().splitlines() if log is not None and log.exists() else []
    entries = [json.loads(line) for line in lines]
    return {e["part"] for e in entries if (e["seed"], e["examples"]) == (seed, examples)}


def main(arguments: list[str]) -> int:
    from battery.search import PARTS, search

    options = parsed(arguments, list(PARTS))
    if options.list:
        print("\n".join(PARTS))
        return 0
    seed = secrets.randbits(32) if options.seed is None else options.seed
    print(f"--examples {options.examples} --seed {seed}", flush=True)
    skipped, failed = done(options.log, seed, options.examples), 0
    warnings.simplefilter("ignore")  # numbers near the ends of the range overflow, and their promises say so
    for name in options.only or PARTS:
        if name in skipped:
            print(f"{name}: done before")
            continue
        began = time.process_time()
        broken = search(name, options.examples, seed)
        seconds, failed = time.process_time() - began, failed + (broken is not None)
        print(f"{name}: {'holds' if broken is None else 'BROKEN'} ({seconds:.1f} s)", flush=True)
        if broken is not None:
            print(f"\n{broken}\n", flush=True)
        if options.log is not None:
            found = {"seconds": round(seconds, 1), "broken": broken and str(broken)}
            _write(options.log, part=name, seed=seed, examples=options.examples, **found)
    return 1 if failed else 0


def _write(log, **entry):
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(json.dumps(entry) + "\n")
