"""Mistakes in measures, each seen by a known answer that the right measure gives."""

import numpy as np
import pytest
from mutants.evaluation import (
    biased_mmd,
    bits_with_natural_logarithms,
    c2st_on_training_rows,
    ratio_with_the_base_twice,
)

import nfscratch as nf
from nfscratch.evaluate import bits_per_dim, c2st, likelihood_ratio, mean_and_error, mmd


def rng(seed=0):
    return np.random.default_rng(seed)


def an_image_of_independent_uniform_levels_costs_eight_bits(measure):
    assert measure(np.full(10, -6 * np.log(256)), 6) == pytest.approx(8, abs=1e-12)


def draws_of_one_law_are_told_apart_half_the_time(measure):
    a, b = rng(2).normal(size=(2, 100, 1))
    assert abs(measure(a, b) - 0.5) < 4 * (0.25 / 200) ** 0.5


def equal_laws_have_an_mmd_of_zero_in_the_mean(measure):
    r = rng(3)
    found = [measure(r.normal(size=(40, 1)), r.normal(size=(40, 1)), bandwidth=1.0) for _ in range(200)]
    mean, error = mean_and_error(found)
    assert abs(mean) < 3 * error


def a_density_over_the_background_has_the_mean_one_under_the_background(measure):
    """E exp(log p - log p_0) = 1 for x ~ p_0; and the ratio of two Gaussians is a parabola that is known."""
    flows = [nf.Flow(nf.StandardNormal(2), nf.Diagonal(2)) for _ in range(2)]
    params, background = (flow.init(rng()) for flow in flows)
    params["bijection"]["shift"] = np.array([0.5, 0.0])
    x = flows[1].sample(background, rng(4), 20_000)
    found = measure(flows[0], params, flows[1], background, x)
    mean, error = mean_and_error(np.exp(found))
    assert abs(mean - 1) < 3 * error
    np.testing.assert_allclose(found, 0.5 * x[:, 0] - 0.125, atol=1e-12)


def bits(log_prob, dim):
    return bits_per_dim(log_prob, dim).total


def cheap_c2st(a, b):
    return c2st(a, b, folds=2)


def ratio(flow, params, background, background_params, x):
    return likelihood_ratio(flow.log_prob(params, x), background.log_prob(background_params, x))


MUSEUM = {  # the known answer, the measure, the mutant
    "bits with natural logarithms": (
        an_image_of_independent_uniform_levels_costs_eight_bits,
        bits,
        bits_with_natural_logarithms,
    ),
    "C2ST on training rows": (draws_of_one_law_are_told_apart_half_the_time, cheap_c2st, c2st_on_training_rows),
    "ratio with the base twice": (
        a_density_over_the_background_has_the_mean_one_under_the_background,
        ratio,
        ratio_with_the_base_twice,
    ),
    "biased MMD": (equal_laws_have_an_mmd_of_zero_in_the_mean, mmd, biased_mmd),
}


@pytest.mark.parametrize("name", MUSEUM)
def test_the_right_measure_gives_the_known_answer_and_the_mutant_does_not(name):
    known_answer, measure, mutant = MUSEUM[name]
    known_answer(measure)
    with pytest.raises(AssertionError):
        known_answer(mutant)
