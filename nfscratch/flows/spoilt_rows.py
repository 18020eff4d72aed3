"""Rows whose log_prob is a number and whose gradient is none: they leave no NaN in the parameters' gradient.

    x = -720, Sigmoid, then its inverse: z = -720, log p = -259200, and dlog p/dx = (1e312) (0) = NaN on the way

A layer squeezes such a row into the smallest numbers of the dtype, and the next one stretches it again. The factors of
the gradient overflow, though their product is an ordinary number, and the sum over all rows is NaN. Where that comes,
the rows with such a dlog p/dx are put at another row's point, and count with the gradient 0, as rows far out do
(flows/far_rows.py). Where the parameters' gradient is finite all the same, it stays, and dlog p/dx alone is 0.
A flow with a part of the caller's own is left as it is: its NaN may be a mistake that has to be seen. It costs a look
at dlog p/dx; the second evaluation is for batches with such a row alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.flows.far_rows import zeros_of
from nfscratch.flows.on_the_way import size_of_rows
from nfscratch.ops.rows import nearer


def spoilt_rows_have_gradient_0(log_prob_vjp: Callable, params: Any, x: Any, context: Any) -> tuple[Any, Callable]:
    """log_prob_vjp(x, context): log p (N,), and pullback(g) -> g_params, g_x, g_context, as the module says."""
    log_p, pullback = log_prob_vjp(x, context)

    def kept(g):
        with onp.errstate(over="ignore", invalid="ignore", divide="ignore"):
            g_params, g_x, g_context = found = pullback(g)
            if onp.isfinite(g_x).all() or onp.isnan(log_p).any() or not onp.isfinite(g).all():
                return found  # NaN of the parameters, or of the loss, is for the caller to see
            spoilt = onp.isnan(size_of_rows(g_x))  # an infinite dlog p/dx by itself may be right: it is that large
            if trees.is_finite(g_params):
                return (g_params, _without(spoilt, g_x), _without(spoilt, g_context)) if spoilt.any() else found
            spoilt = spoilt | onp.isinf(size_of_rows(g_x))
            if not spoilt.any():
                return found
            if spoilt.all():
                return zeros_of(params, x, context)
            return log_prob_vjp(*nearer(x, context, spoilt))[1](onp.where(spoilt, 0.0, g).astype(log_p.dtype))

    return log_p, kept


def _without(rows, a):
    """a with zeros in these rows."""
    return None if a is None else onp.where(onp.reshape(rows, (-1, *(1,) * (a.ndim - 1))), onp.zeros_like(a), a)
