"""Task 9.2, on_the_curve(x, noise, t, path): the input and the target of flow matching, (13)."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, by_part, expect, slip
from nfscratch.course.properties.ch09.moving import CURVES

WHICH = "At t = 1 the straight line is at the data. Which of a and b belongs to x?"
ALONG = "x and the noise of one pair stay as they are. What changes with t?"
PATH = "What does path(t) return, and in which order?"


def place(asked, rng):
    """where the pair is at the time t: on the straight line and on two curves, for D = 1, 2 and 5"""
    return expect(asked, *[_of(rng, D, name, "x_t") for D in (2, 5, 1) for name in CURVES])


def velocity(asked, rng):
    """how fast it moves there, which is the derivative of x_t by t"""
    return expect(asked, *[_of(rng, D, name, "velocity") for D in (2, 5, 1) for name in CURVES])


def _of(rng, D, name, judged):
    x, noise, t = rng.normal(size=D), rng.normal(size=D), float(rng.uniform(0.2, 0.7))
    a, b, da, db = CURVES[name](t)
    at, moves, h = a * x + b * noise, da * x + db * noise, 1e-3
    places = [sum(c * e for c, e in zip(CURVES[name](t + k * h)[:2], (x, noise), strict=True)) for k in (-2, -1, 1, 2)]
    right = (places[0] - 8 * places[1] + 8 * places[2] - places[3]) / (12 * h)
    straight = "the straight line is taken, whatever path is"
    slips = [
        *by_part("x and the noise are exchanged", WHICH, x_t=a * noise + b * x, velocity=da * noise + db * x),
        slip("the velocity stands where x_t belongs", "Which one is the input of the network, and which the target?", x_t=moves),
        slip("x_t stands where the velocity belongs", "Which one is the input of the network, and which the target?", velocity=at),
        *by_part("the noise is subtracted", "Which sign has b?", x_t=a * x - b * noise),
        *by_part("the sign of b' is flipped: path has it already", "Is b' positive or negative, for the straight line?", velocity=da * x - db * noise),
        *by_part(straight, PATH, x_t=t * x + (1 - t) * noise, velocity=x - noise),
        *by_part("the velocity runs from data to noise", "Which way does time run in this chapter?", velocity=-moves),
        *by_part("the straight line is taken from data to noise, whatever path is", PATH, x_t=(1 - t) * x + t * noise, velocity=noise - x),
        *by_part("the noise's term is missing", ALONG, x_t=a * x, velocity=da * x),
        *by_part("the data's term is missing", ALONG, x_t=b * noise, velocity=db * noise),
        *by_part("it is (x - x_t)/(1 - t), which is the velocity of the straight line alone", ALONG, velocity=(x - at) / (1 - t)),
        *by_part("it is (x_t - noise)/t, which is the velocity of the straight line alone", ALONG, velocity=(at - noise) / t),
        *by_part("a and a' are added up for x, b and b' for the noise", PATH, velocity=(a + da) * x + (b + db) * noise),
        *by_part("it is multiplied by t", ALONG, velocity=t * moves),
        *by_part("the factors a' and b' are missing: all of x and noise is added", PATH, x_t=x + noise, velocity=x + noise),
        *by_part("the noise comes back", ALONG, x_t=noise, velocity=noise),
        *by_part("x comes back", ALONG, x_t=x, velocity=x),
        *by_part("b is taken for the variance of the noise's term", "Is b a variance or a factor?", x_t=a * x + onp.sqrt(abs(b)) * noise),
        *by_part("the noise's term is that of x_t", ALONG, velocity=da * x + b * noise),
        *by_part("the data's term is that of x_t", ALONG, velocity=a * x + db * noise),
        *by_part("a' and b' are exchanged", PATH, velocity=db * x + da * noise),
        slip("a' stands where b belongs: path returns a, b and then their derivatives", PATH, x_t=a * x + da * noise),
        slip("b stands where a' belongs: path returns a, b and then their derivatives", PATH, velocity=b * x + db * noise),
    ]  # fmt: skip
    shown = {"x": x, "noise": noise, "t": t, "path": name}
    answer = {"x_t": at, "velocity": right}
    return Question((x, noise, t, CURVES[name]), answer, shown, slips, (judged,), 1e-9, f"D = {D}")
