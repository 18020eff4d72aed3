"""Task 7.4, umnn(x, f, c, n): equation (7), with functions f whose integrals are known. f stays with the checks."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip

SUBSTITUTE = "The points run from 0 to 1, and the integral from 0 to x: substitute."


def values(asked, rng):
    """z: polynomials and an exponential, on both sides of 0 and at 0, with and without c and n"""
    return expect(asked, *[_of(rng, *case, "z") for case in _cases(rng)])


def log_slope(asked, rng):
    """the log-slope, which is log f(x) exactly"""
    return expect(asked, *[_of(rng, *case, "log_slope") for case in _cases(rng)])


def _cases(rng):
    """(x, c, n, kind): None is the default"""
    right, left = rng.uniform(1.2, 2, size=2)
    return [(right, None, None, _Parabola), (-left, rng.normal(), None, _Parabola), (right, rng.normal(), None, _Growth),
            (right, rng.normal(), 2, _Parabola), (0.0, rng.normal(), 8, _Parabola), (-left, rng.normal(), 64, _Growth)]  # fmt: skip


class _Parabola:
    """f(t) = p + q (t - r)^2, which Simpson's rule integrates exactly."""

    words = "a parabola"

    def __init__(self, rng):
        self.p, self.q, self.r = rng.uniform(0.3, 1, size=3)

    def __call__(self, t):
        return self.p + self.q * (onp.asarray(t, dtype=float) - self.r) ** 2

    def area(self, low, high):
        return self.p * (high - low) + self.q * ((high - self.r) ** 3 - (low - self.r) ** 3) / 3


class _Growth:
    """f(t) = p + e^(q t)."""

    words = "a constant and an exponential"

    def __init__(self, rng):
        self.p, self.q = rng.uniform(0.3, 1, size=2)

    def __call__(self, t):
        return self.p + onp.exp(self.q * onp.asarray(t, dtype=float))

    def area(self, low, high):
        return self.p * (high - low) + (onp.exp(self.q * high) - onp.exp(self.q * low)) / self.q


def _plain_mean(f, x, n):
    """The mean of f at the points of (8)."""
    return f(x * (1 - onp.cos(onp.pi * onp.linspace(0, 1, (n or 64) + 1))) / 2).mean()


def _of(rng, x, c, n, kind, judged):
    x, f = float(x), kind(rng)
    shift, slope = 0.0 if c is None else float(c), float(f(x))
    area, unit = f.area(0.0, x), f.area(0.0, 1.0)
    slips = [
        slip("the constant c is missing", "Where does x = 0 go?", z=area),
        slip("the constant c is subtracted", "Where does x = 0 go?", z=area - shift),
        slip("the integral is not multiplied by x", SUBSTITUTE, z=shift + (area / x if x else slope)),
        slip("it is the integral from 0 to 1", SUBSTITUTE, z=shift + unit),
        slip("f is taken between 0 and 1, whatever x is", SUBSTITUTE, z=shift + x * unit),
        slip("for a negative x the integral has the wrong sign", "Is z increasing at x < 0?", z=shift + abs(area)),
        slip("it is c times the integral", "Read (7).", z=shift * area),
        slip("it is f(x), not its integral", "Which of the two is z in (7)?", z=shift + slope),
        slip("it is x f(x), not the integral", "Is f a constant?", z=shift + x * slope),
        slip("it is the slope, not its logarithm", "What do log-dets add up?", log_slope=slope),
        slip("it is the logarithm of the integral", "What is the derivative of the integral?", log_slope=onp.log(abs(area) or 1.0)),
        slip("it is the logarithm of z", "What is the derivative of z?", log_slope=onp.log(abs(shift + area) or 1.0)),
        slip("the values of f are averaged: the weights are left out", "Which numbers has (8) beside the points?", z=shift + x * _plain_mean(f, x, n)),
        slip("f is taken at 0, not at x", "At which end does x stand?", log_slope=onp.log(float(f(0.0)))),
        slip("f is taken at 1, not at x", "At which end does x stand?", log_slope=onp.log(float(f(1.0)))),
        slip("log x is added", "Differentiate with respect to x, not to the place between 0 and 1.", log_slope=onp.log(slope) + onp.log(abs(x) or 1.0)),
        slip(Mistake.SIGN, log_slope=-onp.log(slope)),
    ]  # fmt: skip
    arguments = (x, f) if c is None else (x, f, shift) if n is None else (x, f, shift, n)
    shown = {"x": x, "f": kind.words, "c": shift} | ({} if n is None else {"n": n})
    return Question(arguments, {"z": shift + area, "log_slope": float(onp.log(slope))}, shown, slips, (judged,))
