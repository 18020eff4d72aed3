"""Mistakes in measures, each seen by a known answer that the right measure gives."""

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.course.museum.exhibit import bugs
from nfscratch.course.museum.workshop import layer
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
    found = [measure(r.normal(size=(40, 1)), r.normal(size=(40, 1))) for _ in range(200)]
    mean, error = mean_and_error(found)
    assert abs(mean) < 3 * error


def a_density_over_the_background_has_the_mean_one_under_the_background(measure):
    """E exp(log p - log p_0) = 1 for x ~ p_0; and the ratio of two Gaussians is a parabola that is known."""
    x = rng(4).normal(size=(20_000, 2))
    found = measure(x, 0.25, 1.0)
    mean, error = mean_and_error(np.exp(found))
    assert abs(mean - 1) < 3 * error
    np.testing.assert_allclose(found, 0.25 * x.sum(axis=1) - 0.0625, atol=1e-12)


def bits(log_prob, dim):
    return bits_per_dim(log_prob, dim).total


def cheap_c2st(a, b):
    return c2st(a, b, folds=2)


def unit_mmd(a, b):
    return mmd(a, b, bandwidth=1.0)


def ratio(x, mean, scale):
    flow = nf.Flow(nf.StandardNormal(2), nf.Diagonal(2))
    params, background = flow.init(rng()), flow.init(rng())
    params["bijection"] = {"shift": np.full(2, mean), "log_diagonal": np.full(2, np.log(scale))}
    return likelihood_ratio(flow.log_prob(params, x), flow.log_prob(background, x))


MUSEUM = {  # the mutant: the known answer, and the measure of nf.evaluate
    "nats_called_bits": (an_image_of_independent_uniform_levels_costs_eight_bits, bits),
    "scored_on_training_rows": (draws_of_one_law_are_told_apart_half_the_time, cheap_c2st),
    "base_counted_twice": (a_density_over_the_background_has_the_mean_one_under_the_background, ratio),
    "rows_with_themselves": (equal_laws_have_an_mmd_of_zero_in_the_mean, unit_mmd),
}


@pytest.mark.parametrize("name", MUSEUM)
def test_the_right_measure_gives_the_known_answer_and_the_mutant_does_not(name):
    known_answer, measure = MUSEUM[name]
    work, bug = bugs()[name]
    known_answer(measure)
    known_answer(layer(work, (), rng()))
    with pytest.raises(AssertionError):
        known_answer(layer(work, bug.changes, rng()))
