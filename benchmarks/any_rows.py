"""log_prob of every recipe at any finite rows: how often it is a number, -inf, or something that it must not be.

    python -m benchmarks rows [--rows 1000000] [--seed 7] [--only maf planar]

The rows are shared among the recipes of tests/support/finite_rows.py and both dtypes; flows that integrate an equation
take a long time for each and get 60. NaN, +inf and an exception are faults. The rows and the parameters come from the
seed and the name of the recipe alone. Contexts are standard normal.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

import numpy as onp
from finite_rows import BY_SOLVER, RECIPES, drawn

import nfscratch as nf

DTYPES = ("float64", "float32")
FEW = 60


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of all recipes and both dtypes (1000000)")
    parser.add_argument("--seed", type=int, default=7, help="of parameters and rows (7)")
    parser.add_argument("--only", nargs="+", choices=list(RECIPES), metavar="NAME", help="recipes, by their names")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0, or 1 if a log_prob is NaN or +inf, or raises."""
    options = parsed(arguments)
    names = options.only or list(RECIPES)
    each = -(-options.rows // (len(DTYPES) * max(1, sum(name not in BY_SOLVER for name in names))))
    faults, total = 0, 0
    print("| recipe | dtype | rows | -inf | NaN or +inf | s |\n|---|---|---|---|---|---|")
    for name in names:
        for dtype in DTYPES:
            n, start = FEW if name in BY_SOLVER else each, time.process_time()
            empty, wrong = counted(name, dtype, n, options.seed)
            faults, total = faults + wrong, total + n
            print(f"| {name} | {dtype} | {n} | {empty} | {wrong} | {time.process_time() - start:.1f} |", flush=True)
    print(f"seed {options.seed}: {total} rows, {faults} faults")
    return int(faults > 0)


def counted(name: str, dtype: str, n: int, seed: int) -> tuple[int, int]:
    """How many log_probs are -inf, and how many are wrong: all of them where the call raises."""
    nf.use(dtype=dtype)
    flow, params, x, context, _ = drawn(name, dtype, n, seed)
    try:
        log_p = onp.asarray(flow.log_prob(params, x, context))
    except Exception as error:
        print(f"{name}, {dtype}: {type(error).__name__}: {error}")
        return 0, n
    bad = onp.flatnonzero(~(log_p < onp.inf))
    for row in bad[:3]:
        print(f"{name}, {dtype}: log_prob {log_p[row]} at {x[row].tolist()}")
    return int((log_p == -onp.inf).sum()), len(bad)
