"""Task 6.6, rq_inverse(x, zk, xk, d): the spline of several bins on the way back, with its tails."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch06.pieces import bin_at, height, place, random_spline, spline, steepness

BIN = "A bin's place, its height and its width: which of them does each step need?"
SLOPE = "What is the slope of the way back, if dx/dz is that of the way there?"


def undoes(asked, rng):
    """z comes back from the x that was made of it, in every bin of splines of 3 and 6 bins"""
    return expect(asked, *[_of(*case, "z") for case in _cases(rng)])


def log_slope(asked, rng):
    """log dz/dx: minus the log-slope of the way there"""
    return expect(asked, *[_of(*case, "log_slope") for case in _cases(rng)])


def edges(asked, rng):
    """knots and both edges of the box go to knots and edges, with log-slopes that follow from d"""
    zk, xk, d = random_spline(rng, 4, 3.0)
    answers = [(z, -float(onp.log(slope))) for z, slope in zip(zk, d, strict=True)]
    return expect(asked, *[_known(x, (zk, xk, d), *a) for x, a in zip(xk, answers, strict=True)])


def tails(asked, rng):
    """outside of the box the map is the identity, near the edge and far away"""
    case = random_spline(rng, 4, 3.0)
    return expect(
        asked, *[_known(sign * x, case, sign * x, 0.0) for x in (*rng.uniform(3.01, 9, 2), 1e6) for sign in (1, -1)]
    )


def _cases(rng):
    cases = []
    for K, bound in ((3, 1.0), (6, 3.0)):
        zk, xk, d = random_spline(rng, K, bound)
        cases += [(zk[k] + rng.uniform(0.1, 0.9) * (zk[k + 1] - zk[k]), zk, xk, d) for k in rng.permutation(K)]
    return cases


def _of(z, zk, xk, d, judged):
    x, rate = spline(z, zk, xk, d)
    k, j = bin_at(z, zk), bin_at(x, zk)
    w, h, l = zk[k + 1] - zk[k], xk[k + 1] - xk[k], -float(onp.log(rate))
    y, xi = (x - xk[k]) / h, (z - zk[k]) / w
    swapped = place(y, h / w, d[k + 1], d[k])
    slips = [
        slip(Mistake.KNOTS_OF_Z, **_in_bin(j, x, zk, xk, d)),
        slip("the slopes of the knots are exchanged", "Which knot is on the left?", z=zk[k] + w * swapped, log_slope=-onp.log(steepness(swapped, h / w, d[k + 1], d[k]))),
        slip("the slopes of the knots are exchanged", "Which knot is on the left?", log_slope=-onp.log(steepness(xi, h / w, d[k + 1], d[k]))),
        slip("the place in the bin comes back, not z", BIN, z=xi),
        slip("the place is stretched by the bin's height, not by its width", BIN, z=zk[k] + h * xi),
        slip("the left end of the bin is x_k, not z_k", BIN, z=xk[k] + w * xi),
        slip("the left end of the bin is missing", BIN, z=w * xi),
        slip("the place is not stretched", BIN, z=zk[k] + xi),
        slip("the bin's slope is w/h, not h/w", "Is s = dx/dz, or dz/dx?", z=zk[k] + w * place(y, w / h, d[k], d[k + 1])),
        slip(Mistake.APPLIES_FORWARD, z=spline(x, zk, xk, d)[0]),
        slip("the height in the bin is taken for the place", "Which of rq_bin and rq_bin_inverse goes back?", z=zk[k] + w * y),
        slip("the height is put into (8) again", "Which of rq_bin and rq_bin_inverse goes back?", z=zk[k] + w * height(y, h / w, d[k], d[k + 1])),
        slip(Mistake.NOT_NEGATED, SLOPE, log_slope=-l),
        slip("it is the slope, not its logarithm", "What do log-dets add up?", log_slope=onp.exp(l)),
        slip("it is the slope, not its logarithm", "What do log-dets add up?", log_slope=onp.exp(-l)),
        slip("the slope is taken at the height y, not at the place xi", SLOPE, log_slope=-onp.log(steepness(y, h / w, d[k], d[k + 1]))),
        slip("the bin's slope is taken, as if it were straight", SLOPE, log_slope=onp.log(w / h)),
        slip(Mistake.ALWAYS_ZERO, "Where is the slope 1?", log_slope=0.0),
    ]  # fmt: skip
    return _question(x, (zk, xk, d), {"z": float(z), "log_slope": l}, slips, (judged,))


def _in_bin(j, x, zk, xk, d):
    """What comes of x in bin j, which may be another than its own."""
    w, h = zk[j + 1] - zk[j], xk[j + 1] - xk[j]
    y, s, d0, d1 = (x - xk[j]) / h, h / w, d[j], d[j + 1]
    b = d0 - y * (d0 + d1 - 2 * s)
    with onp.errstate(all="ignore"):
        root = onp.sqrt(onp.maximum(b * b + 4 * (s - b) * s * y, 0.0))
        xi = (root - b) / (2 * (s - b)) if b < 0 else 2 * s * y / (b + root)
        return {"z": zk[j] + w * xi, "log_slope": -onp.log(steepness(xi, s, d0, d1))}


def _known(x, case, z, log_slope):
    """An edge or a tail, whose answer is known."""
    edge = onp.clip(x, case[1][0], case[1][-1])
    slips = [
        slip("x is clipped into the box", "What does (13) say of a point outside?", z=edge),
        slip("it is the slope, not its logarithm", "What is the log of 1?", log_slope=onp.exp(log_slope)),
        slip(Mistake.NOT_NEGATED, SLOPE, log_slope=-log_slope),
    ]
    if abs(x) > case[1][-1]:
        slips.append(
            slip(
                "the last bin goes on outside of the box",
                "What does (13) say?",
                **_in_bin(0 if x < 0 else len(case[0]) - 2, x, *case),
            )
        )
    return _question(x, case, {"z": float(z), "log_slope": float(log_slope)}, slips)


def _question(x, case, answer, slips, judged=()):
    shown = {"x": float(x), **dict(zip(("zk", "xk", "d"), case, strict=True))}
    return Question((float(x), *case), answer, shown, slips, judged, 1e-8, f"{len(case[0]) - 1} bins")
