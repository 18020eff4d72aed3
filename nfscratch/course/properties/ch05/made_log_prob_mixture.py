"""Task 5.8, made_log_prob_mixture(weights, masks, x, y): equation (15), number by number."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch05.unit import degrees, masks, outputs, random_weights

HALF_LOG = 0.5 * onp.log(2 * onp.pi)
AXIS = "Of `out.reshape(3, K, D)`: which axis are the components?"
SUMS = "There are two sums in (15): where does the logarithm stand?"
NORMAL = "Write down log N(x; mu, sigma^2) with sigma = e^s."


def values(asked, rng):
    """log p(x) with 1, 2 and 3 components, and with a context"""
    cases = ((2, (3,), 1, 0), (2, (3,), 2, 0), (5, (9, 7), 3, 0), (4, (7, 6), 2, 2))
    return expect(asked, *[_of(*_random(rng, *case), case[2]) for case in cases])


def integral(asked, rng):
    """the density of one variable, which integrates to 1"""
    weights, M, _, _ = _random(rng, 1, (), 3, 0)
    s, mu = (weights[0][1][k : k + 3] for k in (3, 6))
    x = onp.linspace((mu - 8 * onp.exp(s)).min(), (mu + 8 * onp.exp(s)).max(), 801)
    log_p = onp.array(asked.many([(weights, M, row) for row in x[:, None]]), dtype=float)
    total = float(onp.exp(log_p).sum() * (x[1] - x[0]))
    if abs(total - 1) < 1e-5:
        return None
    found = f"      the integral of exp(log p) over x: yours {total:.4f}   should be 1.0000   (D = 1, K = 3)"
    return Fault("the density does not integrate to 1", (found,), NORMAL)


def far_out(asked, rng):
    """log p where every component's density is 0 in floats"""
    questions = []
    for place in (60.0, -1e4):
        weights, M, x, y = _random(rng, 2, (4,), 2, 0)
        questions.append(_of(weights, M, x + place, y, 2))
    return expect(asked, *questions)


def _random(rng, D, widths, K, n_context):
    M = masks(degrees(D, widths, least=0 if n_context else 1), n_context)
    weights = random_weights(rng, M, 3 * K)
    W, b = weights[-1]
    s = slice(K * D, 2 * K * D)
    W[s], b[s] = 0.3 * W[s], 0.3 * b[s] + 0.2
    return weights, M, rng.normal(size=D), rng.normal(size=n_context)


def _of(weights, M, x, y, K):
    D = len(x)
    a, s, mu = outputs(weights, M, x, y).reshape(3, K, D)
    right, log_w, each = _log_p(x, a, s, mu), _log_softmax(a, 0), _log_normal(x, s, mu)
    with onp.errstate(all="ignore"):
        underflowing = float(onp.log((onp.exp(log_w) * onp.exp(each)).sum(axis=0)).sum())
        both_axes = float(onp.log(onp.exp(log_w + each).sum()))
    turned = outputs(weights, M, x, y).reshape(3, D, K).transpose(0, 2, 1)
    by_variable = outputs(weights, M, x, y).reshape(D, 3, K).transpose(1, 2, 0)
    slips = [
        slip("the components' densities round to 0 before the logarithm is taken", "Which number is 0 here, though its logarithm is -1800 or so?", log_p=underflowing),
        slip("the weights are not normalised", "What do the w_ik of one variable sum to?", log_p=_log_sum(a + each)),
        slip("the weights are normalised over the variables, not over the components", AXIS, log_p=_log_sum(_log_softmax(a, 1) + each)),
        slip("the weights are normalised over everything at once", AXIS, log_p=_log_sum(a - onp.logaddexp.reduce(a, axis=None) + each)),
        slip("all components have the same weight", "Which weights has (15)?", log_p=_log_sum(each - onp.log(K))),
        slip("the weights are missing", "Which weights has (15)?", log_p=_log_sum(each)),
        slip("logarithms are averaged, not densities", SUMS, log_p=float((onp.exp(log_w) * each).sum())),
        slip("the logarithms of all components are added up", SUMS, log_p=float((log_w + each).sum())),
        slip("the largest component stands for the sum", SUMS, log_p=float((log_w + each).max(axis=0).sum())),
        slip("the variables' densities are added up, not multiplied", SUMS, log_p=both_axes),
        slip("the components are mixed as whole rows, not variable by variable", SUMS, log_p=float(onp.logaddexp.reduce((log_w + each).sum(axis=1)))),
        slip("the term -s is missing", NORMAL, log_p=_log_sum(log_w + each + s)),
        slip("the sign of s is flipped", NORMAL, log_p=_log_sum(log_w + each + 2 * s)),
        slip("the constant of the normal density is missing", NORMAL, log_p=right + D * HALF_LOG),
        slip("the constant stands once, not once for each variable", NORMAL, log_p=right + (D - 1) * HALF_LOG),
        slip("the half before the square is missing", NORMAL, log_p=_log_sum(log_w + 2 * each + s + HALF_LOG)),
        slip("s is taken for the logarithm of the variance", "What is s the logarithm of?", log_p=_log_p(x, a, s / 2, mu)),
        slip("it multiplies by the scale, where it should divide", NORMAL, log_p=_log_sum(log_w + _log_normal(x, -s, mu) - 2 * s)),
        slip("s and mu are exchanged", "In which order do the outputs come?", log_p=_log_p(x, a, mu, s)),
        slip("a and mu are exchanged", "In which order do the outputs come?", log_p=_log_p(x, mu, s, a)),
        slip("the outputs are read as (3, D, K)", "In which order do the outputs come?", log_p=_log_p(x, *turned)),
        slip("the outputs are read as (D, 3, K)", "In which order do the outputs come?", log_p=_log_p(x, *by_variable)),
        slip("it is minus log p", "What does the left side of (15) say?", log_p=-right),
        slip("it is the density, not its logarithm", "What does the left side of (15) say?", log_p=float(onp.exp(right))),
        slip("the terms come back one by one", "How many numbers for one point?", log_p=onp.logaddexp.reduce(log_w + each, axis=0)),
        slip("it is the mean over the variables, not the sum", "What does (15) do with the variables' terms?", log_p=right / D),
    ]  # fmt: skip
    shown = {"x": x, "a": a, "s": s, "mu": mu}
    arguments = (weights, M, x, y) if len(y) else (weights, M, x)
    return Question(arguments, {"log_p": right}, shown, slips, size=f"D = {D}, K = {K}")


def _log_normal(x, s, mu):
    return -0.5 * ((x - mu) / onp.exp(s)) ** 2 - s - HALF_LOG


def _log_softmax(a, axis):
    return a - onp.logaddexp.reduce(a, axis=axis, keepdims=True)


def _log_sum(terms):
    return float(onp.logaddexp.reduce(terms, axis=0).sum())


def _log_p(x, a, s, mu):
    return _log_sum(_log_softmax(a, 0) + _log_normal(x, s, mu))
