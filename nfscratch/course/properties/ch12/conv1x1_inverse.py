"""Task 12.6, conv1x1_inverse(x, order, L, U): the inverse of (10), for permutations that are not their own inverse."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch12.image_maps import at_each_pixel

MATRIX, PIXELS = (
    "Write A for two channels on paper. What undoes it at one pixel?",
    "How often does A stand in J of (10)?",
)
SHOWS = "A swap is its own inverse. Try order = [1, 2, 0]."
CASES = (
    ((2, 1, 3), 0),
    ((3, 2, 2), 2),
    ((4, 3, 1), 1),
    ((3, 2, 4), 3),
)  # shape, and how many entries of U's diagonal are negative


def undoes(asked, rng):
    """inverse(forward(z)) = z, for two to four channels"""
    return expect(asked, *[_of(rng, *case, "z") for case in CASES])


def log_det(asked, rng):
    """the log-det of the way back, for diagonals of U with both signs"""
    return expect(asked, *[_of(rng, *case, "log_det") for case in CASES])


def _of(rng, shape, negative, judged):
    (C, H, W), z = shape, rng.normal(size=shape)
    order = onp.roll(onp.arange(C), rng.integers(1, C) if C != 4 else 1)
    L, U = onp.tril(rng.normal(size=(C, C)), -1) + onp.eye(C), onp.triu(rng.normal(size=(C, C)), 1)
    u = rng.uniform(0.6, 2, size=C) * onp.where(onp.arange(C) < negative, -1, 1)
    U += onp.diag(u)
    A, back = (L @ U)[order], onp.argsort(order)
    x, l, signed = at_each_pixel(A, z), -H * W * onp.log(onp.abs(u)).sum(), onp.log(u)
    inverse = onp.linalg.inv

    def by(B):
        return at_each_pixel(B, x)

    slips = [
        slip("P is left out", MATRIX, z=by(inverse(L @ U))),
        slip("P is taken for its inverse", SHOWS, z=by(inverse((L @ U)[back]))),
        slip("P moves the columns, not the rows", "Which side of L U does P stand on?", z=by(inverse((L @ U)[:, order]))),
        slip("P moves the columns, not the rows", "Which side of L U does P stand on?", z=by(inverse((L @ U)[:, back]))),
        slip("the numbers of z are moved, not those of x", "Which of the three factors is undone first?", z=by(inverse(L @ U))[order]),
        slip("L and U are exchanged", "A = P L U.", z=by(inverse((U @ L)[order]))),
        slip("U^-1 and L^-1 are applied in the wrong order", "Which of the factors meets x first on the way back?", z=by(inverse(L) @ inverse(U) @ onp.eye(C)[back])),
        slip("L is left out", "A = P L U.", z=by(inverse(U[order]))),
        slip("U is left out", "A = P L U.", z=by(inverse(L[order]))),
        slip("A is applied, not its inverse", MATRIX, z=by(A)),
        slip("A^-1 is transposed", MATRIX, z=by(inverse(A).T)),
        slip("A is transposed, not inverted", MATRIX, z=by(A.T)),
        slip("x comes back", MATRIX, z=x),
        slip(Mistake.NOT_NEGATED, log_det=-l),
        slip(Mistake.PIXELS_MISSING, PIXELS, log_det=l / (H * W)),
        slip("it is not negated, and the factor H W is missing", PIXELS, log_det=-l / (H * W)),
        slip("the factor is C H W, not H W", PIXELS, log_det=C * l),
        slip("the factor is H, not H W", PIXELS, log_det=l / W),
        slip("the factor is W, not H W", PIXELS, log_det=l / H),
        slip("it is divided by H W, not multiplied", PIXELS, log_det=l / (H * W) ** 2),
        slip(Mistake.MEAN, "What does (10) do with the C logarithms?", log_det=l / C),
        slip("the absolute value is missing", "What is log of a negative number?", log_det=-H * W * signed.sum()),
        slip("the absolute value is missing", "What is log of a negative number?", log_det=-H * W * onp.log(u.prod())),
        slip("the entries are summed, not their logarithms", "What stands in the sum of (10)?", log_det=-H * W * u.sum()),
        slip("the absolute entries are summed, not their logarithms", "What stands in the sum of (10)?", log_det=-H * W * onp.abs(u).sum()),
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp(l)),
        slip("there is one number for each channel, not their sum", "How many numbers for one image?", log_det=-H * W * onp.log(onp.abs(u))),
        slip(Mistake.ALWAYS_ZERO, "Which of L and U has ones on its diagonal?", log_det=0.0),
    ]  # fmt: skip
    shown = {"x": f"an image of shape {shape}", "order": order, "diagonal of U": u}
    answer = {"z": z, "log_det": float(l)}
    return Question((x, order, L, U), answer, shown, slips, (judged,), 1e-8, f"{C} x {H} x {W}")
