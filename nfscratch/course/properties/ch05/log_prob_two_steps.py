"""Task 5.6, log_prob_two_steps(x, net_1, net_2): equation (13), for two networks of different orders."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch05.ordered import Net, grid, normal_log_prob

TERMS = "Count the terms of (13)."


def values(asked, rng):
    """log p(x) for D = 2 and 5, where x was computed from the noise"""
    return expect(asked, *[_of(rng, D) for D in (2, 5)])


def integral(asked, rng):
    """the density of x, which integrates to 1"""
    nets = _nets(rng, 2)
    eps, area = grid()
    x = _through(nets, eps)
    stretch = nets[0](nets[0].forward(eps))[1].sum(axis=1) + nets[1](x)[1].sum(axis=1)
    log_p = onp.array(asked.rows(x, *(net.at for net in nets)), dtype=float)
    total = float(onp.exp(log_p + stretch).sum() * area)
    if abs(total - 1) < 1e-5:
        return None
    found = f"      the integral of exp(log p) over x: yours {total:.4f}   should be 1.0000   (D = 2, at 441 points)"
    return Fault("the density of x does not integrate to 1", (found,), "By how much does each step stretch?")


def _nets(rng, D):
    first = Net(rng, D)
    return first, Net(rng, D, first.order[::-1])


def _through(nets, eps):
    return nets[1].forward(nets[0].forward(eps))


def _of(rng, D):
    nets, eps_0 = _nets(rng, D), rng.normal(size=D)
    eps_1, x = nets[0].forward(eps_0), _through(nets, eps_0)
    s_1, s_2, base = nets[0](eps_1)[1].sum(), nets[1](x)[1].sum(), float(normal_log_prob(eps_0))
    half_log = 0.5 * onp.log(2 * onp.pi)
    right = base - s_1 - s_2
    slips = [
        slip("the two networks are exchanged", "Which network sees x, by (13)?", log_p=_log_prob(x, *nets[::-1])),
        slip("the first network is used twice", "Which networks does (13) have?", log_p=_log_prob(x, nets[0], nets[0])),
        slip("the second network is used twice", "Which networks does (13) have?", log_p=_log_prob(x, nets[1], nets[1])),
        slip(Mistake.LOG_DET_SUBTRACTED, log_p=base + s_1 + s_2),
        slip(Mistake.LOG_DET_MISSING, TERMS, log_p=base),
        slip("the log-det of the step from x is missing", TERMS, log_p=base - s_1),
        slip("the log-det of the step to eps_0 is missing", TERMS, log_p=base - s_2),
        slip("the log-det of one step is added and that of the other subtracted", TERMS, log_p=base - s_1 + s_2),
        slip("the log-det of one step is added and that of the other subtracted", TERMS, log_p=base + s_1 - s_2),
        slip("sigma_1 is taken at x, not at eps_1", "What does the first network see, by (13)?", log_p=base - nets[0](x)[1].sum() - s_2),
        slip("both networks are asked at x", "What does the first network see, by (13)?", log_p=_both_at(x, x, nets)),
        slip("both steps start from x", "What does the second step start from, by (13)?", log_p=normal_log_prob(_step(x, nets[0])) - nets[0](x)[1].sum() - s_2),
        slip("the base is counted twice", TERMS, log_p=right + normal_log_prob(eps_1)),
        slip(Mistake.BASE_MISSING, log_p=-s_1 - s_2),
        slip("the base is evaluated at eps_1, not at eps_0", "Which of the three points is noise?", log_p=normal_log_prob(eps_1) - s_1 - s_2),
        slip(Mistake.BASE_AT_X, "Which of the three points is noise?", log_p=normal_log_prob(x) - s_1 - s_2),
        slip(Mistake.CONSTANT_OF_BASE, log_p=right + D * half_log),
        slip(Mistake.CONSTANT_ONCE, log_p=right + (D - 1) * half_log),
        slip("one step is left out", TERMS, log_p=normal_log_prob(eps_1) - s_2),
        slip("it is the density, not its logarithm", "What does the left side of (13) say?", log_p=onp.exp(right)),
        slip("it is minus log p", "What does the left side of (13) say?", log_p=-right),
    ]  # fmt: skip
    shown = {"x": x, "eps_1": eps_1, "eps_0": eps_0}
    return Question((x, *(net.at for net in nets)), {"log_p": float(right)}, shown, slips, size=f"D = {D}")


def _step(x, net):
    mu, s = net(x)
    return (x - mu) * onp.exp(-s)


def _log_prob(x, net_1, net_2):
    return _both_at(x, (x - net_2(x)[0]) * onp.exp(-net_2(x)[1]), (net_1, net_2))


def _both_at(x, seen, nets):
    """(13), where the first network is asked at `seen`."""
    (mu_1, s_1), (mu_2, s_2) = nets[0](seen), nets[1](x)
    eps_1 = (x - mu_2) * onp.exp(-s_2)
    return float(normal_log_prob((eps_1 - mu_1) * onp.exp(-s_1)) - s_1.sum() - s_2.sum())
