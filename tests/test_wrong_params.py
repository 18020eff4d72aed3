"""Parameters of another depth, width or flow: one line names the place in the tree, also where they would compute."""

import re

import autograd
import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.flows import parameters


def rng(seed=0):
    return onp.random.default_rng(seed)


X = rng().normal(size=(20, 2))
FLOW = nf.flows.real_nvp(2, layers=4, hidden=(8, 8), whiten="diagonal")
PARAMS = FLOW.init(rng(), X)


def of(recipe, dim=2, **options):
    flow = getattr(nf.flows, recipe)(dim, **options)
    return flow.init(rng(), rng(1).normal(size=(20, dim)))


def changed(change):
    tree = nf.trees.copy(PARAMS)
    change(tree["bijection"])
    return tree


WRONG = {
    "another depth": (
        of("real_nvp", layers=6, whiten="diagonal"),
        r"params['bijection'] must have the parameters of 5 layers; got 7",
    ),
    "another flow": (of("planar"), "params['bijection'] must have the parameters of 5 layers; got ['b', 'u', 'w']"),
    "another flow of as many layers": (of("linear", 1), "params['bijection'] must have the parameters of 5 layers"),
    "a layer without weights": (
        changed(lambda layers: layers[0][1].pop("W")),
        "params['bijection'][0][1] must have the entries ['W', 'b']; got ['b']",
    ),
    "a wrong shape": (
        changed(lambda layers: layers[0][0].update(W=onp.zeros((8, 7)))),
        "params['bijection'][0][0]['W'] must have shape (8, 1); got shape (8, 7)",
    ),
    "a wrong width between two layers": (
        changed(lambda layers: layers[1][1].update(W=onp.zeros((5, 8)))),
        "params['bijection'][1][1]['W'] must have shape (8, 8); got shape (5, 8)",
    ),
    "a text for an array": (
        changed(lambda layers: layers[4]["fixed"].update(mean="0")),
        "params['bijection'][4]['fixed']['mean'] must have shape (2,); got a str",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_evaluation_names_the_place_in_the_tree(name):
    params, message = WRONG[name]
    calls = {
        "log_prob": lambda: FLOW.log_prob(params, X),
        "sample": lambda: FLOW.sample(params, rng(), 3),
        "sample_and_log_prob": lambda: FLOW.sample_and_log_prob(params, rng(), 3),
        "log_prob_vjp": lambda: FLOW.log_prob_vjp(params, X),
        "fit": lambda: nf.fit(FLOW, X, params=params, rng=rng(), steps=1, progress=False),
    }
    if "text" not in name:
        calls["gradient"] = lambda: autograd.grad(lambda p: np.sum(FLOW.log_prob(p, X)))(params)
    for call in calls.values():
        with pytest.raises(ValueError, match=re.escape(message)) as caught:
            call()
        assert isinstance(caught.value, parameters.ParamsError)


def test_fit_refuses_parameters_of_another_width_that_would_do_as_a_network():
    params = of("real_nvp", layers=4, hidden=(6, 6), whiten="diagonal")
    with pytest.raises(
        ValueError, match=r"params\['bijection'\]\[0\]\[0\]\['W'\] must have shape \(8, 1\); got .*6, 1"
    ):
        nf.fit(FLOW, X, params=params, rng=rng(), steps=1, progress=False)
    assert onp.isfinite(
        nf.fit(FLOW, X, params=PARAMS, rng=rng(), steps=1, validation=None, progress=False).params["bijection"][0][0][
            "W"
        ]
    ).all()


@pytest.mark.parametrize("other", ["planar", "radial", "sylvester", "maf", "rq_nsf", "naf", "linear"])
def test_parameters_of_any_other_recipe_are_refused_in_words(other):
    for name in ("planar", "radial", "sylvester", "maf", "rq_nsf", "linear"):
        if name != other:
            flow = getattr(nf.flows, name)(2)
            with pytest.raises(ValueError, match=r"params\['bijection'\].* must have .*; got"):
                flow.sample(of(other), rng(), 3)


def test_an_embedding_of_another_flow_is_named():
    flow = nf.flows.maf(2, layers=2, context_dim=3, embed=nf.MLP((5,)))
    c = rng(2).normal(size=(20, 4))
    params = flow.init(rng(), X, c)
    params["embed"] = of("maf", layers=2, hidden=(8,))["bijection"][0]
    with pytest.raises(ValueError, match=r"params\['embed'\].* must .*; got"):
        flow.log_prob(params, X, c)


def test_an_error_that_has_another_cause_stays_what_it_is():
    for params in (PARAMS, nf.trees.map_leaves(lambda a: a.astype(onp.float32), PARAMS)):
        with pytest.raises(ValueError, match=r"x must have shape \(N, 2\); got \(5, 3\)"):
            FLOW.log_prob(params, onp.zeros((5, 3)))


def test_parameters_for_each_row_are_not_accused_when_something_else_is_wrong():
    flow = nf.Flow(nf.StandardNormal(2), nf.Radial(2))
    params = flow.init(rng())
    params["bijection"] = {key: onp.stack([p] * 20) for key, p in params["bijection"].items()}
    assert onp.isfinite(flow.log_prob(params, X)).all()
    with pytest.raises(ValueError, match="x must have shape"):
        flow.log_prob(params, onp.zeros((5, 3)))


def test_right_parameters_are_never_compared(monkeypatch):
    monkeypatch.setattr(parameters, "disagreement", lambda *_: pytest.fail("the tree was compared"))
    FLOW.log_prob(PARAMS, X)
    FLOW.sample(PARAMS, rng(), 3)
    autograd.grad(lambda p: np.sum(FLOW.log_prob(p, X)))(PARAMS)


COMPUTING = {
    "a narrower network": (of("real_nvp", layers=4, hidden=(6, 6), whiten="diagonal"), "[0][0]['W']"),
    "a wider network": (of("real_nvp", layers=4, hidden=(9, 9), whiten="diagonal"), "[0][0]['W']"),
    "a deeper network": (of("real_nvp", layers=4, hidden=(8, 8, 8), whiten="diagonal"), "[0]"),
    "a network with one layer less": (of("real_nvp", layers=4, hidden=(8,), whiten="diagonal"), "[0]"),
}


@pytest.mark.parametrize("name", COMPUTING)
def test_parameters_of_another_network_that_would_compute_are_refused(name):
    params, place = COMPUTING[name]
    calls = {
        "log_prob": lambda: FLOW.log_prob(params, X),
        "sample": lambda: FLOW.sample(params, rng(), 3),
        "gradient": lambda: autograd.grad(lambda p: np.sum(FLOW.log_prob(p, X)))(params),
        "nested": lambda: autograd.grad(lambda a: np.sum(FLOW.log_prob({**params, "base": {}}, a * X)))(1.0),
    }
    for call in calls.values():
        with pytest.raises(parameters.ParamsError, match=re.escape(f"params['bijection']{place} must have ")):
            call()


def test_parameters_that_came_from_elsewhere_are_compared_once(monkeypatch):
    flow, seen = nf.flows.real_nvp(2, layers=4, hidden=(8, 8), whiten="diagonal"), []
    monkeypatch.setattr(parameters, "disagreement", lambda *_: seen.append(1))
    for _ in range(3):
        flow.log_prob(PARAMS, X)
        flow.sample(PARAMS, rng(), 3)
    assert len(seen) == 1


def test_a_flow_does_not_remember_more_and_more_signatures():
    flow = nf.Flow(nf.StandardNormal(2), nf.Radial(2))
    params = flow.init(rng())
    for n in range(1, 50):
        each = {**params, "bijection": {key: onp.stack([p] * n) for key, p in params["bijection"].items()}}
        assert onp.isfinite(flow.log_prob(each, X[:1].repeat(n, axis=0))).all()
    assert len(vars(flow)["known_params"]) <= parameters.KNOWN


def test_save_names_the_place_in_the_same_words(tmp_path):
    params, message = WRONG["a wrong shape"]
    with pytest.raises(nf.CheckpointError, match=re.escape(message)):
        nf.save(tmp_path / "a.flow", FLOW, params)


@pytest.mark.parametrize("kind", ["complex128", "int64", "float16", "bool", "object", "a masked array"])
def test_parameters_of_another_kind_of_number_are_refused_by_their_place(kind):
    flow = nf.flows.real_nvp(2, layers=2, hidden=(4,))
    x = onp.random.default_rng(0).normal(size=(20, 2))
    params = flow.init(0, x)
    model = nf.models.AutoEncoder(nf.MLP((4,)), nf.MLP((4,)), 1)
    of = (lambda v: onp.ma.masked_array(v, True)) if "mask" in kind else (lambda v: v.astype(kind))
    wrong, of_model = trees.map_leaves(of, params), trees.map_leaves(of, model.init(0, x))
    calls = (
        lambda: flow.log_prob(wrong, x),
        lambda: flow.sample(wrong, 0, 1),
        lambda: nf.fit(flow, x, rng=0, steps=1, params=wrong, progress=False),
        lambda: model.encode(of_model, x),
    )
    for call in calls:
        with pytest.raises(
            ValueError, match=rf"^params.* must be of real numbers, in float32 or float64; got (dtype )?{kind}$"
        ):
            call()
