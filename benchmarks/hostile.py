"""Hostile checkpoints by the thousand: damaged ones, and forged ones that are honestly sealed.

    python -m benchmarks hostile [--files 10000] [--forged 0.2] [--seed 0] [--keep folder]

Each is read in a child process of its own, with limits on processor time and memory, as a user would read it: flows by
`nf.load`, runs by the fit that they are of. It must be refused with CheckpointError; or be as the original, byte for
byte; or be another flow or run, which is what its file says (tests/support/hostile/verdict.py tells one by that).
The files come from the seed alone. Whatever else happens is a fault: it is printed, and `--keep` keeps its file.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported: a child is forked for each file
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

import numpy as onp
from hostile import damaged, forged, originals
from hostile.trial import tried
from hostile.verdict import Verdict

import nfscratch as nf


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000, help="how many (default: 10000)")
    parser.add_argument("--forged", type=float, default=0.2, help="share of forged ones (default: 0.2)")
    parser.add_argument("--seed", type=int, default=0, help="of the random choices (default: 0)")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64", help="of the flows")
    parser.add_argument("--keep", type=Path, help="folder for the files that end in a fault")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    nf.use(dtype=options.dtype)
    counts, worst, faults = Counter(), {"seconds": 0.0, "growth": 0}, 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hostile.safetensors"
        for sort, original, kind, content in files(options, path):
            trial = tried(original, content, path)
            counts[sort, original.kind, trial.verdict] += 1
            counts[sort, original.kind, "costly"] += bool(trial.costly)
            worst = {key: max(value, getattr(trial, key)) for key, value in worst.items()}
            if not trial.verdict.good or trial.costly:
                faults += not trial.verdict.good
                tell(sort, original, kind, trial)
                keep(options.keep, content, f"{sort}-{original.kind}-{kind}-{sum(counts.values())}")
    print(table(counts))
    print(f"most seconds to read one: {worst['seconds']:.2f}; most memory: {worst['growth'] / 2**20:.0f} MiB")
    return 1 if faults else 0


def files(options, path):
    """(damaged or forged, the original, the kind of damage, content), each drawn from the seed."""
    rng = onp.random.default_rng(options.seed)
    flows, runs = list(originals.flows(path)), list(originals.runs(path))
    for _ in range(options.files):
        among = flows if rng.random() < 0.6 else runs
        one, other = (among[int(k)] for k in rng.integers(len(among), size=2))
        if rng.random() < options.forged:
            sort, made = "forged", forged.forgeries(one.content, rng, (one.content, other.content))
        else:
            sort, made = "damaged", damaged.damages(one.content, rng, other.content)
        kind, content = next(islice(made, 1))
        yield sort, one, kind, content


def tell(sort, original, kind, trial):
    what = trial.costly if trial.verdict.good else trial.verdict.value
    print(f"{what}: {sort}, {original.name} ({kind}): {trial.why[:300]}", flush=True)


def keep(folder, content, name):
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def table(counts):
    rows = sorted({key[:2] for key in counts})
    lines = ["| files | " + " | ".join(verdict.value for verdict in Verdict) + " | too costly to compute with |"]
    lines.append("|---" * (len(Verdict) + 2) + "|")
    for sort, kind in rows:
        cells = [counts[sort, kind, column] for column in (*Verdict, "costly")]
        lines.append(f"| {sum(cells[:-1])} {sort} {kind}s | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
