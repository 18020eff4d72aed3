"""Task 8.1, power_iteration(W, v, steps): the iteration of equation (7), for tall and for wide matrices."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch08.residual_maps import matrix

SINGULAR = (2.5, 1.2, 0.7)
STEP = "One step of (7) is two lines: first u, from v, and then v, from that u."


def vectors(asked, rng):
    """v after one and after three steps, for a square, a tall and a wide matrix"""
    return expect(asked, *[_of(rng, *shape, steps, "v") for shape in ((3, 3), (5, 3), (3, 4)) for steps in (1, 3)])


def converged(asked, rng):
    """the largest singular value, after 100 steps"""
    return expect(asked, *[_of(rng, *shape, 100, "sigma") for shape in ((3, 3), (5, 3), (3, 4))])


def from_below(asked, rng):
    """after one step sigma is no larger than the largest singular value, and no smaller than |Wv|/|v|"""
    return expect(asked, *[_of(rng, *shape, 1, "sigma") for shape in ((3, 3), (5, 3), (3, 4))])


def _direction(W, v, steps):
    """v after some steps, in the singular vectors: each step multiplies by the squares of the singular values."""
    _, s, Vt = onp.linalg.svd(W, full_matrices=False)
    after = Vt.T @ (s ** (2 * steps) / s[0] ** (2 * steps) * (Vt @ v))
    return after / onp.linalg.norm(after)


def _of(rng, rows, columns, steps, judged):
    W, v = matrix(rng, rows, columns, SINGULAR), rng.uniform(0.5, 2, size=columns)
    old, new, more = (_direction(W, v, k) if k else v / onp.linalg.norm(v) for k in (steps - 1, steps, steps + 1))
    u = W @ old / onp.linalg.norm(W @ old)
    sigma, low, top = float(u @ W @ new), float(onp.linalg.norm(W @ old)), SINGULAR[0]

    def read(value):
        """After few steps other formulas give other numbers from below, which are as good."""
        number = isinstance(value, (float, onp.floating)) or (isinstance(value, onp.ndarray) and value.shape == ())
        good = judged == "sigma" and number and low * (1 - 1e-9) <= value <= top * (1 + 1e-9)
        return sigma if good and steps == 1 else value

    slips = [
        slip("it is the square of sigma", "What is u^T W v for unit vectors u and v?", sigma=sigma**2),
        slip("v has not the length 1 when it is used", "Which vectors does (7) divide by their lengths?", sigma=float(onp.linalg.norm(W @ v))),
        slip("it is the smallest singular value", "Which direction grows under W again and again?", sigma=SINGULAR[-1]),
        slip("it is the norm of all entries, not the largest singular value", "What does (7) compute in its last step?", sigma=float(onp.linalg.norm(W))),
        slip("it is 1/sigma", "Which number do we divide by?", sigma=1 / sigma),
        slip("v is that of the step before", STEP, v=old),
        slip("v is that of the next step", STEP, v=more),
        slip("v has not the length 1", "Which vectors does (7) divide by their lengths?", v=W.T @ u),
        slip("u comes back, not v", "Which of the two vectors is to go on from?", v=u),
        slip("v comes back as it was", STEP, v=v),
        slip("the sign of v is flipped", "Compare with v before the step.", v=-new),
    ]  # fmt: skip
    shown = {"W": f"{rows} x {columns}", "v": v, "steps": steps}
    return Question(
        (W, v, steps), {"sigma": sigma, "v": new}, shown, slips, (judged,), 1e-8, f"{rows} x {columns}", read
    )
