"""InfoVAE: its MMD against the one that measures, its gradient against autograd, and what its weights do."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import backend, trees
from nfscratch.autodiff import register_array_type
from nfscratch.ops.gaussian_mmd import mmd, mmd_vjp

register_array_type(StrictArray)
QUIET = {"progress": False}


def rng(seed=0):
    return onp.random.default_rng(seed)


def make(likelihood="bernoulli", kind="iaf", **weights):
    posterior = nf.flows.posterior(3, 5, kind, **({} if kind == "normal" else {"layers": 2}))
    return nf.models.InfoVAE(nf.MLP((7,)), nf.MLP((7,)), posterior, None, likelihood, **weights)


def images(n=20):
    return (rng(1).random((n, 6)) < 0.4).astype(float)


@pytest.mark.parametrize("dim", [1, 2, 5, 6])
def test_the_mmd_is_that_of_the_evaluation_and_its_gradient_that_of_autograd(dim):
    z, y = rng(1).normal(size=(9, dim)), 0.5 + rng(2).normal(size=(12, dim))
    value, pullback = mmd_vjp(z, y, 1.3)
    assert value == pytest.approx(nf.evaluate.mmd(z, y, bandwidth=1.3), rel=1e-11)
    close(value, mmd(z, y, 1.3), 1e-13)
    close(pullback(0.7), autograd.grad(lambda z: 0.7 * mmd(z, y, 1.3))(z), 1e-12)


def test_the_mmd_of_equal_laws_is_0_in_the_mean_and_that_of_two_normals_known():
    """E k = (b^2 / (b^2 + 2))^(D/2) exp(-|d|^2 / (2 (b^2 + 2))) for two unit normals at distance d."""
    b, d, D = 1.0, 1.5, 2
    far = onp.zeros(D)
    far[0] = d
    same, apart = (
        [mmd_vjp(rng(k).normal(size=(40, D)), shift + rng(k + 999).normal(size=(40, D)), b)[0] for k in range(300)]
        for shift in (0.0, far)
    )
    exact = 2.0 * (b**2 / (b**2 + 2)) ** (D / 2) * (1.0 - onp.exp(-(d**2) / (2 * (b**2 + 2))))
    for values, known in ((same, 0.0), (apart, exact)):
        assert abs(onp.mean(values) - known) < 3 * onp.std(values) / 300**0.5


def test_float32_and_device_arrays_stay_what_they_are():
    z, y = (rng(k).normal(size=(9, 2)).astype("float32") for k in (1, 2))
    value, pullback = mmd_vjp(StrictArray(z), StrictArray(y), 1.3)
    assert value.dtype == pullback(2.0).dtype == "float32"
    close(backend.to_numpy(value), mmd_vjp(z.astype(float), y.astype(float), 1.3)[0], 1e-6)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("likelihood", ["bernoulli", "normal"])
def test_the_gradient_is_that_of_autograd(likelihood, draws):
    vae, x = make(likelihood, posterior_weight=0.4, mmd_weight=30.0, bandwidth=1.1), images()
    params = vae.init(rng(), x)
    z = vae.encode(params, onp.repeat(x, draws, axis=0), rng(5))

    def loss(p):
        stream = rng(6)
        log_w = vae.log_weights(p, x, stream, draws, 0.5 * 0.4)
        h = np.repeat(vae.encoder.apply(p["encoder"], x).T, draws, axis=1).T
        z = vae.posterior.sample(p["posterior"], rng(6), len(x) * draws, h)
        return -np.mean(log_w) + 30.0 * mmd(z, stream.standard_normal((len(x) * draws, 3)), 1.1)

    value, grads = vae.loss_value_and_grad(params, rng(6), x, beta=0.5, draws=draws)
    assert len(z) == 20 * draws
    close(value, loss(params), 1e-11)
    close_trees(grads, autograd.grad(loss)(params), 1e-10)


def test_without_mmd_and_with_the_whole_posterior_term_it_is_the_vae():
    vae, x = make(posterior_weight=1.0, mmd_weight=0.0), images()
    plain = nf.models.VAE(vae.encoder, vae.decoder, vae.posterior)
    params = vae.init(rng(), x)
    ours, theirs = (m.loss_value_and_grad(params, rng(6), x) for m in (vae, plain))
    close(ours[0], theirs[0], 1e-12)
    close_trees(ours[1], theirs[1], 1e-12)
    close(vae.validation_loss(params, rng(6), x), plain.validation_loss(params, rng(6), x), 1e-12)
    close(vae.elbo(params, x, rng(6)), plain.elbo(params, x, rng(6)), 0.0)


def test_held_out_rows_are_judged_with_the_whole_weight_whatever_it_was_in_the_step():
    vae, x = make(posterior_weight=0.7), images()
    params = trees.map_leaves(lambda a: a + 0.3, vae.init(rng(), x))  # a fresh posterior is the prior, whose KL is 0
    whole = vae.validation_loss(params, rng(6), x)
    assert vae.validation_loss(params, rng(6), x, beta=0.1) == whole
    assert whole != pytest.approx(float(vae.loss_value_and_grad(params, rng(6), x, beta=0.1)[0]), rel=1e-3)


def test_held_out_rows_are_judged_in_pieces(monkeypatch):
    vae, x = make(), images(25)
    params = vae.init(rng(), x)
    whole = vae.validation_loss(params, rng(6), x, beta=0.1)
    assert whole == pytest.approx(float(vae.loss_value_and_grad(params, rng(6), x)[0]), rel=1e-12)
    monkeypatch.setattr(nf.models.infovae, "ROWS", 10)
    stream = rng(6)
    pieces = [vae.loss_value_and_grad(params, stream, x[a:b])[0] * (b - a) for a, b in ((0, 8), (8, 16), (16, 25))]
    assert vae.validation_loss(params, rng(6), x) == pytest.approx(sum(pieces) / 25, rel=1e-12)


@pytest.mark.exhaustive
def test_the_mmd_term_pulls_the_codes_to_the_prior():
    """The negative control is the same run without the term: nothing keeps its codes from spreading."""
    x = rng(1).normal(size=(300, 2)) * [2.0, 0.5]

    def distance(weight):
        posterior = nf.flows.posterior(1, 8)
        vae = nf.models.InfoVAE(nf.MLP((16,)), nf.MLP((16,)), posterior, None, "normal", mmd_weight=weight)
        result = nf.fit_vae(vae, x, rng=0, validation=None, steps=200, batch_size=100, optimizer=nf.adam(1e-2), **QUIET)
        return nf.evaluate.mmd(vae.encode(result.params, x, rng(2)), rng(3).normal(size=(300, 1)), bandwidth=1.0)

    assert distance(10.0) < 0.01 < 0.1 < distance(0.0)


def test_the_default_weight_grows_with_the_columns_of_x():
    x = images()
    ours, theirs = make(), make(mmd_weight=60.0)  # of 6 columns
    params = ours.init(rng(), x)
    value, grads = ours.loss_value_and_grad(params, rng(6), x)
    close(value, theirs.loss_value_and_grad(params, rng(6), x)[0], 1e-14)
    close_trees(grads, theirs.loss_value_and_grad(params, rng(6), x)[1], 1e-14)


def test_the_default_bandwidth_is_the_root_of_the_number_of_codes():
    x = images()
    ours, theirs = make(), make(bandwidth=3**0.5)
    params = ours.init(rng(), x)
    value = ours.loss_value_and_grad(params, rng(6), x)[0]
    close(value, theirs.loss_value_and_grad(params, rng(6), x)[0], 1e-14)
    assert abs(value - make(bandwidth=1.0).loss_value_and_grad(params, rng(6), x)[0]) > 1e-3


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "dim", "noise"), [("banana", 2, 0.5), ("digits", 8, 3.0)])
@pytest.mark.parametrize("trained", [True, False])
def test_with_the_default_weight_codes_tell_x_and_look_like_the_prior(name, dim, noise, trained):
    """Ten times the weight leaves three quarters or more of the banana's variance."""
    x = nf.data.load(name).train
    x = x - x.mean(axis=0) if name == "digits" else x / x.std(axis=0)
    likelihood = "normal" if trained else nf.models.NormalLikelihood(noise)
    posterior = nf.flows.posterior(dim, 16, "normal")
    vae = nf.models.InfoVAE(nf.MLP((64,), "tanh"), nf.MLP((64,), "tanh"), posterior, likelihood=likelihood)
    settings = {"steps": 800, "batch_size": 128, "optimizer": nf.adam(5e-3), "clip": 50.0}
    params = nf.fit_vae(vae, x, rng=0, **settings, **QUIET).params
    rebuilt, z = vae.reconstruct(params, x, rng(1)), vae.encode(params, x, rng(2))[:1000]
    left = onp.square(rebuilt - x).sum() / onp.square(x - x.mean(axis=0)).sum()
    apart = nf.evaluate.mmd(z, rng(3).normal(size=z.shape), bandwidth=dim**0.5)
    print(f"{name}: {left:.3f} of the variance left, MMD^2 of codes {apart:.4f}")
    assert left < (0.2 if name == "banana" else 0.6) and apart < 0.05


def test_what_does_not_fit_is_refused_in_one_line(tmp_path):
    vae, x = make(), images()
    with pytest.raises(ValueError, match=r"mmd_weight must be at least 0 and finite; got -1"):
        make(mmd_weight=-1)
    with pytest.raises(ValueError, match=r"posterior_weight must be at least 0 and finite; got True"):
        make(posterior_weight=True)
    with pytest.raises(ValueError, match=r"bandwidth must be positive and finite; got 0"):
        make(bandwidth=0)
    with pytest.raises(ValueError, match=r"InfoVAE needs batches of at least 2 rows, whose codes it compares; got 1"):
        nf.fit_vae(vae, x[:1], rng=0, validation=None, **QUIET)
    with pytest.raises(ValueError, match=r"importance must be False: InfoVAE has no importance-weighted bound"):
        nf.fit_vae(vae, x, rng=0, importance=True, **QUIET)
