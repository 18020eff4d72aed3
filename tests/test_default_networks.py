"""The recipes' default networks say nothing unbounded about points far from the training data.

A ReLU network grows linearly beyond the data. Its output goes into exp(-s), and the next layer's network gets the
stretched result: over eight layers a point twice as far out as the training rows came out at 1e11 nats.
"""

import inspect

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees

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
            steps=250,
            evaluate_every=25,
            optimizer=nf.adam(3e-3),
            schedule=nf.constant,
            progress=False,
            batch_size=100,
        ).history["validation"]
        return curve[-1] - min(curve)

    assert rise() < 30.0
    with pytest.warns(nf.TrainingWarning, match="validation rose|no step made the validation better"):
        assert rise(activation="relu", gain=1.0) > 300.0
