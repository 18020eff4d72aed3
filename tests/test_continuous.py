"""Continuous flows: exact solutions, log-dets to the tolerance, Hutchinson's trace, gradients, and what it may cost."""

from dataclasses import dataclass, replace
from itertools import product
from typing import ClassVar

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from scipy.linalg import expm
from share import few

import nfscratch as nf
from nfscratch import check, trees
from nfscratch.autodiff import pullbacks
from nfscratch.bijections import continuous
from nfscratch.flows.evaluations import evaluations
from nfscratch.nets.velocity import time_per_row

FINE = nf.ode.Dopri5(1e-10, 1e-10)
TANH = nf.Field(nf.MLP((8,), "tanh"), frequencies=1)


def rng(seed=0):
    return onp.random.default_rng(seed)


def wild(bijection, scale=1.0, n=6):
    """Parameters far from the identity, and points."""
    return check.random_params(bijection, rng(1), scale), rng(2).normal(size=(n, *bijection.in_shape))


def linear(A, **options):
    """f(z, t) = A z, as a field without hidden layers; and its parameters."""
    dim = len(A)
    layer = nf.Continuous(nf.Field(nf.MLP(()), frequencies=0), dim, **options)
    return layer, [{"W": onp.concatenate((A, onp.zeros((dim, 1))), axis=1), "b": onp.zeros(dim)}]


# --- values ---


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_a_linear_field_gives_the_matrix_exponential_and_its_trace(dim):
    A = rng().normal(size=(dim, dim))
    layer, params = linear(A, solver=FINE)
    z = rng(1).normal(size=(4, dim))
    x, log_det = layer.forward(params, z)
    close(x, z @ expm(A).T, 1e-9)
    close(log_det, onp.full(4, onp.trace(A)), 1e-9)
    back, log_det_back = layer.inverse(params, x)
    close(back, z, 1e-9)
    close(log_det_back, onp.full(4, -onp.trace(A)), 1e-9)


@pytest.mark.parametrize("dim", [1, 2, 5, 6])
@pytest.mark.parametrize("tolerance", [1e-6, 1e-10])
def test_log_dets_of_both_directions_are_those_of_the_numeric_jacobian(dim, tolerance):
    """The map is solved to the tolerance. The Jacobian is that of many equal steps, by finite differences."""
    layer = nf.Continuous(TANH, dim, nf.ode.Dopri5(tolerance, tolerance))
    params, z = wild(layer)
    fine, x = replace(layer, solver=nf.ode.RK4(40)), layer.forward(params, z)[0]
    for direction, a in (("forward", z), ("inverse", x)):
        J = numeric_jacobian(getattr(fine, direction), params, a)
        log_det = getattr(layer, direction)(params, a)[1]
        assert onp.abs(log_det).max() > 0.1
        close(log_det, onp.linalg.slogdet(J)[1], 20 * tolerance + 1e-6)


def numeric_jacobian(direction, params, a, h=1e-3):
    """By central differences of fourth order, all points in one solve: (N, D, D)."""
    n, dim = a.shape
    along = h * onp.eye(dim)[:, None]
    points = onp.concatenate([a + c * along for c in (1, -1, 2, -2)]).reshape(-1, dim)
    p1, m1, p2, m2 = direction(params, points)[0].reshape(4, dim, n, dim)
    return onp.moveaxis((8 * (p1 - m1) - (p2 - m2)) / (12 * h), 0, 2)


def test_a_fresh_layer_is_the_identity_and_takes_few_evaluations():
    layer = nf.Continuous(TANH, 3)
    params, z = layer.init(rng()), rng(1).normal(size=(5, 3))
    x, log_det = layer.forward(params, z)
    assert (x == z).all() and not log_det.any()
    assert (
        layer.solve(params, z).evaluations < 40
    )  # of values alone: five steps, and twelve where a gradient is asked for


@pytest.mark.parametrize("gradient", ["discrete", "adjoint"])
def test_the_gradient_of_a_fresh_layer_is_that_of_many_equal_steps(gradient):
    """The field is 0: an error of the state would allow one step from 0 to 1, past all that the field sees of time."""
    layer = nf.Continuous(TANH, 2, FINE, gradient=gradient)
    params, z = layer.init(rng()), rng(1).normal(size=(3, 2))
    cotangents = rng(2).normal(size=(3, 2)), rng(3).normal(size=3)
    for direction in ("forward_vjp", "inverse_vjp"):
        *_, back = getattr(layer, direction)(params, z)
        *_, expected = getattr(replace(layer, solver=nf.ode.RK4(100), gradient="discrete"), direction)(params, z)
        close_trees(back(*cotangents)[0], expected(*cotangents)[0], 1e-6)


@pytest.mark.parametrize("size", few([0.0, 1e-12, 1e-8, 1e-4], [0.0, 1e-12, 1e-4]))
def test_a_weak_field_has_the_same_values_with_a_gradient_and_without(size):
    """Values alone take longer steps. Traced, the layer takes the steps of the gradient, and has that of the kernel."""
    layer = nf.Continuous(TANH, 2, FINE)
    params = trees.map_leaves(lambda a: size * a, wild(layer)[0])
    z, cotangents = rng(1).normal(size=(3, 2)), (rng(2).normal(size=(3, 2)), rng(3).normal(size=3))
    x, log_det, back = layer.forward_vjp(params, z)
    for value, alone in zip((x, log_det), layer.forward(params, z), strict=True):
        close(value, alone, 10 * FINE.accuracy)
    *_, traced = nf.Bijection.forward_vjp(layer, params, z)
    close_trees(back(*cotangents)[0], traced(*cotangents)[0], 1e-9)


def test_the_density_integrates_to_one():
    flow = nf.flows.ffjord(2, hidden=(8,), solver=nf.ode.RK4(10))
    params = check.random_params(flow, rng(1), 1.0)
    axis = onp.linspace(-9.0, 9.0, 91)
    grid = onp.stack(onp.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    mass = onp.exp(flow.log_prob(params, grid)).sum() * (axis[1] - axis[0]) ** 2
    assert abs(mass - 1.0) < 1e-3


@dataclass(frozen=True, eq=False)
class Swirl(nf.Velocity):
    """A caller's own velocity: `apply` alone, and autograd does the rest."""

    def init(self, rng, dim, context_dim=0):
        return {"rate": onp.ones(dim)}

    def apply(self, params, z, t, context=None):
        return 0.5 * np.sin(params["rate"] * z[:, ::-1]) * (1.0 + time_per_row(t, z))[:, None]


FIELDS = {
    "a velocity of the caller's own": Swirl(),
    "a network": nf.MLP((4,), "elu"),
    "a network whose derivatives are traced": nf.Field(nf.Heads((nf.MLP((3,), "tanh"), nf.MLP((4,), "tanh")))),
}


@pytest.mark.parametrize("name", FIELDS)
def test_any_velocity_or_network_may_be_the_field(name):
    field = FIELDS[name]
    layer = nf.Continuous(field, 2, nf.ode.RK4(12))
    params, z = wild(layer, 0.5)
    _, log_det, pullback = layer.forward_vjp(params, z)
    J = numeric_jacobian(layer.forward, params, z)
    close(log_det, onp.linalg.slogdet(J)[1], 1e-4)
    loss = autograd.grad(lambda p: np.sum(layer.forward(p, z)[1]))(params)
    close_trees(pullback(onp.zeros_like(z), onp.ones(len(z)))[0], loss, 1e-11)


# --- Hutchinson's trace ---


def test_the_estimate_is_right_on_average_and_one_draw_serves_a_whole_solve():
    A = rng().normal(size=(4, 4))
    layer, params = linear(A, solver=nf.ode.RK4(8), trace="hutchinson")
    z = rng(1).normal(size=(4000, 4))
    estimates = layer.forward(params, z, rng=rng(2))[1]
    error = estimates.std() / len(z) ** 0.5
    assert abs(estimates.mean() - onp.trace(A)) < 3 * error
    spread = onp.square(A + A.T)[onp.triu_indices(4, 1)].sum() ** 0.5  # v.A v varies by its off-diagonal alone
    assert abs(estimates.std() / spread - 1.0) < 0.05
    assert layer.solve(params, z, rng=rng(2)).evaluations == layer.solve(params, z).evaluations


@pytest.mark.parametrize("probes", [1, 4, 16])
def test_probes_are_averaged_and_not_summed(probes):
    """A linear field of known trace: four times the probes leave the mean, and halve the spread."""
    A = rng().normal(size=(3, 3))
    layer, params = linear(A, solver=nf.ode.RK4(4), trace="hutchinson", probes=probes)
    estimates = layer.forward(params, rng(1).normal(size=(4000, 3)), rng=rng(2))[1]
    spread = onp.square(A + A.T)[onp.triu_indices(3, 1)].sum() ** 0.5 / probes**0.5
    assert abs(estimates.mean() - onp.trace(A)) < 4 * spread / 4000**0.5
    assert abs(estimates.std() / spread - 1.0) < 0.06


def test_without_an_rng_the_trace_is_exact_and_every_road_makes_the_same_draws():
    layer = nf.Continuous(TANH, 3, nf.ode.RK4(4), trace="hutchinson")
    params, z = wild(layer)
    close(layer.forward(params, z)[1], replace(layer, trace="exact").forward(params, z)[1], 1e-14)
    value, kernel = layer.forward(params, z, rng=rng(3)), layer.forward_vjp(params, z, rng=rng(3))
    close(kernel[1], value[1], 1e-14)
    assert onp.abs(value[1] - layer.forward(params, z)[1]).max() > 1e-3
    traced = autograd.grad(lambda p: np.sum(layer.forward(p, z, rng=rng(3))[1]))(params)
    close_trees(kernel[2](onp.zeros_like(z), onp.ones(len(z)))[0], traced, 1e-12)


class Fresh(nf.Continuous):
    """The mistake: signs drawn afresh at every call of the right side."""

    def _right_sides(self, params, a, context, rng):
        raise NotImplementedError

    def solve(self, params, a, context=None, rng=None, direction="inverse"):
        def f(t, y):
            v, weight = self._tangents(a, rng)
            return self._right_side(params, v, weight, context)(t, y)

        start = onp.concatenate((a.T, onp.zeros((1, len(a)))))
        return self.solver.solve(f, start, 1.0, 0.0)


def test_fresh_noise_at_every_call_makes_the_evaluations_explode():
    """The count is the check: the estimate itself is unbiased, and no other check sees the mistake."""
    solver = nf.ode.Dopri5(1e-5, 1e-5, max_evaluations=1500)
    right = nf.Continuous(TANH, 2, solver, trace="hutchinson")
    params, x = wild(right)
    used = right.solve(params, x, rng=rng(3)).evaluations
    assert used < 100
    with pytest.raises(nf.ode.IntegrationError, match="used 1500 evaluations"):
        Fresh(TANH, 2, solver, trace="hutchinson").solve(params, x, rng=rng(3))


class Watched(Swirl):
    """It keeps the shape of the tangents of each call."""

    seen: ClassVar = []

    def jvp(self, params, z, t, v, context=None):
        self.seen.append(v.shape)
        return super().jvp(params, z, t, v, context)


@pytest.mark.parametrize("solver", [nf.ode.RK4(4), nf.ode.Dopri5()], ids=["RK4", "Dopri5"])
def test_an_exact_trace_of_many_rows_is_taken_a_few_rows_at_a_time(solver, monkeypatch):
    layer = nf.Continuous(Watched(), 3, solver, trace="hutchinson")
    params, z = wild(layer, n=10)
    whole = layer.solve(params, z)
    monkeypatch.setattr(continuous, "AT_ONCE", 4 * 3 * continuous.USUAL_WIDTH)
    Watched.seen.clear()
    pieces = layer.solve(params, z)
    assert set(Watched.seen) == {(3, 4, 3), (3, 2, 3)}
    close(pieces.y, whole.y, 1e-14)
    assert pieces.evaluations == whole.evaluations


def test_the_pieces_have_their_own_rows_of_the_context(monkeypatch):
    layer = nf.Continuous(TANH, 3, nf.ode.Dopri5(), context_dim=2)
    params, z, context = layer_with_context(layer)
    whole = layer.forward(params, z, context)
    traced = autograd.grad(lambda p: np.sum(layer.forward(p, z, context)[1]))
    gradient = traced(params)
    monkeypatch.setattr(continuous, "AT_ONCE", 4 * 3 * continuous.USUAL_WIDTH)
    for a, b in zip(layer.forward(params, z, context), whole, strict=True):
        close(a, b, 1e-13)
    close_trees(traced(params), gradient, 1e-12)


def layer_with_context(layer):
    z, context = rng(2).normal(size=(10, 3)), rng(3).normal(size=(10, 2))
    return check.random_params(layer, rng(1), 1.0, context), z, context


# --- gradients ---


def gradient(flow, params, x, seed=None):
    random = None if seed is None else rng(seed)
    return nf.objectives.nll_value_and_grad(flow, params, x, rng=random)


@pytest.mark.parametrize(
    ("trace", "tolerance"), few(product(["exact", "hutchinson"], [1e-7, 1e-9]), [("exact", 1e-7), ("hutchinson", 1e-9)])
)
def test_discrete_and_adjoint_gradients_agree_to_the_tolerance(tolerance, trace):
    def of(kind):
        return nf.flows.ffjord(2, hidden=(8,), solver=nf.ode.Dopri5(tolerance, tolerance), gradient=kind, trace=trace)

    params, x = check.random_params(of("discrete"), rng(1), 1.0), 2.0 * rng(2).normal(size=(9, 2))
    value, discrete = gradient(of("discrete"), params, x, seed=5)
    again, adjoint = gradient(of("adjoint"), params, x, seed=5)
    assert value == again
    largest = max(onp.abs(leaf).max() for leaf in trees.leaves(discrete))
    for a, b in zip(trees.leaves(adjoint), trees.leaves(discrete), strict=True):
        assert onp.abs(a - b).max() < 100 * tolerance * max(1.0, largest)


def test_the_gradient_of_the_flow_is_that_of_finite_differences():
    flow = nf.flows.ffjord(3, hidden=(6,), context_dim=2, solver=nf.ode.RK4(6), embed=nf.MLP((4,), "tanh"))
    x, y = rng(1).normal(size=(5, 3)), rng(2).normal(size=(5, 2))
    params = check.random_params(flow, rng(3), 0.5, y, x)
    grad = autograd.grad(lambda p: np.mean(flow.log_prob(p, x, y)))(params)
    step = trees.map_leaves(lambda leaf: rng(4).normal(size=leaf.shape), params, fixed=onp.zeros_like)

    def moved(h):
        there = trees.add(params, trees.map_leaves(lambda leaf: h * leaf, step))
        return float(onp.mean(flow.log_prob(there, x, y)))

    slope = (8 * (moved(1e-4) - moved(-1e-4)) - (moved(2e-4) - moved(-2e-4))) / 12e-4
    inner = sum((g * s).sum() for g, s in zip(trees.leaves(grad), trees.leaves(step), strict=True))
    assert abs(slope - inner) < 1e-7 * max(1.0, abs(inner))


@pytest.mark.parametrize("kind", ["discrete", "adjoint"])
def test_no_tape_runs_in_a_training_step(kind, monkeypatch):
    flow = nf.flows.ffjord(2, hidden=(8, 8), gradient=kind)
    params, x = check.random_params(flow, rng(1), 1.0), rng(2).normal(size=(9, 2))

    def refuse(*_):
        raise AssertionError("autograd records this step")

    monkeypatch.setattr(pullbacks, "new_box", refuse)
    monkeypatch.setattr(autograd.tracer, "new_box", refuse)
    assert onp.isfinite(gradient(flow, params, x)[0])


def test_float32_stays_float32():
    flow = nf.flows.ffjord(2, hidden=(8,))
    params = trees.cast(check.random_params(flow, rng(1), 1.0), "float32")
    x = rng(2).normal(size=(9, 2)).astype("float32")
    assert flow.log_prob(params, x).dtype == onp.float32
    assert {leaf.dtype.name for leaf in trees.leaves(gradient(flow, params, x)[1])} == {"float32"}


# --- evaluations, and what cannot be solved ---


def test_the_evaluations_of_a_flow_are_those_of_its_solve_and_grow_with_its_field():
    flow = nf.flows.ffjord(2, hidden=(8,), solver=nf.ode.Dopri5(1e-6, 1e-6))
    x = rng(2).normal(size=(9, 2))
    fresh, params = flow.init(rng(), x), check.random_params(flow, rng(1), 2.0, x=x)
    assert evaluations(flow, fresh, x) < evaluations(flow, params, x)
    fixed = nf.flows.ffjord(2, hidden=(8,), solver=nf.ode.RK4(7))
    assert evaluations(fixed, params, x) == 28
    assert evaluations(nf.flows.real_nvp(2, layers=2), nf.flows.real_nvp(2, layers=2).init(rng()), x) == 0


def test_parameters_do_not_depend_on_the_solver():
    coarse, fine = (nf.flows.ffjord(2, hidden=(8,), solver=s) for s in (nf.ode.RK4(30), FINE))
    params, x = check.random_params(fine, rng(1), 1.0), rng(2).normal(size=(9, 2))
    close(coarse.log_prob(params, x), fine.log_prob(params, x), 1e-5)


def test_nan_in_the_parameters_and_a_stiff_field_are_named_with_t():
    flow = nf.flows.ffjord(2, hidden=(8,), solver=nf.ode.Dopri5(1e-5, 1e-5, max_evaluations=300))
    params, x = check.random_params(flow, rng(1), 1.0), rng(2).normal(size=(9, 2))
    stiff = trees.map_leaves(lambda leaf: 100.0 * leaf, params, fixed=lambda leaf: leaf)
    with pytest.raises(nf.ode.IntegrationError, match=r"used 300 evaluations of the field.* stands at t = "):
        flow.log_prob(stiff, x)
    with pytest.raises(nf.ode.IntegrationError, match=r"NaN or infinite at the start; the solver stands at t = 1"):
        flow.bijection.layers[1].inverse(trees.map_leaves(lambda leaf: leaf * onp.nan, params["bijection"][1]), x)


WRONG = {  # what a velocity may return by mistake for z (4, 3), and its shape
    "one number for each row": (lambda f: f[:, :1], r"\(4, 1\)"),
    "twice as many columns": (lambda f: np.concatenate((f, f), axis=1), r"\(4, 6\)"),
    "one velocity for all rows": (lambda f: f[0], r"\(3,\)"),
    "fewer rows": (lambda f: f[:2], r"\(2, 3\)"),
    "one number": (np.sum, r"\(\)"),
}


@dataclass(frozen=True, eq=False)
class Misshapen(Swirl):
    """A velocity of a wrong shape, and with it by autograd, or by a jvp of its own, which lets anything through."""

    wrong: str = "fewer rows"

    def apply(self, params, z, t, context=None):
        return WRONG[self.wrong][0](super().apply(params, z, t))


@dataclass(frozen=True, eq=False)
class MisshapenByHand(Misshapen):
    def jvp(self, params, z, t, v, context=None):
        return self.apply(params, z, t), 0.0 * v

    def jvp_vjp(self, params, z, t, v, context=None):
        return *self.jvp(params, z, t, v), None


@pytest.mark.parametrize("kind", [Misshapen, MisshapenByHand])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_velocity_of_another_shape_is_refused_in_the_shapes_of_the_user(wrong, kind):
    layer = nf.Continuous(kind(wrong), 3)
    params, z = wild(layer, n=4)
    words = r"must return one velocity for each row, shape \(4, 3\) of z; got " + WRONG[wrong][1]
    for direction in (layer.forward, layer.inverse, layer.forward_vjp, layer.inverse_vjp):
        with pytest.raises(ValueError, match=words):
            direction(params, z)


class Untangled(Swirl):
    """Its J v has lost the axis of the tangents."""

    def jvp(self, params, z, t, v, context=None):
        return self.apply(params, z, t), v[0]

    def jvp_vjp(self, params, z, t, v, context=None):
        return *self.jvp(params, z, t, v), None


def test_a_product_with_the_jacobian_of_another_shape_is_refused():
    layer = nf.Continuous(Untangled(), 3)
    params, z = wild(layer, n=4)
    for direction in (layer.forward, layer.inverse_vjp):
        with pytest.raises(ValueError, match=r"shape of v \(K, N, D\), \(3, 4, 3\); got \(4, 3\)"):
            direction(params, z)


def test_a_row_so_far_out_that_no_step_is_small_enough_has_density_0():
    flow = nf.flows.ffjord(2, hidden=(8,), activation="silu", solver=nf.ode.Dopri5(max_evaluations=500))
    params = check.random_params(flow, rng(1), 1.0, x=rng(2).normal(size=(9, 2)))
    log_p = flow.log_prob(params, [[1e300, 0.0], [1.0, 1.0]])
    assert log_p[0] == -onp.inf and onp.isfinite(log_p[1])


@pytest.mark.parametrize("context_dim", [0, 3])
def test_of_no_rows_the_gradient_is_zero_for_all_that_it_depends_on(context_dim):
    layer = nf.Continuous(nf.MLP((4,), "tanh"), 2, context_dim=context_dim)
    params, context = layer.init(rng()), onp.ones((0, context_dim)) if context_dim else None
    x, log_det, pullback = layer.forward_vjp(params, onp.ones((0, 2)), context)
    g_params, g_z, g_context = pullback(x, log_det)
    close_trees(g_params, trees.map_leaves(onp.zeros_like, params), 0.0)
    assert g_z.shape == (0, 2) and (g_context is None if context is None else g_context.shape == (0, 3))


def test_a_jacobian_can_be_differentiated():
    layer = nf.Continuous(nf.MLP((2,), "tanh"), 2, nf.ode.RK4(1))
    params, z = wild(layer, 0.5, n=1)
    total = lambda t: np.sum(np.sin(layer.jacobian(params, t * z)))  # noqa: E731
    close(autograd.grad(total)(1.0), (total(1.0 + 1e-5) - total(1.0 - 1e-5)) / 2e-5, 1e-7)
