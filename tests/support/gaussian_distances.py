"""Distances of two Gaussians in closed form: MMD with a Gaussian kernel, and the energy distance of one variable."""

import numpy as np
from scipy.stats import norm


def mmd_of_gaussians(d, s, t, dim, h):
    """N(0, s^2 I) and N(d e_1, t^2 I) of `dim` variables, bandwidth h."""

    def mean_kernel(shift, variance):
        """Of exp(-|u|^2 / 2 h^2), u ~ N(shift e_1, variance I)."""
        return (h**2 / (h**2 + variance)) ** (dim / 2) * np.exp(-(shift**2) / (2 * (h**2 + variance)))

    return mean_kernel(0, 2 * s**2) + mean_kernel(0, 2 * t**2) - 2 * mean_kernel(d, s**2 + t**2)


def energy_of_gaussians(d, s, t):
    """N(0, s^2) and N(d, t^2)."""
    return 2 * mean_size(d, (s**2 + t**2) ** 0.5) - mean_size(0, 2**0.5 * s) - mean_size(0, 2**0.5 * t)


def mean_size(mean, std):
    """E|u|, u ~ N(mean, std^2)."""
    return mean * (2 * norm.cdf(mean / std) - 1) + 2 * std * norm.pdf(mean / std)
