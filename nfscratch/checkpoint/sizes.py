"""How much memory a flow asks for, by arithmetic on its description: nothing is built.

    size(part) = the numbers in its parameters and its constants + 64 for the object + size(each part in it)
    refused:     size > 8 n + 2^20                                          n: how many numbers the file holds

An honest file holds the parameters of its flow, so that its size is a few n at most. A forged one can claim any size
in few bytes. Every registered part has its line below, or has nothing of its own: what it has then lies in its parts.
A network is as large as the part says that owns it; where only the parameters tell its input, 1 stands for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nfscratch.checkpoint import many_parts
from nfscratch.checkpoint.described_part import PART, Described, is_part, parts_in
from nfscratch.checkpoint.header import CheckpointError

FREE = 2**20  # so many numbers cost neither time nor memory, whatever the file holds
TIMES = 8
SHAPES = ("dim", "shape", "from_shape", "to_shape")


def judge(description: Any, numbers: float) -> None:
    """Refuse a description whose flow is larger than a file with so many numbers can be, or has too many parts."""
    _check_events(description, max(numbers, FREE))
    many_parts.judge(description)
    asked = size(description)
    if not asked <= TIMES * numbers + FREE:  # NaN too: infinity times nothing
        raise CheckpointError(
            f"the flow must have no more parameters than the file has, {numbers:.0f}; "
            f"its description asks for {asked:.2g}"
        )


def _check_events(description, most, where="flow"):
    for value in parts_in(description):
        part = Described(value)
        for field in part.fields:
            if field in SHAPES and part.event(field) > most:
                raise CheckpointError(
                    f"{where} must be as wide as its tensors say; got events of {part.event(field):.2g} numbers, "
                    f"in {part.count(field):.0f} axes"
                )
            _check_events(part.part(field), most, f"{where}.{field}")


# --- transformers and conditionals: how many parameters a variable has ---

PER_VARIABLE: dict[str, Callable[[Described], float]] = {
    **dict.fromkeys(("Exp", "LeakyReLU", "Sigmoid", "Softplus", "Tanh"), lambda h: 0.0),
    **dict.fromkeys(("Shift", "Bernoulli"), lambda h: 1.0),
    **dict.fromkeys(("Affine", "VolumePreserving", "Gaussian"), lambda h: 2.0),
    "Squared": lambda h: 5.0,
    "DeepSigmoid": lambda h: 3 * h.whole("units"),
    "DeepDenseSigmoid": lambda h: 2 * h.dense(1, 1, "widths") + sum(w * (w + 2) for w in h.all("widths")),
    "LogisticMixtureCDF": lambda h: 3 * h.whole("components") + 2,
    "UMNN": lambda h: 3 * h.whole("hidden") + 2,
    "LinearSpline": lambda h: h.whole("bins"),
    "QuadraticSpline": lambda h: 2 * h.whole("bins"),
    "CubicSpline": lambda h: 2 * h.whole("bins"),
    "RationalQuadraticSpline": lambda h: 3 * h.whole("bins"),
    "InverseTransformer": lambda h: per_variable(h.part("transformer")),
    "Categorical": lambda h: h.whole("levels"),
    "MixtureOfGaussians": lambda h: 3 * h.whole("components"),
}


def per_variable(description: Any) -> float:
    """P of a transformer or a conditional."""
    formula = PER_VARIABLE.get(description["part"]) if is_part(description) else None
    return 0.0 if formula is None else formula(Described(description))


# --- networks: from n_in to n_out numbers ---

NETWORKS: dict[str, Callable[[Described, float, float], float]] = {
    **dict.fromkeys(("MLP", "MADE"), lambda net, n_in, n_out: net.dense(n_in, n_out)),
    "LipschitzMLP": lambda net, n_in, n_out: net.dense(n_in, n_out) + 2 * sum(net.all("hidden")),
    **dict.fromkeys(("ConvNet", "LipschitzConv"), lambda net, n_in, n_out: net.kernels(1, 1)),
    "ConvFeatures": lambda net, n_in, n_out: net.kernels(net.first("shape"), 1, "channels") + net.dense(1, n_out),
    "ConvDecoder": lambda net, n_in, n_out: net.kernels(1, net.first("shape"), "channels") + net.dense(n_in, 1),
    "ResidualConvNet": lambda net, n_in, n_out: (
        (2 * net.whole("blocks") * net.whole("hidden") ** 2 + 2 * net.whole("hidden")) * net.largest("kernels") ** 2
        + PART * net.whole("blocks")
    ),
    "Heads": lambda net, n_in, n_out: sum(network(each, n_in, 1) for each in parts_in(net.part("networks"))),
    "StandardizedInput": lambda net, n_in, n_out: 2 * n_in + network(net.part("network"), n_in, n_out),
    "Field": lambda net, n_in, n_out: network(net.part("network"), n_in + 1 + 2 * net.whole("frequencies"), n_out),
    "ProbabilityFlow": lambda net, n_in, n_out: network(net.part("denoiser"), n_in, n_out),
}


def network(description: Any, n_in: float, n_out: float) -> float:
    """The numbers of a network, or of a velocity."""
    formula = NETWORKS.get(description["part"]) if is_part(description) else None
    return 0.0 if formula is None else PART + formula(Described(description), n_in, n_out)


# --- layers, densities and models ---


def _by_network(part, event, outputs, field="conditioner"):
    columns = part.whole("context_dim")  # at least one weight each, whatever the network
    return columns + network(part.part(field), event + columns, outputs)


def _autoregressive(part, of_variable):
    D = part.whole("dim")
    return D + _by_network(part, D, D * per_variable(part.part(of_variable)))


def _reflected(part):
    D, given = part.whole("dim"), part.fields.get("reflections")
    count = D if given is None else part.whole("reflections")
    return count * (D + count)  # with the triangle that takes all of them at once


def _channels_squared(part):
    C = part.first("shape")
    return C**2 * max(part.whole("kernel"), 1.0) ** 2 + PART * 4


def _conditioned(part, inside):
    return network(part.part("network"), part.whole("context_dim"), inside)


# `inside` is the size of all parts inside of it.
OWN: dict[str, Callable[[Described, float], float]] = {
    "Autoregressive": lambda part, inside: _autoregressive(part, "transformer"),
    "AutoregressiveDensity": lambda part, inside: _autoregressive(part, "conditional"),
    "Coupling": lambda part, inside: _by_network(
        part, part.count("mask"), part.count("mask") * per_variable(part.part("transformer"))
    ),
    "Elementwise": lambda part, inside: part.event("dim") * per_variable(part.part("transformer")),
    "Conditioned": _conditioned,
    "ConditionedBase": _conditioned,
    "Continuous": lambda part, inside: _by_network(part, part.whole("dim"), part.whole("dim"), "field"),
    "Residual": lambda part, inside: _by_network(part, part.event("shape"), part.event("shape"), "network"),
    "Stack": lambda part, inside: max(part.whole("count") - 1, 0) * inside,
    "MaskEnsemble": lambda part, inside: PART * part.whole("masks"),
    **dict.fromkeys(
        ("Linear", "PLU", "Triangular", "Remainder", "Whiten"), lambda part, inside: part.whole("dim") ** 2
    ),
    "Diagonal": lambda part, inside: part.whole("dim"),
    "Householder": lambda part, inside: _reflected(part),
    "QR": lambda part, inside: part.whole("dim") ** 2 + _reflected(part),
    **dict.fromkeys(("Conv1x1", "MaskedConv", "EmergingConv"), lambda part, inside: _channels_squared(part)),
    "Sylvester": lambda part, inside: (part.whole("rank") + part.whole("dim")) ** 2,
    **dict.fromkeys(("Planar", "Radial"), lambda part, inside: 2 * part.whole("dim")),
    **dict.fromkeys(("ActNorm", "Standardize"), lambda part, inside: 4 * part.first("dim")),
    "BatchNorm": lambda part, inside: 4 * part.first("shape"),
    "Simplex": lambda part, inside: part.whole("K"),
    **dict.fromkeys(("FittedTails", "StudentT"), lambda part, inside: 2 * part.whole("dim")),
    "DiagonalNormal": lambda part, inside: 2 * part.event("dim"),
    "GaussianMixture": lambda part, inside: part.whole("components") * (2 * part.whole("dim") + 1),
    "AutoEncoder": lambda part, inside: (
        network(part.part("encoder"), 1, part.whole("dim"))
        + network(part.part("decoder"), part.whole("dim"), 1)
        + part.whole("dim") ** 2
    ),
    "FreeForm": lambda part, inside: network(part.part("encoder"), 1, 1) + network(part.part("decoder"), 1, 1),
    "GAN": lambda part, inside: (
        network(part.part("generator"), part.whole("dim"), 1) + network(part.part("critic"), 1, 1)
    ),
    **dict.fromkeys(
        ("VAE", "InfoVAE"),
        lambda part, inside: network(part.part("encoder"), 1, 1) + network(part.part("decoder"), 1, 1),
    ),
    "Flow": lambda part, inside: network(part.part("embed"), 1, 1),
}

OF_ITS_PARTS = {  # whatever their fields are, they make nothing of their own
    *("Blocks", "Bounds", "Chain", "Inverse", "MultiScale", "NumericInverse", "Permutation", "Recomputed"),
    *("PixelLevels", "Reshape", "Squeeze", "StandardLogistic", "StandardNormal", "Dequantized"),
    *("BernoulliLikelihood", "NormalLikelihood", "NumericTransformer", "Dopri5", "RK4"),
}


def size(value: Any) -> float:
    """The size of all parts in a description. Networks and transformers count where they are used: here as objects."""
    return sum(map(_size, parts_in(value)))


def _size(description):
    part = Described(description)
    inside = sum(map(size, part.fields.values()))
    own = OWN.get(part.name)
    return PART + inside + (0.0 if own is None else own(part, inside))
