"""How many evaluations of its velocities a flow needs: what a solve costs, and how it grows as a flow is trained."""

from __future__ import annotations

from typing import Any

from nfscratch import trees, validate
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.continuous import Continuous
from nfscratch.flows.parameters import naming_params


@naming_params
def evaluations(flow: Any, params: Any, x: Any, context: Any = None) -> int:
    """The count of calls, each for all rows of x, in one pass from x to z: 0 where no layer solves an equation."""
    like = trees.array_like(params)
    x = validate.events("x", x, flow.shape, like)
    context = flow.checked_context(params, context, len(x), like)
    return _pass(flow.bijection, params["bijection"], x, flow.embedded(params, context))[1]


def _pass(layer, params, x, context):
    """z, and the count."""
    if isinstance(layer, Continuous):
        solution = layer.solve(params, x, context)
        return solution.y[:-1].T, solution.evaluations
    if not isinstance(layer, Chain):
        return layer.inverse_value(params, x, context)[0], 0
    count = 0
    for part, p in zip(reversed(layer.layers), reversed(params), strict=True):
        x, more = _pass(part, p, x, context)
        count += more
    return x, count
