"""Rows so far out that numbers overflow on the way to z: their density is 0, log_prob is -inf, and it is never NaN.

A layer that gets an infinite number gives NaN: inf - inf, or 0 times inf. A row that is itself an ordinary number in
its dtype then has no log_prob. So a row is far out where an entry of x, or of what the layers make of it, is beyond the
fourth root of the dtype's largest number (4e9 in float32, 1e77 in float64). Far rows that come out as NaN, or whose
inverse a search or a solver does not find, have density 0.

Under a derivative these rows are evaluated at another point and replaced by -inf: their gradient is 0, and they leave
no NaN in the gradient of the parameters, which is a sum over all rows. So are all other rows of density 0, such as
those outside of a support, and far rows whose log_prob is below minus that fourth root: in their gradient
|x| stands to the third power, which overflows before log_prob does. Their value stays. A far row with an ordinary
log_prob, such as one in large units or under Student's t, has its gradient.
NaN in a row that is not far out has another cause, such as parameters that are NaN: it is left for the caller to see.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import autograd.numpy as np
import numpy as onp
from autograd.tracer import isbox

from nfscratch.autodiff import raw
from nfscratch.flows.on_the_way import size_of_rows
from nfscratch.ode import IntegrationError
from nfscratch.ops.roots import InversionError

MOST = 128  # evaluations, to find the far rows that have no z
NEAR = 1.0  # where all rows are lost, their entries are pulled into [-NEAR, NEAR] for the evaluation in their place


def far_rows_have_density_0(log_prob: Callable[[Any], Any], x: Any, sizes: Callable[[Any], Any]) -> Any:
    """log_prob(x), one number for each row, as the module says. sizes(x): the largest number of each row on its way."""

    def seen(log_p):
        return raw(log_p), -_fourth_root(x) if isbox(log_p) else -inf

    return _guarded(log_prob, x, sizes, seen, lambda log_p, lost, kept: np.where(lost, kept, log_p))


def far_rows_have_gradient_0(
    log_prob_vjp: Callable[[Any], Any], x: Any, sizes: Callable[[Any], Any]
) -> tuple[Any, Callable]:
    """log_prob_vjp(x), the same two numbers as under a derivative of the density that is guarded above."""

    def replaced(both, lost, kept):
        log_p, pullback = both
        return onp.where(lost, kept, log_p), lambda g: pullback(onp.where(lost, 0.0, g).astype(log_p.dtype))

    return _guarded(log_prob_vjp, x, sizes, lambda both: (both[0], -_fourth_root(x)), replaced)


def _guarded(evaluate, x, sizes, seen, replaced):
    """evaluate(x), where rows are lost with others in their place: replaced(result, which rows, their log_prob).

    seen(evaluate(x)): the values of log_prob, and the least that a far row can have without being lost.
    """
    with onp.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            found = evaluate(x)
        except (InversionError, IntegrationError):
            far = _are_far(x, sizes)
            if not far.any():
                raise
            lost = _not_found(evaluate, x, far)
            beside = nearer(x, lost)  # there the other rows have their log_prob, and some of them may be lost by it
            found = evaluate(beside) if lost.all() else _guarded(evaluate, beside, sizes, seen, replaced)
            return replaced(found, lost, -inf)
        value, least = seen(found)
        good = (value >= least) & (value < inf)
        if good.all():
            return found
        lost = value == -inf
        if not (good | lost).all():
            lost = lost | (~good & _are_far(x, sizes, asked=~(good | lost)))
        kept = onp.where(onp.isfinite(value), value, -inf)
        return replaced(evaluate(nearer(x, lost)), lost, kept) if lost.any() else found


def _not_found(evaluate, x, far):
    """The far rows for which a search or a solver fails: halves of them are asked, the others standing nearer.

    After MOST questions those that are not known count as not found.
    """
    lost, waiting, asked = far.copy(), [onp.flatnonzero(far)], 0
    if len(waiting[0]) > 1:
        evaluate(nearer(x, far))  # an error here is of a row that is near
    while waiting and asked < MOST:
        rows = waiting.pop(0)
        for half in onp.array_split(rows, 2) if len(rows) > 1 else ():
            others, asked = far.copy(), asked + 1
            others[half] = False
            try:
                evaluate(nearer(x, others))
                lost[half] = False
            except (InversionError, IntegrationError):
                waiting.append(half)
    return lost


def nearer(x: Any, lost: Any) -> Any:
    """x, with the lost rows where they can be evaluated: at the first row that is not lost, else pulled near to 0."""
    rows, others = onp.reshape(lost, (-1, *(1,) * (x.ndim - 1))), raw(x)[~lost]
    return np.where(rows, others[:1] if len(others) else onp.clip(raw(x), -NEAR, NEAR), x)


def _are_far(x, sizes, asked=True):
    """The rows with a number, at x or on its way, so large that a product of four such numbers is none of the dtype.

    The way is taken only where a row that is asked for is not far at x itself.
    """
    far = size_of_rows(raw(x)) > _fourth_root(x)
    return far if (far | onp.logical_not(asked)).all() else far | (sizes(x) > _fourth_root(x))


def _fourth_root(x):
    return float(onp.finfo(x.dtype).max) ** 0.25
