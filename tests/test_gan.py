"""The GAN: both losses and their gradients, the penalty's second derivative, the trainer, and what it refuses."""

import signal

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
KINDS = ("network", "flow")
every_kind = pytest.mark.parametrize("kind", KINDS)


def rng(seed=0):
    return onp.random.default_rng(seed)


def rows(dim, n=30):
    return rng(1).normal(size=(n, dim)) @ rng(2).normal(size=(dim, dim)) * onp.arange(1, dim + 1) ** 2 + 30.0


def gan(kind="network", dim=2, activation="silu", penalty=0.7):
    critic = nf.MLP((7, 6), activation)
    if kind == "network":
        return nf.models.GAN(nf.MLP((7,), activation), critic, 3, penalty)
    return nf.models.GAN(nf.flows.maf(dim, layers=2, hidden=(8,), base=nf.StandardNormal(dim)), critic, penalty=penalty)


def wild(model, x, scale=0.3):
    draws = rng(3)

    def moved(a):
        return a + scale * draws.normal(size=a.shape)

    return trees.map_leaves(moved, model.init(rng(), x), fixed=lambda a: a)


# --- the losses ---


def scaled(params, x):
    fixed = params["scale"]["fixed"]
    return (x - fixed["mean"]) / fixed["std"]


def drawn(model, params, draws, n):
    """Draws in the critic's units, by the plain definitions."""
    if isinstance(model.generator, nf.Flow):
        return scaled(params, model.generator.sample(params["generator"], draws, n))
    return model.generator.apply(params["generator"], draws.standard_normal((n, model.dim)))


def critic_loss(model, critic, params, x, fake):
    """Equation (2), with the slope on the data by autograd: its gradient is a derivative of a derivative."""

    def D(u):
        return model.critic.apply(critic, u)

    slope = autograd.elementwise_grad(lambda u: D(u)[:, 0])(scaled(params, x))
    real = np.mean(np.logaddexp(0.0, -D(scaled(params, x))))
    return real + np.mean(np.logaddexp(0.0, D(fake))) + 0.5 * model.penalty * np.mean(np.sum(slope**2, axis=1))


@every_kind
@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("activation", ["silu", "relu", "tanh"])
def test_the_critics_gradient_is_that_of_autograd_twice(kind, dim, activation):
    model, x = gan(kind, dim, activation), rows(dim)
    params = wild(model, x)
    fake = drawn(model, params, rng(5), len(x))
    value, grads = model.critic_value_and_grad(params, rng(5), x)
    close(value, critic_loss(model, params["critic"], params, x, fake), 1e-12)
    close_trees(grads, autograd.grad(lambda c: critic_loss(model, c, params, x, fake))(params["critic"]), 1e-11)


def test_the_penalty_is_in_the_gradient():
    """Negative control: with another gamma the gradient is another one, by more than the tolerance above."""
    x = rows(2)
    model, other = gan(), gan(penalty=0.0)
    params = wild(model, x)
    ours, theirs = (m.critic_value_and_grad(params, rng(5), x)[1] for m in (model, other))
    assert onp.abs(ours[0]["W"] - theirs[0]["W"]).max() > 1e-4


@pytest.mark.parametrize("dim", DIMS)
def test_the_critics_gradient_is_the_slope_of_its_loss(dim):
    model, x = gan(dim=dim), rows(dim)
    params, draws, h = wild(model, x), rng(4), 1e-3
    step = trees.map_leaves(lambda a: draws.normal(size=a.shape), params["critic"])
    grads = model.critic_value_and_grad(params, rng(5), x)[1]
    exact = sum((a * b).sum() for a, b in zip(trees.leaves(grads), trees.leaves(step), strict=True))

    def loss(t):
        moved = trees.add(params["critic"], trees.map_leaves(lambda a: t * a, step))
        return model.critic_value_and_grad({**params, "critic": moved}, rng(5), x)[0]

    slope = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
    assert slope == pytest.approx(exact, rel=1e-8)


@every_kind
@pytest.mark.parametrize("dim", DIMS)
def test_the_generators_gradient_is_that_of_autograd(kind, dim):
    model, x = gan(kind, dim), rows(dim)
    params = wild(model, x)

    def loss(p):
        u = drawn(model, {**params, "generator": p}, rng(6), 11)
        return np.mean(np.logaddexp(0.0, -model.critic.apply(params["critic"], u)))

    value, grads = model.generator_value_and_grad(params, rng(6), 11)
    close(value, loss(params["generator"]), 1e-12)
    close_trees(grads, autograd.grad(loss)(params["generator"]), 1e-10)


def test_far_logits_give_finite_losses_and_gradients():
    model, x = gan(), rows(2)
    params = wild(model, x)
    for far in (-1e4, 1e4):
        params["critic"][-1]["b"] = onp.full(1, far)
        losses = model.critic_value_and_grad(params, rng(), x), model.generator_value_and_grad(params, rng(), 9)
        assert all(onp.isfinite(a).all() for value, grads in losses for a in (value, *trees.leaves(grads)))


@every_kind
def test_float32_and_device_arrays_stay_what_they_are(kind):
    model, x = gan(kind, 5), rows(5)
    params = trees.map_leaves(lambda a: a.astype("float32"), wild(model, x))
    there, on_device = trees.map_leaves(StrictArray, params), StrictArray(x.astype("float32"))
    of_critic = model.critic_value_and_grad(there, rng(6), on_device)
    of_generator = model.generator_value_and_grad(there, rng(6), 8)
    for value, grads in (of_critic, of_generator):
        for a in (value, *trees.leaves(grads)):
            assert isinstance(a, StrictArray) and a.dtype == "float32"
    close(model.critic_value_and_grad(params, rng(6), x.astype("float32"))[0], backend.to_numpy(of_critic[0]), 1e-5)
    draws = model.sample(there, rng(), 4)
    assert isinstance(draws, StrictArray) and draws.dtype == "float32" and draws.shape == (4, 5)


# --- the trainer ---


def distances(penalty):
    """How far the one draw is from the mean of the data in the last quarter of a run; all of it is linear."""
    model = nf.models.GAN(nf.MLP(()), nf.MLP(()), 1, penalty)
    x = 2.0 + rng(1).normal(size=(256, 1))
    params = model.init(rng(), x)
    params["generator"] = [{"W": onp.zeros((1, 1)), "b": onp.full(1, 3.0)}]
    away = []
    nf.fit_gan(
        model,
        x,
        rng=0,
        params=params,
        steps=400,
        batch_size=256,
        optimizer=nf.adam(2e-2, b1=0.0),
        schedule=nf.constant,
        evaluate_every=5,
        measure=lambda p: 0.0,
        callback=lambda at: away.append(abs(float(at.params["generator"][0]["b"][0]))),
        **QUIET,
    )
    return onp.array(away[-20:])


def test_the_penalty_makes_the_players_converge_and_without_it_they_circle():
    """The Dirac GAN of Mescheder et al. 2018, section 2: a point that a linear critic chases."""
    assert distances(1.0).max() < 0.02 and distances(0.0).max() > 0.2


@pytest.mark.exhaustive
@every_kind
def test_draws_come_near_to_the_data(kind):
    """The mean and the covariance of a Gaussian far from the start; the data's own error is near 0.05."""
    x = rng(1).normal(size=(2000, 2)) @ [[2.0, 1.0], [0.0, 0.5]] + [10.0, -3.0]
    model = gan(kind, 2, penalty=0.3)
    result = nf.fit_gan(model, x, rng=0, steps=400, batch_size=200, optimizer=nf.adam(5e-3, b1=0.5, b2=0.99), **QUIET)
    draws = model.sample(result.params, rng(5), 4000)
    assert onp.abs((draws.mean(axis=0) - x.mean(axis=0)) / x.std(axis=0)).max() < 0.3
    assert onp.abs(draws.std(axis=0) / x.std(axis=0) - 1.0).max() < 0.3
    assert onp.corrcoef(draws.T)[0, 1] == pytest.approx(onp.corrcoef(x.T)[0, 1], abs=0.15)


SETTINGS = {"rng": 3, "steps": 12, "evaluate_every": 3, "batch_size": 16, **QUIET}


def spread(params):
    """A stand-in for a measure of draws."""
    return float(onp.abs(params["generator"][0]["W"]).sum())


@pytest.mark.parametrize("measure", [None, spread])
def test_a_run_that_is_stopped_goes_on_bit_for_bit(measure, tmp_path):
    model, x, path = gan(), rows(2, 100), tmp_path / "a.run"
    whole = nf.fit_gan(model, x, measure=measure, **SETTINGS)
    stop = {"callback": lambda at: at.step >= 6}
    cut = nf.fit_gan(model, x, checkpoint=path, measure=measure, **stop, **SETTINGS)
    assert cut.steps == len(cut.history["generator"]) == 6 and cut.ended is nf.Ended.STOPPED
    assert str(cut.ending) == "stopped by the callback at step 6"
    again = nf.fit_gan(model, x, checkpoint=path, measure=measure, **SETTINGS)
    assert again.history == whole.history and again.best_step == whole.best_step
    assert same_trees(again.params, whole.params) and same_trees(again.last_params, whole.last_params)
    assert set(again.params) == {"critic", "generator", "scale"}
    with pytest.raises(nf.CheckpointError, match=r"steps of each player must be as in the run .*, 12; got 9"):
        nf.fit_gan(model, x, checkpoint=path, measure=measure, **{**SETTINGS, "steps": 9})


def test_ctrl_c_between_the_turns_of_a_step_loses_nothing(tmp_path, monkeypatch, capsys):
    model, x, path = gan(), rows(2, 100), tmp_path / "a.run"
    whole = nf.fit_gan(model, x, **SETTINGS)
    critic, calls = nf.models.GAN.critic_value_and_grad, []

    def pressed(self, *args):
        calls.append(1)
        if len(calls) == 5:
            signal.raise_signal(signal.SIGINT)
        return critic(self, *args)

    monkeypatch.setattr(nf.models.GAN, "critic_value_and_grad", pressed)
    cut = nf.fit_gan(model, x, checkpoint=path, **SETTINGS)
    assert cut.ended is nf.Ended.INTERRUPTED and (cut.steps, len(cut.history["generator"])) == (5, 4)
    again = nf.fit_gan(model, x, checkpoint=path, **SETTINGS)
    assert again.history == whole.history and same_trees(again.params, whole.params)


def test_only_a_measure_ranks_the_parameters():
    model, x = gan(), rows(2, 100)
    last = nf.fit_gan(model, x, **SETTINGS)
    assert last.validation is None and last.best_step == 12 and same_trees(last.params, last.last_params)
    best = nf.fit_gan(model, x, measure=spread, **SETTINGS)
    values = dict(zip(best.history["step"], best.history["validation"], strict=True))
    assert list(values) == [0, 3, 6, 9, 12]
    assert best.validation == min(values.values()) == spread(best.params) == values[best.best_step]


def test_a_turn_moves_one_player_alone():
    """After one step each has moved once, by the first step of its own Adam."""
    model, x = gan(), rows(2, 100)
    params = wild(model, x)
    result = nf.fit_gan(model, x, rng=0, params=params, steps=1, optimizer=nf.adam(1e-3), schedule=nf.constant, **QUIET)
    for player in ("critic", "generator"):
        for a, b in zip(trees.leaves(params[player]), trees.leaves(result.params[player]), strict=True):
            assert onp.abs(a - b).max() == pytest.approx(1e-3, rel=1e-3)  # Adam's first step is the rate


def test_a_run_that_diverges_says_so_and_gives_the_last_finite_parameters():
    model, x = gan(), rows(2, 100)
    with pytest.warns(nf.TrainingWarning, match=r"diverged .*the loss of the (critic|generator)"):
        result = nf.fit_gan(model, x, optimizer=nf.adam(1e30), **SETTINGS)
    assert result.ended is nf.Ended.DIVERGED and all(onp.isfinite(a).all() for a in trees.leaves(result.params))


# --- use ---


def test_a_flow_as_generator_is_an_encoder_and_a_density():
    model, x = gan("flow", 5), rows(5)
    params = wild(model, x)
    z = model.encode(params, x)
    close(model.decode(params, z), x, 1e-8)
    close(model.reconstruct(params, x), x, 1e-8)
    close(model.log_prob(params, x), model.generator.log_prob(params["generator"], x), 0.0)
    assert model.dim == 5 and model.sample(params, rng(), 3).shape == (3, 5)


def test_a_network_has_no_encoder_and_no_density():
    model, x = gan(), rows(2)
    params = wild(model, x)
    for method in (model.encode, model.reconstruct, model.log_prob):
        with pytest.raises(
            TypeError, match=r"needs a generator that is a Flow, such as nf.flows.real_nvp\(2\); got a MLP"
        ):
            method(params, x)


@every_kind
def test_it_is_saved_and_loaded(kind, tmp_path):
    model, x = gan(kind, 5), rows(5)
    params = wild(model, x)
    nf.save(tmp_path / "a.gan", model, params)
    again, loaded = nf.load(tmp_path / "a.gan")
    assert again.dim == model.dim and again.penalty == 0.7
    assert (again.sample(loaded, rng(), 5) == model.sample(params, rng(), 5)).all()
    with pytest.raises(nf.CheckpointError, match=r"params\['critic'\]\[0\]\['W'\] must have shape \(7, 5\)"):
        nf.save(tmp_path / "b.gan", model, {**params, "critic": nf.MLP((9, 6)).init(rng(), 5, 1)})


class Narrow(nf.MLP):
    """A network that gives one number too few."""

    def apply(self, params, x, context=None):
        return super().apply(params, x, context)[:, :-1]


def test_what_does_not_fit_is_refused_in_one_line():
    net, x = nf.MLP((7,)), rows(5)
    GAN = nf.models.GAN
    with pytest.raises(TypeError, match=r"critic must be a Network"):
        GAN(net, 3, 2)
    with pytest.raises(TypeError, match=r"generator must be a Network, such as nf.MLP"):
        GAN(3, net, 2)
    with pytest.raises(ValueError, match=r"dim must be an integer of at least 1; got None"):
        GAN(net, net)
    with pytest.raises(TypeError, match=r"flow must be a Flow, .*; got GAN: use nf.fit_gan"):
        nf.fit(GAN(net, net, 2), x, rng=0)
    with pytest.raises(ValueError, match=r"dim must be that of the generator's base, 2, or None; got 3"):
        GAN(nf.flows.planar(2), net, 3)
    with pytest.raises(ValueError, match=r"generator must be a flow over rows .*got shape \(2,\), context_dim 1"):
        GAN(nf.flows.planar(2, context_dim=1), net)
    with pytest.raises(ValueError, match=r"whose base is reparameterized.* and a base StudentT"):
        GAN(nf.flows.maf(2, base=nf.StudentT(2)), net)
    with pytest.raises(ValueError, match=r"penalty must be at least 0 and finite; got -1"):
        GAN(net, net, 2, -1)
    with pytest.raises(ValueError, match=r"critic must give 1 numbers for each row; got shape \(2, 0\)"):
        GAN(net, Narrow((7,)), 2).init(rng(), x)
    with pytest.raises(ValueError, match=r"generator must give 5 numbers for each row"):
        GAN(Narrow((7,)), net, 2).init(rng(), x)
    with pytest.raises(ValueError, match=r"x must have shape \(N, 2\); got \(30, 5\)"):
        nf.fit_gan(GAN(nf.flows.planar(2), net), x, rng=0, **QUIET)
    with pytest.raises(TypeError, match=r"model must be one that nf.fit_model trains; got GAN: use nf.fit_gan"):
        nf.fit_model(GAN(net, net, 2), x, rng=0)
    with pytest.raises(TypeError, match=r"gan must be one that nf.fit_gan trains; got AutoEncoder"):
        nf.fit_gan(nf.models.AutoEncoder(net, net, 2), x, rng=0)
    with pytest.raises(TypeError, match=r"optimizer must be an Adam, such as nf.adam"):
        nf.fit_gan(GAN(net, net, 2), x, rng=0, optimizer=3)
    with pytest.raises(TypeError, match=r"measure must be a function of params; got 3"):
        nf.fit_gan(GAN(net, net, 2), x, rng=0, measure=3)
    with pytest.raises(ValueError, match=r"^x must have at least 1 row; got 0$"):
        nf.fit_gan(GAN(net, net, 2), x[:0], rng=0)
    with pytest.raises(ValueError, match=r"x must be finite"):
        nf.fit_gan(GAN(net, net, 2), onp.nan * x, rng=0)
    with pytest.raises(ValueError, match=r"^steps must be an integer of at least 1; got -1$"):
        nf.fit_gan(GAN(net, net, 2), x, rng=0, steps=-1)
