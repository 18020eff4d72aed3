"""Every wrapper says of every trait what follows from the layers that it holds."""

from dataclasses import dataclass

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.bijections.traits import NAMES, Derived, Traits, traits_of

INF = float("inf")


@dataclass(frozen=True, eq=False)
class Odd(nf.Bijection):
    """A leaf with a value of its own for every trait, none of them the default."""

    context_dim = 3
    jacobian_structure = "diagonal"
    forward_cost = "sequential"
    inverse_cost = "iterative"
    updates = True
    update_sees_data = False
    data_side_only = False
    stochastic = True
    smooth = False
    accuracy = 1e-6
    domain = (-1.0, 1.0)
    codomain = (-1.0, 1.0)
    in_shape = property(lambda self: (2, 1, 3))
    out_shape = property(lambda self: (2, 1, 3))


@dataclass(frozen=True, eq=False)
class OddTransformer(nf.Transformer):
    forward_cost = "sequential"
    inverse_cost = "iterative"
    smooth = False
    domain = (0.0, 1.0)
    codomain = (2.0, 5.0)


def wrappers():
    leaf, h = Odd(), OddTransformer()
    own = traits_of(leaf)
    swapped = {"forward_cost": "iterative", "inverse_cost": "sequential"}
    moved = {
        "in_shape": (2,),
        "out_shape": (2,),
        "forward_cost": "sequential",
        "inverse_cost": "iterative",
        "updates": False,
        "update_sees_data": False,
        "data_side_only": False,
        "stochastic": False,
        "smooth": False,
        "accuracy": 0.0,
        "domain": (0.0, 1.0),
        "codomain": (2.0, 5.0),
    }
    block, triangle = {"jacobian_structure": "block triangular"}, {"jacobian_structure": "triangular"}
    return {
        "Inverse": (nf.Inverse(leaf), {**vars(own), **swapped}),
        "Chain": (nf.Chain([leaf, leaf]), vars(own)),
        "Stack": (nf.Stack(leaf, 2), vars(own)),
        "Conditioned": (nf.Conditioned(leaf, context_dim=3), vars(own)),
        "Elementwise": (nf.Elementwise(h, 2), {**moved, "context_dim": 0, "jacobian_structure": "diagonal"}),
        "Coupling": (nf.Coupling(h, (True, False), context_dim=3), {**moved, **block, "context_dim": 3}),
        "Autoregressive": (nf.Autoregressive(h, 2, context_dim=3), {**moved, **triangle, "context_dim": 3}),
    }


@pytest.mark.parametrize("trait", NAMES)
@pytest.mark.parametrize("name", list(wrappers()))
def test_a_wrapper_says_what_its_layer_says(name, trait):
    wrapper, expected = wrappers()[name]
    assert getattr(wrapper, trait) == expected[trait]


def test_every_wrapper_derives_its_traits_and_no_class_states_a_part_of_them():
    kinds = {type(wrapper) for wrapper, _ in wrappers().values()}
    assert all(issubclass(kind, Derived) for kind in kinds)
    fields_of_their_own = {"context_dim"}  # of Conditioned, Coupling and Autoregressive: an argument
    for kind in kinds:
        assert not (set(vars(kind)) & set(NAMES)) - fields_of_their_own


def test_the_traits_are_those_of_the_contract():
    stated = {name for name in vars(nf.Bijection) if name in NAMES}
    assert stated == set(NAMES) == set(Traits.__dataclass_fields__)


def test_a_stack_reaches_what_the_chain_of_its_layers_reaches():
    for h in (nf.Exp(), nf.Softplus()):
        layer = nf.Elementwise(h, 2)
        stack, chain = nf.Stack(layer, 2), nf.Chain([layer, layer])
        assert stack.codomain == chain.codomain != (-INF, INF)
        assert stack.image((0.0, 1.0)) == chain.image((0.0, 1.0))
        assert stack.preimage((2.0, 3.0)) == chain.preimage((2.0, 3.0))
    assert nf.Stack(nf.Elementwise(nf.Exp(), 2), 2).codomain == (1.0, INF)


def test_a_stack_is_refused_before_a_logit_where_the_chain_is():
    above_one = nf.Stack(nf.Elementwise(nf.Exp(), 2), 2)
    with pytest.raises(ValueError, match="no point is in both"):
        nf.Chain([above_one, nf.Elementwise(nf.Inverse(nf.Sigmoid()), 2)])


def test_the_audit_does_not_accuse_a_stack_of_softplus():
    report = nf.check.audit(nf.Stack(nf.Elementwise(nf.Softplus(), 2), 2), show=False)
    assert report.ok, report.failures


@pytest.mark.parametrize(
    ("layers", "structure"),
    [
        ([nf.Diagonal(3), nf.ActNorm(3)], "diagonal"),
        ([nf.Permutation((1, 2, 0)), nf.Reverse(3)], "permutation"),
        ([nf.Triangular(3), nf.Permutation((1, 2, 0))], "dense"),
        ([nf.Diagonal(3), nf.Permutation((1, 2, 0))], "dense"),
        ([nf.Autoregressive(nf.Affine(), 3, order=order) for order in ("natural", "reversed")], "dense"),
    ],
)
def test_the_structure_of_a_product(layers, structure):
    assert nf.Chain(layers).jacobian_structure == structure


def test_a_product_of_one_triangular_layer_with_itself_is_triangular():
    layer = nf.Autoregressive(nf.Affine(), 3)
    assert nf.Stack(layer, 3).jacobian_structure == "triangular"
    assert nf.Stack(nf.Planar(3), 3).jacobian_structure == "dense"


def test_inverse_takes_a_bijection_or_a_transformer_and_nothing_else():
    assert isinstance(nf.Inverse(nf.Planar(2)), nf.Bijection)
    assert isinstance(nf.Inverse(nf.Affine()), nf.Transformer)
    with pytest.raises(TypeError, match=r"Inverse needs a bijection or a transformer.*; got 3"):
        nf.Inverse(3)
    with pytest.raises(ValueError, match="BatchNorm"):
        nf.Inverse(nf.Chain([nf.BatchNorm(2)]))


def test_a_layer_of_ones_own_needs_to_state_nothing_but_its_shape():
    @dataclass(frozen=True, eq=False)
    class Doubled(nf.Bijection):
        in_shape = property(lambda self: (2,))

        def forward(self, params, z, context=None, rng=None):
            return 2.0 * z, onp.full(len(z), 2 * onp.log(2.0))

        def inverse(self, params, x, context=None, rng=None):
            return 0.5 * x, onp.full(len(x), -2 * onp.log(2.0))

    assert traits_of(nf.Chain([Doubled(), Doubled()])) == traits_of(Doubled())
