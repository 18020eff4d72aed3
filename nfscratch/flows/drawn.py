"""Draws that come out as NaN are refused: by their number, and by the layer that makes NaN of numbers.

    z = 1.7e308, Planar: x = z + u h(w . z + b)        w . z is inf - inf

A draw of the base is a number, but one so large, as where a context asks for a scale of e^800, that a layer overflows.
An infinite draw is what rounding makes of one beyond the largest float, as of StudentT through Exp, and is handed out.
Parameters that are NaN, and parts of the caller's own, are left as they are: there NaN has another cause, to be seen.
It costs a look at the draws. Under a derivative nothing is refused: training sees the loss, and says what is at fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.flows.on_the_way import size_of_rows
from nfscratch.flows.parts import base_name, layers_from_data


def refusing_nan(flow: Any, params: Any, fun: Callable) -> Callable:
    """fun(z, h) -> (x, ...), each with a row for a draw, called with one chunk after the other; ValueError for NaN."""
    before = 0

    def of_chunk(z, h):
        nonlocal before
        parts = fun(z, h)
        if any(bool(onp.isnan(part.max())) for part in parts if part.size):  # NaN if one is
            _refuse(flow, params, z, h, parts, before)
        before += len(z)
        return parts

    return of_chunk


def _refuse(flow, params, z, h, parts, before):
    if flow._own_parts or not trees.is_finite(params):
        return
    bad = onp.isnan(sum(size_of_rows(part) for part in parts))
    row = int(bad.argmax())
    at = slice(row, row + 1)
    raise ValueError(
        f"draw {before + row} is NaN: {_cause(flow, params, z[at], None if h is None else h[at])}. Numbers that large "
        "overflow: look at the base's scale" + (", which the context decides" if h is not None else "")
    )


def _cause(flow, params, z, h):
    """The first layer that makes NaN of what it is given, and how large that is."""
    rng, size = onp.random.default_rng(0), float(size_of_rows(z)[0])
    of_base = f"{base_name(flow)} draws |z| = {size:.3g}"
    for name, layer, own in reversed(list(layers_from_data(flow.bijection, params["bijection"]))):
        z, log_det = layer.forward_value(own, z, h, rng)
        if bool(onp.isnan(z).any() or onp.isnan(log_det).any()):
            return f"{of_base}, and {name}, forward (z -> x), makes NaN of |z| = {size:.3g}"
        size = float(size_of_rows(z)[0])
    return f"{of_base}, and its log_prob is NaN"
