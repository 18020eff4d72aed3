"""Running total: the log_det that a function has gathered when it comes to a boundary.

It is a sum of local variables, v = sum_i r_i v_i, such as the total so far and what is about to be added to it. r_i is
what the returned log_det gains where v_i is raised by 1.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.boundaries import Boundaries, Spot, equal
from nfscratch.check.diagnosis.held import is_log_det, put, raised, summed
from nfscratch.check.diagnosis.recorded import Place


def running_total(of: Boundaries, spot: Spot) -> list[tuple[str, float]] | None:
    """(name, r) of the local variables that hold the log_det gathered so far; None where they are not all of it."""
    sums = [(name, r) for name in _candidates(of, spot.place) if (r := _gain(of, spot.place, name))]
    return sums if _adds_up(of, spot, sums) else None


def _candidates(of, place):
    names: list[str] = []

    def look(variables):
        names.extend(k for k, v in variables.items() if is_log_det(v, len(of.a)))

    of.replayed(of.a, {place: look})
    return names


def _gain(of, place, name):
    gains = [_gain_of(of, place, name, step) for step in (1.0, 2.0)]
    return gains[0] if None not in gains and abs(gains[1] - gains[0]) < 1e-6 else None


def _gain_of(of: Boundaries, place: Place, name: str, step: float) -> float | None:
    def raise_by(variables):
        variables[name] = raised(variables[name], step, len(of.a))

    try:
        y, log_det = of.replayed(of.a, {place: raise_by})
    except Exception:  # of any kind: the variable is not what it seems
        return None
    gain = (log_det - of.record.log_det) / step
    same = onp.array_equal(y, of.record.y) and onp.isfinite(gain).all() and onp.ptp(gain) < 1e-6
    return float(onp.round(gain[0], 9)) if same else None


def _adds_up(of, spot, sums):
    """Whether the log_det of b comes out where a's run goes on from b's state, with b's sums."""
    place, there = spot.place, of.there[spot.place, spot.names]
    so_far: list[Any] = []

    def act(variables):
        so_far.append(summed(variables, sums, len(of.a)))
        put(variables, spot.names, there)

    def look(variables):
        so_far.append(summed(variables, sums, len(of.a)))

    y, log_det = of.replayed(of.a, {place: act})
    of.replayed(of.b, {place: look})
    return equal(y, of.other.y) and equal(log_det - so_far[0], of.other.log_det - so_far[1], 1e-7)
