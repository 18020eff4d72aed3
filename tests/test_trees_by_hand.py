"""Trees of parameters: how two are compared, what is inside of a box, and a tree for each row; by hand."""

from types import SimpleNamespace

import autograd.numpy as np
import numpy as onp
import pytest
from autograd import grad
from autograd.tracer import isbox
from comparing import close

import nfscratch as nf
from nfscratch.autodiff import boxes
from nfscratch.autodiff.roads import drop_stray_kernels
from nfscratch.flows import parameters
from nfscratch.nets import network, per_row

FLOW = nf.flows.maf(2, layers=1, hidden=(3,))


# --- what is said of a tree ---


def test_what_stands_at_a_place_of_a_tree():
    long, longer = {"a" * 36: 1, "b" * 36: 2}, {"a" * 36: 1, "b" * 37: 2}
    assert parameters.found(long) == repr(sorted(long)) and len(parameters.found(long)) == 80
    assert parameters.found(longer) == repr(sorted(longer))[:76] + " ..."
    assert parameters.found({2: 1, "1": 3}) == "['1', 2]" and parameters.found([1, 2]) == "2 entries"
    assert parameters.found(onp.ones((2, 3))) == "shape (2, 3)" and parameters.found(1.0) == "a float"
    assert parameters.found(SimpleNamespace(params={})) == "a SimpleNamespace: pass its params, result.params"


def test_leaves_may_have_rows_in_front_and_layers_before_them():
    own, each = onp.ones((2, 3)), parameters.Comparison(None, per_sample=True)
    for shape, alike in (((2, 3), True), ((5, 2, 3), True), ((2, 5, 3), True), ((2, 3, 5), False), ((3,), False)):
        assert each.same_shape(own, onp.ones(shape)) == alike
        assert parameters.Comparison(None).same_shape(own, onp.ones(shape)) == (shape == (2, 3))
    assert not each.same_shape(own, 1.0) and not each.same_shape(onp.ones(()), 1.0)
    with pytest.raises(parameters.ParamsError, match=r"^here must have shape \(2, 3\); got shape \(3, 2\)$"):
        each.compare(own, onp.ones((3, 2)), "here")
    with pytest.raises(parameters.ParamsError, match=r"^here\[1\] must have the entries \['b'\]; got \['c'\]$"):
        each.compare([own, {"b": own}], (own, {"c": own}), "here")
    with pytest.raises(parameters.ParamsError, match=r"^here\['a'\] must have 2 entries; got 1 entries$"):
        each.compare({"a": [own, own]}, {"a": [own]}, "here")


def test_a_tree_is_known_by_its_keys_shapes_and_nesting():
    a, b = onp.ones(2), onp.ones(3)
    trees = [
        [a, b],
        [b, a],
        [[a], b],
        [a, [b]],
        [a, b, []],
        {"x": a, "y": b},
        {"x": b, "y": a},
        {"x": {"y": a}},
        [],
        (a,),
        a,
        1.0,
    ]
    assert len({parameters.signature(tree) for tree in trees}) == len(trees)
    assert parameters.signature([a, {"k": b}]) == parameters.signature((2.0 * a, {"k": 3.0 * b}))


def test_a_flow_remembers_so_many_trees_and_no_more():
    flow, params = nf.flows.maf(2, layers=1, hidden=(3,)), FLOW.init(0)
    for n in range(1, 40):
        rows = nf.trees.map_leaves(lambda leaf, n=n: onp.broadcast_to(leaf, (n, *leaf.shape)), params)
        parameters.check(flow, rows)
    assert len(vars(flow)["known_params"]) == 32
    parameters.remember(flow, params)
    assert len(vars(flow)["known_params"]) == 33
    wrong = {**params, "base": {"mean": onp.ones(2)}}
    assert parameters.disagreement(flow, params) is None
    assert "params['base']" in str(parameters.disagreement(flow, wrong))
    rows = {**params, "base": nf.trees.map_leaves(lambda leaf: leaf[None], params["base"])}
    assert parameters.disagreement(flow, rows) is None
    assert "params['base']['dof']" in str(parameters.disagreement(flow, rows, per_sample=False))


# --- boxes ---


def test_boxes_inside_of_trees():
    seen = {}

    def f(x):
        seen["in"] = boxes.contains_box({"a": [1.0, (x,)]}), boxes.contains_box([1.0, {}]), boxes.contains_box(x)
        kept.append(x)
        tree = boxes.rebox({"a": [x, 1.0], "b": (2.0,)})
        seen["boxed"] = isbox(tree), isbox(boxes.rebox({"b": 1.0})), boxes.rebox(x) is x
        inside = boxes.raw_tree(tree)
        seen["raw"] = type(inside["a"]), type(inside["b"]), inside["a"][1]
        seen["unboxed"] = float(boxes.unbox(x)), float(boxes.raw(x)), boxes.unbox(3)
        return np.sum(tree["a"][0] ** 2)

    kept = []
    assert grad(f)(3.0) == 6.0
    assert seen == {
        "in": (True, False, True),
        "boxed": (True, False, True),
        "raw": (list, tuple, 1.0),
        "unboxed": (3.0, 3.0, 3),
    }
    box = kept[0]  # somebody kept it: the first leaf tells
    assert boxes.contains_box(box) and boxes.contains_box({"a": [[], {}, box], "b": 1.0})
    assert not boxes.contains_box([1.0, box]) and not boxes.contains_box([[], {}]) and not boxes.contains_box("text")
    assert boxes._first_leaf([[None], (), {"k": 5}]) == 5 and boxes._first_leaf([]) is None


def test_a_formula_written_anew_takes_the_first_kernel_of_all():
    class Base:
        def f(self):
            return 1

        def f_vjp(self):
            return "traced"

    class Fast(Base):
        def f_vjp(self):
            return "kernel"

    class New(Fast):
        def f(self):
            return 2

    class Both(Fast):
        def f(self):
            return 3

        def f_vjp(self):
            return "own"

    for kind, found in ((Fast, "kernel"), (New, "traced"), (Both, "own")):
        drop_stray_kernels(kind, {"f": ("f_vjp", "f_missing")})
        assert kind().f_vjp() == found


# --- a tree for each row ---


def test_each_row_adds_its_columns_to_the_leaves():
    tree = {"b": onp.array([1.0, 2.0]), "a": onp.array([[5.0]]), "fixed": {"m": onp.array([9.0])}}
    out = onp.array([[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]])  # a, and then b
    theta, pullback = per_row.per_row_vjp(tree, out)
    close(theta["a"], [[[5.1]], [[6.0]]], 1e-15)
    close(theta["b"], [[1.2, 2.3], [3.0, 5.0]], 1e-15)
    assert theta["fixed"] is tree["fixed"]
    g = {"a": onp.array([[[1.0]], [[2.0]]]), "b": onp.array([[3.0, 4.0], [5.0, 6.0]]), "fixed": tree["fixed"]}
    g_tree, g_out = pullback(g)
    assert g_out.tolist() == [[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]
    assert (g_tree["a"].tolist(), g_tree["b"].tolist()) == ([[3.0]], [8.0, 10.0])
    assert g_tree["fixed"] == tree["fixed"]


def test_a_part_takes_a_tree_for_each_row_or_does_not():
    tree = {"a": onp.array([1.0, 2.0])}
    assert per_row.takes_rows(lambda theta, z: (z * theta["a"],), tree, (2,))
    assert not per_row.takes_rows(lambda theta, z: (z * theta["a"].mean(axis=0),), tree, (2,))
    assert not per_row.takes_rows(lambda theta, z: (z @ theta["a"],), tree, (2,))
    assert not per_row.takes_rows(lambda theta, z: ((z * theta["a"])[:1],), tree, (2,))
    with pytest.raises(ZeroDivisionError):
        per_row.takes_rows(lambda theta, z: 1 / 0, tree, (2,))


# --- networks of any kind ---


class Plain:
    """A network of a caller's own: a matrix."""

    def init(self, rng, n_in, n_out, context_dim=0):
        return {"W": onp.zeros((n_out, n_in)), "b": onp.zeros(n_out), "fixed": {"m": onp.zeros((1, 1))}}

    def apply(self, params, x, context=None):
        return np.matmul(x, params["W"].T) + params["b"]

    def apply_vjp(self, params, x, context=None):
        return self.apply(params, x), None


def test_a_network_of_a_callers_own_has_the_methods_that_are_needed():
    own = Plain()
    params = network.features(own, onp.random.default_rng(0), 400, 3)
    close(params["W"].std(), 1 / 20, 0.005)
    assert not params["b"].any() and not params["fixed"]["m"].any()
    x = onp.random.default_rng(1).normal(size=(4, 400))
    close(network.network_value(own, params, x), own.apply(params, x), 1e-15)
    close(network.prepared(own, params)(x), own.apply(params, x), 1e-15)
    close(network.network_jacobian(own, params, x), onp.broadcast_to(params["W"], (4, 3, 400)), 1e-15)
    assert network.network_width(own, params) is network.network_shape(own) is None
    mlp = nf.MLP((5,), "tanh")
    params, y = mlp.init_features(onp.random.default_rng(0), 3 + 2, 2), onp.ones((4, 2))
    f, back = mlp.linearized(params, x[:, :3], y)
    close(f, mlp.apply(params, x[:, :3], y), 1e-13)
    u = onp.random.default_rng(2).normal(size=(4, 2))
    J = mlp.jacobian(params, x[:, :3], y)
    for n in (4, 3, 1):
        close(back(u[:n]), (J[:n].transpose(0, 2, 1) @ u[:n, :, None])[..., 0], 1e-13)
    _, found, pullback = network.Network.jacobian_vjp(mlp, params, x[:, :3], y)
    close(found, J, 1e-13)
    assert [g.shape for g in pullback(u, J)[1:]] == [(4, 3), (4, 2)]


def test_a_network_that_does_not_say_whether_it_keeps_statistics_keeps_none():
    field, mask = nf.Field(Plain()), (True, False)
    for part in (field, nf.ProbabilityFlow(Plain()), nf.ConditionedBase(nf.DiagonalNormal(2), Plain())):
        assert part.updates is False and part.update("params") == "params"
    layers = (nf.Coupling(nf.Affine(), mask, Plain()), nf.Conditioned(nf.Planar(2), Plain()), nf.Continuous(field))
    for layer in layers:
        assert layer.updates is False and layer.update("params", None) == "params"
    flow = nf.Flow(nf.StandardNormal(2), nf.Coupling(nf.Affine(), mask, context_dim=1), Plain())
    assert flow.updates is False


def test_the_faster_road_of_a_network_is_its_own_kernel_where_it_has_one():
    class Traced(nf.nets.network.Network):
        def apply(self, params, x, context=None):
            asked.append("apply")
            return x

    class Fast(Traced):
        def apply_vjp(self, params, x, context=None):
            asked.append("kernel")
            return x, None

    asked, x = [], onp.ones((2, 1))
    for network_, road in ((Traced(), "apply"), (Fast(), "kernel")):
        asked.clear()
        assert network_.apply_value({}, x) is x and asked == [road]
