"""What stands inside of other parts: networks, velocities, solvers and conditionals, by name, each drawn small.

Each is a function of `draw`, as inside of a Hypothesis composite.
"""

from hypothesis import strategies as st

import nfscratch as nf

SMOOTH = ("tanh", "silu", "elu")
ACTIVATIONS = ("relu", *SMOOTH)
LIPSCHITZ = ("tanh", "elu", "lipswish")


def pick(draw, *values):
    return draw(st.sampled_from(values))


def widths(draw, most=2, least=0):
    return tuple(draw(st.lists(st.integers(1, 5), min_size=least, max_size=most)))


def mlp(draw):
    return nf.MLP(widths(draw), pick(draw, *ACTIVATIONS))


def made(draw):
    return nf.MADE(widths(draw), pick(draw, *ACTIVATIONS))


def heads(draw):
    return nf.Heads((mlp(draw), mlp(draw)))


def conditioner(draw):
    """Of a coupling with two numbers for each variable."""
    return pick(draw, mlp, heads)(draw)


def smooth_mlp(draw):
    return nf.MLP(widths(draw), pick(draw, *SMOOTH))


def field(draw):
    return nf.Field(smooth_mlp(draw), draw(st.integers(0, 2)))


def lipschitz(draw):
    return nf.LipschitzMLP(widths(draw, least=1), pick(draw, 0.3, 0.9), pick(draw, *LIPSCHITZ))


NETWORKS = {
    "MLP": mlp,
    "MADE": made,
    "Heads": heads,
    "ConvNet": lambda draw: nf.ConvNet((draw(st.integers(1, 3)),), pick(draw, *ACTIVATIONS)),
    "ResidualConvNet": lambda draw: nf.ResidualConvNet(draw(st.integers(1, 3)), 1, pick(draw, *ACTIVATIONS)),
    "LipschitzMLP": lipschitz,
    "LipschitzConv": lambda draw: nf.LipschitzConv((2,), 0.8, pick(draw, "tanh", "elu"), kernels=(3, 3)),
    "ConvFeatures": lambda draw: nf.ConvFeatures((1, 4, 4), (2,), (3,), pick(draw, *ACTIVATIONS)),
    "StandardizedInput": lambda draw: nf.StandardizedInput(mlp(draw)),
    "Field": field,
    "ProbabilityFlow": lambda draw: nf.ProbabilityFlow(field(draw)),
}
SOLVERS = {
    "RK4": lambda draw: nf.ode.RK4(draw(st.integers(2, 6))),
    "Dopri5": lambda draw: nf.ode.Dopri5(1e-9, 1e-9),
}
CONDITIONALS = {
    "Bernoulli": lambda draw: nf.Bernoulli(),
    "Categorical": lambda draw: nf.Categorical(draw(st.integers(2, 5))),
    "Gaussian": lambda draw: nf.Gaussian(pick(draw, 1.0, 3.0)),
    "MixtureOfGaussians": lambda draw: nf.MixtureOfGaussians(draw(st.integers(1, 4)), pick(draw, 1.0, 3.0)),
}
