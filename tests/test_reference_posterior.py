"""ReferencePosterior: how far the means and standard deviations of draws are from those of the reference draws."""

import numpy as np

from nfscratch.data import ReferencePosterior


def test_errors_are_those_of_means_and_of_standard_deviations_column_by_column():
    """Draws that are the reference moved by 1/2 sd and stretched by 1.2 in one column, and shrunk by .7 in another."""
    reference = np.random.default_rng(0).normal([3.0, -50.0, 0.0], [0.1, 20.0, 1.0], (4, 500, 3))
    mean, sd = reference.mean(axis=(0, 1)), reference.std(axis=(0, 1))
    draws = mean + [0.5, 0.0, -0.25] * sd + [1.2, 0.7, 1.0] * (reference.reshape(-1, 3) - mean)
    posterior = ReferencePosterior("three", {}, ("a", "b", "c"), reference)
    of_mean, of_sd = posterior.errors(draws)
    np.testing.assert_allclose(of_mean, [0.5, 0.0, 0.25], atol=1e-12)
    np.testing.assert_allclose(of_sd, [0.2, 0.3, 0.0], atol=1e-12)
    assert np.abs(posterior.errors(reference.reshape(-1, 3))).max() == 0
