"""The terms of a flow's log-density, one for the base and one for each kind of layer.

    log p(x) = log p_Z(z) + sum over the layers of log|det|          layers of one kind are added up

The logit of pixels (PixelLevels) has three terms of its own, two of which are constants that are easily forgotten.
"""

from __future__ import annotations

from typing import Any

from nfscratch import trees
from nfscratch.bijections import MultiScale, PixelLevels
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.inverse import kind


def log_prob_terms(flow: Any, params: Any, x: Any, context: Any = None) -> dict[str, Any]:
    """{name: (N,)} in nats; their sum is flow.log_prob(params, x, context)."""
    like = trees.array_like(params)
    x = flow.checked_x("x", x, like)
    h = flow.embedded(params, flow.checked_context(params, context, len(x), like))
    terms: dict[str, Any] = {}
    z = _through(flow.bijection, params["bijection"], x, h, terms)
    terms["base: log p(z)"] = flow.base.log_prob_value(params["base"], z, *flow._of_base(h))
    return terms


def _through(bijection, params, x, context, terms):
    """z of x; the log-dets of the layers are added to `terms`."""
    if isinstance(bijection, Chain):
        for layer, p in zip(reversed(bijection.layers), reversed(params), strict=True):
            x = _through(layer, p, x, context, terms)
        return x
    if isinstance(bijection, MultiScale):
        return bijection.down(lambda k, h: _through(bijection.levels[k], params[k], h, context, terms), x)
    z, log_det = bijection.inverse_value(params, x, context)
    named = bijection.terms(x) if isinstance(bijection, PixelLevels) else {f"{kind(bijection)}: log|det|": log_det}
    for name, value in named.items():
        terms[name] = terms[name] + value if name in terms else value
    return z
