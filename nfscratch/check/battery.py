"""Battery: for each letter, the trials that it looks at and the checks that it makes there.

wild parameters, both dtypes     P I R X, and with bounded parameters too S J D
bounded parameters               K N: with wild ones a correct flow is too narrow for any grid
two draws and one in float32     E G
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.draws import Group
from nfscratch.check.finding import Finding
from nfscratch.check.letters.cancellation import check_log_dets_cancel
from nfscratch.check.letters.definition import check_definition, check_joint
from nfscratch.check.letters.edges import check_edges
from nfscratch.check.letters.gradients import check_gradients
from nfscratch.check.letters.independence import check_independence
from nfscratch.check.letters.integral import check_integral
from nfscratch.check.letters.jacobian import check_closed_form, check_jacobian
from nfscratch.check.letters.onto import check_onto
from nfscratch.check.letters.purity import check_purity
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.letters.samples import check_samples
from nfscratch.check.letters.shapes import check_shapes
from nfscratch.check.letters.structure import check_structure
from nfscratch.check.trial import Trial
from nfscratch.check.undeclared import check_undeclared

IN_FLOAT32 = "SRXDEG"  # the letters whose answer depends on the dtype
Checks = list[tuple[Trial, Callable[[Trial], Finding]]]


def checks_of(letter: str, group: Group, rng: onp.random.Generator, letters: str) -> Checks:
    """(trial, check) in the order in which they run. letters: all that the audit runs."""
    several = [*group.trials, *(group.singles if letter in IN_FLOAT32 else ())]
    if letter in SPECIAL:
        return SPECIAL[letter](group, several, rng, letters)
    check, trials = PLAIN[letter], [*group.calm, *several] if letter == "S" else several
    return [(trial, check) for trial in trials]


PLAIN = {
    "S": check_shapes,
    "P": check_purity,
    "I": check_independence,
    "R": check_round_trip,
    "X": check_log_dets_cancel,
}


def _jacobians(group: Group, several: list[Trial], rng: Any, letters: str) -> Checks:
    """J goes on with the finite rows where S has told of the others."""
    look = partial(check_jacobian, finite_only="S" in letters)
    looks = [partial(look, direction=d) for d in ("forward", "inverse")] + [check_closed_form]
    return [(trial, look) for trial in group.calm + several for look in looks]


def _densities(group: Group, several: list[Trial], rng: Any, letters: str) -> Checks:
    """With bounded parameters first: a wild inverse may be too badly conditioned for a numeric Jacobian."""
    joint = [(trial, partial(check_joint, rng=rng)) for trial in group.calm + several]
    return [(trial, check_definition) for trial in group.calm + group.trials] + joint


def _few(check, group, several, rng, letters):
    """Two draws of parameters, and one in float32."""
    return [(trial, partial(check, rng=rng)) for trial in group.trials[:2] + group.singles[:1]]


def _structure(trials):
    s = trials[0].subject
    return (check_undeclared if s.bijection is None and s.structure is None else check_structure)(trials)


SPECIAL = {
    "J": _jacobians,
    "D": _densities,
    "T": lambda group, *_: [(group.trials[0], lambda _: _structure([*group.trials, *group.moved]))],
    "E": partial(_few, check_edges),
    "O": lambda group, _, rng, __: [(trial, partial(check_onto, rng=rng)) for trial in group.trials],
    "G": partial(_few, check_gradients),
    "K": lambda group, _, rng, __: [(trial, partial(check_samples, rng=rng)) for trial in group.calm],
    "N": lambda group, *_: [(trial, check_integral) for trial in group.calm],
}
