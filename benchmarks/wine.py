"""Red and white wine, 11 measurements each: NSF and MAF beside a Gaussian, in ten folds.

    NFSCRATCH_DATA=... python benchmarks/wine.py --results wine.json

Reads uci_density/winequality-red.csv and -white.csv below NFSCRATCH_DATA. A quarter to a third of the rows repeat
others, so equal rows stay in one fold; values are recorded to a step (0.1, 0.01, ...), so uniform noise as wide as the
step is added, fresh in training, and once for validation and test. Without it a density is unbounded on recorded
values: the Gaussian is reported both ways, since published numbers have no noise.

Nats per row, in units of the training part's standard deviations, as the literature gives them (Uria et al. 2013,
arXiv:1306.0186). One fold's result is written to the file as soon as it is there; run it again to go on.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np

import nfscratch as nf
from nfscratch.data.dataset import recording_step

FOLDS = 10


def wine(colour):
    """The 11 measurements, (N, 11)."""
    folder = os.environ.get("NFSCRATCH_DATA")
    if not folder:
        raise SystemExit("NFSCRATCH_DATA must name the data folder; it is not set")
    return np.loadtxt(Path(folder) / "uci_density" / f"winequality-{colour}.csv", delimiter=",")[:, :11]


def folds(x, rng):
    """The fold of every row; equal rows share one."""
    _, group = np.unique(x, axis=0, return_inverse=True)
    return (rng.permutation(group.max() + 1) % FOLDS)[group.reshape(-1)]


def parts(x, fold, k):
    """Rows of the training, validation and test parts: fold k is the test, the next one validates."""
    return x[(fold != k) & (fold != (k + 1) % FOLDS)], x[fold == (k + 1) % FOLDS], x[fold == k]


def gaussian(train, test):
    """log N(x; m, C) of the rows of `test`, with the mean and covariance of `train`."""
    m, L = train.mean(axis=0), np.linalg.cholesky(np.cov(train.T))
    u = np.linalg.solve(L, (test - m).T)
    return -0.5 * (u**2).sum(axis=0) - np.log(np.diag(L)).sum() - 0.5 * len(m) * np.log(2 * np.pi)


def flow_scores(flow, train, validation, test, step, rng, steps):
    result = nf.fit(
        flow,
        train,
        rng=rng,
        validation=validation,
        jitter=step,
        steps=steps,
        batch_size=256,
        optimizer=nf.adam(2e-3, weight_decay=2.0),
        clip=20.0,
        progress=False,
    )
    return nf.to_numpy(flow.log_prob(result.params, test)).astype(float)


MODELS = {
    "NSF": lambda: nf.flows.rq_nsf(
        11, layers=4, hidden=(64, 64), bins=8, bound=4.0, activation="tanh", gain=1.0, whiten="diagonal"
    ),
    "MAF": lambda: nf.flows.maf(
        11, layers=5, hidden=(64, 64), activation="tanh", gain=1.0, whiten="diagonal", max_log_scale=1.5
    ),
}


def one_fold(colour, k, steps):
    """Mean nats per row of the test fold, by model."""
    x = wine(colour)
    step = recording_step(x)
    train, validation, test = parts(x, folds(x, np.random.default_rng(0)), k)
    rng = np.random.default_rng([k, len(x)])
    scale = np.log(train.std(axis=0)).sum()  # from raw units to standard deviations
    noisy = [part + step * rng.random(part.shape) for part in (train, validation, test)]
    both = np.concatenate([noisy[0], noisy[1]])  # a Gaussian needs no validation
    scores = {
        "Gaussian, no noise": gaussian(np.concatenate([train, validation]), test).mean() + scale,
        "Gaussian": gaussian(both, noisy[2]).mean() + scale,
    }
    for name, make in MODELS.items():
        nf.use(dtype="float32")
        scores[name] = flow_scores(make(), train, *noisy[1:], step, rng, steps).mean() + scale
    return {name: float(score) for name, score in scores.items()}


def table(results):
    for colour in ("red", "white"):
        done = [scores for key, scores in results.items() if key.startswith(colour)]
        if done:
            print(f"\n{colour} wine, {len(done)} of {FOLDS} folds: mean test nats per row ± standard error over folds,")
            print("and minus the Gaussian on the same noisy rows, paired fold by fold")
            for name in done[0]:
                values = np.array([scores[name] for scores in done])
                gain = np.array([scores[name] - scores["Gaussian"] for scores in done])
                paired = "" if name.startswith("Gaussian") else f"    {with_error(gain, sign='+')}"
                print(f"  {name:24}{with_error(values)}{paired}")


def with_error(values, sign=""):
    """Mean ± standard error over folds."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{values.mean():{sign}9.3f} ± {error:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=Path("wine.json"), help="what is done already")
    parser.add_argument("--folds", type=int, default=FOLDS, help="how many of the ten folds")
    parser.add_argument("--steps", type=int, default=3000)
    options = parser.parse_args()
    results = json.loads(options.results.read_text()) if options.results.exists() else {}
    for k in range(options.folds):
        for colour in ("red", "white"):
            if f"{colour} {k}" not in results:
                results[f"{colour} {k}"] = one_fold(colour, k, options.steps)
                options.results.write_text(json.dumps(results, indent=1))
                print(colour, k, results[f"{colour} {k}"], flush=True)
    table(results)


if __name__ == "__main__":
    main()
