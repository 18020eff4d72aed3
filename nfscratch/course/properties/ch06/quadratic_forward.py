"""Task 6.5, quadratic_forward(z, zk, v): equation (4), against the area below the broken line."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch06.pieces import bin_at, differences, random_knots

AREA = "The area below the broken line has to be 2B. What is it before you scale?"
FOUR = "Integrate the slope from z_k to z."


def values(asked, rng):
    """x: the area below the broken line, for 2 and 5 bins"""
    return expect(asked, *[_of(*case, "x") for case in _cases(rng)])


def log_slope(asked, rng):
    """the log-slope: the broken line, and finite differences of the student's own map"""
    fault = expect(asked, *[_of(*case, "log_slope") for case in _cases(rng)])
    return fault or expect(asked, *[_by_differences(asked, _of(*case, "log_slope")) for case in _cases(rng)[:2]])


def edges(asked, rng):
    """both edges of the box, the inner knots, and equal slopes, which give the identity"""
    zk, v = random_knots(rng, 4, 3.0), rng.uniform(0.3, 3, size=5)
    at_knots = [_of(z, zk, v, part) for part in ("x", "log_slope") for z in zk]
    return expect(asked, *at_knots, _of(rng.uniform(-2, 2), zk, onp.full(5, v[0]), "x"))


def _cases(rng):
    """(z, zk, v): z away from the knots."""
    cases = []
    for K, bound in ((2, 1.0), (5, 3.0), (5, 2.0)):
        zk = random_knots(rng, K, bound)
        for k in rng.permutation(K)[:2]:
            cases.append((zk[k] + rng.uniform(0.2, 0.8) * (zk[k + 1] - zk[k]), zk, rng.uniform(0.3, 3, size=K + 1)))
    return cases


def _by_differences(asked, question):
    z, *others = question.arguments
    rate = differences(lambda at: [a[0] for a in asked.many([(a, *others) for a in at])], [z])[0]
    return replace(question, answer={**question.answer, "log_slope": float(onp.log(rate))}, tolerance=1e-6)


def _area(z, zk, v):
    """The area below the broken line, from the left edge to z."""
    at = onp.append(zk[zk < z], z)
    return onp.trapezoid(onp.interp(at, zk, v), at)


def _of(z, zk, v, judged):
    z, k, w = float(z), bin_at(z, zk), onp.diff(zk)
    scaled = v * (zk[-1] - zk[0]) / _area(zk[-1], zk, v)
    x, slope = zk[0] + _area(z, zk, scaled), onp.interp(z, zk, scaled)
    xi, xk, d = (z - zk[k]) / w[k], zk[0] + _area(zk[k], zk, scaled), scaled[k + 1] - scaled[k]
    mean = v / v.mean()
    sums = zk[0] + onp.append(0.0, onp.cumsum(w * (scaled[1:] + scaled[:-1])))
    slips = [
        slip("the slopes are not scaled", AREA, x=zk[0] + _area(z, zk, v), log_slope=onp.log(onp.interp(z, zk, v))),
        slip("the slopes are divided by their mean, not by that of the line", AREA, x=zk[0] + _area(z, zk, mean), log_slope=onp.log(onp.interp(z, zk, mean))),
        slip("the slopes are scaled to the area 1, not 2B", AREA, x=zk[0] + (x - zk[0]) / (zk[-1] - zk[0]), log_slope=onp.log(slope / (zk[-1] - zk[0]))),
        slip("the 1/2 in front of xi^2 is missing", FOUR, x=x + w[k] * d * xi**2 / 2),
        slip("the factor w_k is missing", FOUR, x=xk + (x - xk) / w[k]),
        slip("xi is z, not its place in the bin", "Where does xi run from 0 to 1?", x=xk + w[k] * (scaled[k] * (z - zk[k]) + d * (z - zk[k]) ** 2 / 2), log_slope=onp.log(scaled[k] + d * (z - zk[k]))),
        slip("the curve is straight in each bin", FOUR, x=xk + w[k] * scaled[k] * xi),
        slip("xi is not squared", FOUR, x=xk + w[k] * (scaled[k] + d / 2) * xi),
        slip("the left end of the bin is z_k, not x_k", "How high is the curve at the knot?", x=x - xk + zk[k]),
        slip("the heights of the bins lack a half", "What is the area of a trapezoid?", x=sums[k] + x - xk),
        slip("the curve starts at 0, not at the box's corner", "Where does z = -B go?", x=x - zk[0]),
        slip("the slopes of the knots are exchanged", "Which knot is on the left?", x=xk + w[k] * (scaled[k + 1] * xi - d * xi**2 / 2), log_slope=onp.log(scaled[k + 1] - d * xi)),
        slip("it is the slope, not its logarithm", "What do log-dets add up?", log_slope=slope),
        slip("the slope's xi is halved", "Differentiate the first half of (4).", log_slope=onp.log(scaled[k] + d * xi / 2)),
        slip("the slope is that of the left knot", "The slope is a broken line.", log_slope=onp.log(scaled[k])),
        slip("the slope is multiplied by the width", "xi changes by 1/w_k, when z changes by 1.", log_slope=onp.log(slope * w[k])),
        slip("the sign is flipped", "Does a slope above 1 spread points apart?", log_slope=-onp.log(slope)),
    ]  # fmt: skip
    answer, shown = {"x": float(x), "log_slope": float(onp.log(slope))}, {"z": z, "zk": zk, "v": v}
    return Question((z, zk, v), answer, shown, slips, (judged,), size=f"{len(w)} bins")
