"""Task 5.5, iaf_sample(eps, net): equation (10), and its sign."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch05.ordered import Net, grid, normal_log_prob

DIRECTION = "Which of (10) and (11) is asked for?"


def values(asked, rng):
    """z by equation (10), and what is added to log q(eps), for D = 1, 2 and 5"""
    return expect(asked, *[_of(rng, D) for D in (1, 2, 5)])


def integral(asked, rng):
    """the density of z, which integrates to 1"""
    net = Net(rng, 2)
    eps, area = grid()
    added = onp.array([float(answer[1]) for answer in asked.rows(eps, net.at)])
    stretch = net(eps)[1].sum(axis=1)  # dz = e^stretch d eps
    total = float(onp.exp(normal_log_prob(eps) + added + stretch).sum() * area)
    if abs(total - 1) < 1e-5:
        return None
    found = f"      the integral of q over z: yours {total:.4f}   should be 1.0000   (D = 2, at 441 points)"
    return Fault("the density of z does not integrate to 1", (found,), "Compare (12).")


def _of(rng, D):
    net, eps = Net(rng, D), rng.normal(size=D)
    mu, s = net(eps)
    l = float(s.sum())
    slips = [
        slip("it has a plus in place of the minus", "Put a large sigma into (10): is z more crowded than eps, or less?", added=l),
        slip("it is equation (11), not (10)", DIRECTION, z=(eps - mu) * onp.exp(-s), added=l),
        slip("the scale is s, not e^s", "What is s the logarithm of?", z=mu + s * eps),
        slip("the scale is e^(-s)", DIRECTION, z=mu + onp.exp(-s) * eps),
        slip("the scale is missing", "Which terms has (10)?", z=mu + eps),
        slip("the shift is missing", "Which terms has (10)?", z=onp.exp(s) * eps),
        slip("the shift is added before the scale", "What does sigma multiply in (10)?", z=onp.exp(s) * (eps + mu)),
        slip("the shift is subtracted", DIRECTION, z=onp.exp(s) * eps - mu),
        slip("mu and s are exchanged", "In which order does net return them?", z=s + onp.exp(mu) * eps, added=-mu.sum()),
        slip("s is taken for the logarithm of the variance", "What is s the logarithm of?", z=mu + onp.exp(s / 2) * eps, added=-l / 2),
        slip("the network reads z, not eps", "What do mu and sigma depend on, in (10)?", z=net.forward(eps)),
        slip("log q(eps) is added already", "What does the docstring say comes back?", added=normal_log_prob(eps) - l),
        slip("there is one log-scale for each variable, not their sum", "How many numbers for one point?", added=-s),
        slip(Mistake.EXP_SUMMED, added=-onp.exp(s).sum()),
        slip(Mistake.MEAN, "Look at D = 2 and D = 5: when do a mean and a sum agree?", added=-s.mean()),
        slip("log q does not change", "What does sigma do to the density?", added=0.0),
    ]  # fmt: skip
    answer = {"z": net_at_eps(net, eps), "added": -l}
    shown = {"eps": eps, "mu(eps)": mu, "s(eps)": s}
    return Question((eps, net.at), answer, shown, slips, size=f"D = {D}")


def net_at_eps(net, eps):
    """z entry by entry: mu_i and sigma_i at noise of which eps_i and all later entries are set to 0."""
    z, seen = onp.empty_like(eps), onp.zeros_like(eps)
    for i in net.order:
        mu, s = net(seen)
        z[i], seen[i] = mu[i] + onp.exp(s[i]) * eps[i], eps[i]
    return z
