"""The recipes' default networks say nothing unbounded about points far from the training data.

A ReLU network grows linearly beyond the data. Its output goes into exp(-s), and the next layer's network gets the
stretched result: over eight layers a point twice as far out as the training rows came out at 1e11 nats.
"""

import inspect

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.checkpoint.description import registry

RECIPES = {
    "real_nvp": nf.flows.real_nvp,
    "nice": nf.flows.nice,
    "gin": nf.flows.gin,
    "maf": nf.flows.maf,
    "iaf": nf.flows.iaf,
    "rq_nsf": nf.flows.rq_nsf,
    "rq_nsf, autoregressive": lambda dim, **options: nf.flows.rq_nsf(dim, coupling=False, **options),
    "naf": nf.flows.naf,
    "made": lambda dim, **options: nf.flows.made(dim, nf.distributions.Gaussian(), **options),
}


def networks(flow):
    """Every conditioner, with wild parameters and its number of inputs."""
    parts = getattr(flow.bijection, "layers", [flow.base])
    for part in parts:
        part = getattr(part, "bijection", part)  # what an Inverse holds
        network = getattr(part, "network", getattr(part, "conditioner", None))
        if network is not None:
            rng = onp.random.default_rng(0)
            n_in = flow.shape[0] if isinstance(network, nf.MADE) else 2
            params = trees.map_leaves(lambda p, rng=rng: rng.normal(size=p.shape), network.init(rng, n_in, 2 * n_in))
            yield network, params, n_in


def growth(flow):
    """The largest ratio of a conditioner's outputs a million standard deviations out to those at twenty."""
    ratios = []
    for network, params, n_in in networks(flow):
        x = 20.0 * onp.random.default_rng(1).normal(size=(30, n_in))
        far, near = (onp.abs(network.apply(params, scale * x)).max() for scale in (1e6, 1.0))
        ratios.append(far / near)
    return max(ratios)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_default_networks_are_bounded(recipe):
    assert growth(recipe(4)) < 2.0
    assert growth(recipe(4, activation="relu")) > 1e5  # the test sees it


def test_every_recipe_with_networks_has_bounded_ones():
    """Those of images apart: pixels have a bounded range, so that no row lies far out."""
    for name in set(nf.flows.__all__) - {"glow", "real_nvp_image", "pixel_noise"}:
        default = inspect.signature(getattr(nf.flows, name)).parameters.get("activation")
        assert default is None or default.default == "tanh", name


@pytest.mark.parametrize("activation", ["tanh", "lipswish"])
def test_a_residual_flow_moves_far_points_by_no_more_than_its_layers_may(activation):
    """With units that are not bounded, too."""
    flow = nf.flows.residual(4, layers=3, activation=activation, whiten="diagonal")
    params = nf.check.random_params(flow, onp.random.default_rng(0))["bijection"]
    x, ratio = 1e6 * onp.random.default_rng(1).normal(size=(30, 4)), 1.0
    for layer, p in zip(flow.bijection.layers[::-1], params[::-1], strict=True):
        z, _ = layer.inverse(p, x)
        if isinstance(getattr(layer, "bijection", None), nf.Residual):
            ratio = onp.linalg.norm(z, axis=1) / onp.linalg.norm(x, axis=1)
            assert 0.03 < ratio.min() and ratio.max() < 1.971
        x = z


@pytest.mark.parametrize(("name", "seed"), (("real_nvp", 0), pytest.param("maf", 1, marks=pytest.mark.exhaustive)))
def test_validation_of_a_heavy_tailed_table_does_not_explode(name, seed):
    """Every other column is lognormal. With ReLU the same run ends thousands of nats above its best, or more."""
    rng = onp.random.default_rng(seed)
    x = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 8)) + 0.5 * rng.normal(size=(400, 8))
    x[:, ::2] = onp.exp(1.2 * x[:, ::2] / x[:, ::2].std(axis=0))

    def rise(**options):
        curve = nf.fit(
            getattr(nf.flows, name)(8, base=nf.StandardNormal(8), whiten="diagonal", **options),
            x[:300],
            validation=x[300:],
            rng=onp.random.default_rng(1),
            steps=150,
            evaluate_every=15,
            optimizer=nf.adam(3e-3),
            schedule=nf.constant,
            progress=False,
            batch_size=100,
        ).history["validation"]
        return curve[-1] - min(curve)

    assert rise() < 30.0
    with pytest.warns(nf.TrainingWarning, match="validation rose|no step made the validation better"):
        assert rise(activation="relu", gain=1.0) > 300.0


# What a script that names nothing gets; the rows of benchmarks/ and of the chapters stand on it.
WIDTHS = {"made": (500,), "glow": 64, "real_nvp_image": 32, "pixel_noise": (32, 32), "posterior": (64,)}
OF_NETWORKS = {
    "MLP": (64, 64), "MADE": (64, 64), "LipschitzMLP": (64, 64), "ConvNet": (32, 32), "LipschitzConv": (32, 32),
    "ResidualConvNet": 64, "ConvFeatures": (64,), "ConvDecoder": (64,), "UMNN": 8,
}  # fmt: skip
DEPTHS = {
    "real_nvp": 8, "nice": 8, "gin": 8, "maf": 5, "iaf": 5, "rq_nsf": 4, "naf": 4, "inference": 6, "planar": 16,
    "radial": 16, "residual": 16, "sylvester": 8, "pixel_noise": 4, "posterior": 4,
}  # fmt: skip
GAINS = {"ffjord": 1.0, "made": 1.0, "residual": 1.0}
SCALES = {"pixel_noise": 1.0}


def defaults_of_recipes(name):
    """{recipe: the default of its option `name`}, for those that have the option."""
    found = {recipe: inspect.signature(getattr(nf.flows, recipe)).parameters.get(name) for recipe in nf.flows.__all__}
    return {
        recipe: p.default for recipe, p in found.items() if p is not None and p.default is not inspect.Parameter.empty
    }


def test_recipes_have_their_documented_sizes():
    hidden = defaults_of_recipes("hidden")
    assert hidden == {recipe: WIDTHS.get(recipe, (64, 64)) for recipe in hidden} and len(hidden) > 15
    assert defaults_of_recipes("layers") == DEPTHS
    gains, scales = defaults_of_recipes("gain"), defaults_of_recipes("max_log_scale")
    assert gains == {recipe: GAINS.get(recipe, 0.4) for recipe in gains}
    assert scales == {recipe: SCALES.get(recipe, 3.0) for recipe in scales}
    assert set(defaults_of_recipes("bins").values()) == {8} and set(defaults_of_recipes("bound").values()) == {5.0}


def test_networks_have_their_documented_widths():
    found = {name: getattr(part, "hidden", None) for name, part in registry().items()}
    assert {name: width for name, width in found.items() if isinstance(width, int | tuple)} == OF_NETWORKS


def test_parts_are_told_apart_by_identity():
    """Two equal layers are two: a part with arrays in it could not be compared, nor be the key of a table."""
    for part in registry().values():
        assert (part.__eq__, part.__hash__) == (object.__eq__, object.__hash__), part
