"""Parts that hold parts take as many parameters as they hold, in every method: one more or fewer is no other map."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.bijections.normalize.whiten import taken
from nfscratch.flows.evaluations import evaluations
from nfscratch.training.record import Result

Z, RNG = onp.random.default_rng(1).normal(size=(5, 2)), onp.random.default_rng(0)
WAYS = ("forward", "inverse", "forward_vjp", "inverse_vjp", "forward_value", "inverse_value", "jacobian", "update")
NETWORK = ("apply", "apply_vjp", "jacobian")
PARTS = {
    "Chain": (nf.Chain([nf.ActNorm(2), nf.Planar(2), nf.BatchNorm(2)]), WAYS),
    "Blocks": (nf.Blocks([nf.ActNorm(1), nf.BatchNorm(1)]), WAYS),
    "Heads": (nf.Heads((nf.MLP((3,)), nf.LipschitzMLP((3,)))), NETWORK),
}


@pytest.mark.parametrize(("name", "method"), [(name, way) for name, (_, ways) in PARTS.items() for way in ways])
def test_one_more_or_fewer_is_refused(name, method):
    part = PARTS[name][0]
    params = part.init(RNG, 2, 4) if name == "Heads" else part.init(RNG, Z)
    of = getattr(part, method)
    of(params, Z)
    from_the_end = name == "Chain" and method.startswith("inverse")
    for wrong in (params[1:], [params[0], *params]) if from_the_end else (params[:-1], [*params, params[-1]]):
        with pytest.raises(ValueError, match=r"zip\(\) argument"):
            of(wrong, Z)


def test_an_update_of_heads_and_a_count_of_evaluations_too():
    heads = PARTS["Heads"][0]
    params = heads.init(RNG, 2, 4)
    for wrong in (params[:-1], [*params, params[-1]]):
        with pytest.raises(ValueError, match=r"zip\(\) argument"):
            heads.update(wrong)
    flow = nf.flows.ffjord(2, hidden=(3,), solver=nf.ode.RK4(2))
    start = flow.init(0, Z)
    assert evaluations(flow, start, Z) == 8
    for wrong in (start["bijection"][1:], [{}, *start["bijection"]]):
        with pytest.raises(ValueError, match=r"params\['bijection'\] must have the parameters of 4 layers; got"):
            evaluations(flow, {**start, "bijection": wrong}, Z)


def test_a_result_has_a_step_for_each_validation():
    assert Result({}, {"step": [0, 10], "validation": [3.0, 2.0]}, best_step=10).validation == 2.0
    assert Result({}, {}, best_step=10).validation is None
    with pytest.raises(ValueError, match=r"zip\(\) argument"):
        _ = Result({}, {"step": [0], "validation": [3.0, 2.0]}, best_step=0).validation


def test_a_pullback_takes_a_gradient_of_as_many_numbers():
    chain, params = PARTS["Chain"][0], PARTS["Chain"][0].init(RNG, Z)
    _, _, back = chain.forward_vjp(params, Z)
    g_params, g_z, g_context = back(onp.ones((5, 2)), onp.ones(5))
    assert len(g_params) == 3 and g_z.shape == (5, 2) and g_context is None
    assert [sorted(g) for g in g_params] == [sorted(set(p) - {trees.FIXED}) for p in params]


ALIKE = [
    nf.Planar(3),
    nf.Radial(3),
    nf.Radial(1),
    *(nf.Sylvester(3, 2, o) for o in ("qr", "householder", "triangular")),
]


@pytest.mark.parametrize("layer", ALIKE, ids=repr)
def test_a_stack_runs_its_layers_at_once_where_no_row_has_parameters_of_its_own(layer):
    """`leaf_dims` says how many axes a leaf has; a leaf with one more has a row for each point."""
    params = layer.init(RNG)
    assert {name: leaf.ndim for name, leaf in params.items()} == {name: layer.leaf_dims[name] for name in params}
    stack, z = nf.Stack(layer, 2), onp.random.default_rng(2).normal(size=(4, layer.in_shape[0]))
    of_all = stack.init(RNG)
    of_rows = trees.map_leaves(lambda leaf: onp.repeat(leaf[:, None], 4, axis=1), of_all)
    assert stack._at_once(of_all) and not stack._at_once(of_rows)
    for one, each in zip(stack.forward_value(of_all, z), stack.forward_value(of_rows, z), strict=True):
        onp.testing.assert_allclose(one, each, rtol=1e-12)


def test_a_jacobian_of_levels_and_a_stack_of_radial_layers_take_as_many_too():
    levels = nf.MultiScale([nf.ActNorm((1, 1, 2)), nf.ActNorm((2, 1, 2))])
    params = levels.init(RNG)
    for wrong in (params[:-1], [*params, params[-1]]):
        with pytest.raises(ValueError, match=r"zip\(\) argument"):
            levels.jacobian(wrong, Z[:, [0, 1, 0, 1]])
    stack = nf.Stack(nf.Radial(2), 2)
    params = stack.init(RNG)
    for key in ("alpha", "gamma"):
        with pytest.raises(ValueError, match=r"zip\(\) argument"):
            stack.forward_value({**params, key: params[key][:1]}, Z)


def test_what_a_whiten_took_is_looked_for_with_as_many_parameters():
    chain = nf.Chain([nf.ActNorm(2), nf.Whiten(2)])
    params = chain.init(RNG)
    assert taken(chain, params).kind == "diagonal" and taken(chain.layers[0], params[0]) is None
    with pytest.raises(ValueError, match=r"zip\(\) argument"):
        taken(chain, params[:1])
