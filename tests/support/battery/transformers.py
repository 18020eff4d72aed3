"""Transformers by name, each a function of `draw`."""

from hypothesis import strategies as st

import nfscratch as nf
from battery.networks import pick, widths

BOUNDS = (1.0, 3.0, 5.0, 500.0)


def scale(draw):
    return pick(draw, 0.5, 3.0)


def spline(kind, least=1):
    def of(draw):
        return kind(draw(st.integers(least, 9)), pick(draw, *BOUNDS), draw(st.booleans()), pick(draw, 1e-3, 1e-2, 0.1))

    return of


def sigmoid(draw):
    low = pick(draw, 0.0, -2.0, 1e3)
    return nf.Sigmoid(low, low + pick(draw, 1.0, 5.0))


TRANSFORMERS = {
    "Shift": lambda draw: nf.Shift(),
    "Affine": lambda draw: nf.Affine(scale(draw)),
    "VolumePreserving": lambda draw: nf.VolumePreserving(scale(draw)),
    "Squared": lambda draw: nf.Squared(pick(draw, 0.05, 0.5), scale(draw)),
    "LinearSpline": spline(nf.LinearSpline),
    "QuadraticSpline": spline(nf.QuadraticSpline, 2),
    "CubicSpline": spline(nf.CubicSpline, 3),
    "RationalQuadraticSpline": spline(nf.RationalQuadraticSpline),
    "LogisticMixtureCDF": lambda draw: nf.LogisticMixtureCDF(draw(st.integers(1, 5)), scale(draw)),
    "DeepSigmoid": lambda draw: nf.DeepSigmoid(draw(st.integers(1, 5)), scale(draw)),
    "DeepDenseSigmoid": lambda draw: nf.DeepDenseSigmoid(widths(draw, least=1), scale(draw)),
    "UMNN": lambda draw: nf.UMNN(draw(st.integers(1, 3)), pick(draw, 48, 96)),
    "Exp": lambda draw: nf.Exp(),
    "Softplus": lambda draw: nf.Softplus(),
    "Sigmoid": sigmoid,
    "Tanh": lambda draw: nf.Tanh(),
    "LeakyReLU": lambda draw: nf.LeakyReLU(pick(draw, 0.01, 0.3, 4.0)),
    "InverseTransformer": lambda draw: nf.Inverse(pick(draw, *IN_BOTH_DIRECTIONS)(draw)),
}
IN_BOTH_DIRECTIONS = [
    make for name, make in TRANSFORMERS.items() if name not in ("InverseTransformer", "Exp", "Softplus", "Tanh")
]
ONE_AT_A_TIME = [  # onto all reals, with parameters that a network can give
    *(TRANSFORMERS[name] for name in ("Shift", "Affine", "Squared", "LogisticMixtureCDF", "UMNN")),
    lambda draw: nf.RationalQuadraticSpline(4),
    lambda draw: nf.Inverse(nf.QuadraticSpline(4)),
]
CONDITIONED = [*ONE_AT_A_TIME, TRANSFORMERS["VolumePreserving"]]


def alone(name):
    """The transformer of this name, with parameters of its own for each of 1 to 9 variables."""
    return lambda draw: nf.Elementwise(TRANSFORMERS[name](draw), draw(st.integers(1, 9)))
