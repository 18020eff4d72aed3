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
