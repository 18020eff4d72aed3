"""Task 9.8, adjoint_gradient(theta, z, n): equation (7), against the derivative of a finely solved loss."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.judging.shown import is_numbers, kind, shown
from nfscratch.course.properties.ch09.moving import along_parameters, jacobian, network, random_network, solved

SEVEN = "Which equation does g obey, and what is g at t = 1?"
INTEGRAL = "From which time to which runs the integral in (7), and from which to which the second solve?"
STATE = "Which z does the network need at the time t, and where do you have it from?"
FINE, ENOUGH = 48, 32


def converged(asked, rng):
    """with 32 steps it is the derivative of the loss, for 2 and 3 variables"""
    return expect(asked, *[_of(rng, D, units) for D, units in ((2, 3), (3, 2))])


def steps(asked, rng):
    """twice the steps make the error about 16 times smaller"""
    theta, z = [1.5 * a for a in random_network(rng, 2, 3)], rng.normal(size=2)
    right, counts = _exact(theta, z), (4, 8)
    values = asked.many([(theta, z, n) for n in counts])
    for value in values:
        if not is_numbers(value) or onp.shape(value) != right.shape:
            return Fault(f"it must return an array of shape {right.shape}", (f"      yours is {kind(value)}",))
    errors = onp.array([float(onp.abs(value - right).max()) for value in values])
    if errors[1] < max(errors[0] / 4, 1e-6):
        return None
    line = f"      at z = {shown(z)}: errors with 4 and 8 steps {shown(errors)}"
    return Fault("the error does not fall as it should when n grows", (line,), "What does n say?")


def _exact(theta, z):
    def loss(p):
        x = solved(lambda y, t: network(p, y, t), z.astype(complex), 0.0, 1.0, FINE)
        return 0.5 * (x**2).sum()

    return along_parameters(loss, theta)


def _second_solve(theta, z, *, first=None, sign=-1.0, turned=True, seen="on the way", held=False, forwards=False):
    """The integral of (7). Each keyword is a mistake."""
    D = len(z)
    x = solved(lambda y, t: network(theta, y, t), z, 0.0, 1.0, ENOUGH)
    g, y = (x if first is None else first(x)), z if seen == "from z" else x

    def back(state, t):
        here, adjoint = state[:D] if seen in ("on the way", "from z") else x, state[D : 2 * D]
        J = jacobian(theta, here, t)
        slope = 0 * adjoint if held else sign * ((J.T if turned else J) @ adjoint)
        return onp.concatenate([network(theta, here, t), slope, _products(theta, here, t, adjoint)])

    start = onp.concatenate([y, g, onp.zeros(sum(a.size for a in theta))])
    ends = (0.0, 1.0) if forwards else (1.0, 0.0)
    total = solved(back, start, *ends, ENOUGH)[2 * D :]
    return total if forwards else -total


def _products(theta, z, t, g):
    W1, b1, W2, _ = theta
    seen = onp.append(z, t)
    h = onp.tanh(W1 @ seen + b1)
    delta = (1 - h**2) * (W2.T @ g)
    return onp.concatenate([onp.outer(delta, seen).ravel(), delta, onp.outer(g, h).ravel(), g])


def _of(rng, D, units):
    theta, z = [1.4 * a for a in random_network(rng, D, units)], rng.normal(size=D)
    right = _exact(theta, z)
    x = solved(lambda y, t: network(theta, y, t), z, 0.0, 1.0, ENOUGH)

    def second(**mistake):
        return _second_solve(theta, z, **mistake)

    slips = [
        slip("the sign is flipped", "The integral of (7) runs from 0 to 1, and the second solve from 1 to 0.", gradient=-right),
        slip("the adjoint equation has a plus, not a minus", SEVEN, gradient=second(sign=1.0)),
        slip("the adjoint equation has a plus, and the sign of the result is flipped", SEVEN, gradient=-second(sign=1.0)),
        slip("the adjoint equation has J, not its transpose", "Which index of J is summed over in J^T g?", gradient=second(turned=False)),
        slip("g stays what it is at t = 1", SEVEN, gradient=second(held=True)),
        slip("g starts with z, not with x", SEVEN, gradient=second(first=lambda x: z)),
        slip("g starts with ones", "What is the derivative of |x|^2 / 2 by x?", gradient=second(first=onp.ones_like)),
        slip("g starts with 2 x: the 1/2 of the loss is missing", "What is the derivative of |x|^2 / 2 by x?", gradient=2 * right),
        slip("g starts with x / 2", "What is the derivative of |x|^2 / 2 by x?", gradient=right / 2),
        slip("g starts with -x", "What is the derivative of |x|^2 / 2 by x?", gradient=-right),
        slip("g starts with the loss, in every entry", "What is the derivative of |x|^2 / 2 by x?", gradient=second(first=lambda x: 0 * x + 0.5 * (x**2).sum())),
        slip("the network is asked at x, the end, at all times", STATE, gradient=second(seen="x")),
        slip("the second solve goes back from z, not from x", STATE, gradient=second(seen="from z")),
        slip("the second solve runs from 0 to 1", INTEGRAL, gradient=second(forwards=True, seen="from z")),
        slip("the second solve runs from 0 to 1, starting at x", INTEGRAL, gradient=second(forwards=True)),
        slip("the second solve runs from 0 to 1, and the sign of the result is flipped", INTEGRAL, gradient=-second(forwards=True, seen="from z")),
        slip("it is the integrand at t = 1, not the integral", INTEGRAL, gradient=_products(theta, x, 1.0, x)),
        slip("it is the integrand at t = 0, not the integral", INTEGRAL, gradient=_products(theta, z, 0.0, x)),
        slip("it is divided by the number of variables", "Which mean does (7) hold?", gradient=right / D),
    ]  # fmt: skip
    return Question((theta, z, ENOUGH), {"gradient": right}, {"z": z, "units": units, "n": ENOUGH}, slips, (), 2e-5, f"D = {D}")  # fmt: skip
