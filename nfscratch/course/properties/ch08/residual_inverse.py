"""Task 8.4, residual_inverse(x, weights, tolerance, steps): iteration (3), and what it says where it does not arrive."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.judging.refusal import refuses
from nfscratch.course.properties.ch08.residual_maps import log_det, network, random_network, symmetric_network

RESIDUAL = "Which number, below (4), says how far it is?"
DIMS = (2, 5, 1)


def undoes(asked, rng):
    """inverse(forward(z)) = z, for 2, 5 and 1 variables, and for a map and its mirror image"""
    cases = [(random_network(rng, D, 0.8), rng.normal(size=D)) for D in DIMS]
    return expect(asked, *[_of(*case, "z") for case in [*cases, _mirrored(*cases[-1])]])


def slow_ones(asked, rng):
    """the same for a constant of 0.97, where 300 steps are too few"""
    return expect(asked, *[_of(symmetric_network(rng, D, 0.97, -1), 0.01 * rng.normal(size=D), "z") for D in (2, 4)])


def log_dets(asked, rng):
    """the log-det is minus that of the way there, at the z that was found"""
    return expect(asked, *[_of(random_network(rng, D, 0.8), rng.normal(size=D), "log_det") for D in DIMS])


def says_so(asked, rng):
    """a ValueError after too few steps, and where the iteration swings between two points"""
    x, few = rng.normal(size=3), random_network(rng, 3, 0.9)
    swinging = symmetric_network(rng, 3, 2.5, 1)
    words = "x = {}, {}"
    three = words.format(onp.round(x, 3).tolist(), "three steps")
    fault = refuses(asked, (x, few, 1e-14, 3), three, RESIDUAL, more=lambda value: _solves(value, few, x))
    start = 0.01 * rng.normal(size=3)
    where = words.format(onp.round(start, 3).tolist(), "a network that is no contraction")
    return fault or refuses(asked, (start, swinging), where, RESIDUAL, lambda value: _solves(value, swinging, start))


def _mirrored(weights, z):
    """-F(-z), at -z: every step of the iteration has the other sign."""
    W1, b1, W2, b2 = weights
    return (-W1, b1, -W2, -b2), -z


def _solves(value, weights, x):
    """Whether another method has found a solution all the same."""
    z = value[0] if isinstance(value, (tuple, list)) and len(value) == 2 else None
    good = isinstance(z, onp.ndarray) and z.shape == x.shape
    return good and bool(onp.abs(z + network(weights, z) - x).max() < 1e-9)


def _of(weights, z, judged):
    x, D, l = z + network(weights, z), len(z), -log_det(weights, z)
    once = x - network(weights, x)
    twice = x - network(weights, once)
    away = z + 0.02 * max(1.0, float(onp.abs(z).max()))

    def read(value):
        """A point that is near z, and not near enough, stands for all of them."""
        if judged != "z" or not isinstance(value, onp.ndarray) or value.shape != z.shape:
            return value
        off, named = onp.abs(value - z).max(), min(onp.abs(value - guess).max() for guess in (once, twice))
        return away if 1e-9 < off < 0.02 and named > 1e-9 else value

    wrong_sign = x
    for _ in range(500):
        wrong_sign = x + network(weights, wrong_sign)
    slips = [
        *by_part("it takes one step", "When is a guess good enough?", z=once),
        *by_part("it takes two steps", "When is a guess good enough?", z=twice),
        *by_part(Mistake.APPLIES_FORWARD, "Solve (1) for the z on the left.", z=x + network(weights, x)),
        *by_part("F is added in (3), not subtracted", "Solve (1) for the z on the left.", z=wrong_sign),
        *by_part("x comes back", "Which number is the first guess, and which the last?", z=x),
        *by_part("F(z) comes back, not z", "What does (3) subtract from x?", z=network(weights, z)),
        *by_part(Mistake.TOO_FEW_STEPS, RESIDUAL, z=away),
        *by_part(Mistake.NOT_NEGATED, log_det=-l),
        *by_part("it is taken at x, not at the z that was found", "Where does J stand in (6)?", log_det=-log_det(weights, x)),
        *by_part("it is taken at x, and not negated", "Where does J stand in (6)?", log_det=log_det(weights, x)),
        *by_part("it is det, not its logarithm", "What do log-dets add up?", log_det=onp.exp(l)),
        *by_part(Mistake.MEAN, log_det=l / D),
        *by_part(Mistake.ALWAYS_ZERO, "What does residual_forward say of the way there?", log_det=0.0),
    ]  # fmt: skip
    return Question((x, weights), {"z": z, "log_det": l}, {"x": x}, slips, (judged,), 1e-9, f"D = {D}", read)
