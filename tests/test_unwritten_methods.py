"""A part whose class does not write a method that its contract asks for says so when it is called, by the class's name.

Without the message a method that returns nothing fails far from there, as "cannot unpack non-iterable NoneType".
"""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.bijections.low_rank.layer import LowRank
from nfscratch.bijections.numeric import NumericInverse
from nfscratch.bijections.traits import Derived
from nfscratch.distributions import Conditional, Distribution
from nfscratch.nets.lipschitz import Lipschitz
from nfscratch.nets.standardized import StandardizedInput
from nfscratch.training.objectives import Objective
from nfscratch.transformers.splines.spline import Spline

Z = onp.zeros((3, 2))
RNG = onp.random.default_rng(0)
UNWRITTEN = {  # class, what its constructor takes, and the methods with their arguments; () is a property
    nf.Bijection: ((), {"in_shape": (), "forward": ({}, Z), "inverse": ({}, Z)}),
    NumericInverse: ((), {"forward": ({}, Z), "solve": ({}, Z), "inverse": ({}, Z)}),
    Derived: ((), {"derive": None, "in_shape": ()}),
    Linear: ((2,), {"shapes": (), "matrix": ({},), "apply": ({}, Z), "solve": ({}, Z)}),
    LowRank: ((2,), {"pieces": ({},), "pieces_vjp": ({},)}),
    nf.Transformer: ((), {"forward": (Z, Z), "inverse": (Z, Z)}),
    Spline: ((), {"table": (Z,)}),
    Distribution: ((), {"shape": (), "log_prob": ({}, Z), "sample": ({}, RNG, 3)}),
    Conditional: ((), {"log_prob": (Z, Z), "noise": (RNG, 3, 2, Z), "draw": (Z, Z)}),
    nf.Network: ((), {"init": (RNG, 2, 2), "apply": ({}, Z)}),
    nf.Velocity: ((), {"init": (RNG, 2), "apply": ({}, Z, 0.0)}),
    Lipschitz: ((), {"inner": ()}),
    Objective: (
        (),
        {"value": (None, {}, Z, None, RNG, None), "value_and_grad": (None, {}, Z, None, RNG, None, None)},
    ),
}
CALLS = [(base, method) for base, (_, methods) in UNWRITTEN.items() for method in methods]


@pytest.mark.parametrize(("base", "method"), CALLS, ids=[f"{base.__name__}.{method}" for base, method in CALLS])
def test_a_method_that_is_not_written_says_so(base, method):
    given, methods = UNWRITTEN[base]
    part = type("Unwritten", (base,), {})(*given)
    arguments = methods[method]
    with pytest.raises(NotImplementedError, match=r"^Unwritten (has no|does not) "):
        found = getattr(part, method)
        found(*(arguments or ()))


@pytest.mark.parametrize("part", [nf.Network(), nf.Velocity(), nf.Bijection(), Distribution(), nf.Transformer()])
def test_a_part_that_says_nothing_of_updates_has_none(part):
    assert not getattr(part, "updates", False)
    params = {"W": Z}
    if hasattr(part, "update"):
        arguments = (params, Z) if isinstance(part, nf.Bijection) else (params,)
        assert part.update(*arguments) is params


ANYWHERE = (-onp.inf, onp.inf)
UNSAID = {  # what a part says of itself where its class does not
    nf.Bijection: {
        **{"context_dim": 0, "jacobian_structure": "dense", "forward_cost": "one pass", "inverse_cost": "one pass"},
        **{"updates": False, "update_sees_data": False, "data_side_only": False, "stochastic": False, "smooth": True},
        **{"accuracy": 0.0, "domain": ANYWHERE, "codomain": ANYWHERE, "stack_vjp": None, "stack_value": None},
    },
    nf.Transformer: {
        **{"n_params": 1, "identity_at_zero": True, "least_width": 1, "forward_cost": "one pass", "smooth": True},
        **{"inverse_cost": "one pass", "domain": ANYWHERE, "codomain": ANYWHERE},
    },
    Distribution: {"context_dim": 0, "updates": False, "reparameterized": True, "support": ANYWHERE},
    Conditional: {"n_params": 1, "n_levels": 0},
    nf.Network: {"updates": False, "keeps_width": False, "in_shape": None, "sees_images": False},
    nf.Velocity: {"updates": False},
    NumericInverse: {"forward_cost": "one pass", "inverse_cost": "iterative"},
    Spline: {"least_bins": 1, "n_params": 1},
    Lipschitz: {"updates": True},
}


@pytest.mark.parametrize("base", UNSAID, ids=lambda base: base.__name__)
def test_what_is_not_said_is_the_plain_case(base):
    part = type("Unwritten", (base,), {})()
    for name, value in UNSAID[base].items():
        assert (getattr(part, name), type(getattr(part, name))) == (value, type(value)), name


SAID = {  # and what the package's own classes say, where it is a constant
    **{"n_params": {"Shift": 1, "Affine": 2, "VolumePreserving": 2, "Squared": 5, "Exp": 0, "Sigmoid": 0, "Tanh": 0}},
    **{"least_width": {"VolumePreserving": 2, "Affine": 1}, "identity_at_zero": {"Affine": True, "Exp": False}},
    **{"least_bins": {"LinearSpline": 1, "QuadraticSpline": 2, "CubicSpline": 3, "RationalQuadraticSpline": 1}},
    **{"smooth": {"LeakyReLU": False, "LinearSpline": False, "Affine": True, "CubicSpline": True}},
    **{"n_levels": {"Bernoulli": 2, "Gaussian": 0}, "reparameterized": {"StudentT": False, "GaussianMixture": False}},
}
SIZES = {  # of theta: what it is made of
    **{nf.LinearSpline(5): 5, nf.QuadraticSpline(5): 9, nf.CubicSpline(5): 8, nf.RationalQuadraticSpline(5): 14},
    **{nf.LinearSpline(5, circular=True): 5, nf.RationalQuadraticSpline(5, circular=True): 15},
    **{nf.QuadraticSpline(5, circular=True): 10, nf.CubicSpline(5, circular=True): 10},
    **{nf.DeepSigmoid(6): 18, nf.LogisticMixtureCDF(4): 14, nf.UMNN(6): 20, nf.DeepDenseSigmoid((3, 2)): 27},
    **{nf.MixtureOfGaussians(4): 12, nf.Categorical(5): 5, nf.Gaussian(): 2, nf.Bernoulli(): 1},
}


def test_constants_of_the_packages_own_classes():
    for name, known in SAID.items():
        assert {part: getattr(getattr(nf, part), name) for part in known} == known, name


def test_the_count_of_parameters_of_a_transformer_is_that_of_its_formula():
    assert {repr(part): part.n_params for part in SIZES} == {repr(part): count for part, count in SIZES.items()}


class Bare:
    """A network of a caller's own, which is no nf.Network: the methods that are called, and nothing said of itself."""

    def init(self, rng, n_in, n_out, context_dim=0):
        return onp.ones((n_out, n_in + context_dim))

    def apply(self, params, x, context=None):
        return (x if context is None else onp.concatenate((x, context), axis=1)) @ params.T

    def apply_vjp(self, params, x, context=None):
        return self.apply(params, x, context), lambda g: (g.T @ x, g @ params[:, : x.shape[1]], None)


def test_a_network_that_says_nothing_sees_rows_and_is_not_updated():
    bare, moving = Bare(), nf.LipschitzMLP((3,))
    heads = nf.Heads((bare, moving))
    params = heads.init(RNG, 2, 4)
    assert heads.updates and heads.update(params)[0] is params[0]
    assert not nf.Heads((bare, bare)).updates and not nf.Heads((bare, nf.MLP((3,)))).sees_images
    with pytest.raises(ValueError, match="all see images"):
        nf.Heads((bare, nf.ConvNet((2,))))
    layers = [nf.Coupling(nf.Affine(), nf.half_mask(2), bare), nf.Conditioned(nf.Planar(2), bare, 2)]
    for layer in layers:
        assert not layer.updates and layer.update(params, Z) is params
    moved = nf.Conditioned(nf.Chain([nf.BatchNorm(2), nf.Planar(2)]), bare, 2)
    params = moved.init(RNG, None, Z)
    assert moved.updates and moved.update(params, Z, Z)["network"] is params["network"]
    for around in (nf.Field(bare), nf.Continuous(nf.Field(bare), 2)):
        assert not around.updates
    scaled = StandardizedInput(bare)
    assert not scaled.updates and scaled.in_shape is None and scaled.n_in(scaled.init(RNG, 5, 4)) == 5
