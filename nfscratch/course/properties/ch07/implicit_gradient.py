"""Task 7.6, implicit_gradient(z, b): equation (11), against finite differences of a root that is found by halving."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch07.many_digits import undone

ELEVEN = "Differentiate both sides of h(x(z, b); b) = z."
STEP = 1e-3


def differences(asked, rng):
    """dx/dz and dx/db at four points"""
    return expect(asked, *[_of(*rng.uniform([-2, -1], [2, 1])) for _ in range(4)])


def root(z, b):
    return undone(lambda x: x + onp.tanh(x + b), z)


def _of(z, b):
    z, b = float(z), float(b)
    steps = onp.array([8, -8, -1, 1]) / (12 * STEP)
    dz = steps @ [root(z + k * STEP, b) for k in (1, -1, 2, -2)]
    db = steps @ [root(z, b + k * STEP) for k in (1, -1, 2, -2)]
    x = root(z, b)
    inner, slope = 1 - onp.tanh(x + b) ** 2, 2 - onp.tanh(x + b) ** 2
    slips = [
        slip("the sign of dx/db is flipped", "If b grows, h grows: where does x have to go?", gradient=[dz, -db]),
        slip("dx/db is not divided by the slope", ELEVEN, gradient=[dz, -inner]),
        slip("dx/db is not divided by the slope, and its sign is flipped", ELEVEN, gradient=[dz, inner]),
        slip("nothing is divided by the slope", ELEVEN, gradient=[1.0, -inner]),
        slip("these are the derivatives of h, not of x", "Which of the two is the unknown?", gradient=[slope, inner]),
        slip("it is multiplied by the slope, not divided", ELEVEN, gradient=[slope, -inner * slope]),
        slip("these are the derivatives of the bracket, not of the root", "What did walking through the halvings give?", gradient=[1.0, 0.0]),
        slip("the two derivatives are exchanged", "In which order are they returned?", gradient=[db, dz]),
        slip("dh/db is taken for h'", "What is the derivative of x + tanh(x + b) with respect to x?", gradient=[1 / inner, -1.0]),
        slip("h is differentiated at x = z", "At which x does (11) stand?", gradient=_at(z, b)),
        slip("b is left out inside h", "What is h here?", gradient=_at(root(z, 0.0), 0.0)),
        slip("dx/dz alone comes back", "How many derivatives are asked for?", gradient=dz),
    ]  # fmt: skip
    return Question((z, b), {"gradient": onp.array([dz, db])}, {"z": z, "b": b}, slips, tolerance=1e-7, read=_as_array)


def _at(x, b):
    slope = 2 - onp.tanh(x + b) ** 2
    return [1 / slope, -(slope - 1) / slope]


def _as_array(value):
    """A pair of numbers is as good as an array."""
    pair = isinstance(value, (tuple, list)) and all(
        onp.ndim(v) == 0 and isinstance(v, (float, onp.floating, onp.ndarray)) for v in value
    )
    return onp.array([float(v) for v in value]) if pair else value
