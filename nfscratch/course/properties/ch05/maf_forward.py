"""Task 5.4, maf_forward(z, weights, degrees, y): the sampler (8). x is drawn, and z computed from it by one pass of (5)."""

from __future__ import annotations

import operator

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch05.unit import Sampler, degrees, masks, outputs, random_weights

# D, widths, context: the last hidden layer of the third is narrower than D, so that degrees are left out
CASES = ((2, (3,), 0), (5, (9, 7), 0), (4, (6, 2), 0), (4, (7, 6), 2))
SCALE = "Put the numbers of the worked example into (4)."
KNOWN = "Which units of the layer below are known in step m?"
ROWS = "In which order stand the rows of the last weight matrix?"
COUNT = "Which weights are multiplied in step m, and how often in all?"


def undoes(asked, rng):
    """x from z = inverse(x), with scattered orders, a narrow layer, and a context"""
    return expect(asked, *[_of(rng, *case, ("x",)) for case in CASES])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, *case, ("log_det",)) for case in CASES])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), _random(rng, 3, (5, 4), 0)[:2])


def one_pass(asked, rng):
    """as many multiplications as there are ones in the masks (9)"""
    return expect(asked, *[_of(rng, *case, ("count",)) for case in CASES])


def _random(rng, D, widths, n_context):
    least = 0 if n_context else 1
    layers = degrees(D, widths, least=least)
    if widths[-1] < D - least:
        layers[-1] = onp.linspace(least, D - 1, widths[-1]).astype(int)
    return random_weights(rng, masks(layers, n_context), 2), layers, rng.normal(size=n_context)


def _of(rng, D, widths, n_context, judged):
    weights, layers, y = _random(rng, D, widths, n_context)
    x, M = rng.normal(size=D), masks(layers, n_context)
    mu, s = outputs(weights, M, x, y)
    z, l = (x - mu) * onp.exp(-s), float(s.sum())
    last = s[onp.argmax(layers[0])]
    slips = [slip(name, hint, x=Sampler(weights, layers, y, **how)(z)[0]) for name, hint, how in _mistakes(D)]
    slips += [
        slip(Mistake.RETURNS_ARGUMENT, SCALE, x=z),
        slip("the noise is undone, not applied", "Which direction is that?", x=Sampler(weights, layers, y, scale=lambda s: onp.exp(-s))(z)[0]),
        slip("the context comes back with x", "How many variables has x?", x=onp.concatenate([x, y])),
        slip("x comes back in the order in which it was drawn", "Which place has the variable of degree 1?", x=x[onp.argsort(layers[0])]),
        slip("x comes from one pass with the mean of the noise", "Which variables are known before x_2 is?", x=_from_one_pass(weights, M, z, y)),
        slip(Mistake.SIGN, log_det=-l),
        slip("it is only the last variable's log-scale", "How many variables does (7) sum over?", log_det=float(last)),
        slip("there is one log-scale for each variable, not their sum", "How many numbers for one point?", log_det=s),
        slip(Mistake.EXP_SUMMED, log_det=float(onp.exp(s).sum())),
        slip(Mistake.MEAN, "Look at D = 2 and D = 5: when do a mean and a sum agree?", log_det=l / D),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
        *_counts(weights, layers, M, n_context),
    ]  # fmt: skip
    shown = {"z": z, "degrees": layers} | ({"y": y} if n_context else {})
    arguments = (z, weights, layers, y) if n_context else (z, weights, layers)
    answer = {"x": x, "log_det": l, "count": int(sum(m.sum() for m in M) + M[-1].sum())}
    size = f"D = {D}" + (", with a context" if n_context else "")
    return Question(arguments, answer, shown, slips, judged, tolerance=1e-8, size=size)


def _mistakes(D):
    return (
        ("the scale is s, not e^s", "What is s the logarithm of?", {"scale": lambda s: s}),
        ("the scale is missing", SCALE, {"scale": lambda s: 1.0}),
        ("s is taken for the logarithm of the variance", "What is s the logarithm of?", {"scale": lambda s: onp.exp(s / 2)}),
        ("hidden units do not look at their equals", KNOWN, {"below": operator.lt}),
        ("variables are drawn by their place, not by their degree", "Which variable has the degree m?", {"by_place": True}),
        ("step 0 is left out: units that see the context alone stay 0", "Which units have the degree 0?", {"first": 1}),
        ("the rows of the outputs are taken in turn, mu_1, s_1, mu_2, ...", ROWS, {"rows": lambda i: (2 * i, 2 * i + 1)}),
        ("mu and s are exchanged", ROWS, {"rows": lambda i: (D + i, i)}),
        ("the hidden units lack their activation", "Which function stands in the second line of (8)?", {"act": lambda a: a}),
        ("the hidden units' biases are missing", "Which terms has the second line of (8)?", {"bias": 0}),
    )  # fmt: skip


def _from_one_pass(weights, M, z, y):
    mu, s = outputs(weights, M, z, y)
    return mu + onp.exp(s) * z


def _counts(weights, layers, M, n_context):
    """What is counted wrongly, and what is computed more than once."""
    D, dense = len(layers[0]), sum(W.size for W, _ in weights)
    hidden, output = sum(m.sum() for m in M[:-1]), M[-1].sum()
    ge, strict = masks(layers, n_context, output=operator.ge)[-1], masks(layers, n_context, operator.gt)
    return (
        slip("the outputs are counted once, though there are two for a variable", "What is P in (9)?", count=hidden + output),
        slip("the output's products are left out", COUNT, count=hidden),
        slip("the hidden units' products are left out", COUNT, count=2 * output),
        slip("it is the count of D passes, not of one", COUNT, count=D * dense),
        slip("it is the count of D passes, not of one", COUNT, count=D * (hidden + 2 * output)),
        slip("masked weights are multiplied too", COUNT, count=dense),
        slip("masked weights of the output are multiplied too", COUNT, count=hidden + weights[-1][0].size),
        slip("masked weights of the hidden layers are multiplied too", COUNT, count=dense - weights[-1][0].size + 2 * output),
        slip("units of degree m are multiplied in the step in which they are not known yet", "By (8), of which degree are the units that mu_[m] sees?", count=hidden + 2 * ge.sum()),
        slip("hidden units do not look at their equals", KNOWN, count=sum(m.sum() for m in strict[:-1]) + 2 * output),
        slip("the number of steps comes back, not that of multiplications", COUNT, count=D),
    )  # fmt: skip
