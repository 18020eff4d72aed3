"""Task 9.4, rk4(f, y, t0, t1, steps): the method (5). For f = A y a step is a Taylor polynomial, for f(t) Simpson's rule."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.judging.shown import shown
from nfscratch.course.properties.ch09.moving import field, solved

SLOPES = "Write down k_1 to k_4 for f(y, t) = y, h = 1, y = 1. Compare with 1, 1.5, 1.75, 2.75."
TIMES = "At which times does (5) ask f? Take f = t, and compute the step by hand."
WEIGHTS = "For f = 1 all four slopes are 1. How far does y move in a step?"
STEPS = "How long is a step from t0 to t1, and where does the k-th one begin?"


def forwards(asked, rng):
    """one, two and three steps: for f = A y, for f that depends on t alone, and for one that bends"""
    spans = ((1, 0.3, 0.9, 1), (3, 0.4, 1.3, 2), (2, 0.2, 1.7, 3))
    return expect(asked, *[_of(rng, kind, *span) for span in spans for kind in _KINDS])


def backwards(asked, rng):
    """the same from a later time to an earlier one"""
    spans = ((1, 1.4, 0.7, 1), (3, 1.0, 0.2, 7), (2, 0.5, -0.6, 2))
    return expect(asked, *[_of(rng, "bends", *span) for span in spans])


def order(asked, rng):
    """half the step makes the error 16 times smaller"""
    y = onp.array([1.0])
    w = float(rng.uniform(0.7, 1.0))
    values = asked.many([(lambda y, t: y * onp.cos(w * t), y, 0.0, 1.0, n) for n in (16, 32)])
    errors = onp.array([abs(float(onp.ravel(v)[0]) - onp.exp(onp.sin(w) / w)) for v in values])
    found = onp.log2(errors[:-1] / onp.maximum(errors[1:], 1e-300))
    if abs(found[-1] - 4) < 0.6:
        return None
    lines = (f"      dy/dt = y cos({w:.4g} t): errors with 16 and 32 steps {shown(errors)}", f"      order: yours {shown(found[-1])}   should be 4")  # fmt: skip
    return Fault("the order is not 4", lines, SLOPES)


def _linear(rng, D):
    A = rng.normal(size=(D, D))
    return lambda y, t: A @ y, f"A y, A = {shown(A)}"


def _timed(rng, D):
    v, w = rng.normal(size=D), rng.uniform(1, 3, size=D)
    return lambda y, t: v * onp.cos(w * t), "v cos(w t)"


def _bends(rng, D):
    return field(rng, D), "tanh(A y + c) + cos(w t) y + t/2"


_KINDS = {"linear": _linear, "timed": _timed, "bends": _bends}


def _of(rng, kind, D, t0, t1, steps):
    f, words = _KINDS[kind](rng, D)
    y, h = rng.normal(size=D), (t1 - t0) / steps
    way = (f, y, t0, t1, steps)
    slips = [slip(name, hint, y=solved(*way, **changed)) for name, hint, changed in _mistaken(h, t0, t1)]
    slips += [
        slip("it is one step, however many are asked for", STEPS, y=solved(f, y, t0, t1, 1)),
        slip("it takes one step too few", STEPS, y=solved(*way, extra=-1)),
        slip("it takes one step too many", STEPS, y=solved(*way, extra=1)),
        slip("its steps are too short: there is one more of them than asked for", STEPS, y=solved(f, y, t0, t1, steps + 1)),
        slip("t0 and t1 are exchanged", STEPS, y=solved(f, y, t1, t0, steps)),
        slip("it starts at the time 0, not at t0", STEPS, y=solved(*way, start=0.0)),
        slip("every step begins at the time t0", STEPS, y=solved(*way, frozen=True)),
        slip("y comes back as it was", STEPS, y=y),
        slip("the change of y comes back, without y", "What does (5) add to the sum of the slopes?", y=solved(*way) - y),
    ]  # fmt: skip
    size = f"D = {D}, {steps} steps" if steps > 1 else f"D = {D}, one step"
    return Question(way, {"y": solved(*way)}, {"f": words, "y": y, "t0": t0, "t1": t1}, slips, (), 1e-9, size)


def _mistaken(h, t0, t1):
    yield "it is Euler's method", SLOPES, {"weights": (6, 0, 0, 0)}
    yield "the middle slope k_2 is all that counts", WEIGHTS, {"weights": (0, 6, 0, 0)}
    yield "the middle slope k_3 is all that counts", WEIGHTS, {"weights": (0, 0, 6, 0)}
    yield "the last slope k_4 is all that counts", WEIGHTS, {"weights": (0, 0, 0, 6)}
    yield "it is the mean of k_1 and k_2", WEIGHTS, {"weights": (3, 3, 0, 0)}
    yield "it is the mean of k_1 and k_4", WEIGHTS, {"weights": (3, 0, 0, 3)}
    yield "k_2 and k_3 count once, not twice: the weights do not add up to 6", WEIGHTS, {"weights": (1, 1, 1, 1)}
    yield "all four slopes have the weight 1/4", WEIGHTS, {"weights": (1.5, 1.5, 1.5, 1.5)}
    yield "the weights are 2, 1, 1, 2", WEIGHTS, {"weights": (2, 1, 1, 2)}
    yield "the sum of the slopes is divided by 4, not by 6", WEIGHTS, {"below": 4}
    yield "the sum of the slopes is divided by 3, not by 6", WEIGHTS, {"below": 3}
    yield "the sum of the slopes is divided by 8, not by 6", WEIGHTS, {"below": 8}
    yield "the sum of the slopes is not divided by 6", WEIGHTS, {"below": 1}
    yield "the sum of the slopes is not multiplied by h", WEIGHTS, {"below": 6 * h}
    for weights in ((0, 2, 2, 1), (1, 0, 2, 1), (1, 2, 0, 1), (1, 2, 2, 0)):
        yield f"k_{weights.index(0) + 1} is left out of the sum", WEIGHTS, {"weights": weights}
    yield "k_2 counts once, not twice", WEIGHTS, {"weights": (1, 1, 2, 1)}
    yield "k_3 counts once, not twice", WEIGHTS, {"weights": (1, 2, 1, 1)}
    yield "k_2 stands where k_3 belongs: k_2 counts four times", WEIGHTS, {"weights": (1, 4, 0, 1)}
    yield "k_3 starts with k_1, not with k_2", SLOPES, {"sources": (0, 0, 2)}
    yield "k_4 starts with k_2, not with k_3", SLOPES, {"sources": (0, 1, 1)}
    yield "k_4 starts with k_1, not with k_3", SLOPES, {"sources": (0, 1, 0)}
    yield "k_3 and k_4 start with k_1", SLOPES, {"sources": (0, 0, 0)}
    yield "k_2 goes a whole step, not half of one", SLOPES, {"reach": (1.0, 0.5, 1.0)}
    yield "k_3 goes a whole step, not half of one", SLOPES, {"reach": (0.5, 1.0, 1.0)}
    yield "k_2 and k_3 go a whole step, not half of one", SLOPES, {"reach": (1.0, 1.0, 1.0)}
    yield "k_2 and k_3 go a whole step, not half of one", SLOPES, {"reach": (1.0, 1.0, 1.0), "nodes": (1.0, 1.0, 1.0)}
    yield "k_4 goes half a step, not a whole one", SLOPES, {"reach": (0.5, 0.5, 0.5)}
    yield "k_4 goes half a step, not a whole one", SLOPES, {"reach": (0.5, 0.5, 0.5), "nodes": (0.5, 0.5, 0.5)}
    yield "the step h is left out where the slopes start", SLOPES, {"reach": (0.5 / h, 0.5 / h, 1.0 / h)}
    yield "the step h is left out where k_4 starts", SLOPES, {"reach": (0.5, 0.5, 1.0 / h)}
    yield "all slopes start at y itself", SLOPES, {"reach": (0.0, 0.0, 0.0)}
    yield "k_4 is taken at the time t + h/2", TIMES, {"nodes": (0.5, 0.5, 0.5)}
    yield "k_2 and k_3 are taken at the time t", TIMES, {"nodes": (0.0, 0.0, 1.0)}
    yield "k_2 and k_3 are taken at the time t + h", TIMES, {"nodes": (1.0, 1.0, 1.0)}
    yield "k_2 is taken at the time t", TIMES, {"nodes": (0.0, 0.5, 1.0)}
    yield "k_2 is taken at the time t + h", TIMES, {"nodes": (1.0, 0.5, 1.0)}
    yield "k_3 is taken at the time t", TIMES, {"nodes": (0.5, 0.0, 1.0)}
    yield "k_3 is taken at the time t + h", TIMES, {"nodes": (0.5, 1.0, 1.0)}
    yield "k_4 is taken at the time t", TIMES, {"nodes": (0.5, 0.5, 0.0)}
    yield "all slopes are taken at the time t", TIMES, {"nodes": (0.0, 0.0, 0.0)}
    yield "every slope is taken at the time t0", TIMES, {"nodes": (0.0, 0.0, 0.0), "frozen": True}
    yield "the steps begin one step too late", STEPS, {"late": 1}
    yield "the steps begin one step too early", STEPS, {"late": -1}
    yield "the step is t1 - t0, not that divided by the number of steps", STEPS, {"h": t1 - t0}
    yield "the step is 1 divided by the number of steps, whatever t0 and t1 are", STEPS, {"h": h / (t1 - t0)}
    yield "the step is t1 divided by the number of steps, whatever t0 is", STEPS, {"h": h / (t1 - t0) * t1}
    yield "the step is positive backwards too", STEPS, {"h": abs(h)}
    yield "the step has the wrong sign", STEPS, {"h": -h}
    yield "it subtracts the sum of the slopes", WEIGHTS, {"below": -6}
