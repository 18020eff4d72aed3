"""Autoregressive layers and inverse autoregressive ones."""

import nfscratch as nf
from cases.case import CONTEXT, Case, by_search
from cases.splines import rational


def autoregressive(transformer, network=None, order=None, context_dim=0):
    """order: as of Autoregressive, or "random"."""
    network = network or nf.MADE((12, 12), "tanh")
    return lambda dim: nf.Autoregressive(
        transformer, dim, network, nf.random_order(dim, seed=2) if order == "random" else order, context_dim
    )


def autoregressive_chain(dim):
    return nf.Chain(
        [
            nf.BatchNorm(dim),
            nf.Autoregressive(nf.Affine(1.0), dim, nf.MADE((12,), "tanh")),
            nf.BatchNorm(dim),
            nf.Inverse(nf.Autoregressive(nf.Inverse(nf.Affine(1.0)), dim, nf.MADE((8,), "tanh"), "reversed")),
            nf.Standardize(dim),
        ]
    )


AUTOREGRESSIVE = [
    Case("autoregressive shift", autoregressive(nf.Shift(), order="reversed")),
    Case("autoregressive affine", autoregressive(nf.Affine())),
    Case("autoregressive affine, reversed", autoregressive(nf.Affine(1.0), order="reversed")),
    Case("autoregressive affine, random order", autoregressive(nf.Affine(1.0), order="random")),
    Case("autoregressive inverse of affine", autoregressive(nf.Inverse(nf.Affine(1.0)))),
    Case("autoregressive leaky ReLU, no parameters", autoregressive(nf.LeakyReLU(0.3))),
    Case("autoregressive, ReLU", autoregressive(nf.Affine(1.0), nf.MADE((12, 12)))),
    Case("autoregressive, deep", autoregressive(nf.Affine(1.0), nf.MADE((10, 16, 7, 9), "tanh"), "random")),
    Case("autoregressive, linear network", autoregressive(nf.Affine(1.0), nf.MADE(()), "reversed")),
    Case("autoregressive, hidden narrower than D", autoregressive(nf.Affine(1.0), nf.MADE((3, 2), "tanh"))),
    Case("autoregressive, context", autoregressive(nf.Affine(1.0), context_dim=CONTEXT)),
    Case("autoregressive, context, random order", autoregressive(nf.Affine(1.0), nf.MADE((14,)), "random", CONTEXT)),
    Case("autoregressive, context, linear", autoregressive(nf.Affine(1.0), nf.MADE(()), "random", CONTEXT)),
    Case("autoregressive, context, narrow", autoregressive(nf.Affine(1.0), nf.MADE((2, 3), "tanh"), None, CONTEXT)),
    Case("IAF", lambda dim: nf.Inverse(autoregressive(nf.Inverse(nf.Affine(1.0)))(dim))),
    Case(
        "IAF, the other form, context",
        lambda dim: nf.Inverse(autoregressive(nf.Affine(1.0), order="random", context_dim=CONTEXT)(dim)),
    ),
    Case("autoregressive chain, BatchNorm between", autoregressive_chain, tolerance=1e-11),
    Case("autoregressive rational spline", autoregressive(rational(), order="random")),
    Case("autoregressive inverse of a rational spline", autoregressive(nf.Inverse(rational()))),
    by_search("autoregressive squared, numeric", autoregressive(nf.Squared())),
    by_search(
        "autoregressive mixture CDF, context, numeric",
        autoregressive(nf.LogisticMixtureCDF(3), order="random", context_dim=CONTEXT),
    ),
    by_search(
        "autoregressive inverse of a deep sigmoid, numeric",
        autoregressive(nf.Inverse(nf.DeepSigmoid(3))),
        reach=2.5,
        like="autoregressive mixture CDF, context, numeric",
    ),
]
