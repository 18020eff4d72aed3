"""flowjax: bijection.transform_and_log_det(z) gives (x, log_det), bijection.inverse_and_log_det(x) goes back."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flowjax import bijections as B
from flowjax import flows
from flowjax.distributions import Normal
from flowjax.root_finding import root_finder_to_inverter

from benchmarks.field.in_jax import array, moved
from benchmarks.field.specimen import ABSTRACT, Draw, Specimen, refuse

DIRECTION = "transform_and_log_det(z) = x, inverse_and_log_det(x) = z"
KEY, S = jax.random.key(0), (3,)
POSITIVE, UNIT, BALL = {"codomain": (0, float("inf"))}, {"codomain": (0, 1)}, {"codomain": (-1, 1)}


def made(make, options=None, one_way=False):
    """make(draw) -> bijection, whose trained arrays are moved."""
    return lambda draw: Specimen(moved(make(draw), draw), options or {}, one_way)


def _affine(draw: Draw):
    return B.Affine(array(draw.normal(3)), array(draw.positive(3)))


def recipe(name: str, **named):
    def construct(draw):
        flow = getattr(flows, name)(KEY, base_dist=Normal(jnp.zeros(3)), **named)
        return Specimen(moved(flow, draw))

    return construct


SPLINE = {"knots": 5, "interval": 4}
SMALL = {"nn_width": 8, "nn_depth": 1, "flow_layers": 2}
CONSTRUCTORS = {
    "AbstractBijection": ABSTRACT,
    "AdditiveCondition": refuse("it is a function of a condition alone"),
    "Affine": made(_affine),
    "BlockAutoregressiveNetwork": made(
        lambda d: B.BlockAutoregressiveNetwork(KEY, dim=3, cond_dim=None, depth=1, block_dim=4), one_way=True),
    "Chain": made(lambda d: B.Chain([_affine(d), B.Flip(S), _affine(d)])),
    "Concatenate": made(lambda d: B.Concatenate([_affine(d), _affine(d)])),
    "Coupling": made(
        lambda d: B.Coupling(KEY, transformer=B.Affine(), untransformed_dim=1, dim=3, nn_width=8, nn_depth=1)),
    "DiscreteCosine": made(lambda d: B.DiscreteCosine(S)),
    "EmbedCondition": refuse("it embeds a condition"),
    "Exp": made(lambda d: B.Exp(S), POSITIVE),
    "Flip": made(lambda d: B.Flip(S)),
    "Householder": made(lambda d: B.Householder(array(d.normal(3)))),
    "Identity": made(lambda d: B.Identity(S)),
    "Indexed": made(lambda d: B.Indexed(B.Affine(array(d.normal(2)), array(d.positive(2))), jnp.array([0, 2]), S)),
    "Invert": made(lambda d: B.Invert(_affine(d))),
    "LeakyTanh": made(lambda d: B.LeakyTanh(1.5, S)),
    "Loc": made(lambda d: B.Loc(array(d.normal(3)))),
    "MaskedAutoregressive": made(
        lambda d: B.MaskedAutoregressive(KEY, transformer=B.Affine(), dim=3, nn_width=8, nn_depth=1)),
    "NumericalInverse": made(
        lambda d: B.Vmap(B.NumericalInverse(
            B.LeakyTanh(1.5, ()), root_finder_to_inverter(flows.partial(_root_finder(), lower=-10, upper=10))),
            axis_size=3), {"accuracy": 1e-5}),
    "Permute": made(lambda d: B.Permute(jnp.array([2, 0, 1]))),
    "Planar": made(lambda d: B.Planar(KEY, dim=3), one_way=True),
    "Planar, leaky ReLU": made(lambda d: B.Planar(KEY, dim=3, negative_slope=0.2), {"smooth": False}),
    "Power": made(lambda d: B.Power(3.0, S), {"domain": (0, float("inf")), "codomain": (0, float("inf"))}),
    "RationalQuadraticSpline": made(lambda d: B.Stack([B.RationalQuadraticSpline(**SPLINE) for _ in range(3)])),
    "Reshape": made(lambda d: B.Reshape(_affine(d), (3,))),
    "Sandwich": made(lambda d: B.Sandwich(_affine(d), B.LeakyTanh(1.5, S))),
    "Scale": made(lambda d: B.Scale(array(d.positive(3)))),
    "Scan": made(lambda d: B.Scan(_stacked(d))),
    "Sigmoid": made(lambda d: B.Sigmoid(S), UNIT),
    "SoftPlus": made(lambda d: B.SoftPlus(S), POSITIVE),
    "Stack": made(lambda d: B.Stack([B.Affine(array(d.normal(1)[0]), array(d.positive(1)[0])) for _ in range(3)])),
    "Tanh": made(lambda d: B.Tanh(S), BALL),
    "TriangularAffine": made(
        lambda d: B.TriangularAffine(array(d.normal(3)), array(d.normal(3, 3)) + 3 * jnp.eye(3))),
    "Vmap": made(lambda d: B.Vmap(B.Affine(array(d.normal(1)[0]), array(d.positive(1)[0])), axis_size=3)),
    "coupling_flow": recipe("coupling_flow", **SMALL),
    "masked_autoregressive_flow": recipe("masked_autoregressive_flow", **SMALL),
    "planar_flow": recipe("planar_flow", flow_layers=2, negative_slope=0.2),
    "triangular_spline_flow": recipe("triangular_spline_flow", flow_layers=2),
    "block_neural_autoregressive_flow": refuse("its inverse is a search: BlockAutoregressiveNetwork is the layer"),
}  # fmt: skip


def _root_finder():
    from flowjax.root_finding import bisection_search

    return bisection_search


def _stacked(draw):
    import equinox as eqx

    return eqx.filter_vmap(B.Affine)(array(draw.normal(2, 3)), array(draw.positive(2, 3)))
