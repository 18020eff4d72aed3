"""The study from which the recipes' defaults are chosen: activation, initial scale, depth, patience, ...

    score = mean over held-out rows of  log p_flow(x) - log p_Gaussian(x),  divided by D        nats per dimension

The Gaussian has the covariance of Ledoit and Wolf 2004, from the same training rows. Each setting of SETTINGS differs
from CENTRE in the factors that it names. A fit is one (setting, table, recipe, seed); a fit that is already in the file
of results is not run again, so the study goes on where it was stopped. The table at the end compares each setting with
another one on the same tables, recipes and seeds: the mean difference, and its standard error over tables and recipes.

    python benchmarks/defaults.py --out defaults.csv --seeds 1 --minutes 20
    python benchmarks/defaults.py --out defaults.csv --settings "patience 15" "patience 5" --against "patience 15"

The tables are those of numeric_tables.py. One row of five is held out for the score.
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from pathlib import Path

import numpy as np
from numeric_tables import TABLES, table
from result_rows import append, results
from sklearn.covariance import LedoitWolf

import nfscratch as nf

RECIPES = ("real_nvp", "maf", "rq_nsf")
AFFINE = RECIPES[:2]  # those that have a bound on log-scales
LARGE = ("mlbbat10", "BudgetItaly", "RainIbk", "airfare")  # more than 1,000 rows: 400 steps are few
CENTRE = {  # the recipes' defaults, and a short run
    "activation": "tanh",
    "gain": 0.4,
    "bound": 3.0,
    "decay": 0.0,
    "hidden": 64,
    "whiten": "full",
    "layers": None,  # 8 in RealNVP, 5 in MAF, 4 in NSF
    "steps": 400,
}
OWN = {"steps": None}  # the length, the batches and the rate that `fit` chooses, and a patience
SETTINGS = {
    "centre": {},
    "relu": {"activation": "relu"},
    "silu": {"activation": "silu"},
    "elu": {"activation": "elu"},
    "gelu": {"activation": "gelu"},
    "gain 1": {"gain": 1.0},
    "gain .2": {"gain": 0.2},
    "relu, gain 1": {"activation": "relu", "gain": 1.0},
    "bound 1": {"bound": 1.0, "recipes": AFFINE},
    "bound 2": {"bound": 2.0, "recipes": AFFINE},
    "diagonal": {"whiten": "diagonal"},
    "decay 1": {"decay": 1.0},
    "hidden 32": {"hidden": 32},
    "hidden 128": {"hidden": 128},
    "layers 2": {"layers": 2},
    "layers 4": {"layers": 4, "recipes": AFFINE},
    "layers 12": {"layers": 12},
    "1500 steps": {"steps": 1500, "tables": LARGE},
    "gain 1, 1500 steps": {"gain": 1.0, "steps": 1500, "tables": LARGE},
    "diagonal, 1500 steps": {"whiten": "diagonal", "steps": 1500, "tables": LARGE},
    "patience 15": {**OWN, "patience": 15},
    "patience 5": {**OWN, "patience": 5},
    "patience 30": {**OWN, "patience": 30},
    "patience 100": {**OWN, "patience": 100},  # a run has fewer evaluations
}
CUT = 3.0  # nats a dimension: a fit that went astray is a loss of this, whatever its size


# --- one fit ---


class Split:
    """Standardised training and test rows, and the log-densities of the training rows' Gaussian at the test rows."""

    def __init__(self, x, seed):
        order = np.random.default_rng(seed).permutation(len(x))
        test, train = np.split(order, [len(x) // 5])
        self.mean, self.scale = x[train].mean(axis=0), x[train].std(axis=0)
        z = (x - self.mean) / self.scale
        root = np.linalg.cholesky(LedoitWolf(assume_centered=True).fit(z[train]).covariance_)
        white = np.linalg.solve(root, z.T).T
        log_det = -np.log(np.diag(root)).sum()
        self.gaussian = log_det - 0.5 * (white[test] ** 2).sum(axis=1) - 0.5 * x.shape[1] * np.log(2 * np.pi)
        self.train, self.test = z[train], z[test]


def fit(x, recipe, seed, setting):
    """The row of results for one fit."""
    start = time.process_time()
    options = {**CENTRE, **setting}
    split = Split(x, seed)
    arguments = {name: options[name] for name in ("activation", "gain", "whiten")}
    arguments["hidden"] = (options["hidden"],) * 2
    if recipe != "rq_nsf":
        arguments["max_log_scale"] = options["bound"]
    if options["layers"] is not None:
        arguments["layers"] = options["layers"]
    flow = getattr(nf.flows, recipe)(x.shape[1], **arguments)
    rng = np.random.default_rng(100 + seed)
    result = nf.fit(flow, split.train, rng=rng, validation=0.15, progress=False, **length(options))
    gains = nf.to_numpy(flow.log_prob(result.params, split.test)) - split.gaussian
    curve = result.history["validation"]
    return {
        "score": float(np.mean(gains, dtype=float)) / x.shape[1],
        "best_step": result.best_step,
        "first": curve[0] / x.shape[1],
        "best": min(curve) / x.shape[1],
        "last": curve[-1] / x.shape[1],
        "seconds": time.process_time() - start,
    }


def length(options):
    """Arguments of `fit`: so many steps of 128 rows, or what `fit` chooses by itself with a patience."""
    if options["steps"] is None:
        return {"patience": options["patience"]}
    optimizer = nf.adam(1e-3, weight_decay=options["decay"])
    return {"steps": options["steps"], "batch_size": 128, "evaluate_every": 20, "optimizer": optimizer}


# --- the study ---


def study(path, seeds, settings, deadline):
    done = {key(row) for row in results(path)}
    tables = {}
    for setting, seed in itertools.product(settings, range(seeds)):
        for name, recipe in itertools.product(TABLES, RECIPES):
            asked = name in SETTINGS[setting].get("tables", TABLES) and recipe in SETTINGS[setting].get(
                "recipes", RECIPES
            )
            if not asked or (setting, name, recipe, str(seed)) in done:
                continue
            if time.time() > deadline:
                return
            if name not in tables:
                tables[name] = table(name)
            row = fit(tables[name], recipe, seed, SETTINGS[setting])
            append(path, {"setting": setting, "table": name, "recipe": recipe, "seed": seed, **row})


def key(row):
    return row["setting"], row["table"], row["recipe"], row["seed"]


def report(path, against):
    """The table: differences from the setting `against` in the score, and how often a setting does badly.

    below: fits that end more than 0.02 nats a dimension below the Gaussian. step 0: fits whose best step is the first.
    rise: fits whose last validation is more than 1 nat a dimension above their best.
    """
    rows = results(path)
    scores = {key(row): float(row["score"]) for row in rows}
    names = " | ".join(f"{name:^14s}" for name in (*RECIPES, "all"))
    print(f"{'against ' + against:>24s} | {names} | below | step 0 | rise | fits")
    for setting in dict.fromkeys(row["setting"] for row in rows):
        pairs = paired(scores, setting, against)
        cells = [mean_and_error([d for k, d in pairs.items() if r in (k[1], None)]) for r in (*RECIPES, None)]
        own = [row for row in rows if row["setting"] == setting]
        below = sum(float(row["score"]) < -0.02 for row in own)
        first = sum(row["best_step"] == "0" for row in own)
        rise = sum(not float(row["last"]) - float(row["best"]) <= 1.0 for row in own)
        print(f"{setting:>24s} | {' | '.join(cells)} | {below:5d} | {first:6d} | {rise:4d} | {len(own):4d}")


def paired(scores, setting, against):
    """(table, recipe) -> the mean difference over the seeds that both settings have; a seed counts up to CUT."""
    pairs = {}
    for one, *fitted in scores:
        if one == setting and (against, *fitted) in scores:
            difference = scores[one, *fitted] - scores[against, *fitted]
            pairs.setdefault(tuple(fitted[:2]), []).append(np.clip(difference, -CUT, CUT))
    return {fitted: np.mean(differences) for fitted, differences in pairs.items()}


def mean_and_error(values):
    if len(values) < 2:
        return " " * 14
    return f"{np.mean(values):6.3f} ± {np.std(values, ddof=1) / len(values) ** 0.5:5.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("defaults.csv"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--against", default="centre")
    options = parser.parse_args()
    nf.use(dtype="float32")
    warnings.simplefilter("ignore")
    study(options.out, options.seeds, options.settings, time.time() + 60 * options.minutes)
    report(options.out, options.against)


if __name__ == "__main__":
    main()
