"""The numbers of a posterior's result and of its loss, at a flow and a density for which all of them are known.

q = N(0, 1) and p = N(0, s^2), one variable:

    log w = -log s - (1/s^2 - 1) x^2 / 2,     E w = 1,     E w^2 = 1 / (s sqrt(2 - s^2))
"""

from types import SimpleNamespace

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.posteriors import search
from nfscratch.posteriors.first_params import first_params
from nfscratch.posteriors.posterior_loss import PosteriorLoss
from nfscratch.posteriors.posterior_result import judged
from nfscratch.posteriors.search import _climb, rough_posterior
from nfscratch.posteriors.target import Target
from nfscratch.posteriors.unbounded import Unbounded
from nfscratch.training import objectives

LOG_2PI = onp.log(2 * onp.pi)
FLOW = nf.Flow(nf.StandardNormal(1), nf.ActNorm(1))
PARAMS = {"base": {}, "bijection": {"log_scale": onp.zeros(1), "shift": onp.zeros(1)}, "embed": {}}
TRAINING = SimpleNamespace(params=PARAMS, stopped="all steps done", history={})


def rng(seed=0):
    return onp.random.default_rng(seed)


def normal(s):
    return lambda x: -0.5 * np.sum((x / s) ** 2, axis=1) - np.log(s) - 0.5 * LOG_2PI


def result(s, seed=1, n=10_000):
    return judged(FLOW, Target(normal(s)), TRAINING, rng(seed), n)


def log_weights(s, x):
    return -onp.log(s) - 0.5 * (1 / s**2 - 1) * x[:, 0] ** 2


# --- the result ---


def test_the_elbo_and_the_evidence_have_the_errors_of_the_formulas():
    s, n = 0.6, 10_000
    found = result(s)
    variance = 1 / (s * (2 - s**2) ** 0.5) - 1
    assert found.log_evidence_error == pytest.approx((variance / n) ** 0.5, rel=0.05)
    assert abs(found.log_evidence) < 4 * found.log_evidence_error
    assert found.elbo_error == pytest.approx(0.5 * (1 / s**2 - 1) * (2 / n) ** 0.5, rel=0.05)
    assert abs(found.elbo - (-onp.log(s) - 0.5 * (1 / s**2 - 1))) < 4 * found.elbo_error
    assert found.n_eff == pytest.approx(n / (1 + variance), rel=0.05)


def test_the_weights_are_pareto_smoothed():
    found = result(1.3)
    raw = log_weights(1.3, found.draws)
    smoothed = nf.evaluate.psis(raw).log_weights
    close(found.log_weights, smoothed - onp.log(onp.exp(smoothed).sum()), 1e-12)
    assert onp.abs(smoothed - raw).max() > 0.01
    close(found.log_evidence, onp.log(onp.exp(smoothed).mean()), 1e-12)


def test_the_draws_that_judge_are_fresh():
    generator = rng(1)
    first, second = (judged(FLOW, Target(normal(0.6)), TRAINING, generator, 50).draws for _ in range(2))
    assert not onp.isin(first, second).any()
    assert not onp.isin(first, FLOW.sample(PARAMS, rng(0), 50)).any()


def test_resampled_draws_are_the_posteriors():
    assert result(0.6).resample(20_000, rng=3).std() == pytest.approx(0.6, rel=0.04)


# --- the loss ---


def test_an_evaluation_is_minus_the_elbo_plus_two_standard_errors():
    loss = PosteriorLoss(FLOW, Target(normal(0.6)), 64, None)
    log_w = log_weights(0.6, FLOW.sample(PARAMS, rng(0), 1000))
    close(loss.evaluate(loss.tree(PARAMS)), -log_w.mean() + 2 * log_w.std() / 1000**0.5, 1e-12)


@pytest.mark.parametrize(("step", "weight"), [(0, 0.01), (50, 0.51), (100, 1.0), (300, 1.0)])
def test_log_p_has_the_weight_of_the_step(step, weight):
    loss = PosteriorLoss(FLOW, Target(normal(0.6)), 64, 100)
    tree = loss.tree(PARAMS)
    tree["fixed"]["step"] += step
    value = objectives.reverse_kl(FLOW, normal(0.6), PARAMS, rng(3), 64, inverse_temperature=weight)
    close(loss(tree, rng(3))[0], value, 1e-12)


# --- where the fit begins ---


def test_the_density_before_the_constraints_has_their_log_det_and_its_gradient():
    """Exp(1) of x = e^y is e^y - e^(e^y); a constant on (0, 1) of x = 1 / (1 + e^-y) is x (1 - x)."""
    y = onp.array([[-2.0], [0.3], [1.5]])
    positive = Unbounded(nf.flows.inference(constraints=[nf.Bounds([0.0], [onp.inf])]), Target(lambda x: -x[:, 0]))
    share = Unbounded(nf.flows.inference(constraints=[nf.Bounds([0.0], [1.0])]), Target(lambda x: 0.0 * x[:, 0]))
    x = 1.0 / (1.0 + onp.exp(-y))
    for unbounded, value, slope in (
        (positive, y - onp.exp(y), 1.0 - onp.exp(y)),
        (share, onp.log(x * (1.0 - x)), 1.0 - 2.0 * x),
    ):
        close(unbounded.value(y), value[:, 0], 1e-12)
        both = unbounded.both(y)
        close(both[0], value[:, 0], 1e-12)
        close(both[1], slope, 1e-12)


def test_a_flow_begins_with_all_the_modes_that_the_search_finds():
    two = lambda x: np.logaddexp(normal(0.5)(x + 3.0), normal(0.5)(x - 3.0)) - np.log(2.0)  # noqa: E731
    flow = nf.flows.inference(1)
    unbounded = Unbounded(flow, Target(two))
    params = first_params(flow, unbounded, rng())
    x, log_q = flow.sample_and_log_prob(params, rng(1), 1000)
    assert (two(x) - log_q).mean() > -1.5  # without a fit to the draws it is below -5


@pytest.mark.exhaustive
def test_of_many_variables_the_scales_are_those_of_the_hessians_diagonal(monkeypatch):
    monkeypatch.setattr(search, "FULL", 4)  # so that 5 are many
    sd = onp.exp(rng(1).uniform(-3.0, 3.0, 5))
    unbounded = Unbounded(nf.flows.inference(5), Target(lambda x: -0.5 * np.sum((x / sd) ** 2, axis=1)))
    (found,) = rough_posterior(unbounded.value, unbounded.both, 5, rng())
    close(found.A @ found.A.T / sd / sd[:, None], onp.eye(5), 0.01)


def test_a_path_ends_at_the_peak():
    """log p = -sum (cosh(z) - 1) with z of scales 1e-3 and 1e4: L-BFGS-B alone stops before it."""
    scale = onp.array([1e-3, 1e4])
    log_p = lambda x: -np.sum(np.cosh((x - 5.0) / scale) - 1.0, axis=1)  # noqa: E731
    unbounded = Unbounded(nf.flows.inference(2), Target(log_p))
    path = _climb(unbounded.value, unbounded.both, 5.0 + 2.0 * scale)
    assert unbounded.value(onp.array(path))[-1] > -1e-6


def test_the_errors_of_a_reference_are_in_its_standard_deviations():
    z = rng().normal(size=(2, 500, 3))
    z = (z - z.mean(axis=(0, 1))) / z.std(axis=(0, 1))
    mean, sd = nf.data.posteriordb.ReferencePosterior("", {}, (), 10.0 * z + 5.0).errors(z[0] * 20.0 + 25.0)
    close(mean, (20.0 * z[0].mean(axis=0) + 20.0) / 10.0, 1e-12)
    close(sd, onp.abs(2.0 * z[0].std(axis=0) - 1.0), 1e-12)
