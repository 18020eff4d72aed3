"""Flow and score matching: what the regression's target is, its gradient, the pairings, and `fit` with them."""

from itertools import permutations

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets.velocity import time_per_row
from nfscratch.targets import gaussian_path
from nfscratch.training import objectives
from nfscratch.training.objectives.ends import Ends
from nfscratch.training.objectives.pairing import GROUP, paired

register_array_type(StrictArray)
FIELD = nf.Field(nf.MLP((7, 6), "silu"), 2)


def rng(seed=0):
    return onp.random.default_rng(seed)


def flow_of(field, dim=2, context_dim=0, embed=None):
    layers = [nf.Whiten(dim), nf.Continuous(field, dim, context_dim=context_dim), nf.Standardize(dim)]
    return nf.Flow(nf.StandardNormal(dim), nf.Chain(layers), embed)


def example(field, context_dim=0, embed=None):
    flow, x = (
        flow_of(field, context_dim=context_dim, embed=embed),
        rng().normal(size=(40, 2)) @ [[3.0, 1.0], [0.0, 2.0]] + 5,
    )
    context = rng(1).normal(size=(40, 3)) if context_dim else None
    params = flow.init(rng(2), x, context)
    return (
        flow,
        trees.map_leaves(lambda p: p + 0.3 * rng(3).normal(size=p.shape), params, fixed=lambda p: p),
        x,
        context,
    )


CASES = {
    "flow matching": (objectives.flow_matching, objectives.flow_matching_value_and_grad, FIELD),
    "score matching": (objectives.score_matching, objectives.score_matching_value_and_grad, nf.ProbabilityFlow(FIELD)),
}
every_case = pytest.mark.parametrize("name", CASES)


@every_case
def test_the_value_is_the_formula(name):
    """The draws are made again here: the noise first, then the shift of the times."""
    value, _, field = CASES[name]
    flow, params, x, _ = example(field)
    draws = rng(4)
    mean, std, L = (params["bijection"][0]["fixed"][key] for key in ("mean", "std", "mixing"))
    z = mean + std * (draws.normal(size=x.shape) @ L.T)
    x1 = (x - x.mean(axis=0)) / x.std(axis=0)
    t = (draws.random() + onp.arange(40) / 40) % 1
    a, b = (t, 1 - t) if name == "flow matching" else field.signal_and_noise(t)
    points = a[:, None] * x1 + b[:, None] * z
    target = x1 - z if name == "flow matching" else a[:, None] * z - b[:, None] * x1
    f = FIELD.apply(params["bijection"][1], points, t)
    close(value(flow, params, x, rng=rng(4)), onp.square(f - target).sum(axis=1).mean(), 1e-12)


@every_case
@pytest.mark.parametrize("kind", ["plain", "context", "embedded", "weights"])
def test_the_gradient_is_that_of_autograd(name, kind):
    value, value_and_grad, field = CASES[name]
    width = {"context": 3, "embedded": 2}.get(kind, 0)
    embed = nf.MLP((4,), "tanh") if kind == "embedded" else None
    flow, params, x, context = example(field, width, embed)
    weights = rng(5).random(40) if kind == "weights" else None
    both = autograd.value_and_grad(lambda p: value(flow, p, x, context, rng(6), weights))(params)
    ours = value_and_grad(flow, params, x, context, rng(6), weights)
    close(ours[0], value(flow, params, x, context, rng(6), weights), 1e-12)
    close(ours[0], both[0], 1e-12)
    close_trees(ours[1], both[1], 1e-11)
    assert onp.abs(ours[1]["bijection"][1][0]["W"]).max() > 1e-3


class Exact(nf.Velocity):
    """The exact velocity of the eight Gaussians, standardised, plus `params` times a bump."""

    path = gaussian_path.eight_gaussians().standardized(onp.zeros(2), onp.full(2, 2.03))

    def init(self, rng, dim, context_dim=0):
        return onp.zeros(2)

    def apply(self, params, z, t, context=None):
        t = time_per_row(t, z)
        bump = np.exp(-0.5 * np.sum(np.square(z - 0.4), axis=1) - t)[:, None] * params
        return bump + self.path.velocity(z, t)

    def apply_vjp(self, params, z, t, context=None):
        bump = onp.exp(-0.5 * onp.square(z - 0.4).sum(axis=1) - t)
        return self.apply(params, z, t), lambda g: (bump @ g, None, None)


@pytest.mark.parametrize("points", ["x_t", "x_1"])
def test_the_exact_marginal_velocity_has_gradient_0_and_at_x_1_it_has_not(points):
    """The proof of flow matching, as a test: the target is the conditional velocity, the least is the marginal one.

    The mistake of the museum, regressing at x_1 in place of x_t, fails the same three standard errors.
    """
    x = Exact.path.sample(rng(7), 20_000)
    z, t = rng(8).normal(size=x.shape), rng(9).random(len(x))
    at = t[:, None] * x + (1 - t)[:, None] * z if points == "x_t" else x
    away = Exact().apply(onp.zeros(2), at, t) - (x - z)
    bump = onp.exp(-0.5 * onp.square(at - 0.4).sum(axis=1) - t)[:, None]
    gradient = bump * away
    errors = onp.abs(gradient.mean(axis=0)) / (gradient.std(axis=0) / len(x) ** 0.5)
    assert (errors.max() < 3) == (points == "x_t")


def test_the_exact_velocity_is_the_least_of_the_loss():
    flow = nf.Flow(nf.StandardNormal(2), nf.Continuous(Exact(), 2))
    x, params = Exact.path.sample(rng(7), 4000), {"base": {}, "bijection": onp.zeros(2), "embed": {}}
    grads = [objectives.flow_matching_value_and_grad(flow, params, x, None, rng(s))[1]["bijection"] for s in range(8)]
    assert (onp.abs(onp.mean(grads, axis=0)) < 4 * onp.std(grads, axis=0) / 8**0.5).all()


def test_other_layers_keep_their_parameters():
    flow, params, x, _ = example(FIELD)
    diagonal = nf.Flow(nf.DiagonalNormal(2), nf.Chain([nf.ActNorm(2), *flow.bijection.layers]))
    params = diagonal.init(rng(), x)
    _, grads = objectives.flow_matching_value_and_grad(diagonal, params, x, rng=rng(1))
    others = trees.leaves([grads["base"], grads["bijection"][0]])
    assert others and not any(leaf.any() for leaf in others)
    assert any(leaf.any() for leaf in trees.leaves(grads["bijection"][2]))


# --- pairings ---


def test_the_optimal_pairing_is_the_best_of_all_permutations():
    z, x = rng(1).normal(size=(6, 2)), rng(2).normal(size=(6, 2))
    least = min(onp.square(x - z[list(order)]).sum() for order in permutations(range(6)))
    close(onp.square(x - paired(z, x, "optimal")).sum(), least, 1e-12)


def test_pairs_are_found_in_groups_and_every_row_is_used_once():
    n = 2 * GROUP + 5
    z, x = rng(1).normal(size=(n, 3)), rng(2).normal(size=(n, 3))
    ours = paired(z, x, "optimal")
    close(onp.sort(ours[:, 0]), onp.sort(z[:, 0]), 0.0)
    close(onp.sort(ours[GROUP : 2 * GROUP, 0]), onp.sort(z[GROUP : 2 * GROUP, 0]), 0.0)
    assert onp.square(x - ours).sum() < 0.6 * onp.square(x - z).sum()
    assert paired(z, x, "independent") is z


def test_the_optimal_pairing_has_its_own_gradient():
    flow, params, x, _ = example(FIELD)
    both = autograd.value_and_grad(lambda p: objectives.flow_matching(flow, p, x, rng=rng(1), pairing="optimal"))(
        params
    )
    ours = objectives.flow_matching_value_and_grad(flow, params, x, rng=rng(1), pairing="optimal")
    close(ours[0], both[0], 1e-12)
    close_trees(ours[1], both[1], 1e-11)
    assert ours[0] != objectives.flow_matching(flow, params, x, rng=rng(1))


# --- what they refuse ---


def test_an_estimate_needs_an_rng():
    for value, value_and_grad, field in CASES.values():
        flow, params, x, _ = example(field)
        for call in (value, value_and_grad):
            with pytest.raises((TypeError, ValueError), match=r"rng must be .*Generator.*got None"):
                call(flow, params, x)


def test_a_pairing_would_tie_the_noise_to_the_context():
    flow, params, x, context = example(FIELD, 3)
    with pytest.raises(ValueError, match='pairing must be "independent" with a context'):
        objectives.flow_matching(flow, params, x, context, rng(), pairing="optimal")
    flow, params, x, _ = example(FIELD)
    with pytest.raises(ValueError, match='pairing must be "independent" with weights'):
        objectives.flow_matching(flow, params, x, None, rng(), onp.ones(40), pairing="optimal")
    with pytest.raises(ValueError, match="pairing must be one of independent, optimal; got 'sinkhorn'"):
        objectives.FlowMatching("sinkhorn")


def test_a_flow_without_a_field_is_refused():
    x = rng().normal(size=(40, 2))
    with pytest.raises(TypeError, match=r"one continuous layer.*got 0 of them"):
        nf.fit(nf.flows.real_nvp(2, layers=2), x, rng=0, objective=nf.objectives.FlowMatching())
    two = nf.Flow(nf.StandardNormal(2), nf.Chain([nf.Continuous(FIELD, 2), nf.Continuous(FIELD, 2)]))
    with pytest.raises(TypeError, match="got 2 of them among 2 layers"):
        nf.fit(two, x, rng=0, objective=nf.objectives.FlowMatching())
    with pytest.raises(TypeError, match=r"score matching needs a flow whose field is a ProbabilityFlow.*got Field"):
        nf.fit(flow_of(FIELD), x, rng=0, objective=nf.objectives.ScoreMatching())
    with pytest.raises(TypeError, match=r"objective must be an Objective, such as nf.objectives.FlowMatching\(\)"):
        nf.fit(flow_of(FIELD), x, rng=0, objective="flow matching")


def test_a_velocity_of_another_shape_is_refused():
    """One column would broadcast against the target."""

    class Narrow(nf.Velocity):
        def init(self, rng, dim, context_dim=0):
            return {"a": onp.ones(1)}

        def apply(self, params, z, t, context=None):
            return params["a"] * z[:, :1]

    flow, x = flow_of(Narrow()), rng().normal(size=(40, 2))
    params = flow.init(rng())
    for call in (objectives.flow_matching, objectives.flow_matching_value_and_grad):
        with pytest.raises(ValueError, match=r"one velocity for each row, shape \(40, 2\) of z; got \(40, 1\)"):
            call(flow, params, x, rng=rng())


# --- training ---


@pytest.mark.parametrize(
    "kind", ["flow matching", pytest.param("optimal", marks=pytest.mark.exhaustive), "score matching"]
)
def test_fit_learns_two_blobs(kind):
    """From the loss of a Gaussian's field to one that knows of two blobs; and the density gains by it."""
    which = {
        "flow matching": objectives.FlowMatching(),
        "optimal": objectives.FlowMatching("optimal"),
        "score matching": objectives.ScoreMatching(),
    }[kind]
    field = nf.Field(nf.MLP((32,), "silu"))
    flow = flow_of(nf.ProbabilityFlow(field) if kind == "score matching" else field)
    x = onp.where(rng().random((500, 1)) < 0.5, -2.0, 2.0) + 0.5 * rng(1).normal(size=(500, 2))
    start = flow.init(rng(2), x)
    result = nf.fit(flow, x, rng=3, params=start, objective=which, steps=300, optimizer=nf.adam(1e-2), progress=False)
    history = result.history["validation"]
    assert result.validation == min(history) < history[0]
    gain = objectives.nll(flow, start, x[:100]) - objectives.nll(flow, result.params, x[:100])
    assert gain > 0.3
    one, again = (nf.fit(flow, x, rng=3, params=start, objective=which, steps=20, progress=False) for _ in range(2))
    assert one.history["validation"] == again.history["validation"]


def test_a_run_file_of_another_objective_is_refused(tmp_path):
    flow, _, x, _ = example(FIELD)
    path = tmp_path / "run.safetensors"
    settings = {"rng": 0, "steps": 3, "checkpoint": path, "progress": False}
    nf.fit(flow, x, objective=objectives.FlowMatching(), **settings)
    nf.fit(flow, x, objective=objectives.FlowMatching(), **settings)
    with pytest.raises(nf.CheckpointError, match="objective"):
        nf.fit(flow, x, objective=objectives.FlowMatching("optimal"), **settings)


def test_a_loss_that_is_not_finite_is_named():
    flow, params, x, _ = example(FIELD)
    params["bijection"][1][0]["b"][0] = onp.nan
    with pytest.raises(FloatingPointError, match=r"the gradient of bijection/1/0/W is NaN or infinite"):
        nf.fit(flow, x, rng=0, params=params, objective=objectives.FlowMatching(), steps=3, validation=None)


@every_case
@pytest.mark.parametrize("kind", ["float32", "device"])
def test_dtype_and_kind_of_array_stay(name, kind):
    _, value_and_grad, field = CASES[name]
    flow, params, x, _ = example(field)

    def moved(a):
        return a.astype("float32") if kind == "float32" else StrictArray(a)

    value, grads = value_and_grad(flow, trees.map_leaves(moved, params), moved(x), rng=rng(1))
    exact = value_and_grad(flow, params, x, rng=rng(1))
    close(value, exact[0], 1e-5)
    close_trees(grads, exact[1], 1e-4)
    assert {(type(leaf), leaf.dtype) for leaf in trees.leaves(grads)} == {(type(moved(x)), moved(x).dtype)}


def test_ends_finds_the_layer_inside_chains_and_its_sides():
    field = nf.Continuous(FIELD, 2)
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([nf.Chain([nf.ActNorm(2), field]), nf.Standardize(2)]))
    ends = Ends.of(flow)
    assert (ends.place, ends.layer) == ((0, 1), field)
    assert ([place for place, _ in ends.before], [place for place, _ in ends.after]) == ([(0, 0)], [(1,)])


def test_the_ends_are_those_of_the_layers_on_the_two_sides():
    """Two layers on each side, so that their order counts."""
    two = [nf.ActNorm(2), nf.Triangular(2)]
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([*two, nf.Continuous(FIELD, 2), *two]))
    params, x = flow.init(rng()), rng(1).normal(size=(5, 2))
    params = trees.map_leaves(lambda p: p + 0.3 * rng(3).normal(size=p.shape), params)
    before, after = (nf.Chain(two), params["bijection"][:2]), (nf.Chain(two), params["bijection"][3:])
    ends, z = Ends.of(flow), rng(4).normal(size=(5, 2))
    close(ends.noise(flow, params, rng(4), 5, None), before[0].forward(before[1], z)[0], 1e-13)
    close(ends.data(params, x, None), after[0].inverse(after[1], x)[0], 1e-13)
