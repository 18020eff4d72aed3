"""Task 12.7, back_substitute(x, K): equation (12), for kernels that read what comes before, and for turned ones."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch12.image_maps import at_each_pixel, neighbours

TWELVE, KNOWN = "Read (12) from left to right, for one channel.", "Which pixels are known when p is solved for?"
PIXELS = "How many blocks has M on its diagonal?"
CASES = (((1, 2, 2), 3), ((2, 2, 3), 3), ((2, 4, 3), 5), ((3, 2, 2), 1))  # shape, and the side of the kernel


def undoes(asked, rng):
    """z is found again, for one to three channels and kernels of side 1, 3 and 5"""
    return expect(asked, *[_of(rng, *case, False, "z") for case in CASES])


def turned(asked, rng):
    """the same for kernels that read what comes after"""
    return expect(asked, *[_of(rng, *case, True, "z") for case in CASES[:3]])


def log_det(asked, rng):
    """the log-det of the way back, for determinants of both signs"""
    return expect(asked, *[_of(rng, *case, False, "log_det", k) for k, case in enumerate(CASES)])


def solved(x, K, order, A=None, sign=-1.0, of_x=False, wrap=False):
    """z_p = A^-1 (x_p + sign * what the neighbours give), pixel by pixel, as if they were 0 before their turn."""
    z, A = onp.zeros_like(x), onp.linalg.inv(K[:, :, K.shape[2] // 2, K.shape[2] // 2]) if A is None else A
    for h, w in order:
        z[:, h, w] = A @ (x[:, h, w] + sign * neighbours(K, x if of_x else z, h, w, wrap))
    return z


def _of(rng, shape, side, turned, judged, negative=0):
    (C, H, W), r = shape, side // 2
    places, z = onp.arange(side**2).reshape(side, side), rng.normal(size=shape)
    K = rng.normal(size=(C, C, side, side)) * 0.6 * (places > places[r, r] if turned else places < places[r, r])
    A = rng.normal(size=(C, C)) * 0.3 + 1.4 * onp.eye(C)
    A[0] *= (-1) ** negative * onp.sign(onp.linalg.det(A))
    K[:, :, r, r], back = A, onp.linalg.inv(A)
    pixels = list(onp.ndindex(H, W))[:: -1 if turned else 1]
    x = at_each_pixel(A, z)
    for h, w in pixels:
        x[:, h, w] += neighbours(K, z, h, w)
    sign, l = onp.linalg.slogdet(A)
    by_columns = [(h, w) for w in range(W) for h in range(H)][:: -1 if turned else 1]
    alone = at_each_pixel(back, x)
    slips = [
        slip("the pixels are solved for in the wrong order: a turned kernel reads pixels that are not known yet", KNOWN,
             z=alone if turned else onp.full(shape, onp.inf)),
        slip("z is A^-1 x: what the neighbours give is not in it", "Is what the neighbours give known when p is solved for, and is it subtracted?", z=onp.full(shape, onp.inf) if turned else alone),
        slip("the neighbours of x are read, not those of z", "Of which image are the neighbours in (12)?", z=solved(x, K, pixels, of_x=True)),
        slip("what the neighbours give is added, not subtracted", TWELVE, z=solved(x, K, pixels, sign=1.0)),
        slip("A^-1 is missing", TWELVE, z=solved(x, K, pixels, onp.eye(C))),
        slip("it is multiplied by A, not by A^-1", TWELVE, z=solved(x, K, pixels, A)),
        slip("A is transposed", TWELVE, z=solved(x, K, pixels, back.T)),
        slip("the kernel's matrices are transposed", "Which index of K belongs to x in (11)?", z=solved(x, K.transpose(1, 0, 2, 3), pixels)),
        slip("the kernel's matrices are transposed, but for A", "Which index of K belongs to x in (11)?", z=solved(x, K.transpose(1, 0, 2, 3), pixels, back)),
        slip("A^-1 is not applied to what the neighbours give", TWELVE, z=_apart(x, K, pixels, back)),
        slip("the image is taken as a ring: a pixel at the edge reads the other side", "What stands outside of the image in (11)?", z=solved(x, K, pixels, wrap=True)),
        slip("the pixels are solved for column by column", KNOWN, z=solved(x, K, by_columns)),
        slip("the rows of the kernel are read as its columns", "Which offset is d = (i, j)?", z=solved(x, K.transpose(0, 1, 3, 2), pixels)),
        slip("the convolution is applied, not undone", "Which direction is (12)?", z=_convolved(x, K)),
        slip("x comes back", TWELVE, z=x),
        slip(Mistake.NOT_NEGATED, log_det=H * W * l),
        slip(Mistake.PIXELS_MISSING, PIXELS, log_det=-l),
        slip("it is not negated, and the factor H W is missing", PIXELS, log_det=l),
        slip("the factor is C H W, not H W", PIXELS, log_det=-C * H * W * l),
        slip("the factor is H, not H W", PIXELS, log_det=-H * l),
        slip("the factor is W, not H W", PIXELS, log_det=-W * l),
        slip(Mistake.MEAN, "What does (12) do with log|det A|?", log_det=-H * W * l / C),
        slip("it is the sign of the determinant", "slogdet returns two numbers.", log_det=-H * W * sign),
        slip("the absolute value is missing", "What is log of a negative number?", log_det=-H * W * l if sign > 0 else onp.nan),
        slip("only the diagonal of A is counted", "Is A triangular?", log_det=-H * W * onp.log(onp.abs(onp.diag(A))).sum()),
        slip("it is the determinant of the sum of the kernel, not of A", "Which matrices stand on M's diagonal?", log_det=-H * W * onp.linalg.slogdet(K.sum(axis=(2, 3)))[1]),
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp(-H * W * l)),
        slip(Mistake.NO_LOGARITHM, log_det=-H * W * onp.exp(l)),
        slip(Mistake.NO_LOGARITHM, log_det=-H * W * sign * onp.exp(l)),
        slip(Mistake.ALWAYS_ZERO, "Does A change volume?", log_det=0.0),
    ]  # fmt: skip
    shown = {"x": f"an image of shape {shape}" if x.size > 6 else x, "K": f"of shape {K.shape}"}
    answer = {"z": z, "log_det": float(-H * W * l)}
    size = f"{C} x {H} x {W}, kernel {side} x {side}"
    return Question((x, K), answer, shown, slips, (judged,), 1e-8, size)


def _apart(x, K, order, back):
    """z_p = A^-1 x_p minus what the neighbours give."""
    z = onp.zeros_like(x)
    for h, w in order:
        z[:, h, w] = back @ x[:, h, w] - neighbours(K, z, h, w)
    return z


def _convolved(x, K):
    r = K.shape[2] // 2
    y = at_each_pixel(K[:, :, r, r], x)
    for h, w in onp.ndindex(x.shape[1:]):
        y[:, h, w] += neighbours(K, x, h, w)
    return y
