"""nflows: transform(x) gives (z, log_det), and transform.inverse(z) goes back."""

from __future__ import annotations

import torch
from nflows import distributions, flows
from nflows import transforms as T

from benchmarks.field.in_torch import moved, network
from benchmarks.field.specimen import ABSTRACT, SHAPE, Specimen, refuse

DIRECTION = "transform(x) = z with log_det, transform.inverse(z) = x with log_det"
DIMS = {"dims": (3,)}
UNIT = {**DIMS, "domain": (0, 1), "codomain": (0, 1)}
KINKS = {"smooth": False}
MASK = torch.tensor([1, -1, 1])


def layer(name: str, *arguments, options=None, **named):
    return lambda draw: Specimen(moved(getattr(T, name)(*arguments, **named), draw), options or DIMS)


def coupling(name: str, options=None, **named):
    def construct(draw):
        return Specimen(moved(getattr(T, name)(MASK, lambda n, m: _Network(n, m), **named), draw), options or DIMS)

    return construct


class _Network(torch.nn.Module):
    """A network that is handed a context, which is None here."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.net = network(inputs, outputs)

    def forward(self, inputs, context=None):
        return self.net(inputs)


def flow(make):
    return lambda draw: Specimen(moved(make(), draw))


def _flow():
    return flows.Flow(T.MaskedAffineAutoregressiveTransform(3, 8), distributions.StandardNormal([3]))


LINEAR = {"tails": "linear", "tail_bound": 3.0}
CONSTRUCTORS = {
    "ActNorm": lambda draw: Specimen(_initialised(moved(T.ActNorm(3), draw)), DIMS),
    "AdditiveCouplingTransform": coupling("AdditiveCouplingTransform"),
    "AffineCouplingTransform": coupling("AffineCouplingTransform"),
    "AffineScalarTransform": layer("AffineScalarTransform", 0.7, 2.0),
    "AffineTransform": layer("AffineTransform", 0.7, 2.0),
    "BatchNorm": layer("BatchNorm", 3),
    "CompositeCDFTransform": lambda draw: Specimen(
        moved(T.CompositeCDFTransform(T.Sigmoid(), T.PiecewiseRationalQuadraticCDF([3])), draw), DIMS
    ),
    "CompositeTransform": lambda draw: Specimen(
        moved(T.CompositeTransform([T.MaskedAffineAutoregressiveTransform(3, 8), T.ReversePermutation(3),
                                    T.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(3, 8, **LINEAR)]), draw),
        DIMS,
    ),
    "GatedLinearUnit": refuse("its factor is the context alone, which the audit gives none for a bare layer"),
    "HouseholderSequence": layer("HouseholderSequence", 3, 2),
    "IdentityTransform": layer("IdentityTransform"),
    "InverseTransform": lambda draw: Specimen(
        moved(T.InverseTransform(T.MaskedAffineAutoregressiveTransform(3, 8)), draw), DIMS
    ),
    "LULinear": layer("LULinear", 3),
    "LeakyReLU": layer("LeakyReLU", options=DIMS | KINKS),
    "LogTanh": layer("LogTanh"),
    "Logit": layer("Logit", options={**DIMS, "codomain": (0, 1)}),
    "MaskedAffineAutoregressiveTransform": layer("MaskedAffineAutoregressiveTransform", 3, 8),
    "MaskedPiecewiseCubicAutoregressiveTransform": layer("MaskedPiecewiseCubicAutoregressiveTransform", 5, 3, 8,
                                                         options=UNIT),
    "MaskedPiecewiseLinearAutoregressiveTransform": layer("MaskedPiecewiseLinearAutoregressiveTransform", 5, 3, 8,
                                                          options=UNIT | KINKS),
    "MaskedPiecewiseQuadraticAutoregressiveTransform": layer("MaskedPiecewiseQuadraticAutoregressiveTransform", 3, 8,
                                                             num_bins=5, **LINEAR),
    "MaskedPiecewiseRationalQuadraticAutoregressiveTransform": layer(
        "MaskedPiecewiseRationalQuadraticAutoregressiveTransform", 3, 8, num_bins=5, **LINEAR),
    "MultiscaleCompositeTransform": SHAPE,
    "NaiveLinear": layer("NaiveLinear", 3),
    "OneByOneConvolution": layer("OneByOneConvolution", 3, options={"dims": ((3, 2, 2),)}),
    "Permutation": layer("Permutation", torch.tensor([2, 0, 1])),
    "PiecewiseCubicCDF": layer("PiecewiseCubicCDF", [3], 5, **LINEAR),
    "PiecewiseCubicCouplingTransform": coupling("PiecewiseCubicCouplingTransform", num_bins=5, **LINEAR),
    "PiecewiseLinearCDF": layer("PiecewiseLinearCDF", [3], 5, options=DIMS | KINKS, **LINEAR),
    "PiecewiseLinearCouplingTransform": coupling("PiecewiseLinearCouplingTransform", DIMS | KINKS, num_bins=5,
                                                 **LINEAR),
    "PiecewiseQuadraticCDF": layer("PiecewiseQuadraticCDF", [3], 5, **LINEAR),
    "PiecewiseQuadraticCouplingTransform": coupling("PiecewiseQuadraticCouplingTransform", num_bins=5, **LINEAR),
    "PiecewiseRationalQuadraticCDF": layer("PiecewiseRationalQuadraticCDF", [3], 5, **LINEAR),
    "PiecewiseRationalQuadraticCouplingTransform": coupling("PiecewiseRationalQuadraticCouplingTransform", num_bins=5,
                                                            **LINEAR),
    "PointwiseAffineTransform": layer("PointwiseAffineTransform", 0.7, 2.0),
    "QRLinear": layer("QRLinear", 3, 2),
    "RandomPermutation": layer("RandomPermutation", 3),
    "ReversePermutation": layer("ReversePermutation", 3),
    "SVDLinear": layer("SVDLinear", 3, 2),
    "Sigmoid": layer("Sigmoid", options={**DIMS, "domain": (0, 1)}),
    "SqueezeTransform": SHAPE,
    "Tanh": layer("Tanh", options={**DIMS, "domain": (-1, 1)}),
    "Transform": ABSTRACT,
    "Flow": flow(_flow),
    "MaskedAutoregressiveFlow": flow(lambda: flows.MaskedAutoregressiveFlow(3, 8, 2, 1)),
    "SimpleRealNVP": flow(lambda: flows.SimpleRealNVP(3, 8, 2, 1)),
}  # fmt: skip


def _initialised(layer):
    """Its first batch in training mode sets its scale and shift; here they are what `moved` made of them."""
    layer.initialized.data = torch.tensor(True)
    return layer
