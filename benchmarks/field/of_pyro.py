"""Pyro: t(z) is x and t.inv goes back, as in torch.distributions; conditional ones at one condition."""

from __future__ import annotations

import torch
from pyro.distributions import transforms as T
from pyro.nn import AutoRegressiveNN, ConditionalAutoRegressiveNN, DenseNN

from benchmarks.field.in_torch import moved, tensor
from benchmarks.field.specimen import MANY_TO_ONE, SHAPE, Specimen, refuse

DIRECTION = "t(z) = x, t.inv(x) = z, t.log_abs_det_jacobian(z, x)"
INF = float("inf")
DIMS, IMAGES = {"dims": (3,)}, {"dims": ((3, 2, 2),)}
KINKS = {**DIMS, "smooth": False}
CONDITION = torch.tensor([0.3, -0.7])
MATRIX = refuse("its events are matrices with a structure: det J of all entries does not exist")


def module(make, options=DIMS, one_way=False):
    return lambda draw: Specimen(moved(make(), draw), options, one_way)


def plain(make, options=DIMS):
    return lambda draw: Specimen(make(draw), options)


def conditional(make, options=DIMS, one_way=False):
    def construct(draw):
        made = moved(make(), draw)
        return Specimen(made.condition(CONDITION.to(getattr(torch, draw.dtype))), options, one_way, "at one condition")

    return construct


def _of_condition(*outputs: int):
    return DenseNN(2, [8], param_dims=list(outputs))


ACTIVE = {"nonlinearity": torch.nn.Tanh()}
CONSTRUCTORS = {
    "AffineAutoregressive": module(lambda: T.AffineAutoregressive(AutoRegressiveNN(3, [8], **ACTIVE))),
    "AffineCoupling": module(lambda: T.AffineCoupling(1, DenseNN(1, [8], [2, 2], nonlinearity=torch.nn.Tanh()))),
    "BatchNorm": module(lambda: T.BatchNorm(3)),
    "BlockAutoregressive": module(lambda: T.BlockAutoregressive(3), one_way=True),
    "CholeskyTransform": MATRIX,
    "ComposeTransformModule": module(
        lambda: T.ComposeTransformModule(
            [T.Householder(3, 2), T.AffineAutoregressive(AutoRegressiveNN(3, [8], **ACTIVE))])),
    "CorrLCholeskyTransform": SHAPE,
    "CorrMatrixCholeskyTransform": MATRIX,
    "DiscreteCosineTransform": plain(lambda d: T.DiscreteCosineTransform(smooth=0.5)),
    "ELUTransform": plain(lambda d: T.ELUTransform(), {**DIMS, "codomain": (-1.0, INF)}),
    "GeneralizedChannelPermute": module(lambda: T.GeneralizedChannelPermute(3), IMAGES),
    "HaarTransform": plain(lambda d: T.HaarTransform()),
    "Householder": module(lambda: T.Householder(3, 2)),
    "LeakyReLUTransform": plain(lambda d: T.LeakyReLUTransform(), KINKS),
    "LowerCholeskyAffine": plain(
        lambda d: T.LowerCholeskyAffine(tensor(d.normal(3)), tensor(d.normal(3, 3)).tril(-1)
                                        + torch.diag(tensor(d.positive(3))))),
    "MatrixExponential": module(lambda: T.MatrixExponential(3)),
    "NeuralAutoregressive": module(
        lambda: T.NeuralAutoregressive(AutoRegressiveNN(3, [8], param_dims=[16] * 3, **ACTIVE)), one_way=True),
    "Normalize": MANY_TO_ONE,
    "OrderedTransform": plain(lambda d: T.OrderedTransform(), {**DIMS, "letters": "SPIRXJT"}),
    "Permute": plain(lambda d: T.Permute(torch.tensor([2, 0, 1]))),
    "Planar": module(lambda: T.Planar(3), one_way=True),
    "Polynomial": module(
        lambda: T.Polynomial(AutoRegressiveNN(3, [8], param_dims=[(3 + 1) * 2], **ACTIVE), 3, 3, 2), one_way=True),
    "PositivePowerTransform": lambda d: Specimen(
        T.PositivePowerTransform(tensor(d.positive(3))), {**DIMS, "domain": (0, INF), "codomain": (0, INF)},
        note="on positive numbers; at 0 its log_det is NaN, and the documentation warns of the Jacobian there"),
    "Radial": module(lambda: T.Radial(3), one_way=True),
    "SimplexToOrderedTransform": SHAPE,
    "SoftplusLowerCholeskyTransform": MATRIX,
    "SoftplusTransform": plain(lambda d: T.SoftplusTransform()),
    "Spline": module(lambda: T.Spline(3, 5, order="linear")),
    "SplineAutoregressive": module(
        lambda: T.SplineAutoregressive(3, AutoRegressiveNN(3, [8], param_dims=[5, 5, 4, 5], **ACTIVE), 5)),
    "SplineCoupling": module(lambda: T.SplineCoupling(3, 1, DenseNN(1, [8], [10, 10, 8, 10]), 5, identity=True)),
    "Sylvester": module(lambda: T.Sylvester(3, 2), one_way=True),
    "UnitLowerCholeskyTransform": MATRIX,
    "ConditionalAffineAutoregressive": conditional(
        lambda: T.ConditionalAffineAutoregressive(ConditionalAutoRegressiveNN(3, 2, [8]))),
    "ConditionalAffineCoupling": conditional(
        lambda: T.conditional_affine_coupling(3, 2, hidden_dims=[8], split_dim=1)),
    "ConditionalGeneralizedChannelPermute": conditional(
        lambda: T.ConditionalGeneralizedChannelPermute(DenseNN(2, [8], param_dims=[9]), 3), IMAGES),
    "ConditionalHouseholder": conditional(lambda: T.ConditionalHouseholder(3, _of_condition(3, 3), 2)),
    "ConditionalMatrixExponential": conditional(lambda: T.ConditionalMatrixExponential(3, _of_condition(9))),
    "ConditionalNeuralAutoregressive": conditional(
        lambda: T.ConditionalNeuralAutoregressive(ConditionalAutoRegressiveNN(3, 2, [8], param_dims=[16] * 3)),
        one_way=True),
    "ConditionalPlanar": conditional(lambda: T.ConditionalPlanar(_of_condition(1, 3, 3)), one_way=True),
    "ConditionalRadial": conditional(lambda: T.ConditionalRadial(_of_condition(3, 1, 1)), one_way=True),
    "ConditionalSpline": conditional(
        lambda: T.ConditionalSpline(_of_condition(3 * 5, 3 * 5, 3 * 4, 3 * 5), 3, 5)),
    "ConditionalSplineAutoregressive": conditional(
        lambda: T.ConditionalSplineAutoregressive(3, ConditionalAutoRegressiveNN(3, 2, [8], param_dims=[5, 5, 4, 5]),
                                                  count_bins=5)),
}  # fmt: skip
