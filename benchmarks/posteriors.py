"""Posteriors by fit_posterior: the ELBO, the evidence, k_hat, and marginals against long runs of a sampler.

    conjugate    x ~ N(0, I) in 5 dimensions, y ~ N(A x, s^2): the evidence is known
    funnel       Neal 2003 in 10 dimensions: log Z = 0
    logistic     logistic regression with 5 coefficients on 200 rows
    schools      eight schools, not centred; regression: sblrc-blr. Both of posteriordb, from NFSCRATCH_DATA

Each with a Gaussian (full covariance), with the default flow, and with an IAF of 5 layers behind the same end. Every
finished fit is a row of a file: start it again, and it goes on where it was.

    OPENBLAS_NUM_THREADS=1 python benchmarks/posteriors.py --rows runs/posteriors.csv [--seeds 3] [--steps 2000]
    python benchmarks/posteriors.py --rows runs/posteriors.csv --show
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import autograd.numpy as np
import numpy as onp
from result_rows import append, results

import nfscratch as nf

LOG_2PI, INF = onp.log(2 * onp.pi), onp.inf


class Model(NamedTuple):
    log_prob: object
    constraints: list
    log_evidence: float | None = None
    reference: object = None  # a ReferencePosterior
    columns: object = None  # draws -> draws of the reference's columns


def normal(x, mean, sd):
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * LOG_2PI


def conjugate():
    rng = onp.random.default_rng(0)
    A, s = rng.normal(size=(20, 5)), 0.5
    y = A @ rng.normal(size=5) + s * rng.normal(size=20)
    C = A @ A.T + s**2 * onp.eye(20)
    evidence = -0.5 * (y @ onp.linalg.solve(C, y) + onp.linalg.slogdet(C)[1] + 20 * LOG_2PI)
    likelihood = lambda x: np.sum(normal(y, np.dot(x, A.T), s), axis=1)  # noqa: E731
    return Model(lambda x: np.sum(normal(x, 0.0, 1.0), axis=1) + likelihood(x), [5], evidence)


def funnel():
    tail = lambda x: np.sum(normal(x[:, 1:], 0.0, np.exp(x[:, :1] / 2)), axis=1)  # noqa: E731
    return Model(lambda x: normal(x[:, 0], 0.0, 3.0) + tail(x), [10], 0.0)


def logistic():
    rng = onp.random.default_rng(3)
    X = onp.hstack([onp.ones((200, 1)), rng.normal(size=(200, 4))])
    y = (rng.random(200) < 1 / (1 + onp.exp(-X @ [0.5, 1, -2, 0, 0.3]))).astype(float)

    def log_prob(x):
        u = np.dot(x, X.T)
        return np.sum(normal(x, 0.0, 5.0), axis=1) + np.sum(y * u - np.logaddexp(0.0, u), axis=1)

    return Model(log_prob, [5])


def schools():
    reference = nf.data.reference_posterior("eight_schools-eight_schools_noncentered")
    y, sigma = reference.data["y"], reference.data["sigma"]

    def log_prob(x):
        t, mu, tau = x[:, :8], x[:, 8:9], x[:, 9:]
        hyper = normal(mu, 0.0, 5.0) - np.log1p((tau / 5.0) ** 2) + np.log(2.0 / (5.0 * onp.pi))
        return np.sum(normal(t, 0.0, 1.0) + normal(y, mu + tau * t, sigma), axis=1) + hyper[:, 0]

    columns = lambda x: onp.hstack([x[:, 8:9] + x[:, 9:] * x[:, :8], x[:, 8:]])  # noqa: E731
    return Model(log_prob, [9, nf.Bounds([0.0], [INF])], None, reference, columns)


def regression():
    reference = nf.data.reference_posterior("sblrc-blr")
    X, y = reference.data["X"], reference.data["y"]

    def log_prob(x):
        beta, sigma = x[:, :5], x[:, 5:]
        prior = np.sum(normal(beta, 0.0, 10.0), axis=1) + normal(sigma[:, 0], 0.0, 10.0)
        return prior + np.sum(normal(y, np.dot(beta, X.T), sigma), axis=1)

    return Model(log_prob, [5, nf.Bounds([0.0], [INF])], None, reference, lambda x: x)


MODELS = {f.__name__: f for f in (conjugate, funnel, logistic, schools, regression)}


def ended(layers, model):
    """`layers` behind a trained Gaussian, at the location and scale of the search, with the constraints."""
    last = nf.Blocks(model.constraints)
    D = last.in_shape[0]
    return nf.Flow(nf.StandardNormal(D), nf.Chain([*layers(D), nf.Triangular(D), nf.Whiten(D), last]))


FLOWS = {
    "Gaussian": lambda model: ended(lambda D: [], model),
    "default": lambda model: nf.flows.inference(constraints=model.constraints),
    "IAF": lambda model: ended(lambda D: [nf.flows.iaf(D, whiten="diagonal").bijection], model),
}


def fitted(name, kind, seed, steps):
    model, start = MODELS[name](), time.process_time()
    result = nf.fit_posterior(model.log_prob, FLOWS[kind](model), rng=seed, steps=steps, progress=False)
    row = {"posterior": name, "flow": kind, "seed": seed, "steps": steps, "seconds": time.process_time() - start}
    for field in ("elbo", "elbo_error", "log_evidence", "log_evidence_error", "k_hat"):
        row[field] = getattr(result, field)
    row["known"] = "" if model.log_evidence is None else model.log_evidence
    row["worst_mean"] = row["worst_sd"] = ""
    if model.reference is not None:
        mean, sd = model.reference.errors(model.columns(result.draws))
        row["worst_mean"], row["worst_sd"] = mean.max(), sd.max()
    return row


def show(rows):
    groups = defaultdict(list)
    for row in rows:
        groups[row["posterior"], row["flow"]].append(row)
    print("| posterior | flow | seeds | ELBO | log evidence | its error | known | k_hat | mean off, sd | sd off | s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for (posterior, flow), some in groups.items():
        column = lambda name: [float(row[name]) for row in some if row[name] != ""]  # noqa: B023, E731
        spread = lambda name, digits: " ".join(f"{value:.{digits}f}" for value in column(name))  # noqa: B023, E731
        worst = lambda name, unit="": f"{max(column(name)):.3f}{unit}" if column(name) else ""  # noqa: B023, E731
        known = f"{column('known')[0]:.4f}" if column("known") else ""
        cells = [posterior, flow, len(some), spread("elbo", 4), spread("log_evidence", 4)]
        cells += [f"{max(column('log_evidence_error')):.4f}", known, spread("k_hat", 2)]
        cells += [worst("worst_mean"), worst("worst_sd"), f"{onp.mean(column('seconds')):.0f}"]
        print("| " + " | ".join(map(str, cells)) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=Path("runs/posteriors.csv"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--posteriors", nargs="*", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--flows", nargs="*", choices=list(FLOWS), default=list(FLOWS))
    parser.add_argument("--show", action="store_true", help="the table of what is there, and nothing else")
    options = parser.parse_args()
    if options.show:
        return show(results(options.rows))
    options.rows.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        for name in options.posteriors:
            for kind in options.flows:
                key = (name, kind, str(seed), str(options.steps))
                if all((r["posterior"], r["flow"], r["seed"], r["steps"]) != key for r in results(options.rows)):
                    append(options.rows, fitted(name, kind, seed, options.steps))
    show(results(options.rows))


if __name__ == "__main__":
    main()
