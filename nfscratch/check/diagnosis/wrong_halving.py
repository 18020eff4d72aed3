"""Searches by halving that end too early, whatever the map: z' stands still or jumps where z moves on.

    e(t) = z'(t) - z(t) along a line z(t) = z + t v         a sawtooth, whose teeth are the last intervals of the search

Between two jumps e is a rising or falling piece that goes through 0; at every jump it comes back to the other side. The
map itself does not jump there. Only a result that is rounded looks the same: that is why e has to be larger than the
last digits of float32.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.rows import flat

ROWS, VARIABLES = 2, 3  # that are looked at: the rows nearest to 0
POINTS = 201  # of a line, which is to cross about
TEETH = 12.0
WIDTHS = (1.0, 5.0, 25.0, 125.0, 625.0)  # of a tooth, in heights
LEAST = 4  # teeth that have to be seen
SMALLEST = 1e-6  # relative to max(1, |z|): a cast to float32 costs less


def halved_too_seldom(c: Columns) -> Mistake | None:
    """Whether the error of z' is a sawtooth along some variable."""
    off = onp.abs(c.back - c.z).max(axis=1) / (1 + onp.abs(c.z).max(axis=1))
    rows = [row for row in onp.argsort(onp.abs(c.z).max(axis=1), kind="stable") if SMALLEST < off[row] < 0.5]
    ways = product(rows[:ROWS], range(min(c.dim, VARIABLES)), WIDTHS)
    return Mistake.TOO_FEW_STEPS if any(_is_sawtooth(_error(c, *way)) for way in ways) else None


def _error(c, row, j, width):
    """e along variable j (POINTS,): of the column in which it is largest. A tooth is as wide as e is high, or wider."""
    s = c.trial.subject
    reach = TEETH * width * onp.abs(c.back[row] - c.z[row]).max()
    z = onp.tile(c.z[row], (POINTS, 1))
    z[:, j] += onp.linspace(-reach, reach, POINTS)
    rows = onp.full(POINTS, c.rows[row])
    x = c.trial.apply("forward", z.reshape(-1, *s.in_shape).astype(s.dtype), rows)[0]
    e = flat(c.trial.apply("inverse", x, rows)[0]) - z
    return e[:, onp.argmax(onp.ptp(e, axis=0))]


def _is_sawtooth(e: Any) -> bool:
    """Several jumps to one side, pieces that run to the other, and a change of sign at nearly all of the jumps."""
    if not onp.isfinite(e).all():
        return False
    step = onp.diff(e)
    jumps = onp.flatnonzero(onp.abs(step) > 0.3 * onp.ptp(e))
    calm = onp.delete(step, jumps)
    if len(jumps) < LEAST or len(jumps) > len(e) / 6 or not len(calm):
        return False
    side = onp.sign(step[jumps[0]])
    crosses = e[jumps] * e[jumps + 1] < 0
    return bool((onp.sign(step[jumps]) == side).all() and (side * calm <= 0).mean() > 0.9 and crosses.mean() > 0.7)
