"""Passes and straight lines of inverses, and stretches of a spline's error: the bounds of what they tell."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import small_trial

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_elementwise, wrong_passes, wrong_spline
from nfscratch.check.diagnosis.columns import Columns

# --- passes ---


def columns(forward, inverse, dim, z=None, n=12):
    trial = small_trial(forward, inverse, dim=dim, z=z, n=n)
    return Columns(trial, onp.ones(len(trial), dtype=bool))


def two(z):
    return onp.stack([2 * z[:, 0] + 1, z[:, 1] * (2 + onp.sin(z[:, 0])) + z[:, 0]], axis=1)


def one_pass(v, x):
    return onp.stack([(x[:, 0] - 1) / 2, (x[:, 1] - v[:, 0]) / (2 + onp.sin(v[:, 0]))], axis=1)


def test_two_variables_have_passes_and_one_has_none():
    c = columns(two, lambda x: one_pass(0 * x, x), 2)
    assert wrong_passes.passes(c) is Mistake.TOO_FEW_PASSES
    assert wrong_passes.passes(columns(lambda z: 2 * z, lambda x: 0 * x, 1)) is None


def test_what_no_row_shows_that_is_looked_at_is_not_asked():
    """24 rows are looked at; those beyond them may have anything."""
    x = onp.random.default_rng(0).normal(size=(30, 2))
    for start, cut, name in ((0.0, "cut", "cut"), (1.0, "cut", Mistake.ON_ARGUMENTS)):
        for first, alike in ((24, True), (23, False)):
            made = one_pass(start * x, x)
            made[first:] += 5.0
            found = wrong_passes._of_iterate(two, x, made, lambda cut=cut: cut)
            assert found == (name if alike else "cut")


@pytest.mark.parametrize(("gap", "is_one"), [(0.9e-6, False), (1.1e-6, True), (-1.1e-6, True)])
@pytest.mark.parametrize("size", [0.0, 3.0])
def test_an_iterate_misses_what_is_given_by_more_than_a_millionth(size, gap, is_one):
    """f of the first pass is off by `gap` of 1 + |x_2|."""
    f = lambda z: onp.stack([z[:, 0], z[:, 1] + gap * (1 + size) * z[:, 0]], axis=1)  # noqa: E731
    x = onp.array([[1.0, size]])
    assert wrong_passes._is_iterate(f, x, x.copy()) is is_one


@pytest.mark.parametrize("size", [0.0, 3.0])
@pytest.mark.parametrize(("share", "found"), [(0.9, True), (1.1, False), (-1.1, False)])
def test_a_result_that_no_z_gives_reads_nothing(share, found, size, monkeypatch):
    off = lambda back: (back + share * 1e-6 * (1 + onp.abs(back))) / 2  # noqa: E731
    monkeypatch.setattr(wrong_passes, "_pass", lambda f, v, back: off(back))
    c = columns(lambda z: 2 * z, lambda x: x / 2, 2, z=size + onp.arange(8.0).reshape(4, 2))
    assert wrong_passes.reads_result(c) is (Mistake.CHANGED_HALF if found else None)


# --- elementwise maps ---


@pytest.mark.parametrize(("diagonal", "linear", "slopes", "found"), [
    (True, False, True, Mistake.MULTIPLIES), (True, False, False, "affine"), (True, True, True, None),
    (False, False, True, None), (False, True, True, None),
])  # fmt: skip
def test_an_elementwise_map_that_is_bent_is_looked_at(diagonal, linear, slopes, found, monkeypatch):
    monkeypatch.setattr(wrong_elementwise, "_multiplies_slopes", lambda c: slopes)
    monkeypatch.setattr(wrong_elementwise, "_of_affine_part", lambda c: "affine")
    J = onp.eye(2)[None] + (0 if diagonal else 1)
    assert wrong_elementwise.bent(SimpleNamespace(J=J, is_linear=linear)) == found


def of_dtype(f, dtype="float32"):
    """Columns whose functions take numbers of this dtype, and the first row's context alone."""

    def apply(way, at, rows):
        assert way == "forward" and at.dtype == dtype and at.shape == (1, 2, 1) and rows == [7]
        return (f(at),)

    subject = SimpleNamespace(in_shape=(2, 1), dtype=onp.dtype(dtype))
    derivatives = lambda way, at, rows: (apply(way, at, rows) and 3 * onp.ones((1, 2, 2)),)  # noqa: E731
    trial = SimpleNamespace(subject=subject, apply=apply, derivatives=derivatives)
    return SimpleNamespace(trial=trial, rows=[7, 8], z=onp.array([[-1.0, 0.5], [2.0, 1.0]]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_map_at_0_and_its_roots(dtype):
    zero = onp.array([[[0.25], [-0.125]]])
    c = of_dtype(lambda z: onp.sinh(z - zero) * [[[2.0], [-1.0]]], dtype)
    t, d = wrong_elementwise.at_zero(c)
    close(t, [[2 * onp.sinh(-0.25), -onp.sinh(0.125)]], 1e-6)
    close(d, [[3.0, 3.0]], 0.0)
    close(wrong_elementwise._roots(c), [0.25, -0.125], 1e-6)
    for root, inside in ((2.99, True), (3.01, False), (-1.99, True), (-2.01, False)):
        c = of_dtype(lambda z, root=root: z - onp.array([[[root], [0.0]]]), dtype)
        assert (wrong_elementwise._roots(c) is not None) is inside


def straight_pieces(slopes, of_inverse=None, back=None):
    n, m = len(slopes), onp.array(slopes)
    of_inverse = m if of_inverse is None else onp.array(of_inverse)
    trial = SimpleNamespace(numeric_back=[of_inverse[:, None, None]])
    z = onp.ones((n, 1))
    return SimpleNamespace(trial=trial, J=m[:, None, None], rows=onp.arange(n), z=z, back=2 * z)


@pytest.mark.parametrize(("slopes", "of_inverse", "told"), [
    ([2.0] * 6, None, 6), ([2.0] * 5, None, None), ([2.0] * 6 + [1.0011], None, 7), ([2.0] * 6 + [1.0009], None, 6),
    ([2.0] * 6 + [0.9989], None, 7), ([2.0] * 6 + [0.9991], None, 6), ([2.0] * 7, [2.0] * 6 + [onp.nan], 6),
    ([2.0] * 6, [2.0] * 5 + [onp.inf], None), ([2.0] * 6, [2.00029] * 6, 6), ([2.0] * 6, [2.00031] * 6, None),
    ([2.0] * 6, [0.5] * 6, None),
])  # fmt: skip
def test_six_slopes_that_multiply_are_told(slopes, of_inverse, told, monkeypatch):
    """The point that stays: z' - m^2 z over 1 - m^2, and a ten-millionth of the way to z."""
    asked = []
    monkeypatch.setattr(wrong_elementwise, "is_piecewise_linear", lambda trial: True)
    monkeypatch.setattr(wrong_elementwise, "_stays", lambda c, points, told: asked.append((points, told)) or "stays")
    c = straight_pieces(slopes, of_inverse)
    assert wrong_elementwise._multiplies_slopes(c) == ("stays" if told else False)
    assert [int(where.sum()) for _, where in asked] == ([told] if told else [])
    for points, where in asked:
        m = c.J[:, :, 0]
        still = (c.back - m * m) / (1 - m * m)
        close(points, onp.where(where, still + 1e-7 * (1 - still), c.z), 1e-12)


def test_a_root_at_the_end_of_the_range_is_none():
    """The second column is asked from -1/2 on."""
    c = of_dtype(lambda z: z - onp.array([[[0.0], [-0.5]]]))
    assert wrong_elementwise._roots(c) is None


def test_a_row_of_a_million_draws_no_line():
    a = onp.array([[1.0], [2.0], [3.0], [1e6]])
    assert wrong_elementwise._lines(a, onp.where(a == 1e6, 0.0, 2 * a)) is None
    slope, start = wrong_elementwise._lines(a, onp.where(a == 1e6, 2e6 + 5.0, 2 * a))  # near enough to the line
    close([slope[0], start[0]], [2.0, 0.0], 1e-9)


# --- stretches of a spline's error ---


I = onp.arange(31.0)
BEND = onp.abs(I**2 - onp.polyval(onp.polyfit(I, I**2, 1), I)).max()


def parabola(n=72, slope=0.0, start=0.0):
    t = onp.arange(float(n))
    return start + slope * t + t**2


@pytest.mark.parametrize(("values", "made"), [
    (parabola(), True), (parabola(71), False), (-parabola(), True), (parabola(start=89_000), True),
    (parabola(start=89_100), False), (parabola(start=-90_100), False), (parabola(start=-89_900), True),
    (parabola(slope=0.999 * (100 * BEND - 3300) / 30), True),
    (parabola(slope=1.001 * (100 * BEND - 3300) / 30), False), (onp.exp(0.05 * onp.arange(72.0)), False),
])  # fmt: skip
def test_five_stretches_rise_by_a_hundredth_and_bend_by_a_hundredth_of_that(values, made):
    """Stretches of 31, every 10: the first rises by 900, and the fifth by 3300."""
    assert bool(wrong_spline._is_quadratic(values)) is made


@pytest.mark.parametrize(("off", "made"), [(0.9, True), (1.25, False)])
@pytest.mark.parametrize("size", [1.0, 1e-3, 1e5])
def test_a_quadratic_fits_to_a_millionth_of_its_bend(off, made, size):
    noise = onp.where(onp.arange(72) % 2, 1.0, -1.0) * off * (3e-6 * BEND + 1e-8 * 900)
    assert bool(wrong_spline._is_quadratic(size * (parabola() + noise))) is made


@pytest.mark.parametrize(("quadratic", "n", "made"), [
    (41, 82, True), (31, 82, False), (41, 92, False), (51, 92, True), (31, 72, False),
])  # fmt: skip
def test_a_third_of_the_stretches_that_bend_are_quadratic(quadratic, n, made):
    wild = 40.0 * onp.sin(1.3 * onp.arange(n))
    values = onp.where(onp.arange(n) < quadratic, parabola(n), parabola(n) + wild)
    assert bool(wrong_spline._is_quadratic(values)) is made


@pytest.mark.parametrize(("linear", "quotient", "asked"), [
    (True, False, "lines"), (True, True, "lines"), (False, True, "quadratics"), (False, False, None),
])  # fmt: skip
def test_which_pieces_vote(linear, quotient, asked, monkeypatch):
    monkeypatch.setattr(wrong_spline, "is_piecewise_linear", lambda trial: linear)
    monkeypatch.setattr(wrong_spline, "is_rational_quadratic", lambda trial: quotient)
    monkeypatch.setattr(wrong_spline, "_wrong_points", lambda trial: [(trial, 1), (trial, 2)])
    monkeypatch.setattr(wrong_spline, "_vote_of_lines", lambda trial, k: ("lines", trial, k))
    monkeypatch.setattr(wrong_spline, "_vote", lambda trial, k: ("quadratics", trial, k))
    monkeypatch.setattr(wrong_spline, "_mostly", lambda votes: votes)
    assert wrong_spline.wrong_root("trial") == ([(asked, "trial", k) for k in (1, 2)] if asked else None)
