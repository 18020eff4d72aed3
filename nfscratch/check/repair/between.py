"""Between: whether an inverse goes back the way that forward came.

Of layers one after the other, a factor that one layer's inverse lacks may be put into its neighbour's: z' is right
then, and what stands between the two is not what stood there on the way forward. Such a change is to a line that is
right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch.check.repair.live_code import TooLong, within

MOST = 4_000  # lines of one run


def values_missed(forward: Callable, inverse: Callable, z: Any, met: Callable, near: float) -> tuple[int, bool]:
    """How many values that a variable of forward has on the way inverse does not meet; whether it meets as many.

    Where it misses more than it meets, the two may not be written alike, and the number by itself says nothing.
    """
    try:
        with onp.errstate(all="ignore"):
            there, x = _values(lambda: forward(z.copy())[0], z.shape, met)
            back, _ = _values(lambda: inverse(onp.array(x)), z.shape, met)
    except (Exception, SystemExit, TooLong):  # of any kind: the functions' own
        return 0, False
    known = [v for values in back.values() for v in values]
    counts = [_missed_and_met(values, (z, x), known, near) for values in there.values()]
    return sum(missed for missed, _ in counts), any(0 < missed <= met for missed, met in counts)


def _missed_and_met(values, ends, known, near):
    inner = [v for v in values if onp.isfinite(v).all() and not any(_same(v, end, near) for end in ends)]
    met = sum(any(_same(v, other, near) for other in known) for v in inner)
    return len(inner) - met, met


def _same(a, b, near):
    return a.shape == b.shape and bool((onp.abs(a - b) <= near * (1 + onp.abs(b))).all())


def _values(call, shape, met):
    """The values of that shape that each variable has one after the other, by function and name; and the result."""
    found: dict[tuple, list[Any]] = {}

    def look(frame):
        for name, value in frame.f_locals.items():
            if isinstance(value, onp.ndarray) and value.shape == shape and value.dtype.kind == "f":
                row = found.setdefault((frame.f_code, name), [])
                if not row or not onp.array_equal(row[-1], value):
                    row.append(value.copy())

    return found, within(call, MOST, met, look=look)[0]
