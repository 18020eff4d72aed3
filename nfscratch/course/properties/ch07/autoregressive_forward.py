"""Task 7.7, autoregressive_forward(z, nets, read): the layer of equation (5), from noise to data."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch07.many_digits import sigmoid, undone, unit

SEES = "Which numbers does network i see in (5)?"
UNITS, DIMS = 3, (2, 4, 1)


def undoes(asked, rng):
    """x comes back from its z, for 2, 4 and 1 variables"""
    return expect(asked, *[_of(rng, D, "x") for D in DIMS])


def log_det(asked, rng):
    """the log-det is minus that of the way from x to z"""
    return expect(asked, *[_of(rng, D, "log_det") for D in DIMS])


def reads_as_told(asked, rng):
    """`read`, if it is given, turns the networks' answers into weights, slopes and offsets"""
    D, floor = 2, rng.uniform(0.2, 0.4)

    def steeper(theta):
        w, a, b = parameters(theta)
        return w, a + floor, b

    return expect(asked, _of(rng, D, "x", steeper))


def parameters(theta):
    """3K free numbers as weights, slopes and offsets, as the chapter has it."""
    w, a, b = onp.split(onp.asarray(theta, dtype=float), 3)
    return onp.exp(w) / onp.exp(w).sum(), onp.exp(onp.tanh(a)), b


def network(weights, x):
    W1, b1, W2, b2 = weights
    return W2 @ onp.tanh(W1 @ x + b1) + b2


def random_nets(rng, D, width=5):
    for i in range(D):
        yield tuple(rng.normal(size=shape) for shape in ((width, i), (width,), (3 * UNITS, width), (3 * UNITS,)))


def _place(z, theta):
    w, a, b = theta
    return undone(lambda x: _logit(w, a * x + b), z)


def _logit(w, s):
    with onp.errstate(all="ignore"):
        return float(onp.log(w @ sigmoid(s)) - onp.log(w @ sigmoid(-s)))


def _of(rng, D, judged, read=None):
    nets, x, of = list(random_nets(rng, D)), rng.normal(size=D), read or parameters
    pairs = [unit(x[i], *of(network(nets[i], x[:i]))) for i in range(D)]
    z, l = onp.array(pairs).T
    seeing_z = onp.array([_place(z[i], of(network(nets[i], z[:i]))) for i in range(D)])
    seeing_0 = onp.array([_place(z[i], of(network(nets[i], 0 * z[:i]))) for i in range(D)])
    at_z = onp.array([unit(z[i], *of(network(nets[i], x[:i])))[1] for i in range(D)])
    slips = [
        slip("the networks see z, not x", SEES, x=seeing_z),
        slip("the networks see x before it is found", "In which order are the variables found?", x=seeing_0),
        slip("z comes back", "Which direction is that?", x=z),
        slip(Mistake.APPLIES_FORWARD, "Which of x and z is given?", x=_again(z, nets, of)),
        slip("the log-slopes of x to z are not negated", "Whose slopes does the search return: those of x to z, or of z to x?", log_det=l.sum()),
        slip("the slopes are taken at z, not at the x that was found", "At which point does the search return its slope?", log_det=-at_z.sum()),
        slip("it is only the last variable's", "How many slopes are there?", log_det=-l[-1]),
        slip("it is only the last variable's, and its sign is flipped", "How many slopes are there?", log_det=l[-1]),
        slip("there is one log-slope for each variable, not their sum", "How many numbers for one point?", log_det=-l),
        slip("the slopes are added up, not their logarithms", "Determinants multiply; what adds up?", log_det=onp.exp(-l).sum()),
        slip("the slopes are subtracted, not their logarithms", "Determinants multiply; what adds up?", log_det=-onp.exp(l).sum()),
        slip(Mistake.MEAN, "Look at two variables and at four.", log_det=-l.mean()),
        slip(Mistake.ALWAYS_ZERO, "Where is the slope 1?", log_det=0.0),
    ]  # fmt: skip
    if read is not None:
        slips.append(slip("`read` is not used", "What is the last argument for?", x=_sampled(z, nets, parameters)))
    answer, shown = {"x": x, "log_det": -float(l.sum())}, {"z": z, "nets": f"{D} random ones"}
    return Question((z, nets) if read is None else (z, nets, read), answer, shown, slips, (judged,), 1e-7, f"D = {D}")


def _sampled(z, nets, of):
    x = onp.zeros_like(z)
    for i, net in enumerate(nets):
        x[i] = _place(z[i], of(network(net, x[:i])))
    return x


def _again(z, nets, of):
    return onp.array(
        [_logit(w, a * z[i] + b) for i, (w, a, b) in enumerate(of(network(n, z[:i])) for i, n in enumerate(nets))]
    )
