"""Task 12.5, actnorm(z, s, t): equation (9), for images that are not square."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip

NINE, CHANNELS = "Put z = 1, s = 0.5 and t = 2 into (9).", "Which axis of z counts the channels?"
PIXELS = "A channel's scale acts on how many numbers of z?"
SHAPES = ((2, 3, 2), (3, 2, 4), (1, 2, 3), (2, 1, 1))


def values(asked, rng):
    """x by equation (9), for one to three channels"""
    return expect(asked, *[_of(rng, shape, "x") for shape in SHAPES])


def log_det(asked, rng):
    """the log-det counts every pixel"""
    return expect(asked, *[_of(rng, shape, "log_det") for shape in SHAPES])


def _of(rng, shape, judged):
    (C, H, W), z = shape, rng.normal(size=shape)
    s, t = rng.uniform(0.3, 1, size=C) * rng.choice([-1, 1], size=C), rng.normal(size=C)
    a, b, wide = s.reshape(C, 1, 1), t.reshape(C, 1, 1), s.sum() * H * W
    x = onp.stack([onp.exp(s[c]) * z[c] + t[c] for c in range(C)])
    slips = [
        slip("the shift is added before the scale", NINE, x=onp.exp(a) * (z + b)),
        slip("the scale is s, not e^s", NINE, x=a * z + b),
        slip("the scale is e^(-s)", NINE, x=onp.exp(-a) * z + b),
        slip("the shift is subtracted", NINE, x=onp.exp(a) * z - b),
        slip("the shift is missing", NINE, x=onp.exp(a) * z),
        slip("the scale is missing", NINE, x=z + b),
        slip("the layer is undone, not applied", "Which direction is (9)?", x=(z - b) * onp.exp(-a)),
        slip("s and t are exchanged", NINE, x=onp.exp(b) * z + a),
        slip("s and t run along the columns, not the channels", CHANNELS, x=onp.exp(s) * z + t if C == W else onp.full(shape, onp.inf)),
        slip("s and t run along the rows, not the channels", CHANNELS, x=onp.exp(s[:, None]) * z + t[:, None] if C == H else onp.full(shape, onp.inf)),
        slip("the scale is the square root of e^s", NINE, x=onp.exp(a / 2) * z + b),
        slip("x is z", NINE, x=z),
        slip(Mistake.PIXELS_MISSING, PIXELS, log_det=s.sum()),
        slip("the factor is C H W, not H W", PIXELS, log_det=C * wide),
        slip("the factor is H, not H W", PIXELS, log_det=H * s.sum()),
        slip("the factor is W, not H W", PIXELS, log_det=W * s.sum()),
        slip("the factor is C, not H W", PIXELS, log_det=C * s.sum()),
        slip("the factor is H + W, not H W", PIXELS, log_det=(H + W) * s.sum()),
        slip("it is divided by H W, not multiplied", PIXELS, log_det=s.sum() / (H * W)),
        slip("it is the mean over the channels, not the sum", "How many channels are there?", log_det=wide / C),
        slip("the mean over the channels, without the factor H W", PIXELS, log_det=s.mean()),
        slip(Mistake.SIGN, "Is e^s larger than 1 for s > 0?", log_det=-wide),
        slip("it is minus the sum over the channels, without the factor H W", PIXELS, log_det=-s.sum()),
        slip(Mistake.EXP_SUMMED, log_det=H * W * onp.exp(s).sum()),
        slip("e^s is summed, not s, and the factor H W is missing", PIXELS, log_det=onp.exp(s).sum()),
        slip(Mistake.ABSOLUTE_SUMMED, log_det=H * W * onp.abs(s).sum()),
        slip("the shift is counted", "Does a shift change volume?", log_det=H * W * (s + t).sum()),
        slip("there is one number for each channel, not their sum", "How many numbers for one image?", log_det=H * W * s),
        slip("there is one number for each channel, not their sum", "How many numbers for one image?", log_det=s),
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp(wide)),
        slip(Mistake.ALWAYS_ZERO, "Does the scale change volume?", log_det=0.0),
    ]  # fmt: skip
    shown = {"z": f"an image of shape {shape}", "s": s, "t": t}
    return Question((z, s, t), {"x": x, "log_det": float(wide)}, shown, slips, (judged,), size=f"{C} x {H} x {W}")
