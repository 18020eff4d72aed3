"""TensorFlow Probability on JAX: b.forward(z) is x, b.inverse(x) goes back, with a log-det of each direction."""

from __future__ import annotations

from importlib import import_module

import jax.numpy as jnp
from tensorflow_probability.substrates import jax as tfp

from benchmarks.field.in_jax import array, dense
from benchmarks.field.specimen import ABSTRACT, MANY_TO_ONE, SHAPE, Draw, Specimen, refuse

B = tfp.bijectors
DIRECTION = "forward(z) = x, inverse(x) = z, forward_log_det_jacobian, inverse_log_det_jacobian"
DIMS, INF = {"dims": (3,)}, float("inf")
MATRIX = refuse("its events are matrices with a structure: det J of all entries does not exist")
UNIT, POSITIVE = {"codomain": (0, 1)}, {"codomain": (0, INF)}
CDF = {"domain": (0, INF), "codomain": (0, 1)}
STRUCTURE = refuse("it rearranges tuples of tensors, not one tensor")


def made(make, **options):
    return lambda draw: Specimen(make(draw), {**DIMS, **options})


def _low(draw: Draw):
    """A lower triangular matrix with a positive diagonal."""
    return jnp.tril(array(draw.normal(3, 3)), -1) + jnp.diag(array(draw.positive(3)))


def _autoregressive(draw: Draw):
    return B.MaskedAutoregressiveFlow(_masked(draw))


def _masked(draw: Draw):
    """A triangular network: shift and log scale of variable i from those before it."""
    strict = [jnp.tril(array(draw.normal(3, 3)), -1) for _ in range(2)]

    def shift_and_log_scale(x):
        return jnp.tanh(x) @ strict[0].T, jnp.tanh(jnp.tanh(x) @ strict[1].T)

    return shift_and_log_scale


def _real_nvp(draw: Draw):
    net = dense(draw, 1, 4)

    def shift_and_log_scale(a, n, **_):
        both = net(a)
        return both[..., :2], both[..., 2:]

    return B.RealNVP(num_masked=1, shift_and_log_scale_fn=shift_and_log_scale)


def _spline(draw: Draw):
    import jax

    widths, heights = (8 * jax.nn.softmax(array(draw.normal(3, 5))) for _ in range(2))
    return B.RationalQuadraticSpline(widths, heights, array(draw.positive(3, 4)), range_min=-4)


def _ffjord(draw: Draw):
    net = dense(draw, 3, 3)
    exact = import_module("tensorflow_probability.substrates.jax.bijectors.ffjord").trace_jacobian_exact
    return B.FFJORD(lambda t, z: net(z), trace_augmentation_fn=exact, dtype=draw.dtype)


CONSTRUCTORS = {
    "AbsoluteValue": MANY_TO_ONE,
    "Ascending": made(lambda d: B.Ascending(), letters="SPIRXJT"),
    "AutoCompositeTensorBijector": ABSTRACT,
    "Bijector": ABSTRACT,
    "Blockwise": made(lambda d: B.Blockwise([B.Scale(array(d.positive(1)[0])), B.Shift(array(d.normal(2)))], [1, 2])),
    "Chain": made(lambda d: B.Chain([B.Tanh(), B.ScaleMatvecTriL(_low(d))]), codomain=(-1, 1)),
    "CholeskyOuterProduct": MATRIX,
    "CholeskyToInvCholesky": MATRIX,
    "Composition": ABSTRACT,
    "CorrelationCholesky": SHAPE,
    "Cumsum": made(lambda d: B.Cumsum()),
    "Exp": made(lambda d: B.Exp(), **POSITIVE),
    "Expm1": made(lambda d: B.Expm1(), codomain=(-1, INF)),
    "FFJORD": made(_ffjord, accuracy=1e-5, letters="SRXJ", radii=(0.3, 1.0)),
    "FillScaleTriL": SHAPE,
    "FillTriangular": SHAPE,
    "FrechetCDF": made(lambda d: B.FrechetCDF(0.0, array(d.positive(3)), array(d.positive(3))), **CDF),
    "GeneralizedExtremeValueCDF": made(
        lambda d: B.GeneralizedExtremeValueCDF(array(d.normal(3)), array(d.positive(3)), 0.0), **UNIT),
    "GeneralizedPareto": made(
        lambda d: B.GeneralizedPareto(jnp.zeros(3), array(d.positive(3)), array(d.positive(3))), **POSITIVE),
    "GompertzCDF": made(lambda d: B.GompertzCDF(array(d.positive(3)), array(d.positive(3))), **CDF),
    "GumbelCDF": made(lambda d: B.GumbelCDF(array(d.normal(3)), array(d.positive(3))), **UNIT),
    "Householder": made(lambda d: B.Householder(array(d.normal(3)))),
    "Identity": made(lambda d: B.Identity()),
    "Inline": refuse("the user writes its functions"),
    "Invert": made(lambda d: B.Invert(B.ScaleMatvecTriL(_low(d)))),
    "IteratedSigmoidCentered": SHAPE,
    "JointMap": STRUCTURE,
    "KumaraswamyCDF": made(lambda d: B.KumaraswamyCDF(array(d.positive(3)), array(d.positive(3))),
                           domain=(0, 1), codomain=(0, 1)),
    "LambertWTail": made(lambda d: B.LambertWTail(0.0, 1.0, array(d.positive(3)))),
    "Log": made(lambda d: B.Log(), domain=(0, INF)),
    "Log1p": made(lambda d: B.Log1p(), domain=(-1, INF)),
    "MaskedAutoregressiveFlow": made(_autoregressive),
    "MatrixInverseTriL": MATRIX,
    "MatvecLU": made(lambda d: B.MatvecLU(array(d.normal(3, 3)) + 3 * jnp.eye(3), jnp.array([2, 0, 1]))),
    "MoyalCDF": made(lambda d: B.MoyalCDF(array(d.normal(3)), array(d.positive(3))), **UNIT),
    "NormalCDF": made(lambda d: B.NormalCDF(), **UNIT),
    "Pad": SHAPE,
    "Permute": made(lambda d: B.Permute([2, 0, 1])),
    "Power": made(lambda d: B.Power(3.0), **CDF | POSITIVE),
    "PowerTransform": made(lambda d: B.PowerTransform(0.5), domain=(-2, INF), codomain=(0, INF)),
    "RationalQuadraticSpline": made(_spline),
    "RayleighCDF": made(lambda d: B.RayleighCDF(array(d.positive(3))), **CDF),
    "RealNVP": made(_real_nvp),
    "Reciprocal": made(lambda d: B.Reciprocal(), domain=(0, INF), codomain=(0, INF)),
    "Reshape": SHAPE,
    "Restructure": STRUCTURE,
    "Scale": made(lambda d: B.Scale(array(d.normal(3)))),
    "ScaleMatvecDiag": made(lambda d: B.ScaleMatvecDiag(array(d.normal(3)))),
    "ScaleMatvecLU": made(lambda d: B.ScaleMatvecLU(array(d.normal(3, 3)) + 3 * jnp.eye(3), jnp.array([2, 0, 1]))),
    "ScaleMatvecLinearOperator": made(
        lambda d: B.ScaleMatvecLinearOperator(tfp.tf2jax.linalg.LinearOperatorLowerTriangular(_low(d)))),
    "ScaleMatvecLinearOperatorBlock": STRUCTURE,
    "ScaleMatvecTriL": made(lambda d: B.ScaleMatvecTriL(_low(d))),
    "Shift": made(lambda d: B.Shift(array(d.normal(3)))),
    "ShiftedGompertzCDF": made(lambda d: B.ShiftedGompertzCDF(array(d.positive(3)), array(d.positive(3))), **CDF),
    "Sigmoid": made(lambda d: B.Sigmoid(), **UNIT),
    "Sinh": made(lambda d: B.Sinh()),
    "SinhArcsinh": made(lambda d: B.SinhArcsinh(array(d.normal(3)), array(d.positive(3)))),
    "SoftClip": made(lambda d: B.SoftClip(array(-2.0), array(3.0)), codomain=(-2, 3)),
    "Softfloor": made(lambda d: B.Softfloor(array(0.5))),
    "SoftmaxCentered": SHAPE,
    "Softplus": made(lambda d: B.Softplus(), **POSITIVE),
    "Softsign": made(lambda d: B.Softsign(), codomain=(-1, 1)),
    "Split": SHAPE,
    "Square": made(lambda d: B.Square(), domain=(0, INF), codomain=(0, INF)),
    "Tanh": made(lambda d: B.Tanh(), codomain=(-1, 1)),
    "TransformDiagonal": MATRIX,
    "Transpose": SHAPE,
    "UnitVector": MANY_TO_ONE,
    "WeibullCDF": made(lambda d: B.WeibullCDF(array(d.positive(3)), array(d.positive(3))), **CDF),
}  # fmt: skip
