"""Classification accuracy score of class-conditional flows on digits and MNIST (Ravuri and Vinyals 2019), three seeds.

A classifier is trained on labelled images that a model made, and tested on real ones. The sources of its training set:

    flow        draws of p(x | class), each class as often as in the real set: RealNVP as in chapter 10 on digits, a
                masked autoregressive flow on MNIST (pixel_maf.py), the one-hot class as its context
    mixture     a mixture of Gaussians for each class, fitted to the same images, in the variables of their first
                principal components: 1, 3 or 10 components with full covariances, as many as give held-out images the
                highest density
    real        as many real images as were made
    both        the real images and the flow's

Draws are whole pixel levels, rounded down and clipped, as the data is. Digits: 1,257 images and all of the test;
MNIST: 5,000 images, another 5,000 for each seed, and 5,000 test images; flow and mixture are fitted to all training
images. Two classifiers: the default of classification_accuracy_score, a support vector machine on standardised columns,
and a random forest. A score that is in the file of results is not computed again.

    NFSCRATCH_DATA=folder python benchmarks/classification_accuracy.py --runs runs [--sets digits mnist --seeds 3]
"""

import argparse
import os
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy is loaded
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from pixel_maf import trained  # noqa: E402
from result_rows import append, results  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.mixture import GaussianMixture  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch.evaluate import classification_accuracy_score, mean_and_error  # noqa: E402

MADE = {"digits": 1257, "mnist": 5000}  # images that a classifier is trained on
TESTED = {"digits": None, "mnist": 5000}
HIGHEST = {"digits": 16, "mnist": 255}
DIRECTIONS = {"digits": 40, "mnist": 100}  # principal components of the mixture
COMPONENTS = (1, 3, 10)
EPOCHS = 4
SOURCES = ("flow", "mixture", "real", "both")
CLASSIFIERS = {
    "support vectors": lambda seed: None,
    "forest": lambda seed: RandomForestClassifier(random_state=seed),
}


# --- what makes images: a function of labels and a generator ---


def flow_of(name, data, seed, runs):
    fit = digits_flow if name == "digits" else mnist_flow
    flow, params = fit(data, seed, runs)
    return lambda labels, rng: flow.sample(params, rng, len(labels), context=np.eye(10)[labels])


def digits_flow(data, seed, runs):
    """Chapter 10's."""
    still = {"whiten": "diagonal", "max_log_scale": 1.0, "base": nf.StandardNormal(64)}
    flow = nf.flows.real_nvp(64, layers=6, hidden=(96,), context_dim=10, **still)
    result = nf.fit(
        flow,
        data.train,
        context=np.eye(10)[data.labels["train"]],
        rng=np.random.default_rng(seed),
        steps=500,
        optimizer=nf.adam(3e-3, weight_decay=5.0),
        clip=50.0,
        jitter=data.jitter,
        validation=None,
        progress=False,
    )
    return flow, result.params


def mnist_flow(data, seed, runs):
    train, validation = (np.eye(10)[data.labels[part]] for part in ("train", "validation"))
    run = runs / f"cas_{EPOCHS}_epochs_{seed}.run"
    return trained(run, data.train, (data.validation[:2000], validation[:2000]), seed, EPOCHS, context=train)


def mixture_of(name, data, seed, runs):
    rng = np.random.default_rng(seed)
    pca = PCA(DIRECTIONS[name], random_state=seed).fit(data.train)
    train, held_out = pca.transform(data.jittered(rng, data.train)), pca.transform(data.validation)
    labels = data.labels
    best = [chosen_mixture(train[labels["train"] == k], held_out[labels["validation"] == k], seed) for k in range(10)]

    def made(labels, rng):
        points = np.empty((len(labels), DIRECTIONS[name]))
        for k in np.unique(labels):
            best[k].random_state = int(rng.integers(2**31))
            points[labels == k] = best[k].sample((labels == k).sum())[0]
        return pca.inverse_transform(points)

    return made


def chosen_mixture(train, held_out, seed):
    fits = [GaussianMixture(k, random_state=seed, reg_covar=1e-3 * train.var()).fit(train) for k in COMPONENTS]
    return max(fits, key=lambda fit: fit.score(held_out))


# --- labelled images of each source ---


def labelled(source, name, data, seed, runs, makers):
    """x (N, D) and labels (N,) of one source."""
    rng = np.random.default_rng([seed, 1])
    rows = rng.permutation(len(data.train))[: MADE[name]]
    real, labels = np.floor(data.train[rows]), data.labels["train"][rows]
    if source == "real":
        return real, labels
    kind = "mixture" if source == "mixture" else "flow"
    if kind not in makers:
        makers[kind] = (mixture_of if kind == "mixture" else flow_of)(name, data, seed, runs)
    made = np.clip(np.floor(makers[kind](labels, np.random.default_rng([seed, 2]))), 0, HIGHEST[name])
    return (np.concatenate([real, made]), np.r_[labels, labels]) if source == "both" else (made, labels)


def study(options):
    path = options.runs / "classification_accuracy.csv"
    done = {(row["set"], row["seed"], row["source"], row["classifier"]) for row in results(path)}
    for name in options.sets:
        data = nf.data.load(name)
        test = np.floor(data.test[: TESTED[name]]), data.labels["test"][: TESTED[name]]
        for seed in range(options.seeds):
            makers = {}
            for source in SOURCES:
                missing = [c for c in CLASSIFIERS if (name, str(seed), source, c) not in done]
                x, labels = labelled(source, name, data, seed, options.runs, makers) if missing else (None, None)
                for classifier in missing:
                    start = time.process_time()
                    found = classification_accuracy_score(x, labels, *test, CLASSIFIERS[classifier](seed))
                    row = {"set": name, "seed": seed, "source": source, "classifier": classifier}
                    append(path, row | found._asdict() | {"seconds": time.process_time() - start})
    report(path)


def report(path):
    rows = results(path)
    for name in MADE:
        for classifier in CLASSIFIERS:
            found = {
                source: [float(row["mean"]) for row in rows if (row["set"], row["source"], row["classifier"]) == key]
                for source in SOURCES
                for key in [(name, source, classifier)]
            }
            if all(found.values()):
                cells = [f"{source} {mean_and_error(found[source]):.4f}" for source in SOURCES]
                gain = mean_and_error(np.array(found["flow"]) - found["mixture"])
                print(f"{name}, {classifier}:", "; ".join(cells), f"; flow minus mixture, by seed, {gain:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for fits and results")
    parser.add_argument("--sets", nargs="+", default=list(MADE), choices=list(MADE))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    study(options)


if __name__ == "__main__":
    main()
