"""Task 7.5, search(h, target): a root, its log-slope and the residual, or a ValueError. h stays with the checks."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.judging.refusal import refuses

GROW = "What has to happen while h at an end of the bracket is on the wrong side of the target?"
SAY = "Which number says whether the search has arrived?"


def finds(asked, rng):
    """the root: of maps that are straight, bent, steep, flat, and a cube"""
    return expect(asked, *[_of(h, x, words, "x") for h, x, words in _near(rng)])


def reports(asked, rng):
    """the log-slope at the root, and the residual"""
    cases = [_near(rng)[k] for k in (0, 1, 3)]
    return expect(asked, *[_of(*case, part) for case in cases for part in ("log_slope", "residual")])


def far(asked, rng):
    """roots that are far from the first bracket, on both sides"""
    slope = rng.uniform(0.01, 0.02)
    cases = [(_line(slope), sign * rng.uniform(300, 900), f"{slope:.3f} x") for sign in (1, -1)]
    cases += [(_inverse_sinh, sign * onp.sinh(rng.uniform(11, 12)), "arsinh(x)") for sign in (1, -1)]
    return expect(asked, *[_of(*case, "x") for case in cases])


def refuses_what_is_not_there(asked, rng):
    """a ValueError where h does not reach the target, on either side, and where it jumps over it"""

    def tanh(x):
        return float(onp.tanh(x)), float(onp.log1p(-(onp.tanh(x) ** 2)))

    jump = rng.uniform(0.2, 0.6)
    cases = [(tanh, 2.0, "h(x) = tanh(x) is never 2"), (tanh, -1.5, "h(x) = tanh(x) is never -1.5"),
             (lambda x: (float(x + (x > jump)), 0.0), jump + 0.5, f"h jumps from {jump:.2f} to {jump + 1:.2f}, over the target")]  # fmt: skip
    return next((fault for h, target, words in cases if (fault := refuses(asked, (h, target), words, SAY))), None)


def _line(slope):
    return lambda x: (float(slope * x), float(onp.log(slope)))


def _inverse_sinh(x):
    return float(onp.arcsinh(x)), float(-0.5 * onp.log1p(x**2))


def _cube(x):
    with onp.errstate(all="ignore"):
        return float(x**3), float(onp.log(3.0 * onp.float64(x) ** 2))


def _bent(a, c):
    """x + a tanh(c x): steep at 0 where a c is large."""
    return lambda x: (float(x + a * onp.tanh(c * x)), float(onp.log1p(a * c * (1 - onp.tanh(c * x) ** 2))))


def _flat(b):
    """A step, a long flat stretch, and another step."""

    def h(x):
        up, down = onp.tanh(9 * (x - b)), onp.tanh(9 * (x + b))
        return float(up + down + 0.02 * x), float(onp.log(9 * (1 - up**2) + 9 * (1 - down**2) + 0.02))

    return h


def _near(rng):
    a, b = rng.uniform(0.5, 3), rng.uniform(1.5, 2.5)
    return [
        (_line(a), rng.uniform(0.2, 0.8) / a, f"{a:.3f} x"),
        (_bent(2.0, 1.0), -rng.uniform(0.5, 2), "x + 2 tanh(x)"),
        (_bent(2.0, 40.0), rng.uniform(0.01, 0.03), "x + 2 tanh(40 x)"),
        (_flat(b), rng.uniform(0.2, 0.6), "two steps with a flat stretch between them"),
        (_cube, 0.1, "x^3"),
    ]


def _of(h, x, words, judged):
    x = float(x)
    target, slope = h(x)
    brackets = [(target - 1, target + 1), (-1.0, 1.0), (-10.0, 10.0), (-100.0, 100.0)]
    ends = [min(max(x, low), high) for low, high in brackets]

    def read(value):
        """A number that is near the root, and not near enough, stands for all of them."""
        close = isinstance(value, (float, onp.floating)) and onp.isfinite(value)
        near = close and 1e-8 * max(1.0, abs(x)) < abs(value - x) < 0.02 * max(1.0, abs(x))
        return x + 0.02 * max(1.0, abs(x)) if judged == "x" and near else value

    slips = [
        slip(Mistake.TOO_FEW_STEPS, SAY, x=x + 0.02 * max(1.0, abs(x))),
        *(slip(Mistake.END_OF_BRACKET, GROW, x=end) for end in ends if end != x),
        slip("the target comes back, not the root", "Which of x and h(x) is asked for?", x=target),
        slip("h is applied, not undone", "Which of x and h(x) is given?", x=h(target)[0]),
        slip("it searches for h(x) = -target", "On which side of the target is h at the left end?", x=-x),
        slip("it is the slope, not its logarithm", "What does h return beside its value?", log_slope=float(onp.exp(slope))),
        slip("the sign is flipped: it is the log-slope of the inverse", "Read the docstring.", log_slope=-slope),
        slip("h at the root is returned, not its distance to the target", "What is a residual?", residual=target),
        slip("the root is returned a second time, not the residual", "What is a residual?", residual=x),
        slip("the log-slope and the residual are exchanged", "In which order are they returned?", log_slope=0.0, residual=slope),
    ]  # fmt: skip
    answer, shown = {"x": x, "log_slope": slope, "residual": 0.0}, {"h(x)": words, "target": target}
    tolerance = {"x": 1e-8, "log_slope": 1e-6, "residual": 1e-9}[judged]
    return Question((h, target), answer, shown, slips, (judged,), tolerance, read=read)
