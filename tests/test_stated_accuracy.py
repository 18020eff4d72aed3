"""A stated accuracy excuses what a search misses, and not a direction that proves smooth over short steps."""

import numpy as np
import pytest

import nfscratch as nf

DIM, ACCURACY = 2, 1e-5
RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(DIM, 5)), RNG.normal(size=5)


def slope(h, t):
    """g(t) > 0, of which x is the integral from 0 to z."""
    return 0.2 + np.logaddexp(0.0, np.tanh(1.5 * t[..., None] + h[:, None, :]) @ B)


def integrated(nodes, accuracy=1e-12):
    """x_i = int_0^z_i g(t; z_<i) dt by a quadrature, and its inverse by halving down to an accuracy."""
    at, weights = np.polynomial.legendre.leggauss(nodes)

    def x_of(h, v):
        return 0.5 * v * (slope(h, 0.5 * v[:, None] * (at + 1)) @ weights)

    def hidden(left):
        return left @ A[: left.shape[1]]

    def log_slope(h, v):
        return np.log(slope(h, v[:, None])[:, 0])

    def forward(z):
        h = [hidden(z[:, :i]) for i in range(DIM)]
        x = np.stack([x_of(h[i], z[:, i]) for i in range(DIM)], axis=1)
        return x, sum(log_slope(h[i], z[:, i]) for i in range(DIM))

    def inverse(x):
        z, total = np.zeros_like(x), np.zeros(len(x))
        for i in range(DIM):
            h = hidden(z[:, :i])
            low, high = -5 * np.abs(x[:, i]) - 1, 5 * np.abs(x[:, i]) + 1
            while (high - low).max(initial=0.0) > accuracy * max(1.0, np.abs(high).max(initial=0.0)):
                middle = (low + high) / 2
                less = x_of(h, middle) < x[:, i]
                low, high = np.where(less, middle, low), np.where(less, high, middle)
            z[:, i] = (low + high) / 2
            total = total - log_slope(h, z[:, i])
        return z, total

    return forward, inverse


def audited(pair, letters="SIRXJ"):
    radii = (0.3, 1.0, 3.0)
    return nf.check.audit(pair, dims=(DIM,), accuracy=ACCURACY, radii=radii, letters=letters, show=False)


@pytest.mark.exhaustive
def test_too_few_nodes_of_a_quadrature_are_seen():
    assert [failure.letter for failure in audited(integrated(8), "J").failures] == ["J"]


@pytest.mark.parametrize("accuracy", [ACCURACY, pytest.param(1e-12, marks=pytest.mark.exhaustive)])
def test_enough_nodes_and_a_search_that_stops_early_are_not_accused(accuracy):
    assert audited(integrated(40, accuracy)).ok
