"""Task 8.6, hutchinson(A, rng): one draw of equation (10). What is certain is asked first, and then how often."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, close, expect, slip
from nfscratch.course.judging.shown import is_numbers, shown
from nfscratch.course.sandbox.wire import Draws

SIGNS = "Which values may an entry of v take, and how often each? What is v_i^2 then?"
SAME_SIGNS, NO_DRAW = (
    "all entries of v have the same sign, in every draw",
    "v is the same in every draw, up to its sign",
)
DRAWN = "What is drawn from rng, and how often?"
DRAWS, SIGMAS = 800, 6


def signs(asked, rng):
    """for a diagonal matrix every draw is the trace, because v_i^2 = 1"""
    A, seeds = onp.diag(rng.uniform(0.5, 2, size=3)), [int(seed) for seed in rng.integers(2**31, size=6)]
    values = [value for value in asked.many([(A, Draws(seed)) for seed in seeds]) if onp.shape(value) == ()]
    varies = len(values) == 6 and not all(close(value, values[0], 1e-9) for value in values)
    if varies:
        lines = (
            f"      at A = {shown(A)}, six draws: {shown(values)}",
            f"      each of them should be the trace, {shown(onp.trace(A))}",
        )
        sums = onp.array(list(product((-1, 1), repeat=3))) @ onp.diag(A)
        if all(is_numbers(value) and onp.abs(sums - value).min() < 1e-9 for value in values):
            return Fault(
                "the sign of v_i does not cancel in v_i A_ii v_i", lines, "Is it the same v on both sides of A?"
            )
        return Fault("the entries of v are not all +1 or -1", lines, SIGNS)
    return expect(asked, *[_of(rng, D, seed) for D, seed in zip((3, 5, 1), seeds, strict=False)])


def draws(asked, rng):
    """for a full matrix the values of (10), each as often as its signs, and the same for the same rng"""
    A = rng.normal(size=(3, 3)) + onp.diag([1.0, 2.0, 3.0])
    patterns = onp.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]])
    possible = onp.einsum("pi,ij,pj->p", patterns, A, patterns)
    seeds = [int(seed) for seed in rng.integers(2**31, size=DRAWS)]
    values = asked.many([(A, Draws(seed)) for seed in (*seeds, *seeds[:20])])
    if any(onp.shape(value) != () or onp.asarray(value).dtype.kind not in "biuf" for value in values):
        return Fault("the estimate must be a single number", (f"      yours {shown(values[0])}",))
    values = onp.array([float(value) for value in values])
    fault = _fault_of(values[:DRAWS], values[DRAWS:], possible, A)
    if fault is not None and fault.name == SAME_SIGNS and not _same_signs(rng, asked):
        return replace(fault, name=NO_DRAW, hint=DRAWN)
    return fault


def _same_signs(rng, asked):
    """Whether the signs are all the same in 16 dimensions, too, where chance does not make them so."""
    A, seeds = rng.normal(size=(16, 16)), [int(seed) for seed in rng.integers(2**31, size=4)]
    return all(close(value, A.sum(), 1e-9) for value in asked.many([(A, Draws(seed)) for seed in seeds]))


def _fault_of(values, again, possible, A):
    at = f"      at A = {shown(A)}"
    if not onp.allclose(values[:20], again):
        return Fault("it does not draw from rng", (at, "      the same rng gave another number"), "Who draws v?")
    if onp.allclose(values, onp.trace(A)):
        return Fault("it is the trace itself", (at, "      nothing is drawn"), "What if A were too large to look at?")
    off = onp.abs(values[:, None] - possible)
    if not (off.min(axis=1) < 1e-9 * max(1.0, onp.abs(possible).max())).all():
        k = int(onp.argmax(off.min(axis=1)))
        lines = (at, f"      yours {shown(values[k])}   v^T A v can be {shown(possible)}")
        return Fault(
            "it is not v^T A v with signs v", lines, "How many products of A with a vector does one draw take?"
        )
    counts = onp.bincount(off.argmin(axis=1), minlength=4)
    if (counts == 0).sum() == 3:
        lines = (at, f"      all of {DRAWS} draws gave {shown(values[0])}")
        if counts[0]:
            return Fault(SAME_SIGNS, lines, "How many signs are drawn?")
        return Fault(NO_DRAW, lines, DRAWN)
    if (onp.abs(counts / DRAWS - 0.25) > SIGMAS * onp.sqrt(0.1875 / DRAWS)).any():
        lines = (
            at,
            f"      of {DRAWS} draws {counts.tolist()} gave the four values that are possible; each should come 1/4 of the time",
        )
        return Fault("the signs are not independent, or not equally likely", lines, SIGNS)
    return None


def _of(rng, D, seed):
    diagonal = rng.uniform(0.5, 2, size=D)
    slips = [
        slip("it is divided by D", "What is the sum in (10)?", estimate=diagonal.mean()),
        slip("it is multiplied by D", "What is the sum in (10)?", estimate=diagonal.sum() * D),
        slip("it is v^T v, without A", "Where does A stand in (10)?", estimate=float(D)),
        slip("A stands in it twice", "Which power of A is asked for?", estimate=(diagonal**2).sum()),
        slip("A v comes back", "What stands to the left of A in (10)?", estimate=diagonal),
    ]
    return Question(
        (onp.diag(diagonal), Draws(seed)),
        {"estimate": diagonal.sum()},
        {"A": onp.diag(diagonal)},
        slips,
        size=f"D = {D}",
    )
