"""How large the numbers of each row become on the way from x to z, at x itself and after each layer.

    x = 1000, Inverse(Exp): exp(1000) = inf in float64, so the next layer gets infinity

The layers are asked one by one, those inside of a Chain, a Stack and an Inverse of these too. Where a layer of this
package, with finite parameters, makes NaN of finite numbers, something overflowed inside of it, inf - inf: the row is
infinitely large. Any other NaN is no size, such as that of a caller's own layer, or of parameters that are NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.autodiff import raw, raw_tree
from nfscratch.bijections import Bijection
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.inverse import InverseBijection
from nfscratch.bijections.stack import Stack
from nfscratch.flows.chunks import in_chunks
from nfscratch.flows.lost_rows import lost_and_found
from nfscratch.flows.parts import has_own_part
from nfscratch.ops.events import laid_out


def sizes(flow: Any, params: Any, x: Any, context: Any) -> Any:
    """(N,): the largest |entry| of each row of x, of the context that the layers see, and of what the layers make of x,
    up to one that finds no z for this row."""
    params = raw_tree(params)
    way = list(layers(flow.bijection, params["bijection"], "inverse_value", "forward_value"))
    h = raw(flow.embedded(params, raw(context)))
    return in_chunks(lambda x, h: _largest(way, laid_out(x), h), raw(x), h)


def _largest(way, x, h):
    size = size_of_rows(x) if h is None else onp.fmax(size_of_rows(x), size_of_rows(h))
    gone = size < 0  # none yet
    for layer, direction, params in way:
        given, (lost, found) = size_of_rows(x), _step(getattr(layer, direction), params, x, h)
        if found is None:
            break
        gone, x = gone if lost is None else gone | lost, found[0]
        made = size_of_rows(x)
        spoilt = onp.isnan(made) & onp.isfinite(given)
        if spoilt.any() and not has_own_part(layer) and trees.is_finite(params):
            made = onp.where(spoilt, onp.inf, made)
        size = onp.where(gone, size, onp.fmax(size, made))
    return size


def _step(method, params, x, h):
    """(rows that find no z, or None; what the layer makes of x, with another row's numbers in their place)."""
    return lost_and_found(lambda x, h: method(params, x, h), x, h, lambda: onp.ones_like(size_of_rows(x), dtype=bool))


def layers(bijection: Bijection, params: Any, way: str, back: str) -> Iterator[tuple[Bijection, str, Any]]:
    """(layer, the method that is asked, its params) in the order in which an event meets the layers.

    way, back: the methods of a direction and of the other one, which an Inverse takes: "forward", "inverse".
    """
    if isinstance(bijection, InverseBijection):
        yield from layers(bijection.bijection, params, back, way)
    elif isinstance(bijection, Stack):
        yield from layers(bijection.chain, bijection.each(params), way, back)
    elif isinstance(bijection, Chain):
        pairs = list(zip(bijection.layers, params, strict=True))
        for layer, own in reversed(pairs) if way.startswith("inverse") else pairs:
            yield from layers(layer, own, way, back)
    else:
        yield bijection, way, params


def size_of_rows(x: Any) -> Any:
    """The largest |entry| of each row."""
    return onp.abs(x).reshape((len(x), prod(x.shape[1:]))).max(axis=1)
