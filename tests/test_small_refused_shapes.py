"""Arrays of another shape are refused by the layer's name; recipes refuse by the argument's name; pixels by value."""

import autograd
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import backend
from nfscratch.flows import pixels

IMAGE, FLOWS = (2, 4, 4), nf.flows
LAYERS = {  # a layer, and the shape that its forward takes
    nf.Elementwise(nf.Affine(), 3): (3,),
    nf.MaskedConv(IMAGE): IMAGE,
    nf.PixelLevels(IMAGE, 8): IMAGE,
    nf.Squeeze(IMAGE): (8, 2, 2),
    nf.ActNorm(3): (3,),
    nf.BatchNorm(3): (3,),
    nf.Standardize(3): (3,),
    nf.Permutation((1, 0, 2)): (3,),
    nf.Autoregressive(nf.Affine(), 3, nf.MADE((4,))): (3,),
}
RECIPES = [
    (FLOWS.linear, {"dim": 2}, {"kind": "no", "dim": 0}),
    (FLOWS.glow, {"shape": (1, 4, 4), "levels": 1}, {"mixing": "no", "noise": "no", "prior": 2, "shape": (4, 4)}),
    (FLOWS.glow, {"shape": (1, 4, 4), "levels": 1}, {"shape": (1, 4, 3), "levels": 3}),
    (FLOWS.inference, {"dim": 3}, {"dim": 0, "seed": -1}),
    (FLOWS.maf, {"dim": 2}, {"batch_norm": "no", "order": "no", "whiten": "no", "standardize": "no", "seed": -1}),
    (FLOWS.made, {"dim": 2, "conditional": nf.Bernoulli()}, {"dim": 0, "masks": 0, "seed": -1}),
    (FLOWS.naf, {"dim": 2}, {"coupling": "no", "seed": -1}),
    (FLOWS.rq_nsf, {"dim": 2}, {"coupling": "no"}),
    (FLOWS.posterior, {"dim": 2, "context_dim": 3}, {"kind": "no"}),
    (FLOWS.residual, {"dim": 2}, {"context_dim": -1}),
]
KINDS = [
    (FLOWS.maf, {"dim": 2}, {"base": nf.Planar(2), "embed": nf.Planar(2)}),
    (FLOWS.naf, {"dim": 2}, {"transformer": nf.Planar(2)}),
    (FLOWS.iaf, {"dim": 2}, {"transformer": nf.Planar(2)}),
    (FLOWS.inference, {"dim": 3}, {"transformer": nf.Planar(2), "constraints": 7}),
]


def said(error, call):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_a_layer_refuses_arrays_of_another_shape_by_its_name():
    rng = onp.random.default_rng(0)
    for layer, shape in LAYERS.items():
        params, name = layer.init(rng), type(layer).__name__
        inner = tuple(onp.shape(layer.forward(params, onp.ones((1, *shape)))[0])[1:])
        for method, takes in (("forward", shape), ("forward_vjp", shape), ("inverse", inner), ("inverse_vjp", inner)):
            for wrong in ((5, *takes[:-1], takes[-1] + 1), (5, *takes, 1), takes):
                message = said(ValueError, lambda: getattr(layer, method)(params, onp.ones(wrong)))  # noqa: B023
                wanted = f"{name} takes arrays of shape (N, {', '.join(map(str, takes))}); got {wrong}"
                assert message == wanted, (name, method)


def test_a_recipe_refuses_values_by_the_name_of_the_argument():
    for recipe, given, wrong in RECIPES:
        recipe(**given)
        for name, value in wrong.items():
            message = said(ValueError, lambda: recipe(**{**given, name: value}))  # noqa: B023
            assert name in message.split("; got")[0] or name == "levels", (recipe.__name__, name, message)


def test_a_recipe_refuses_parts_of_another_kind_by_the_name_of_the_argument():
    for recipe, given, wrong in KINDS:
        recipe(**given)
        for name, value in wrong.items():
            message = said(TypeError, lambda: recipe(**{**given, name: value}))  # noqa: B023
            assert message.startswith(f"{name} must be "), (recipe.__name__, name, message)


def test_parts_of_a_recipe_that_do_not_fit_together_are_told():
    cases = (
        (lambda: FLOWS.maf(2, base=nf.StandardNormal(3)), "base must have the shape of z, (2,); got StandardNormal of"),
        (lambda: FLOWS.naf(2, transformer=nf.Sigmoid()), "transformer must"),
        (
            lambda: FLOWS.inference(3, constraints=[nf.Simplex(3)], support=(0, 1)),
            "inference takes constraints or supp",
        ),
        (
            lambda: FLOWS.inference(4, constraints=[nf.Simplex(3)]),
            "dim must be the sum of the constraints' variables, 2; got 4",
        ),
        (lambda: FLOWS.maf(2, support=(0, 1, 2)), "support must be a pair (low, high); got (0, 1, 2)"),
        (lambda: FLOWS.maf(2, support=(1.0, 1.0)), "support must have low below high for every variable; got 1.0"),
        (
            lambda: FLOWS.maf(2, support=([0.0, 1.0, 2.0], 5.0)),
            "low of support must be one number, or one for each of 2",
        ),
        (lambda: FLOWS.maf(2, support=(0.0, "a")), "high of support must be numbers, or None for an open end; got 'a'"),
        (
            lambda: nf.Flow(nf.StandardNormal(3), nf.Planar(2)),
            "base and bijection must agree on the shape of z; got (3,)",
        ),
        (lambda: FLOWS.maf(2, embed=nf.MLP((3,))), "embed needs a bijection or a base that takes a context; got"),
        (lambda: nf.Chain([]), "Chain needs at least one layer; got none"),
        (lambda: nf.Chain([nf.Planar(2), nf.Planar(3)]), "layers of a Chain must fit: "),
        (lambda: nf.Blocks([]), "Blocks needs at least one block; got none"),
        (lambda: nf.MultiScale([]), "MultiScale needs at least one level; got none"),
        (lambda: nf.Permutation((0, 2)), "order must hold each of 0 ... D - 1 once; got (0, 2)"),
        (lambda: nf.Reshape((2, 3), 5), "Reshape must keep the count of numbers; got "),
        (lambda: nf.Bounds([0.0, 1.0], [1.0]), "low and high must have D numbers each; got 2 and 1"),
        (lambda: nf.Bounds([0.0, 1.0], [1.0, 1.0]), "low must be below high; got 1.0 and 1.0 for variable 1"),
        (
            lambda: nf.Coupling(nf.Affine(), [True, True], nf.MLP((3,))),
            "mask must leave at least one variable to change",
        ),
    )
    for call, begins in cases:
        message = said(ValueError, call)
        assert message.startswith(begins), message


def test_pixels_are_whole_numbers_in_range_and_have_no_derivative():
    like, checked = backend.asarray([0.0]), pixels.checked_pixels
    good = onp.array([[0, 7], [3, 4]])
    assert checked("x", good, (2,), 8, like).tolist() == good.tolist()
    for x, begins in (
        (good + 1, "x must hold whole pixel values, 0 to 7; got 8"),
        (good - 1, "x must hold whole pixel values, 0 to 7; got -1"),
        (good + 0.25, "x must hold whole pixel values"),
        (good / 7, "x must hold whole pixel values"),
        (good / 3.5 - 1, "x must hold whole pixel values"),
        (good[:, :1], "x must have shape (N, 2); got (2, 1)"),
        (onp.where(good > 6, onp.nan, good), "x must be finite; NaN or infinity in row 0"),
    ):
        message = said(ValueError, lambda: checked("x", x, (2,), 8, like))  # noqa: B023
        assert message.startswith(begins), message
    under = lambda x: checked("x", x, (2,), 8, like).sum()  # noqa: E731
    wanted = "x must be whole numbers, which have no derivative; got an array under a derivative"
    assert said(ValueError, lambda: autograd.grad(under)(good.astype(float))) == wanted


def test_events_that_are_single_numbers_come_in_rows_too():
    pixels._check_shape("x", onp.zeros(3), ())
    assert said(ValueError, lambda: pixels._check_shape("x", onp.zeros(()), ())).startswith("x must have shape (N, ")
    image = lambda x: said(ValueError, lambda: pixels._check_shape("x", x, (2, 3)))  # noqa: E731
    assert image(onp.zeros((4, 6))) == "x must have shape (N, 2, 3); got (4, 6); pass x.reshape(-1, 2, 3)"
    assert image(onp.zeros((2, 3))) == "x must have shape (N, 2, 3); got (2, 3); for one image pass x[None]"


def test_parameters_of_another_flow_are_refused_by_everything_that_takes_them():
    like = nf.StandardNormal(IMAGE)
    flow = nf.Flow(like, nf.PixelLevels(IMAGE, 8))
    pixel_flow, x = nf.Dequantized(flow, values=8), onp.zeros((2, *IMAGE))
    for of in (flow, pixel_flow):
        for wrong in ({}, {"base": {}}, [1], 3.5):
            calls = [lambda: of.log_prob(wrong, x), lambda: of.sample(wrong, 0, 2)]  # noqa: B023
            if of is pixel_flow:
                calls.append(lambda: of.log_prob_terms(wrong, x))  # noqa: B023
            for call in calls:
                assert said(ValueError, call).startswith("params must ")
