"""Task 11.5, planar_draw(eps, w, u, b): equation (7), for u that are moved and u that nearly stay."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.judging.shown import shown
from nfscratch.course.properties.ch11.normals import THREE, log_normal, log_q_slips

SEVEN = "Which of tanh and its derivative stands in z, and which in log q?"
HAT = "Which vector moves the points in (7), u or the one of chapter 03?"
DET = "What is the determinant of I + a b^T?"


def values(asked, rng):
    """z, for 1, 2 and 5 variables"""
    return expect(asked, *[_of(rng, D, sign, "z") for D in (2, 5, 1) for sign in (-1, 1)])


def log_qs(asked, rng):
    """log q at z"""
    return expect(asked, *[_of(rng, D, sign, "log_q") for D in (2, 5, 1) for sign in (-1, 1)])


def jacobian(asked, rng):
    """log q against a numeric Jacobian of the student's own draw"""
    (eps, w), u, b = rng.normal(size=(2, 3)), rng.normal(size=3), 0.4
    steps, h = onp.eye(3) * 1e-3, 1e-3
    answers = asked.rows(onp.concatenate([[eps], *[eps + k * steps for k in (-2, -1, 1, 2)]]), w, u, b)
    z = [onp.asarray(answer[0], dtype=float) for answer in answers[1:]]
    J = onp.stack([(z[i] - 8 * z[3 + i] + 8 * z[6 + i] - z[9 + i]) / (12 * h) for i in range(3)], axis=1)
    yours, right = float(answers[0][1]), float(log_normal(eps).sum() - onp.linalg.slogdet(J)[1])
    if abs(yours - right) < 1e-6 * max(1, abs(right)):
        return None
    line = f"      at eps = {shown(eps)}: yours {shown(yours)}   by a numeric Jacobian of your draw {shown(right)}"
    return Fault("log_q is not that of the draw that you made", (line,), THREE)


def u_hat(w, u, margin=1e-3):
    a = w @ u
    return u + (onp.log1p(onp.exp(a)) - 1 + margin - a) * w / (w @ w)


def _of(rng, D, sign, judged):
    eps, w, b = rng.normal(size=D), rng.normal(size=D), float(rng.uniform(0.2, 0.6))
    w = w * rng.uniform(1.2, 1.8) / onp.linalg.norm(w)
    u = sign * onp.sign(w) * rng.uniform(0.4, 1.0, size=D)
    hat = u_hat(w, u)
    a = w @ eps + b
    t, slope = onp.tanh(a), onp.cosh(a) ** -2
    z, J = eps + hat * t, onp.eye(D) + slope * onp.outer(hat, w)
    right, base = float(log_normal(eps).sum() - onp.linalg.slogdet(J)[1]), float(log_normal(eps).sum())

    def less(stretch):
        with onp.errstate(all="ignore"):
            return base - onp.log(onp.abs(stretch))

    z_pairs = [
        ("u stands where u_hat belongs", HAT, eps + u * t),
        ("tanh is missing", SEVEN, eps + hat * a),
        ("the derivative of tanh stands where tanh belongs", SEVEN, eps + hat * slope),
        ("eps is not added", "What does a planar layer add to its input?", hat * t),
        ("the layer's move is subtracted", "What does a planar layer add to its input?", eps - hat * t),
        ("b is missing", SEVEN, eps + hat * onp.tanh(w @ eps)),
        ("b is subtracted", SEVEN, eps + hat * onp.tanh(w @ eps - b)),
        ("b is added outside of tanh", SEVEN, eps + hat * (onp.tanh(w @ eps) + b)),
        ("w moves the points, not u_hat", HAT, eps + w * t),
        ("w and u_hat are exchanged", HAT, eps + w * onp.tanh(hat @ eps + b)),
        ("w and u are exchanged", HAT, eps + w * onp.tanh(u @ eps + b)),
        ("u_hat is made with w and u exchanged", "In which order does u_hat take them?", eps + u_hat(u, w) * t),
        ("each variable has its own tanh: w * eps, not w . eps", "What is w . eps for two variables?", eps + hat * onp.tanh(w * eps + b)),
        ("eps comes back", SEVEN, eps),
    ]  # fmt: skip
    q_pairs = [
        ("log q has u where u_hat belongs", HAT, less(1 + slope * (w @ u))),
        ("log q has tanh where its derivative belongs", SEVEN, less(1 + t * (w @ hat))),
        ("the derivative of tanh is 1 - t, not 1 - t^2", SEVEN, less(1 + (1 - t) * (w @ hat))),
        ("the derivative of tanh is 1 + t^2, not 1 - t^2", SEVEN, less(1 + (1 + t**2) * (w @ hat))),
        ("the derivative of tanh is t^2, not 1 - t^2", SEVEN, less(1 + t**2 * (w @ hat))),
        ("the derivative of tanh is taken at tanh", SEVEN, less(1 + (1 - onp.tanh(t) ** 2) * (w @ hat))),
        ("the derivative of tanh is missing", SEVEN, less(1 + w @ hat)),
        ("the 1 in front is missing", DET, less(slope * (w @ hat))),
        ("there is a minus behind the 1", DET, less(1 - slope * (w @ hat))),
        ("w . u_hat is missing", DET, less(1 + slope)),
        ("w . w stands where w . u_hat belongs", DET, less(1 + slope * (w @ w))),
        ("w . eps stands where w . u_hat belongs", DET, less(1 + slope * (w @ eps))),
        ("u_hat . u_hat stands where w . u_hat belongs", DET, less(1 + slope * (hat @ hat))),
        ("w . u_hat is summed outside of the logarithm", DET, base - onp.log(onp.abs(1 + slope * w * hat)).sum()),
        ("|det| is subtracted, not its logarithm", THREE, base - abs(1 + slope * (w @ hat))),
        ("the derivative is that of z, not of eps: tanh is taken at z", "At which point was the layer applied?", less(1 + onp.cosh(w @ z + b) ** -2 * (w @ hat))),
        ("b is missing in log q", SEVEN, less(1 + onp.cosh(w @ eps) ** -2 * (w @ hat))),
        ("the log-det counts D times", DET, base - D * (base - right)),
        ("the log-det counts half", DET, (base + right) / 2),
    ]  # fmt: skip
    slips = [s for name, hint, value in z_pairs for s in by_part(name, hint, z=value)]
    slips += [s for name, hint, value in q_pairs for s in by_part(name, hint, log_q=value)]
    slips += log_q_slips(eps, z, onp.array([base - right]), of_sigmas=False)
    shown_as = {"eps": eps, "w": w, "u": u, "b": b}
    return Question((eps, w, u, b), {"z": z, "log_q": right}, shown_as, slips, (judged,), size=f"D = {D}")
