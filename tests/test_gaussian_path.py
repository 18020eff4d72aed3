"""The exact path of a Gaussian mixture: against the law that it must fulfil, quadrature, and the toy density."""

import numpy as onp
import pytest
from comparing import close

from nfscratch.targets.gaussian_path import STRAIGHT, GaussianPath, diffusion, eight_gaussians
from nfscratch.targets.toy import DENSITIES

SCHEDULES = {"straight": STRAIGHT, "diffusion": diffusion(3.0)}
every_schedule = pytest.mark.parametrize("name", SCHEDULES)
POINTS = onp.random.default_rng(0).normal(size=(7, 2))


def tilted(name):
    """Three components with correlations of their own."""
    rng = onp.random.default_rng(1)
    roots = rng.normal(size=(3, 2, 2)) * 0.4
    covariances = roots @ onp.swapaxes(roots, 1, 2) + 0.05 * onp.eye(2)
    return GaussianPath(onp.array([0.2, 0.3, 0.5]), rng.normal(size=(3, 2)), covariances, SCHEDULES[name])


def slope(f, h=1e-4):
    """The derivative of f at 0, by central differences of fourth order."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def gradient(f, x):
    """df/dx_i of f: (N, D) -> (N, ...), stacked last."""
    return onp.stack([slope(lambda h, e=e: f(x + h * e)) for e in onp.eye(x.shape[1])], axis=-1)


@every_schedule
@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
def test_density_and_velocity_fulfil_the_continuity_equation(name, t):
    """d log p / dt + div u + u . grad log p = 0: no mass is made or lost."""
    path = tilted(name)
    rate = slope(lambda h: path.log_prob(POINTS, t + h))
    divergence = onp.trace(gradient(lambda x: path.velocity(x, t), POINTS), axis1=1, axis2=2)
    carried = (path.velocity(POINTS, t) * path.score(POINTS, t)).sum(axis=1)
    close(rate + divergence + carried, onp.zeros(7), 1e-7)


@every_schedule
def test_the_score_is_the_gradient_of_the_log_density(name):
    path, t = tilted(name), onp.linspace(0.05, 0.95, 7)
    close(path.score(POINTS, t), gradient(lambda x: path.log_prob(x, t), POINTS), 1e-8)


@every_schedule
@pytest.mark.parametrize("t", [0.3, 0.8])
def test_the_velocity_is_the_mean_of_the_lines_through_a_point(name, t):
    """E[a' x + b' z | a x + b z = y], by quadrature over x in one dimension."""
    path = GaussianPath(
        onp.array([0.4, 0.6]), onp.array([[-1.0], [1.5]]), onp.array([[[0.3]], [[0.1]]]), SCHEDULES[name]
    )
    (a, b), (da, db) = path.schedule.coefficients(onp.array(t)), path.schedule.rates(onp.array(t))
    x, y = onp.linspace(-8, 8, 20_001), onp.linspace(-2, 2, 5)[:, None]
    z = (y - a * x) / b
    weight = onp.exp(path.log_prob(x[:, None], 1.0) - 0.5 * z**2)
    mean = (weight * (da * x + db * z)).sum(axis=1) / weight.sum(axis=1)
    close(path.velocity(y, t)[:, 0], mean, 1e-10)


@every_schedule
def test_draws_have_the_density(name):
    """-E log p is the entropy of p_t: two estimates of it, by draws and on a grid."""
    path = tilted(name)
    draws = -path.log_prob(path.sample(onp.random.default_rng(2), 20_000, 0.6), 0.6)
    side = onp.linspace(-6, 6, 401)
    grid = onp.stack(onp.meshgrid(side, side), axis=-1).reshape(-1, 2)
    log_p = path.log_prob(grid, 0.6)
    entropy = -(onp.exp(log_p) * log_p).sum() * (side[1] - side[0]) ** 2
    assert abs(draws.mean() - entropy) < 4 * draws.std() / onp.sqrt(len(draws))


@every_schedule
def test_its_ends_are_the_noise_and_the_mixture(name):
    path = eight_gaussians(SCHEDULES[name])
    close(path.log_prob(3 * POINTS, 1.0), DENSITIES["8gaussians"].log_prob(3 * POINTS), 1e-12)
    if name == "straight":
        close(path.log_prob(POINTS, 0.0), -0.5 * (POINTS**2).sum(axis=1) - onp.log(2 * onp.pi), 1e-12)


def test_standardized_data_have_the_path_of_the_density_divided_by_the_scale():
    path, mean, std = tilted("straight"), onp.array([0.5, -1.0]), onp.array([2.0, 0.3])
    inside = path.standardized(mean, std)
    close(inside.log_prob(POINTS, 1.0), path.log_prob(mean + std * POINTS, 1.0) + onp.log(std).sum(), 1e-12)
