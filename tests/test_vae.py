"""The variational autoencoder: known answers, gradients by hand against autograd, and what it refuses."""

import tracemalloc

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from autograd.differential_operators import make_hvp
from comparing import close, close_trees
from scipy import stats
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.autodiff import register_array_type
from nfscratch.flows.posterior import KINDS

register_array_type(StrictArray)
D, LATENT, WIDTH = 6, 3, 5
every_kind = pytest.mark.parametrize("kind", KINDS)


def rng(seed=0):
    return onp.random.default_rng(seed)


def images(n=20, d=D):
    return (rng(1).random((n, d)) < 0.4).astype(float)


def make(kind="normal", likelihood="bernoulli", prior=None, scale=0.2):
    """A small model with parameters away from their start."""
    posterior = nf.flows.posterior(LATENT, WIDTH, kind, layers=2, hidden=(8,))
    vae = nf.models.VAE(nf.MLP((7,)), nf.MLP((7,)), posterior, prior, likelihood)
    draws = rng(2)
    params = vae.init(rng(), images())
    return vae, trees.map_leaves(lambda a: a + scale * draws.normal(size=a.shape), params, fixed=lambda a: a)


# --- a model whose evidence is known ---


def linear_gaussian(kind="normal"):
    """z ~ N(0, 1), x = w z + noise e: p(x) = N(0, w w^T + s^2 I), and z | x is normal, of variance v."""
    w, s = onp.array([[1.0], [-0.5], [2.0]]), 0.6
    v = 1.0 / (1.0 + (w**2).sum() / s**2)
    vae = nf.models.VAE(nf.MLP(()), nf.MLP(()), nf.flows.posterior(1, 1, kind, layers=2, hidden=(4,)), None, "normal")
    params = vae.init(rng(), onp.zeros((2, 3)))
    params["encoder"] = [{"W": v * w.T / s**2, "b": onp.zeros(1)}]
    base = params["posterior"]["base"]
    base["network"] = [{"W": onp.array([[0.0], [1.0]]), "b": onp.zeros(2)}]  # of log_std and mean
    base["distribution"] = {"log_std": onp.full(1, 0.5 * onp.log(v)), "mean": onp.zeros(1)}
    params["decoder"] = [{"W": w, "b": onp.zeros(3)}]
    params["likelihood"] = {"log_scale": onp.full(1, onp.log(s))}
    x = rng(3).normal(size=(30, 1)) @ w.T + s * rng(4).normal(size=(30, 3))
    return vae, params, x, stats.multivariate_normal(onp.zeros(3), w @ w.T + s**2 * onp.eye(3)).logpdf(x)


def test_with_the_exact_posterior_every_draw_gives_the_evidence():
    """log w = log p(x) for each z, so that the bound has no gap and the estimate no noise."""
    vae, params, x, exact = linear_gaussian()
    close(vae.log_weights(params, x, rng(), 5), onp.repeat(exact[:, None], 5, axis=1), 1e-11)
    close(vae.elbo(params, x, rng()), exact, 1e-11)
    close(vae.log_prob(params, x, rng(), draws=3), exact, 1e-11)


def test_with_another_posterior_the_elbo_falls_by_the_divergence_and_importance_sampling_makes_up_for_it():
    vae, params, x, exact = linear_gaussian()
    shift, widened = 0.3, 0.25
    posterior = params["posterior"]["base"]["distribution"]
    variance = onp.exp(2 * posterior["log_std"][0])
    posterior["mean"] += shift
    posterior["log_std"] += widened
    divergence = 0.5 * (onp.exp(2 * widened) + shift**2 / variance - 1 - 2 * widened)  # KL(q || p(z | x))
    log_w = vae.log_weights(params, x, rng(), 4000)
    error = (log_w - exact[:, None]).std() / log_w.size**0.5
    assert abs((log_w - exact[:, None]).mean() + divergence) < 4 * error
    weights = onp.exp(log_w - exact[:, None])
    assert onp.abs(weights.mean(axis=1) - 1).max() < 5 * weights.std(axis=1).max() / 4000**0.5
    close(vae.log_prob(params, x, rng(5), draws=4000), exact, 0.05)


def test_the_bound_of_many_draws_lies_between_the_elbo_and_the_evidence():
    vae, params, x, exact = linear_gaussian()
    params["posterior"]["base"]["distribution"]["mean"] += 0.4
    means = [vae.log_prob(params, x, rng(k), draws=k).mean() for k in (1, 5, 50, 5000)]
    assert means == sorted(means) and means[-1] < exact.mean() + 0.02


def test_beta_counts_the_prior_and_the_posterior_but_not_the_likelihood():
    vae, params = make()
    x, seed = images(), 7
    zero, half, one = (vae.elbo(params, x, rng(seed), beta=beta) for beta in (0.0, 0.5, 1.0))
    close(half, 0.5 * (zero + one), 1e-12)
    z = vae.encode(params, x, rng(seed))
    out = vae.decoder.apply(params["decoder"], z)
    close(zero, (x * out - onp.logaddexp(0, out)).sum(axis=1), 1e-12)


# --- gradients ---


@every_kind
@pytest.mark.parametrize("draws", [1, 3])
def test_the_pullback_is_that_of_the_traced_definition(kind, draws):
    vae, params = make(kind)
    x, g = images(), rng(5).normal(size=(20, draws))
    log_w, pullback = vae.log_weights_vjp(params, x, rng(6), draws, 0.7)
    close(log_w, vae.log_weights(params, x, rng(6), draws, 0.7), 1e-11)
    traced = autograd.grad(lambda p: np.sum(g * vae.log_weights(p, x, rng(6), draws, 0.7)))(params)
    close_trees(pullback(g), traced, 1e-10)


@pytest.mark.parametrize("prior", [nf.DiagonalNormal(LATENT), nf.flows.planar(LATENT, layers=2), nf.StudentT(LATENT)])
@pytest.mark.parametrize("likelihood", ["bernoulli", "normal"])
def test_priors_and_likelihoods_that_are_trained_get_their_gradients(prior, likelihood):
    if isinstance(prior, nf.flows.Flow):
        prior = nf.Flow(prior.base, nf.Inverse(prior.bijection))
    vae, params = make("iaf", likelihood, prior)
    x, g = images(), rng(5).normal(size=(20, 2))
    _, pullback = vae.log_weights_vjp(params, x, rng(6), 2)
    traced = autograd.grad(lambda p: np.sum(g * vae.log_weights(p, x, rng(6), 2)))(params)
    close_trees(pullback(g), traced, 1e-9)
    trained = "likelihood" if likelihood == "normal" else "prior"
    assert any(a.any() for a in trees.leaves(pullback(g)[trained]))


def test_convolutions_may_encode_images_that_lie_in_rows():
    encoder = nf.ConvFeatures((1, 4, 4), channels=(3,), hidden=(5,))
    vae, x = nf.models.VAE(encoder, nf.MLP((7,)), nf.flows.posterior(LATENT, WIDTH, "iaf", layers=2)), images(d=16)
    params = vae.init(rng(), x)
    _, grads = vae.loss_value_and_grad(params, rng(6), x)
    close_trees(grads, autograd.grad(lambda p: -np.mean(vae.log_weights(p, x, rng(6))))(params), 1e-11)
    assert nf.fit_vae(vae, x, rng=0, steps=2, validation=None, progress=False).steps == 2


@every_kind
def test_autograd_of_the_elbo_is_the_gradient_that_training_takes(kind):
    vae, params = make(kind)
    x = images()
    value, grads = vae.loss_value_and_grad(params, rng(6), x, 0.4, 3)
    close(value, -vae.elbo(params, x, rng(6), 3, 0.4).mean(), 1e-12)
    close_trees(grads, autograd.grad(lambda p: -np.mean(vae.elbo(p, x, rng(6), 3, 0.4)))(params), 1e-12)


def test_the_importance_weighted_loss_is_minus_the_bound_and_its_gradient_that_of_autograd():
    vae, params = make("planar")
    x = images()
    value, grads = vae.loss_value_and_grad(params, rng(6), x, draws=4, importance=True)
    close(value, -vae.log_prob(params, x, rng(6), 4).mean(), 1e-12)
    close_trees(grads, autograd.grad(lambda p: -np.mean(vae.log_prob(p, x, rng(6), 4)))(params), 1e-11)


def test_the_elbo_has_second_derivatives():
    vae, params = make("planar")
    x, h, draws = images(4), 1e-5, rng(8)
    step = trees.map_leaves(lambda a: draws.normal(size=a.shape), params)

    def total(p):
        return np.sum(vae.elbo(p, x, rng(6)))

    ends = [autograd.grad(total)(trees.add(params, trees.map_leaves(lambda a, t=t: t * a, step))) for t in (-h, h)]
    expected = trees.map_leaves(lambda a: a / (2 * h), trees.add(ends[1], trees.map_leaves(lambda a: -a, ends[0])))
    close_trees(make_hvp(total)(params)[0](step), expected, 1e-6)


@every_kind
@pytest.mark.parametrize("likelihood", ["bernoulli", "normal"])
def test_float32_and_device_arrays_stay_what_they_are(kind, likelihood):
    vae, params = make(kind, likelihood)
    params = trees.map_leaves(lambda a: StrictArray(a.astype("float32")), params)
    x = StrictArray(images().astype("float32"))
    _, grads = vae.loss_value_and_grad(params, rng(6), x, 0.5, 2)
    results = (vae.elbo(params, x, rng(), 2), vae.log_prob(params, x, rng(), 5), vae.sample(params, rng(), 4))
    for a in (*results, vae.reconstruct(params, x, rng()), *trees.leaves(grads)):
        assert isinstance(a, StrictArray) and a.dtype == "float32"


# --- likelihoods ---


def test_the_bernoulli_likelihood_of_grey_levels_is_the_mean_over_binarised_copies():
    x, out = rng(1).random((1, D)), rng(2).normal(size=(1, D)) * 3
    law = nf.models.BernoulliLikelihood()
    copies = nf.models.binarised(onp.repeat(x, 40_000, axis=0), rng(3))
    assert set(onp.unique(copies)) == {0.0, 1.0}
    each = law.log_prob({}, out, copies)
    assert abs(each.mean() - law.log_prob({}, out, x)[0]) < 4 * each.std() / 200
    close(
        law.log_prob({}, out, copies[:9]),
        stats.bernoulli(1 / (1 + onp.exp(-out))).logpmf(copies[:9]).sum(axis=1),
        1e-12,
    )


@pytest.mark.parametrize("out", [-800.0, -40.0, 0.0, 40.0, 800.0])
def test_far_logits_give_finite_densities_and_gradients(out):
    law, x = nf.models.BernoulliLikelihood(), onp.array([[0.0, 1.0]])
    log_p, pullback = law.log_prob_vjp({}, onp.full((1, 2), out), x)
    close(log_p, [-abs(out) if out else -2 * onp.log(2.0)], 1e-12)
    p = onp.exp(-onp.logaddexp(0.0, -out))
    close(pullback(onp.ones(1))[1], x - p, 1e-12)
    close(autograd.grad(lambda o: np.sum(law.log_prob({}, o, x)))(onp.full((1, 2), out)), x - p, 1e-12)


def test_the_normal_likelihood_is_that_of_scipy_and_draws_have_its_scale():
    law, out, x = nf.models.NormalLikelihood(0.3), rng(1).normal(size=(5, D)), rng(2).normal(size=(5, D))
    params = law.init(rng())
    close(law.log_prob(params, out, x), stats.norm(out, 0.3).logpdf(x).sum(axis=1), 1e-12)
    many = onp.zeros((20_000, 2))
    assert abs(law.sample(params, rng(), many).std() - 0.3) < 0.005


# --- use ---


def test_draws_and_reconstructions_have_the_shapes_of_x_and_z():
    vae, params = make("spline")
    x = images()
    assert vae.dim == LATENT and vae.encode(params, x, rng()).shape == (20, LATENT)
    assert vae.reconstruct(params, x, rng()).shape == (20, D)
    assert set(onp.unique(vae.sample(params, rng(), 50))) == {0.0, 1.0}
    means = vae.sample(params, rng(), 50, mean=True)
    assert means.shape == (50, D) and ((means > 0) & (means < 1)).all()
    z = vae.encode(params, x, rng())
    close(vae.decode(params, z), 1 / (1 + onp.exp(-vae.decoder.apply(params["decoder"], z))), 1e-12)
    assert vae.elbo(params, x[:0], rng()).shape == (0,) and vae.log_prob(params, x[:1], rng(), 7).shape == (1,)


def test_a_thousand_draws_a_row_do_not_fill_the_memory():
    vae, params = make("iaf")
    x = images(200)
    vae.log_prob(params, x[:2], rng(), draws=10)
    tracemalloc.start()
    vae.log_prob(params, x, rng(), draws=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16e6  # 200,000 draws of z at once, through all layers: 10 times as much


def test_rows_are_independent_of_how_many_are_asked_for_at_a_time(monkeypatch):
    vae, params, x, exact = linear_gaussian()
    monkeypatch.setattr(nf.models.vae, "DRAWS", 7)
    close(vae.log_prob(params, x, rng(), draws=3), exact, 1e-11)
    close(vae.elbo(params, x, rng(), draws=20), exact, 1e-11)


@every_kind
def test_a_fresh_posterior_moves_with_its_first_steps(kind):
    """Encoder and posterior both have a part that starts at 0: neither may wait for the other."""
    vae = nf.models.VAE(nf.MLP((7,)), nf.MLP((7,)), nf.flows.posterior(LATENT, WIDTH, kind, layers=2, hidden=(8,)))
    x = images(60)
    params = vae.init(rng(), x)
    result = nf.minimize(
        lambda p, draws, rows: vae.loss_value_and_grad(p, draws, rows),
        params,
        data=x,
        rng=0,
        steps=20,
        has_grad=True,
        optimizer=nf.adam(1e-2),
        progress=False,
    )
    moved = result.last_params["encoder"][0]["W"] - params["encoder"][0]["W"]
    assert onp.abs(moved).max() > 1e-3


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "normal"])
def test_the_layers_see_the_context_themselves(kind):
    """Of one z_0 they make another z for each h, in every coordinate."""
    flow = nf.flows.posterior(LATENT, WIDTH, kind, layers=2, hidden=(8,))
    draws = rng(2)
    params = trees.map_leaves(lambda a: a + 0.3 * draws.normal(size=a.shape), flow.init(rng()))
    z_0, h = onp.repeat(rng(3).normal(size=(1, LATENT)), 9, axis=0), rng(4).normal(size=(9, WIDTH))
    z, log_det = flow.bijection.forward(params["bijection"], z_0, h)
    assert z.std(axis=0).min() > 1e-3 and log_det.std() > 1e-3


@every_kind
def test_it_is_saved_and_loaded(kind, tmp_path):
    vae, params = make(kind, nf.models.NormalLikelihood(0.5), nf.DiagonalNormal(LATENT))
    nf.save(tmp_path / "a.vae", vae, params)
    again, loaded = nf.load(tmp_path / "a.vae")
    x = images()
    assert (again.elbo(loaded, x, rng()) == vae.elbo(params, x, rng())).all()
    assert isinstance(again, nf.models.VAE) and again.likelihood.scale == 0.5


def test_parameters_of_another_model_are_not_saved(tmp_path):
    vae, params = make()
    wrong = {**params, "decoder": nf.MLP((9,)).init(rng(), LATENT, D)}
    with pytest.raises(nf.CheckpointError, match=r"params\['decoder'\]\[0\]\['W'\] must have shape \(7, 3\); got"):
        nf.save(tmp_path / "a.vae", vae, wrong)
    with pytest.raises(nf.CheckpointError, match=r"params must have the entries .*'decoder', 'encoder'"):
        nf.save(tmp_path / "a.vae", vae, params["posterior"])
    with pytest.raises(nf.CheckpointError, match=r"params\['decoder'\] must take the 3 numbers of z; got 4"):
        nf.save(tmp_path / "a.vae", vae, {**params, "decoder": nf.MLP((7,)).init(rng(), 4, D)})


# --- what it refuses ---


class Narrow(nf.MLP):
    """A network that gives one number too few."""

    def apply(self, params, x, context=None):
        return super().apply(params, x, context)[:, :-1]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (onp.zeros((4, D + 1)), r"x must have shape \(N, 6\); got \(4, 7\)"),
        (onp.zeros(D), r"x must have shape \(N, 6\); got \(6,\)"),
        (
            onp.full((4, D), 1.5),
            r"x must lie in \[0, 1\] for the likelihood 'bernoulli'; it does not in rows 0, 1, 2, 3",
        ),
        (onp.eye(D)[:3] - 0.5 * onp.eye(D)[2], r"it does not in rows 0, 1$"),
        (
            onp.where(onp.eye(4, D) * [[0, 0, 1, 0]][0][2] > 0, onp.nan, 0.0),
            r"x must be finite; NaN or infinity in row",
        ),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_one_line(x, message):
    vae, params = make()
    for method in (vae.elbo, vae.log_prob, vae.encode, vae.reconstruct):
        with pytest.raises(ValueError, match=message):
            method(params, x, rng())


def test_images_are_asked_for_as_rows():
    with pytest.raises(
        ValueError, match=r"x must have shape \(N, D\), images as rows of their pixels; got \(4, 1, 2, 3\)"
    ):
        make()[0].init(rng(), onp.zeros((4, 1, 2, 3)))


def test_parts_that_do_not_fit_are_refused_in_one_line():
    net, posterior = nf.MLP((7,)), nf.flows.posterior(LATENT, WIDTH)
    with pytest.raises(
        ValueError, match=r"encoder must give 5 numbers for each row, the context_dim.*got shape \(20, 4\)"
    ):
        nf.models.VAE(Narrow((7,)), net, posterior).init(rng(), images())
    with pytest.raises(
        ValueError, match=r"decoder must give 6 numbers for each row, as many as x has.*got shape \(2, 5\)"
    ):
        nf.models.VAE(net, Narrow((7,)), posterior).init(rng(), images())
    with pytest.raises(ValueError, match=r"posterior must be a flow over z .* with a context.*got .* context_dim 0"):
        nf.models.VAE(net, net, nf.flows.planar(LATENT))
    with pytest.raises(ValueError, match=r"posterior must have no embedding network, because the encoder is one"):
        nf.models.VAE(net, net, nf.flows.planar(LATENT, context_dim=WIDTH, embed=net))
    with pytest.raises(ValueError, match=r"posterior must have no running statistics"):
        chain = nf.Chain([nf.BatchNorm(LATENT), posterior.bijection])
        nf.models.VAE(net, net, nf.Flow(posterior.base, chain))
    with pytest.raises(ValueError, match=r"prior must be over z, of shape \(3,\).*got shape \(4,\)"):
        nf.models.VAE(net, net, posterior, nf.StandardNormal(4))
    with pytest.raises(TypeError, match=r"prior must be a Distribution, such as nf.StandardNormal\(3\); got 3"):
        nf.models.VAE(net, net, posterior, 3)
    with pytest.raises(TypeError, match=r"encoder must be a Network, such as nf.MLP"):
        nf.models.VAE(3, net, posterior)
    with pytest.raises(TypeError, match=r"posterior must be a Flow, such as nf.flows.posterior"):
        nf.models.VAE(net, net, posterior.bijection)
    with pytest.raises(ValueError, match=r"likelihood must be one of bernoulli, normal; got 'gamma'"):
        nf.models.VAE(net, net, posterior, likelihood="gamma")


@every_kind
def test_a_posterior_without_a_context_has_parameters_of_its_own(kind, tmp_path):
    flow = nf.flows.posterior(LATENT, kind=kind, layers=2, hidden=(8,))
    params, draws = flow.init(rng()), rng(2)
    params = trees.map_leaves(lambda a: a + 0.2 * draws.normal(size=a.shape), params)
    nf.save(tmp_path / "a.flow", flow, params)
    again, loaded = nf.load(tmp_path / "a.flow")
    z, log_q = again.sample_and_log_prob(loaded, rng(3), 9)
    close(flow.log_prob(params, z), log_q, 1e-8)
    assert flow.bijection.forward_cost == "one pass" and flow.context_dim == 0


def test_arguments_that_do_not_fit_are_refused_in_one_line():
    vae, params = make()
    with pytest.raises(ValueError, match=r"draws must be an integer of at least 1; got 0"):
        vae.elbo(params, images(), rng(), draws=0)
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
        vae.log_prob(params, images(), -1)
    with pytest.raises(ValueError, match=r"z must have shape \(N, 3\); got \(2, 4\)"):
        vae.decode(params, onp.zeros((2, 4)))
    with pytest.raises(
        ValueError,
        match=r"params must be those of vae.init, a dict of encoder, .*; got \['base', 'bij",
    ):
        vae.elbo(params["posterior"], images(), rng())


def test_each_kind_of_posterior_has_its_own_layers():
    layers = {"planar": nf.Planar, "sylvester": nf.Sylvester, "iaf": nf.Autoregressive, "spline": nf.Coupling}
    for kind, layer in layers.items():
        for context_dim in (0, 2):
            flow = nf.flows.posterior(3, context_dim, kind, layers=2, hidden=(4,))
            assert f"{layer.__name__}(" in repr(flow.bijection)
            assert not any(f"{other.__name__}(" in repr(flow.bijection) for other in layers.values() if other != layer)
            assert len(flow.sample(flow.init(rng()), 0, 3, *([onp.zeros((3, 2))] if context_dim else []))) == 3
