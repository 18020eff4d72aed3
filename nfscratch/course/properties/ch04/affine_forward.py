"""Task 4.1, affine_forward(z, keep, s_net, t_net): equations (2) and (5)."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.pair import log_det as log_det_of_map
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch04.scattered import DIMS, Affine, affine_settings


def values(asked, rng):
    """x by equation (2), for D = 2 and 5 and scattered masks"""
    return expect(asked, *[_of(rng, D) for D in DIMS])


def log_det(asked, rng):
    """the log-det against a numeric Jacobian of the map that was applied"""
    return log_det_of_map(asked, "forward", affine_settings(rng), DIMS, rng)


def _of(rng, D):
    layer, z = Affine(rng, D), rng.normal(size=D)
    keep, (s, t) = layer.keep, (a[0] for a in layer.scale_and_shift(z[None]))
    old, e = z[~keep], onp.exp(s)

    def placed(changed):
        x = z.copy()
        x[~keep] = changed
        return x

    equation, inverse = "Put the numbers of the worked example into (2).", "Which direction is that?"
    slips = [
        slip("the shift is added before the scale", equation, x=placed(e * (old + t))),
        slip("the scale is s, not e^s", "What is s the logarithm of?", x=placed(s * old + t)),
        slip("the scale is e^(-s)", inverse, x=placed(old / e + t)),
        slip("the shift is subtracted", inverse, x=placed(e * old - t)),
        slip("the layer is undone, not applied", inverse, x=placed((old - t) / e)),
        slip("the shift is missing", equation, x=placed(e * old)),
        slip("the scale is missing", equation, x=placed(old + t)),
        slip("the changed half of z is missing", equation, x=placed(e + t)),
        slip("s and t are exchanged", "Which network comes first in the signature?", x=placed(onp.exp(t) * old + s)),
        slip("the halves are joined one after the other, not put back in their places", "Print x at D = 5.",
             x=onp.concatenate([z[keep], e * old + t])),
        slip("only the changed half comes back", "How many entries has x?", x=e * old + t),
        slip("x is z", "Does the line that changes x write into x?", x=z),
    ]  # fmt: skip
    x, l = (a[0] for a in layer.forward(z[None]))
    shown = {"z": z, "keep": keep, "s": s, "t": t}
    return Question((z, *layer.others), {"x": x, "log_det": float(l)}, shown, slips, ("x",), size=f"D = {D}")
