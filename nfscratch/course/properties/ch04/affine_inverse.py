"""Task 4.2, affine_inverse(x, keep, s_net, t_net): equation (3)."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging import pair
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch04.scattered import DIMS, Affine, affine_settings


def undoes(asked, rng):
    """inverse(forward(z)) = z, for D = 2 and 5 and scattered masks"""
    fault = expect(asked, *[_of(rng, D) for D in DIMS])
    if fault is None or fault.name == "z is wrong":  # the audit knows more of maps than this layer's slips do
        return _of_this_layer(pair.undoes(asked, affine_settings(rng), DIMS, rng), fault)
    return fault


def _of_this_layer(fault, before):
    """The audit's fault, unless its name speaks of what this layer has not: then the fault before it."""
    return before if fault is not None and fault.name == Mistake.PERMUTATION.value else fault or before


def log_det(asked, rng):
    """the log-det against a numeric Jacobian of the map that was applied"""
    return pair.log_det(asked, "inverse", affine_settings(rng), DIMS, rng)


def _of(rng, D):
    """A round trip, asked so that a changed argument is seen."""
    layer, z = Affine(rng, D), rng.normal(size=D)
    x, l = (a[0] for a in layer.forward(z[None]))
    shown = {"x": x, "keep": layer.keep}
    keep, (s, t) = layer.keep, (a[0] for a in layer.scale_and_shift(x[None]))
    new, old = x[~keep], z[~keep]

    def placed(changed):
        came = x.copy()
        came[~keep] = changed
        return came

    slips = [
        slip("the halves are joined one after the other, not put back in their places", "Print z at D = 5.",
             z=onp.concatenate([z[keep], old])),
        slip("z comes back reversed", "Print z at D = 5.", z=z[::-1]),
        slip("the changed variables stand in each other's places", "Print z at D = 5.", z=placed(onp.roll(old, 1))),
        slip("the scale is e^(-|s|)", "What if s is negative?", z=placed((new - t) * onp.exp(-onp.abs(s)))),
        slip("s and t are exchanged", "Which network comes first in the signature?", z=placed((new - s) * onp.exp(-t))),
        slip("only the changed half comes back", "How many entries has z?", z=old),
    ]  # fmt: skip
    return Question((x, *layer.others), {"z": z, "log_det": -float(l)}, shown, slips, ("z",), size=f"D = {D}")
