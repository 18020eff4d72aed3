"""Searches and blocks of products, step by step: how far a bracket goes, when a search stops, what it says."""

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.ops import fixed_point, roots, spectral
from nfscratch.ops.activations import ACTIVATIONS
from nfscratch.ops.masked import Staircase, _cuts
from nfscratch.ops.products import DENSE, Product

EPS = 2.0**-52


# --- roots of increasing functions ---


def test_a_bracket_grows_by_four_until_it_holds_the_root():
    x, low, high = onp.array([10.0, -10.0, 0.5, 0.0, 1.0]), onp.zeros(5), onp.ones(5)
    found = roots._bracket(lambda z: z, x, low, high)
    close(found, [[0.0, -21.0, 0.0, 0.0, 0.0], [22.0, 1.0, 1.0, 1.0, 1.0]], 1e-12)
    found = roots._bracket(lambda z: z - 3.0, onp.array([1e9 - 3.0]), onp.array([1e9]), onp.array([1e9]))
    assert found == (1e9, 1e9)
    found = roots._bracket(lambda z: z, onp.array([1e9 + 2e-6]), onp.array([1e9]), onp.array([1e9]))
    close(found[1] - 1e9, [8 * EPS * 1e9 * (1 + 4)], 0.1)  # where it is of width 0, by the rounding of its ends


def test_a_root_that_no_bracket_holds_is_told_by_its_entry():
    for x, entry, residual in (
        (onp.array([0.0, 3.0, -5.0]), 2, "8.0e-01"),
        (onp.array([0.0, 9.0, -1.5]), 1, "8.9e-01"),
    ):
        with pytest.raises(nf.InversionError, match=f"does not reach x.*of {residual} at x = .*, entry {entry}; 2 of"):
            roots.monotone_root(lambda z: (onp.tanh(z), 1.0 - onp.tanh(z) ** 2), x)
    with pytest.raises(nf.InversionError, match="of nan at x = nan, entry 1; 1 of the entries fail") as caught:
        roots.monotone_root(lambda z: (z, onp.ones_like(z)), onp.array([0.0, onp.nan]))
    assert caught.value.entry == 1


def test_the_worst_entry_is_named_relative_to_its_size():
    residual, x, bad = onp.array([1.0, 4.0, 9.0, 50.0]), onp.array([0.0, 2.0, 3.0, 100.0]), onp.array([1, 1, 0, 1]) > 0
    error = roots._error("it stopped at", residual, x, bad)
    assert str(error) == "it stopped at a relative residual of 2.0e+00 at x = 2, entry 1; 3 of the entries fail"
    error = roots._error("it stopped at", residual, x, bad, onp.array([5, 6, 7, 8]))
    assert error.entry == 6 and "entry 6; 3 of" in str(error) and error.rows == [5, 6, 8]
    error = roots._error("it stopped at", residual - onp.array([0, 0, 0, onp.inf]), x, onp.arange(4) == 3)
    assert error.entry == 3 and error.rows == [3], "beside infinity nothing is said of it"
    two_rows = [a.reshape(2, 2) for a in (residual, x, bad)]
    assert roots._error("it stopped at", *two_rows).rows == [0, 1]


def test_a_search_takes_no_more_steps_than_it_is_allowed():
    def cube(z, theta):
        calls.append(len(z))
        return z**3 + theta[0] * z, 3.0 * z**2 + theta[0]

    x, theta = onp.array([2.0, 1e6, -30.0, 0.0]), onp.ones((1, 4))
    calls = []
    z = roots.monotone_root(cube, x, theta=theta)
    close(z**3 + z, x, 1e-12)
    needed = len(calls)
    assert calls[-1] < 4 and needed < 60  # those that are done are not asked again
    with pytest.raises(nf.InversionError, match=r"the search for z stopped at .*, entry 1; 3 of"):
        roots.monotone_root(cube, x, theta=theta, max_iterations=5)
    loose = []
    roots.monotone_root(lambda z: loose.append(1) or (z**3 + z, 3.0 * z**2 + 1.0), x, tolerance=0.1)
    strict = []
    roots.monotone_root(lambda z: strict.append(1) or (z**3 + z, 3.0 * z**2 + 1.0), x)
    assert len(loose) < len(strict)


def test_a_jump_is_told_and_a_kink_is_not():
    jump = lambda z: (z + (z > 0.3), onp.ones_like(z))  # noqa: E731
    with pytest.raises(nf.InversionError, match=r"the map jumps over x: the search for z stopped at .*, entry 1; 1 of"):
        roots.monotone_root(jump, onp.array([0.1, 0.8, 2.0]))
    kink = lambda z: (onp.where(z > 0.3, 0.3 + 1e9 * (z - 0.3), z), onp.where(z > 0.3, 1e9, 1.0))  # noqa: E731
    close(roots.monotone_root(kink, onp.array([0.1, 0.3, 5e8])), [0.1, 0.3, 0.8], 1e-8)


def test_a_search_stops_where_eight_roundings_of_x_are_missing():
    for missing, more in ((8, 0), (9, 1)):
        asked = []
        roots.monotone_root(lambda z: asked.append(1) or (z + missing * EPS, onp.ones(1)), onp.ones(1))  # noqa: B023
        assert len(asked) == 2 + 1 + more  # the ends of the bracket, its middle, and one step of Newton


# --- fixed points ---


def halved(z, where):
    return 0.5 * z


def test_a_contraction_by_a_half_halves_its_residual_with_each_step():
    x = onp.array([[1.0, 0.5]])
    found = fixed_point.solve_fixed_point(halved, x, "fixed point", 2.0**-10)
    assert (found.calls, found.residual) == (10, 2.0**-10)
    close(found.z, x / 1.5, 2e-3)
    for most in (10, 9):
        if most == 10:
            fixed_point.solve_fixed_point(halved, x, "fixed point", 2.0**-10, 10)
            continue
        words = "the search for z stopped after 9 steps, at a relative residual of 2.0e-03 in row 0"
        with pytest.raises(nf.InversionError, match=words):
            fixed_point.solve_fixed_point(halved, x, "fixed point", 2.0**-10, most)
    nothing = fixed_point.solve_fixed_point(halved, x[:, :0])
    assert (nothing.z.shape, nothing.residual, nothing.calls) == ((1, 0), 0.0, 0)


@pytest.mark.parametrize(("start", "wanted"), [((0, 0, 1, 1), {2}), ((0, 1, 1, 1), {4}), ((0, 0, 1), {1})])
def test_columns_that_are_done_are_left_out_as_soon_as_they_are_half_of_all(start, wanted):
    widths = []
    found = fixed_point.solve_fixed_point(
        lambda z, where: widths.append(z.shape[1]) or 0.5 * z, onp.array([start], float), "fixed point", 2.0**-10
    )
    assert widths[0] == len(start) and set(widths[1:]) == wanted
    close(found.z, onp.array([start]) / 1.5, 2e-3)


def test_acceleration_is_a_secant_in_one_dimension():
    found = fixed_point.solve_fixed_point(halved, onp.array([[1.0, -4.0, 1e3]]))
    close(found.z, onp.array([[1.0, -4.0, 1e3]]) / 1.5, 1e-15)
    assert found.calls <= 4
    search = fixed_point._Search(halved, onp.ones((3, 2)), 2)
    for calls in range(1, 6):
        search.look(calls)
        search.step()
        assert len(search.dG) == len(search.dR) == min(calls - 1, 2)


def test_rounding_ends_a_search_that_gets_no_better_after_thirty_steps():
    x = onp.array([[1.0]])
    stuck = lambda r: lambda z, where: (x - z) + r  # noqa: E731
    found = fixed_point.solve_fixed_point(stuck(2.0**-47), x, "fixed point")
    assert (found.calls, found.residual) == (31, 2.0**-47)  # 32 roundings
    with pytest.raises(nf.InversionError, match="stopped after 50 steps"):
        fixed_point.solve_fixed_point(stuck(2.0**-45), x, "fixed point", max_calls=50)


def test_a_row_that_becomes_nan_is_named():
    def bad(z, where):
        return onp.where(onp.arange(3) == 1, onp.nan, 0.5 * z)

    with pytest.raises(
        nf.InversionError, match="met NaN or infinity, at a relative residual of nan in row 1"
    ) as caught:
        fixed_point.solve_fixed_point(bad, onp.ones((4, 3)))
    assert caught.value.entry == 4
    slow = lambda z, where: z * onp.array([0.1, 0.9])[slice(None) if where is None else where]  # noqa: E731
    with pytest.raises(nf.InversionError, match=r"stopped after 40 steps, .* in row 1") as caught:
        fixed_point.solve_fixed_point(slow, onp.ones((4, 2)), "fixed point", max_calls=40)
    assert caught.value.entry == 4


# --- the largest singular value ---


def test_one_step_of_the_power_iteration_by_hand():
    W, v = onp.diag([3.0, 1.0]), onp.array([1.0, 1.0]) / 2**0.5
    u, v, sigma = spectral.power_iteration(DENSE, W, onp.zeros(2), v, 0.0, most=1)
    close(u, onp.array([3.0, 1.0]) / 10**0.5, 1e-15)
    close(v, onp.array([9.0, 1.0]) / 82**0.5, 1e-15)
    close(sigma, (27.0 * 3.0 + 1.0) / (10 * 82) ** 0.5, 1e-15)
    close(spectral.power_iteration(DENSE, W, u, v, 1e-9)[2], 3.0, 1e-15)
    steps = []
    counting = Product(lambda *a: steps.append(1) or DENSE.times(*a), DENSE.back, DENSE.outer)
    assert spectral.power_iteration(counting, W, u, onp.array([1.0, 0.0]), 0.0)[2] == 3.0
    assert len(steps) == 2  # it has arrived at once
    kept = spectral.power_iteration(DENSE, 0.0 * W, u, v, 1e-9)
    assert kept[0] is u and kept[1] is v and kept[2] == 0.0


def test_a_stirred_vector_has_length_1_and_a_tenth_of_noise():
    v = onp.zeros(1000)
    v[0] = 3.0
    stirred = spectral.stirred(v)
    close(spectral.norm(stirred), 1.0, 1e-14)
    close(onp.linalg.norm(stirred[1:]) / stirred[0], 0.1, 0.01)
    assert (stirred == spectral.stirred(v)).all() and spectral.stirred(v[:0]).size == 0


def test_a_weight_is_divided_only_above_its_bound():
    W, e = onp.diag([2.0, 1.0]), onp.array([1.0, 0.0])
    for c, divisor in ((4.0, 1.0), (2.0, 1.0), (0.5, 4.0)):
        value, pullback = spectral.bounded_vjp(DENSE, W, e, e, c)
        close(value, W / divisor, 1e-15)
        close(spectral.bounded(DENSE, W, e, e, c), W / divisor, 1e-15)
        g = onp.array([[1.0, 2.0], [3.0, 4.0]])
        close(pullback(g), g / divisor - (divisor > 1.0) * (6.0 / 8.0) * onp.outer(e, e), 1e-15)


# --- blocks of masked products ---


@pytest.mark.parametrize(
    ("shape", "n", "pieces", "of_gradient"),
    [
        ((256, 256), 1, 4, 1),  # blocks of 64 rows pay for any batch
        ((100, 100), 1, 1, 1),
        ((100, 100), 0, 1, 1),
        ((127, 200), 64, 1, 7),
        ((128, 200), 64, 2, 7),
        ((100, 100), 100, 2, 4),  # of 40 rows for a hundred columns
        ((100, 100), 1000, 4, 4),  # never of fewer than 16
        ((31, 100), 10_000, 1, 1),
        ((32, 100), 10_000, 2, 2),
        ((100, 64), 256, 4, 7),  # 16 rows in a small product
        ((100, 64), 512, 4, 13),  # 8 rows
        ((100, 64), 513, 4, 4),  # 7 are too few
    ],
)
def test_how_many_blocks_a_masked_product_has(shape, n, pieces, of_gradient):
    stairs = Staircase(onp.linspace(1, shape[1], shape[0]).astype(int), shape[1])
    assert (stairs._pieces(n), stairs._rows_of_gradient(n)) == (pieces, of_gradient)
    assert [len(blocks) for blocks in stairs._cuts_for(n)] == [pieces, of_gradient, pieces]


def test_the_cuts_of_rows_and_columns():
    assert _cuts(10, 4) == [(0, 2), (2, 5), (5, 7), (7, 10)] and _cuts(2, 4) == [(0, 1), (1, 2)]
    stairs = Staircase([0, 1, 1, 3], 4)
    assert stairs._cut_rows(2) == [(slice(0, 2), 1), (slice(2, 4), 3)]
    assert stairs._cut_columns(2) == [(slice(0, 2), 1), (slice(2, 4), 3)]
    assert stairs.mask.host.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]]
    assert (stairs.hidden.host == (stairs.mask.host == 0)).all() and stairs.hidden.host.dtype == bool
    for n in range(64):
        stairs.row_blocks(n)
    assert len(stairs._cuts) == 64
    stairs.row_blocks(64)
    assert len(stairs._cuts) == 1
    with pytest.raises(ValueError, match=r"reach must not decrease.*got \[2, 1\]"):
        Staircase([2, 1], 3)


# --- the table of activations ---


def test_the_constants_of_the_activations():
    rows = {name: (act.of_value, act.variance, act.lipschitz) for name, act in ACTIVATIONS.items()}
    assert rows == {
        **{"relu": (True, 2.0, 1.0), "tanh": (True, 1.0, 1.0), "elu": (True, 1.5, 1.0)},
        **{"gelu": (False, 2.0, 1.129), "silu": (False, 2.0, 1.09984)},
        "lipswish": (False, 2.0 * 1.1**2, 1.09984 / 1.1),
    }
    a = onp.linspace(-3.0, 4.0, 20001)[None]
    for name, act in ACTIVATIONS.items():
        h, slope, second = act.jet(a)
        assert 0.999 * act.lipschitz < abs(slope).max() <= act.lipschitz, name
        if name != "relu":
            close(onp.gradient(h[0], a[0])[1:-1], (1.0 * slope[0])[1:-1], 1e-3)
        if name not in ("relu", "elu"):
            close(onp.gradient(slope[0], a[0])[1:-1], second[0, 1:-1], 1e-3)
    close(ACTIVATIONS["elu"].jet(onp.array([-1.0, 0.0, 2.0]))[2], [onp.exp(-1.0), 0.0, 0.0], 1e-15)
    assert ACTIVATIONS["relu"].jet(onp.array([-1.0, 0.0, 2.0]))[1].tolist() == [False, False, True]
