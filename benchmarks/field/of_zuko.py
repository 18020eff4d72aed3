"""zuko: a transform t takes x to z, and t.inv goes back; a flow is built, then conditioned on nothing."""

from __future__ import annotations

import torch
import zuko
from zuko import flows as F
from zuko import transforms as T

from benchmarks.field.in_torch import moved, network, tensor
from benchmarks.field.specimen import ABSTRACT, CUT, Draw, Specimen

DIRECTION = "t(x) = z, t.inv(z) = x, t.call_and_ladj(x); the flow's sampling direction is t.inv"
DIMS = {"dims": (3,)}
SMALL = {"hidden_features": (8, 8)}
SLOW = {"letters": "SRXJ", "radii": (0.3, 1.0)}  # an equation is solved at every call
HOLD = {"transforms": 2, **SMALL}


def flow(name: str, **options):
    return lambda draw: Specimen(moved(getattr(F, name)(3, **{**HOLD, **options}), draw))


def lazy(name: str, **options):
    return lambda draw: Specimen(moved(getattr(F, name)(3, **options), draw), DIMS)


def transform(make, **options):
    """make(draw) -> transform."""
    return lambda draw: Specimen(make(draw), {**DIMS, **options})


def _affine(a: torch.Tensor) -> T.Transform:
    return T.DependentTransform(T.MonotonicAffineTransform(a[..., :3], a[..., 3:]), 1)


def _autoregressive(draw: Draw) -> T.Transform:
    net = moved(zuko.nn.MaskedMLP(torch.ones(3, 3).tril(-1).repeat_interleave(2, 0).bool(), (8, 8)), draw)

    def meta(x):
        both = net(x).unflatten(-1, (3, 2))
        return T.DependentTransform(T.MonotonicAffineTransform(both[..., 0], both[..., 1]), 1)

    return T.AutoregressiveTransform(meta, 3)


def _coupling(draw: Draw) -> T.Transform:
    net = moved(network(2, 2), draw)

    def meta(a):
        both = net(a)
        return T.DependentTransform(T.MonotonicAffineTransform(both[..., :1], both[..., 1:]), 1)

    return T.CouplingTransform(meta, torch.tensor([True, False, True]))


def _monotone(draw: Draw) -> T.Transform:
    a = tensor(draw.positive(3))
    return T.MonotonicTransform(lambda x: x + a * torch.tanh(x))


def _integral(draw: Draw) -> T.Transform:
    a = tensor(draw.positive(3))
    return T.UnconstrainedMonotonicTransform(lambda u: 1 + a * torch.exp(-(u**2)))


def _free_form(draw: Draw) -> T.Transform:
    net = moved(network(3, 3), draw)
    return T.FreeFormJacobianTransform(lambda t, x: net(x))


CONSTRUCTORS = {
    # zuko.transforms
    "AdditiveTransform": transform(lambda d: T.AdditiveTransform(tensor(d.normal(3)))),
    "AutoregressiveTransform": transform(_autoregressive),
    "BernsteinTransform": transform(lambda d: T.BernsteinTransform(tensor(d.normal(3, 8)))),
    "BoundedBernsteinTransform": transform(lambda d: T.BoundedBernsteinTransform(tensor(d.normal(3, 8)))),
    "CircularShiftTransform": lambda d: Specimen(
        T.CircularShiftTransform(), {**DIMS, "letters": "SPIRXJTO"}, note=CUT),
    "ComposedTransform": transform(
        lambda d: T.ComposedTransform(_affine(tensor(d.normal(6))), _affine(tensor(d.normal(6))))
    ),
    "CosTransform": transform(lambda d: T.CosTransform()),
    "CouplingTransform": transform(_coupling),
    "DependentTransform": transform(lambda d: _affine(tensor(d.normal(6)))),
    "FreeFormJacobianTransform": transform(_free_form, **SLOW),
    "GaussianizationTransform": transform(
        lambda d: T.GaussianizationTransform(tensor(d.normal(3, 4)), tensor(d.normal(3, 4)))
    ),
    "IdentityTransform": transform(lambda d: T.IdentityTransform()),
    "LULinearTransform": transform(lambda d: T.LULinearTransform(tensor(d.normal(3, 3)))),
    "MonotonicAffineTransform": transform(
        lambda d: T.MonotonicAffineTransform(tensor(d.normal(3)), tensor(d.normal(3)))
    ),
    "MonotonicRQSTransform": transform(
        lambda d: T.MonotonicRQSTransform(tensor(d.normal(3, 5)), tensor(d.normal(3, 5)), tensor(d.normal(3, 4)))
    ),
    "MonotonicTransform": transform(_monotone),
    "PermutationTransform": transform(lambda d: T.PermutationTransform(torch.tensor([2, 0, 1]))),
    "RotationTransform": transform(lambda d: T.RotationTransform(tensor(d.normal(3, 3)))),
    "SOSPolynomialTransform": transform(lambda d: T.SOSPolynomialTransform(tensor(d.normal(3, 3, 5)))),
    "SignedPowerTransform": transform(lambda d: T.SignedPowerTransform(tensor(d.normal(3)))),
    "SinTransform": transform(lambda d: T.SinTransform()),
    "SoftclipTransform": transform(lambda d: T.SoftclipTransform(5.0)),
    "UnconstrainedMonotonicTransform": transform(
        _integral
    ),
    # zuko.flows
    "ElementWiseTransform": lazy("ElementWiseTransform"),
    "FFJTransform": lambda d: Specimen(moved(F.FFJTransform(3, hidden_features=(8,)), d), DIMS | SLOW),
    "GeneralCouplingTransform": lazy("GeneralCouplingTransform", **SMALL),
    "LazyInverse": lambda d: Specimen(moved(F.MaskedAutoregressiveTransform(3, **SMALL), d).inv, DIMS),
    "LazyTransform": ABSTRACT,
    "MaskedAutoregressiveTransform": lazy("MaskedAutoregressiveTransform", **SMALL),
    "UnconditionalTransform": lambda d: Specimen(
        F.UnconditionalTransform(T.MonotonicAffineTransform, tensor(d.normal(3)), tensor(d.normal(3))), DIMS
    ),
    "BPF": flow("BPF"),
    "CNF": lambda d: Specimen(moved(F.CNF(3, hidden_features=(8,)), d), SLOW),
    "Flow": lambda d: Specimen(
        moved(F.Flow([F.MaskedAutoregressiveTransform(3, **SMALL)], F.UnconditionalDistribution(
            zuko.distributions.DiagNormal, torch.zeros(3), torch.ones(3), buffer=True)), d)
    ),
    "GF": lambda d: Specimen(moved(F.GF(3, transforms=2, components=4), d)),
    "MAF": flow("MAF"),
    "NAF": flow("NAF", network={"hidden_features": (8, 8)}),
    "NCSF": lambda d: Specimen(moved(F.NCSF(3, **HOLD), d), {"letters": "SPIRXJDK"}, note=CUT + ", nor O"),
    "NICE": flow("NICE"),
    "NSF": flow("NSF"),
    "RealNVP": flow("RealNVP"),
    "SOSPF": flow("SOSPF"),
    "UNAF": lambda d: Specimen(
        moved(F.UNAF(3, transforms=2, network={"hidden_features": (4,)}, hidden_features=(4,)), d)),
}  # fmt: skip
