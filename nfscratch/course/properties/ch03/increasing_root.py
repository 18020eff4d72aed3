"""Task 3.5, increasing_root(f, target): f is a function of the checks', so that its root is known."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.fault import Fault, Kind, Stopped
from nfscratch.course.judging.question import Question, expect, slip

BRACKET = "How wide was your bracket, and how do you know that the root is in it?"


def roots(asked, rng):
    """the roots of four increasing functions, steep, flat and curved, to eleven digits"""
    c, b = rng.uniform(0.5, 3), rng.normal()
    cases = (
        ("p + c tanh(p + b)", lambda p: p + c * onp.tanh(p + b)),
        ("p^3 + p", lambda p: p**3 + p),
        ("p - 0.9 tanh p", lambda p: p - 0.9 * onp.tanh(p)),
        ("e^p - 5", lambda p: onp.exp(p) - 5),
    )
    return expect(
        asked,
        *[_of(words, f, rng.uniform(0.5, 2) * sign) for (words, f), sign in zip(cases, (1, -1, 1, -1), strict=True)],
    )


def far_away(asked, rng):
    """roots at a million, of both signs, and far from the target"""
    slope = rng.uniform(0.005, 0.02)
    cases = (("p + tanh p", lambda p: p + onp.tanh(p)), ("c p, with a small c", lambda p: slope * p))
    return expect(asked, *[_of(words, f, sign * rng.uniform(1e6, 2e6)) for words, f in cases for sign in (1, -1)])


def none(asked, rng):
    """an exception for functions that stay below the target, or above it"""
    if (fault := expect(asked, _of("2 p", lambda p: 2 * p, 0.5))) is not None:
        return fault  # it raises everywhere, perhaps
    for words, f, target in (("tanh p", onp.tanh, 3.0), ("e^p", onp.exp, -2.0), ("tanh p", onp.tanh, -1.5)):
        try:
            answer = asked(_of_one_number(f), target)
        except Stopped as stopped:
            if stopped.fault.kind is Kind.RAISED:
                continue
            raise
        line = f"      f(p) = {words}, target = {target}: yours {_shown(answer)}   should be an exception"
        return Fault("it returns something where there is no root", (line,), BRACKET)
    return None


def _shown(answer):
    return f"{float(answer):.4g}" if isinstance(answer, (int, float, onp.floating)) else repr(answer)[:40]


def _of_one_number(f):
    def of(p):
        if onp.size(p) != 1:
            raise ValueError(f"f takes one number; got an array of shape {onp.shape(p)}")
        with onp.errstate(all="ignore"):
            return float(f(float(onp.reshape(p, ()))))

    return of


def _of(words, f, p):
    target = float(f(p))
    slips = [
        *[slip(Mistake.END_OF_BRACKET, BRACKET, p=end) for end in _ends(0.0, p)],
        *[slip("it gives the end of a bracket around the target", BRACKET, p=end) for end in _ends(target, p)],
        slip("the target comes back, not the root", "Put your p into f.", p=target),
        slip("f(target) comes back, not the root", "Put your p into f.", p=float(f(target))) if abs(target) < 100 else None,
        slip("the root has its sign flipped", "Put your p into f.", p=-p),
        slip("f(p) comes back, not p", "Put your p into f.", p=float(f(p))),
    ]  # fmt: skip
    shown = {"f(p)": words, "target": target}
    return Question((_of_one_number(f), target), {"p": p}, shown, [s for s in slips if s], tolerance=1e-11)


def _ends(centre, p):
    """The nearer ends of the brackets that do not hold p."""
    widths = [width for width in (10.0, 20.0, 50.0, 100.0, 1e3, 1e4) if abs(p - centre) > width]
    return [centre + width * onp.sign(p - centre) for width in widths]
