"""R of a chain that is written as one function: which of its layers is not undone, and why.

    layers undone in the order of forward       the layers are not reversed
    a layer that inverse passes over            the permutation, the shift, the scale, or the layer is left out
    a layer that inverse undoes wrongly         what wrong_inverse.py, wrong_condition.py, wrong_order.py say of it
    a clip before the first of them             it clips its argument

paired.py finds the layers. Each is a pair of functions of its own, which is run at the trial's points.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.boundaries import equal
from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.diagnosis.paired import CLOSE, Paired, paired, whole_layers
from nfscratch.check.diagnosis.wrong_condition import comparable, conditions_on_changed, reads_argument
from nfscratch.check.diagnosis.wrong_inverse import first_name, name_inverse
from nfscratch.check.diagnosis.wrong_order import name_behind_columns
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.message import Case
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

MOST = 2  # dimensions that are looked at, from the largest down
NAMELESS = 3  # layers that fail without a name of their own: the steps of a solver, of which the next has none either


# What the map as a whole shows beyond doubt, whether it is a chain or not.
OF_THE_WHOLE = {Mistake.RETURNS_ARGUMENT, Mistake.APPLIES_FORWARD, Mistake.RESCALING, Mistake.PERMUTATION,
                Mistake.HALVES_SWAPPED, Mistake.P_LEFT_OUT, Mistake.CLIPS_ARGUMENT, Mistake.END_OF_BRACKET,
                Mistake.CUT_OFF, Mistake.FOLDS, Mistake.OTHER_ROOT}  # fmt: skip


# What a layer shows by chance, too, where inverse does something else there than to undo that layer.
BY_CHANCE = (Mistake.PERMUTATION, Mistake.HALVES_SWAPPED, Mistake.COLUMN_SKIPPED, Mistake.RETURNS_ARGUMENT)


def name_inverse_of_chain(letter: str, cases: list[Case], whole: Named) -> Named:
    """The mistake of one layer, or of the chain; `whole`, the name of the map as one, where there are no layers."""
    if whole.mistake in OF_THE_WHOLE or (letter == "S" and not _is_of_inverse(cases)):
        return whole
    try:
        return _named(_trials(cases)) or whole
    except Exception:  # of any kind: layers that cannot be run at these points are not named
        return whole


def _is_of_inverse(cases):
    """Whether S has failed for an inverse that is not finite."""
    first = next(case.finding for case in cases if case.finding.failed)
    named = first.evidence["wrong"][0] if first.symptom is Symptom.NOT_FINITE else ""
    return named in ("z", "log_det inverse")


def _named(trials):
    place = None
    for trial in trials:
        chain = paired(trial)
        if chain is None:
            continue
        if chain.in_order():
            return Named(Mistake.LAYERS_IN_ORDER, "inverse")
        if _clips(chain, trial):
            return Named(Mistake.CLIPS_ARGUMENT, "inverse")
        ways = [whole_layers(pairs) for pairs in (chain.matched, *chain.turns)]
        ways += [chain.matched] * (ways[0] != chain.matched)
        ways = [pairs for k, pairs in enumerate(ways) if pairs not in ways[:k]]
        for pairs in ways:
            named = _of_layers(chain, pairs, trial, pairs is not ways[0])
            if named is not None and named.mistake is not Mistake.NO_UNDOING:
                return named
            place = place or (named if pairs is ways[0] else None)
        if first_name((lambda chain, t=trial: reads_argument(chain, t),), chain):
            return Named(Mistake.CHANGED_HALF, "inverse")
    return place


def _trials(cases):
    found: dict[Any, Trial] = {}
    for case in cases:
        if case.finding.failed and case.finding.symptom is not Symptom.RAISES:
            found.setdefault(case.dim, case.trial)
    return [trial for trial in list(found.values())[::-1] if trial.subject.dtype == onp.float64][:MOST]


def _of_layers(chain: Paired, pairs, trial, tried):
    """The name of the first layer whose round trip fails; NO_UNDOING: it has none. tried: pairs that may be wrong."""
    if len(pairs) < 3:
        return None
    layers, found, at = chain.layers(pairs), [], flat(trial.z)[chain.rows]
    for k, layer in enumerate(layers):
        this = Trial(layer, at, limit=trial.limit)
        at = this.x
        if not check_round_trip(this).failed:
            continue
        found.append(Named(_name_of_layer(chain, pairs[::-1][k : k + 2], this), f"inverse of {layer.name}"))
        if found[-1].mistake not in (*BY_CHANCE, Mistake.NO_UNDOING) and not (tried and len(found) > 1):
            return found[-1]
        if len(found) == NAMELESS:
            break
    if len({named.mistake for named in found}) > 1:  # an order of columns that does not explain all of them
        return replace(found[0], mistake=Mistake.NO_UNDOING)
    return found[0] if found else None


def _clips(chain, trial):
    """Whether inverse begins with a clip to an interval, about which forward does nothing."""
    first, second = chain.matched[:2]
    if first[0] != second[0]:
        return False
    x = flat(trial.x)[onp.isfinite(flat(trial.x)).all(axis=1)]
    came = chain.inverse.step(0, second[1])(x)[0]
    same = came == x
    return bool(same.any() and not same.all() and (came == onp.clip(x, came.min(), came.max())).all())


def _name_of_layer(chain, pair, trial):
    """A name of its own, or the one that it has without the columns that it moves."""
    mistake = _passed_over(trial) or name_inverse(trial)
    if mistake is not Mistake.NO_UNDOING:
        return mistake
    looks = (lambda t: conditions_on_changed(comparable(t)), lambda t: name_behind_columns(chain, *pair, t))
    return first_name(looks, trial) or mistake


def _passed_over(trial: Trial) -> Mistake | None:
    """A layer that inverse does nothing about, by what forward does there."""
    rows = onp.isfinite(trial.J).all(axis=(1, 2)) & onp.isfinite(flat(trial.x)).all(axis=1)
    if not equal(trial.back[0][rows], trial.x[rows], CLOSE):
        return None
    J = trial.J[rows]
    if onp.ptp(J, axis=0).max() > CLOSE:
        return Mistake.LAYER_NOT_UNDONE
    J, shift = J[0], flat(trial.x)[rows] - flat(trial.z)[rows] @ J[0].T
    if onp.abs(J - onp.eye(len(J))).max() < CLOSE:
        return Mistake.SHIFT_NOT_UNDONE
    if onp.abs(shift).max() > CLOSE:
        return Mistake.LAYER_NOT_UNDONE
    sums = onp.concatenate([J.sum(axis=0), J.sum(axis=1)])
    if equal(sums, onp.ones(len(sums)), CLOSE) and onp.abs(J * (1 - J)).max() < CLOSE:
        return Mistake.PERMUTATION
    return Mistake.SCALE_NOT_UNDONE if onp.abs(J - onp.diag(onp.diag(J))).max() < CLOSE else Mistake.LAYER_NOT_UNDONE
