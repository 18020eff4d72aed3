"""The autoencoder and what all models share: known answers, gradients, files, device arrays, and what they refuse."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees, same_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import backend, trees
from nfscratch.autodiff import register_array_type

register_array_type(StrictArray)
QUIET = {"progress": False}
DIMS = (1, 2, 5, 6)


def rng(seed=0):
    return onp.random.default_rng(seed)


def rows(dim, n=40):
    """Rows in units far from 1, with correlations."""
    return rng(1).normal(size=(n, dim)) @ rng(2).normal(size=(dim, dim)) * onp.arange(1, dim + 1) ** 2 + 30.0


def autoencoder(dim=2):
    return nf.models.AutoEncoder(nf.MLP((7,), "silu"), nf.MLP((7,), "silu"), dim)


def infovae(dim=2, likelihood="normal", **weights):
    posterior = nf.flows.posterior(dim, 6, "planar", layers=2)
    weights = {"posterior_weight": 0.3, "mmd_weight": 20.0, **weights}
    return nf.models.InfoVAE(nf.MLP((7,), "silu"), nf.MLP((7,), "silu"), posterior, None, likelihood, **weights)


def freeform(base=None):
    return nf.models.FreeForm(nf.MLP((9, 8), "silu"), nf.MLP((9, 8), "silu"), base)


MODELS = {"autoencoder": autoencoder, "infovae": infovae, "freeform": freeform}


def wild(model, x, scale=0.3):
    """Parameters away from their start."""
    draws = rng(3)
    moved = lambda a: a + scale * draws.normal(size=a.shape)  # noqa: E731
    return trees.map_leaves(moved, model.init(rng(), x), fixed=lambda a: a)


# --- the autoencoder ---


@pytest.mark.parametrize("dim", DIMS)
def test_the_autoencoders_gradient_is_that_of_its_error(dim):
    model, x = autoencoder(), rows(dim)
    params = wild(model, x)
    value, grads = model.loss_value_and_grad(params, rng(), x)
    variance = x.var(axis=0).sum()
    traced = autograd.grad(lambda p: np.mean(model.reconstruction_error(p, x)) / variance)(params)
    by_hand = ((x - model.reconstruct(params, x)) ** 2).sum(axis=1)
    close(value, by_hand.mean() / variance, 1e-12)
    close(model.validation_loss(params, rng(), x), value, 1e-12)
    close(model.reconstruction_error(params, x) / by_hand, onp.ones(40), 1e-10)
    for part in ("encoder", "decoder"):
        close_trees(grads[part], traced[part], 1e-11)


def test_a_linear_autoencoder_finds_the_principal_components():
    """Its least error is the variance that the first components leave out (Baldi and Hornik 1989)."""
    x = rng(1).normal(size=(400, 4)) * [3.0, 2.0, 0.5, 0.3] @ onp.linalg.qr(rng(2).normal(size=(4, 4)))[0] + 5.0
    variances = onp.linalg.eigvalsh(onp.cov(x.T, bias=True))
    left_out = variances[:2].sum() / variances.sum()
    model = nf.models.AutoEncoder(nf.MLP(()), nf.MLP(()), 2)
    result = nf.fit_model(model, x, rng=0, validation=x, steps=500, batch_size=400, optimizer=nf.adam(3e-2), **QUIET)
    assert left_out - 1e-9 <= result.validation < 1.002 * left_out
    close(model.reconstruction_error(result.params, x).mean(), result.validation * variances.sum(), 1e-12)


def test_draws_of_an_autoencoder_have_the_mean_and_covariance_of_the_training_codes():
    model, x = autoencoder(), rows(5, 4000)
    params = wild(model, x)
    before, after = (model.sample(p, rng(5), 9) for p in (params, model.look(params, x)))
    assert before.shape == after.shape == (9, 5) and onp.abs(before - after).max() > 0.1
    z, stored = model.encode(params, x), model.look(params, x)["codes"]["fixed"]
    close(stored["mean"], z.mean(axis=0), 1e-12)
    close(stored["root"] @ stored["root"].T, onp.cov(z.T, bias=True), 1e-12)
    result = nf.fit_model(model, x, rng=0, params=params, validation=None, steps=1, **QUIET)
    z = model.encode(result.params, x)
    close(result.params["codes"]["fixed"]["mean"], z.mean(axis=0), 1e-12)


def test_draws_of_an_autoencoder_are_the_decoders_of_codes_with_the_stored_mean_and_covariance():
    """A linear decoder that is the identity on two columns shows the codes themselves."""
    model, x = nf.models.AutoEncoder(nf.MLP(()), nf.MLP(()), 2), rows(2)
    params = model.init(rng(), x)
    params["decoder"] = [{"W": onp.eye(2), "b": onp.zeros(2)}]
    mean, root = onp.array([5.0, -7.0]), onp.array([[2.0, 0.0], [3.0, 0.5]])
    params["codes"] = {"fixed": {"mean": mean, "root": root}}
    n = 20_000
    u = (model.sample(params, rng(4), n) - x.mean(axis=0)) / x.std(axis=0)
    covariance = root @ root.T
    assert (abs(u.mean(axis=0) - mean) < 4 * (onp.diag(covariance) / n) ** 0.5).all()
    assert (abs(onp.cov(u.T) - covariance) < 0.5).all()  # with root^T in its place the first entry is 13, not 4


@pytest.mark.parametrize("unit", [1e-30, 1000.0])
def test_the_error_is_in_the_units_of_the_data_and_a_step_is_the_same_in_all_of_them(unit):
    """A millimetre is a thousandth of a metre, and an error in squared millimetres a million times one in metres."""
    model, x = autoencoder(), rows(2)
    ours, theirs = (nf.fit_model(model, u * x, rng=0, steps=30, **QUIET) for u in (1.0, unit))
    assert theirs.validation == pytest.approx(ours.validation, rel=1e-6)
    errors = [model.reconstruction_error(r.params, u * x).mean() for r, u in ((ours, 1.0), (theirs, unit))]
    assert errors[1] / unit / unit == pytest.approx(errors[0], rel=1e-6)


# --- all models ---


def data(name, dim, n=40):
    """Rows for a model; those of a VAE are near 0 and 1, because its networks see x as it is."""
    x = rows(dim, n)
    return x if name != "infovae" else (x - x.mean(axis=0)) / x.std(axis=0)


every_model = pytest.mark.parametrize("name", MODELS)


@pytest.mark.parametrize("name", ["autoencoder", "infovae"])  # the value of a free-form flow's surrogate is none
@pytest.mark.parametrize("dim", DIMS)
def test_the_gradient_is_the_slope_of_the_loss(name, dim):
    """By finite differences of fourth order along a random direction, with the same draws."""
    model, x = MODELS[name](), data(name, dim)
    params, draws, h = wild(model, x), rng(4), 1e-4
    step = trees.map_leaves(lambda a: draws.normal(size=a.shape), params, fixed=lambda a: 0.0 * a)
    _, grads = model.loss_value_and_grad(params, rng(6), x)
    pairs = zip(trees.leaves(grads), trees.leaves(step), strict=True)
    exact = sum((a * b).sum() for a, b in pairs)

    def loss(t):
        moved = trees.add(params, trees.map_leaves(lambda a: t * a, step))
        return float(model.loss_value_and_grad(moved, rng(6), x)[0])

    slope = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
    assert slope == pytest.approx(exact, rel=1e-6)


@every_model
def test_float32_and_device_arrays_stay_what_they_are(name):
    model, x = MODELS[name](), data(name, 5).astype("float32")
    params = trees.map_leaves(lambda a: a.astype("float32"), wild(model, x.astype(float)))
    there = trees.map_leaves(StrictArray, params)
    on_device = StrictArray(x)
    value, grads = model.loss_value_and_grad(there, rng(6), on_device)
    draws = model.sample(there, rng(), 4)
    for a in (*trees.leaves(grads), draws, model.reconstruct(there, on_device, rng()), value):
        assert isinstance(a, StrictArray) and a.dtype == "float32"
    here = model.loss_value_and_grad(params, rng(6), x)
    close(here[0], backend.to_numpy(value), 1e-6)
    assert isinstance(model.validation_loss(there, rng(), on_device), float)


@every_model
def test_it_is_saved_and_loaded(name, tmp_path):
    model, x = MODELS[name](), data(name, 5)
    params = wild(model, x)
    nf.save(tmp_path / "a.model", model, params)
    again, loaded = nf.load(tmp_path / "a.model")
    assert type(again) is type(model) and again.dim == model.dim
    assert (again.reconstruct(loaded, x, rng()) == model.reconstruct(params, x, rng())).all()
    assert (again.sample(loaded, rng(), 5) == model.sample(params, rng(), 5)).all()
    with pytest.raises(nf.CheckpointError, match=r"params must have the entries"):
        nf.save(tmp_path / "b.model", model, {"encoder": params["encoder"]})
    wrong = {**params, "decoder": nf.MLP((19, 8)).init(rng(), model.dim or 5, 5)}
    with pytest.raises(nf.CheckpointError, match=r"params\['decoder'\](\[0\]\['W'\])? must have"):
        nf.save(tmp_path / "b.model", model, wrong)


@every_model
def test_a_run_that_is_stopped_goes_on_bit_for_bit(name, tmp_path):
    model, x, path = MODELS[name](), data(name, 2, 100), tmp_path / "a.run"
    settings = {"rng": 3, "steps": 20, "evaluate_every": 5, "batch_size": 16, **QUIET}
    whole = nf.fit_model(model, x, **settings)
    cut = nf.fit_model(model, x, checkpoint=path, callback=lambda at: at.step >= 10, **settings)
    assert cut.steps == 10 and cut.ended is nf.Ended.STOPPED
    again = nf.fit_model(model, x, checkpoint=path, **settings)
    assert again.history == whole.history and again.best_step == whole.best_step
    assert same_trees(again.params, whole.params) and same_trees(again.last_params, whole.last_params)
    with pytest.raises(nf.CheckpointError, match=r"must be as in the run that wrote the file"):
        nf.fit_model(model, x + 1.0, checkpoint=path, **settings)


@every_model
def test_rows_that_do_not_fit_are_refused_in_one_line(name):
    model, x = MODELS[name](), data(name, 5)
    params = wild(model, x)
    for x_wrong, message in (
        (x[:, :4], r"x must have shape \(N, 5\); got \(40, 4\)"),
        (x[0], r"x must have shape \(N, 5\); got \(5,\)"),
        (onp.where(onp.arange(40)[:, None] == 3, onp.nan, x), r"x must be finite; NaN or infinity in row 3"),
    ):
        with pytest.raises(ValueError, match=message):
            model.encode(params, x_wrong, rng())
    with pytest.raises(ValueError, match=r"z must have shape \(N, \d\); got \(2, 9\)"):
        model.decode(params, onp.zeros((2, 9)))
    with pytest.raises(ValueError, match=r"params must be those of \w+\.init, a dict of encoder, decoder"):
        model.encode(params["encoder"], x, rng())
    assert model.encode(params, x[:0], rng()).shape == (0, model.dim or 5)
    for wrong in (x[:0], onp.zeros((0, 5))):
        with pytest.raises(ValueError, match=r"^x must have at least 1 row; got 0$"):
            nf.fit_model(model, wrong, rng=0, validation=None)
    with pytest.raises(ValueError, match=r"x must have shape \(N, D\), images as rows of their pixels"):
        model.init(rng(), onp.zeros((3, 1, 2, 2)))
    with pytest.raises(ValueError, match=r"x must have shape \(N, D\), images as rows .* got \(40, 0\)"):
        nf.fit_model(model, x[:, :0], rng=0)
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
        model.init(None, x)


def test_the_trainer_refuses_what_is_no_model_and_passes_the_arguments_of_the_step():
    with pytest.raises(TypeError, match=r"model must be a Model, such as nf.models.AutoEncoder"):
        nf.fit_model(nf.flows.planar(2), rows(2), rng=0)
    with pytest.raises(TypeError, match=r"at_step must be a function of the number of steps done; got 3"):
        nf.fit_model(autoencoder(), rows(2), rng=0, at_step=3)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'beta'"):
        nf.fit_model(autoencoder(), rows(2), rng=0, at_step=lambda t: {"beta": 1.0}, **QUIET)


class Narrow(nf.MLP):
    """A network that gives one number too few."""

    def apply(self, params, x, context=None):
        return super().apply(params, x, context)[:, :-1]


def test_parts_of_an_autoencoder_that_do_not_fit_are_refused_in_one_line():
    net, x = nf.MLP((7,)), rows(5)
    with pytest.raises(TypeError, match=r"encoder must be a Network, such as nf.MLP"):
        nf.models.AutoEncoder(3, net, 2)
    with pytest.raises(TypeError, match=r"decoder must be a Network, such as nf.MLP"):
        nf.models.AutoEncoder(net, nf.MLP, 2)
    with pytest.raises(ValueError, match=r"dim must be an integer of at least 1; got 0"):
        nf.models.AutoEncoder(net, net, 0)
    with pytest.raises(ValueError, match=r"encoder must give 2 numbers for each row; got shape \(2, 1\)"):
        nf.models.AutoEncoder(Narrow((7,)), net, 2).init(rng(), x)
    with pytest.raises(ValueError, match=r"decoder must give 5 numbers for each row; got shape \(2, 4\)"):
        nf.models.AutoEncoder(net, Narrow((7,)), 2).init(rng(), x)
