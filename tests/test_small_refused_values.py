"""A value just beyond its bound is refused where a part is made, by the name of the argument; one at it is not."""

from functools import partial

import numpy as onp

import nfscratch as nf

INF, NAN = float("inf"), float("nan")
MADE = nf.MADE((4,))
NOT_POSITIVE = (0.0, -1.0, INF, NAN)
DIVISOR = (0.0, -1.0, 9e-31, INF)  # at least 1e-30
COUNT = (0, -1)
IMAGE = (2, 4, 4)
SHAPE = {"shape": IMAGE}
DIM = {"dim": 3}

# the part, arguments that it takes, then for each argument: values refused, a value taken
NETS = [
    (nf.ConvNet, {}, {"gain": (NOT_POSITIVE, 1e-9), "context_channels": ((-1,), 0), "activation": (("no",), "tanh")}),
    (nf.ConvNet, {}, {"kernels": ((2, (3, 3), (3, 3, 4)), (3, 5, 3)), "hidden": (((0,), (4, -1)), (1, 2))}),
    (nf.ConvDecoder, SHAPE, {"step": (COUNT, 1), "gain": (NOT_POSITIVE, 0.1), "activation": (("no",), "silu")}),
    (nf.ConvDecoder, SHAPE, {"channels": (((),), (1,)), "shape": (((4, 4), 7), IMAGE)}),
    (nf.ConvFeatures, SHAPE, {"step": (COUNT, 1), "gain": (NOT_POSITIVE, 0.1), "activation": (("no",), "silu")}),
    (nf.Field, {}, {"frequencies": ((-1,), 0)}),
    (nf.LipschitzMLP, {}, {"coefficient": ((0.0, -0.5, 1.0, 2.0, NAN), 0.999), "activation": (("relu6",), "tanh")}),
    (nf.LipschitzMLP, {}, {"gain": (NOT_POSITIVE, 0.2), "tolerance": (NOT_POSITIVE, 0.5)}),
    (nf.MADE, {}, {"gain": (NOT_POSITIVE, 0.2), "activation": (("no",), "silu"), "hidden": (((0,),), (1,))}),
    (nf.MLP, {}, {"gain": (NOT_POSITIVE, 0.2), "activation": (("no",), "silu"), "hidden": (((0,),), (1,))}),
    (nf.ResidualConvNet, {}, {"gain": (NOT_POSITIVE, 0.2), "activation": (("no",), "silu"), "hidden": (COUNT, 1)}),
    (nf.ResidualConvNet, {}, {"blocks": (COUNT, 1), "context_channels": ((-1,), 0)}),
    (nf.ProbabilityFlow, {}, {"duration": ((0.0, 9e-19, 1.1e18, INF), 1.0)}),
]
TRANSFORMERS = [
    (nf.Affine, {}, {"max_log_scale": (DIVISOR, 1e-30)}),
    (nf.DeepSigmoid, {}, {"units": (COUNT, 1), "max_log_scale": (DIVISOR, 1e-30)}),
    (nf.DeepDenseSigmoid, {}, {"max_log_scale": (DIVISOR, 1e-30), "widths": (((), (0,), (3, -1)), (1,))}),
    (nf.LogisticMixtureCDF, {}, {"components": (COUNT, 1), "max_log_scale": (DIVISOR, 1e-30)}),
    (nf.Squared, {}, {"max_log_scale": (DIVISOR, 1e-30), "margin": ((0.0, 1.0, -0.1, 1.1, NAN), 0.5)}),
    (nf.UMNN, {}, {"hidden": (COUNT, 1), "points": ((1, 0), 2), "bound": ((0.0, 9e-19, INF), 1e-18)}),
    (nf.UMNN, {}, {"steepness": ((1.0, 0.5, INF, NAN), 1.1), "minimum": ((0.0, 1.0, -0.1, 1.1), 0.5)}),
    (
        nf.RationalQuadraticSpline,
        {},
        {"bins": (COUNT, 2), "bound": ((0.0, INF), 1.0), "minimum": ((0.0, 1.0, -1.0), 1e-9)},
    ),
    (nf.RationalQuadraticSpline, {"minimum": 0.25}, {"bins": ((5,), 4)}),
]
BIJECTIONS = [
    (
        partial(nf.Autoregressive, transformer=nf.Affine(), conditioner=MADE),
        DIM,
        {"dim": (COUNT, 1), "context_dim": ((-1,), 0)},
    ),
    (partial(nf.Coupling, nf.Affine(), [True, False], nf.MLP((3,))), {}, {"context_dim": ((-1,), 0)}),
    (partial(nf.Conditioned, nf.Planar(2)), {}, {"context_dim": (COUNT, 1)}),
    (nf.Continuous, {}, {"dim": (COUNT, 1), "probes": ((0, 10_001), 10_000), "context_dim": ((-1,), 0)}),
    (nf.Continuous, {}, {"trace": (("no",), "hutchinson"), "gradient": (("no",), "adjoint")}),
    (
        nf.Residual,
        {"shape": 2},
        {"terms": ((0, 10_001), 10_000), "probes": ((0, 10_001), 1), "context_dim": ((-1,), 0)},
    ),
    (nf.Residual, {"shape": 2}, {"stop": ((0.0, -0.1, 1.0, 1.5), 0.99), "log_det": (("no",), "series")}),
    (nf.Residual, {"shape": 2}, {"gradient": (("no",), "neumann"), "solver": (("no",), "anderson")}),
    (nf.PixelLevels, SHAPE, {"values": (COUNT, 1), "alpha": ((-0.01, 0.5, 0.6), 0.49)}),
    (nf.MaskedConv, SHAPE, {"kernel": ((0, 2, -1), 1), "shape": (((4, 4), 7), IMAGE)}),
    (nf.Squeeze, {}, {"shape": (((2, 3, 4), (2, 4, 3), 4), (2, 2, 4))}),
    (nf.Conv1x1, {}, {"shape": (((0, 4, 4), (2, 0, 4), (2, 4, 0), (2, 4)), IMAGE)}),
    (nf.PLU, DIM, {"dim": (COUNT, 1), "seed": ((-1,), 0), "max_log_scale": (DIVISOR, 1.0)}),
    (nf.QR, DIM, {"dim": (COUNT, 1), "reflections": (COUNT, 1), "max_log_scale": (DIVISOR, 1.0)}),
    (nf.Householder, DIM, {"dim": (COUNT, 1), "reflections": (COUNT, 1)}),
    (nf.Triangular, DIM, {"dim": (COUNT, 1), "max_log_scale": (DIVISOR, 1.0)}),
    (nf.Diagonal, DIM, {"dim": (COUNT, 1), "max_log_scale": (DIVISOR, 1.0)}),
    (nf.Planar, DIM, {"dim": (COUNT, 1)}),
    (nf.Radial, DIM, {"dim": (COUNT, 1)}),
    (
        nf.Sylvester,
        {**DIM, "rank": 1},
        {"dim": (COUNT, 1), "rank": ((0, -1, 4), 3), "orthogonal": (("no",), "triangular")},
    ),
    (nf.Sylvester, {**DIM, "rank": 1, "orthogonal": "qr"}, {"flip": ((True,), False)}),
    (nf.BatchNorm, {"shape": 2}, {"momentum": ((-0.1, 1.0, NAN), 0.0), "eps": (NOT_POSITIVE, 1e-9)}),
    (nf.Whiten, DIM, {"dim": (COUNT, 1), "kind": (("no",), "robust"), "floor": ((-0.1, INF), 0.0)}),
    (nf.Standardize, DIM, {"kind": (("no",), "robust")}),
    (nf.Simplex, {}, {"K": ((1, 0), 2)}),
    (partial(nf.Stack, nf.Planar(2)), {}, {"count": (COUNT, 1)}),
]
DISTRIBUTIONS = [
    (nf.StudentT, DIM, {"dim": (COUNT, 1), "dof": ((0.199, 0.0, NAN), 0.2)}),
    (nf.StudentT, DIM, {"dof": ((400.1, INF), 400.0)}),
    (
        nf.GaussianMixture,
        {**DIM, "components": 2},
        {"dim": (COUNT, 1), "components": (COUNT, 1), "spread": (NOT_POSITIVE, 0.1)},
    ),
]
TRAINING = [
    (nf.adam, {}, {"rate": (NOT_POSITIVE, 1e-9), "b1": ((-0.1, 1.0, NAN), 0.0), "b2": ((-0.1, 1.0, NAN), 0.0)}),
    (nf.adam, {}, {"eps": (NOT_POSITIVE, 1e-9), "weight_decay": ((-0.1, INF), 0.0)}),
]


def wrong(cases):
    """What was taken though it is beyond a bound, or refused though it is at it, or is not named."""
    found = []
    for make, given, arguments in cases:
        for name, (beyond, at) in arguments.items():
            make(**{**given, name: at})
            for value in beyond:
                try:
                    make(**{**given, name: value})
                    found.append((make, name, value, "was taken"))
                except ValueError as error:
                    if not {name, make.__name__ if isinstance(make, type) else name} & set(str(error).split()):
                        found.append((make, name, value, str(error)))
    return found


def test_networks_refuse_values_beyond_their_bounds():
    assert wrong(NETS) == []


def test_transformers_refuse_values_beyond_their_bounds():
    assert wrong(TRANSFORMERS) == []


def test_layers_refuse_values_beyond_their_bounds():
    assert wrong(BIJECTIONS) == []


def test_bases_refuse_values_beyond_their_bounds():
    assert wrong(DISTRIBUTIONS) == []


def test_adam_refuses_values_beyond_its_bounds():
    assert wrong(TRAINING) == []


def test_whole_numbers_of_numpy_become_plain_ones():
    assert type(nf.Continuous(dim=onp.int64(3)).dim) is int
    assert type(nf.Residual(2, terms=onp.uint8(7)).terms) is int
