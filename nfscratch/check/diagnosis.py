"""The diagnosis: from a failed check to the name of the mistake, and the message of four parts.

A would-be value of each known mistake is computed from trusted numbers and compared with what came. In a chain the
first layer that fails by itself is looked at; where none does, it is the chain that is wrong. When X fails, J tells
which direction is wrong, and that one is named. A name needs evidence of its own; what fits none is called "the formula
of log_det", "it does not undo forward", and the like.
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check import diagnosis_inverse, diagnosis_log_det
from nfscratch.check.diagnosis_calls import name_dependence, name_impurity, name_shape
from nfscratch.check.diagnosis_density import name_density, name_integral, name_joint
from nfscratch.check.diagnosis_log_det import FORMULA, Sample, name_log_det
from nfscratch.check.diagnosis_samples import name_samples
from nfscratch.check.laws import check_jacobian
from nfscratch.check.message import Case, counter_example, message
from nfscratch.check.mistakes import HINTS
from nfscratch.check.onto import check_growth, check_sign
from nfscratch.check.report import Failure

BELOW = "one direction is off by less than finite differences see"
BOTH = "the sign is flipped in both directions, so that they cancel"


def explain(letter: str, cases: list[Case], across: list[Case], no_round_trip: bool = False) -> Failure:
    """The failure of one letter: `cases` are its findings over all dimensions, `across` those of J.

    no_round_trip: R fails, so that both directions look at different points: the inverse's log_det gets no name.
    """
    failed = [case for case in cases if case.finding.failed]
    first = failed[0]
    subject, mistake = _diagnose(letter, first, cases, across)
    if letter in "XJ" and no_round_trip and (subject.startswith("log_det inverse") or mistake == BELOW):
        mistake = FORMULA
    name = f"{subject}: {mistake}" if subject else mistake
    others = sorted({str(c.dim) for c in failed} - {str(first.dim)})
    text = message(letter, name, HINTS.get(mistake, HINTS["it raises"]), first, others)
    return Failure(letter, name, text, counter_example(first))


def _diagnose(letter, first, cases, across):
    """(what is wrong, the mistake)."""
    evidence = first.finding.evidence or {}
    if evidence.get("kind") == "raises" and letter != "O":
        return first.finding.at.split(":")[0], "it raises" if letter != "E" else _edge(evidence, first)
    if letter in "XJ":
        return _log_det(letter, first, across or cases)
    look = {
        "S": name_shape, "P": name_impurity, "I": name_dependence, "R": _inverse, "D": _density, "T": _structure,
        "O": _onto, "K": lambda e, f, c: name_samples(f.trial, e), "G": _gradient,
        "E": lambda e, f, c: ("", _edge(e, f)),
        "N": lambda e, f, c: ("log_prob", name_integral(e["yours"], f.trial.subject.dim)),
    }[letter]  # fmt: skip
    return look(evidence, first, cases)


# --- R ---


def _inverse(evidence, first, cases):
    trial = first.trial
    inner = diagnosis_inverse.failing_layer(trial)
    if inner is not None:
        k, trial = inner
        return f"inverse of layer {k} ({trial.subject.name})", diagnosis_inverse.name_inverse(trial)
    if trial.subject.layers() and (name := diagnosis_inverse.name_in_chain(trial)) is not None:
        return "inverse", name
    names = [diagnosis_inverse.name_inverse(c.trial) for c in _spread(cases)]
    known = [name for name in names if name != diagnosis_inverse.UNKNOWN]
    if not known and any(check_sign(c.trial).failed for c in cases):
        return "det J", "the map folds: a constraint is missing"
    return "inverse", max(known, key=known.count) if known else diagnosis_inverse.UNKNOWN


def _spread(cases):
    """A few of the failures, from the largest dimensions down: there fewer mistakes look alike."""
    failed = [case for case in cases if case.finding.failed and case.trial.subject.dtype == onp.float64]
    return (failed or [case for case in cases if case.finding.failed])[::-1][:6]


# --- X, J ---


def _log_det(letter, first, across):
    evidence = first.finding.evidence
    if evidence.get("kind") == "closed":
        return "", "jacobian(): the formula"
    trials = list({id(c.trial): c.trial for c in across if c.trial.subject.dtype == onp.float64}.values())
    samples = {d: [Sample(t, d) for t in trials] for d in ("forward", "inverse")}
    wrong = [d for d in samples if any(s.failed for s in samples[d])]
    if not wrong:
        return "log_det", BELOW
    names = {d: _in_layers(d, samples[d]) for d in wrong}
    direction = wrong[0]
    where, name = names[direction]
    if len(wrong) == 2 and all(n == "the sign is flipped" for _, n in names.values()) and letter == "J":
        return f"log_det{where}", BOTH
    if name == FORMULA and len(wrong) == 2 and names["inverse"][1] != FORMULA:
        direction, (where, name) = "inverse", names["inverse"]
    if direction == "inverse" and name == "the sign is flipped":
        return f"log_det inverse{where}", "the inverse's log_det is not negated"
    return f"log_det {direction}{where}", name


def _in_layers(direction, samples):
    """(" of layer k (Type)", name): the first layer that is wrong by itself, or the whole."""
    bad = next(s for s in samples if s.failed)
    for k, layer in enumerate(bad.trial.layers):
        if check_jacobian(layer, direction).failed:
            return f" of layer {k} ({layer.subject.name})", name_log_det([Sample(layer, direction)])
    if bad.trial.subject.layers():
        name = diagnosis_log_det.name_in_chain(bad.trial, direction)
        if name is not None:
            return "", name
    return "", name_log_det(samples)


# --- D, T, E, O, G ---


def _density(evidence, first, cases):
    kind = evidence.get("kind")
    if kind == "shape":
        return "sample_and_log_prob", "shape or dtype"
    alike = [c.finding.evidence for c in cases if c.finding.evidence and c.finding.evidence.get("kind") == kind]
    if kind == "joint":
        return "sample_and_log_prob", name_joint(alike)
    return "log_prob", name_density(alike)


def _structure(evidence, first, cases):
    kind, (i, j) = evidence["kind"], evidence["entry"]
    names = {
        "cycle": "a variable sees itself or a later one",
        "nearest parent": "a mask drops a parent",
        "missing": "a mask drops a parent",
        "skipped column": "a column is skipped",
        "never moves": "half of the variables never move",
        "nothing moves": "half of the variables never move",
    }
    return f"dx_{i}/dz_{j}", names.get(kind, "the declared structure does not hold")


def _edge(evidence, first):
    kind = evidence["kind"]
    if kind == "derivative jumps":
        flat_outside = min(evidence["sides"]) < 1e-9
        return "the end slopes are not 1" if flat_outside else "a derivative jumps where pieces join"
    if kind == "raises" and ("IndexError" in first.finding.at or "out of bounds" in first.finding.at):
        return "the bin index at the right edge"
    if kind == "batch raises":
        return "it raises on an empty batch" if evidence["size"] == 0 else "it raises on a batch of one"
    if kind == "slope":
        return "log_det is wrong far out" if evidence["far"] else "log_det is wrong at an edge"
    if kind in ("jumps", "not finite") and check_growth(first.trial, onp.random.default_rng(0)).failed:
        return "the map is not onto"
    return {
        "jumps": "the map jumps where pieces join",
        "batch": "an empty batch or a batch of one",
        "not finite": "not finite at an edge",
        "raises": "it raises at an edge",
    }.get(kind, "it is not exact at an edge")


def _onto(evidence, first, cases):
    if evidence.get("kind") == "sign":
        return "det J", "the map folds: a constraint is missing"
    if evidence.get("kind") == "reach" and _is_bracket(evidence):
        return "inverse", "it gives the end of its bracket"
    return "range", "the map is not onto"


def _is_bracket(evidence):
    z = onp.abs(evidence["z"])
    top = z.max(initial=0.0)
    return diagnosis_inverse.is_round(float(top)) and (z > top * (1 - 1e-4)).sum() >= 2


def _gradient(evidence, first, cases):
    names = {"not finite": "the gradient is not finite", "leak": "float64 leaks into float32"}
    return evidence.get("direction", ""), names.get(evidence.get("kind"), "the gradient")
