"""Out of reach: what E and O excuse of plain functions where no draw comes. A note of the report says it.

not finite, raises  beyond |z| = 9: most often an exp leaves the range on the way to an ordinary number. Where x is an
                    ordinary number inside of its interval and log_det is none, beyond 35 only, where the density of a
                    normal law is 0, too: log(1 - tanh^2) is -inf at 20
end of a search     inverse gives one number for all z beyond it: a bracket ends there, or a clamp, and it is wide
                    where it reaches 35 standard deviations (from 38 on a normal cdf is 0 or 1)
close               the round trip comes within 1e-6 of |z| beyond 9: n halvings of a bracket of width w leave w / 2^n
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import free_variables, into, within_reach
from nfscratch.check.guarded import said
from nfscratch.check.overflow import overflows
from nfscratch.check.rows import flat, largest
from nfscratch.check.subject import Subject
from nfscratch.check.trial import OTHER, Trial

DRAWN = 9.0  # no draw of a standard normal comes beyond it: its probability is 2e-19
FAR, FARTHER = 100.0, 1000.0
REACH = 35.0
NEAR = 3.0
CLOSE, NEARLY = 1e-6, 1e-10  # of max(1, |z|)


def is_out_of_reach(trial: Trial) -> Any:
    """For each row, whether it lies so far out, in a map of plain functions."""
    return is_beyond_draws(trial.subject, trial.z)


def room_of_formulas(trial: Trial) -> Any:
    """For each row, how far from z the round trip of a user's own functions may end; 0 of a Bijection.

    A closed formula of a root loses some digits: Cardano's takes sqrt(x^2 / 4 + c) from x / 2.
    """
    share = onp.where(is_out_of_reach(trial), CLOSE, NEARLY) * (trial.subject.bijection is None)
    return share * onp.maximum(1.0, largest(trial.z))


def room_of_log_dets(trial: Trial) -> Any:
    """For each row, how far from 0 the sum of both log-dets may be, where the round trip may be off by its room.

    That is the same share for each variable, and what log_det changes by on that way.
    """
    room, slope = room_of_formulas(trial), onp.abs(trial.numeric[2]).sum(axis=1)
    share = trial.subject.dim * room / onp.maximum(1.0, largest(trial.z))
    return share + onp.where(onp.isfinite(slope), slope * room, 0.0)


def is_beyond_draws(subject: Subject, z: Any) -> Any:
    """The same of the rows of z."""
    z = flat(z)
    return (largest(z[:, free_variables(subject.domain, z.shape[1])]) > DRAWN) & (subject.bijection is None)


def is_beyond_normal(trial: Trial) -> Any:
    """For each row, whether z lies beyond REACH, in a map of plain functions."""
    return is_out_of_reach(trial) & (largest(trial.z) >= REACH)


def ends_of_search(trial: Trial) -> Any:
    """For each row, whether a user's inverse gives one number beyond REACH for a z that lies farther, and for 2 z."""
    return _ends(trial).any(axis=1)


def _ends(trial):
    back, z = flat(trial.back[0]), flat(trial.z)
    short = _falls_short(back, z) & (onp.abs(back) >= REACH)
    if trial.subject.bijection is not None or not short.any():
        return onp.zeros(z.shape, dtype=bool)
    return short & _same(lambda: Trial(trial.subject, 2 * trial.z).back[0], back)


def fall_short(there: Trial, x: Any) -> Any:
    """For each row of x, whether a user's inverse gives one z beyond REACH for x and 2 x, and forward(z) is short of x.

    there: a trial at these z.
    """
    short = _falls_short(flat(there.x), flat(x)).any(axis=1) & (largest(there.z) >= REACH)
    if there.subject.bijection is not None or not short.any():
        return onp.zeros(len(short), dtype=bool)
    far = onp.abs(flat(there.z)) >= REACH
    return short & (far & _same(lambda: there.apply("inverse", 2 * x)[0], flat(there.z))).any(axis=1)


def _same(again, numbers):
    """Where a second answer has the same numbers; nowhere if it raises."""
    try:
        with onp.errstate(all="ignore"):
            return onp.abs(flat(again()) - numbers) <= 1e-6 * onp.abs(numbers)
    except Exception:  # of any kind: so far out it does not answer
        return onp.zeros(numbers.shape, dtype=bool)


def _falls_short(came, wanted):
    """Where a number lies between 0 and the wanted one, and not beside it."""
    with onp.errstate(all="ignore"):
        apart = onp.abs(came - wanted) > 1e-3 * onp.maximum(1.0, onp.abs(wanted))
        return apart & (onp.abs(came) < onp.abs(wanted)) & (onp.sign(came) == onp.sign(wanted))


def _comes_back(trial):
    """Whether inverse undoes forward near 0: else it is wrong, and not at the end of a bracket."""
    near = largest(trial.z) <= NEAR
    error = largest(flat(trial.back[0]) - flat(trial.z))
    return near.any() and bool((error[near] <= 1e-3).all())


def words_of_far_out(trial: Trial) -> list[str]:
    """What a report says of a trial's map out there; nothing where all is well, or where every variable has an end."""
    s = trial.subject
    if not free_variables(s.domain, s.dim).any() or not _comes_back(trial):
        return []
    for far in (DRAWN + 1, 30.0, FAR, FARTHER):
        if words := _words_at(s, far):
            return [words]
    return []


def _words_at(s, far):
    """What is wrong with every variable, the first and the last alone at +far and -far, in words."""
    rows = onp.concatenate([onp.ones((1, s.dim)), onp.eye(s.dim)[[0, -1]]])
    rows = into(s.domain, within_reach(s.domain, far * onp.concatenate([rows, -rows]), 0.0))
    there = Trial(s.at(onp.zeros(len(rows), dtype=int)), rows.reshape(-1, *s.in_shape).astype(s.dtype))
    for direction in OTHER:
        try:
            y, log_det = there.there if direction == "forward" else there.back
        except Exception as error:  # of any kind: the subject's own
            return f"{direction} raises {said(error)} at |z| = {far:g}, where no draw comes"
        if direction == "inverse" and not there.usable.all() and onp.isfinite(flat(there.x)).all():
            return f"forward rounds to an end of the codomain at |z| = {far:g}, where no draw comes"
        bad = ~(onp.isfinite(flat(y)).all(axis=1) & onp.isfinite(log_det))
        if bad.any() and (bad & ~overflows(there, there.z, "forward")).any():
            return f"{direction} is not finite at |z| = {far:g}, where no draw comes"
    ends = onp.abs(flat(there.back[0]))[_ends(there)]
    if not ends.size:
        return ""
    return f"inverse gives no z beyond {ends.max():.4g}: a bracket or a clamp ends there, where no draw comes"
