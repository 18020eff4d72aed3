"""Reverse KL: the objective and its gradient, and the four targets with the figure by which fits to them are judged."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees

import nfscratch as nf
from nfscratch.targets.energies import ENERGIES, U1, Walled
from nfscratch.training import objectives

every_energy = pytest.mark.parametrize("energy", ENERGIES, ids=lambda energy: energy.name)


def rng(seed=0):
    return onp.random.default_rng(seed)


def grid(n, half=4.0):
    ticks = onp.linspace(-half, half, n)
    weights = onp.full(n, ticks[1] - ticks[0])
    weights[[0, -1]] /= 2
    return onp.stack(onp.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2), onp.outer(weights, weights).ravel()


# --- the targets ---


@every_energy
def test_log_z_is_the_integral_over_the_box(energy):
    for n in (401, 801):
        x, weights = grid(n)
        close(onp.log(onp.exp(energy.log_prob(x)) @ weights), energy.log_z, 2e-5)


def test_u1_has_the_same_integral_on_the_plane():
    x, weights = grid(1201, half=9.0)
    close(onp.log(onp.exp(U1.log_prob(x)) @ weights), U1.log_z, 2e-5)


def test_the_energies_are_those_of_the_table():
    """One point each, by hand: x = (1, 1), where w1 = 1, w2 = 3 and w3 = 1.5."""
    x = onp.array([[1.0, 1.0]])
    ring = 0.5 * ((onp.sqrt(2) - 2) / 0.4) ** 2
    ends = onp.exp(-0.5 * (1 / 0.6) ** 2) + onp.exp(-0.5 * (3 / 0.6) ** 2)
    expected = [
        ring - onp.log(ends),
        0.0,
        -onp.log(1 + onp.exp(-0.5 * (3 / 0.35) ** 2)),
        -onp.log(1 + onp.exp(-0.5 * (1.5 / 0.35) ** 2)),
    ]
    close([-energy.log_prob(x)[0] for energy in ENERGIES], expected, 1e-13)


@every_energy
@pytest.mark.parametrize("wall", [False, True])
def test_the_gradient_by_hand_is_that_of_autograd(energy, wall):
    target = Walled(energy) if wall else energy
    x, g = rng().normal(size=(200, 2)) * 3, rng(1).normal(size=200)
    log_p, pullback = target.log_prob_vjp(x)
    close(log_p, target.log_prob(x), 1e-14)
    close(pullback(g), autograd.grad(lambda x: np.sum(g * target.log_prob(x)))(x), 1e-12)
    single = target.log_prob_vjp(x.astype("float32"))
    assert single[0].dtype == single[1](g.astype("float32")).dtype == "float32"
    assert onp.isfinite(target.log_prob_vjp(onp.zeros((1, 2)))[1](onp.ones(1))).all()


@every_energy
def test_the_wall_changes_nothing_inside_and_is_steep_outside(energy):
    x = rng().uniform(-3.9, 3.9, size=(100, 2))
    close(Walled(energy).log_prob(x), energy.log_prob(x), 0.0)
    outside = onp.array([[4.1, 0.0], [0.0, -4.1]])
    assert (energy.log_prob(outside) - Walled(energy).log_prob(outside) > 15).all()


# --- reverse KL on the box ---


class Uniform:
    """Uniform on [-half, half]^2."""

    def __init__(self, half):
        self.half = half

    def draw(self, n):
        return rng(3).uniform(-self.half, self.half, size=(n, 2)), onp.full(n, -2 * onp.log(2 * self.half))


@every_energy
@pytest.mark.parametrize("half", [3.0, 4.0, 5.0])
def test_the_figure_is_the_divergence_of_the_part_in_the_box(energy, half):
    """q uniform: KL(q(. | box) || p) by quadrature. For half = 5, 36 % lie outside, and log Q(inside) matters."""
    x, log_q = Uniform(half).draw(400_000)
    figure = energy.reverse_kl_on_box(x, log_q)
    inner = min(half, 4.0)
    points, weights = grid(801, inner)
    exact = -2 * onp.log(2 * inner) - (energy.log_prob(points) @ weights) / (2 * inner) ** 2 + energy.log_z
    assert abs(figure.kl - exact) < 4.5 * figure.error
    assert figure.error < 0.05
    assert abs(figure.outside - (1 - (inner / half) ** 2)) < 0.003


def test_its_standard_error_is_that_of_repeated_draws():
    wide = lambda x: -0.5 * (x * x).sum(axis=1) / 9  # noqa: E731
    like_the_target = lambda x: U1.log_prob(x)  # only the share inside is uncertain  # noqa: E731
    for log_q in (wide, like_the_target):
        figures = []
        for seed in range(300):
            x = rng(seed).normal(size=(1000, 2)) * 3
            figures.append(U1.reverse_kl_on_box(x, log_q(x)))
        spread = onp.std([figure.kl for figure in figures])
        close(onp.mean([figure.error for figure in figures]) / spread, 1.0, 0.15)


def test_without_the_mass_inside_it_could_be_negative():
    """The target itself, made wider than the box: a share outside that the term log Q(inside) accounts for."""
    x, weights = grid(801)
    p = onp.exp(U1.log_prob(x)) * weights
    inside = x[rng().choice(len(x), size=90_000, p=p / p.sum())]
    draws = onp.concatenate([inside, onp.full((10_000, 2), 5.0)])
    log_q = onp.concatenate([U1.log_prob(inside) - U1.log_z + onp.log(0.9), onp.zeros(10_000)])
    figure = U1.reverse_kl_on_box(draws, log_q)
    assert figure.outside == pytest.approx(0.1)
    assert abs(figure.kl) < 1e-12
    assert (log_q[:90_000] - U1.log_prob(inside)).mean() + U1.log_z < -0.1


def test_nothing_inside_is_refused():
    with pytest.raises(ValueError, match="needs at least 2 draws inside of it; got 0 of 3"):
        U1.reverse_kl_on_box(onp.full((3, 2), 9.0), onp.zeros(3))


# --- the objective ---


def gaussian_log_prob(x):
    """An unnormalised N(1, 4): log Z = log(2 pi 4)."""
    return -0.5 * np.sum(np.square((x - 1.0) / 2.0), axis=1)


@pytest.mark.parametrize(
    ("x", "log_q", "message"),
    [
        (onp.zeros((5, 2)), onp.zeros((5, 1)), r"must have shapes \(n, 2\) and \(n,\); got \(5, 2\) and \(5, 1\)"),
        (onp.zeros((5, 2)), onp.zeros(1), "must have shapes"),
        (onp.zeros((5, 3)), onp.zeros(5), "must have shapes"),
        (onp.full((5, 2), onp.nan), onp.zeros(5), "x must be finite"),
        (onp.zeros((5, 2)), onp.array([0, 0, onp.nan, 0, 0]), "log_q must be finite; NaN or infinity in row 2"),
    ],
)
def test_draws_that_cannot_be_judged_are_refused(x, log_q, message):
    with pytest.raises(ValueError, match=message):
        U1.reverse_kl_on_box(x, log_q)


def test_a_target_has_one_number_for_each_draw():
    flow = nf.Flow(nf.StandardNormal(2), nf.Planar(2))
    params = flow.init(rng())
    for call in (objectives.reverse_kl, objectives.reverse_kl_value_and_grad):
        for target, shape in ((lambda x: np.sum(x), r"\(\)"), (lambda x: x[:, :1], r"\(50, 1\)")):
            with pytest.raises(
                ValueError, match=rf"one number for each of the n draws, shape \(50,\); got shape {shape}"
            ):
                call(flow, target, params, rng(1), 50)
        for n in (0, -1, 2.5):
            with pytest.raises(ValueError, match="n must be an integer of at least 1"):
                call(flow, gaussian_log_prob, params, rng(1), n)
    with pytest.raises(ValueError, match="one number for each of the n draws"):
        vjp = lambda x: (x[:, :1], lambda g: g * x)  # noqa: E731
        objectives.reverse_kl_value_and_grad(flow, None, params, rng(1), 50, log_target_vjp=vjp)


def test_reverse_kl_is_that_of_two_gaussians():
    """q = N(0, I) and p = N(1, 4 I) in the plane: KL = 2 (log 2 + (1 + 1) / 8 - 1/2), and minus log Z."""
    flow = nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))
    value = objectives.reverse_kl(flow, gaussian_log_prob, flow.init(rng()), rng(1), 400_000)
    exact = 2 * (onp.log(2) + 2 / 8 - 0.5) - onp.log(2 * onp.pi * 4)
    assert abs(value - exact) < 0.01


@pytest.mark.parametrize("make", [nf.flows.planar, nf.flows.radial, nf.flows.sylvester, nf.flows.real_nvp])
def test_the_three_ways_to_its_gradient_agree(make):
    """autograd of the public function, the pullbacks with a traced target, and those with the target's own."""
    flow = make(2, layers=3)
    params = {**flow.init(rng()), "bijection": nf.check.random_params(flow.bijection, rng(1), 0.3)}
    target = Walled(U1)
    value, grads = autograd.value_and_grad(lambda p: objectives.reverse_kl(flow, target.log_prob, p, rng(5), 50))(
        params
    )
    for vjp in (None, target.log_prob_vjp):
        own, own_grads = objectives.reverse_kl_value_and_grad(
            flow, target.log_prob, params, rng(5), 50, log_target_vjp=vjp
        )
        close(own, value, 1e-12)
        close_trees(own_grads, grads, 1e-11)


def test_minimize_finds_a_gaussian():
    """An affine flow can be the target, and the divergence then is -log Z. (What is left is the noise of 64 draws.)"""
    flow = nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))
    result = nf.minimize(
        lambda p, rng: objectives.reverse_kl_value_and_grad(flow, gaussian_log_prob, p, rng, 64),
        flow.init(rng()),
        rng=rng(1),
        steps=1500,
        optimizer=nf.adam(0.03),
        has_grad=True,
        progress=False,
    )
    close(result.params["bijection"]["shift"], [1.0, 1.0], 0.1)
    close(result.params["bijection"]["log_scale"], onp.log([2.0, 2.0]), 0.05)
    value = objectives.reverse_kl(flow, gaussian_log_prob, result.params, rng(2), 10_000)
    assert -1e-3 < value + onp.log(8 * onp.pi) < 0.01


def test_the_amortized_use_one_set_of_parameters_for_each_row():
    """A planar layer whose parameters a network makes: reverse KL's gradient reaches the network."""
    z, y = rng().normal(size=(6, 2)), rng(1).normal(size=(6, 3))

    def loss(weights):
        out = np.matmul(y, weights)
        params = {"w": out[:, :2], "u": out[:, 2:4], "b": out[:, 4:]}
        x, log_det = nf.Planar(2).forward(params, z)
        return np.mean(-log_det - U1.log_prob(x))

    for weights in (onp.zeros((3, 5)), rng(2).normal(size=(3, 5))):
        g = autograd.grad(loss)(weights)
        assert onp.isfinite(g).all()
        step, h = rng(3).normal(size=(3, 5)), 1e-5
        slope = (loss(weights + h * step) - loss(weights - h * step)) / (2 * h)
        assert weights.any() == g.any()  # zero is a saddle
        close((g * step).sum(), slope, 1e-6 if weights.any() else 1e-3)


@pytest.mark.parametrize("base", [nf.StandardNormal(2), nf.DiagonalNormal(2)], ids=lambda base: type(base).__name__)
@pytest.mark.parametrize("per_sample", [False, True])
def test_draws_of_a_base_and_their_pullback_are_those_of_autograd(base, per_sample):
    params = nf.trees.map_leaves(lambda p: rng(1).normal(size=(5, 2) if per_sample else p.shape), base.init(rng()))
    like, g = onp.zeros(0), (rng(2).normal(size=(5, 2)), rng(3).normal(size=5))
    own = base.sample_and_log_prob_vjp(params, rng(4), 5, like)
    traced = nf.distributions.Distribution.sample_and_log_prob_vjp(base, params, rng(4), 5, like)
    close(own[0], traced[0], 1e-14)
    close(own[1], traced[1], 1e-13)
    close_trees(own[2](*g), traced[2](*g), 1e-12)
