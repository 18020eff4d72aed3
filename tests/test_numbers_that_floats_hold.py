"""A whole number beyond the largest float is no float; what is divided by has an inverse that is finite in float32."""

import inspect
import json
import re

import numpy as onp
import pytest
from test_bounds_of_arguments import REALS

import nfscratch as nf
from nfscratch import typed_fields, validate
from nfscratch.checkpoint.description import registry
from nfscratch.checkpoint.rebuilding import build
from nfscratch.training import objectives

HUGE = 10**400


@pytest.mark.parametrize("name", REALS)
def test_a_whole_number_that_no_float_holds_is_refused_by_name(name):
    make, called = REALS[name]
    with pytest.raises((ValueError, TypeError), match=f"^{called} must be "):
        make(HUGE)


FLOATS = [
    (name, field)
    for name, part in registry().items()
    for field, hint in typed_fields.stated(part).items()
    if hint in (float, float | None)
]


@pytest.mark.parametrize(("name", "field"), FLOATS)
def test_in_a_file_such_a_number_is_refused_in_every_field_that_is_a_float(name, field):
    description = {"part": name, "fields": {field: json.loads("1" + "0" * 400)}}
    with pytest.raises(nf.CheckpointError, match=rf"{field} must be a number( or None)?, finite as a float; got 1000"):
        build(description)


def test_the_same_in_a_list_beside_small_ones():
    assert typed_fields.fits((1.0, 2, 3), tuple[float, ...])
    assert not typed_fields.fits((1.0, 2, -HUGE, 3), tuple[float, ...])
    with pytest.raises(TypeError, match=r"high must be a list, each entry a number, finite as a float; got .10000"):
        nf.Bounds([0.0], [HUGE])


@pytest.mark.parametrize(
    "call",
    [
        lambda: objectives.elbo(None, None, None, 0, 1, inverse_temperature=HUGE),
        lambda: nf.flows.maf(2, support=(0, HUGE)),
        lambda: nf.fit(nf.flows.maf(2), onp.ones((30, 2)), rng=0, epochs=HUGE),
    ],
)
def test_functions_refuse_it_too(call):
    with pytest.raises((ValueError, TypeError), match=r"must be .*; got "):
        call()


def test_a_finite_number_is_one_that_a_float_holds():
    for good in (0, 1.5, onp.float32(2), int(1e308), onp.int64(3)):
        assert validate.is_finite(good)
    for bad in (True, HUGE, -HUGE, onp.inf, onp.nan, "1", None, onp.ones(1)):
        assert not validate.is_finite(bad)


# --- too small ---


def limits():
    """Every part with a max_log_scale."""
    return [part for part in registry().values() if "max_log_scale" in inspect.signature(part).parameters]


@pytest.mark.parametrize("part", limits())
def test_what_a_parameter_is_divided_by_has_a_finite_inverse_in_float32(part):
    size = {key: 2 for key in ("dim", "components") if key in inspect.signature(part).parameters}
    for good in (1e-30, 1e30):
        part(**size, max_log_scale=good)
    for wrong in (9e-31, 1e-320, 5e-324):
        with pytest.raises(ValueError, match=f"max_log_scale must be at least 1e-30, to be divided by; got {wrong}"):
            part(**size, max_log_scale=wrong)
    for wrong in (1.1e30, 3.5e38, 1e308):
        large = re.escape(f"max_log_scale must be at most 1e30, to be a number of float32; got {wrong}")
        with pytest.raises(ValueError, match=large):
            part(**size, max_log_scale=wrong)


SCALES = {  # what is multiplied, and what is divided by too
    "rtol": (lambda v: nf.ode.Dopri5(rtol=v), False),
    "atol": (lambda v: nf.ode.Dopri5(atol=v), False),
    "spread": (lambda v: nf.GaussianMixture(2, 2, v), False),
    "beta": (lambda v: nf.models.FreeForm(nf.MLP(), nf.MLP(), beta=v), False),
    "eps": (lambda v: nf.BatchNorm(2, eps=v), True),
    "scale": (nf.models.NormalLikelihood, True),
    **{
        f"gain of {part.__name__}": (lambda v, part=part, shape=shape: part(*shape, gain=v), False)
        for part, shape in (
            *((part, ()) for part in (nf.MLP, nf.MADE, nf.ConvNet, nf.ResidualConvNet, nf.LipschitzMLP)),
            *((part, ((1, 8, 8),)) for part in (nf.ConvFeatures, nf.ConvDecoder)),
        )
    },
}


def test_other_scales_are_numbers_of_float32_too():
    for name, (make, divides) in SCALES.items():
        make(1e30), make(1e-30)
        for wrong in (1.1e30, 1e308):
            with pytest.raises(ValueError, match=f"{name.split()[0]} must be at most 1e30, to be a number of float32"):
                make(wrong)
        if divides:
            with pytest.raises(ValueError, match=f"{name} must be at least 1e-30, to be divided by; got 5e-324"):
                make(5e-324)
        else:
            make(1e-300)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_least_and_the_largest_scale_give_numbers(dtype):
    nf.use(dtype=dtype)
    rng = onp.random.default_rng
    try:
        for c in (1e-30, 1e30):
            units = [
                nf.Elementwise(h, 2)
                for h in (nf.Squared(max_log_scale=c), nf.Affine(c), nf.DeepSigmoid(2, max_log_scale=c))
            ]
            for layer in (*units, nf.PLU(2, max_log_scale=c), nf.QR(2, max_log_scale=c), nf.BatchNorm(2, eps=c)):
                flow = nf.Flow(nf.StandardNormal(2), layer)
                params = nf.trees.map_leaves(lambda leaf: 1.1 * leaf + leaf.dtype.type(0.1), flow.init(rng(0)))
                assert onp.isfinite(flow.log_prob(params, onp.zeros((2, 2)))).all(), layer
                assert onp.isfinite(flow.sample(params, rng(1), 2)).all(), layer
    finally:
        nf.use(dtype="float64")


def test_bounds_and_lengths_are_neither_too_small_nor_too_large():
    vae = lambda bandwidth: nf.models.InfoVAE(  # noqa: E731
        nf.MLP((4,)), nf.MLP((4,)), nf.flows.posterior(2, 4), bandwidth=bandwidth
    )
    bounds = ((nf.UMNN, "bound"), (nf.CubicSpline, "bound"), (nf.ProbabilityFlow, "duration"), (vae, "bandwidth"))
    for part, name in bounds:
        part(**{name: 1e-18}), part(**{name: 1e18})
        with pytest.raises(ValueError, match=r"must be at least 1e-18; got 5e-324"):
            part(**{name: 5e-324})
        with pytest.raises(ValueError, match=r"must be at most 1e18; got 1e\+308"):
            part(**{name: 1e308})
    nf.Bounds([0.0], [1e-323])
    with pytest.raises(ValueError, match=r"low and high must have numbers between them; got 0\.0 and 5e-324"):
        nf.Bounds([0.0], [5e-324])
