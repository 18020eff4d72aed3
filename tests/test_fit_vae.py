"""fit_vae: it finds what can be known, goes on bit for bit, anneals, augments, and refuses what does not fit."""

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import same_trees
from scipy import stats

import nfscratch as nf
from nfscratch import trees
from nfscratch.models import binarised
from nfscratch.training.fit_vae import fit_vae

QUIET = {"progress": False}
PARTS = {"encoder", "decoder", "posterior", "prior", "likelihood"}


def rng(seed=0):
    return onp.random.default_rng(seed)


def small(kind="normal", likelihood="bernoulli"):
    posterior = nf.flows.posterior(2, 6, kind, layers=2, hidden=(8,))
    return nf.models.VAE(nf.MLP((8,)), nf.MLP((8,)), posterior, likelihood=likelihood)


def levels(n=120):
    """Grey levels in two groups."""
    groups = rng(1).integers(2, size=(n, 1))
    return onp.clip(0.8 * (groups == [[0, 0, 1, 1, 0, 1]]) + 0.2 * rng(2).random((n, 6)), 0, 1)


def test_it_finds_the_likelihood_of_probabilistic_pca():
    """A linear decoder and a normal likelihood: the best log p is known in closed form (Tipping and Bishop 1999)."""
    w = onp.array([[1.5, 0.5, -1.0, 0.3]])
    x = rng(0).normal(size=(2000, 1)) @ w + 0.4 * rng(1).normal(size=(2000, 4))
    values, vectors = onp.linalg.eigh(x.T @ x / len(x))
    noise, first = values[:-1].mean(), vectors[:, -1:] * values[-1] ** 0.5
    covariance = first @ first.T * (1 - noise / values[-1]) + noise * onp.eye(4)
    best = stats.multivariate_normal(onp.zeros(4), covariance).logpdf(x).mean()
    vae = nf.models.VAE(nf.MLP(()), nf.MLP(()), nf.flows.posterior(1, 1), likelihood="normal")
    result = nf.fit_vae(
        vae, x, rng=0, validation=x, steps=700, batch_size=200, optimizer=nf.adam(2e-2), evaluate_every=50, **QUIET
    )
    assert best - 0.03 < vae.log_prob(result.params, x, rng(2), 20).mean() < best + 0.005
    assert abs(onp.exp(result.params["likelihood"]["log_scale"][0]) - noise**0.5) < 0.03
    assert best - 0.1 < -result.validation < best + 0.1  # one draw for each row


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["normal", "iaf"])
def test_training_makes_held_out_rows_likelier_than_independent_pixels(kind):
    x = levels(400)
    vae = small(kind)
    result = nf.fit_vae(
        vae,
        x[:300],
        rng=0,
        validation=x[300:],
        augment=binarised,
        steps=300,
        anneal=50,
        optimizer=nf.adam(1e-2),
        **QUIET,
    )
    test, p = binarised(levels(300), rng(5)), x.mean(axis=0)
    independent = (test * onp.log(p) + (1 - test) * onp.log(1 - p)).sum(axis=1).mean()
    assert vae.log_prob(result.params, test, rng(6), 50).mean() > independent + 0.5


class Stop:
    """A callback that ends the run at a step."""

    def __init__(self, step):
        self.step = step

    def __call__(self, at):
        assert set(at.params) == PARTS
        return at.step >= self.step


@pytest.mark.parametrize("kind", ["normal", "spline"])
def test_a_run_that_is_stopped_goes_on_bit_for_bit_with_the_same_beta(kind, tmp_path):
    settings = {
        "rng": 3,
        "augment": binarised,
        "anneal": 25,
        "steps": 40,
        "evaluate_every": 10,
        "batch_size": 16,
        **QUIET,
    }
    whole = nf.fit_vae(small(kind), levels(), **settings)
    path = tmp_path / "a.run"
    cut = nf.fit_vae(small(kind), levels(), checkpoint=path, callback=Stop(10), **settings)
    assert cut.steps == 10
    again = nf.fit_vae(small(kind), levels(), checkpoint=path, **settings)
    assert again.history["loss"] == whole.history["loss"] and again.validation == whole.validation
    assert same_trees(again.params, whole.params) and same_trees(again.last_params, whole.last_params)
    with pytest.raises(nf.CheckpointError, match=r"anneal must be as in the run that wrote the file, 25; got 20"):
        nf.fit_vae(small(kind), levels(), checkpoint=path, **{**settings, "anneal": 20})
    with pytest.raises(nf.CheckpointError, match=r"vae must be as in the run that wrote the file"):
        nf.fit_vae(small("planar"), levels(), checkpoint=path, **settings)


def test_beta_rises_to_one_over_the_steps_of_annealing():
    """The losses of a run whose parameters do not move are those of beta = 1/4, 2/4, 3/4, 1, 1 with the same draws."""
    vae, x = small(), levels(50)
    params = trees.map_leaves(lambda a: a + 0.3 * rng(4).normal(size=a.shape), vae.init(rng(), x))
    still = nf.adam(1e-300)
    result = nf.fit_vae(
        vae, x, rng=7, params=params, validation=None, anneal=4, steps=5, batch_size=50, optimizer=still, **QUIET
    )
    draws = rng(7)
    expected = []
    for beta in (0.25, 0.5, 0.75, 1.0, 1.0):
        order = draws.permutation(50)
        expected.append(vae.loss_value_and_grad(params, draws, x[order], beta)[0])
    onp.testing.assert_allclose(result.history["loss"], expected, rtol=1e-12)


def test_several_draws_and_their_importance_weighted_bound_can_be_trained():
    x = levels()
    result = nf.fit_vae(small("iaf"), x, rng=0, draws=5, importance=True, steps=60, optimizer=nf.adam(1e-2), **QUIET)
    assert result.history["loss"][-1] < result.history["loss"][0] - 0.3
    assert set(result.params) == set(result.last_params) == PARTS


@pytest.mark.parametrize("validation", ["rows", "a share"])
def test_held_out_rows_are_augmented_as_those_of_a_step_are(validation):
    """The parameters do not move. The rows that are judged, each the same, are 0.2 before `augment` and 0.7 after."""
    vae, x = small(), onp.full((40, 6), 0.2)
    params = trees.map_leaves(lambda a: a + 0.3 * rng(4).normal(size=a.shape), vae.init(rng(), x))
    result = nf.fit_vae(
        vae,
        x,
        rng=0,
        params=params,
        validation=x[:10] if validation == "rows" else 0.25,
        augment=lambda rows, draws: rows + 0.5,
        steps=1,
        optimizer=nf.adam(1e-300),
        **QUIET,
    )
    plain, moved = (-vae.elbo(params, x[:10] + shift, rng(0)).mean() for shift in (0.0, 0.5))
    assert result.validation == pytest.approx(moved, rel=1e-12) and abs(moved - plain) > 0.1


def test_networks_with_stored_vectors_are_updated():
    vae = nf.models.VAE(nf.LipschitzMLP((8,)), nf.MLP((8,)), nf.flows.posterior(2, 6))
    x = levels()
    params = vae.init(rng(), x)
    result = nf.fit_vae(vae, x, rng=0, params=params, steps=3, validation=None, **QUIET)
    stored = [nf.trees.first_array(p["encoder"][0]["fixed"]) for p in (params, result.last_params)]
    assert (stored[0] != stored[1]).any()


def test_what_does_not_fit_is_refused_in_one_line():
    vae, x = small(), levels()
    with pytest.raises(TypeError, match=r"vae must be a VAE, such as nf.models.VAE"):
        fit_vae(vae.posterior, x, rng=0)
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator.*or an integer seed"):
        fit_vae(vae, x, rng=None)
    with pytest.raises(ValueError, match=r"x must lie in \[0, 1\]"):
        fit_vae(vae, 16 * x, rng=0)
    with pytest.raises(ValueError, match=r"x must be finite; NaN or infinity in row 3"):
        fit_vae(vae, onp.where(onp.arange(120)[:, None] == 3, onp.nan, x), rng=0)
    with pytest.raises(ValueError, match=r"validation must have shape \(N, 6\); got \(120, 5\)"):
        fit_vae(vae, x, rng=0, validation=x[:, :5])
    with pytest.raises(ValueError, match=r"validation must lie in \[0, 1\]"):
        fit_vae(vae, x, rng=0, validation=x + 1)
    with pytest.raises(ValueError, match=r"validation must leave rows on both sides; got 1.5 of 120 rows"):
        fit_vae(vae, x, rng=0, validation=1.5)
    with pytest.raises(ValueError, match=r"anneal must be an integer of at least 0; got -1"):
        fit_vae(vae, x, rng=0, anneal=-1)
    with pytest.raises(ValueError, match=r"importance must be True or False; got 3"):
        fit_vae(vae, x, rng=0, importance=3)
    with pytest.raises(ValueError, match=r"x must have shape \(N, 6\); got \(120, 5\)"):
        fit_vae(vae, x[:, :5], rng=0, params=vae.init(rng(), x))


@pytest.mark.parametrize("validation", [None, 0.1])
@pytest.mark.parametrize(
    ("augment", "error", "message"),
    [
        (3, TypeError, r"augment must be a function of \(batch, rng\); got 3"),
        (lambda rows, draws: rows[:3], ValueError, r"must have one row for each of the (120|12) rows; got 3"),
        (lambda rows, draws: rows[:, :3], ValueError, r"augment\(rows, rng\) must have shape \(N, 6\); got \(\d+, 3\)"),
        (lambda rows, draws: None, TypeError, r"augment\(rows, rng\) must be an array of real numbers"),
        (lambda rows, draws: 3 + rows, ValueError, r"augment\(rows, rng\) must lie in \[0, 1\]"),
        (lambda rows, draws: onp.nan * rows, ValueError, r"augment\(rows, rng\) must be finite"),
    ],
)
def test_what_augment_gives_is_checked(augment, error, message, validation):
    with pytest.raises(error, match=message):
        fit_vae(small(), levels(), rng=0, augment=augment, validation=validation, steps=1, **QUIET)


@pytest.mark.parametrize("dtype", [bool, "float64"])
def test_what_augment_gives_has_the_parameters_dtype_in_the_step(dtype, monkeypatch):
    vae, x, seen = small(), levels(), []
    params = trees.map_leaves(lambda a: a.astype("float32"), vae.init(rng(), x))
    step = nf.models.VAE.loss_value_and_grad

    def spied(self, params, stream, rows, **others):
        seen.append(rows.dtype)
        return step(self, params, stream, rows, **others)

    monkeypatch.setattr(nf.models.VAE, "loss_value_and_grad", spied)
    fit_vae(vae, x, rng=0, params=params, augment=lambda rows, draws: (rows > 0.5).astype(dtype), steps=2, **QUIET)
    assert seen == [onp.dtype("float32")] * 2


def test_no_rows_are_refused():
    vae, x = small(), levels()
    with pytest.raises(ValueError, match=r"^x must have at least 1 row; got 0$"):
        fit_vae(vae, x[:0], rng=0, validation=None)
    with pytest.raises(ValueError, match=r"^validation must have at least 1 row; got 0$"):
        fit_vae(vae, x, rng=0, validation=x[:0])
    with pytest.raises(TypeError, match=r"callback must be a function of an Evaluation; got 3"):
        fit_vae(vae, x, rng=0, callback=3)


@pytest.mark.exhaustive
def test_plain_minimize_trains_it_too():
    vae, x = small("planar"), levels()

    def loss(params, draws, rows):
        return -np.mean(vae.elbo(params, rows, draws))

    result = nf.minimize(loss, vae.init(rng(), x), data=x, rng=0, steps=150, optimizer=nf.adam(1e-2), progress=False)
    assert result.history["loss"][-1] < result.history["loss"][0] - 0.3
