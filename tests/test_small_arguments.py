"""Arguments of an audit that belong to what is audited: a context, parameters, and what only two functions declare."""

from types import SimpleNamespace

import numpy as onp

import nfscratch as nf
from nfscratch.check import arguments
from nfscratch.check.draws import DIMS


def rng():
    return onp.random.default_rng(0)


def refused(f, *given):
    """The kind and the words of what is raised; nothing where nothing is."""
    try:
        f(*given)
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def checked(subject, dims=DIMS, declared=None, **more):
    options = {"dtype": None, "draws": 1, "radii": (1.0,), "rng": rng(), "params": None, "context": None} | more
    return refused(arguments.check_options, subject, dims, DIMS, declared or {}, options)


def conditional(width=2):
    return nf.Coupling(nf.Affine(), (True, False), context_dim=width)


def embedding():
    return nf.Flow(nf.StandardNormal(2), conditional(3), embed=nf.MLP((4,)))


def test_a_context_has_the_width_that_the_map_takes():
    flow = nf.Flow(nf.StandardNormal(2), conditional())
    params = flow.init(rng(), context=onp.ones((1, 2)))
    for made, given in ((conditional(), None), (flow, None), (flow, params)):
        for context in ([1.0, 2.0], onp.ones((1, 2)), onp.ones((5, 2))):
            assert checked(made, params=given, context=context) == "", (made, context)
        assert "context must have shape" in checked(made, params=given, context=onp.ones((5, 3))), made
        assert "context must be finite" in checked(made, params=given, context=[onp.nan, 0.0]), made
    assert "this flow takes no context" in checked(nf.ActNorm(2), context=[1.0])
    assert checked(conditional()) == "" and checked(nf.ActNorm(2)) == ""


def test_a_checked_context_is_rows_of_float64_as_many_as_there_were():
    for made in (conditional(), nf.Flow(nf.StandardNormal(2), conditional())):
        for given, rows in (([1, 2], [[1.0, 2.0]]), (onp.ones((3, 2), "float32"), [[1.0, 1.0]] * 3)):
            found = arguments.checked_context(made, None, given)
            assert found.dtype == onp.float64 and found.tolist() == rows
    assert arguments.checked_context(nf.ActNorm(2), None, None) is None


def test_a_flow_asks_its_parameters_what_context_they_take():
    asked = []
    flow = nf.Flow(nf.StandardNormal(2), conditional())
    object.__setattr__(flow, "checked_context", lambda *given: asked.append(given) or "rows")
    assert arguments.checked_context(flow, "params", "context") == "rows"
    ((params, context, n, like),) = asked
    assert (params, context, n) == ("params", "context", None) and like.dtype == onp.float64


def test_a_width_is_that_of_the_map_or_none_where_a_network_embeds_any():
    flow = nf.Flow(nf.StandardNormal(2), conditional())
    widths = [arguments.context_width(made) for made in (conditional(5), nf.ActNorm(2), flow, embedding())]
    assert widths == [5, 0, 2, None]


def test_parameters_are_a_tree_of_the_shapes_that_init_makes():
    layer, flow = nf.ActNorm(2), nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))
    for made, kind in ((layer, "ActNorm"), (flow, "Flow")):
        assert checked(made, params=made.init(rng())) == ""
        wrong = f"ValueError: params must be a tree of the {kind}'s own, shaped as its init makes it; got another"
        other = nf.ActNorm(3) if made is layer else nf.Flow(nf.StandardNormal(3), nf.ActNorm(3))
        for params in (other.init(rng()), {}, 3, [made.init(rng())], "params"):
            assert checked(made, params=params) == wrong, (kind, params)
    with_embedding = embedding()  # its own init needs a context
    assert checked(with_embedding, params="whatever") == ""


def test_a_shape_is_a_leaf_and_what_is_no_tree_is_its_type():
    found = arguments._shapes({"a": onp.ones((2, 3)), "b": [1.0]})
    assert found["a"].shape == (2, 3) and found["b"][0].shape == ()
    assert arguments._shapes({"a": onp.ones((2, 3))}) == arguments._shapes({"a": onp.zeros((2, 3))})
    assert arguments._shapes({"a": onp.ones((2, 3))}) != arguments._shapes({"a": onp.ones((3, 2))})


def test_what_two_functions_declare_is_refused_of_everything_else_and_what_is_bound_of_them():
    pair, pairs = (len, len), [(len, len), (len, len)]
    for subject in (pair, pairs, list(pair)):
        assert checked(subject, (2,), {"log_prob": len, "smooth": False}) == ""
        for name in ("params", "context"):
            words = f"ValueError: {name} must be left out for two plain functions, which take none; got it"
            assert checked(subject, (2,), **{name: 0}) == words
    both = checked(pair, (2,), params=0, context=0)
    assert both.startswith("ValueError: params")
    for subject in (nf.ActNorm(2), nf.ActNorm, nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))):
        words = "ValueError: smooth must be left out unless two plain functions are audited; got False"
        assert checked(subject, declared={"sample": None, "smooth": False}) == words
        assert checked(subject, declared={"sample": None, "smooth": None}) == ""


def test_what_is_wrong_of_itself_is_told_before_what_does_not_apply():
    layer = nf.ActNorm(2)
    assert checked(layer, (0,)).startswith("ValueError: dims must be a tuple")
    assert checked(layer, draws=0).startswith("ValueError: draws must be an integer")
    assert checked(layer, declared={"smooth": 3}).startswith("TypeError: smooth must be True")
    assert checked(nf.Chain, (0,)).startswith("TypeError: an audit takes a Bijection")
    assert checked(layer, DIMS) == "" and "dims must be left out for a ActNorm" in checked(layer, (*DIMS,))
    assert "dims must be left out for a Flow" in checked(nf.Flow(nf.StandardNormal(2), layer), (2,))
    assert checked(lambda dim: layer, (3,)) == ""


def test_a_class_is_a_factory_where_a_dimension_alone_makes_an_event():
    made = {"in_shape": (2,), "shape": ()}
    layer = type("Layer", (nf.ActNorm,), {"__new__": lambda cls, dim: nf.ActNorm(dim)})
    empty = type("Empty", (nf.ActNorm,), {"__init__": lambda self, dim: self.__dict__.update(made | {"in_shape": ()})})
    flow = type("Ready", (nf.Flow,), {"__new__": lambda cls, dim: SimpleNamespace(shape=(dim,), in_shape=())})
    bare = type("Bare", (nf.Flow,), {"__new__": lambda cls, dim: SimpleNamespace(shape=(), in_shape=(dim,))})
    of_one = type("One", (nf.ActNorm,), {"__new__": lambda cls, dim: 1 / (dim - 2) if dim == 2 else nf.ActNorm(dim)})
    found = [arguments._takes_dim_alone(cls) for cls in (layer, empty, flow, bare, of_one)]
    assert found == [True, False, True, False, False]
