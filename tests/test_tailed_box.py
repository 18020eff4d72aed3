"""A box with Gaussian tails: the proposal to simulate from, and the draws that are refused afterwards."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

import nfscratch as nf
from nfscratch.targets.simulators import (
    BoxPrior,
    NormalPrior,
    TailedBox,
    gaussian_linear,
    gaussian_mixture,
    ornstein_uhlenbeck,
    slcp,
    two_moons,
)

BOX = TailedBox((-1.0, 2.0), (1.0, 8.0), 0.2)


def rng(seed=0):
    return np.random.default_rng(seed)


def cdf(x, low, high, share):
    """Of one variable: the two tails have the mass of half a Gaussian each, and the box what is left."""
    w, s = high - low, share * (high - low)
    left = (
        s * np.sqrt(2 * np.pi) * (norm.cdf((np.minimum(x, low) - low) / s) + norm.cdf((np.maximum(x, high) - high) / s))
    )
    return (left - s * np.sqrt(2 * np.pi) / 2 + np.clip(x, low, high) - low) / (w + s * np.sqrt(2 * np.pi))


def test_the_density_integrates_to_one():
    axes = [
        np.linspace(low - 3 * (high - low), high + 3 * (high - low), 1401)
        for low, high in zip(BOX.low, BOX.high, strict=True)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    mass = np.exp(BOX.log_density(grid)).sum() * np.prod([axis[1] - axis[0] for axis in axes])
    assert abs(mass - 1) < 1e-4


@pytest.mark.parametrize("i", [0, 1])
def test_the_draws_follow_the_density(i):
    draws = BOX.draw(rng(3), 20_000)
    assert kstest(draws[:, i], cdf, args=(BOX.low[i], BOX.high[i], BOX.share)).pvalue > 1e-3
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.03


def test_it_is_flat_on_the_box_and_has_no_edge():
    inside = BoxPrior(BOX.low, BOX.high).draw(rng(), 100)
    assert np.ptp(BOX.log_density(inside)) == 0.0
    below, above = BOX.log_density(np.array([[1.0 - 1e-9, 5.0], [1.0 + 1e-9, 5.0]]))
    assert abs(below - above) < 1e-12
    assert BOX.support is None


@pytest.mark.parametrize("make", [two_moons, slcp, gaussian_mixture])
def test_a_simulator_runs_beyond_its_box(make):
    simulator, proposal = make(), make().with_tails()
    theta = proposal.prior(rng(1), 500)
    assert not simulator.of_theta.inside(theta).all()
    assert proposal.simulate(rng(2), theta).shape == (500, simulator.data_dim)
    assert proposal.support is None
    with pytest.raises(NotImplementedError, match="no formula for its posterior"):
        proposal.posterior(np.zeros(simulator.data_dim))


def test_where_the_program_cannot_run_it_says_so():
    proposal = ornstein_uhlenbeck(5).with_tails(0.5)
    with pytest.raises(ValueError, match="theta must be one that ornstein_uhlenbeck can run with"):
        proposal.simulate(rng(), np.array([[-0.5, 0.0, 0.5]]))


def test_only_a_box_gets_tails():
    with pytest.raises(ValueError, match="with_tails needs a prior on a box; gaussian_linear has NormalPrior"):
        gaussian_linear().with_tails()
    assert isinstance(gaussian_linear().of_theta, NormalPrior)


@pytest.mark.parametrize("share", [0.0, -1.0, np.nan])
def test_the_share_is_positive(share):
    with pytest.raises(ValueError, match="share"):
        two_moons().with_tails(share)


def test_kept_draws_are_the_ones_inside_in_their_order():
    box, seen = BoxPrior((0.0,), (1.0,)), []

    def draw(n):
        seen.append(rng(len(seen)).uniform(-1, 3, size=(n, 1)))
        return seen[-1]

    kept, all_of_them = box.kept(draw, 50), np.concatenate(seen)
    assert (kept == all_of_them[box.inside(all_of_them)][:50]).all()
    assert kept.shape == (50, 1)


def test_draws_that_never_come_inside_end_in_an_error():
    with pytest.raises(ValueError, match="draw must give draws in the box; 0 of"):
        BoxPrior((0.0,), (1.0,)).kept(lambda n: np.full((n, 1), 5.0), 10)


def test_no_draws_are_no_rows():
    assert BoxPrior((0.0, 0.0), (1.0, 1.0)).kept(lambda n: np.zeros((n, 2)), 0).shape == (0, 2)


def test_the_docstrings_recipe_runs():
    simulator = two_moons()
    proposal = simulator.with_tails()
    theta = proposal.prior(rng(1), 300)
    x = proposal.simulate(rng(2), theta)
    flow = nf.flows.rq_nsf(2, layers=1, hidden=(8,), context_dim=2)
    params = nf.fit(flow, theta, context=x, rng=0, steps=30, progress=False).params
    draws = simulator.of_theta.kept(lambda n: flow.sample(params, rng(4), n, context=np.array([-0.5, 0.1])), 40)
    assert draws.shape == (40, 2) and simulator.of_theta.inside(draws).all()


def test_a_proposal_takes_the_observations_that_its_tails_give():
    proposal = two_moons().with_tails()
    x = proposal.simulate(rng(1), np.full((1, 2), 1.2))  # beyond the box, where two moons itself refuses x
    with pytest.raises(ValueError, match="an observation that two_moons can give"):
        two_moons().check_observation(x)
    assert (proposal.check_observation(x) == x[0]).all()


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3), (0, 2), (10, 2)])
def test_draws_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"draw\(5\) must give an array of shape \(5, 2\); got"):
        BoxPrior((0.0, 0.0), (1.0, 1.0)).kept(lambda n: np.zeros(shape), 5)


def test_draws_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match=r"draw\(n\) must be an array of real numbers; got dtype"):
        BoxPrior((0.0,), (1.0,)).kept(lambda n: None, 5)
