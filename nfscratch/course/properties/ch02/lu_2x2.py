"""Task 2.8, lu_2x2(M): M was multiplied from L and U, so both are known."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

ENTRY = "Multiply L and U out: what stands in row 2, column 1?"
CORNER = "Multiply L and U out: what stands in row 2, column 2?"


def product(asked, rng):
    """L and U, where M is known to be their product, with determinants of both signs"""
    return expect(asked, *[_of(rng, sign) for sign in (1, -1, 1)])


def _of(rng, sign):
    ratio, (u11, u12, u22) = rng.uniform(0.3, 2), rng.uniform(0.5, 2, size=3) * rng.choice([-1, 1], size=3)
    L, U = onp.array([[1, 0], [ratio, 1]]), onp.array([[u11, u12], [0, sign * abs(u22)]])
    M = L @ U
    (a, b), (c, d) = M

    def upper(corner):
        return onp.array([[a, b], [0, corner]])

    def lower(entry):
        return onp.array([[1, 0], [entry, 1]])

    slips = [
        slip("U comes first", "In which order are they returned?", L=U, U=L),
        slip("the ratio is m_12 / m_11, not m_21 / m_11", ENTRY, L=lower(b / a)),
        slip("the ratio is turned round", ENTRY, L=lower(a / c)),
        slip("the ratio is m_21 / m_22", ENTRY, L=lower(c / d)),
        slip("m_21 is not divided", ENTRY, L=lower(c)),
        slip("the ratio has its sign flipped", ENTRY, L=lower(-ratio)),
        slip("L and U are transposed", "Which of the two is the upper triangle?", L=L.T, U=U.T),
        slip("the ones stand on the diagonal of U, not on that of L", "Which diagonal is fixed in (7)?", L=onp.array([[a, 0], [c, d - c * b / a]])),
        slip("u_22 is m_22: nothing is taken from it", CORNER, U=upper(d)),
        slip("u_22 is det M, not divided by m_11", CORNER, U=upper(a * d - b * c)),
        slip("u_22 has the sign of its second term flipped", CORNER, U=upper(d + ratio * b)),
        slip("u_22 takes off the ratio times m_21, not m_12", CORNER, U=upper(d - ratio * c)),
        slip("u_22 takes off the ratio alone", CORNER, U=upper(d - ratio)),
        slip("u_22 takes off m_21 m_12, not divided by m_11", CORNER, U=upper(d - c * b)),
        slip("m_21 is still in U", "What is below the diagonal of U?", U=onp.array([[a, b], [c, d - ratio * b]])),
    ]  # fmt: skip
    return Question((M,), {"L": L, "U": U}, {"M": M}, slips)
