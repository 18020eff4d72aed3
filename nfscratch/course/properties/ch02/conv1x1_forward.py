"""Task 2.7, conv1x1_forward(z, A, b): equation (9), on images that are not square, with determinants of both signs."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.finite_differences import finite_difference_jacobian
from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch02.factors import lower, numbers_below, orthogonal

SHAPES = ((2, 1, 1), (2, 2, 3), (3, 4, 2), (1, 2, 2))  # channels, rows, columns
PIXEL = "Take one pixel: which numbers does A see, and which does it give?"
BLOCKS = "How many blocks has the Jacobian, and what does each contribute?"


def values(asked, rng):
    """x by equation (9), for images of 1 x 1, 2 x 3 and 4 x 2 pixels"""
    return expect(asked, *[_of(rng, shape, "x") for shape in SHAPES])


def log_det(asked, rng):
    """the log-det against the known one, for both signs of det A, and against a numeric Jacobian"""
    return expect(asked, *[_of(rng, shape, "log_det") for shape in (*SHAPES, *SHAPES[:2])]) or _numeric(asked, rng)


def tiny_det(asked, rng):
    """a determinant of 10^-400, which is 0 in floats"""
    A, b = 0.01 * orthogonal(rng, 200, 1), onp.zeros(200)
    log_det = 2 * 200 * float(onp.log(0.01))
    slips = [
        slip("det A rounds to 0 before its logarithm is taken", "What does the section on (2) say?", log_det=-onp.inf)
    ]
    question = Question((rng.normal(size=(200, 1, 2)), A, b), {"x": 0.0, "log_det": log_det}, {"A": "0.01 times an orthogonal matrix"},
                        slips, ("log_det",), size="200 channels")  # fmt: skip
    return expect(asked, question)


def _random(rng, C):
    sign = rng.choice([-1, 1])
    A = lower(numbers_below(rng, C), rng.uniform(0.2, 0.9, size=C)) @ lower(numbers_below(rng, C), onp.zeros(C)).T
    A[0] *= sign
    return A, rng.normal(size=C)


def _of(rng, shape, judged):
    C, H, W = shape
    (A, b), z = _random(rng, C), rng.normal(size=shape)
    l = float(onp.log(abs(onp.linalg.det(A))))
    x = onp.einsum("ij,jhw->ihw", A, z) + b[:, None, None]
    with onp.errstate(all="ignore"):
        no_abs = H * W * float(onp.log(onp.linalg.det(A)))
    det = onp.linalg.det(A)
    slips = [
        slip("A is transposed", PIXEL, x=onp.einsum("ji,jhw->ihw", A, z) + b[:, None, None]),
        slip("the shift is missing", PIXEL, x=x - b[:, None, None]),
        slip("the shift is added before A", "Which stands nearer to z in (9)?", x=onp.einsum("ij,jhw->ihw", A, z + b[:, None, None])),
        slip("A is undone, not applied", "Which direction is that?", x=onp.einsum("ij,jhw->ihw", onp.linalg.inv(A), z - b[:, None, None])),
        slip("the channels come last", "Which axis of the image is that of the channels?", x=onp.moveaxis(x, 0, -1)),
        slip("pixels and channels are mixed up in a reshape", "Which numbers of z[i, j, k] belong to one pixel?", x=(z.reshape(-1, C) @ A.T).reshape(shape) + b[:, None, None]),
        slip("only the first pixel is there", PIXEL, x=x[:, 0, 0]),
        slip("z comes back as it is", PIXEL, x=z),
        slip(Mistake.PIXELS_MISSING, BLOCKS, log_det=l),
        slip("it counts the rows of the image, not its pixels", BLOCKS, log_det=H * l),
        slip("it counts the columns of the image, not its pixels", BLOCKS, log_det=W * l),
        slip("it counts all numbers of the image, not its pixels", BLOCKS, log_det=C * H * W * l),
        slip("it counts the channels, not the pixels", BLOCKS, log_det=C * l),
        slip(Mistake.SIGN, log_det=-H * W * l),
        slip(Mistake.NO_ABSOLUTE_VALUE, "What is the logarithm of a negative determinant?", log_det=no_abs),
        slip(Mistake.NO_LOGARITHM, log_det=abs(det) ** (H * W)),
        slip(Mistake.NO_LOGARITHM, log_det=H * W * det),
        slip(Mistake.NO_LOGARITHM, log_det=H * W * abs(det)),
        slip("it is the sign of det A, not its logarithm", "What does slogdet return first?", log_det=H * W * onp.sign(det)),
        slip("only the diagonal of A is counted", "For which matrices is det the product of the diagonal?",
             log_det=H * W * float(onp.log(onp.abs(onp.diag(A))).sum())),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
    ]  # fmt: skip
    shown = {"z": z, "A": A, "b": b, "det A": det}
    return Question((z, A, b), {"x": x, "log_det": H * W * l}, shown, slips, (judged,), size=f"{H} x {W} pixels")


def _numeric(asked, rng, shape=(2, 2, 2)):
    """The log-det of the student's own map, taken apart into a vector."""
    (A, b), z = _random(rng, shape[0]), rng.normal(size=shape)

    def rows(points):
        return onp.stack([onp.ravel(answer[0]) for answer in asked.many([(p.reshape(shape), A, b) for p in points])])

    true = float(onp.linalg.slogdet(finite_difference_jacobian(rows, z.reshape(1, -1), steps=(1e-3, 1e-4))[0])[1])
    if abs(float(asked(z, A, b)[1]) - true) < 1e-6 * max(1.0, abs(true)):
        return None
    return Fault("log_det is not that of the map that you applied", (f"      by a numeric Jacobian it is {true:.4f}",))
