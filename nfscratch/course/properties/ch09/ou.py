"""Task 9.1, ou(u): the numbers a and b of equation (9), and their derivatives by u."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, by_part, expect, slip

VARIANCE = "At u = 1 the variance of a point is 0.865. Which of a and b is that the square of?"
ROOT = "What is the derivative of the square root of v(u)? And that of e^(-2u)?"


def coefficients(asked, rng):
    """a and b by (9), for four times"""
    return expect(asked, *[_of(u, ("a", "b")) for u in (1.0, float(rng.uniform(0.1, 0.8)), 0.03, 2.5)])


def derivatives(asked, rng):
    """their derivatives, against finite differences of (9)"""
    return expect(asked, *[_of(u, ("da", "db")) for u in (1.0, float(rng.uniform(0.1, 0.8)), 0.03, 2.5)])


def _curve(u):
    return onp.array([onp.exp(-u), onp.sqrt(1 - onp.exp(-u) ** 2)])


def _rates(u):
    """By complex steps."""
    return _curve(u + 1e-30j).imag / 1e-30


def _of(u, judged):
    (a, b), (da, db) = _curve(u), _rates(u)
    slips = [
        slip("b stands where a belongs", "Which of the two is 1 at u = 0, where nothing is forgotten?", a=b),
        slip("a stands where b belongs", "Which of the two is 1 at u = 0, where nothing is forgotten?", b=a),
        *by_part("b is the variance, not its root", VARIANCE, b=b**2),
        *by_part("b is 1 - a", "Which of a and b, or of their squares, add up to 1?", b=1 - a),
        *by_part("the 2 of the exponent is missing in b", VARIANCE, b=onp.sqrt(1 - a)),
        *by_part("the sign of the exponent is flipped", "Does the process forget the data, or does it push them apart?", a=1 / a, b=onp.sqrt(1 / a**2 - 1)),
        *by_part("it is a^2, not a", "What is the mean at u = 1 of what started at 2?", a=a**2),
        *by_part("b lacks the factor e^(-u)", "The variance of e^u x was computed. What is that of x?", b=b / a),
        *by_part("b has a plus where a minus stands", VARIANCE, b=onp.sqrt(1 + a**2)),
        *by_part("b is that of dW, not of sqrt(2) dW", "How strongly does the process shake a point?", b=b / onp.sqrt(2)),
        *by_part("b is sqrt(2 u), as for a step that is short", VARIANCE, b=onp.sqrt(2 * u)),
        *by_part("a is 1 - u, as for a step that is short", "What does a tend to as u grows?", a=1 - u),
        slip("the derivative of b stands where that of a belongs", "Does a grow?", da=db),
        slip("the derivative of a stands where that of b belongs", "Does b fall?", db=da),
        *by_part("the sign of a derivative is flipped", "Which of a and b grows with u?", da=-da, db=-db),
        *by_part("the derivative of b lacks the 1/2 of the root", ROOT, db=2 * db),
        *by_part("the derivative of b lacks the 2 of the exponent", ROOT, db=db / 2),
        *by_part("the derivative of b is not divided by b", ROOT, db=db * b),
        *by_part("the derivative of b is not divided by b, and lacks the 1/2 of the root", ROOT, db=2 * db * b),
        *by_part("it is a/b where a^2/b belongs", ROOT, db=a / b),
        *by_part("the derivative of b is that of a with a plus", ROOT, db=a),
        *by_part("it multiplies by b, where it should divide", ROOT, db=a**2 * b),
        *by_part("it is divided by the variance, not by b", ROOT, db=a**2 / b**2),
        *by_part("it is 1/b where a^2/b belongs", ROOT, db=1 / b),
        *by_part("a comes back for its derivative", "What is the derivative of e^(-u)?", da=a),
        *by_part("b comes back for its derivative", ROOT, db=b),
        *by_part("the derivative of a is -1, as at u = 0", "What is the derivative of e^(-u)?", da=-1.0),
        *by_part("the derivative of a has a factor u", "What is the derivative of e^(-u), by u?", da=-u * a),
    ]  # fmt: skip
    answer = {"a": a, "b": b, "da": da, "db": db}
    return Question((u,), answer, {"u": u}, slips, judged)
