"""Numerical integration: orders, scipy as the oracle, gradients, and fields that cannot be solved."""

import numpy as onp
import pytest
from comparing import close
from scipy.integrate import solve_ivp
from strict import StrictArray

import nfscratch as nf
from nfscratch import ode
from nfscratch.autodiff import value_and_vjp
from nfscratch.flows.chunks import in_chunks
from nfscratch.ode.tableau import CLASSIC, DORMAND_PRINCE, step

A = onp.array([[0.3, 1.0], [-1.2, 0.1]])
FINE = ode.Dopri5(1e-11, 1e-11)


def field(t, y):
    """Not linear, and different at every t; for arrays of any kind and dtype."""
    turned = onp.stack([0.3 * y[0] + y[1], -1.2 * y[0] + 0.1 * y[1]])
    return onp.tanh(turned) + onp.sin(3.0 * t) + 0.0 * y


def points(n=4):
    return onp.random.default_rng(0).normal(size=(2, n))


def by_scipy(f, y, t0, t1):
    ends = [
        solve_ivp(lambda t, u: f(t, u[:, None])[:, 0], (t0, t1), start, "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
        for start in y.T
    ]
    return onp.stack(ends, axis=1)


# --- orders ---


def logistic(t, y):
    return 6.0 * y * (1.0 - y)


def rotation(t, y):
    return 6.0 * onp.stack([y[1], -y[0]])


SOLVED = {  # field, start, and the solution at t = 1
    "logistic": (logistic, [[0.02]], [[1.0 / (1.0 + 49.0 * onp.exp(-6.0))]]),
    "rotation": (rotation, [[1.0], [0.0]], [[onp.cos(6.0)], [-onp.sin(6.0)]]),
}


def error_of(tableau, problem, n):
    """The error at t = 1 after n equal steps."""
    f, y, end = (a if callable(a) else onp.array(a) for a in SOLVED[problem])
    for k in range(n):
        y = step(tableau, lambda t, y: (f(t, y), None), k / n, y, 1.0 / n).after
    return onp.abs(y - end).max()


@pytest.mark.parametrize("problem", SOLVED)
@pytest.mark.parametrize(("tableau", "order"), [(CLASSIC, 4), (DORMAND_PRINCE, 5)], ids=["RK4", "Dopri5"])
def test_half_the_step_divides_the_error_by_two_to_the_order(tableau, order, problem):
    errors = onp.array([error_of(tableau, problem, n) for n in (16, 32, 64)])
    assert onp.abs(onp.log2(errors[:-1] / errors[1:]) - order).max() < 0.2


@pytest.mark.parametrize("tableau", [CLASSIC, DORMAND_PRINCE], ids=["RK4", "Dopri5"])
def test_the_tables_are_consistent(tableau):
    """Rows of a sum to c; b integrates 1, t, t^2 and t^3 exactly; the second formula's weights sum to 1, too."""
    c, b = onp.array(tableau.c), onp.array(tableau.b)
    assert all(abs(sum(row) - c_i) < 1e-15 for row, c_i in zip(tableau.a, tableau.c, strict=True))
    assert all(abs(b @ c**k - 1 / (k + 1)) < 1e-15 for k in range(4))
    assert abs(sum(tableau.error)) < 1e-16


def test_rk4_is_simpson_s_rule_for_a_field_of_t_alone():
    y = ode.RK4(1).solve(lambda t, y: t**3 + 0 * y, onp.zeros((1, 1)), 0.0, 2.0).y
    assert y[0, 0] == pytest.approx(4.0, abs=1e-14)  # exact for a cubic


# --- the oracle ---


@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-10])
@pytest.mark.parametrize("span", [(0.0, 1.0), (1.0, -0.5)], ids=["forwards", "backwards"])
def test_dopri5_meets_its_tolerance(span, tolerance):
    error = onp.abs(ode.Dopri5(tolerance, tolerance).solve(field, points(), *span).y - by_scipy(field, points(), *span))
    assert error.max() < 10 * tolerance


def test_dopri5_takes_about_as_many_evaluations_as_scipy():
    y = points(1)
    theirs = solve_ivp(lambda t, u: field(t, u[:, None])[:, 0], (0.0, 1.0), y[:, 0], "RK45", rtol=1e-8, atol=1e-8).nfev
    assert 0.8 < ode.Dopri5(1e-8, 1e-8).solve(field, y, 0.0, 1.0).evaluations / theirs < 1.2


def test_evaluations_are_counted():
    calls = []

    def counted(t, y):
        calls.append(t)
        return field(t, y)

    for solver in (ode.RK4(5), ode.Dopri5(1e-6, 1e-6)):
        calls.clear()
        assert solver.solve(counted, points(), 0.0, 1.0).evaluations == len(calls)
    assert ode.RK4(5).solve(field, points(), 0.0, 1.0).evaluations == 20


def test_the_first_step_and_the_steps_that_are_refused_are_those_that_the_error_asks_for():
    """A field with a sudden bend: some steps are refused there, and the solution is still right."""

    def bend(t, y):
        return onp.tanh(200.0 * (t - 0.5)) * (1.0 + 0.1 * y)

    solution = ode.Dopri5(1e-8, 1e-8).solve(bend, points(), 0.0, 1.0)
    assert onp.abs(solution.y - by_scipy(bend, points(), 0.0, 1.0)).max() < 1e-6
    assert solution.evaluations > 6 * solution.steps  # some tries came to nothing


def tries_of(solver, f, y):
    """t and h of every step that Dopri5 tries from 0 to 1, from the times at which it calls f for one system."""
    called = []

    def recorded(t, y):
        called.append(float(t[0]))
        return f(t, y)

    solver.solve(recorded, y, 0.0, 1.0)
    second, *_, last = onp.array(called[2:]).reshape(-1, 6).T  # at t + h/5, and at t + h
    return second - (last - second) / 4, (last - second) / 0.8


def test_every_step_is_chosen_from_the_error_of_the_one_before_it():
    """(2) and (3), worked out here; y grows a hundredfold within few steps, and a kick makes it refuse some."""
    rtol, atol = 1e-4, 1e-9

    def f(t, y):
        return 8.0 * y + 20.0 * onp.exp(-((100.0 * (t - 0.5)) ** 2))

    y, grow, refused = onp.array([[1e-3], [2e-3]]), 10.0, 0
    times, sizes = tries_of(ode.Dopri5(rtol, atol), f, y)
    for t, h, following in zip(times, sizes, sizes[1:], strict=False):
        tried = step(DORMAND_PRINCE, lambda t, y: (f(t, y), None), t, y, h)
        scale = atol + rtol * onp.maximum(onp.abs(y), onp.abs(tried.after))
        error = onp.sqrt(onp.mean(onp.square(tried.error() / scale)))
        wanted = h * min(grow, max(0.2, 0.9 * error**-0.2))
        y, grow = (tried.after, 10.0) if error <= 1 else (y, 1.0)
        refused += error > 1
        assert following == pytest.approx(min(wanted, 1.0 - t - h * (error <= 1)), rel=1e-6)
    assert refused > 2


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_system_s_result_does_not_depend_on_the_systems_beside_it(n):
    y = points(5) * onp.array([1.0, 3.0, 0.1, 10.0, 0.0])
    together = FINE.solve(field, y, 0.0, 1.0).y
    close(FINE.solve(field, y[:, :n], 0.0, 1.0).y, together[:, :n], 1e-13)


def test_nothing_moves_where_time_does_not():
    for solver in (ode.RK4(3), ode.Dopri5()):
        assert (solver.solve(field, points(), 0.4, 0.4).y == points()).all()


@pytest.mark.parametrize("solver", [ode.RK4(6), ode.Dopri5(1e-9, 1e-9), ode.Dopri5()], ids=["RK4", "fine", "default"])
def test_float32_stays_float32_and_a_device_array_gives_the_same_numbers(solver):
    y = points().astype("float32")
    here = solver.solve(field, y, 0.0, 1.0)
    there = solver.solve(field, StrictArray(y), 0.0, 1.0)
    assert here.y.dtype == there.y.dtype == onp.float32 and type(there.y) is StrictArray
    assert (there.y.get() == here.y).all() and there.evaluations == here.evaluations
    assert onp.abs(here.y - by_scipy(field, points(), 0.0, 1.0)).max() < 2e-4


def test_a_trajectory_is_the_solution_at_all_times():
    times = onp.linspace(0.0, 1.0, 4)
    path = ode.trajectory(FINE, field, points(), times)
    assert path.shape == (4, 2, 4)
    close(path[2], FINE.solve(field, points(), 0.0, times[2]).y, 1e-10)


# --- gradients ---


def with_parameters(theta):
    """dy/dt = tanh(theta y + t), its pullback by hand, and the same for autograd."""

    def f_vjp(t, y):
        k = onp.tanh(theta @ y + t)

        def pullback(g):
            inner = g * (1 - k * k)
            return theta.T @ inner, inner @ y.T

        return k, pullback

    return lambda t, y: f_vjp(t, y)[0], f_vjp


def by_autograd(solver, theta, y, g):
    import autograd.numpy as np

    def end(theta, y):
        return solver.solve(lambda t, y: np.tanh(np.dot(theta, y) + t), y, 0.0, 1.0).y

    value, pullback = value_and_vjp(end, theta, y)
    return value, *pullback(g)


@pytest.mark.parametrize("solver", [ode.RK4(3), ode.Dopri5(1e-3, 1e-3), FINE], ids=["RK4", "coarse", "fine"])
def test_the_gradient_through_the_steps_is_that_of_autograd_through_the_same_steps(solver):
    y, g = 3.0 * points(), onp.random.default_rng(1).normal(size=(2, 4))
    solution, pullback = ode.through_steps(solver, *with_parameters(4.0 * A), y, 0.0, 1.0)
    g_y, (g_theta,) = pullback(g)
    value, traced_theta, traced_y = by_autograd(solver, 4.0 * A, y, g)
    close(solution.y, value, 1e-14)
    close(g_y, traced_y, 1e-12)
    close(g_theta, traced_theta, 1e-12)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-10])
def test_the_adjoint_gradient_and_the_discrete_one_differ_by_the_tolerance(tolerance):
    solver, g = ode.Dopri5(tolerance, tolerance), onp.random.default_rng(1).normal(size=(2, 4))
    f, f_vjp = with_parameters(2.0 * A)
    solution, pullback = ode.through_steps(solver, f, f_vjp, points(), 0.0, 1.0)
    g_y, (g_theta,) = pullback(g)
    a_y, (a_theta,), back = ode.adjoint(solver, f_vjp, solution.y, g, 0.0, 1.0)
    close(a_y, g_y, 30 * tolerance)
    close(a_theta, g_theta, 30 * tolerance)
    assert back.evaluations > 0


def test_a_small_cotangent_gets_an_adjoint_gradient_of_the_same_relative_accuracy():
    """The mean over many rows has small cotangents: an absolute tolerance must not swallow them."""
    solver, g = ode.Dopri5(1e-6, 1e-6), onp.random.default_rng(1).normal(size=(2, 4))
    y, f_vjp = points(), with_parameters(A)[1]
    large, small = (ode.adjoint(solver, f_vjp, y, scale * g, 0.0, 1.0) for scale in (1.0, 1e-8))
    close(1e8 * small[0], large[0], 1e-12)
    close(1e8 * small[1][0], large[1][0], 1e-12)


# --- fields that cannot be solved ---


def stiff(t, y):
    return -1e7 * (y - onp.cos(t))


def test_a_stiff_field_is_given_up_and_the_error_says_what_was_used_and_where():
    with pytest.raises(ode.IntegrationError, match=r"used 500 evaluations.* stands at t = .*max_evaluations") as caught:
        ode.Dopri5(max_evaluations=500).solve(stiff, points(), 0.0, 1.0)
    assert caught.value.evaluations == 500 and 0.0 < caught.value.t < 0.1
    with pytest.raises(ode.IntegrationError) as caught:
        ode.Dopri5(max_evaluations=500).solve(lambda t, y: -stiff(t, y), points(), 1.0, 0.0)
    assert 0.9 < caught.value.t < 1.0


def test_the_error_names_the_time_of_the_system_that_is_the_furthest_behind():
    """One system of four is stiff, and the others have arrived."""
    rate = onp.array([1.0, 1.0, 1e8, 1.0])
    for t0, t1, sign in ((0.0, 1.0, -1.0), (1.0, 0.0, 1.0)):
        with pytest.raises(ode.IntegrationError) as caught:
            ode.Dopri5(max_evaluations=400).solve(
                lambda t, y, sign=sign: sign * rate * (y - onp.cos(t)), points(), t0, t1
            )
        assert abs(caught.value.t - t0) < 0.01


def broken_after(when):
    return lambda t, y: onp.where(t > when, onp.nan, 1.0) * y


def test_nan_from_the_field_is_named_with_t_and_row():
    with pytest.raises(ode.IntegrationError, match=r"NaN or infinity at t = 0\.625 in rows 0, 1, 2, 3, after 10 eval"):
        ode.RK4(4).solve(broken_after(0.6), points(), 0.0, 1.0)
    with pytest.raises(ode.IntegrationError, match=r"NaN or infinite just ahead") as caught:
        ode.Dopri5().solve(broken_after(0.6), points(), 0.0, 1.0)
    assert 0.59 < caught.value.t <= 0.6
    with pytest.raises(ode.IntegrationError, match=r"NaN or infinite at the start; the solver stands at t = 0"):
        ode.Dopri5().solve(broken_after(-1.0), points(), 0.0, 1.0)


@pytest.mark.parametrize("when", [-1.0, 0.6], ids=["at the start", "on the way"])
def test_nan_gets_no_advice_that_is_meant_for_a_stiff_field(when):
    with pytest.raises(ode.IntegrationError, match=r"NaN or infinite") as caught:
        ode.Dopri5().solve(broken_after(when), points(), 0.0, 1.0)
    assert "stiff" not in str(caught.value) and "raise max_evaluations" not in str(caught.value)


def test_a_solution_that_grows_beyond_all_numbers_is_named():
    with pytest.raises(ode.IntegrationError, match=r"must be finite; NaN or infinity at t = 0\.04") as caught:
        with onp.errstate(all="ignore"):
            ode.RK4(50).solve(lambda t, y: 1e4 * y * y, 1.0 + onp.abs(points()), 0.0, 1.0)
    assert caught.value.t < 0.5


@pytest.mark.parametrize("solver", [ode.RK4(4), ode.Dopri5()], ids=["RK4", "Dopri5"])
def test_a_field_that_changes_shape_or_dtype_is_refused(solver):
    with pytest.raises(ValueError, match=r"like the state, float64 \(2, 4\); got float64 \(1, 4\) at t = 0"):
        solver.solve(lambda t, y: y[:1], points(), 0.0, 1.0)
    with pytest.raises(ValueError, match=r"like the state, float32 \(2, 4\); got float64 \(2, 4\)"):
        solver.solve(lambda t, y: A @ y, points().astype("float32"), 0.0, 1.0)
    with pytest.raises(ValueError, match=r"y must have shape \(S, N\)"):
        solver.solve(field, onp.zeros(3), 0.0, 1.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ode.RK4(0), "steps must be an integer of at least 1; got 0"),
        (lambda: ode.Dopri5(rtol=0.0), "rtol must be positive and finite; got 0.0"),
        (lambda: ode.Dopri5(atol=-1.0), "atol must be positive"),
        (lambda: ode.Dopri5(max_evaluations=0), "max_evaluations must be an integer of at least 1"),
        (lambda: ode.EulerMaruyama(2.5), "steps must be an integer of at least 1; got 2.5"),
    ],
)
def test_a_solver_refuses_what_it_cannot_use(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# --- noise ---


def ornstein_uhlenbeck(steps, n=40_000, rng=0):
    """dy = -y dt + sqrt(2) dW from y = 3: mean 3 e^-t, variance 1 - e^-2t."""
    start = onp.full((1, n), 3.0)
    solver = ode.EulerMaruyama(steps)
    return solver.solve(lambda t, y: -y, lambda t, y: 2.0**0.5, start, 0.0, 1.0, onp.random.default_rng(rng)).y


def test_euler_maruyama_has_the_moments_of_an_ornstein_uhlenbeck_process():
    y, n = ornstein_uhlenbeck(200), 40_000
    mean, variance = 3.0 * onp.exp(-1.0), 1.0 - onp.exp(-2.0)
    assert abs(y.mean() - mean) < 4 * (variance / n) ** 0.5 + 3.0 / 200
    assert abs(y.var() - variance) < 4 * variance * (2.0 / n) ** 0.5 + 1.0 / 200


def test_its_paths_converge_with_the_order_one_half():
    """Geometric Brownian motion dy = y dW has the solution e^(W - t/2); the coarse path sees the same W."""
    rng, errors = onp.random.default_rng(0), []
    increments = rng.normal(size=(4096, 1, 500)) / 4096**0.5
    exact = onp.exp(increments.sum(axis=0) - 0.5)

    def path_of(steps):
        given = Given(increments.reshape(steps, -1, 1, 500).sum(axis=1) * steps**0.5)  # in units of sqrt(h)
        return ode.EulerMaruyama(steps).solve(lambda t, y: 0 * y, lambda t, y: y, onp.ones((1, 500)), 0.0, 1.0, given).y

    for steps in (64, 256, 1024):
        errors.append(onp.abs(path_of(steps) - exact).mean())
    assert onp.abs(onp.log2(onp.array(errors[:-1]) / errors[1:]) - 1.0).max() < 0.3  # 4 times the steps: half the error


class Given(onp.random.Generator):
    """A generator whose normal draws are given, one after the other."""

    def __init__(self, draws):
        super().__init__(onp.random.PCG64(0))
        self.draws = iter(draws)

    def normal(self, size=None):
        return next(self.draws)


def test_without_noise_time_may_run_backwards():
    """dy = -y dt from 1 to 0: e y, up to the first order in h."""
    solver, rng = ode.EulerMaruyama(1000), onp.random.default_rng(0)
    y = solver.solve(lambda t, y: -y, lambda t, y: 0.0, points(), 1.0, 0.0, rng).y
    close(y, onp.e * points(), 2e-3)


def test_backwards_too_a_seed_means_the_same_on_every_dtype_and_device():
    def back(y, rng=3):
        solver = ode.EulerMaruyama(10)
        return solver.solve(lambda t, y: y, lambda t, y: 0.5, y, 1.0, 0.0, onp.random.default_rng(rng)).y

    y = back(points())
    close(y, back(points()), 0.0)
    close(back(points().astype("float32")), y, 1e-6)
    close(back(StrictArray(points())), y, 0.0)


def test_noise_that_blows_up_is_named():
    with pytest.raises(ode.IntegrationError, match=r"NaN or infinite in step 2; the solver stands at t = 0\.25"):
        ode.EulerMaruyama(4).solve(
            lambda t, y: onp.where(t > 0.2, onp.inf, 0.0) + y,
            lambda t, y: 1.0,
            points(),
            0.0,
            1.0,
            onp.random.default_rng(0),
        )
    with pytest.raises(TypeError, match="rng must be a"):
        ode.EulerMaruyama(4).solve(field, field, points(), 0.0, 1.0, 0)


# --- which systems failed ---


def test_an_error_says_which_systems_failed_where_each_has_its_own_time():
    y = onp.array([[0.5, 4.0, 0.1, 4.0]])  # dy = y^2 is infinite at t = 1 / y

    def rows(f, y, **options):
        with pytest.raises(ode.IntegrationError) as error:
            ode.Dopri5(**options).solve(f, y, 0.0, 1.0)
        return error.value

    assert rows(lambda t, y: y * y, y, max_evaluations=100_000).rows == [1, 3]  # the step has fallen to nothing
    stiff = onp.array([1.0, 1e6, 1.0, 1e6])
    slow = rows(lambda t, y: -stiff * y, y, max_evaluations=200)
    assert slow.rows == [1, 3] and "the most that it may" in str(slow)
    assert rows(lambda t, y: onp.where(y > 3.0, onp.nan, y), y).rows == [1, 3]  # at the start
    later = slow.from_row(100)
    assert later.rows == [101, 103] and (later.t, later.evaluations, str(later)) == (slow.t, 200, str(slow))
    assert ode.IntegrationError("together", 0.0, 1).from_row(7).rows is None


def test_rows_beyond_the_first_chunk_are_those_of_the_batch(monkeypatch):
    monkeypatch.setattr("nfscratch.flows.chunks.ROWS", 3)
    errors = {1: nf.InversionError("no root", 0, [1]), 4: ode.IntegrationError("it stopped", 0.0, 1, [2])}
    for first, error in errors.items():

        def failing(x, context, first=first, error=error):
            if x[0, 0] == 3 * (first // 3):
                raise error
            return x

        with pytest.raises(type(error)) as caught:
            in_chunks(failing, onp.arange(6.0)[:, None])
        assert caught.value.rows == [row + 3 * (first // 3) for row in error.rows]
