"""fit and minimize: they reach what is known, repeat themselves, and lose nothing on the way."""

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, same_trees
from fitting import DATA, FLOW, fit, rng, scaling

import nfscratch as nf
from nfscratch import trees

pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better")  # the runs are short on purpose

# --- it reaches what is known ---


def test_a_gaussian_is_recovered_to_the_closed_form():
    """Full batches: maximum likelihood is the sample's own mean and standard deviation, exactly."""
    x = rng().normal(size=(500, 1)) * 3.0 + 5.0
    found = nf.fit(scaling(), x, rng=rng(), validation=None, steps=1500, batch_size=500, optimizer=nf.adam(0.1))
    a, t = found.params["bijection"]["theta"][0]
    assert abs(t - x.mean()) < 1e-4 and abs(5 * onp.tanh(a / 5) - onp.log(x.std())) < 1e-4
    assert abs(found.history["loss"][-1] - (0.5 + onp.log(x.std()) + 0.5 * onp.log(2 * onp.pi))) < 1e-6


def test_a_correlated_gaussian_is_learned_past_its_diagonal():
    """Two couplings can express it. True cross-entropy, the flow's, the diagonal Gaussian's: in that order."""
    test = rng(9).normal(size=(4000, 2)) @ [[1.0, 0.8], [0.0, 0.6]] * [2.0, 0.5] + [3.0, -1.0]
    start = -FLOW.log_prob(FLOW.init(rng(), DATA), test)
    loss = -FLOW.log_prob(fit(steps=600, optimizer=nf.adam(0.01)).params, test)
    entropy = 1 + onp.log(2 * onp.pi) + onp.log(0.6) + onp.log(2.0) + onp.log(0.5)
    assert entropy - 0.06 < loss.mean() < entropy + 0.1  # the test mean has a standard error of 0.016
    assert start.mean() > entropy + 0.4  # - log 0.6 = 0.51


def test_the_context_is_used():
    context = rng(1).normal(size=(600, 1))
    x = 2.0 * context + 0.5 * rng(2).normal(size=(600, 1))
    flow = nf.flows.real_nvp(1, layers=1, hidden=(), context_dim=1)
    result = fit(x, flow, context=context, steps=400, optimizer=nf.adam(0.03))
    truth = 0.5 * onp.log(2 * onp.pi * onp.e) + onp.log(0.5)
    assert abs(nf.objectives.nll(flow, result.params, x, context) - truth) < 0.1  # standard error 0.03
    assert nf.objectives.nll(flow, result.params, x, context[::-1]) > truth + 5


def test_minimize_reaches_the_minimum_of_a_quadratic():
    A, b = onp.array([[3.0, 1.0], [1.0, 2.0]]), onp.array([1.0, -2.0])
    params = {"p": onp.zeros(2), "fixed": {"A": A}}
    result = nf.minimize(
        lambda q, rng: 0.5 * q["p"] @ q["fixed"]["A"] @ q["p"] - b @ q["p"],
        params,
        rng=rng(),
        steps=1500,
        optimizer=nf.adam(0.05),
    )
    close(result.params["p"], onp.linalg.solve(A, b), 1e-6)
    assert (result.params["fixed"]["A"] == A).all() and not params["p"].any()


def test_minimize_with_data_is_least_squares():
    x = rng().normal(size=(300, 3))
    y = x @ [1.0, -2.0, 0.5]

    def loss(w, rng, batch):
        return np.mean(np.square(batch[0] @ w - batch[1][:, 0]))

    options = {"data": (x, y[:, None]), "steps": 800, "batch_size": 50, "optimizer": nf.adam(0.05)}
    close(nf.minimize(loss, onp.zeros(3), rng=rng(), **options).params, [1.0, -2.0, 0.5], 1e-6)


# --- it repeats itself ---


def test_a_seed_decides_everything():
    first, second, third = fit(jitter=0.1), fit(jitter=0.1), fit(jitter=0.1, seed=1)
    assert first.history == second.history and same_trees(first.params, second.params)
    assert first.history["loss"] != third.history["loss"]


def test_a_seed_means_the_same_batches_in_float32():
    start = FLOW.init(rng(), DATA)
    wide = fit(params=start, jitter=0.1)
    narrow = fit(params=trees.cast(start, "float32"), jitter=0.1)
    assert onp.abs(onp.subtract(wide.history["loss"], narrow.history["loss"])).max() < 1e-3
    assert onp.std(wide.history["loss"]) > 0.05  # other batches would not be that close


# --- what is returned ---


def test_the_parameters_with_the_best_validation_are_returned():
    result = fit(steps=120, optimizer=nf.adam(0.05), schedule=nf.constant, evaluate_every=3, validation=DATA[:40])
    values, steps = result.history["validation"], result.history["step"]
    best = int(onp.argmin(values))
    assert 0 < best < len(values) - 1 and result.best_step == steps[best]
    assert nf.objectives.nll(FLOW, result.params, DATA[:40]) == values[best]
    assert steps == list(range(0, 121, 3)) and len(result.history["loss"]) == 120


def test_without_validation_the_last_parameters_are_returned():
    result = fit(validation=None, steps=25)
    assert (result.best_step, result.stopped, result.history["validation"]) == (25, "all steps done", [])
    longer = fit(validation=None, steps=25, schedule=lambda done: float(done < 0.5))
    assert not same_trees(result.params, longer.params)


def test_a_run_starts_from_the_parameters_that_it_is_given():
    params = FLOW.init(rng(3), DATA)
    assert same_trees(fit(params=params, schedule=lambda done: 0.0).params, params)


def test_what_the_caller_passed_is_not_modified():
    x, params, rows = DATA.copy(), FLOW.init(rng(), DATA), DATA[:30].copy()
    before = trees.copy(params)
    result = fit(x, params=params, validation=rows, jitter=0.5, optimizer=nf.adam(0.1))
    assert (x == DATA).all() and (rows == DATA[:30]).all() and same_trees(params, before)
    assert not same_trees(result.params, before)
    shared = {id(a) for a in trees.leaves(params)} & {id(a) for a in trees.leaves(result.params)}
    assert not shared


def test_stored_leaves_are_not_trained():
    params = FLOW.init(rng(), DATA)
    stored = params["bijection"][-1]["fixed"]
    after = fit(params=params, optimizer=nf.adam(0.1, weight_decay=0.1)).params["bijection"][-1]["fixed"]
    assert all((after[key] == stored[key]).all() for key in ("mean", "std"))


# --- noise and held-out rows ---


class Recorder(nf.Flow):
    """Keeps the batches that fit asks for the gradient of, and the rows that it asks for the density of."""

    def log_prob_vjp(self, params, x, context=None, rng=None):
        SEEN["train"].append(onp.array(x))
        return super().log_prob_vjp(params, x, context, rng)

    def log_prob(self, params, x, context=None, rng=None):
        SEEN["validation"].append(onp.array(x))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Recorder, "log_prob_vjp", nf.Flow.log_prob_vjp)
            return super().log_prob(params, x, context, rng)


SEEN = {}


def recorded(**options):
    SEEN.update(train=[], validation=[])
    fit(flow=Recorder(nf.StandardNormal(2), nf.ActNorm(2)), **options)


@pytest.mark.filterwarnings("ignore::nfscratch.DiscreteDataWarning")  # of the column without jitter
def test_jitter_is_fresh_for_each_batch_within_its_width_and_spares_given_validation_rows():
    x = onp.round(DATA)
    recorded(x=x, jitter=[0.5, 0.0], validation=x[:50], batch_size=400, steps=6)
    first, second = (batch[onp.lexsort(batch.T)] for batch in SEEN["train"][:2])
    assert len(SEEN["train"]) == 6 and not (first == second).any(axis=0)[0]
    for batch in SEEN["train"]:
        excess = batch - onp.floor(batch)
        assert (excess[:, 1] == 0).all() and 0 <= excess[:, 0].min() and 0.4 < excess[:, 0].max() < 0.5
        assert abs(excess[:, 0].mean() - 0.25) < 5 * 0.5 / 12**0.5 / 20
    assert all((rows == x[:50]).all() for rows in SEEN["validation"])


def test_a_held_out_share_gets_its_jitter_once():
    """At the recorded values themselves a density of noisy data is at the edge of its cells."""
    recorded(x=onp.round(DATA), jitter=0.5, validation=0.5, steps=6, evaluate_every=2, schedule=lambda done: 0.0)
    excess = SEEN["validation"][0] - onp.floor(SEEN["validation"][0])
    assert 0 < excess.min() and 0.4 < excess.max() < 0.5
    assert len(SEEN["validation"]) == 4 and all((rows == SEEN["validation"][0]).all() for rows in SEEN["validation"])


def test_held_out_rows_are_never_trained_on_and_never_change():
    recorded(validation=0.25, batch_size=32, steps=40)
    held_out = {tuple(row) for row in SEEN["validation"][0]}
    trained = {tuple(row) for batch in SEEN["train"] for row in batch}
    assert len(held_out) == 100 and len(trained) == 300 and not held_out & trained
    assert all((rows == SEEN["validation"][0]).all() for rows in SEEN["validation"])


# --- layers that are updated; dtypes ---


@dataclass(frozen=True, eq=False)
class Counter(nf.ActNorm):
    """An ActNorm that counts its updates and the rows that it saw in them."""

    updates = True

    def init(self, rng, x=None, context=None):
        return {**super().init(rng, x), "fixed": {"count": onp.zeros(1), "rows": onp.zeros(1), "sum": onp.zeros(1)}}

    def update(self, params, x, context=None):
        fixed = params["fixed"]
        new = {"count": fixed["count"] + 1, "rows": fixed["rows"] + len(x), "sum": fixed["sum"] + x.sum()}
        return {**params, "fixed": new}

    def forward_vjp(self, params, z, context=None, rng=None):
        return nf.Bijection.forward_vjp(self, params, z, context, rng)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return nf.Bijection.inverse_vjp(self, params, x, context, rng)


@pytest.mark.parametrize("wrap", [lambda a: a, nf.Inverse], ids=["plain", "in an Inverse"])
def test_update_is_called_once_a_step_and_the_rest_is_trained_on(wrap):
    chain = nf.Chain([nf.Reverse(2), wrap(Counter(2)), nf.Standardize(2)])
    flow = nf.Flow(nf.StandardNormal(2), chain)
    assert flow.bijection.updates and not FLOW.bijection.updates
    params = flow.init(rng(), DATA)
    result = fit(flow=flow, params=params, steps=12, batch_size=50, validation=None, optimizer=nf.adam(0.1))
    after = result.params["bijection"][1]
    assert (after["fixed"]["count"], after["fixed"]["rows"]) == (12, 600)
    assert onp.abs(after["shift"] - params["bijection"][1]["shift"]).max() > 0.01
    if wrap is not nf.Inverse:  # what an ActNorm under a Standardize sees has mean 0
        assert abs(after["fixed"]["sum"]) / 1200 < 0.3


def test_float32_from_end_to_end():
    dtypes = set()

    @dataclass(frozen=True)
    class Watching(nf.Adam):
        def step(self, p, g, state, factor=1.0):
            dtypes.update({p.dtype, g.dtype, state["m"].dtype, state["v"].dtype})
            super().step(p, g, state, factor)

    nf.use(dtype="float32")
    try:
        result = fit(jitter=0.1, optimizer=Watching(1e-2, weight_decay=0.01), clip=1.0, validation=0.2)
        dtypes.update(a.dtype for a in trees.leaves(result.params))
        dtypes.update(a.dtype for a in result.params["bijection"][-1]["fixed"].values())
        x, log_p = FLOW.sample_and_log_prob(result.params, rng(), 10)
        _, grads = nf.objectives.nll_value_and_grad(FLOW, result.params, x)
        dtypes.update({x.dtype, log_p.dtype, *(g.dtype for g in trees.leaves(grads))})
    finally:
        nf.use(dtype="float64")
    assert dtypes == {onp.dtype("float32")}
    assert all(type(v) is float for key in ("loss", "validation") for v in result.history[key])
