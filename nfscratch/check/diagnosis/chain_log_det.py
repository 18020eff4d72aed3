"""X, J of a chain that is written as one function: the layer whose log_det is wrong, or how the chain adds them up.

    only the last layer's, or all but one           from the true log_dets of the layers alone
    one layer's is wrong                            what wrong_log_det.py says of that layer, at the trial's points

gathered.py finds the layer. A sign or a factor of the whole is named as such: a chain that has it has it in all layers.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.aligned import aligned
from nfscratch.check.diagnosis.exchanged import Exchanged
from nfscratch.check.diagnosis.gathered import Gathered, alike
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.paired import Paired, paired
from nfscratch.check.diagnosis.wrong_log_det import Sample, name_log_det
from nfscratch.check.diagnosis.wrong_terms import near
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.pairs import of_pair
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

OF_THE_WHOLE = {Mistake.SIGN, Mistake.ALWAYS_ZERO, Mistake.MULTIPLIED, Mistake.MEAN, Mistake.NO_LOGARITHM,
                Mistake.NO_ABSOLUTE_VALUE, Mistake.FACTOR_TWO, Mistake.PROBES_SUMMED, Mistake.LOGIT_SCALE,
                Mistake.LEVELS_MISSING, Mistake.CONSTANT_OF_BASE, Mistake.AT_X, Mistake.AT_Z}  # fmt: skip
ZERO = {Mistake.ALWAYS_ZERO, Mistake.DIAGONAL_OF_L}  # of the whole, whatever its layers are
NEARER = 0.3
MOST = 2  # dimensions that are looked at, from the largest down
Found = dict[str, tuple[str, Mistake]]


def log_dets_of_chain(trials: list[Trial], found: Found) -> Found:
    """The same by direction, {direction: (" of layer 2 of 4, ...", mistake)}, where a chain's layers tell more."""
    try:
        if all(mistake in OF_THE_WHOLE for _, mistake in found.values()) and _varies(trials):
            return found
        chains = _chains(trials)
    except Exception:  # of any kind: functions that cannot be looked into are named as before
        return found
    return {direction: _better(direction, chains, known) for direction, known in found.items()}


def _chains(trials):
    """(chain, its trials) of the largest dimensions."""
    by_dim: dict[Any, list[Trial]] = {}
    for trial in trials:
        by_dim.setdefault(trial.subject.dim, []).append(trial)
    chains = []
    for dim in sorted(by_dim, reverse=True)[:MOST]:
        chain = paired(by_dim[dim][0])
        if chain is not None:
            chains.append((chain, by_dim[dim]))
    return chains


def _varies(trials):
    """Whether the true log_det is not one number, to which any factor and any constant would lead."""

    def ptp(t):
        l = onp.linalg.slogdet(t.J[onp.isfinite(t.J).all(axis=(1, 2))])[1]
        return onp.ptp(l[onp.isfinite(l)])

    return any(ptp(t) > 1e-6 for t in trials)


def _is_one_layer(trial, side):
    """Whether an elementwise map is one layer to its author, in however many lines: none of them turns in a loop."""
    if side.loops():
        return False
    J = trial.J[onp.isfinite(trial.J).all(axis=(1, 2))]
    return bool(onp.abs(J * (1 - onp.eye(J.shape[1]))).max(initial=0.0) < 1e-7)


def _better(direction, chains, known):
    if known[1] in ZERO or (known[1] in OF_THE_WHOLE and _varies([t for _, trials in chains for t in trials])):
        return known
    place = None
    for chain, trials in chains:
        try:
            where, mistake = _of_chain(direction, chain, trials) or ("", None)
        except Exception:  # of any kind: layers that cannot be run at these points are not named
            continue
        if mistake not in (None, Mistake.LOG_DET_FORMULA):
            return where, mistake
        place = place or where
    return (place, known[1]) if place and known[1] is Mistake.LOG_DET_FORMULA else known


def _of_chain(direction, chain: Paired, trials):
    side = chain.forward if direction == "forward" else chain.inverse
    sums = Gathered(side)
    if alike(sums.claim, sums.true):  # wrong further out only
        return None
    one_layer = _is_one_layer(trials[0], side)
    if not one_layer and (missing := sums.missing()) is not None:
        return "", missing
    known = [m.boundary for m in sums.known]
    suspects, nameless = sums.suspects(), None
    for step in [s for s in suspects if s != (known[0], known[-1])]:
        named = _of_step(direction, chain, trials, step, sums.side.step(*step, sums.sums), known)
        if named[1] is Mistake.ALWAYS_ZERO and len(suspects) == 1:
            return named[0], Mistake.LOG_DET_FORMULA if one_layer else Mistake.LAYER_LEFT_OUT
        if named[1] not in (Mistake.LOG_DET_FORMULA, Mistake.ALWAYS_ZERO):  # of several steps one may add nothing
            return named
        nameless = named if len(suspects) == 1 else None
    other = Exchanged(sums)
    if other.step is None or other.step in suspects:
        return nameless
    return _of_step(direction, chain, trials, other.step, other.claims(), other.boundaries)


def _of_step(direction, chain, trials, step, call, known):
    """What is wrong with the log_det of one step of this direction, from boundary step[0] to step[1]."""
    low, high = _as_pairs(direction, chain, step)
    forward, inverse = chain.forward.step(low[0], high[0]), _absent
    if low[1] is not None and high[1] is not None:
        inverse = chain.inverse.step(high[1], low[1])
    if direction == "inverse" and high[1] < step[0]:  # inverse moves columns before it comes there, say
        forward = _then(forward, chain.inverse.step(high[1], step[0]))
    layer = of_pair(*((call, inverse) if direction == "forward" else (forward, call)), chain.subject.dim)
    reach = chain.forward.step(0, low[0])
    starts = [(t, reach(flat(t.z)[chain.rows % len(t)])[0]) for t in trials]
    samples = _samples(layer, direction, starts)
    mistake = name_log_det(samples)
    if mistake is Mistake.LOG_DET_FORMULA:  # a layer can be run nearer to 0, too, where less of it is at its bounds
        mistake = name_log_det([*samples, *_samples(layer, direction, [(t, NEARER * h) for t, h in starts])])
    return f" of {_words(direction, chain, step, known)}", mistake


def _samples(layer, direction, starts):
    return [Sample(aligned(Trial(layer, h, limit=t.limit)), direction) for t, h in starts]


def _then(first, second):
    """z -> second(first(z)), without a log_det."""
    return lambda z: second(first(z)[0])


def _absent(x):
    raise NotImplementedError("the inverse does not stop at this boundary")


def _as_pairs(direction, chain, step):
    """((i, j), (i', j')): the boundaries of forward and of inverse, in the order in which z meets them."""
    if direction == "forward":
        other = dict(chain.matched)
        return tuple((i, other.get(i)) for i in step)
    other = {j: i for i, j in chain.matched}
    above = max(j for j in other if j <= step[0])
    return (other[step[1]], step[1]), (other[above], above)


def _words(direction, chain, step, known):
    k, n = known.index(step[0]), len(known) - 1
    number = k + 1 if direction == "forward" else n - k
    side = chain.forward if direction == "forward" else chain.inverse
    return f"layer {number} of {n}, {side.lines(*step)}"


def name_sum(trial: Trial, direction: str) -> Mistake | None:
    """Which layers' log-dets were summed, where it was not all of them."""
    truths = [check_jacobian(layer, "forward").evidence for layer in trial.layers]
    if any(t is None for t in truths):
        return None
    sign = 1.0 if direction == "forward" else -1.0
    each = [sign * onp.asarray(t["expected"]) for t in truths]
    claimed = trial.claimed(direction)
    ends = (each[-1], each[0])
    if any(near(claimed, end, 1e-4).all() for end in ends):
        return Mistake.LAST_LAYER
    if any(near(claimed, sum(each) - e, 1e-4).all() for e in each):
        return Mistake.LAYER_LEFT_OUT
    return None
