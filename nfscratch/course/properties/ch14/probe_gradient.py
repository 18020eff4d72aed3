"""Task 14.8, probe_gradient(theta, x, v, inverse): equation (7) for one probe, against the product rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.judging.shown import shown
from nfscratch.course.properties.ch14.free_maps import gradient_of_product, jacobian, random_theta

SEVEN = "Read (7) once more: what is w, and what of v^T J w moves with theta?"


def values(asked, rng):
    """the gradient for probes of signs and of normals, for D = 2, 3 and 1"""
    return expect(
        asked,
        *[
            _of(rng, D, v)
            for D, v in ((2, rng.normal(size=2)), (3, rng.choice([-1.0, 1.0], 3)), (1, rng.normal(size=1)))
        ],
    )


def all_probes(asked, rng):
    """averaged over all probes of signs, it is the gradient of log|det J|"""
    theta, x = random_theta(rng, 2), rng.normal(size=2)
    inverse = onp.linalg.inv(jacobian(theta, x))
    signs = onp.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    answers = asked.many([(theta, x, v, inverse) for v in signs])
    right = sum(gradient_of_product(theta, x, e, inverse @ e) for e in onp.eye(2)).ravel()
    if not all(onp.size(answer) == right.size for answer in answers):
        return Fault("there must be one number for each entry of theta", (), SEVEN)
    mean = onp.mean([onp.ravel(answer) for answer in answers], axis=0)
    if onp.allclose(mean, right, rtol=1e-6, atol=1e-6):
        return None
    lines = (f"      mean over 4 probes: yours {shown(mean)}", f"      gradient of log|det J|    {shown(right)}")
    return Fault("the mean over all probes is not the gradient of log|det J|", lines, SEVEN)


def _of(rng, D, v):
    theta, x = random_theta(rng, D), rng.normal(size=D)
    J = jacobian(theta, x)
    inverse = onp.linalg.inv(J)

    def by(v, w):
        return gradient_of_product(theta, x, v, w).ravel()

    def read(value):
        return value.ravel() if isinstance(value, onp.ndarray) and value.shape == (3, D, D) else value

    right = by(v, inverse @ v)
    trace = sum(by(e, inverse @ e) for e in onp.eye(D))
    found = {
        "w is v: g'(z) is missing": by(v, v),
        "w is made with the transposed of g'(z)": by(v, inverse.T @ v),
        "w is made with J, not with g'(z)": by(v, J @ v),
        "g'(z) is applied twice": by(v, inverse @ inverse @ v),
        "g'(z) is applied on both sides": by(inverse.T @ v, inverse @ v),
        "J is transposed: v and w are exchanged": by(inverse @ v, v),
        "w is not held constant": 0 * right,
        "it is the whole trace, not one probe of it": trace,
        "it is divided by D": right / D,
        "it is multiplied by D": right * D,
        "the probe's length is divided out": right / (v @ v),
        "the probe has the length 1": right / onp.linalg.norm(v),
        "the factor v on the left is missing: its entries are summed": by(onp.ones(D), inverse @ v),
        "it is doubled": 2 * right,
        "w stands on both sides": by(inverse @ v, inverse @ v),
        "x is taken for the probe": by(x, inverse @ x),
        "w is x": by(v, x),
    }
    slips = [slip(name, SEVEN, gradient=value) for name, value in found.items()] + [
        slip(Mistake.SIGN, SEVEN, gradient=-right),
        slip("it is the value of v^T J w, not its gradient", "Which of the two is right, the value or the gradient?", gradient=float(v @ v)),
    ]  # fmt: skip
    words = {"theta": f"of shape (3, {D}, {D})", "x": x, "v": v}
    question = Question((theta, x, v, inverse), {"gradient": right}, words, slips, tolerance=1e-6, size=f"D = {D}")
    return replace(question, read=read)
