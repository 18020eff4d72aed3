"""Task 2.3, reflect(u, z): z is put together from a part along u and a part across, so its mirror image is known."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

ALONG = "What becomes of z = u, and what of a z orthogonal to u?"


def values(asked, rng):
    """the part along u changes its sign, and the rest stays, for D = 1, 2 and 5"""
    return expect(asked, *[_of(rng, D) for D in (1, 2, 5)])


def twice(asked, rng):
    """a reflection undoes itself"""
    points = [(u / onp.linalg.norm(u), z) for u, z in rng.normal(size=(3, 2, 4))]
    images = [(u, image) for (u, _), image in zip(points, asked.many(points), strict=True)]
    questions = [
        Question(pair, {"H H z": z}, {"u": pair[0], "H z": pair[1]})
        for pair, (_, z) in zip(images, points, strict=True)
    ]
    return expect(asked, *questions)


def _of(rng, D):
    u, other = onp.linalg.qr(rng.normal(size=(D, min(D, 2))))[0].T[[0, -1]]
    along, across = rng.uniform(0.5, 2) * u, rng.normal() * other * (D > 1)
    z = along + across
    slips = [
        slip("the factor 2 is missing: u's part is removed, not mirrored", ALONG, x=across),
        slip("only the part along u comes back", ALONG, x=along),
        slip("only the part along u comes back", ALONG, x=2 * along),
        slip("only the part along u comes back", ALONG, x=-along),
        slip("the part along u is added, not taken away", ALONG, x=across + 3 * along),
        slip("it mirrors at u, not at the plane orthogonal to u", ALONG, x=along - across),
        slip("u and z are multiplied entry by entry, without a sum", "How many numbers is an inner product?", x=z - 2 * u * u * z),
        slip("the direction is z, not u", "Along which vector does (5) move a point?", x=z - 2 * z * (u @ z)),
        slip("the inner product is taken from every entry, without u", "Along which vector does (5) move a point?", x=z - 2 * (u @ z)),
        slip("a number comes back, not a point", "What does (5) multiply the inner product with?", x=u @ z),
        slip("z comes back as it is", ALONG, x=z),
    ]  # fmt: skip
    return Question((u, z), {"x": across - along}, {"u": u, "z": z}, slips, size=f"D = {D}")
