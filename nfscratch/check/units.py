"""Units: where x lies and how widely, so that lines and rays of x go where the map has its work.

    x = c + u a,    c the median and u the standard deviation of forward(z), |z| <= 3, variable by variable

Of a layer that only meets larger z, of the smaller half.

A map in metres or in millionths, or one that gives years, is looked at as one in units of its own. Where c and u are
about 0 and 1 they are 0 and 1: most maps are looked at alike.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import free_variables
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


def units_of(trial: Trial, direction: str = "inverse") -> tuple[Any, Any]:
    """c and u (D,) of what goes into a direction; 0 and 1 where a variable has an end, or forward does not give it."""
    dim = int(onp.prod(trial.subject.shape(direction)))
    usual, free = (onp.zeros(dim), onp.ones(dim)), free_variables(trial.subject.ends(direction), dim)
    if not free.any():
        return usual
    try:
        z = largest(trial.z)
        x = flat(trial.input(direction))[trial.usable & (z <= max(NEAR, onp.median(z)))]
    except Exception:  # of any kind: S says it
        return usual
    if len(x) < 2:
        return usual
    center, unit = onp.median(x, axis=0), x.std(axis=0)
    is_usual = ~free | (unit > USUAL[0]) & (unit < USUAL[1]) | (unit == 0)
    is_near = ~free | is_usual & (onp.abs(center) < SHIFT * onp.maximum(1.0, unit))
    return onp.where(is_near, 0.0, center), onp.where(is_usual, 1.0, unit)
