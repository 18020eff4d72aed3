"""Points: ordinary numbers, and those at which formulas change or numbers end.

A part says where these are: the ends of its boxes, the knots of its splines when all bins are equal, and the numbers
of the dtype beside them.
"""

from dataclasses import fields, is_dataclass

import numpy as onp
from hypothesis import strategies as st

from nfscratch.transformers.splines import Spline

SPECIAL = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -3.0, 10.0, -30.0, 40.0, 100.0, -745.0, 1e3, -1e6),
    *(5e-324, -1e-310, 1e-300, -1e-100, 1e-45, -1e-38, 1e-30, 1e-16, -1e-8, 1e-4),
    *(1e8, -1e15, 1e19, -1e20, 1e30, -1e38, 3e38, -1e77, 1e100, -1e154, 1e200, -1e300, 1.7e308),
)
MOST = 12  # places of a part's own


def places(part):
    """Ends of boxes and knots that stand in the fields of a part, and in those of the parts inside, with neighbours."""
    found = {}
    for place in _places(part):
        if onp.isfinite(place):
            found.update(dict.fromkeys((place, onp.nextafter(place, onp.inf), onp.nextafter(place, -onp.inf))))
    return tuple(float(place) for place in list(found)[: 3 * MOST])


def _places(part):
    if isinstance(part, Spline):
        yield from onp.linspace(-part.bound, part.bound, part.bins + 1)
    for name in ("low", "high", "bound"):
        if isinstance(value := getattr(part, name, None), (int, float, tuple)):
            yield from onp.atleast_1d(onp.asarray(value, dtype=float))
    for child in _inside(part):
        yield from _places(child)


def box(part):
    """The largest bound of a spline inside of a part: it knows z and x to eps of that; 0 where there is none."""
    own = part.bound if isinstance(part, Spline) else 0.0
    return max([own, *map(box, _inside(part))])


def _inside(part):
    for field in fields(part) if is_dataclass(part) else ():
        value = getattr(part, field.name)
        yield from filter(is_dataclass, value if isinstance(value, (tuple, list)) else (value,))


def rows(part, width):
    """One to three rows of so many numbers."""
    known = st.sampled_from(SPECIAL + places(part))
    number = st.one_of(st.floats(-10, 10), st.floats(-3, 3), known)
    return st.lists(st.lists(number, min_size=width, max_size=width), min_size=1, max_size=3)
