"""Task 3.2, u_hat(w, u, margin): equation (5). u is put together from a part along w, of which m is known, and a rest."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip

LENGTH = "Multiply your result with a w of length 2: is it m(w . u)?"
SMALL = "What becomes of w . u by (5), and what of the rest of u?"
OVERFLOW = "Which intermediate number is infinite here, though the result is not?"
DEFAULT = 1e-3


def values(asked, rng):
    """w . u_hat = m(w . u), and nothing else of u is changed, for D = 1, 2 and 5 and |w| that are not 1"""
    cases = [(2, -3.0, None), (2, 0.7, 0.05), (5, -1.2, 0.2), (1, -2.0, None)]
    return expect(asked, *[_of(rng, *case) for case in cases])


def condition(asked, rng):
    """w . u_hat > -1, for 40 draws of w and u in 10 dimensions"""
    pairs = [tuple(pair) for pair in 2 * rng.normal(size=(40, 2, 10))]
    products = [float(w @ onp.asarray(answer)) for (w, _), answer in zip(pairs, asked.many(pairs), strict=True)]
    if all(p > -1 for p in products):
        return None
    below = [k for k, p in enumerate(products) if not p > -1]
    (w, u), first = pairs[below[0]], products[below[0]]
    found = f"      w . u_hat = {first:.4f}, which should be above -1   (D = 10; {len(below)} of 40 draws)"
    where = f"      at |w| = {onp.linalg.norm(w):.3f}, w . u = {w @ u:.3f}"
    return Fault("the map still folds: w . u_hat is not above -1", (found, where), LENGTH)


def far_out(asked, rng):
    """w . u = 800, where e^(w . u) is infinite in floats, and w . u = -800, where log(1 + e^(w . u)) is 0"""
    return expect(asked, *[_of(rng, 2, along, None) for along in (800.0, -800.0)])


def _of(rng, D, along, margin):
    w = rng.normal(size=D)
    w *= rng.choice([0.4, 2.5]) / onp.linalg.norm(w)
    rest = rng.normal(size=D)
    rest -= (w @ rest) * w / (w @ w)
    eps, q = DEFAULT if margin is None else margin, w @ w

    def with_along(value, divisor=q):
        return rest + (along + value * q / divisor) * w / q

    softplus = float(onp.logaddexp(0, along))
    m = -1 + eps + softplus
    with onp.errstate(all="ignore"):
        overflowing = float(onp.log(1 + onp.exp(along)))
    slips = [
        slip("e^(w . u) overflows before its logarithm is taken", OVERFLOW, u=with_along(-1 + eps + overflowing - along)),
        slip("it divides by |w|, not by |w|^2", LENGTH, u=with_along(m - along, onp.sqrt(q))),
        slip("it does not divide by |w|^2", LENGTH, u=with_along(m - along, 1.0)),
        slip("m is added, not m - w . u", SMALL, u=with_along(m)),
        slip("w . u is not taken away from -1 + log(1 + e^a)", SMALL, u=with_along(m + along)),
        slip("the -1 of m is missing", "What is m far below 0?", u=with_along(m + 1 - along)),
        slip("the margin is missing", "Which terms has m in (5)?", u=with_along(m - eps - along)),
        slip("the margin is subtracted", "On which side of -1 has m to stay?", u=with_along(m - 2 * eps - along)),
        slip("the default margin is used, not the one that is given", "What does `margin` do in the signature?", u=with_along(-1 + DEFAULT + softplus - along)),
        slip("the softplus is missing", "Which terms has m in (5)?", u=with_along(-1 + eps - along)),
        slip("the softplus is that of -w . u", "Where is m large: for large w . u, or for small?", u=with_along(-1 + eps + onp.logaddexp(0, -along) - along)),
        slip("max(0, w . u) stands where log(1 + e^(w . u)) belongs", "Which terms has m in (5)?", u=with_along(-1 + eps + max(0, along) - along)),
        slip("it divides by |u|^2, not by |w|^2", LENGTH, u=with_along(m - along, rest @ rest + along**2 / q)),
        slip("the correction goes the wrong way", SMALL, u=with_along(along - m)),
        slip("u is left out: only the correction comes back", SMALL, u=(m - along) * w / q),
        slip("u is left out: its part across w is gone", SMALL, u=m * w / q),
        slip("the correction goes along u, not along w", "Along which vector is the smallest correction?", u=(rest + along * w / q) * (1 + (m - along) / q)),
        slip("m comes back, not a vector", "What does (5) add to u?", u=m),
        slip("u comes back as it is", SMALL, u=rest + along * w / q),
        slip("u is corrected only where w . u < -1", "Does (5) ask for a condition?", u=with_along((m - along) * (along < -1))),
    ]  # fmt: skip
    arguments = (w, with_along(0.0)) if margin is None else (w, with_along(0.0), margin)
    shown = {"w": w, "u": with_along(0.0), "w . u": along, "margin (by default)" if margin is None else "margin": eps}
    return Question(arguments, {"u": rest + m * w / q}, shown, slips, size=f"D = {D}")
