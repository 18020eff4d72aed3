"""Task 4.2, affine_inverse(x, keep, s_net, t_net): equation (3)."""

from __future__ import annotations

from nfscratch.course.judging import pair
from nfscratch.course.judging.question import Question, expect
from nfscratch.course.properties.ch04.scattered import DIMS, Affine, affine_settings


def undoes(asked, rng):
    """inverse(forward(z)) = z, for D = 2 and 5 and scattered masks"""
    return pair.undoes(asked, affine_settings(rng), DIMS, rng) or expect(asked, *[_of(rng, D) for D in DIMS])


def log_det(asked, rng):
    """the log-det against a numeric Jacobian of the map that was applied"""
    return pair.log_det(asked, "inverse", affine_settings(rng), DIMS, rng)


def _of(rng, D):
    """A round trip, asked so that a changed argument is seen."""
    layer, z = Affine(rng, D), rng.normal(size=D)
    x, l = (a[0] for a in layer.forward(z[None]))
    shown = {"x": x, "keep": layer.keep}
    return Question((x, *layer.others), {"z": z, "log_det": -float(l)}, shown, judged=("z",), size=f"D = {D}")
