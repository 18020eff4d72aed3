"""A small data set, a small flow, and a short fit of the one to the other."""

import numpy as onp

import nfscratch as nf

DATA = onp.random.default_rng(0).normal(size=(400, 2)) @ [[1.0, 0.8], [0.0, 0.6]] * [2.0, 0.5] + [3.0, -1.0]
# Not whitened: DATA is Gaussian, and a flow that starts as that Gaussian has nothing left to learn.
FLOW = nf.flows.real_nvp(2, layers=2, hidden=(8,), whiten="diagonal")


def rng(seed=0):
    return onp.random.default_rng(seed)


def fit(x=DATA, flow=FLOW, seed=0, **options):
    return nf.fit(flow, x, rng=rng(seed), **{"steps": 30, "batch_size": 64, **options})


def scaling(dim=1):
    """x = e^s z + t with s and t trained: the Gaussians."""
    return nf.Flow(nf.StandardNormal(dim), nf.Elementwise(nf.Affine(5.0), dim))
