"""Searches that were cut short, on numbers made by hand: grids, odd parts, powers, and maps that bend far from 0."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_search

SUBJECT = SimpleNamespace(in_shape=(2,), dtype=onp.dtype("float64"), smooth=None)
GRID = 0.1 * onp.arange(20.0)[:, None]


# --- folds ---


def test_far_is_measured_in_each_row_by_itself(monkeypatch):
    """Beside the size of another row's z the way of this one would be short."""
    monkeypatch.setattr(wrong_search, "_turns", lambda c, row: row == 0)
    monkeypatch.setattr(wrong_search, "name_of_fold", lambda c: Mistake.FOLDS)
    z = onp.array([[0.0, 0.0], [1000.0, 0.0], [0.0, 0.0]])
    back = z + onp.array([[0.5, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert wrong_search.folds(SimpleNamespace(z=z, x=z, back=back, again=z)) is Mistake.FOLDS


def far_away(growth, bend=1.0, bending=10, growing=20):
    """x - z has the size growth |z| far from 0, in so many of 20 rows; J changes by `bend` in so many of 10."""
    seen, direction = [], onp.array([0.6, 0.8])
    z = onp.linspace(1, 3, 10)[:, None] * direction

    def apply(way, at, rows):
        assert way == "forward" and at.shape == (10, 2) and at.dtype == SUBJECT.dtype
        size = onp.linalg.norm(at, axis=1)
        close(at, size[:, None] * direction, 1e-12)
        k = 10 * len(seen) + onp.arange(10)
        seen.append(size)
        return (at + onp.stack([0 * size, onp.where(k < growing, growth, 0.0) * size], axis=1),)

    def derivatives(way, at, rows):
        close(at, z + 1e-2, 1e-12)
        return ((onp.arange(10) < bending)[:, None, None] * onp.array([[0.0, 0.0], [-bend, 0.0]]),)

    trial = SimpleNamespace(subject=SUBJECT, apply=apply, derivatives=derivatives)
    return SimpleNamespace(trial=trial, z=z, rows=onp.arange(10), J=onp.zeros((10, 2, 2))), seen


@pytest.mark.parametrize(("numbers", "lacks"), [
    ({"growth": 0.0101}, True), ({"growth": 0.0099}, False), ({"growth": onp.nan}, True), ({"growth": -0.0101}, True),
    ({"growth": 1.0, "growing": 19}, True), ({"growth": 1.0, "growing": 18}, False),
    ({"growth": 1.0, "bending": 6}, True), ({"growth": 1.0, "bending": 5}, False),
    ({"growth": 1.0, "bend": 1.01e-5}, True), ({"growth": 1.0, "bend": 1e-5}, False),
    ({"growth": 1.0, "bend": -1.01e-5}, True),
])  # fmt: skip
def test_a_map_that_lacks_masks_bends_and_still_grows_far_from_0(numbers, lacks):
    c, seen = far_away(**numbers)
    assert wrong_search._lacks_masks(c) is lacks
    close(seen, [[1e4] * 10, [1e6] * 10], 1e-9)


# --- Newton's method ---


def of(f, slope=None, **fields):
    """Columns of an elementwise map."""
    z = onp.array([[0.5, -1.5], [1.25, 2.0], [-3.0, 0.75]])
    diagonal = lambda at: (slope(at)[:, :, None] * onp.eye(2),)  # noqa: E731
    trial = SimpleNamespace(subject=SUBJECT, apply=lambda way, at, rows: (f(at),))
    trial.derivatives = lambda way, at, rows: diagonal(at)
    c = SimpleNamespace(trial=trial, z=z, x=f(z), rows=onp.arange(3), dim=2, **fields)
    trial.subject = SimpleNamespace(**vars(SUBJECT), dim=2)
    return c


@pytest.mark.parametrize("power", [2, 3, 5])
def test_the_largest_power_gives_z_far_from_0(power):
    c = of(lambda z: 1.5 + z + 2 * onp.sign(z) * onp.abs(z) ** power)
    found, rest = wrong_search._of_largest_power(c), (c.x - 1.5) / 2
    close(found, onp.sign(rest) * onp.abs(rest) ** (1 / power), 1e-5)
    falls = of(lambda z: 1.5 - 2 * onp.sign(z) * onp.abs(z) ** power)
    close(wrong_search._of_largest_power(falls), falls.z, 1e-9)


@pytest.mark.parametrize(("powers", "is_one"), [
    ((2.00009, 2.0), True), ((2.00011, 2.0), False), ((1.99991, 3.0), True), ((2.0, 1.99989), False),
    ((2.0, 1.0), False), ((1.0, 1.0), False),
])  # fmt: skip
def test_a_largest_power_is_a_whole_number_of_two_or_more_in_every_column(powers, is_one):
    c = of(lambda z: onp.sign(z) * onp.abs(z) ** onp.array(powers))
    assert (wrong_search._of_largest_power(c) is not None) is is_one


def test_a_map_that_overflows_or_stops_has_no_largest_power():
    with onp.errstate(all="raise"):
        assert wrong_search._of_largest_power(of(lambda z: onp.where(onp.abs(z) > 1e3, onp.inf, z))) is None
        assert wrong_search._of_largest_power(of(lambda z: onp.clip(z, -9, 9))) is None
        assert wrong_search._of_largest_power(of(lambda z: 0 * z)) is None


def test_a_step_where_the_slope_is_0_reaches_nothing():
    c = of(lambda z: z**2, lambda z: 2 * z, back=onp.ones((3, 2)))
    with onp.errstate(all="raise"):
        assert wrong_search._reaches(c, onp.zeros((3, 2))) is False
        assert wrong_search._reaches(c, c.z) is False


@pytest.mark.parametrize(("elementwise", "looks", "name"), [
    (True, {"_is_newton"}, "TOO_FEW_STEPS"), (True, {"_is_bisection"}, "TOO_FEW_STEPS"),
    (True, {"_is_bisection_of_own_width"}, "TOO_FEW_STEPS"), (True, {"_is_newton_of_all"}, "halved"),
    (False, {"_is_newton", "_is_bisection", "_is_bisection_of_own_width"}, "halved"),
    (False, {"_is_newton_of_all"}, "TOO_FEW_STEPS"),
])  # fmt: skip
def test_which_searches_are_looked_for(elementwise, looks, name, monkeypatch):
    """A search by halving stands in a loop; a straight line needs no search."""
    for look in ("_is_newton", "_is_bisection", "_is_bisection_of_own_width", "_is_newton_of_all"):
        monkeypatch.setattr(wrong_search, look, lambda c, look=look: look in looks)
    monkeypatch.setattr(wrong_search, "halved_too_seldom", lambda c: "halved")
    monkeypatch.setattr(wrong_search, "has_loops", lambda trial: trial == "a loop")
    c = SimpleNamespace(is_linear=False, J=onp.eye(2)[None] + (0 if elementwise else 1), trial="a loop")
    found = wrong_search.cut_search(c)
    assert found is (Mistake.TOO_FEW_STEPS if name == "TOO_FEW_STEPS" else name) or found == name
    c.trial = "a formula"
    assert wrong_search.cut_search(c) is (Mistake.TOO_FEW_STEPS if name == "TOO_FEW_STEPS" else None)
    c.is_linear = True
    assert wrong_search.cut_search(c) is None


# --- grids ---


@pytest.mark.parametrize("place", [0.0637, -0.0637, 9.0637])
@pytest.mark.parametrize(("off", "wrong"), [(0.9e-9, False), (1.1e-9, True), (-1.1e-9, True)])
def test_a_value_that_is_right_need_not_stand_on_the_grid(place, off, wrong):
    back, z = GRID.copy(), GRID + 0.05
    back[0], z[0] = place, place + off * (1 + abs(place))
    assert wrong_search._is_bisection(SimpleNamespace(back=back, z=z)) is not wrong


@pytest.mark.parametrize(("gap", "counts"), [(0.9e-9, False), (1.1e-9, True)])
def test_two_values_a_billionth_apart_are_one(gap, counts):
    assert wrong_search._grid(onp.append(GRID, 0.5 + gap)) == (None if counts else pytest.approx(0.1))


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 5])
def test_the_least_gap_may_be_four_steps_and_no_more(parts):
    values = onp.cumsum([0.25 * (parts + k % 2) for k in range(12)])
    assert wrong_search._grid(values) == (0.25 if parts < 5 else None)


@pytest.mark.parametrize(("off", "on"), [(0.8e-7, True), (1.2e-7, False)])
def test_a_gap_is_a_whole_number_of_steps_to_a_millionth(off, on):
    values = 0.1 * onp.arange(14.0)
    values[-1] += off
    assert (wrong_search._grid(values) is not None) is on


@pytest.mark.parametrize(("n", "odd"), [(1, True), (13, True), (14, False)])
def test_odd_parts_of_a_power_of_two(n, odd):
    shares = onp.array([1.0, -3.0, 5.0, 7.0]) / 2**n
    assert wrong_search._are_odd(shares) is odd
    for off, near in ((0.9e-3, True), (1.1e-3, False)):
        moved = shares + onp.array([0, 0, 2 * off, 0]) / 2**n
        assert wrong_search._are_odd(moved) is (odd and near)
    assert not wrong_search._are_odd(onp.array([0.5, 0.25]))


@pytest.mark.parametrize("place", [0.3, 3.0])
@pytest.mark.parametrize(("off", "wrong"), [(0.9e-9, False), (1.1e-9, True), (-1.1e-9, True)])
def test_a_value_that_is_right_need_be_no_odd_part(place, off, wrong):
    """z' = 3/4 x but in one row."""
    z = onp.append(onp.linspace(1, 2, 11), place)[:, None]
    x = onp.append(onp.linspace(1.1, 2.3, 11), 7.0)[:, None]
    back = 0.75 * x
    back[-1] = place + off * (1 + place)
    trial = SimpleNamespace(subject=SimpleNamespace(in_shape=(1,), dtype=onp.dtype("float64")))
    trial.apply = lambda way, at, rows: (at,)
    trial.derivatives = lambda way, at, rows: (onp.ones((len(at), 1, 1)),)
    c = SimpleNamespace(trial=trial, rows=onp.arange(12), z=z, x=x, back=back)
    assert wrong_search._is_bisection_of_own_width(c) is not wrong
