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


def keeps_dependencies(old: Trial, new: Trial, direction: str = "forward") -> bool:
    """Whether a direction's results depend on as much as they did, and as many entries of its J vary.

    A map that is switched off, or flattened, keeps every law. Which entries they are may change: with the order of
    columns they do.
    """
    (J, _, slope, _), (J_old, _, slope_old, _) = new.numeric_of(direction), old.numeric_of(direction)
    pairs = ((J, J_old), (slope, slope_old), (_spread(J), _spread(J_old)))
    return all(_seen(a) >= _seen(b) for a, b in pairs)


def dependencies_lost(old: Trial, new: Trial) -> int:
    """How many entries of forward's J are not 0 before, and are after."""
    return max(0, _seen(old.numeric_of("forward")[0]) - _seen(new.numeric_of("forward")[0]))


def still_mixes(new: Trial) -> bool:
    """Whether some x_i depends on another z_j, and some entry of J varies: less than before, but no trivial map."""
    J = new.numeric_of("forward")[0]
    return _seen(J * (1 - onp.eye(J.shape[1]))) > 0 and _seen(_spread(J)) > 0


def _seen(entries):
    """How many entries are not 0 at all points."""
    return int((onp.abs(entries) > 1e-6).any(axis=0).sum())


def _spread(J):
    """How far each entry is from its mean over the points."""
    finite = onp.isfinite(J)
    return J - onp.where(finite, J, 0.0).sum(axis=0) / onp.maximum(finite.sum(axis=0), 1)


def failed_laws(trial: Trial) -> set[str]:
    """The names of the laws that a trial breaks. An exception breaks one."""

    def fails(look):
        try:
            return look(trial).failed
        except (Exception, SystemExit):  # of any kind: the functions' own
            return True

    return {law for law, look in LAWS.items() if fails(look)}
