"""Rows so far out that numbers overflow on the way to z: their density is 0, log_prob is -inf, and it is never NaN.

A layer that gets an infinite number gives NaN: inf - inf, or 0 times inf. A row that is itself an ordinary number in
its dtype then has no log_prob. So a row is far out where an entry of x, of the context that the layers see, or of what
the layers make of x is beyond the fourth root of the dtype's largest number (4e9 in float32, 1e77 in float64). Far rows
that come out as NaN, or whose inverse a search or a solver does not find, have density 0.

Under a derivative these rows are evaluated at another point and replaced by -inf: their gradient is 0, and they leave
no NaN in the gradient of the parameters, which is a sum over all rows. So are all other rows of density 0, such as
those outside of a support, and far rows whose log_prob is below minus that fourth root: in their gradient
|x| stands to the third power, which overflows before log_prob does. Their value stays. A far row with an ordinary
log_prob, such as one in large units or under Student's t, has its gradient.
NaN in a row that is not far out has another cause, such as parameters that are NaN: it is left for the caller to see.

The other point is that of the first row that is not lost, with that row's context: a context of its own may be what
loses a row. Where all rows are lost there is no such point: nothing is evaluated in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import autograd.numpy as np
import numpy as onp
from autograd.tracer import isbox

from nfscratch import trees
from nfscratch.autodiff import known, raw
from nfscratch.flows.lost_rows import lost_and_found
from nfscratch.flows.on_the_way import size_of_rows
from nfscratch.ops.rows import nearer


def far_rows_have_density_0(log_prob: Callable, params: Any, x: Any, context: Any, sizes: Callable) -> Any:
    """log_prob(x, context), one number for each row, as the module says.

    sizes(x, context): the largest number of each row on its way. context: (N, C) or None. params: those of log_prob.
    """

    def seen(log_p):
        return raw(log_p), -fourth_root(x) if isbox(log_p) else -inf

    def replaced(log_p, lost, kept):
        return np.where(lost, kept, log_p)

    def all_lost(kept):
        return known(kept, lambda g: (None, None, None), params, x, context)  # a gradient of zeros

    return _guarded(log_prob, x, context, sizes, seen, replaced, all_lost)


def far_rows_have_gradient_0(
    log_prob_vjp: Callable, params: Any, x: Any, context: Any, sizes: Callable
) -> tuple[Any, Callable]:
    """log_prob_vjp(x, context), the same two numbers as under a derivative of the density that is guarded above."""

    def replaced(both, lost, kept):
        log_p, pullback = both
        return onp.where(lost, kept, log_p), lambda g: pullback(onp.where(lost, 0.0, g).astype(log_p.dtype))

    def all_lost(kept):
        return kept, lambda g: zeros_of(params, x, context)

    return _guarded(log_prob_vjp, x, context, sizes, lambda both: (both[0], -fourth_root(x)), replaced, all_lost)


def zeros_of(params: Any, x: Any, context: Any) -> tuple[Any, Any, Any]:
    """The gradient 0 of all three."""
    of_context = None if context is None else onp.zeros_like(context)
    return trees.map_leaves(onp.zeros_like, params), onp.zeros_like(x), of_context


def _guarded(evaluate, x, context, sizes, seen, replaced, all_lost):
    """evaluate(x, context), where rows are lost with others in their place: replaced(result, which rows, their values).

    seen(result): the values of log_prob, and the least that a far row can have without being lost.
    all_lost(values): what takes its place where no row is left.
    """
    with onp.errstate(over="ignore", invalid="ignore", divide="ignore"):
        lost, found = lost_and_found(evaluate, x, context, lambda: _are_far(x, context, sizes))
        if lost is None:
            lost = onp.zeros_like(raw(x), shape=len(x), dtype=bool)
        elif lost.all():
            return all_lost(onp.full_like(raw(x), -inf, shape=len(x)))
        else:
            found = replaced(found, lost, -inf)
        value, least = seen(found)
        good = lost | ((value >= least) & (value < inf))
        if good.all():
            return found
        away = value == -inf
        if not (good | away).all():
            away = away | (~good & _are_far(x, context, sizes, asked=~(good | away)))
        kept = onp.where(onp.isfinite(value), value, -inf)
        if away.all():
            return all_lost(kept)
        return replaced(evaluate(*nearer(x, context, away)), away, kept) if away.any() else found


def _are_far(x, context, sizes, asked=True):
    """The rows with a number, at x or on the way, so large that a product of four such numbers is none of the dtype.

    The way is taken only where a row that is asked for is not far at x itself.
    """
    far = size_of_rows(raw(x)) > fourth_root(x)
    return far if (far | onp.logical_not(asked)).all() else far | (sizes(x, context) > fourth_root(x))


def fourth_root(x: Any) -> float:
    """Of the largest number of x's dtype: 4e9 in float32, 1e77 in float64."""
    return float(onp.finfo(x.dtype).max) ** 0.25
