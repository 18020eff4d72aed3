"""torch.distributions.transforms: t(z) is x, and t.inv goes back."""

from __future__ import annotations

import torch
from torch.distributions import transforms as T

from benchmarks.field.in_torch import tensor
from benchmarks.field.specimen import ABSTRACT, MANY_TO_ONE, SHAPE, Draw, Specimen

DIRECTION = "t(z) = x, t.inv(x) = z, t.log_abs_det_jacobian(z, x)"
DIMS = {"dims": (3,)}


def _affine(draw: Draw) -> T.Transform:
    return T.AffineTransform(tensor(draw.normal(3)), tensor(draw.positive(3)))


def plain(make, **options):
    """A transform that needs no weights; its interval comes from its constraints."""
    return lambda draw: Specimen(make(), {**DIMS, **options})


CONSTRUCTORS = {
    "AbsTransform": MANY_TO_ONE,
    "AffineTransform": lambda draw: Specimen(_affine(draw), DIMS),
    "CatTransform": lambda draw: Specimen(T.CatTransform([_affine(draw), _affine(draw)], -1, [3, 3]), {"dims": (6,)}),
    "ComposeTransform": lambda draw: Specimen(T.ComposeTransform([_affine(draw), T.TanhTransform()]),
                                              {**DIMS, "codomain": (-1, 1)}),
    "CorrCholeskyTransform": SHAPE,
    "CumulativeDistributionTransform": lambda draw: Specimen(
        T.CumulativeDistributionTransform(torch.distributions.Normal(tensor(draw.normal(3)), tensor(draw.positive(3)))),
        {**DIMS, "codomain": (0, 1)},
    ),
    "ExpTransform": plain(T.ExpTransform),
    "IndependentTransform": lambda draw: Specimen(T.IndependentTransform(_affine(draw), 1), DIMS),
    "LowerCholeskyTransform": SHAPE,
    "PositiveDefiniteTransform": SHAPE,
    "PowerTransform": lambda draw: Specimen(T.PowerTransform(tensor(draw.positive(3))), DIMS),
    "ReshapeTransform": SHAPE,
    "SigmoidTransform": plain(T.SigmoidTransform),
    "SoftmaxTransform": MANY_TO_ONE,
    "SoftplusTransform": plain(T.SoftplusTransform),
    "StackTransform": lambda draw: Specimen(
        T.StackTransform([T.AffineTransform(float(a), float(b)) for a, b in zip(draw.normal(3), draw.positive(3),
                                                                                 strict=True)], dim=-1), DIMS),
    "StickBreakingTransform": SHAPE,
    "TanhTransform": plain(T.TanhTransform),
    "Transform": ABSTRACT,
}  # fmt: skip
