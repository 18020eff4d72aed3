"""What every transformer promises beside its formulas: its traits, its values on raw arrays, and both under Inverse."""

from dataclasses import dataclass

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.transformers.transformer import Transformer

TRANSFORMERS = {
    "Shift": nf.Shift(),
    "Affine": nf.Affine(),
    "VolumePreserving": nf.VolumePreserving(),
    "Squared": nf.Squared(),
    "LogisticMixtureCDF": nf.LogisticMixtureCDF(3),
    "DeepSigmoid": nf.DeepSigmoid(3),
    "DeepDenseSigmoid": nf.DeepDenseSigmoid((2, 2)),
    "UMNN": nf.UMNN(3),
    "Exp": nf.Exp(),
    "Softplus": nf.Softplus(),
    "Sigmoid": nf.Sigmoid(),
    "Tanh": nf.Tanh(),
    "LeakyReLU": nf.LeakyReLU(),
    "LinearSpline": nf.LinearSpline(4),
    "QuadraticSpline": nf.QuadraticSpline(4),
    "CubicSpline": nf.CubicSpline(4),
    "RationalQuadraticSpline": nf.RationalQuadraticSpline(4),
    "RationalQuadraticSpline, one bin": nf.RationalQuadraticSpline(1),
    "RationalQuadraticSpline, circular": nf.RationalQuadraticSpline(4, circular=True),
}
ALL = {**TRANSFORMERS, **{f"Inverse of {name}": nf.Inverse(h) for name, h in TRANSFORMERS.items()}}


def arguments(h, shared, n=5, dim=3):
    rng = onp.random.default_rng(0)
    theta = rng.normal(size=(dim, h.n_params) if shared else (n, dim, h.n_params))
    return theta, rng.uniform(-2.5, 2.5, size=(n, dim))


# --- traits ---


def traits():
    """Every name that a transformer says something about itself with: the public ones that are not methods."""
    named = {name: getattr(Transformer, name) for name in dir(Transformer) if not name.startswith("_")}
    return sorted(name for name, value in named.items() if not callable(value))


@dataclass(frozen=True, eq=False)
class Unusual(Transformer):
    """A transformer all of whose traits differ from the defaults, and from each other."""

    n_params = 7
    identity_at_zero = False
    least_width = 3
    forward_cost = "sequential"
    inverse_cost = "iterative"
    smooth = False
    domain = (-1.0, 2.0)
    codomain = (3.0, 4.0)


OTHER = {"forward_cost": "inverse_cost", "domain": "codomain"}
OTHER |= {second: first for first, second in OTHER.items()}


@pytest.mark.parametrize("trait", traits())
def test_an_inverse_has_every_trait_of_the_map_inside(trait):
    assert getattr(Unusual(), trait) != getattr(Transformer, trait), "the probe must differ from the default here"
    assert getattr(nf.Inverse(Unusual()), trait) == getattr(Unusual(), OTHER.get(trait, trait))


def test_an_inverse_carries_intervals_the_other_way():
    h = nf.Sigmoid(0.0, 2.0)
    assert nf.Inverse(h).image((0.5, 1.0)) == h.preimage((0.5, 1.0))
    assert nf.Inverse(h).preimage((-1.0, 3.0)) == h.image((-1.0, 3.0))


def test_autoregressive_refuses_the_inverse_of_a_map_that_ties_variables_together():
    with pytest.raises(ValueError, match="ties 2 or more together"):
        nf.Autoregressive(nf.Inverse(nf.VolumePreserving()), 3)


# --- values on raw arrays ---


@pytest.mark.parametrize("shared", [True, False], ids=["theta shared", "theta per row"])
@pytest.mark.parametrize("name", ALL)
def test_values_are_those_of_the_plain_definition(name, shared):
    h = ALL[name]
    theta, z = arguments(h, shared)
    z = z if h.domain == (-onp.inf, onp.inf) else 0.5 + 0.1 * z  # inside every domain there is
    x, log_d = h.forward(theta, z)
    for found, expected in zip(h.forward_value(theta, z), (x, log_d), strict=True):
        onp.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    for found, expected in zip(h.inverse_value(theta, x), h.inverse(theta, x), strict=True):
        onp.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize("name", ALL)
def test_values_of_raw_arrays_are_never_traced(name, direction, monkeypatch):
    def traced(*args):
        raise AssertionError("a value of raw arrays was traced")

    monkeypatch.setattr(nf.autodiff, "value_and_vjp", traced)
    theta, z = arguments(ALL[name], shared=False)
    getattr(ALL[name], f"{direction}_value")(theta, 0.5 + 0.1 * z)


class OneWay(nf.Shift):
    """A kernel in one direction, and the traced default in the other; each value says where it came from."""

    def forward(self, theta, z):
        return "plain", "forward"

    def inverse(self, theta, x):
        return "plain", "inverse"

    def forward_vjp(self, theta, z):
        return "kernel", "forward", None

    inverse_vjp = Transformer.inverse_vjp


def test_values_come_from_the_kernel_where_one_is_written():
    h, inverted = OneWay(), nf.Inverse(OneWay())
    assert h.forward_value(None, None) == inverted.inverse_value(None, None) == ("kernel", "forward")
    assert h.inverse_value(None, None) == inverted.forward_value(None, None) == ("plain", "inverse")
