"""Task 6.4, slopes(c): equation (3), with slope 1 at both ends."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

SMALLEST = 1e-3  # m of the chapter
ZERO = "Which slope does the number 0 give?"


def values(asked, rng):
    """equation (3), and 1 at both ends, for 4, 1 and no inner knots"""
    return expect(asked, *[_of(rng.normal(size=n)) for n in (4, 1, 0)])


def edges(asked, rng):
    """the number 0 gives slope 1, and numbers of -1000 and 1000 give finite ones"""
    return expect(asked, _of(onp.zeros(3)), _of(onp.array([-1000.0, rng.normal(), 1000.0])))


def _softplus(u):
    """log(1 + e^u), written for |u|."""
    return onp.maximum(u, 0) + onp.log1p(onp.exp(-onp.abs(u)))


def _of(c):
    shift = onp.log(onp.exp(1 - SMALLEST) - 1)

    def joined(inner):
        return onp.concatenate([[1.0], inner, [1.0]])

    d = SMALLEST + _softplus(c + shift)
    with onp.errstate(all="ignore"):
        overflowing = joined(SMALLEST + onp.log(1 + onp.exp(c + shift)))
    slips = [
        slip("the shift c* is missing", ZERO, d=joined(SMALLEST + _softplus(c))),
        slip("the shift c* has the wrong sign", ZERO, d=joined(SMALLEST + _softplus(c - shift))),
        slip("c* is computed with e^1, not e^(1 - m)", ZERO, d=joined(SMALLEST + _softplus(c + onp.log(onp.e - 1)))),
        slip("c* is added to the slope, not to the number", ZERO, d=joined(SMALLEST + _softplus(c) + shift)),
        slip("the smallest slope m is missing", ZERO, d=joined(_softplus(c + shift))),
        slip("the slope is cut off at m, not shifted by it", "Put the number 0 into (3).", d=joined(onp.maximum(_softplus(c + shift), SMALLEST))),
        slip("it is the exponential, not the softplus", "What is log(1 + e^u)?", d=joined(SMALLEST + onp.exp(c + shift))),
        slip("the end slopes are missing", "K bins have how many edges?", d=d),
        slip("the end slopes are 0, not 1", "Which slope has the identity, outside of the box?", d=onp.concatenate([[0.0], d, [0.0]])),
        slip("the end slopes are m, not 1", "Which slope has the identity, outside of the box?", d=onp.concatenate([[SMALLEST], d, [SMALLEST]])),
        slip("the logarithms of the slopes come back", "Which of them is 1 at both ends?", d=onp.log(joined(d))),
        slip("both end slopes stand at one end", "Where do the tails begin?", d=onp.concatenate([[1.0, 1.0], d])),
        slip("both end slopes stand at one end", "Where do the tails begin?", d=onp.concatenate([d, [1.0, 1.0]])),
        slip("e^c overflows", "What is log(1 + e^u) for a large u?", d=overflowing),
    ]  # fmt: skip
    return Question((c,), {"d": joined(d)}, {"c": c}, slips, size=f"{len(c)} inner knot{'s' if len(c) != 1 else ''}")
