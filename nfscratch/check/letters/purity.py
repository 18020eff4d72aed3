"""P: a function computes, and does nothing else.

The arguments are as they were, those of each layer in a list of pairs too, and the same input gives the same output.
The same seed gives the same samples, another seed gives others, and a second draw others again. numpy's global state is
not touched: neither its generator nor, with np.seterr, what it does about overflow.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import same_state, watched
from nfscratch.check.letters.calls import called, functions
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial


def check_purity(trial: Trial) -> Finding:
    """P: the error counts the functions that write, or that do not repeat themselves."""
    seen = {name: _of_function(trial, f, a) for name, f, a in functions(trial)} | _of_samplers(trial.subject)
    seen["forward"] = seen["forward"] or _since_the_first_call(trial.subject)
    seen |= _of_layers(trial)
    wrong = {name: symptom for name, symptom in seen.items() if symptom is not None}
    words = "; ".join(f"{name}: {symptom.value}" for name, symptom in wrong.items())
    evidence = {"function": next(iter(wrong), ""), "z": flat(trial.z), "row": 0, "symbol": "z"}
    what, symptom = "arguments unchanged, same output", next(iter(wrong.values()), None)
    return Finding("P", what, float(len(wrong)), 0.0, words, symptom=symptom, evidence=evidence)


def _of_function(trial, f, a):
    stored = [tree for tree in (trial.subject.params, trial.subject.context) if tree is not None]
    given, before = a.copy(), trees.copy(trees.map_leaves(onp.asarray, stored))
    with watched() as set_for_all:
        first, second = called(f, given), called(f, a.copy())
    if not _same(given, a):
        return Symptom.ARGUMENT_CHANGED
    if any(not onp.array_equal(p, q) for p, q in zip(_leaves(before), _leaves(stored), strict=True)):
        return Symptom.PARAMETERS_CHANGED
    differ = any(_differ(p, q, trial.subject.eps) for p, q in zip(first, second, strict=True))
    if differ:
        return Symptom.ANOTHER_OUTPUT
    if set_for_all:
        return Symptom.SETTINGS_CHANGED
    return Symptom.OVERWRITTEN if _is_overwritten(f, a) else None


def _of_layers(trial):
    """Of the layers in a list of pairs, those that write into what they are given: the others may have copied it."""
    usable, layers = onp.flatnonzero(trial.usable), list(enumerate(trial.subject.pairs, 1))
    ways = ("forward", layers, trial.z[usable]), ("inverse", layers[::-1], trial.x[usable])
    found = {}
    for direction, order, a in ways:
        for k, layer in order:
            given = a.copy()
            result = called(getattr(layer, direction), given)[0]
            if not _same(given, a):
                found[f"{direction} of layer {k} of {len(layers)}"] = Symptom.ARGUMENT_CHANGED
            a = result
    return found


def _since_the_first_call(subject):
    """The symptom where forward gives something else than at the first call of all, or than after another first call.

    Inverse was called in between.
    """
    if subject.begun is None:
        return None
    if subject.of_first_batch:
        return Symptom.FIRST_BATCH
    z, *first = subject.begun
    now = called(subject.forward, z.copy())
    return Symptom.ANOTHER_OUTPUT if any(map(partial(_differ, eps=subject.eps), first, now)) else None


def _is_overwritten(f, a):
    """Whether a later call, of other rows, writes into what an earlier one gave."""
    with onp.errstate(all="ignore"):
        kept = [onp.asarray(result) for result in f(a.copy())]
        before = [result.copy() for result in kept]
        f(a[::-1].copy())
    return any(not onp.array_equal(p, q, equal_nan=p.dtype.kind == "f") for p, q in zip(before, kept, strict=True))


def _leaves(tree):
    """All arrays, stored ones too."""
    found: list[Any] = []
    trees.map_leaves(found.append, tree)
    return found


def _differ(p, q, eps):
    """A device may add in another order: a few roundings are the same output."""
    if p.shape != q.shape:
        return True
    same = onp.isclose(p, q, rtol=1e3 * eps, atol=1e3 * eps * onp.nanmax(onp.abs(p), initial=1.0), equal_nan=True)
    return not same.all()


def _of_samplers(subject):
    samplers = {name: getattr(subject, name) for name in ("sample", "sample_and_log_prob")}
    return {name: _of_sampler(f) for name, f in samplers.items() if f is not None}


def _of_sampler(f):
    one, before = onp.random.default_rng(1), onp.random.get_state()
    first, second = _draw(f, one), _draw(f, one)
    again, other = _draw(f, onp.random.default_rng(1)), _draw(f, onp.random.default_rng(2))
    after = onp.random.get_state()
    onp.random.set_state(before)
    seen = {
        Symptom.GLOBAL_STATE: not same_state(before, after),
        Symptom.SEED_GIVES_OTHERS: not _same(first, again),
        Symptom.SEED_IS_IGNORED: _same(first, other),
        Symptom.DRAW_REPEATS: _same(first, second),
    }
    return next((symptom for symptom, wrong in seen.items() if wrong), None)


def _draw(f, rng, n=5):
    drawn = f(rng, n)
    return onp.array(drawn[0] if isinstance(drawn, tuple) else drawn)


def _same(a, b):
    return onp.array_equal(a, b, equal_nan=True)
