"""A small conditional flow of every structure, by name; with parameters away from its start, data and context."""

from dataclasses import dataclass
from typing import Any

import numpy as onp

import nfscratch as nf
from nfscratch import trees

C = 3
SMALL = {"context_dim": C, "hidden": (6,)}
EXACT = nf.ode.RK4(16)  # fixed steps: finite differences of an adaptive solver see its choices


def _on_base(base, dim):
    return nf.Flow(base, nf.Standardize(dim), nf.StandardizedInput())


def _elementwise(dim):
    """theta from the context alone."""
    layer = nf.Conditioned(nf.Elementwise(nf.Inverse(nf.RationalQuadraticSpline()), dim), nf.MLP((6,)), C)
    return nf.Flow(nf.StandardNormal(dim), nf.Chain([layer, nf.Standardize(dim)]), nf.StandardizedInput())


def _made(dim):
    return nf.AutoregressiveDensity(dim, nf.Gaussian(), nf.MADE((6,)), context_dim=C)


def _posterior(dim, kind):
    """The recipe leaves the context, an encoder's output, as it is."""
    flow = nf.flows.posterior(dim, C, kind, layers=2, hidden=(6,))
    return nf.Flow(flow.base, flow.bijection, nf.StandardizedInput())


STRUCTURES = {
    "real_nvp": lambda dim: nf.flows.real_nvp(dim, layers=2, **SMALL),
    "nice": lambda dim: nf.flows.nice(dim, layers=2, **SMALL),
    "gin": lambda dim: nf.flows.gin(dim, layers=2, **SMALL),
    "maf": lambda dim: nf.flows.maf(dim, layers=2, **SMALL),
    "iaf": lambda dim: nf.flows.iaf(dim, layers=2, **SMALL),
    "rq_nsf": lambda dim: nf.flows.rq_nsf(dim, layers=2, **SMALL),
    "rq_nsf, autoregressive": lambda dim: nf.flows.rq_nsf(dim, layers=2, coupling=False, **SMALL),
    "naf": lambda dim: nf.flows.naf(dim, layers=1, **SMALL),
    "linear": lambda dim: nf.flows.linear(dim, **SMALL),
    "linear, diagonal": lambda dim: nf.flows.linear(dim, "diagonal", **SMALL),
    "planar": lambda dim: nf.flows.planar(dim, layers=2, **SMALL),
    "radial": lambda dim: nf.flows.radial(dim, layers=2, **SMALL),
    "sylvester": lambda dim: nf.flows.sylvester(dim, layers=2, **SMALL),
    "residual": lambda dim: nf.flows.residual(dim, layers=2, **SMALL),
    "ffjord": lambda dim: nf.flows.ffjord(dim, solver=EXACT, **SMALL),
    "continuous": lambda dim: nf.flows.continuous(dim, field=nf.MLP((6,), "tanh"), solver=EXACT, context_dim=C),
    "elementwise": _elementwise,
    "made as base": lambda dim: _on_base(_made(dim), dim),
    "ensemble as base": lambda dim: _on_base(nf.MaskEnsemble(_made(dim), 3), dim),
    "mixture as base": lambda dim: _on_base(nf.ConditionedBase(nf.GaussianMixture(dim, 2), nf.MLP((6,)), C), dim),
    "fitted tails as base": lambda dim: nf.flows.maf(dim, layers=2, base=nf.FittedTails(dim), **SMALL),
    "posterior, normal": lambda dim: _posterior(dim, "normal"),
    "posterior, planar": lambda dim: _posterior(dim, "planar"),
    "posterior, iaf": lambda dim: _posterior(dim, "iaf"),
    "embedded": lambda dim: nf.flows.rq_nsf(dim, layers=2, embed=nf.MLP((4,), "tanh"), **SMALL),
    "bounded": lambda dim: nf.flows.maf(dim, layers=2, support=(-50, None), **SMALL),
}


@dataclass(frozen=True)
class Example:
    flow: Any
    params: Any
    x: Any
    context: Any


def data(dim, n=6, offset=0.0, unit=1.0):
    """x (n, dim), and a context (n, C) in units of its own."""
    draws = onp.random.default_rng(dim)
    return 2 + 3 * draws.normal(size=(n, dim)), offset + unit * draws.normal(size=(n, C))


def example(name, dim=2, n=6, offset=0.0, unit=1.0):
    flow, (x, context) = STRUCTURES[name](dim), data(dim, n, offset, unit)
    params = flow.init(onp.random.default_rng(0), x, context)
    draws = onp.random.default_rng(1)
    params = trees.map_leaves(lambda a: a + 0.2 * draws.normal(size=a.shape), params, fixed=lambda a: a)
    for _ in range(20 if flow.updates else 0):  # a residual layer's vectors follow its weights
        params = flow.update(params, x, context)
    return Example(flow, params, x, context)
