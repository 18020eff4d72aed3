"""Rows whose log_prob is a number and whose gradient is none: they leave no NaN in the parameters' gradient.

    x = -720, Sigmoid, then its inverse: z = -720, log p = -259200, and dlog p/dx = (1e312) (0) = NaN on the way
    x = -600 under a mixture with scales of 1e-17, float32: log p = -4e37, and dlog p/dlog(scale) = 8e37 ... overflows

A layer squeezes such a row into the smallest numbers of the dtype, and the next one stretches it again; or the base is
so narrow that log_prob itself is near the largest number. The factors of the gradient overflow, though their product is
an ordinary number, and the sum over all rows is NaN. Where that comes, rows with such a dlog p/dx, or with a log_prob
as far below 0 as a far row's (flows/far_rows.py), are asked for the parameters' gradient by themselves. Those that give
none are put at another row's point, and count with the gradient 0, as rows far out do. The others keep theirs: a row's
gradient does not depend on the rows beside it. Where dlog p/dx alone is NaN, it alone is 0.
A flow with a part of the caller's own is left as it is: its NaN may be a mistake that has to be seen. It costs a look
at dlog p/dx and log p; more evaluations are for batches with such a row alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.flows.far_rows import fourth_root, zeros_of
from nfscratch.flows.lost_rows import by_halves
from nfscratch.flows.on_the_way import size_of_rows
from nfscratch.ops.rows import nearer


def spoilt_rows_have_gradient_0(log_prob_vjp: Callable, params: Any, x: Any, context: Any) -> tuple[Any, Callable]:
    """log_prob_vjp(x, context): log p (N,), and pullback(g) -> g_params, g_x, g_context, as the module says."""
    log_p, pullback = log_prob_vjp(x, context)

    def kept(g):
        with onp.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = pullback(g)
            low = log_p < -fourth_root(x)
            if (onp.isfinite(found[1]).all() and not low.any()) or onp.isnan(log_p).any() or not onp.isfinite(g).all():
                return found  # NaN of the parameters, or of the loss, is for the caller to see
            if not trees.is_finite(found[0]):
                may_be = low | ~onp.isfinite(size_of_rows(found[1]))
                found = _without_spoilt(log_prob_vjp, params, x, context, g, may_be, found)
            return _with_0_for_nan(found)

    return log_p, kept


def _without_spoilt(log_prob_vjp, params, x, context, g, may_be, found):
    """The gradients without those of the rows whose parameters' gradient is none; `found` where no row is such."""

    def fails(rows):
        own = None if context is None else context[rows]
        return not trees.is_finite(log_prob_vjp(x[rows], own)[1](g[rows])[0])

    spoilt = by_halves(fails, may_be)
    if not spoilt.any():
        return found
    if spoilt.all():
        return zeros_of(params, x, context)
    return log_prob_vjp(*nearer(x, context, spoilt))[1](onp.where(spoilt, 0.0, g).astype(g.dtype))


def _with_0_for_nan(found):
    """Where dlog p/dx is NaN, the row's own gradients are 0. An infinite one may be right: it is that large."""
    g_params, g_x, g_context = found
    rows = onp.isnan(size_of_rows(g_x))
    return (g_params, _without(rows, g_x), _without(rows, g_context)) if rows.any() else found


def _without(rows, a):
    """a with zeros in these rows."""
    return None if a is None else onp.where(onp.reshape(rows, (-1, *(1,) * (a.ndim - 1))), onp.zeros_like(a), a)
