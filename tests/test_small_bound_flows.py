"""Flows and layers as subjects: what is bound to them, in which dtype, and what copies keep."""

import warnings
from types import SimpleNamespace

import numpy as onp

import nfscratch as nf
from nfscratch.check import bound
from nfscratch.check.subject import Subject, leaf_layers, of_bijection, of_flow

CONTEXT = onp.array([[1.0], [2.0], [3.0]])
Z = onp.array([[0.5, -1.0], [2.0, 0.25], [-1.5, 1.0]])


def rng():
    return onp.random.default_rng(0)


class Layer(nf.PLU):
    """A layer that says more of itself than PLU does."""

    smooth, accuracy = False, 1e-3


class Counted:
    """A base or a flow that notes what it is asked."""

    context_dim, shape, support = 1, (2,), (-onp.inf, onp.inf)

    def __init__(self):
        self.asked = []

    def log_prob(self, *given):
        self.asked.append(("log_prob", *given))
        return given[1].sum(axis=1)

    def sample(self, *given):
        self.asked.append(("sample", *given))
        return Z

    def sample_and_log_prob(self, *given):
        self.asked.append(("both", *given))
        return [Z, Z[:, 0]]


def test_the_functions_of_a_flow_have_its_parameters_and_a_row_of_context_for_each_of_theirs():
    flow = Counted()
    found = bound.density_of(flow, "params", CONTEXT)
    assert found["log_prob"](Z[:2]).tolist() == [-0.5, 2.25]
    assert (found["sample"]("rng", 5) == Z).all() and type(found["sample_and_log_prob"]("rng", 4)) is tuple
    rows = [asked[-1][:, 0].tolist() for asked in flow.asked]
    assert rows == [[1, 2], [1, 2, 3, 1, 2], [1, 2, 3, 1]]
    assert [asked[:-1] for asked in flow.asked[1:]] == [("sample", "params", "rng", 5), ("both", "params", "rng", 4)]
    assert flow.asked[0][:2] == ("log_prob", "params") and (flow.asked[0][2] == Z[:2]).all()
    bound.density_of(flow, "params", None)["sample"]("rng", 2)
    assert flow.asked[-1] == ("sample", "params", "rng", 2, None)


def test_the_functions_of_a_base_have_numbers_of_its_dtype_and_a_context_where_it_takes_one():
    for context_dim, rows in ((1, [[1, 2, 3], [1, 2, 3, 1]]), (0, [])):
        base, like = Counted(), onp.empty(0, "float32")
        base.context_dim = context_dim
        found = bound.base_of(base, "params", like, CONTEXT)
        log_p = found["base_log_prob"](Z)
        assert log_p.dtype == onp.float64 and log_p.tolist() == [-0.5, 2.25, -0.5]
        assert (found["base_sample"]("rng", 4) == Z).all()
        asked, drawn = base.asked
        assert asked[1] == "params" and asked[2].dtype == onp.float32
        assert drawn[1:5] == ("params", "rng", 4, like)
        assert [more[0][:, 0].tolist() for more in (asked[3:], drawn[5:]) if more] == rows


def test_a_direction_takes_the_dtype_of_its_points_and_returns_a_tuple():
    asked = []

    def method(params, a, context):
        asked.append((params, a.dtype, context[:, 0].tolist()))
        return [a, a[:, 0]]

    found = bound.direction_of(method, "params", CONTEXT, None)
    for dtype in ("float32", "float64"):
        answer = found(onp.concatenate([Z, Z]).astype(dtype))
        assert type(answer) is tuple and answer[0].dtype == dtype
    assert asked == [("params", dtype, [1, 2, 3, 1, 2, 3]) for dtype in ("float32", "float64")]


def test_a_flow_without_parameters_has_the_dtype_that_is_asked_for_and_one_with_some_has_theirs():
    bare = nf.Flow(nf.StandardNormal(2), nf.Reverse(2))
    for dtype in ("float32", "float64"):
        found = of_flow(bare, bare.init(rng()), dtype=dtype)
        assert found.dtype == dtype and found.base_sample(rng(), 2).dtype == dtype
        assert found.base_log_prob(Z).dtype == onp.float64
    assert of_flow(bare, bare.init(rng())).dtype == onp.float64
    assert of_bijection(nf.Reverse(2), {}, dtype="float32").dtype == onp.float32
    full = nf.Flow(nf.StandardNormal(2), nf.PLU(2))
    params = nf.trees.cast(full.init(rng()), "float32")
    for found in (of_flow(full, params), of_flow(full, params, dtype="float64")):
        assert found.dtype == onp.float32 and found.base_sample(rng(), 2).dtype == onp.float32


def test_layers_without_parameters_have_the_dtype_of_the_base():
    base = nf.AutoregressiveDensity(2, nf.Gaussian(), nf.MADE((4,)))
    flow = nf.Flow(base, nf.Reverse(2))
    for dtype in ("float32", "float64"):
        assert of_flow(flow, nf.trees.cast(flow.init(rng()), dtype)).dtype == dtype


def test_the_domain_of_a_flow_is_what_layers_and_base_have_in_common_or_that_of_the_layers():
    opens = nf.Inverse(nf.Elementwise(nf.Sigmoid(), 2))
    for layer, support, domain in (
        (nf.PLU(2), (2.0, 3.0), (2.0, 3.0)), (opens, (2.0, 3.0), (0.0, 1.0)), (opens, (0.5, 3.0), (0.5, 1.0)),
        (opens, (-onp.inf, onp.inf), (0.0, 1.0)),
    ):  # fmt: skip
        base = type("Base", (nf.StandardNormal,), {"support": support})(2)
        with warnings.catch_warnings(action="ignore"):  # both lie apart
            flow = nf.Flow(base, layer)
        assert of_flow(flow, flow.init(rng())).domain == domain


def test_a_flow_keeps_what_it_is_made_of_and_the_copy_of_its_layer_is_that_of_its_own():
    flow = nf.Flow(nf.StandardNormal(2), nf.Coupling(nf.Affine(), (True, False), context_dim=1))
    params = flow.init(rng(), context=CONTEXT)
    found = of_flow(flow, params, CONTEXT)
    assert (found.flow, found.flow_params, found.bijection) == (flow, params, flow.bijection)
    assert found.context is CONTEXT and found.flow_context is CONTEXT and found.params is params["bijection"]
    assert type(found.pristine) is nf.Flow and found.pristine is not flow
    assert of_flow(flow, params, CONTEXT, pristine=flow).pristine is flow
    plain = nf.Flow(nf.StandardNormal(2), nf.PLU(2))
    alone = of_flow(plain, plain.init(rng()), None)
    assert alone.context is None and alone.flow_context is None and alone.given is None


def test_a_network_embeds_the_context_of_the_layers_and_of_the_base_and_the_flow_keeps_its_own():
    base = nf.AutoregressiveDensity(2, nf.Gaussian(), nf.MADE((4,)), context_dim=1)
    layer = nf.Coupling(nf.Affine(), (True, False), context_dim=1)
    for of_layers in (layer, nf.PLU(2)):
        flow = nf.Flow(base, of_layers, nf.StandardizedInput())
        params = flow.init(rng(), Z, CONTEXT)
        found = of_flow(flow, params, CONTEXT)
        embedded = flow.embed.apply(params["embed"], CONTEXT)
        assert (embedded != CONTEXT).any() and found.flow_context is CONTEXT and found.given is CONTEXT
        if of_layers is layer:
            assert (found.context == embedded).all()
        else:
            assert found.context is None
        wanted = base.log_prob(params["base"], Z, embedded)
        assert onp.allclose(found.base_log_prob(Z), wanted) and onp.allclose(found.q(Z), wanted)


def test_what_a_layer_does_not_declare_is_none_and_what_it_declares_is_kept():
    layer = Layer(2)
    found, plain = of_bijection(layer, layer.init(rng())), of_bijection(nf.PLU(2), nf.PLU(2).init(rng()))
    assert (found.smooth, found.accuracy, found.precision) == (False, 1e-3, 1e-3)
    assert found.name == "Layer" and found.structure == layer.jacobian_structure
    assert found.costs == (layer.forward_cost, layer.inverse_cost) and plain.accuracy == 0.0
    bare = SimpleNamespace(
        jacobian_structure="dense", domain="positive", codomain=None, forward_cost="a", inverse_cost="b",
        in_shape=[2], out_shape=[2], forward=len, inverse=len,
    )  # fmt: skip
    by_itself = of_bijection(bare, {})
    assert (by_itself.smooth, by_itself.accuracy, by_itself.costs) == (None, 0.0, ("a", "b"))
    assert (by_itself.in_shape, by_itself.out_shape) == ((2,), (2,)) and not by_itself.codomain_known
    assert (by_itself.domain, by_itself.codomain) == ((0.0, onp.inf), (-onp.inf, onp.inf))
    reshape = of_bijection(nf.Reshape((4,), (1, 2, 2)), {})
    assert (reshape.in_shape, reshape.out_shape) == ((4,), (1, 2, 2))
    assert (reshape.structure, reshape.context) == (nf.Reshape((4,), (1, 2, 2)).jacobian_structure, None)


def made(n=3):
    chain = nf.Chain([nf.PLU(2)] * n)
    return chain, chain.init(rng())


def test_a_copy_has_the_context_the_dtype_and_the_pristine_object_of_the_first():
    chain, params = made()
    first = of_bijection(chain, params)
    other = first.with_params(params[::-1])
    assert other.params is not params and other.pristine is first.pristine and other.bijection is chain
    narrow = first.in_dtype("float32")
    assert narrow.dtype == onp.float32 and narrow.pristine is first.pristine and narrow.context is None
    assert first.in_dtype("float64").params is params
    fresh = first.fresh()
    assert fresh.bijection is not chain and fresh.bijection is not first.pristine and fresh.pristine is first.pristine
    assert first.given is None and first.at([2, 0]) is first and first.made_params is params


def test_layers_are_opened_where_there_are_as_many_parameters_as_layers():
    chain, params = made(2)
    for wrong in (params[:1], {"a": 1}, [*params, 1], None):
        assert leaf_layers(chain, wrong) == [(chain, wrong)]
    assert leaf_layers(chain, tuple(params)) == list(zip(chain.layers, params, strict=True))
    inverse = nf.Inverse(chain)
    found = leaf_layers(inverse, params)
    assert [p for _, p in found] == params[::-1] and [b.bijection for b, _ in found] == list(chain.layers[::-1])
    own = type("Own", (type(inverse),), {})(chain)
    assert leaf_layers(own, params) == [(own, params)]
    alone = nf.Inverse(nf.PLU(2))
    assert leaf_layers(alone, params[0]) == [(alone, params[0])]


def test_a_subject_of_nothing_more_has_these_defaults():
    found = Subject("it", len, len, (1, 2, 2), (4,))
    assert (found.dtype, found.dim, found.eps) == (onp.float64, 4, 2.0**-52)
    assert (found.domain, found.codomain) == ((-onp.inf, onp.inf),) * 2 and found.codomain_known
    assert (found.accuracy, found.pairs, found.of_first_batch) == (0.0, (), False)
    for name in (
        "structure", "smooth", "costs", "log_prob", "sample", "sample_and_log_prob", "base_log_prob", "base_sample",
        "bijection", "params", "context", "flow_context", "flow", "flow_params", "pristine", "begun",
    ):  # fmt: skip
        assert getattr(found, name) is None, name
    assert found.depth == 16 and Subject("it", len, len, (2,), (2,), accuracy=1e-9).depth == 1
    pairs = (SimpleNamespace(), SimpleNamespace())
    assert Subject("it", len, len, (2,), (2,), pairs=pairs).layers() == list(pairs)
