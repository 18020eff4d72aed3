"""Task 6.7, squared_forward(z, a, b, c, d, g): equation (14), where c is a share of its bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch06.pieces import differences

BOUND, FOURTEEN = "Which number may |c| not reach in (14)?", "Differentiate c/(1 + u^2), and u = d z + g too."


def values(asked, rng):
    """x by equation (14)"""
    return expect(asked, *[_of(*case, "x") for case in _cases(rng)])


def log_slope(asked, rng):
    """the log-slope: known, and against finite differences of the student's own map"""
    fault = expect(asked, *[_of(*case, "log_slope") for case in _cases(rng)])
    return fault or expect(asked, *[_by_differences(asked, _of(*case, "log_slope")) for case in _cases(rng)[:3]])


def near_the_bound(asked, rng):
    """at 0.99 of the bound the flattest place still rises, with the slope b/100"""
    questions = []
    for sign in (1, -1):
        a, b, d, g = rng.uniform(0.4, 2.5, size=4)
        flattest = (sign / onp.sqrt(3) - g) / d
        questions.append(replace(_of(flattest, a, b, sign * 0.99, d, g, "log_slope"), tolerance=1e-7))
    return expect(asked, *questions)


def _cases(rng):
    """(z, a, b, share, d, g)"""
    cases = []
    for share in (0.6, -0.6, 0.9, -0.3):
        (z, a, g), (b, d) = rng.normal(size=3), rng.uniform(0.4, 2.5, size=2)
        cases.append((z, a, b, share, d, g))
    return cases


def _by_differences(asked, question):
    z, *others = question.arguments
    rate = differences(lambda at: [a[0] for a in asked.many([(a, *others) for a in at])], [z])[0]
    return replace(question, answer={**question.answer, "log_slope": float(onp.log(rate))}, tolerance=1e-6)


def _of(z, a, b, share, d, g, judged):
    bound = b / (d * onp.sqrt(27) / 8)  # 3 sqrt(3)/8 is the largest value of 2u/(1 + u^2)^2

    def x_of(c, u=d * z + g):
        return a + b * z + c / (1 + u**2)

    def l_of(c, u=d * z + g, inner=d, two=2, power=2):
        with onp.errstate(all="ignore"):
            return onp.log(b - two * c * inner * u / (1 + u**2) ** power)

    c = share * bound
    slips = [
        slip("c is not multiplied by its bound", BOUND, x=x_of(share), log_slope=l_of(share)),
        slip("the bound is d/b, not b/d", BOUND, x=x_of(c * d**2 / b**2), log_slope=l_of(c * d**2 / b**2)),
        slip("the bound lacks the factor b/d", BOUND, x=x_of(c * d / b), log_slope=l_of(c * d / b)),
        slip("the bound lacks the 8/9", BOUND, x=x_of(c * 9 / 8), log_slope=l_of(c * 9 / 8)),
        slip("the bound lacks the root of 3", BOUND, x=x_of(c / onp.sqrt(3)), log_slope=l_of(c / onp.sqrt(3))),
        slip("c is divided by its bound", BOUND, x=x_of(share / bound), log_slope=l_of(share / bound)),
        slip("g is left out", "What is u?", x=x_of(c, d * z), log_slope=l_of(c, d * z)),
        slip("u is d (z + g)", "What is u?", x=x_of(c, d * (z + g)), log_slope=l_of(c, d * (z + g))),
        slip("u is not squared", "Put numbers into (14).", x=a + b * z + c / (1 + d * z + g)),
        slip("the bump is missing", "Put numbers into (14).", x=a + b * z),
        slip("the factor b is missing", "Put numbers into (14).", x=x_of(c) - b * z + z),
        slip("the shift a is missing", "Put numbers into (14).", x=x_of(c) - a),
        slip("the sign of the bump's slope is flipped", FOURTEEN, log_slope=l_of(-c)),
        slip("the inner derivative d is missing", FOURTEEN, log_slope=l_of(c, inner=1)),
        slip("the factor 2 is missing", FOURTEEN, log_slope=l_of(c, two=1)),
        slip("1 + u^2 is not squared", FOURTEEN, log_slope=l_of(c, power=1)),
        slip("it is the slope, not its logarithm", "What do log-dets add up?", log_slope=onp.exp(l_of(c))),
        slip("the bump's slope is missing", FOURTEEN, log_slope=onp.log(b)),
        slip(Mistake.SIGN, log_slope=-l_of(c)),
    ]  # fmt: skip
    arguments = tuple(float(number) for number in (z, a, b, share, d, g))
    shown = dict(zip(("z", "a", "b", "c", "d", "g"), arguments, strict=True))
    return Question(arguments, {"x": float(x_of(c)), "log_slope": float(l_of(c))}, shown, slips, (judged,))
