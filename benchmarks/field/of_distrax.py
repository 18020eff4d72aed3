"""distrax: bijector.forward_and_log_det(z) gives (x, log_det), bijector.inverse_and_log_det(x) goes back."""

from __future__ import annotations

import distrax as D
import jax.numpy as jnp

from benchmarks.field.in_jax import array, dense
from benchmarks.field.specimen import ABSTRACT, Draw, Specimen

DIRECTION = "forward_and_log_det(z) = x, inverse_and_log_det(x) = z"
DIMS = {"dims": (3,)}
INF = float("inf")


def made(make, **options):
    return lambda draw: Specimen(make(draw), {**DIMS, **options})


def _affine(draw: Draw):
    return D.Block(D.ScalarAffine(array(draw.normal(3)), array(draw.positive(3))), 1)


def _matrix(draw: Draw, n: int = 3):
    return array(draw.normal(n, n)) / n**0.5 + jnp.eye(n)


def _scale_and_shift(net, n):
    def bijector(params):
        return D.ScalarAffine(params[..., :n], log_scale=params[..., n:])

    return net, bijector


def _masked(draw: Draw):
    net, bijector = _scale_and_shift(dense(draw, 3, 6), 3)
    return D.MaskedCoupling(mask=jnp.array([True, False, True]), conditioner=net, bijector=bijector)


def _split(draw: Draw):
    net, bijector = _scale_and_shift(dense(draw, 1, 4), 2)
    return D.SplitCoupling(1, 1, net, lambda p: bijector(p))


CONSTRUCTORS = {
    "Bijector": ABSTRACT,
    "Block": made(_affine),
    "Chain": made(lambda d: D.Chain([_affine(d), D.Block(D.Tanh(), 1)])),
    "DiagLinear": made(lambda d: D.DiagLinear(array(d.positive(3)))),
    "DiagPlusLowRankLinear": made(
        lambda d: D.DiagPlusLowRankLinear(array(d.positive(3)), array(d.normal(3, 1)), array(d.normal(3, 1)))),
    "GumbelCDF": made(lambda d: D.GumbelCDF(), codomain=(0, 1)),
    "Inverse": made(lambda d: D.Inverse(_affine(d))),
    "Lambda": made(lambda d: D.Lambda(
        forward=lambda x: 2 * x + 1, inverse=lambda y: (y - 1) / 2, is_constant_jacobian=True, event_ndims_in=0,
        forward_log_det_jacobian=lambda x: jnp.full_like(x, jnp.log(2.0)))),
    "Linear": ABSTRACT,
    "LowerUpperTriangularAffine": made(lambda d: D.LowerUpperTriangularAffine(_matrix(d), array(d.normal(3)))),
    "MaskedCoupling": made(_masked),
    "RationalQuadraticSpline": made(
        lambda d: D.RationalQuadraticSpline(array(d.normal(3, 16)), -3.0, 3.0, boundary_slopes="identity")),
    "ScalarAffine": made(lambda d: D.ScalarAffine(array(d.normal(3)), array(d.positive(3)))),
    "Shift": made(lambda d: D.Shift(array(d.normal(3)))),
    "Sigmoid": made(lambda d: D.Sigmoid(), codomain=(0, 1)),
    "SplitCoupling": made(_split),
    "Tanh": made(lambda d: D.Tanh(), codomain=(-1, 1)),
    "TriangularLinear": made(lambda d: D.TriangularLinear(array(d.normal(3, 3)) + 3 * jnp.eye(3))),
    "UnconstrainedAffine": made(lambda d: D.UnconstrainedAffine(_matrix(d), array(d.normal(3)))),
}  # fmt: skip
CONSTRUCTORS["Chain"] = made(lambda d: D.Chain([D.Block(D.Tanh(), 1), _affine(d)]), codomain=(-1, 1))
