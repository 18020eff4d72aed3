"""A small flow of every kind, by name, and one of them with parameters and data."""

import numpy as onp
import pytest
from cases.layers_by_search import Cubic

import nfscratch as nf
from nfscratch import trees

SMALL = {"layers": 3, "hidden": (5,), "activation": "tanh"}
FLOWS = {
    "real_nvp": lambda: nf.flows.real_nvp(3, **SMALL),
    "nice": lambda: nf.flows.nice(3, **SMALL),
    "gin": lambda: nf.flows.gin(3, **SMALL),
    "one variable": lambda: nf.flows.real_nvp(1, **SMALL),
    "diagonal base": lambda: nf.flows.real_nvp(2, base=nf.DiagonalNormal(2), **SMALL),
    "mixture base": lambda: nf.flows.real_nvp(2, base=nf.GaussianMixture(2, 3), **SMALL),
    "context": lambda: nf.flows.real_nvp(3, context_dim=2, **SMALL),
    "context, one variable": lambda: nf.flows.real_nvp(1, context_dim=2, **SMALL),
    "embedded context": lambda: nf.flows.real_nvp(3, context_dim=2, embed=nf.MLP((4,), "tanh"), **SMALL),
    "everything": lambda: nf.flows.nice(
        2, context_dim=2, embed=nf.MLP((4,), "tanh"), base=nf.DiagonalNormal(2), **SMALL
    ),
    "conditioned base": lambda: nf.flows.real_nvp(
        2, context_dim=2, base=nf.ConditionedBase(nf.DiagonalNormal(2), nf.MLP((4,), "tanh"), 2), **SMALL
    ),
    "numeric inverse": lambda: nf.Flow(nf.DiagonalNormal(2), nf.Chain([Cubic(2), nf.Standardize(2)])),
}
CONTEXT_WIDTH = {
    "context": 2,
    "context, one variable": 2,
    "embedded context": 4,
    "everything": 4,
    "conditioned base": 2,
}
every_flow = pytest.mark.parametrize("name", FLOWS)
conditional = pytest.mark.parametrize("name", CONTEXT_WIDTH)


def make(name, n=6):
    """A flow with parameters away from its start, data with offset and scale, and its context."""
    rng = onp.random.default_rng([*name.encode()])
    flow = FLOWS[name]()
    x = 2 + 3 * rng.normal(size=(n, *flow.shape))
    context = rng.normal(size=(n, CONTEXT_WIDTH[name])) if name in CONTEXT_WIDTH else None
    params = flow.init(rng, x, context)
    return flow, trees.map_leaves(lambda a: a + 0.3 * rng.normal(size=a.shape), params, fixed=lambda a: a), x, context
