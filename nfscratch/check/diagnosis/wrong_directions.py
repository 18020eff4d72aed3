"""Wrong directions: which of the two log-dets is wrong, in which layer, and which of them says what the mistake is.

J looks at each direction by itself. Where both are wrong, forward is named, unless only the inverse's error has a name:
a formula that both directions share has the same mistake in both.
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.aligned import aligned
from nfscratch.check.diagnosis.chain_log_det import log_dets_of_chain, name_sum
from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.diagnosis.wrong_log_det import Sample, name_log_det
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.message import Case

COARSE = (Mistake.SIGN, Mistake.MEAN, Mistake.ALWAYS_ZERO)  # seen without fine differences
FINE = 1e-3  # finite differences see an error that is larger


def name_log_det_of(first: Case, across: list[Case]) -> Named:
    """The mistake of the direction that tells, and its layer. across: the findings of J over all dimensions."""
    if first.finding.symptom is Symptom.CLOSED_FORM:
        return Named(Mistake.JACOBIAN_FORMULA)
    found = _of_float32(across) if _is_float32(across) else _wrong_directions(across)
    if not found:
        below = first.finding.error < FINE
        return Named(Mistake.BELOW_RESOLUTION if below else Mistake.LOG_DET_FORMULA, "log_det")
    if _both_flipped(found):
        return Named(Mistake.SIGN_IN_BOTH, f"log_det{found['forward'][0]}")
    direction = _telling(found)
    where, mistake = found[direction]
    if direction == "inverse" and mistake is Mistake.SIGN:
        mistake = Mistake.NOT_NEGATED
    return Named(mistake, f"log_det {direction}{where}", direction)


def _wrong_directions(across):
    """{direction: (" of layer k", mistake)}, over the trials of one dtype that J looked at."""
    wanted = onp.float32 if _is_float32(across) else onp.float64
    trials = list({id(c.trial): c.trial for c in across if c.trial.subject.dtype == wanted}.values())
    trials = [aligned(t) for t in trials]
    samples = {d: [Sample(t, d) for t in trials] for d in ("forward", "inverse")}
    found = {d: _in_layers(d, samples[d]) for d in samples if any(s.failed for s in samples[d])}
    found = {d: (where, _of_one_direction(mistake, found)) for d, (where, mistake) in found.items()}
    of_layers = log_dets_of_chain(trials, found)
    return {d: found[d] if _says_all(found[d][1], of_layers[d][1]) else of_layers[d] for d in found}


def _is_float32(across):
    return all(case.trial.subject.dtype == onp.float32 for case in across)


def _of_float32(across):
    """The same where the differences are coarse: what they show is named, and nothing else is."""
    found = _wrong_directions(across)
    return found if all(mistake in COARSE for _, mistake in found.values()) else {}


def _of_one_direction(mistake, found):
    """Who takes L for U takes it in both directions: a 0 in one of them is just that."""
    return Mistake.ALWAYS_ZERO if mistake is Mistake.DIAGONAL_OF_L and len(found) == 1 else mistake


def _says_all(of_whole, of_layer):
    """Whether the name of the whole says more: a log_det that is 0, or -log|det J|, is so whatever the layers do."""
    weaker = (Mistake.OFF_BY_CONSTANT, Mistake.MULTIPLIED, Mistake.LAYER_LEFT_OUT)
    return of_whole in (Mistake.ALWAYS_ZERO, Mistake.SIGN) and of_layer in weaker


def _both_flipped(found):
    flipped = (Mistake.SIGN, Mistake.ONE_BRANCH)  # of a leaky ReLU, one branch alone has a sign
    return len(found) == 2 and found["inverse"][1] is Mistake.SIGN and found["forward"][1] in flipped


def _telling(found):
    """The direction whose mistake is named: forward, unless only the inverse's has a name."""
    if "inverse" not in found:
        return "forward"
    if "forward" not in found:
        return "inverse"
    known = {direction: mistake is not Mistake.LOG_DET_FORMULA for direction, (_, mistake) in found.items()}
    return "inverse" if known["inverse"] and not known["forward"] else "forward"


def _in_layers(direction, samples):
    """(" of layer k of n (Type)", mistake): the first layer that is wrong by itself, or the whole."""
    bad = next(s for s in samples if s.failed)
    for k, layer in enumerate(bad.trial.layers):
        if check_jacobian(layer, direction).failed:
            alike = [s.trial.layers[k] for s in samples if len(s.trial.layers) == len(bad.trial.layers)]
            found = name_log_det([Sample(aligned(trial), direction) for trial in alike])
            return f" of layer {k + 1} of {len(bad.trial.layers)} ({layer.subject.name})", found
    of_chain = name_sum(bad.trial, direction) if bad.trial.subject.layers() else None
    return "", of_chain or name_log_det(samples)
