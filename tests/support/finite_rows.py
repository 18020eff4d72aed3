"""Recipes with wild parameters, and any finite rows: what log_prob must give a number or -inf for.

Each entry of a row is 0 or of a random size, from subnormal to the largest of the dtype; sometimes all are of one size.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

import nfscratch as nf

D, F = 3, nf.flows
H = {"hidden": (8,)}
RECIPES = {
    "real_nvp": lambda: F.real_nvp(D, layers=3, **H),
    "nice": lambda: F.nice(D, layers=3, **H),
    "gin": lambda: F.gin(D, layers=3, **H),
    "linear": lambda: F.linear(D),
    "maf": lambda: F.maf(D, layers=3, **H),
    "maf with BatchNorm": lambda: F.maf(D, layers=2, batch_norm=True, **H),
    "iaf": lambda: F.iaf(D, layers=2, **H),
    "rq_nsf": lambda: F.rq_nsf(D, layers=2, **H),
    "rq_nsf, autoregressive": lambda: F.rq_nsf(D, layers=2, coupling=False, **H),
    "planar": lambda: F.planar(D, layers=4),
    "radial": lambda: F.radial(D, layers=4),
    "sylvester": lambda: F.sylvester(D, layers=3),
    "naf": lambda: F.naf(D, layers=2, **H),
    "naf of Squared": lambda: F.naf(D, transformer=nf.Squared(), layers=2, **H),
    "naf of DeepDenseSigmoid": lambda: F.naf(D, transformer=nf.DeepDenseSigmoid((3,)), layers=1, **H),
    "naf of UMNN": lambda: F.naf(D, transformer=nf.UMNN(4), layers=1, **H),
    "naf of mixtures": lambda: F.naf(D, transformer=nf.LogisticMixtureCDF(3), layers=1, **H),
    "residual": lambda: F.residual(D, layers=2, **H),
    "made of Gaussians": lambda: F.made(D, nf.Gaussian(), **H),
    "made of mixtures": lambda: F.made(D, nf.MixtureOfGaussians(3), **H),
    "made, an ensemble": lambda: F.made(D, nf.MixtureOfGaussians(3), masks=3, **H),
    "mixture base": lambda: F.real_nvp(D, layers=2, base=nf.GaussianMixture(D, 3), **H),
    "Student's t": lambda: F.real_nvp(D, layers=2, base=nf.StudentT(D), **H),
    "diagonal base": lambda: F.maf(D, layers=2, base=nf.DiagonalNormal(D), **H),
    "logistic base": lambda: F.real_nvp(D, layers=2, base=nf.StandardLogistic(D), **H),
    "a box": lambda: F.real_nvp(D, layers=2, support=(0, 1), **H),
    "a half-line": lambda: F.maf(D, layers=2, support=(0, None), **H),
    "ffjord": lambda: F.ffjord(D, **H),
    "continuous": lambda: F.continuous(D),
    "continuous, with a context": lambda: F.continuous(D, context_dim=2),
    "linear, Householder": lambda: F.linear(D, "householder"),
    "naf of linear splines": lambda: F.naf(D, transformer=nf.LinearSpline(4), layers=2, **H),
    "naf of cubic splines": lambda: F.naf(D, transformer=nf.CubicSpline(4), layers=2, **H),
    "inference": lambda: F.inference(D, layers=2, **H),
    "inference of splines": lambda: F.inference(D, layers=2, transformer=nf.RationalQuadraticSpline(8, 5.0), **H),
    "inference within bounds": lambda: F.inference(D, support=(-1.0, 2.0), layers=2, **H),
    "real_nvp, with a context": lambda: F.real_nvp(D, layers=2, context_dim=2, **H),
    "maf, with a context": lambda: F.maf(D, layers=2, context_dim=2, **H),
    "rq_nsf, with a context": lambda: F.rq_nsf(D, layers=2, context_dim=2, **H),
    "planar, with a context": lambda: F.planar(D, layers=2, context_dim=2),
    "posterior, normal": lambda: F.posterior(D, 2),
    "posterior, planar": lambda: F.posterior(D, 2, "planar"),
    "posterior, sylvester": lambda: F.posterior(D, 2, "sylvester"),
    "posterior, iaf": lambda: F.posterior(D, 2, "iaf", **H),
    "posterior, spline": lambda: F.posterior(D, 2, "spline", **H),
}
BY_SOLVER = ("ffjord", "continuous", "continuous, with a context")


def wild(flow, rng):
    params = flow.init(rng)
    return nf.trees.map_leaves(
        lambda a: a + (0.5 * rng.normal(size=a.shape)).astype(a.dtype), params, fixed=lambda a: a
    )


def rows(n, dtype, rng):
    """Any finite rows."""
    kind = onp.finfo(dtype)
    top, bottom = onp.log10(float(kind.max)), onp.log10(float(kind.smallest_subnormal))
    one, each = rng.uniform(bottom, top, size=(n, 1)), rng.uniform(-3, top, size=(n, D))
    size = 10.0 ** onp.where(rng.random((n, 1)) < 0.5, one, each)
    x = rng.choice([-1.0, 1.0], size=(n, D)) * size * (rng.random((n, D)) > 0.1)
    return onp.clip(x, -float(kind.max), float(kind.max)).astype(dtype)


def drawn(name: str, dtype: str, n: int, seed: int) -> tuple[Any, Any, Any, Any, Any]:
    """(flow, params, x, context, rng) of a recipe, all from the seed and the name."""
    rng, flow = onp.random.default_rng([seed, *name.encode()]), RECIPES[name]()
    params, x = wild(flow, rng), rows(n, dtype, rng)
    context = rng.normal(size=(n, flow.context_dim)).astype(dtype) if flow.context_dim else None
    return flow, params, x, context, rng
