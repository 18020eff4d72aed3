"""Task 1.6, nll_and_gradient(s, t, x): the loss of equation (8), and its derivatives against differences of that loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.finite_differences import finite_difference_jacobian
from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip

SIZES = ((4, 1), (7, 3))  # rows, columns
AVERAGE = "Rows are averaged and columns are summed: which axis is which?"


def loss(asked, rng):
    """the loss of a Gaussian, which is known, for 1 and 3 columns"""
    return expect(asked, *[_of(rng, N, D, ("L",)) for N, D in SIZES])


def gradient(asked, rng):
    """the derivatives against finite differences of the student's own loss"""
    questions = [_of(rng, N, D, ("g_s", "g_t")) for N, D in SIZES]
    if (fault := expect(asked, *[replace(q, judged=("L",), tolerance=onp.inf) for q in questions])) is not None:
        return fault  # L is no number: there is nothing to differentiate
    judged = [_by_differences(asked, question) for question in questions]
    return _without_slope(judged) or expect(asked, *judged)


def _without_slope(questions):
    """The fault of a loss that does not change: then any constant has the right derivatives."""
    for question, part, name in ((q, *pair) for q in questions for pair in (("g_s", "s"), ("g_t", "t"))):
        if not question.answer[part].any():
            return Fault(f"L does not change with {name}", (), f"Where does {name} stand in equation (8)?")
    return None


def _by_differences(asked, question):
    """The same question; its right answer comes from the loss that the student's function returns."""
    s, t, x = question.arguments
    D = len(s)

    def losses(points):
        return onp.array([[float(answer[0])] for answer in asked.many([(p[:D], p[D:], x) for p in points])])

    g = finite_difference_jacobian(losses, onp.concatenate([s, t])[None], steps=(1e-3, 1e-4))[0, 0]
    return replace(question, answer={**question.answer, "g_s": g[:D], "g_t": g[D:]}, tolerance=1e-6)


def _of(rng, N, D, judged):
    s, t, x = rng.uniform(0.3, 1, size=D), rng.normal(size=D), 1 + 2 * rng.normal(size=(N, D))
    u = (x - t) * onp.exp(-s)
    squares, mean, constant = (u**2).mean(axis=0), u.mean(axis=0), 0.5 * onp.log(2 * onp.pi)
    g_s, g_t = 1 - squares, -onp.exp(-s) * mean
    L = float((0.5 * squares + s).sum() + D * constant)
    scale = "u depends on t through (x - t) e^(-s)."
    slips = [
        slip("the constant of the normal density is missing", "What is -log N(0; 0, 1)?", L=L - D * constant),
        slip("the constant stands once, not once for each column", "How many densities are multiplied?", L=L - (D - 1) * constant),
        slip("the term s is missing", "What does e^s do to the density's height?", L=L - s.sum()),
        slip("the sign of s is flipped", "A wide Gaussian is a low one.", L=L - 2 * s.sum()),
        slip("the half before u^2 is missing", "What is the log of a normal density at u = 1?", L=L + 0.5 * squares.sum()),
        slip("it is the sum over rows, not the mean", AVERAGE, L=N * L, g_s=N * g_s, g_t=N * g_t),
        slip("it is the sum over rows, not the mean", AVERAGE, L=N * (L - D * constant) + D * constant),
        slip("it is the mean over columns, not the sum", AVERAGE, L=L / D, g_s=g_s / D, g_t=g_t / D),
        slip("it is the mean over columns, not the sum", AVERAGE, L=L / D + (D - 1) * constant),
        slip("there is one loss for each column, not their sum", AVERAGE, L=0.5 * squares + s + constant),
        slip("it is the log-likelihood, not minus that", "What does the N of NLL stand for?", L=-L),
        slip("the two derivatives are exchanged", "In which order are they returned?", g_s=g_t, g_t=g_s),
        slip("the sign of the derivative is flipped", "Move it up a little: does L rise?", g_s=-g_s),
        slip("the sign of the derivative is flipped", "Move it up a little: does L rise?", g_t=-g_t),
        slip("the 1 in dL/ds is missing", "Which term of L is s itself?", g_s=-squares),
        slip("the mean of u is squared, not u", "A bar over u^2 is a mean of squares.", g_s=1 - mean**2),
        slip("the factor e^(-s) is missing", scale, g_t=-mean),
        slip("the factor is e^s, not e^(-s)", scale, g_t=-onp.exp(s) * mean),
    ]  # fmt: skip
    answer = {"L": L, "g_s": g_s, "g_t": g_t}
    return Question((s, t, x), answer, {"s": s, "t": t, "x": x}, slips, judged, size=f"N = {N}, D = {D}")
