"""Bounds on the evidence refuse by name what they cannot take, and Adam's numbers, batches and bases are by hand."""

import math

import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import backend
from nfscratch.distributions import Categorical
from nfscratch.training import batches, objectives, optimizers
from nfscratch.training.fit_vae import Annealed

FLOW = nf.Flow(nf.DiagonalNormal(1), nf.Diagonal(1))
PARAMS = FLOW.init(0)
LOG_P = lambda x: np.sum(-0.5 * x**2, axis=1)  # noqa: E731
JOINT = {"elbo": objectives.elbo, "elbo_value_and_grad": objectives.elbo_value_and_grad}
TARGET = {"reverse_kl": objectives.reverse_kl, "reverse_kl_value_and_grad": objectives.reverse_kl_value_and_grad}
IWAE = {"iwae": objectives.iwae, "iwae_value_and_grad": objectives.iwae_value_and_grad}
WITH_GRAD = [name for name in (*JOINT, *TARGET, *IWAE) if name.endswith("grad")]


def said(error, call, *arguments, **options):
    with pytest.raises(error) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_bounds_take_one_draw_or_more_and_refuse_the_rest_by_name():
    for name, bound in {**JOINT, **TARGET, **IWAE}.items():
        bound(FLOW, LOG_P, PARAMS, 0, 1)
        for n in (0, -1, 1.5):
            words = f"n must be an integer of at least 1; got {n}"
            assert said(ValueError, bound, FLOW, LOG_P, PARAMS, 0, n) == words, name
        of = "log_target" if name in TARGET else "log_joint"
        words = f"{of} must be a function of the draws x (n, ...); got 3.5"
        assert said(TypeError, bound, FLOW, 3.5, PARAMS, 0, 2) == words, name
        for log_p, shape in ((lambda x: np.sum(x), "()"), (lambda x: x, "(3, 1)")):
            words = f"{of} must return one number for each of the n draws, shape (3,); got shape {shape}"
            given = {"draws": 1} if name in IWAE else {}
            assert said(ValueError, bound, FLOW, log_p, PARAMS, 0, 3, **given) == words, name
    for name, bound in IWAE.items():
        bound(FLOW, LOG_P, PARAMS, 0, 1, 1)
        words = "draws must be an integer of at least 1; got 0"
        assert said(ValueError, bound, FLOW, LOG_P, PARAMS, 0, 1, 0) == words, name
    for name, bound in {**JOINT, **TARGET}.items():
        bound(FLOW, LOG_P, PARAMS, 0, 1, inverse_temperature=0.0)
        for T in (-1.0, math.inf, math.nan):
            words = f"inverse_temperature must be a finite number of at least 0; got {T!r}"
            assert said(ValueError, bound, FLOW, LOG_P, PARAMS, 0, 1, inverse_temperature=T) == words, name
    for name in WITH_GRAD:
        bound = {**JOINT, **TARGET, **IWAE}[name]
        assert said(ValueError, bound, FLOW, LOG_P, PARAMS, 0, 1, gradient="no").startswith("gradient must be one of")
        of = "log_target_vjp" if name in TARGET else "log_joint_vjp"
        words = f"{of} must be a function of the draws x (n, ...); got 2"
        assert said(TypeError, bound, FLOW, None, PARAMS, 0, 1, **{of: 2}) == words


def test_values_with_and_without_a_gradient_are_the_same_and_a_divergence_is_minus_the_bound():
    for T in (1.0, 0.25):
        value = objectives.elbo(FLOW, LOG_P, PARAMS, 5, 7, inverse_temperature=T)
        up, up_grads = objectives.elbo_value_and_grad(FLOW, LOG_P, PARAMS, 5, 7, inverse_temperature=T)
        down, down_grads = objectives.reverse_kl_value_and_grad(FLOW, LOG_P, PARAMS, 5, 7, inverse_temperature=T)
        assert [up, -down, -objectives.reverse_kl(FLOW, LOG_P, PARAMS, 5, 7, inverse_temperature=T)] == pytest.approx(
            [value] * 3
        )
        for a, b in zip(nf.trees.leaves(up_grads), nf.trees.leaves(down_grads), strict=True):
            assert onp.allclose(a, -b)
    value = objectives.iwae(FLOW, LOG_P, PARAMS, 5, 3, 4)
    assert objectives.iwae_value_and_grad(FLOW, LOG_P, PARAMS, 5, 3, 4)[0] == pytest.approx(value)
    one = objectives.iwae(FLOW, LOG_P, PARAMS, 5, 7, 1)
    assert one == pytest.approx(objectives.elbo(FLOW, LOG_P, PARAMS, 5, 7))


def test_two_steps_of_adam_in_fractions():
    adam, p = nf.adam(0.5, b1=0.5, b2=0.75, eps=1.0), onp.array([2.0])
    state = adam.init(p)
    adam.step(p, onp.array([2.0]), state)  # m = 1, v = 1; corrected 2 and 4, so 0.5 * 2 / (2 + 1)
    assert (state["t"], state["m"][0], state["v"][0]) == (1, 1.0, 1.0)
    assert p[0] == pytest.approx(2.0 - 1.0 / 3.0, rel=1e-15)
    adam.step(p, onp.array([1.0]), state, 0.5)  # m = 1, v = 1; corrected 4 / 3 and 16 / 7
    step = 0.25 * (4.0 / 3.0) / (math.sqrt(16.0 / 7.0) + 1.0)
    assert p[0] == pytest.approx(5.0 / 3.0 - step, rel=1e-14)


def test_matrices_alone_decay():
    tree = {"W": onp.ones((2, 2)), "b": onp.ones(3)}
    optimizer = nf.adam(0.5, weight_decay=0.1)
    assert optimizers.begin(optimizer, onp.ones(7), tree)["decays"].tolist() == [1.0] * 4 + [0.0] * 3
    assert "decays" not in optimizers.begin(nf.adam(), onp.ones(7), tree)
    flat, state = onp.ones(7), optimizers.begin(optimizer, onp.ones(7), tree)
    optimizer.step(flat, onp.zeros(7), state, 0.5)
    assert flat.tolist() == pytest.approx([1.0 - 0.5 * 0.5 * 0.1] * 4 + [1.0] * 3)
    assert nf.adam().weight_decay == 0.0


def test_a_cosine_falls_from_one_through_a_half_to_nothing_and_a_gradient_is_cut_to_its_limit():
    assert [optimizers.cosine(done) for done in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.5, 0.0])
    assert optimizers.constant(0.7) == 1.0
    for limit, wanted in ((None, [3.0, 4.0]), (5.0, [3.0, 4.0]), (2.5, [1.5, 2.0])):
        g = onp.array([3.0, 4.0])
        optimizers.clip_by_norm(g, 5.0, limit)
        assert g.tolist() == wanted


def test_batches_take_each_row_once_a_pass_and_skip_what_is_left_over():
    x, weights = onp.arange(14.0).reshape(7, 2), onp.arange(7.0)
    found = batches.Batches((x, None, weights), 3, onp.random.default_rng(0))
    first, second = found.next(), found.next()
    assert first[1] is None
    assert (first[0][:, 0] == 2 * first[2]).all()
    assert len(set(first[2]) | set(second[2])) == 6
    before = found.order.copy()
    found.next()
    assert found.position == 3
    assert (found.order != before).any()
    whole = batches.Batches(x, 50, onp.random.default_rng(0))
    assert (whole.size, sorted(whole.next()[:, 0])) == (7, sorted(x[:, 0]))
    assert batches.take_rows(None, [0]) is None
    taken = batches.take_rows(onp.arange(24.0).reshape(4, 2, 3), [2, 0])
    assert taken[:, 0, 0].tolist() == [12.0, 0.0]
    for data, got in (((x, weights[:3]), "[3, 7]"), (x[:0], "[0]")):
        words = f"data must have at least 1 row, and the same number of rows in every part; got {got} rows"
        assert said(ValueError, batches.Batches, data, 3, onp.random.default_rng(0)) == words


def test_a_prior_of_a_vae_counts_more_from_step_to_step():
    settings = Annealed(4, 2, True)
    assert [settings(done)["beta"] for done in (0, 1, 3, 9)] == [0.25, 0.5, 1.0, 1.0]
    assert settings(0) == {"beta": 0.25, "draws": 2, "importance": True}
    assert Annealed(0, 1, False)(0)["beta"] == 1.0
    vae, x = nf.models.VAE(nf.MLP((3,)), nf.MLP((3,)), nf.flows.posterior(2, 3)), onp.zeros((4, 2))
    for name, value, least in (("anneal", -1, 0), ("draws", 0, 1)):
        words = said(ValueError, nf.fit_vae, vae, x, rng=0, **{name: value})
        assert words == f"{name} must be an integer of at least {least}; got {value}"
    assert said(ValueError, nf.fit_vae, vae, x, rng=0, importance="no").startswith("importance must be True or False")
    assert said(TypeError, nf.fit_vae, FLOW, x, rng=0).startswith("vae must be a VAE, such as nf.models.VAE(")


def test_bases_and_pixel_flows_refuse_values_beyond_their_bounds():
    assert (Categorical(2).levels, Categorical(256).levels) == (2, 256)
    for levels in (1, 0):
        assert said(ValueError, Categorical, levels).startswith("levels must be an integer of at least 2; got")
    assert said(ValueError, Categorical, 257) == "levels must be at most 256; got 257"
    for make in (nf.Gaussian, nf.MixtureOfGaussians):
        assert said(ValueError, make, max_log_scale=0.0).startswith("max_log_scale must be")
    assert said(ValueError, nf.MixtureOfGaussians, 0).startswith("components must be an integer of at least 1")
    words = said(ValueError, nf.ConditionedBase, nf.DiagonalNormal(2), context_dim=0)
    assert words.startswith("context_dim must be an integer of at least 1")
    assert said(TypeError, nf.ConditionedBase, nf.Planar(2)).startswith("distribution must be a Distribution, such as")
    for x in (0.5, -1.0, 2.0):
        words = "x must be 0 or 1 everywhere for Bernoulli; got something else in row 1"
        rows, theta = backend.asarray([[1.0], [x]]), onp.zeros((2, 1, 1))
        assert said(ValueError, nf.Bernoulli().log_prob, theta, rows) == words
        assert said(ValueError, nf.Bernoulli().log_prob_vjp, theta, rows) == words
