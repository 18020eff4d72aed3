"""Task 9.3, mixture_at(y, t, path, means, s): equation (1). Each keyword of `mixture` is a mistake."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, by_part, expect, slip
from nfscratch.course.properties.ch09.moving import CURVES

VARIANCE = "What is the variance of a x + b eps, where x has the variance s^2 around its mean?"
NORMAL = "Write down the logarithm of N(y; a m_k, c I) for one component, with all its terms."
SHARES = "Every component has the share 1/K. And r_k is a probability: what do the r_k add up to?"
RATE = "Compare with the bracket in (1), letter by letter."
CASES = (("a = t, b = 1 - t", 2, 3), ("a = t^2, b = 1 - t^3", 1, 2), ("a = 1.2 sin t, b = 0.8 cos 2t", 3, 4))


def density(asked, rng):
    """log p_t(y): the mixture's density, for D = 2, 1 and 3"""
    return expect(asked, *[_of(rng, *case, "log_p") for case in CASES])


def score(asked, rng):
    """the gradient of log p_t, against finite differences of it"""
    return expect(asked, *[_of(rng, *case, "score") for case in CASES])


def velocity(asked, rng):
    """the mean of the velocities of all pairs that pass through y, on three curves"""
    return expect(asked, *[_of(rng, *case, "velocity") for case in CASES])


def far_out(asked, rng):
    """the same at points where e^(log p) is 0 in floats"""
    return expect(asked, *[_far(rng, D) for D in (1, 2)])


# --- the mixture ---


def mixture(
    y, t, path, means, s, *, variance=None, centres=None, share=True, two_pi=1.0, half=0.5, weights="posterior"
):
    """log p_t, r and q. two_pi: how often its logarithm counts, relative to D; half: the factor of the squares."""
    a, b, *_ = path(t)
    D, K = len(y), len(means)
    c = (a * s) ** 2 + b**2 if variance is None else variance(a, b, s)
    away = y - (a * means if centres is None else centres(a) * means)
    terms = -half * (away**2).sum(axis=1) / c - 0.5 * D * (onp.log(c) + two_pi * onp.log(2 * onp.pi))
    log_p = onp.logaddexp.reduce(terms) - (onp.log(K) if share else 0)
    r = onp.exp(terms - onp.logaddexp.reduce(terms))
    named = {
        "equal": onp.full(K, 1 / K),
        "ones": onp.ones(K),
        "joint": r * onp.exp(log_p),
        "hard": (r == r.max()) * 1.0,
    }
    return log_p, named.get(weights, r), away / c, terms


def _velocity(y, t, path, means, s):
    """By the joint normal of x_t and its velocity, for each component."""
    a, b, da, db = path(t)
    covariance, variance = onp.dot([da * s, db], [a * s, b]), onp.dot([a * s, b], [a * s, b])
    r = mixture(y, t, path, means, s)[1]
    given = [da * m + covariance / variance * (y - a * m) for m in means]
    return sum(weight * v for weight, v in zip(r, given, strict=True))


def _score(y, *others, h=1e-3):
    steps = onp.eye(len(y)) * h
    values = [[mixture(y + k * e, *others)[0] for k in (-2, -1, 1, 2)] for e in steps]
    return onp.array([(v[0] - 8 * v[1] + 8 * v[2] - v[3]) / (12 * h) for v in values])


def _of(rng, name, D, K, judged):
    y, means, s = 0.7 * rng.normal(size=D), rng.normal(size=(K, D)), float(rng.uniform(0.5, 0.8))
    t, path = float(rng.uniform(0.35, 0.6)), CURVES[name]
    case = (y, t, path, means, s)
    answer = {"log_p": mixture(*case)[0], "score": _score(*case), "velocity": _velocity(*case)}
    shown = {"y": y, "t": t, "path": name, "means": means, "s": s}
    slips = [*_of_density(*case), *_of_score(*case), *_of_velocity(*case)]
    return Question((y, t, path, means, s), answer, shown, slips, (judged,), 1e-8, f"D = {D}")


def _all_parts(y, t, path, means, s, **changed):
    a, b, da, db = path(t)
    log_p, r, q, _ = mixture(y, t, path, means, s, **changed)
    return {"log_p": log_p, "score": -r @ q, "velocity": r @ (da * means + (da * a * s**2 + db * b) * q)}


def _of_density(*case):
    log_p, _, _, terms = mixture(*case)
    K, D = len(case[3]), len(case[0])
    for name, hint, changed in (
        ("c lacks the factor a^2", VARIANCE, {"variance": lambda a, b, s: s**2 + b**2}),
        ("c has a where a^2 belongs", VARIANCE, {"variance": lambda a, b, s: a * s**2 + b**2}),
        ("c has s where s^2 belongs", VARIANCE, {"variance": lambda a, b, s: a**2 * s + b**2}),
        ("c has b where b^2 belongs", VARIANCE, {"variance": lambda a, b, s: (a * s) ** 2 + b}),
        ("c is the square of a s + b", VARIANCE, {"variance": lambda a, b, s: (a * s + b) ** 2}),
        ("c lacks b^2, the variance of the noise", VARIANCE, {"variance": lambda a, b, s: (a * s) ** 2}),
        ("c lacks the variance of the data", VARIANCE, {"variance": lambda a, b, s: b**2}),
        ("c is a standard deviation, not a variance", VARIANCE, {"variance": lambda a, b, s: onp.hypot(a * s, b)}),
        ("a and b are exchanged in c", VARIANCE, {"variance": lambda a, b, s: (b * s) ** 2 + a**2}),
        ("the means are not multiplied by a", "Where is the mean of component k at the time t?", {"centres": lambda a: 1}),
        ("the 1/2 in front of the square is missing", NORMAL, {"half": 1.0}),
    ):  # fmt: skip
        yield from by_part(name, hint, **_all_parts(*case, **changed))
    yield slip("the share 1/K is missing", SHARES, log_p=log_p + onp.log(K))
    yield slip("the share 1/K is counted twice", SHARES, log_p=log_p - onp.log(K))
    yield slip("the 2 pi is missing", NORMAL, log_p=log_p + 0.5 * D * onp.log(2 * onp.pi))
    yield slip("the constant is counted once, not D times", NORMAL, log_p=mixture(*case, two_pi=1 / D)[0])
    yield slip("the normalising constant of the normals is missing", NORMAL, log_p=_without_constant(case))
    yield slip("the normalising constant is counted once, not D times", NORMAL, log_p=_without_constant(case, 1))
    yield slip("log c has no factor 1/2", NORMAL, log_p=log_p - 0.5 * D * onp.log(_variance(*case)))
    yield slip("the normalising constant has no factor 1/2", NORMAL, log_p=_without_constant(case, 2 * D))
    yield slip("the normalising constant has a plus", NORMAL, log_p=_without_constant(case, -D))
    yield slip("it is the density, not its logarithm", "What does the docstring say comes back?", log_p=onp.exp(log_p))
    yield slip("it is the sum of the logs, not the log of the sum", SHARES, log_p=(terms - onp.log(K)).sum())
    yield slip("it is the mean of the logs, not the log of the mean", SHARES, log_p=terms.mean())
    yield slip("only the nearest component counts", SHARES, log_p=terms.max() - onp.log(K))
    yield slip("only the nearest component counts, and its share is missing", SHARES, log_p=terms.max())
    yield slip("it is -log p", "Which sign has the logarithm of a density?", log_p=-log_p)


def _variance(y, t, path, means, s):
    a, b, *_ = path(t)
    return (a * s) ** 2 + b**2


def _without_constant(case, times=0):
    D = len(case[0])
    return mixture(*case)[0] + 0.5 * (D - times) * onp.log(2 * onp.pi * _variance(*case))


def _of_score(*case):
    log_p, r, q, _ = mixture(*case)
    c = _variance(*case)
    yield slip(
        "the sign of the score is flipped", "Where does log p grow: towards the means, or away from them?", score=r @ q
    )
    yield slip("it is not divided by c", "What is the gradient of log N(y; a m, c I)?", score=-r @ q * c)
    yield slip(
        "it is divided by the standard deviation, not by c",
        "What is the gradient of log N(y; a m, c I)?",
        score=-r @ q * onp.sqrt(c),
    )
    yield slip(
        "it has the factor 2 of a square, without its 1/2",
        "What is the gradient of log N(y; a m, c I)?",
        score=-2 * r @ q,
    )
    yield slip("it has the factor 1/2 of the square", "What is the gradient of log N(y; a m, c I)?", score=-r @ q / 2)
    yield slip("it is divided by c twice", "What is the gradient of log N(y; a m, c I)?", score=-r @ q / c)
    yield slip("it is the gradient of the density, not of its logarithm", SHARES, score=-r @ q * onp.exp(log_p))
    for name, weights in _weighted(*case):
        yield slip(name, SHARES, score=-weights @ q)


def _weighted(*case):
    for name, weights in (
        ("all components have the same weight, wherever y is", "equal"),
        ("the components are added up without weights", "ones"),
        ("the r_k do not add up to 1", "joint"),
        ("only the nearest component counts", "hard"),
    ):
        yield name, mixture(*case, weights=weights)[1]
    K, (log_p, r, *_) = len(case[3]), mixture(*case)
    yield "the r_k do not add up to 1", K * r
    yield "the r_k do not add up to 1", r / K
    yield "the r_k do not add up to 1", K * r * onp.exp(log_p)


def _of_velocity(*case):
    y, t, path, means, s = case
    (a, b, da, db), (_, r, q, _), c = path(t), mixture(*case), _variance(*case)
    mean = r @ means

    def moves(rate_x, rate_q, of=q, weights=r):
        return weights @ (rate_x * means + rate_q * of)

    both = da * a * s**2 + db * b
    for name, value in (
        ("it is E[x | y], not a velocity", moves(1, a * s**2)),
        ("it is E[eps | y], not a velocity", moves(0, b)),
        ("it is E[x - eps | y], whatever path is", moves(1, a * s**2 - b)),
        ("a and b stand where their derivatives belong", moves(a, a * a * s**2 + b * b)),
        ("the derivatives of a and b are exchanged", moves(db, db * a * s**2 + da * b)),
        ("the term with m_k is missing", moves(0, both)),
        ("the term with q_k is missing", moves(da, 0)),
        ("the term with q_k has the wrong sign", moves(da, -both)),
        ("the term of the noise, b' b q_k, is missing", moves(da, da * a * s**2)),
        ("the term of the noise has the wrong sign", moves(da, da * a * s**2 - db * b)),
        ("the term a' a s^2 q_k is missing", moves(da, db * b)),
        ("the term a' a s^2 q_k lacks a", moves(da, da * s**2 + db * b)),
        ("the term a' a s^2 q_k lacks a'", moves(da, a * s**2 + db * b)),
        ("the term a' a s^2 q_k lacks s^2", moves(da, da * a + db * b)),
        ("s stands where s^2 belongs", moves(da, da * a * s + db * b)),
        ("the term of the noise lacks b", moves(da, da * a * s**2 + db)),
        ("the term of the noise lacks b'", moves(da, da * a * s**2 + b)),
        ("the term of the noise has b' b^2", moves(da, da * a * s**2 + db * b**2)),
        ("the means are not multiplied by a'", moves(1, both)),
        ("the means are multiplied by a, not by a'", moves(a, both)),
        ("the means are multiplied by a' a", moves(da * a, both)),
        ("q_k is not divided by c", moves(da, both, of=q * c)),
        ("q_k is divided by the standard deviation, not by c", moves(da, both, of=q * onp.sqrt(c))),
        ("the velocity has its sign flipped", -moves(da, both)),
        ("the mean of the means stands in front, not r_k", da * means.mean(axis=0) + both * (r @ q)),
        ("it is the score", -r @ q),
        ("it is a'/a y, without the noise", da / a * y),
        ("it is a' E[x | y], without the noise", moves(da, da * a * s**2)),
        ("it is a' times the mean of the components, plus b'", da * mean + db),
    ):
        yield slip(name, RATE, velocity=value)
    for name, weights in _weighted(*case):
        yield slip(name, SHARES, velocity=moves(da, both, weights=weights))


def _far(rng, D):
    """Far from all components, in every one of the three answers."""
    y, means, s = 60 + 10 * rng.normal(size=D), rng.normal(size=(3, D)), float(rng.uniform(0.5, 0.8))
    name = "a = t, b = 1 - t"
    t, path = float(rng.uniform(0.35, 0.6)), CURVES[name]
    case = (y, t, path, means, s)
    right = {"log_p": mixture(*case)[0], "score": _all_parts(*case)["score"], "velocity": _velocity(*case)}
    hint = "Take the largest term out of the sum before you exponentiate."
    slips = [slip("e^(log p) is 0 in floats there, and its logarithm is -inf", hint, log_p=-onp.inf)]
    shown = {"y": y, "t": t, "path": name, "means": means, "s": s}
    return Question(case, right, shown, slips, tolerance=1e-8, size=f"D = {D}")
