"""Squared, mixture CDF, deep sigmoids, UMNN: their formulas, their limits, and inverses that search."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close
from scipy import integrate, stats
from scipy.special import expit, logit
from share import few
from trained import trains_and_integrates_to_one

import nfscratch as nf
from nfscratch.ops import quadrature, roots
from nfscratch.ops.sigmoid_mixture import sigmoid_mixture
from nfscratch.transformers.squared import STEEPEST

ONTO = {
    "squared": nf.Squared(),
    "mixture CDF": nf.LogisticMixtureCDF(),
    "deep sigmoid": nf.DeepSigmoid(),
    "deep dense sigmoid": nf.DeepDenseSigmoid(),
    "UMNN": nf.UMNN(),
}
EPS = onp.finfo("float64").eps
every_map = pytest.mark.parametrize("name", ONTO)


def rng(seed=0):
    return onp.random.default_rng(seed)


def wild(h, n=200, dim=2, scale=1.0, seed=0):
    return scale * rng(seed).normal(size=(n, dim, h.n_params)), 3.0 * rng(seed + 1).normal(size=(n, dim))


# --- all of them ---


@every_map
def test_theta_zero_is_the_identity_or_a_mild_map_whose_units_get_different_gradients(name):
    h, z = ONTO[name], onp.linspace(-3, 3, 61)[:, None]
    theta = onp.zeros((1, h.n_params))
    x, log_d = h.forward(theta, z)
    if h.identity_at_zero:
        close(x, z, 2e-15)
        close(log_d, onp.zeros_like(z), 2e-15)
    else:
        assert 1e-3 < abs(x - z).max() < 0.1
        assert abs(log_d).max() < 0.1
    weight = rng().normal(size=z.shape)
    gradient = autograd.grad(lambda t: np.sum(weight * h.forward(t, z)[0]))(theta)[0]
    units = {"mixture CDF": 8, "deep sigmoid": 8, "UMNN": 8}.get(name)
    if units:
        kind = gradient[2 * units : 3 * units] if name != "mixture CDF" else gradient[units : 2 * units]
        assert abs(onp.diff(onp.sort(kind))).min() > 1e-4 * abs(kind).max()


@every_map
def test_far_out_it_is_a_line_and_reaches_every_number(name):
    h = ONTO[name]
    theta, _ = wild(h, 50, 1)
    for sign in (-1.0, 1.0):
        slopes = [h.forward(theta, onp.full((50, 1), sign * at))[1] for at in (1e4, 1e5)]
        assert onp.isfinite(slopes).all()
        close(slopes[0], slopes[1], 1e-3)
        x = onp.full((50, 1), sign * 1e3)
        z, log_d = h.inverse(theta, x)
        close(h.forward(theta, z)[0], x, 1e-12)
        close(log_d, -h.forward(theta, z)[1], 1e-12)


@every_map
@pytest.mark.parametrize("scale", few([1.0, 3.0], [3.0]))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_many_wild_maps_are_inverted_to_a_residual_of_rounding(name, scale, dtype):
    h = ONTO[name]
    theta, x = (a.astype(dtype) for a in wild(h, 1000, 2, scale, seed=5))
    z, log_d = h.inverse(theta, x)
    assert z.dtype == log_d.dtype == onp.dtype(dtype)
    value, _, pullback = h.forward_vjp(theta, z)
    by_theta, by_z = pullback(onp.ones_like(z), onp.zeros_like(z))
    # No search does better than the rounding of the map itself: what a change of theta and z by a few eps causes.
    rounding = abs(z * by_z) + abs(theta * by_theta).sum(axis=2)
    assert (abs(value - x) <= 8 * onp.finfo(dtype).eps * (onp.maximum(1, abs(x)) + rounding)).all()


@pytest.mark.parametrize(
    ("h", "seed", "row", "variable"),
    [
        (nf.LogisticMixtureCDF(1, 10.0), 8, 352, 2),
        (nf.LogisticMixtureCDF(8, 10.0), 8, 264, 2),
        (nf.DeepDenseSigmoid(max_log_scale=10.0), 22, 391, 1),
    ],
    ids=["one logistic", "mixture CDF", "deep dense sigmoid"],
)
def test_rounding_that_a_large_scale_enlarges_is_no_jump(h, seed, row, variable):
    """e^10 logit F: of a logit near 0, a difference of numbers near 1, hardly a digit is as small as eps."""
    draws = rng(seed)
    theta = 10.0 * draws.normal(size=(3, h.n_params))[variable : variable + 1]
    draws.normal(size=(500, 3))
    x = 3.0 * draws.normal(size=(500, 3))[row : row + 1, variable : variable + 1]
    z = h.solve(theta, x)
    size = float(h.rounded(theta.T)[0])
    assert 64 * EPS < abs(h.forward(theta, z)[0] - x) < 64 * EPS * size and 100 < size < 1e10


def test_what_is_rounded_by_numbers_near_one_does_not_hide_a_jump():
    """A step of height 1: e^10 times eps is a millionth of a millionth of it."""

    def step(z, theta):
        return z + theta[0] * (z > 1), onp.ones_like(z)

    for size in (None, lambda theta: onp.exp(10.0) + 0 * theta[0]):
        with pytest.raises(nf.InversionError, match="jumps over x"):
            roots.monotone_root(step, onp.array([1.5]), theta=onp.ones((1, 1)), size=size)
    hidden = roots.monotone_root(step, onp.array([1.5]), theta=onp.ones((1, 1)), size=lambda theta: 1 / EPS + theta[0])
    close(hidden, [1.0], 1e-12)


@every_map
def test_the_gradient_through_the_inverse_is_that_of_finite_differences_and_so_is_the_second(name):
    h = ONTO[name]
    theta, x = wild(h, 3, 2, 0.5, seed=2)
    weight, direction = rng(7).normal(size=(2, 3, 2)), rng(8).normal(size=theta.shape)

    def objective(theta, x):
        z, log_d = h.inverse(theta, x)
        return np.sum(weight[0] * z) + np.sum(weight[1] * np.cos(log_d))

    gradient = autograd.grad(objective)

    def along(t):
        return objective(theta + t * direction, x)

    def slope_along(t):
        return np.sum(gradient(theta + t * direction, x) * direction)

    close(slope_along(0.0), slope(along), 1e-7)
    close(autograd.grad(slope_along)(0.0), slope(slope_along), 1e-7)
    by_x = autograd.grad(lambda x: objective(theta, x))(x)
    close(np.sum(by_x * weight[0]), slope(lambda t: objective(theta, x + t * weight[0])), 1e-7)


def slope(f, h=1e-3):
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


@every_map
def test_the_density_of_a_flow_with_it_integrates_to_one(name):
    flow = nf.Flow(nf.StandardNormal(1), nf.Elementwise(nf.Inverse(ONTO[name]), 1))
    params = flow.init(rng()) | {"bijection": {"theta": wild(ONTO[name], 1, 1, 0.7, seed=3)[0][0]}}
    x = onp.linspace(-60, 60, 60_001)[:, None]
    assert integrate.trapezoid(onp.exp(flow.log_prob(params, x)), x[:, 0]) == pytest.approx(1.0, abs=1e-6)


def test_an_x_that_is_not_reached_is_an_error_with_a_residual_and_not_an_end_of_the_bracket():
    class Bounded(nf.NumericTransformer):
        """The staircase of a deep sigmoid without its logit: onto (0, 1)."""

        n_params = 1

        def forward(self, theta, z):
            s = z + theta[..., 0]
            return 1 / (1 + np.exp(-s)), -np.logaddexp(0, s) - np.logaddexp(0, -s)

    theta = onp.zeros((2, 1))
    z, log_d = Bounded().inverse(theta, onp.array([[0.25, 0.5]]))
    close(z, [[logit(0.25), 0.0]], 1e-14)
    close(log_d, [[-onp.log(0.25 * 0.75), onp.log(4)]], 1e-14)
    words = (
        r"Bounded, row 1, variable 0 .*no bracket holds the root.*residual of 3\.3e-01 at x = 1\.5.* 2 of the entries"
    )
    with pytest.raises(nf.InversionError, match=words):
        Bounded().inverse(theta, onp.array([[0.25, 0.5], [1.5, 1.1], [0.5, 0.5]]))
    with pytest.raises(
        nf.InversionError, match=r"stopped at a relative residual of \d\.\de.* x = 1e\+09, entry 2; 1 of"
    ):
        f = lambda z, theta: (z**5, 5 * z**4)  # noqa: E731
        roots.monotone_root(f, onp.array([0.0, 0.0, 1e9]), theta=onp.zeros((1, 3)), max_iterations=3)


@pytest.mark.parametrize(("dtype", "far"), [("float64", [1e37, -1e60, 1e200, -1e307]), ("float32", [1e30, -1e37])])
def test_a_root_is_found_wherever_it_lies_and_a_map_that_is_not_onto_has_none(dtype, far):
    shifts = onp.array(far, dtype)
    z = roots.monotone_root(lambda z: (z - shifts, onp.ones_like(z)), onp.full_like(shifts, 0.5))
    onp.testing.assert_allclose(z, shifts, rtol=1e-6)
    with pytest.raises(nf.InversionError, match="no bracket"):
        roots.monotone_root(lambda z: (onp.tanh(z), onp.ones_like(z)), onp.full_like(shifts, 1.5))


def test_a_row_whose_network_puts_the_root_far_out_has_a_density():
    """theta is of the size of the kept variable, z as well, and x, from which the search starts, is not."""
    flow = nf.Flow(nf.StandardLogistic(2), nf.Coupling(nf.DeepDenseSigmoid((2,)), (True, False), nf.MLP(())))
    params = nf.check.random_params(flow, onp.random.default_rng(0))
    x = onp.array([[sign * size, 0.5] for size in (1e30, 1e37, 1e45, 1e70) for sign in (1, -1)])
    log_p = flow.log_prob(params, x)
    assert ((-20 < log_p / abs(x[:, 0])) & (log_p / abs(x[:, 0]) < -1)).all()


def test_a_search_that_runs_out_of_steps_counts_the_entries_beyond_their_tolerance():
    """tolerance max(1, |x|): an entry on the bound, one far out, and one below 1, which alone is beyond."""
    x, beyond = onp.array([0.0, 1000.0, 0.5]), onp.array([0.25, 100.0, 0.375])
    ends = (x - 1.0, x + 1.0 + 2.0 * beyond)  # the search starts in the middle, at x + beyond
    with pytest.raises(nf.InversionError, match=r"residual of 3\.8e-01 at x = 0\.5, entry 2; 1 of the entries fail"):
        roots.monotone_root(lambda z: (z, onp.ones(3)), x, bracket=ends, tolerance=0.25, max_iterations=0)


def test_a_search_goes_on_with_the_entries_that_are_not_done():
    seen = []

    def f(z, theta):
        seen.append(z.shape[0])
        return z + theta[0] * z**5, 1 + 5 * theta[0] * z**4

    x, theta = rng().normal(size=1000) * 3, onp.where(onp.arange(1000) < 20, 1e3, 0.0)[None]
    z = roots.monotone_root(f, x, theta=theta)
    close(z + theta[0] * z**5, x, 1e-14)
    assert seen[0] == 1000
    assert seen[-1] <= 20
    assert sum(seen) < 8 * 1000


@every_map
def test_training_through_the_formula_and_back_by_the_search_agree(name):
    """A flow holds Inverse(h): its log_prob runs h forward, and its samples come from the search."""
    flow = nf.flows.naf(3, transformer=ONTO[name], layers=2, hidden=(8,))
    x = rng().normal(size=(200, 3)) @ rng(1).normal(size=(3, 3)) + 2
    params = flow.init(rng(), x=x)
    noise = rng(2)
    params["bijection"] = nf.trees.map_leaves(
        lambda p: p + 0.2 * noise.normal(size=p.shape), params["bijection"], fixed=lambda p: p
    )
    assert (flow.bijection.forward_cost, flow.bijection.inverse_cost) == ("iterative", "one pass")
    draws, log_prob = flow.sample_and_log_prob(params, rng(3), 50)
    close(flow.log_prob(params, draws), log_prob, 1e-9)


def test_a_map_that_is_not_onto_is_refused_by_the_recipe():
    with pytest.raises(ValueError, match=r"transformer must map the reals onto the reals.*Sigmoid"):
        nf.flows.naf(2, transformer=nf.Sigmoid())


@pytest.mark.parametrize("transformer", ["dsf", nf.DeepSigmoid, None, nf.Permutation((1, 0))])
def test_what_is_no_transformer_is_refused_by_name(transformer):
    with pytest.raises(TypeError, match=r"transformer must be a Transformer, such as nf\.DeepSigmoid.*; got"):
        nf.flows.naf(2, transformer=transformer)


def test_an_autoregressive_naf_trains_and_integrates_to_one():
    trains_and_integrates_to_one(nf.flows.naf(2, layers=2, hidden=(8,), coupling=False, activation="tanh"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nf.DeepSigmoid(0), "units"),
        (lambda: nf.LogisticMixtureCDF(0), "components"),
        (lambda: nf.DeepDenseSigmoid(()), "widths must name at least one layer; got none"),
        (lambda: nf.DeepDenseSigmoid((4, 0)), "each of widths"),
        (lambda: nf.Squared(margin=1.0), "margin must be between 0 and 1; got 1.0"),
        (lambda: nf.DeepSigmoid(max_log_scale=0.0), "max_log_scale must be positive and finite; got 0.0"),
        (lambda: nf.UMNN(points=1), "points"),
        (lambda: nf.UMNN(minimum=1.0), "minimum must be between 0 and 1"),
        (lambda: nf.UMNN(steepness=1.0), "steepness must be finite and above 1"),
        (lambda: nf.UMNN(bound=-1.0), "bound must be positive"),
    ],
)
def test_bad_sizes_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# --- Squared ---


def test_the_bound_of_squared_is_sharp():
    """|c d / b| = 8 / (3 sqrt 3): the slope touches zero at u = 1/sqrt 3; beyond it the map folds."""
    u = onp.linspace(-5, 5, 1_000_001)
    steepest = 2 * u / (1 + u**2) ** 2
    assert steepest.max() == pytest.approx(1 / STEEPEST, abs=1e-12)
    assert u[steepest.argmax()] == pytest.approx(3**-0.5, abs=1e-5)
    for factor, monotone in ((0.999, True), (1.001, False)):
        x = u + factor * STEEPEST / (1 + u**2)
        assert (onp.diff(x) > 0).all() == monotone


def test_squared_is_the_formula_of_the_paper_and_keeps_its_margin():
    h = nf.Squared(margin=0.05, max_log_scale=1e6)  # (no bound to speak of)
    theta, z = wild(h, 50, 1)
    a, b, c, d, g = theta[:, 0].T
    b, d = onp.exp(b), onp.exp(d)
    c = 0.95 * STEEPEST * b / d * onp.tanh(c)
    x, _ = h.forward(theta, z)
    close(x[:, 0], a + b * z[:, 0] + c / (1 + (d * z[:, 0] + g) ** 2), 1e-9)
    theta = onp.array([[0.0, 0.0, 50.0, 0.0, 0.0]])
    _, log_d = h.forward(theta, onp.linspace(-4, 4, 100_001)[:, None])
    assert onp.exp(log_d.min()) == pytest.approx(0.05, abs=1e-9)


def test_the_inverse_of_squared_is_the_real_root_of_its_cubic():
    h = nf.Squared()
    theta, x = wild(h, 20, 1, 2.0)
    z, _ = h.inverse(theta, x)
    for row, (a, b, c, d, g) in enumerate(theta[:, 0]):
        b, d = (onp.exp(3 * onp.tanh(p / 3)) for p in (b, d))
        c = 0.95 * STEEPEST * b / d * onp.tanh(c)
        y = x[row, 0] - a  # (y - b z)(1 + (d z + g)^2) = c
        square = onp.array([d * d, 2 * d * g, 1 + g * g])
        cubic = onp.polymul([b, -y], square)
        cubic[-1] += c
        found = onp.roots(cubic)
        real = found[abs(found.imag).argmin()].real
        assert z[row, 0] == pytest.approx(real, rel=1e-6, abs=1e-6)


# --- mixtures of sigmoids ---


def test_the_mixture_cdf_is_that_of_scipys_logistic():
    h = nf.LogisticMixtureCDF(3, max_log_scale=1e6)
    theta, z = wild(h, 40, 1)
    w, m, l, a, t = (theta[:, 0, :3], theta[:, 0, 3:6], theta[:, 0, 6:9], theta[:, 0, 9], theta[:, 0, 10])
    pi = onp.exp(w) / onp.exp(w).sum(axis=1, keepdims=True)
    places = onp.array([-1.0, 0.0, 1.0])
    scale = onp.sqrt(1 - 3 * places.var() / onp.pi**2) * onp.exp(l)
    logistic = stats.logistic(loc=m + places, scale=scale)
    F, survival, p = ((pi * f(z)).sum(axis=1) for f in (logistic.cdf, logistic.sf, logistic.pdf))
    x, log_d = h.forward(theta, z)
    close(x[:, 0], onp.exp(a) * onp.log(F / survival) + t, 1e-9)  # (c tanh(a / c) rounds like c, which is 1e6 here)
    close(log_d[:, 0], a + onp.log(p / F / survival), 1e-9)


def test_a_mixture_cdf_has_three_parameters_a_component_and_two_of_its_own():
    assert nf.LogisticMixtureCDF().n_params == 26  # 8 components, those of the docstring
    assert [nf.LogisticMixtureCDF(K).n_params for K in (1, 2, 3)] == [5, 8, 11]
    one, two = nf.LogisticMixtureCDF(1), nf.LogisticMixtureCDF(2)
    assert (one.identity_at_zero, two.identity_at_zero) == (True, False)
    z = onp.linspace(-3, 3, 13)[:, None]
    close(one.forward(onp.zeros((1, 5)), z)[0], z, 1e-13)


def test_at_theta_zero_the_mixture_is_as_wide_as_one_logistic():
    for K in (2, 5, 8):
        places = onp.linspace(-1, 1, K)
        scale = onp.sqrt(1 - 3 * places.var() / onp.pi**2)
        assert scale**2 * onp.pi**2 / 3 + places.var() == pytest.approx(onp.pi**2 / 3)
        z = onp.linspace(-4, 4, 21)[:, None]
        expected = logit(stats.logistic(places, scale).cdf(z).mean(axis=1))
        close(nf.LogisticMixtureCDF(K).forward(onp.zeros((1, 3 * K + 2)), z)[0][:, 0], expected, 1e-12)
        close(nf.DeepSigmoid(K).forward(onp.zeros((1, 3 * K)), z)[0][:, 0], expected, 1e-12)


def test_each_direction_calls_its_number_by_its_name():
    theta, one = onp.zeros((1, 3)), onp.ones((1, 1))
    for layer in (nf.DeepSigmoid(1), nf.LinearSpline(3)):
        for forward, inverse in ((layer.forward, layer.inverse), (layer.forward_vjp, layer.inverse_vjp)):
            close(forward(theta=theta, z=one)[0], one, 1e-12)
            close(inverse(theta=theta, x=one)[0], one, 1e-12)


def test_a_deep_sigmoid_of_two_units_on_paper():
    """Weights 1/4 and 3/4, slopes 2 and 1, at 0 and 0: F(1) = sigmoid(2)/4 + 3 sigmoid(1)/4."""
    h = nf.DeepSigmoid(2, max_log_scale=1e6)
    log_slope = 0.5 * onp.log(1 / (1 - 3 / onp.pi**2))
    a = onp.log([2.0, 1.0]) - log_slope
    b = onp.exp(log_slope) * onp.array([-1.0, 1.0])
    theta = onp.concatenate([a, b, onp.log([1.0, 3.0])])[None]
    F = 0.25 * expit(2.0) + 0.75 * expit(1.0)
    slope = 0.25 * 2 * expit(2.0) * expit(-2.0) + 0.75 * expit(1.0) * expit(-1.0)
    x, log_d = h.forward(theta, onp.array([[1.0]]))
    close(x, [[onp.log(F / (1 - F))]], 1e-9)
    close(log_d, [[onp.log(slope / (F * (1 - F)))]], 1e-9)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_far_out_a_mixture_of_sigmoids_is_exact_where_the_naive_logit_is_infinite(dtype):
    s = onp.array([[[40.0, -90.0, 700.0]], [[41.0, -91.0, 1400.0]]], dtype=dtype)
    log_w = onp.log(onp.array([0.5, 0.5])).astype(dtype).reshape(2, 1, 1)
    x, log_d = sigmoid_mixture(s, log_w, onp.zeros_like(log_w))
    assert x.dtype == onp.dtype(dtype)
    mean = onp.log((1 + onp.exp(-1.0)) / 2)  # of e^0 and e^-1
    close(x, [[40 - mean, -90 + mean, 700 + onp.log(2)]], 1e-6 if dtype == "float32" else 1e-14)
    close(log_d, onp.zeros((1, 3)), 1e-5 if dtype == "float32" else 1e-12)


def test_one_dense_layer_is_a_deep_sigmoid_and_two_are_their_composition_by_hand():
    dense, single = nf.DeepDenseSigmoid((5,)), nf.DeepSigmoid(5)
    assert dense.n_params == single.n_params
    theta, z = wild(single, 20)
    for a, b in zip(dense.forward(theta, z), single.forward(theta, z), strict=True):
        close(a, b, 1e-13)
    two = nf.DeepDenseSigmoid((2, 3), max_log_scale=1e6)
    theta = rng().normal(size=two.n_params)
    assert two.n_params == (2 + 2 + 2 * 2) + (3 + 3 + 3 * 2 + 3)
    by_hand = dense_by_hand(theta, 0.7)
    close(two.forward(theta[None], onp.array([[0.7]]))[0], [[by_hand]], 1e-9)


def dense_by_hand(theta, z):
    """Equation (1) of the module, with the probabilities themselves, for widths (2, 3)."""
    a_0 = (1 - 3 / onp.pi**2) ** -0.5
    a, b, w, theta = theta[:2], theta[2:4], theta[4:8].reshape(2, 2), theta[8:]
    w = onp.exp(w - [[0, 4], [4, 0]])
    s = a_0 * onp.exp(a) * z + b + a_0 * onp.array([1.0, -1.0])
    h = logit(w / w.sum(axis=1, keepdims=True) @ expit(s))
    a, b, u, w = theta[:3], theta[3:6], theta[6:12].reshape(3, 2), onp.exp(theta[12:])
    u = onp.exp(u - [[0, 4], [1, 1], [4, 0]])
    s = onp.exp(a) * (u / u.sum(axis=1, keepdims=True) @ h) + b
    return logit(w / w.sum() @ expit(s))


# --- UMNN ---


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 16, 33])
def test_clenshaw_curtis_is_exact_for_polynomials_up_to_degree_n_and_not_beyond(n):
    points, weights = quadrature.clenshaw_curtis(n)
    assert (weights > 0).all()
    for degree in range(n + 1):
        assert (weights * points**degree).sum() == pytest.approx(1 / (degree + 1), abs=1e-14)
    beyond = n + 2 if n % 2 == 0 else n + 1  # an even n gives one degree more, by symmetry
    if n <= 8:
        assert abs((weights * points**beyond).sum() - 1 / (beyond + 1)) > 1e-8


def test_the_integral_of_an_exponential_and_its_derivatives():
    """integral_0^z e^(a t) dt = (e^(a z) - 1) / a, and dz and da of it, twice."""
    f = lambda a, t: np.exp(a * t)  # noqa: E731
    a, z = onp.array([[0.7], [-1.2]]), onp.array([[0.3, -2.0, 4.0], [1.0, 0.0, -3.0]])
    close(quadrature.integral(f, a, z, 32), onp.expm1(a * z) / a, 1e-14)

    def total(a, z):
        return np.sum(np.sin(quadrature.integral(f, a, z, 32)))

    def exact(a, z):
        return np.sum(np.sin(np.expm1(a * z) / a))

    for i in (0, 1):
        close(autograd.grad(total, i)(a, z), autograd.grad(exact, i)(a, z), 1e-12)
        first = lambda fun, i=i: lambda *args: np.sum(np.square(autograd.grad(fun, i)(*args)))  # noqa: E731
        for j in (0, 1):
            close(autograd.grad(first(total), j)(a, z), autograd.grad(first(exact), j)(a, z), 1e-8)


def test_umnn_is_the_integral_of_its_network():
    h = nf.UMNN(4)
    theta, z = wild(h, 10, 1, 1.5, seed=4)
    x, log_d = h.forward(theta, z)
    for row in range(10):
        m, s, w, c, b = onp.split(theta[row, 0], [4, 8, 12, 13])
        m = m + [-3.0, -1.0, 1.0, 3.0]
        s, w = 4.0 ** onp.tanh(s / onp.log(4)), 2 * onp.tanh(w / 2)
        c = onp.log(onp.expm1(0.99)) + 3 * onp.tanh(c / 3)

        def f(t, s=s, m=m, w=w, c=c):
            t = onp.clip(t, -5, 5)  # (the tails are lines)
            return onp.logaddexp(0, c + w @ onp.tanh(s * (t - m))).item() + 0.01

        points = [p for p in (-5.0, 5.0) if abs(z[row, 0]) > 5] or None
        value, _ = integrate.quad(f, 0, z[row, 0], epsabs=1e-12, epsrel=1e-12, limit=200, points=points)
        assert x[row, 0] == pytest.approx(b.item() + value, abs=1e-9)
        assert log_d[row, 0] == pytest.approx(onp.log(f(z[row, 0])), abs=1e-12)


@pytest.mark.parametrize(("scale", "allowed"), [(1.0, 1e-8), (3.0, 2e-6), (30.0, 2e-6)])
def test_the_slope_of_the_quadrature_is_the_log_derivative_to_two_in_a_million(scale, allowed):
    """What (1) says of the derivative, and what is computed, differ by the error of the quadrature: it is bounded."""
    h = nf.UMNN()
    theta, _ = wild(h, 200, 1, scale)
    z = onp.linspace(-4.9, 4.9, 21)
    for at in z:
        at = onp.full((200, 1), at)
        numeric = slope(lambda t, at=at: h.forward(theta, at + t)[0], 2e-4)
        assert abs(onp.log(numeric) - h.forward(theta, at)[1]).max() < allowed


def test_too_few_points_are_seen_by_the_numeric_jacobian():
    h = nf.UMNN(points=6)
    theta, z = wild(h, 50, 1)
    numeric = slope(lambda t: h.forward(theta, z + t)[0])
    assert abs(onp.log(onp.abs(numeric)) - h.forward(theta, z)[1]).max() > 1e-2


# --- what it is for ---


def test_one_deep_sigmoid_bends_a_normal_into_three_modes():
    """Three narrow Gaussians, fitted by maximum likelihood: the gap to the truth, and three maxima."""
    centres, width = onp.array([-2.0, 0.0, 2.0]), 0.3
    x = (rng().choice(centres, 4000) + width * rng(1).normal(size=4000))[:, None]
    flow = nf.Flow(nf.StandardNormal(1), nf.Elementwise(nf.Inverse(nf.DeepSigmoid(8, max_log_scale=4.0)), 1))
    result = nf.fit(flow, x, rng=rng(), steps=600, batch_size=1000, optimizer=nf.adam(0.1), progress=False)
    new = (rng(2).choice(centres, 4000) + width * rng(3).normal(size=4000))[:, None]
    truth = onp.log(stats.norm(centres, width).pdf(new).mean(axis=1))
    assert (truth - flow.log_prob(result.params, new)).mean() < 0.03
    line = onp.linspace(-4, 4, 801)[:, None]
    p = flow.log_prob(result.params, line)
    maxima = line[1:-1, 0][(p[1:-1] > p[:-2]) & (p[1:-1] > p[2:])]
    assert len(maxima) == 3
    assert abs(maxima - centres).max() < 0.2
