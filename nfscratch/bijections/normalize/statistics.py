"""Statistics of a batch, one for each variable or channel: what ActNorm, BatchNorm and Standardize start from.

    moments    centre = mean,      scale = sqrt(1/N sum_n (x_n - mean)^2)
    robust     centre = median,    scale = (Q(0.841) - Q(0.159)) / 2: for a normal column this is its standard
                                   deviation, and a few far points hardly change it

For images N counts every pixel of every image. A column is constant where its largest and its smallest value are equal,
or differ by rounding of their own size: it has no scale, and gets 1, with a warning. No number here is
compared with a fixed one: seconds and femtoseconds have the same statistics, each in its own unit.
"""

from __future__ import annotations

from contextvars import ContextVar

import numpy as onp

from nfscratch import backend, outside, validate
from nfscratch.bijections.normalize.channels import samples
from nfscratch.ops.moments import moments, robust_moments

STATISTICS = ("moments", "robust")
ROUNDING = 4  # a spread of up to so many times eps max|x| is rounding
FAR = 10.0  # a standard deviation so many times the robust scale is made by a few far points
SHOWN = 5  # columns that a warning names
ENOUGH = 20_000  # rows whose quantiles tell whether a few rows decide the scale


LOOKED_AT: ContextVar[bool] = ContextVar("LOOKED_AT", default=False)  # `fit` has: it knows the rows' numbers


class ScaleWarning(UserWarning):
    """A column has no scale, or a few rows decide it."""


def mean_and_std(x, who):
    """Means and standard deviations (C,) of a batch, in float64 on the host; a constant column gets std 1."""
    return centre_and_scale(x, who, "moments")


def centre_and_scale(x, who, kind="moments"):
    """Centres and scales (C,) of a batch, in float64 on the host; a constant column gets scale 1.

    who: the layer that warns of constant columns and far rows; None warns of nothing.
    """
    validate.choice("standardize", kind, STATISTICS)
    what, eps = ("column" if x.ndim == 2 else "channel"), float(onp.finfo(x.dtype).eps)
    x = samples(onp.asarray(backend.to_numpy(x), dtype=onp.float64))
    if len(x) < 2:
        raise ValueError(f"{who or 'a layer'} needs at least 2 rows to start from data; got {len(x)}")
    constant = x.max(axis=0) - x.min(axis=0) <= ROUNDING * eps * onp.abs(x).max(axis=0)
    if who and constant.any():
        _warn_of_constant(who, what, onp.flatnonzero(constant))
    mean, std = moments(x)
    if kind == "robust":
        mean, std = robust_moments(x, std)
    elif who and not LOOKED_AT.get():
        warn_of_far_rows(who, what, x, onp.where(constant, 0.0, std))
    return mean, onp.where(constant, 1.0, std)


def _warn_of_constant(who, what, columns):
    shown = ", ".join(map(str, columns[:SHOWN])) + (f", ... ({len(columns)} {what}s)" if len(columns) > SHOWN else "")
    they, it = (f"{what}s {shown} are", "them") if len(columns) > 1 else (f"{what} {shown} is", "it")
    message = f"{who}: {they} constant; scale 1 is used. Leave {it} out of a density"  # it has no upper bound there
    outside.warn(message, ScaleWarning)


def warn_of_far_rows(who, what, x, std, where=" of those given", numbers=None):
    """Name the row of x (N, C) that a column's standard deviation owes most to, where a few rows make it.

    numbers (N,): of the rows, as the caller counts them.
    """
    middle, width = robust_moments(x[:: max(1, len(x) // ENOUGH)], std)
    ratio = std / onp.where(width > 0.0, width, 1.0)
    far = onp.flatnonzero(ratio > FAR)
    if not len(far):
        return
    column = far[onp.argmax(ratio[far])]
    row = int(onp.argmax(onp.abs(x[:, column] - middle[column])))
    number = row if numbers is None else numbers[row]
    others = "" if len(far) == 1 else f" ({len(far)} {what}s are like this)"
    outside.warn(
        f"{who}: a few rows decide the scale of {what} {column}{others}: row {number}{where} has "
        f"{x[row, column]:.6g}, while 68 % of the rows lie within {width[column]:.3g} of {middle[column]:.6g}. "
        "If it is a mistake or a code for a missing value, leave the row out; if it is data, use "
        'standardize="robust", and base=nf.StudentT(dim) for heavy tails',
        ScaleWarning,
    )
