"""Toy densities: published entropies, total mass 1, samples that follow the density, and independent formulas."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special, stats
from share import few

from nfscratch.targets.density import Density
from nfscratch.targets.toy import DENSITIES
from nfscratch.targets.toy_pinwheel import _log_terms, _turning_points

# (published entropy in nats, its rounding)
PUBLISHED = {
    "8gaussians": (2.8319, 5e-5), "checkerboard": (3.4657, 5e-5), "2spirals": (2.6454, 6e-5), "moons": (2.3939, 5e-5),
    "circles": (3.2681, 5e-5), "rings": (2.6232, 5e-5), "swissroll": (2.6696, 5e-5), "pinwheel": (2.308, 0.010),
    "crescent": (1.8379, 5e-5), "cubed": (2.8379, 5e-5), "sine": (1.8379, 5e-5), "abs": (1.3379, 5e-5),
    "sign": (1.3379, 5e-5), "banana": (5.1405, 5e-5), "funnel": (15.2880, 5e-5),
}  # fmt: skip
SLOW = ("2spirals", "swissroll", "moons", "pinwheel")  # quadrature or root search: fewer points

# A box that holds all but a negligible share, and the cell width of a grid that resolves the noise.
BOX = {
    "8gaussians": (-5, 5, -5, 5, 0.25), "checkerboard": (-5, 5, -5, 5, 0.5), "2spirals": (-4.2, 4.2, -4.2, 4.2, 0.24),
    "moons": (-4.5, 4.5, -4.5, 4.5, 0.25), "circles": (-5, 5, -5, 5, 0.25), "rings": (-4, 4, -4, 4, 0.16),
    "swissroll": (-4.5, 4.5, -4.5, 4.5, 0.3), "pinwheel": (-5, 5, -5, 5, 0.2), "crescent": (-6, 6, -3.5, 18, 0.25),
    "cubed": (-6, 6, -48, 48, 0.25), "sine": (-6, 6, -3.5, 3.5, 0.125), "abs": (-6, 6, -2.5, 6.5, 0.125),
    "sign": (-6, 6, -8, 8, 0.125), "banana": (-60, 60, -9, 108, 0.5),
}  # fmt: skip


def rng(seed=0):
    return np.random.default_rng(seed)


def cells(name):
    """Cell edges along each axis, and each cell's mass: 4 x 4 Gauss-Legendre points per cell."""
    x_low, x_high, y_low, y_high, width = BOX[name]
    edges = [np.linspace(a, b, round((b - a) / width) + 1) for a, b in ((x_low, x_high), (y_low, y_high))]
    node, weight = np.polynomial.legendre.leggauss(4)
    axes = [(e[:-1, None] + np.diff(e)[:, None] * (node + 1) / 2).ravel() for e in edges]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    p = np.exp(DENSITIES[name].log_prob(points)).reshape(len(edges[0]) - 1, 4, len(edges[1]) - 1, 4)
    area = np.diff(edges[0])[0] * np.diff(edges[1])[0]
    return edges, np.einsum("iajb,a,b->ij", p, weight / 2, weight / 2) * area


@pytest.fixture(scope="module")
def grids():
    return {name: cells(name) for name in BOX}


def chi_square(name, grid, x):
    """p-value of the counts of x in the cells; cells that expect fewer than 10 are pooled."""
    edges, mass = grid
    counts = np.histogram2d(*x.T, bins=edges)[0].ravel()
    expected = mass.ravel() * len(x)
    rare = expected < 10
    counts = np.append(counts[~rare], len(x) - counts[~rare].sum())
    expected = np.append(expected[~rare], len(x) - expected[~rare].sum())
    if expected[-1] < 1e-6 * len(x):  # the checkerboard has no rest
        if counts[-1] > 0:
            return 0.0
        counts, expected = counts[:-1], expected[:-1] * counts[:-1].sum() / expected[:-1].sum()
    return stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts) - 1)


def test_every_published_density_is_here():
    assert set(DENSITIES) == set(PUBLISHED)
    assert all(d.name == name and d.about.endswith(".") for name, d in DENSITIES.items())
    assert {d.dim for d in DENSITIES.values()} == {2, 10}
    assert all(d.has_log_prob for d in DENSITIES.values())


@pytest.mark.parametrize("name", PUBLISHED)
def test_entropy_is_the_published_one(name):
    published, rounding = PUBLISHED[name]
    assert abs(DENSITIES[name].entropy - published) <= rounding


@pytest.mark.parametrize("name", PUBLISHED)
def test_mean_of_log_prob_over_samples_is_minus_the_entropy(name):
    density, n = DENSITIES[name], 30_000 if name in SLOW else 200_000
    loss = -density.log_prob(density.sample(rng(1), n))
    assert abs(loss.mean() - density.entropy) < 4 * loss.std() / np.sqrt(n) + 1e-12


@pytest.mark.parametrize("name", BOX)
def test_mass_is_one(name, grids):
    _, mass = grids[name]
    # Kinks and steps (abs, sign) lie on cell edges; the pinwheel has integrable spikes, the rest is smooth.
    assert abs(mass.sum() - 1) < (1e-4 if name == "pinwheel" else 1e-6)


@pytest.mark.parametrize("name", [name for name in BOX if name not in ("checkerboard", "pinwheel", "banana", "cubed")])
def test_entropy_is_the_integral_on_the_grid(name):
    """Trapezoid rule with a step below half the noise: for a smooth density its error is far below 1e-5."""
    noise = {"8gaussians": 0.35, "2spirals": 0.1, "moons": 0.2, "circles": 0.24, "rings": 0.08, "swissroll": 0.2}
    step = noise.get(name, 0.2) / 2
    x_low, x_high, y_low, y_high, _ = BOX[name]
    axes = [np.arange(a, b, step) + step / 2 for a, b in ((x_low, x_high), (y_low, y_high))]
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    log_p = DENSITIES[name].log_prob(points)
    entropy = -(np.exp(log_p) * log_p).sum() * step**2
    assert abs(entropy - DENSITIES[name].entropy) < (2e-3 if name in ("abs", "sign") else 3e-5)


@pytest.mark.parametrize("name", BOX)
def test_samples_follow_the_density(name, grids):
    x = DENSITIES[name].sample(rng(2), 60_000)
    assert chi_square(name, grids[name], x) > 1e-4
    # The negative control: the same points, slightly wider and nudged, must not pass.
    assert chi_square(name, grids[name], 1.02 * x + 0.05 * x.std(axis=0)) < 1e-4


def test_funnel_against_scipy():
    x = DENSITIES["funnel"].sample(rng(3), 500)
    expected = stats.norm.logpdf(x[:, 0], 0, 3) + stats.norm.logpdf(x[:, 1:], 0, np.exp(x[:, :1] / 2)).sum(axis=1)
    np.testing.assert_allclose(DENSITIES["funnel"].log_prob(x), expected, rtol=1e-12)
    scaled = DENSITIES["funnel"].sample(rng(4), 20_000)
    scaled = np.concatenate([scaled[:, :1] / 3, scaled[:, 1:] * np.exp(-scaled[:, :1] / 2)], axis=1)
    assert stats.kstest(scaled.ravel(), "norm").pvalue > 1e-4


def test_funnel_stays_finite_where_its_scale_underflows():
    x = np.zeros((2, 10))
    x[:, 0] = -3000, 3000
    expected = -0.5 * 1000.0**2 - np.log(3) - 5 * np.log(2 * np.pi) - 4.5 * x[:, 0]
    np.testing.assert_allclose(DENSITIES["funnel"].log_prob(x), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "name, mean, var",
    [
        ("crescent", lambda t: 0.5 * t**2 - 1, np.exp(-2)), ("cubed", lambda t: 0.2 * t**3, 1.0),
        ("sine", lambda t: np.sin(5 * t), np.exp(-2)), ("abs", lambda t: np.abs(t) - 1, np.exp(-3)),
        ("sign", lambda t: np.sign(t) + t, np.exp(-3)),
    ],
)  # fmt: skip
def test_bent_gaussians_against_scipy(name, mean, var):
    x = DENSITIES[name].sample(rng(5), 300)
    expected = stats.norm.logpdf(x[:, 0]) + stats.norm.logpdf(x[:, 1], mean(x[:, 0]), np.sqrt(var))
    np.testing.assert_allclose(DENSITIES[name].log_prob(x), expected, atol=1e-12)


def test_banana_by_hand():
    # x = (0, -3) is the ridge's foot: both Gaussians are at their mean, so p = 1 / (2 pi 10).
    np.testing.assert_allclose(DENSITIES["banana"].log_prob([[0.0, -3.0]]), -np.log(20 * np.pi), rtol=1e-12)


def test_checkerboard_by_hand():
    inside = [[0.5, 0.5], [2.5, 2.5], [-1.0, 2.5], [-3.9, 0.1], [0.1, -3.9], [2.5, -0.5]]
    outside = [[0.5, 2.5], [-1.0, 0.5], [2.5, 0.5], [4.1, 0.5], [0.5, -4.1], [-9.0, 0.5], [0.5, 40.0]]
    assert np.all(DENSITIES["checkerboard"].log_prob(inside) == -np.log(32))
    assert np.all(DENSITIES["checkerboard"].log_prob(outside) == -np.inf)


def test_rings_by_quadrature_over_the_angle():
    for x in ([0.0, 0.0], [3.0, 0.1], [-1.0, 1.6]):

        def p(a, x=x):
            radii = np.array([3, 2.25, 1.5, 0.75])
            square = (x[0] - radii * np.cos(a)) ** 2 + (x[1] - radii * np.sin(a)) ** 2
            return np.mean(np.exp(-square / (2 * 0.08**2))) / (2 * np.pi * 0.08**2) / (2 * np.pi)

        angle = np.arctan2(x[1], x[0])
        value, _ = integrate.quad(p, angle - np.pi, angle + np.pi, points=[angle], epsabs=0, epsrel=1e-11, limit=500)
        np.testing.assert_allclose(DENSITIES["rings"].log_prob([x]), np.log(value), atol=1e-9)


def by_quad(p, end, start=0.0):
    points = np.linspace(start, end, 200)  # so that no narrow peak is missed
    return sum(integrate.quad(p, a, b, epsabs=1e-16, epsrel=1e-12)[0] for a, b in pairwise(points))


@pytest.mark.parametrize("x", [(0.1, 0.2), (-3.0, 0.0), (1.0, 1.1), (4.2, -2.0)])
def test_moons_and_swissroll_by_adaptive_quadrature(x):
    def blur(cx, cy, s=0.2):
        return np.exp(-((x[0] - cx) ** 2 + (x[1] - cy) ** 2) / (2 * s**2)) / (2 * np.pi * s**2)

    def moon(t):
        outer = blur(2 * np.cos(t) - 1, 2 * np.sin(t) - 0.2)
        return (outer + blur(2 * (1 - np.cos(t)) - 1, 2 * (0.5 - np.sin(t)) - 0.2)) / (2 * np.pi)

    def roll(t):
        return blur(t * np.cos(t) / 5, t * np.sin(t) / 5) / (3 * np.pi)

    np.testing.assert_allclose(DENSITIES["moons"].log_prob([x]), np.log(by_quad(moon, np.pi)), atol=1e-10)
    roll_p = by_quad(roll, 4.5 * np.pi, 1.5 * np.pi)
    np.testing.assert_allclose(DENSITIES["swissroll"].log_prob([x]), np.log(roll_p), atol=1e-10)


@pytest.mark.parametrize("x", [(0.0, 0.0), (0.3, -0.2), (2.0, 1.0), (-1.9, -1.7)])
def test_two_spirals_by_adaptive_quadrature(x):
    def window(gap):
        high, low = gap / 0.1, (gap - 1 / 6) / 0.1
        return 6 * (special.ndtr(-low) - special.ndtr(-high) if low > 0 else special.ndtr(high) - special.ndtr(low))

    def p(u):  # the curve runs over U itself: t = 3 pi sqrt(U) = 3 pi u, dU = 2 u du
        t = 3 * np.pi * u
        c = -t * np.cos(t) / 3, t * np.sin(t) / 3
        return u * sum(window(s * x[0] - c[0]) * window(s * x[1] - c[1]) for s in (1, -1))

    np.testing.assert_allclose(DENSITIES["2spirals"].log_prob([x]), np.log(by_quad(p, 1.0)), atol=1e-9)


@pytest.mark.parametrize("name", ["moons", "circles", "swissroll"])
def test_the_definition_is_scikit_learns(name):
    from sklearn import datasets

    n = 40_000
    x = {
        "moons": lambda: datasets.make_moons(n, noise=0.1, random_state=0)[0] * 2 + [-1, -0.2],
        "circles": lambda: datasets.make_circles(n, factor=0.5, noise=0.08, random_state=0)[0] * 3,
        "swissroll": lambda: datasets.make_swiss_roll(n, noise=1.0, random_state=0)[0][:, [0, 2]] / 5,
    }[name]()
    loss = -DENSITIES[name].log_prob(x)
    assert abs(loss.mean() - DENSITIES[name].entropy) < 4 * loss.std() / np.sqrt(n)
    # and a scale 1 % off would be seen by the first two moments
    ours = DENSITIES[name].sample(rng(6), n)
    assert np.all(np.abs(x.mean(0) - ours.mean(0)) < 4 * ours.std(0) * np.sqrt(2 / n))
    assert np.all(np.abs(x.var(0) / ours.var(0) - 1) < 0.02)


@pytest.mark.parametrize("r", few([0.9, 1.6, 2.5, 3.2], [0.9, 3.2]))
def test_pinwheel_keeps_the_mass_of_each_radius(r):
    """The turn keeps r, so the mass on a circle is that of the Gaussian; at r = 3.2 a point has up to 20 roots."""
    theta = 2 * np.pi * (np.arange(20_000) + 0.5) / 20_000
    circle = 2 * r * np.stack([np.cos(theta), np.sin(theta)], axis=1)
    turned = np.exp(DENSITIES["pinwheel"].log_prob(circle)).mean()
    f = r * np.stack([np.cos(theta), np.sin(theta)])
    plain = np.mean(stats.norm.pdf(f[0], 1, 0.3) * stats.norm.pdf(f[1], 0, 0.1)) / 4
    np.testing.assert_allclose(turned, plain, rtol=2e-2 if r > 1.69 else 1e-9)  # spikes where r > 1.69


@pytest.mark.parametrize("r", [1.0, 1.69, 1.7, 2.0, 3.5, 5.0])
def test_pinwheel_finds_every_root(r):
    """On each piece between turning points, as many roots as a scan of 100,000 angles counts crossings."""
    r, theta = np.full(50, r), np.linspace(-3, 3, 50)
    left, right = _turning_points(r)
    folds = r[0] > 1.6955
    assert np.all((left < right) == folds)
    if folds:
        slope = 1 + 0.25 * r * np.array([np.sin(left), np.sin(right)]) * np.exp(r * np.cos([left, right]))
        np.testing.assert_allclose(slope, 0, atol=1e-10)
    pi = np.full_like(r, np.pi)
    pieces = pairwise([-pi, left, right, pi]) if folds else [(-pi, pi)]
    found = sum(np.isfinite(_log_terms(r, theta, a, b)).sum(axis=1) for a, b in pieces)
    phi = np.linspace(-np.pi, np.pi, 100_001)
    turns = np.floor((phi - 0.25 * np.exp(r[0] * np.cos(phi)) - theta[:, None]) / (2 * np.pi / 5))
    assert np.array_equal(found, np.abs(np.diff(turns, axis=1)).sum(axis=1))


def test_pinwheel_on_one_blade():
    f0, f1 = 1.1, 0.05  # |x| < 2 * 1.69: one root per blade, and the other blades are far
    alpha = 2 * np.pi / 5 + 0.25 * np.exp(f0)
    x = 2 * np.array([[f0 * np.cos(alpha) + f1 * np.sin(alpha), f1 * np.cos(alpha) - f0 * np.sin(alpha)]])
    log_f = stats.norm.logpdf(f0, 1, 0.3) + stats.norm.logpdf(f1, 0, 0.1)
    log_det = np.log(1 + 0.25 * f1 * np.exp(f0))  # of f -> polar angle, at fixed radius
    np.testing.assert_allclose(DENSITIES["pinwheel"].log_prob(x), log_f - log_det - np.log(20), atol=1e-6)


@pytest.mark.parametrize("name", PUBLISHED)
def test_far_away_is_finite_and_never_nan(name):
    density = DENSITIES[name]
    directions = rng(7).standard_normal((40, density.dim))
    for scale in (1e1, 1e2, 1e3, 1e4):
        log_p = density.log_prob(scale * directions)
        assert not np.isnan(log_p).any() and np.all(log_p < 1)
        if name not in ("checkerboard", "funnel"):  # the board has an edge; the funnel's scale is exp(-scale/2)
            assert np.isfinite(log_p).all()
    with np.errstate(over="ignore"):
        for scale in (1e100, 1e200, 1e308, np.inf):
            assert not np.isnan(density.log_prob(scale * directions)).any()


@pytest.mark.parametrize("name", PUBLISHED)
def test_shapes_types_and_seeds(name):
    density = DENSITIES[name]
    x = density.sample(rng(8), 7)
    assert x.shape == (7, density.dim) and x.dtype == np.float64
    assert np.array_equal(x, density.sample(rng(8), 7)) and not np.array_equal(x, density.sample(rng(9), 7))
    log_p = density.log_prob(x)
    assert log_p.shape == (7,) and log_p.dtype == np.float64
    np.testing.assert_allclose(log_p[3:4], density.log_prob(x[3:4]), rtol=1e-12)  # rows do not meet
    assert density.sample(rng(8), 0).shape == (0, density.dim)
    assert density.log_prob(np.empty((0, density.dim))).shape == (0,)
    before = x.copy()
    density.log_prob(x)
    assert np.array_equal(x, before)


def test_errors_name_the_thing_the_requirement_and_what_came():
    moons = DENSITIES["moons"]
    with pytest.raises(ValueError, match=r"moons: x must have shape \(N, 2\); got \(5, 3\)"):
        moons.log_prob(np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"shape \(N, 2\); got \(2,\)"):
        moons.log_prob(np.zeros(2))
    with pytest.raises(ValueError, match=r"free of NaN; row 1 has one \(1 such rows\)"):
        moons.log_prob([[0, 0], [np.nan, 0]])
    with pytest.raises(ValueError, match=r"n must be an integer, 0 or more; got -1"):
        moons.sample(rng(), -1)
    with pytest.raises(ValueError, match=r"n must be .* got 2\.5"):
        moons.sample(rng(), 2.5)
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator; got int"):
        moons.sample(0, 5)
    unknown = Density("mine", 2, 1.0, "No formula.", moons.draw)
    assert not unknown.has_log_prob
    with pytest.raises(NotImplementedError, match="mine has no formula for log_prob"):
        unknown.log_prob(np.zeros((1, 2)))


def test_a_density_cannot_be_changed():
    with pytest.raises(AttributeError):
        DENSITIES["moons"].entropy = 0.0
