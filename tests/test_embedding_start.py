"""An embedding network starts with features other than 0: from 0, a flow whose layers see nothing else never learns."""

from dataclasses import dataclass

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees

N = 200
ONE_VARIABLE = ("real_nvp", "nice", "maf", "iaf", "rq_nsf", "naf", "linear", "planar", "radial", "sylvester")


def rng(seed=0):
    return onp.random.default_rng(seed)


@dataclass(frozen=True, eq=False)
class Own:
    """A caller's own network, which is no Network: it starts at 0, as theirs may."""

    def init(self, rng, n_in, n_out, context_dim=0):
        return {"W": onp.zeros((n_out, n_in))}

    def apply(self, params, x, context=None):
        return (params["W"] @ x.T).T

    def apply_vjp(self, params, x, context=None):
        return self.apply(params, x), lambda g: ({"W": g.T @ x}, g @ params["W"], None)


EMBEDDINGS = {
    "MLP": nf.MLP((4,)),
    "ConvFeatures": nf.ConvFeatures(5, (2,), (4,)),
    "LipschitzMLP": nf.LipschitzMLP((4,)),
    "own": Own(),
}


def smallest_gradient(flow, from_zero=False):
    """After five steps of Adam: the smallest of the embedding's leaves' largest gradients."""
    c = rng(1).normal(size=(N, 5))
    x = c[:, :1] + 0.1 * rng(2).normal(size=(N, *flow.shape))
    params = flow.init(rng(), x, c)
    if from_zero:
        params["embed"]["network"][-1]["W"] *= 0.0
    options = {"steps": 5, "optimizer": nf.adam(1e-2), "validation": None, "progress": False}
    params = nf.fit(flow, x, context=c, rng=0, params=params, **options).last_params
    grads = nf.objectives.nll_value_and_grad(flow, params, x, c)[1]["embed"]
    return min(abs(leaf).max() for leaf in trees.leaves(grads))


@pytest.mark.parametrize(
    ("embed", "name"),
    [
        pytest.param(embed, name, marks=[] if embed == "MLP" or name == "maf" else pytest.mark.exhaustive)
        for embed in EMBEDDINGS
        for name in ONE_VARIABLE
    ],
)
def test_the_embedding_of_a_flow_of_one_variable_gets_a_gradient(name, embed):
    flow = getattr(nf.flows, name)(1, context_dim=3, hidden=(6,), embed=EMBEDDINGS[embed])
    assert smallest_gradient(flow) > 1e-5


def test_features_of_0_would_stay_where_they_are():
    flow = nf.flows.maf(1, context_dim=3, hidden=(6,), embed=EMBEDDINGS["MLP"])
    assert smallest_gradient(flow, from_zero=True) == 0.0


def test_what_was_drawn_already_stays_and_so_does_what_is_not_trained():
    net = nf.StandardizedInput(nf.MLP((4,)))
    zero, features = net.init(rng(), 3, 2), net.init_features(rng(), 3, 2)
    first, last = features["network"]
    onp.testing.assert_array_equal(first["W"], zero["network"][0]["W"])
    assert last["W"].all() and not zero["network"][1]["W"].any() and not last["b"].any()
    onp.testing.assert_array_equal(features["fixed"]["std"], 1.0)


def test_a_fresh_flow_does_not_depend_on_the_features():
    c = rng(1).normal(size=(20, 5))
    flow = nf.flows.rq_nsf(2, context_dim=3, embed=nf.MLP((4,)))
    x = rng(2).normal(size=(20, 2))
    params = flow.init(rng(), x, c)
    onp.testing.assert_allclose(flow.log_prob(params, x, c), flow.log_prob(params, x, c[::-1]), rtol=1e-12)
    assert flow.embedded(params, c).std() > 0.1


def test_features_have_the_dtype_of_the_other_parameters():
    try:
        nf.use(dtype="float32")
        made = nf.MLP((4,)).init_features(rng(), 3, 2)
        assert {leaf.dtype for leaf in trees.leaves(made)} == {onp.dtype("float32")}
    finally:
        nf.use(dtype="float64")
