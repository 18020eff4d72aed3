"""A time series as context: as it is, through an embedding network, and as three chosen numbers.

    python benchmarks/conditional_series.py --results conditional_series.csv [--simulations 1000 10000 100000]

Chapter 10's last experiment with more of everything: p(k, m, s | 50 values) of an Ornstein-Uhlenbeck process. The gap
is the mean of log p(theta | x) - log q(theta | x) in nats over 200 fresh pairs, with its standard error; the exact
posterior is on a grid of 40^3 midpoints. A tenth of the simulations is held out and decides which parameters are kept.
A fit's row is written as soon as it is there; run it again to go on. Seconds are processor time on one thread.
"""

import argparse
import os
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from result_rows import append, results  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch.targets import simulators  # noqa: E402

GRID = 40


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="CSV file, read and written")
    parser.add_argument("--simulations", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=4_000)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    return parser.parse_args()


def chosen(x):
    """The mean, the log-variance, and the log-variance of the steps: (N, 50) -> (N, 3)."""
    return np.stack([x.mean(axis=1), np.log(x.var(axis=1)), np.log(np.diff(x, axis=1).var(axis=1))], axis=1)


def embedding():
    return nf.ConvFeatures(50, channels=(16, 32), hidden=(64,))


KINDS = {  # name: (width of the context that the layers see, its embedding network, what is made of the series)
    "series": (50, lambda: None, np.asarray),
    "embedding": (8, embedding, np.asarray),
    "chosen": (3, lambda: None, chosen),
}


def exact_log_posterior(simulator, theta, x):
    low, high = map(np.array, simulator.support)
    axes = [a + (b - a) * (np.arange(GRID) + 0.5) / GRID for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    log_z = [np.logaddexp.reduce(simulator.log_likelihood(grid, row)) - 3 * np.log(GRID) for row in x]
    return simulator.log_likelihood(theta, x) - log_z - np.log(high - low).sum()


def one_fit(simulator, kind, n, seed, steps, test, truth):
    """One row of the table."""
    width, embed, of = KINDS[kind]
    rng = np.random.default_rng(1_000 + seed)
    theta = simulator.prior(rng, n)
    x, start = of(simulator.simulate(rng, theta)), time.process_time()
    size = {"layers": 4, "hidden": (64, 64), "gain": 1.0, "support": simulator.support}
    flow = nf.flows.rq_nsf(3, context_dim=width, embed=embed(), **size)
    fit = {"steps": steps, "batch_size": 256, "optimizer": nf.adam(5e-3, weight_decay=0.1), "progress": False}
    result = nf.fit(flow, theta, context=x, rng=seed, **fit)
    gap = truth - flow.log_prob(result.params, test[0], of(test[1])).astype(float)
    return {
        **{"kind": kind, "simulations": n, "steps": steps, "seed": seed, "best_step": result.best_step},
        **{"gap": round(gap.mean(), 4), "error": round(gap.std() / len(gap) ** 0.5, 4)},
        "seconds": round(time.process_time() - start, 1),
    }


def main():
    options = arguments()
    nf.use(dtype="float32")
    simulator, rng = simulators.ornstein_uhlenbeck(), np.random.default_rng(7)
    theta = simulator.prior(rng, 200)
    test = theta, simulator.simulate(rng, theta)
    truth = exact_log_posterior(simulator, *test)
    done = {tuple(row[key] for key in ("kind", "simulations", "steps", "seed")) for row in results(options.results)}
    for seed in options.seeds:
        for n in options.simulations:
            for kind in options.kinds:
                if (kind, str(n), str(options.steps), str(seed)) not in done:
                    append(options.results, one_fit(simulator, kind, n, seed, options.steps, test, truth))
    for row in results(options.results):
        print("{kind:10} {simulations:>7} simulations, seed {seed}: {gap} ± {error} nats, {seconds} s".format(**row))


if __name__ == "__main__":
    main()
