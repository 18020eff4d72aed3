"""Units: where x lies and how widely, so that lines and rays of x go where the map has its work.

    x = c + u a,    c the median and u the standard deviation of forward(z), |z| <= 3, variable by variable

A map in metres or in millionths, or one that gives years, is looked at as one in units of its own. Where c and u are
about 0 and 1 they are 0 and 1: most maps are looked at alike.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import bounded
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial

NEAR = 3.0
USUAL = (0.05, 20.0)  # of u
SHIFT = 8.0  # of c, in units of max(1, u): the lines of E reach to 12


def in_units(trial: Trial, a: Any) -> Any:
    """Points a (..., *event) of x, whose units are 1, in those of the map."""
    center, unit = units_of(trial)
    shape = trial.subject.out_shape
    return center.reshape(shape) + unit.reshape(shape) * a


def units_of(trial: Trial) -> tuple[Any, Any]:
    """c and u (D,); 0 and 1 of an x that has an interval, or that forward does not give."""
    dim = int(onp.prod(trial.subject.out_shape))
    usual = onp.zeros(dim), onp.ones(dim)
    if bounded(trial.subject.codomain):
        return usual
    try:
        x = flat(trial.x)[trial.usable & (largest(trial.z) <= NEAR)]
    except Exception:  # of any kind: S says it
        return usual
    if len(x) < 2:
        return usual
    center, unit = onp.median(x, axis=0), x.std(axis=0)
    is_usual = (unit > USUAL[0]) & (unit < USUAL[1]) | (unit == 0)
    is_near = is_usual & (onp.abs(center) < SHIFT * onp.maximum(1.0, unit))
    return onp.where(is_near, 0.0, center), onp.where(is_usual, 1.0, unit)
