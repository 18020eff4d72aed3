"""The ready-made flows' frame: one table of bad arguments for all recipes, and what a recipe puts around its layers."""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.distributions.distribution import Distribution

NAN = onp.nan
OF_IMAGES = {"Dequantized", "glow", "real_nvp_image", "pixel_noise"}  # test_image_recipes.py
MAKERS = {name: getattr(nf.flows, name) for name in nf.flows.__all__ if name not in OF_IMAGES | {"Flow"}}
LEADING = {  # what a maker cannot do without
    "made": {"dim": 3, "conditional": nf.Bernoulli()},
    "coupling_layers": {"dim": 3, "transformer": nf.Affine(), "network": nf.MLP(), "layers": 2},
    "autoregressive_layers": {"dim": 3, "transformer": nf.Affine(), "network": nf.MADE(), "layers": 2},
}
OPTIONS = {"linear": {"seed", "max_log_scale"}}  # of the default kind, which takes them through **options


@dataclass(frozen=True)
class Bad:
    """Values that `argument` must not have, and the requirement that the message states."""

    argument: str
    requirement: str
    values: tuple[Any, ...]
    error: type = ValueError
    only: tuple[str, ...] = ()  # the recipes to which this requirement belongs; () is every one with the argument


AT_LEAST_1 = "an integer of at least 1"
AT_LEAST_0 = "an integer of at least 0"
NO_COUNT = (-1, 2.5, "2", None, True, (2,))
FLAG = "one of True, False"
ANY_SLOPE = tuple(name for name in MAKERS if name != "residual")
UNORDERED = ("natural", 3, None, (0, 1, 2), ["random"], onp.arange(3))

TABLE = [
    Bad("dim", AT_LEAST_1, (0, *NO_COUNT)),
    Bad("layers", AT_LEAST_1, (0, *NO_COUNT)),
    Bad("masks", AT_LEAST_1, (0, *NO_COUNT)),
    Bad("bins", AT_LEAST_1, (0, *NO_COUNT)),
    Bad("rank", AT_LEAST_1, (0, -1, 2.5, "2", True)),
    Bad("rank", "at most dim = 3", (4,)),
    Bad("context_dim", AT_LEAST_0, NO_COUNT),
    Bad("seed", AT_LEAST_0, NO_COUNT),
    Bad("hidden", "a sequence of widths, each a positive integer", (64, (0,), (8.0,), (8, True), "64", None)),
    Bad("max_log_scale", "positive and finite", (0.0, -1.0, NAN, onp.inf, "3", None, True)),
    Bad("bound", "positive and finite", (0.0, -1.0, NAN, onp.inf, "5", None, True)),
    Bad("activation", "one of relu, tanh, elu, gelu, silu, lipswish", ("sine", 3, None, ["relu"]), only=ANY_SLOPE),
    Bad("activation", "one of tanh, elu, lipswish", ("relu", "sine", 3, None, ["tanh"]), only=("residual",)),
    Bad("coefficient", "below 1", (1.0, 1, 2.5)),
    Bad("coefficient", "positive and finite", (0.0, -1.0, NAN, onp.inf, "0.9", None, True)),
    Bad("log_det", "one of exact, series, roulette", ("hutchinson", 3, ["exact"])),
    Bad("gain", "positive and finite", (0.0, -1, "1", True, float("inf"))),
    Bad("order", "one of reversed, random", UNORDERED, only=("maf", "iaf", "autoregressive_layers")),
    Bad("order", "natural, reversed, or hold each of 0 ... 2 once", ("random",), only=("made",)),
    Bad("order", "hold each of 0 ... 2 once", (3, (0, 1), (0, 0, 1), ["natural"]), only=("made",)),
    Bad("kind", "one of plu, qr, triangular, diagonal, householder", ("lu", 3, None, ["plu"]), only=("linear",)),
    Bad("kind", "one of normal, planar, sylvester, iaf, spline", ("maf", 3, None, ["iaf"]), only=("posterior",)),
    Bad("orthogonal", "one of qr, householder, triangular", ("svd", 3, None, ["qr"])),
    Bad("batch_norm", FLAG, ("no", 2, None, [True], onp.arange(2))),
    Bad("coupling", FLAG, ("no", 2, None, [True], onp.arange(2))),
    Bad("base", "a Distribution, such as nf.StandardNormal(3)", (3, 0, "normal", (3,), nf.MLP()), TypeError),
    Bad("base", "a Distribution, such as nf.StandardNormal(3)", (nf.StandardNormal,), TypeError),
    Bad("embed", "a Network, such as nf.MLP((64, 64))", (3, 0, "mlp", nf.MLP, nf.Affine()), TypeError),
    Bad("whiten", "one of full, diagonal", ("no", 2, None, True, ["full"])),
    Bad("standardize", "one of moments, robust", ("median", 2, None, True, ["robust"])),
    Bad(
        "field", "a Velocity or a Network, such as nf.Field(", (3, None, nf.Field, nf.Affine(), nf.Planar(3)), TypeError
    ),
    Bad("solver", "a Solver, such as nf.ode.Dopri5(", (3, None, "rk4", nf.ode.RK4, nf.MLP()), TypeError),
    Bad("trace", "one of exact, hutchinson", ("full", 3, None, ["exact"])),
    Bad("gradient", "one of discrete, adjoint", ("both", 3, None, ["adjoint"])),
    Bad("probes", AT_LEAST_1, (0, *NO_COUNT)),
    Bad("frequencies", AT_LEAST_0, NO_COUNT),
    Bad("support", "a pair (low, high)", (3, "01", (0,), (0, 1, 2), {0, 1})),
    Bad(
        "constraints", "a list of bijections and of numbers of free variables", (3.5, "2", True, nf.Affine()), TypeError
    ),
    Bad("transformer", "a Transformer, such as nf.", (3, 0, "affine", nf.Affine, nf.MLP(), nf.Planar(3)), TypeError),
    Bad("conditional", "a Conditional, such as nf.Bernoulli()", (3, None, nf.Bernoulli, nf.Affine()), TypeError),
    Bad("network", "a Network, such as nf.MLP((64, 64))", (3, None, nf.MLP), TypeError, only=("coupling_layers",)),
    Bad("network", "a MADE, such as nf.MADE((64, 64))", (3, nf.MLP()), TypeError, only=("autoregressive_layers",)),
]


def arguments_of(name):
    taken = set(inspect.signature(MAKERS[name]).parameters) - {"options"}
    return taken | OPTIONS.get(name, set())


def make(name, **arguments):
    return MAKERS[name](**{"dim": 3, **LEADING.get(name, {}), **arguments})


def rows_for(name):
    return [row for row in TABLE if row.argument in arguments_of(name) and (not row.only or name in row.only)]


@pytest.mark.parametrize("name", MAKERS)
def test_the_table_has_a_row_for_every_argument(name):
    assert arguments_of(name) == {row.argument for row in rows_for(name)}


@pytest.mark.parametrize(
    ("name", "row"),
    [
        pytest.param(name, row, id=f"{name}, {row.argument} must be {row.requirement}")
        for name in MAKERS
        for row in rows_for(name)
    ],
)
def test_a_bad_argument_is_named_with_the_requirement_and_what_came(name, row):
    for value in row.values:
        with pytest.raises(row.error) as caught:
            make(name, **{row.argument: value})
        message = str(caught.value)
        verb = "must" if row.requirement.startswith("hold") else "must be"
        assert message.startswith(f"{row.argument} {verb} {row.requirement}"), message
        assert message.endswith(f"; got {value!r}") and "\n" not in message, message


BASED = [name for name in MAKERS if "base" in arguments_of(name)]
EMBEDDED = [name for name in MAKERS if "embed" in arguments_of(name)]


@pytest.mark.parametrize("name", BASED)
def test_a_base_of_another_shape_is_named_with_both_shapes(name):
    message = r"base must have the shape of z, \(3,\); got StandardNormal of shape \(2,\)"
    with pytest.raises(ValueError, match=message):
        make(name, base=nf.StandardNormal(2))


@pytest.mark.parametrize("name", BASED)
def test_a_base_that_has_a_length_of_zero_is_still_the_base(name):
    @dataclass(frozen=True, eq=False)
    class Empty(Distribution):
        shape = (3,)

        def __len__(self):
            return 0

    base = Empty()
    assert make(name, base=base).base is base


@pytest.mark.parametrize("name", BASED)
def test_a_whole_flow_is_no_base_and_the_message_stays_short(name):
    with pytest.raises(TypeError, match=r"base must be a Distribution.*; got Flow") as caught:
        make(name, base=nf.flows.maf(3, layers=9))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedding_without_a_context_is_refused(name):
    with pytest.raises(ValueError, match="embed needs a bijection or a base that takes a context; got context_dim 0"):
        make(name, embed=nf.MLP())


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedding_of_ones_own_class_is_taken(name):
    class Own:
        init = apply = apply_vjp = lambda self: None

    embed = Own()
    assert make(name, context_dim=2, embed=embed).embed.network is embed
    standardized = nf.StandardizedInput(nf.MLP((4,)))
    assert make(name, context_dim=2, embed=standardized).embed is standardized


@pytest.mark.parametrize("name", ["maf", "iaf", "naf", "autoregressive_layers"])
@pytest.mark.parametrize(
    "transformer", [nf.VolumePreserving(), nf.Inverse(nf.VolumePreserving())], ids=["h", "inverse"]
)
def test_a_transformer_that_ties_variables_together_is_refused_in_both_directions(name, transformer):
    with pytest.raises(ValueError, match=r"one variable at a time; .* ties 2 or more together"):
        make(name, transformer=transformer)


@pytest.mark.parametrize("kind", ["plu", "triangular", "diagonal"])
def test_an_option_that_the_kind_does_not_take_is_named_with_those_that_it_takes(kind):
    known = {"plu": "seed, max_log_scale", "triangular": "lower, max_log_scale", "diagonal": "max_log_scale"}[kind]
    with pytest.raises(TypeError, match=f"options of kind '{kind}' must be among {known}; got colour"):
        nf.flows.linear(3, kind, colour=1)


@pytest.mark.parametrize("name", sorted(set(BASED) - {"planar", "radial", "sylvester", "inference"}))
def test_a_recipe_for_data_ends_in_standardize_and_starts_from_a_normal_base(name):
    flow = make(name)
    tails = name in ("maf", "real_nvp", "rq_nsf")
    assert isinstance(flow.base, nf.FittedTails if tails else nf.StandardNormal) and flow.base.shape == (3,)
    assert [isinstance(layer, nf.Standardize) for layer in flow.bijection.layers[-2:]] == [False, True]


@pytest.mark.parametrize("name", ["planar", "radial", "sylvester"])
def test_a_recipe_for_a_target_has_no_layer_that_looks_at_data(name):
    flow = make(name, layers=4)
    assert isinstance(flow.base, nf.StandardNormal) and isinstance(flow.bijection, nf.Stack)


@pytest.mark.parametrize("name", MAKERS)
def test_sizes_may_be_numpy_integers(name):
    sizes = {key: onp.int64(3) for key in ("dim", "layers") if key in arguments_of(name)}
    flow = make(name, **sizes)
    layers = flow if isinstance(flow, list) else [flow.bijection]
    assert layers[0].in_shape == (3,)
