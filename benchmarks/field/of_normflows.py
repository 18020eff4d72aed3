"""normflows: layer(z) gives (x, log_det), and layer.inverse(x) goes back; a flow samples with layer(z)."""

from __future__ import annotations

import normflows
import torch
from normflows import flows as F

from benchmarks.field.in_torch import moved, tensor
from benchmarks.field.specimen import ABSTRACT, CUT, SHAPE, Draw, Specimen, refuse

DIRECTION = "layer(z) = x with log_det, layer.inverse(x) = z with log_det"
DIMS, FOUR, IMAGES = {"dims": (3,)}, {"dims": (4,)}, {"dims": ((4, 2, 2),)}
STOCHASTIC = refuse("a stochastic layer: it samples, and is no bijection")


def layer(name: str, *arguments, options=None, one_way=False, **named):
    return lambda draw: Specimen(moved(getattr(F, name)(*arguments, **named), draw), options or DIMS, one_way)


def _net(inputs: int, outputs: int):
    return normflows.nets.MLP([inputs, 8, 8, outputs], init_zeros=False)


def coupling(make, options=FOUR):
    return lambda draw: Specimen(moved(make(), draw), options)


def flow(draw: Draw) -> Specimen:
    layers = [F.AffineCouplingBlock(_net(2, 4)), F.Permute(4, mode="swap"), F.AffineCouplingBlock(_net(2, 4))]
    return Specimen(moved(normflows.NormalizingFlow(normflows.distributions.DiagGaussian(4), layers), draw))


def _initialised(make, shape):
    """A layer that sets its scale and shift at its first batch, after that batch; `moved` moves them on."""

    def construct(draw):
        made = make().to(getattr(torch, draw.dtype))
        made(tensor(draw.normal(16, *shape)))
        return Specimen(moved(made, draw), {"dims": (shape if len(shape) > 1 else shape[0],)})

    return construct


def _residual(draw: Draw) -> Specimen:
    net = normflows.nets.LipschitzMLP([2, 16, 2], init_zeros=False, lipschitz_const=0.9)
    made = moved(F.Residual(net, reduce_memory=False, brute_force=True), draw)
    for m in net.modules():
        if hasattr(m, "compute_weight"):
            m.compute_weight(update=True, n_iterations=200)
    note = "accuracy 1e-4 allowed, its inverse is a fixed point; in two dimensions, where log_det is no random estimate"
    return Specimen(made, {"dims": (2,), "accuracy": 1e-4}, note=note)


CIRCLE = {"dims": (3,), "domain": (-3, 3), "codomain": (-3, 3)}
ALIASES = {"dims": (3,), "domain": (-1, 1), "codomain": (-1, 1), "letters": "SPIRXJTO"}
CONSTRUCTORS = {
    "ActNorm": _initialised(lambda: F.ActNorm(3), (3,)),
    "AffineConstFlow": layer("AffineConstFlow", (3,)),
    "AffineCoupling": refuse("it takes two halves as a list; AffineCouplingBlock is the layer"),
    "AffineCouplingBlock": coupling(lambda: F.AffineCouplingBlock(_net(2, 4))),
    "AutoregressiveRationalQuadraticSpline": layer("AutoregressiveRationalQuadraticSpline", 3, 1, 8),
    "BatchNorm": refuse("it normalizes by its batch in both modes: rows depend on each other by design"),
    "CCAffineConst": refuse("its scale depends on a class label"),
    "CircularAutoregressiveRationalQuadraticSpline": layer(
        "CircularAutoregressiveRationalQuadraticSpline", 3, 1, 8, [0, 1, 2], tail_bound=3.0, options=CIRCLE),
    "CircularCoupledRationalQuadraticSpline": layer(
        "CircularCoupledRationalQuadraticSpline", 3, 1, 8, [0, 1, 2], tail_bound=3.0, options=CIRCLE),
    "Composite": coupling(lambda: F.Composite([F.AffineCouplingBlock(_net(2, 4)), F.Permute(4, mode="swap")])),
    "CoupledRationalQuadraticSpline": layer("CoupledRationalQuadraticSpline", 3, 1, 8),
    "Flow": ABSTRACT,
    "GlowBlock": lambda draw: Specimen(
        moved(_warm(F.GlowBlock(4, 8, init_zeros=False), draw, (4, 2, 2)), draw), IMAGES),
    "HamiltonianMonteCarlo": STOCHASTIC,
    "Invertible1x1Conv": layer("Invertible1x1Conv", 4, options=IMAGES),
    "InvertibleAffine": layer("InvertibleAffine", 3),
    "LULinearPermute": layer("LULinearPermute", 3),
    "MaskedAffineAutoregressive": layer("MaskedAffineAutoregressive", 3, 8),
    "MaskedAffineFlow": lambda draw: Specimen(
        moved(F.MaskedAffineFlow(torch.tensor([1.0, 0.0, 1.0]), _net(3, 3), _net(3, 3)), draw), DIMS),
    "Merge": SHAPE,
    "MetropolisHastings": STOCHASTIC,
    "PeriodicShift": lambda draw: Specimen(F.PeriodicShift([0], 1.0, 0.3), ALIASES, note=CUT),
    "PeriodicWrap": refuse("it wraps a coordinate onto an interval: documented, not one to one"),
    "Permute": layer("Permute", 4, options=FOUR),
    "Planar": layer("Planar", (3,), one_way=True),
    "Radial": layer("Radial", (3,), one_way=True),
    "Residual": _residual,
    "Reverse": lambda draw: Specimen(moved(F.Reverse(F.AffineConstFlow((3,))), draw), DIMS),
    "Split": SHAPE,
    "Squeeze": SHAPE,
    "NormalizingFlow": flow,
    "Planar, leaky_relu": layer("Planar", (3,), act="leaky_relu", options={**DIMS, "smooth": False}),
    "ClassCondFlow": refuse("conditional on a class label"),
    "ConditionalNormalizingFlow": refuse("conditional: its layers are audited without a condition"),
}  # fmt: skip


def _warm(made, draw, shape):
    made = made.to(getattr(torch, draw.dtype))
    made(tensor(draw.normal(16, *shape)))
    return made
