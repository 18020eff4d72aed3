"""Laws: what a repair has to keep. They are the audit's own checks, asked of one trial."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as onp

from nfscratch.check.finding import Finding
from nfscratch.check.letters.cancellation import check_log_dets_cancel
from nfscratch.check.letters.independence import check_independence
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.letters.purity import check_purity
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.letters.shapes import check_shapes
from nfscratch.check.trial import Trial

LAWS: dict[str, Callable[[Trial], Finding]] = {
    "S": check_shapes,
    "P": check_purity,
    "I": check_independence,
    "R": check_round_trip,
    "X": check_log_dets_cancel,
    "J forward": partial(check_jacobian, direction="forward"),
    "J inverse": partial(check_jacobian, direction="inverse"),
}


def keeps_dependencies(old: Trial, new: Trial) -> bool:
    """Whether x and log_det depend on all z_j on which they depended, and J varies where it did.

    A map that is switched off, or flattened, keeps every law.
    """
    pairs = ((new.J, old.J), (new.numeric[2], old.numeric[2]), (_spread(new.J), _spread(old.J)))
    return all(((onp.abs(a) > 1e-6).any(axis=0) | ~(onp.abs(b) > 1e-6).any(axis=0)).all() for a, b in pairs)


def _spread(J):
    """How far each entry is from its mean over the points."""
    return J - onp.nanmean(onp.where(onp.isfinite(J), J, onp.nan), axis=0)


def failed_laws(trial: Trial) -> set[str]:
    """The names of the laws that a trial breaks. An exception breaks one."""

    def fails(look):
        try:
            return look(trial).failed
        except (Exception, SystemExit):  # of any kind: the functions' own
            return True

    return {law for law, look in LAWS.items() if fails(look)}
