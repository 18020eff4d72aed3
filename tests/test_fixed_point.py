"""z + F(z) = x by iteration: it arrives, it says how near, and it says when it does not arrive."""

import numpy as onp
import pytest
from comparing import close
from strict import StrictArray

import nfscratch as nf
from nfscratch import backend
from nfscratch.autodiff import register_array_type
from nfscratch.ops.fixed_point import METHODS, solve_fixed_point

register_array_type(StrictArray)
methods = pytest.mark.parametrize("method", METHODS)


def linear(L, D=4, n=6):
    """F(z) = A z + b with |A| = L, x, and the solution."""
    rng = onp.random.default_rng(0)
    A = rng.normal(size=(D, D))
    A *= L / onp.linalg.norm(A, 2)
    b, z = rng.normal(size=(D, 1)), rng.normal(size=(D, n))
    return (lambda z, where: A @ z + b), z + A @ z + b, z


@methods
@pytest.mark.parametrize("L", [0.1, 0.5, 0.9, 0.97])
def test_it_arrives_and_the_error_is_the_residual_over_one_minus_L(method, L):
    F, x, z = linear(L)
    solution = solve_fixed_point(F, x, method)
    scale = onp.abs(x).max()
    assert solution.residual <= 64 * 2.3e-16
    close(solution.z, z, 64 * 2.3e-16 * scale / (1 - L))


def test_the_calls_of_the_fixed_point_iteration_are_those_of_the_formula_and_anderson_needs_fewer():
    """L z at x = 1: the residual starts at L, and every step shrinks it by L exactly."""
    x = onp.ones((1, 1))
    for L in (0.5, 0.9, 0.97):
        calls = solve_fixed_point(lambda z, where, L=L: L * z, x, "fixed point", 1e-10).calls
        assert abs(calls - onp.log(1e-10) / onp.log(L)) <= 2
        F, many, _ = linear(L)
        slow, fast = (solve_fixed_point(F, many, method, 1e-12).calls for method in ("fixed point", "anderson"))
        assert fast < slow


@methods
def test_columns_that_are_done_drop_out_and_where_says_which_are_left(method):
    L, seen = onp.array([0.0, 0.0, 0.0, 0.9]), []

    def F(z, where):
        rows = onp.arange(4) if where is None else where
        seen.append(len(rows))
        return L[rows] * onp.sin(z)

    x = onp.ones((2, 4))
    z = solve_fixed_point(F, x, method).z
    close(z + L * onp.sin(z), x, 1e-14)
    assert seen[0] == 4 and seen[-1] == 1


@methods
def test_a_map_that_is_no_contraction_raises_with_the_residual_and_the_row(method):
    def F(z, where):
        rows = onp.arange(3) if where is None else where
        return onp.where(rows == 1, 40.0 * onp.sin(3.0 * z) + 50.0 * onp.tanh(9.0 * z), 0.0)

    with pytest.raises(nf.InversionError, match=r"stopped after 50 steps, at a relative residual of .* in row 1") as e:
        solve_fixed_point(F, onp.full((2, 3), 0.7), method, max_calls=50)
    assert e.value.entry == 2


@methods
@pytest.mark.parametrize("bad", [onp.nan, onp.inf])
def test_numbers_that_are_not_finite_are_named(method, bad):
    def F(z, where):
        return onp.where(onp.arange(3) == 2, bad, 0.5 * z)

    with pytest.raises(nf.InversionError, match=r"met NaN or infinity, at a relative residual of (nan|inf) in row 2"):
        solve_fixed_point(F, onp.ones((2, 3)), method)


def test_anderson_goes_back_to_a_step_that_cannot_fail():
    """A steep contraction with kinks, on which differences of old values mislead."""

    def F(z, where):
        return 0.99 * onp.abs(z - onp.round(z))

    x = onp.random.default_rng(0).normal(size=(3, 50))
    z = solve_fixed_point(F, x, "anderson").z
    close(z + F(z, None), x, 1e-13)


@methods
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_strict_arrays_and_dtypes(method, dtype):
    F, x, z = linear(0.8)
    x = x.astype(dtype)
    A = backend.asarray(F(onp.eye(4), None) - F(onp.zeros((4, 4)), None), dtype=dtype)
    b = F(onp.zeros((4, 1)), None).astype(dtype)
    here = solve_fixed_point(lambda z, where: A @ z + b, x, method)
    A_there, b_there = StrictArray(A), StrictArray(b)
    there = solve_fixed_point(lambda z, where: A_there @ z + b_there, StrictArray(x), method)
    assert here.z.dtype == there.z.dtype == dtype and type(there.z) is StrictArray
    close(there.z, here.z, 1e-6 if dtype == "float32" else 1e-13)
    close(here.z, z, 1e-5 if dtype == "float32" else 1e-13)


def test_no_columns_need_no_calls():
    assert solve_fixed_point(None, onp.zeros((3, 0))).calls == 0


@methods
def test_a_small_entry_beside_a_huge_one_is_solved_too_whatever_stands_beside(method):
    """In the largest norm, x itself is a solution: the step from it moves the small entry."""

    def F(z, where):
        return onp.stack([0.5 * onp.tanh(z[1]), 0.5 * onp.tanh(z[0])])

    x = onp.array([[0.5, 3.0, 0.5], [1e20, -2.0, 1e20]])
    together, alone = (solve_fixed_point(F, a, method).z for a in (x, x[:, :1]))
    close(alone[0], [0.0], 1e-15)
    assert (together[:, :1] == alone).all() and (together[:, 2:] == alone).all()
