"""Rows so far out that numbers overflow on the way to z: their density is 0, log_prob is -inf, and it is never NaN.

A layer that gets an infinite number gives NaN: inf - inf, or 0 times inf. A row that is itself an ordinary number in
its dtype then has no log_prob. So rows with an entry beyond the fourth root of the dtype's largest number (4e9 in
float32, 1e77 in float64) that come out as NaN, or whose inverse a search or a solver does not find, have density 0.

Under a derivative such rows are evaluated at another point and replaced by -inf: their gradient is 0, and they leave
no NaN in the gradient of the parameters, which is a sum over all rows. So are all other rows of density 0, such as
those outside of a support, and far rows whose log_prob is below minus
that fourth root, -inf or not: in their gradient |x| stands to the third power, which overflows before log_prob does.
Their value stays. A far row with an ordinary log_prob, such as one in large units or under Student's t, has its
gradient.
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
from nfscratch.ode import IntegrationError
from nfscratch.ops.roots import InversionError

NEAR = 1.0  # where all rows are lost, their entries are pulled into [-NEAR, NEAR] for the evaluation in their place


def far_rows_have_density_0(log_prob: Callable[[Any], Any], x: Any) -> Any:
    """log_prob(x), one number for each row, as the module says."""
    with onp.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            log_p = log_prob(x)
        except (InversionError, IntegrationError):
            lost = _is_far(x)
            if not lost.any():
                raise
            kept = -inf
        else:
            value = raw(log_p)
            good = (value > -_fourth_root(x)) & (value < inf) if isbox(log_p) else value < inf  # not NaN
            if good.all():
                return log_p
            lost = (_is_far(x) & ~good) | (value == -inf)
            if not lost.any():
                return log_p
            kept = onp.where(onp.isfinite(value), value, -inf)
        return np.where(lost, kept, log_prob(_nearer(x, lost)))


def far_rows_have_gradient_0(log_prob_vjp: Callable[[Any], Any], x: Any) -> tuple[Any, Callable]:
    """log_prob_vjp(x), the same two numbers as under a derivative of the density that is guarded above."""
    with onp.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            log_p, pullback = log_prob_vjp(x)
        except (InversionError, IntegrationError):
            lost, kept = _is_far(x), -inf
            if not lost.any():
                raise
        else:
            good = (log_p > -_fourth_root(x)) & (log_p < inf)
            if good.all():
                return log_p, pullback
            lost = (_is_far(x) & ~good) | (log_p == -inf)
            if not lost.any():
                return log_p, pullback
            kept = onp.where(onp.isfinite(log_p), log_p, -inf)
        log_p, pullback = log_prob_vjp(_nearer(x, lost))
        return onp.where(lost, kept, log_p), lambda g: pullback(onp.where(lost, 0.0, g).astype(log_p.dtype))


def _nearer(x, lost):
    """The lost rows are where they can be evaluated: at the first row that is not lost, else pulled near to 0."""
    rows, others = onp.reshape(lost, (-1, *(1,) * (x.ndim - 1))), raw(x)[~lost]
    return np.where(rows, others[:1] if len(others) else onp.clip(raw(x), -NEAR, NEAR), x)


def _is_far(x):
    """Rows with an entry so large that a product of four such numbers is none of the dtype."""
    x = raw(x)
    return (onp.abs(x) > _fourth_root(x)).any(axis=tuple(range(1, x.ndim)))


def _fourth_root(x):
    return float(onp.finfo(x.dtype).max) ** 0.25
