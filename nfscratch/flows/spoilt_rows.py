"""Rows whose log_prob is a number and whose gradient is none: they leave no NaN in the parameters' gradient.

    x = -720, Sigmoid, then its inverse: z = -720, log p = -259200, and dlog p/dx = (1e312) (0) = NaN on the way

A layer squeezes such a row into the smallest numbers of the dtype, and the next one stretches it again. The factors of
the gradient overflow, though their product is an ordinary number, and the sum over all rows is NaN. Where that comes,
the rows with such a dlog p/dx are put at another row's point, and count with the gradient 0, as rows far out do
(flows/far_rows.py). A flow with a part of the caller's own is left as it is: its NaN may be a mistake that has to be
seen. It costs a look at dlog p/dx; the second evaluation is for batches with such a row alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.flows.far_rows import nearer
from nfscratch.flows.on_the_way import size_of_rows


def spoilt_rows_have_gradient_0(log_prob_vjp: Callable[[Any], Any], x: Any) -> tuple[Any, Callable]:
    """log_prob_vjp(x): log p (N,), and pullback(g) -> g_params, g_x, g_context, as the module says."""
    log_p, pullback = log_prob_vjp(x)

    def kept(g):
        with onp.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = pullback(g)
            if onp.isfinite(found[1]).all() or (not onp.isnan(found[1]).any() and trees.is_finite(found[0])):
                return found  # an infinite dlog p/dx by itself may be right: it is that large
            spoilt = ~onp.isfinite(size_of_rows(found[1]))
            return log_prob_vjp(nearer(x, spoilt))[1](onp.where(spoilt, 0.0, g).astype(log_p.dtype))

    return log_p, kept
