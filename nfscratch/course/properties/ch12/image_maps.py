"""Maps of images of the checks' own: the terms of (5), warped linear maps, and a convolution as a sum over pixels."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import slip

FIVE = "Four terms stand in (5), each of them for every pixel."


def sums_of_slopes(y, V, alpha, sign):
    """What mistakes make of the sum (5), times sign."""
    D, share = y.size, y / V
    s = alpha + (1 - 2 * alpha) * share
    terms = {
        "log(1 - 2 alpha)": D * onp.log(1 - 2 * alpha), "log V": -D * onp.log(V),
        "log s": -onp.log(s).sum(), "log(1 - s)": -onp.log(1 - s).sum(),
    }  # fmt: skip
    total, constants = sum(terms.values()), terms["log(1 - 2 alpha)"] + terms["log V"]
    found = {f"the term {name} is missing": total - term for name, term in terms.items()}
    found |= {f"the term {name} has the wrong sign": total - 2 * term for name, term in terms.items()}
    found |= {
        "both terms with V and alpha are missing": total - constants,
        "both terms with s are missing": constants,
        "both terms with s have the wrong sign": 2 * constants - total,
        "both terms with V and alpha have the wrong sign": total - 2 * constants,
        "the terms with V and alpha are counted once, not for every pixel": total - constants + constants / D,
        "log V is counted once, not for every pixel": total + (1 - 1 / D) * D * onp.log(V),
        "log(1 - 2 alpha) is counted once, not for every pixel": total - (1 - 1 / D) * D * onp.log(1 - 2 * alpha),
        "it is log(1 - alpha), not log(1 - 2 alpha)": total + D * onp.log((1 - alpha) / (1 - 2 * alpha)),
        "it is log(V - 1), not log V": total + D * onp.log(V / (V - 1)),
        "s is taken without alpha": constants - onp.log(share * (1 - share)).sum(),
        "it is the mean over the pixels, not the sum": total / D,
        "there is one number for each pixel, not their sum": onp.log((1 - 2 * alpha) / (V * s * (1 - s))),
        "the slopes are summed, not their logarithms": ((1 - 2 * alpha) / (V * s * (1 - s))).sum(),
        "the logarithms are to base 2": total / onp.log(2),
    }  # fmt: skip
    return [slip(name, FIVE, log_det=sign * value) for name, value in found.items()] + [
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp(sign * total)),
        slip(Mistake.ALWAYS_ZERO, "Is the map a shift?", log_det=0.0),
    ]


class Warped:
    """A map of images by way of their D numbers: x = sinh(M z + c), from one shape to another."""

    def __init__(self, rng, z_shape, x_shape):
        self.z_shape, self.x_shape, D = z_shape, x_shape, int(onp.prod(z_shape))
        self.M, self.c = rng.normal(size=(D, D)) / onp.sqrt(D) + 1.5 * onp.eye(D), rng.normal(size=D)

    def forward(self, z):
        z = _of_shape(z, self.z_shape, "forward")
        x = onp.sinh(self.M @ z.ravel() + self.c)
        return x.reshape(self.x_shape), float(onp.linalg.slogdet(self.M)[1] + 0.5 * onp.log1p(x**2).sum())

    def inverse(self, x):
        x = _of_shape(x, self.x_shape, "inverse")
        z = onp.linalg.solve(self.M, onp.arcsinh(x.ravel()) - self.c)
        return z.reshape(self.z_shape), float(-onp.linalg.slogdet(self.M)[1] - 0.5 * onp.log1p(x**2).sum())

    @property
    def pair(self):
        return self.forward, self.inverse


def _of_shape(a, shape, name):
    if onp.shape(a) != shape:
        raise ValueError(f"{name} takes an array of shape {shape}; got shape {onp.shape(a)}")
    return onp.asarray(a, dtype=float)


def at_each_pixel(A, z):
    """A z_p for every pixel p of z (C, H, W)."""
    return onp.einsum("ij,jhw->ihw", A, z)


def neighbours(K, z, h, w, wrap=False):
    """The sum of K_d z_(p+d) at the pixel p = (h, w), over all offsets but 0."""
    (_, H, W), r, total = z.shape, K.shape[2] // 2, onp.zeros(len(z))
    for i, j in onp.ndindex(*K.shape[2:]):
        row, column = h + i - r, w + j - r
        if (i, j) != (r, r) and (wrap or (0 <= row < H and 0 <= column < W)):
            total += K[:, :, i, j] @ z[:, row % H, column % W]
    return total
