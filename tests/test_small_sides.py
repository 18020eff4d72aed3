"""Planar and radial layers, sawtooths and branches: what each look is given, and its bounds from both sides."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_branches, wrong_halving, wrong_planar, wrong_radial

# --- planar layers ---

MOVED = onp.array([0.0, 0.5, 1.0, -0.25, 0.75, -0.875])


def of_one(rise=1.0, miss=0.0, direction="forward", n=6, dim=1):
    """A sample of one variable, with the slope 2 + rise (x - z)^2, of which one row misses something."""
    slope = (2.0 + rise * MOVED**2 + miss * (onp.arange(6) == 3))[:n]
    J = slope if direction == "forward" else 1 / slope
    z, x = onp.full((n, 1), 7.0), 7.0 + MOVED[:n, None]
    at, there = (z, x) if direction == "forward" else (x, z)
    return SimpleNamespace(dim=dim, c=onp.zeros(n), at=at, there=there, J=J[:, None, None], direction=direction)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize(("numbers", "told"), [
    ({}, True), ({"n": 5}, False), ({"dim": 2}, False), ({"rise": 1.1e-4}, True), ({"rise": 0.9e-4}, False),
    ({"rise": -1.1e-4}, True), ({"miss": 0.5e-6}, True), ({"miss": 2e-6}, False),
])  # fmt: skip
def test_a_planar_map_of_one_variable_is_bent_by_the_square_of_what_it_moves(numbers, told, direction, monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_planar, "_steady", lambda s, by: asked.append(by) or True)
    s = of_one(direction=direction, **numbers)
    assert bool(wrong_planar._is_tanh_of_one_variable(s, lambda moved, slope: 10 * moved + slope)) is told
    if told:
        slope = s.J[:, 0, 0] if direction == "forward" else 1 / s.J[:, 0, 0]
        close(asked, [10 * MOVED + slope], 1e-12)


def test_a_slope_that_rises_by_a_ten_thousandth_is_straight(monkeypatch):
    monkeypatch.setattr(wrong_planar, "_steady", lambda s, by: True)
    s = of_one()
    s.J = (1e-4 * MOVED**2)[:, None, None]
    assert not wrong_planar._is_tanh_of_one_variable(s, lambda moved, slope: moved)


@pytest.mark.parametrize(("values", "one"), [
    ((100.0, 0.9 * 1.01e-3), True), ((100.0, 1.1 * 1.01e-3), False), ((1.1e-4, 0.0), True), ((1e-4, 0.0), False),
])  # fmt: skip
def test_a_second_direction_is_small_beside_the_first(values, one):
    s = SimpleNamespace(J=onp.stack([onp.eye(2), onp.eye(2) + onp.diag(values)]), dim=2)
    w = wrong_planar._rank_one(s)
    assert (w is not None) is one and (w is None or onp.abs(w).tolist() == [1, 0])


BY = onp.array([1.0, 2.0, -0.5, 0.25])


def steady(c, by=BY, direction="forward"):
    s = SimpleNamespace(c=onp.asarray(c) * (1 if direction == "forward" else -1), direction=direction)
    return wrong_planar._steady(s, by)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_one_ratio_holds_in_all_rows_to_a_thousandth(direction):
    c = onp.log(onp.abs(1 + 0.8 * BY))
    assert steady(c, direction=direction) and not steady(c[:3], BY[:3], direction)
    assert not steady(-c, direction=direction)
    for share, same in ((0.9, True), (1.1, False)):
        off = onp.log(1 + 0.8 * BY * (1 + share * 1e-3 * (onp.arange(4) == 3)))
        assert steady(off, direction=direction) is same
    weak, more = onp.append(BY, 1e-3), onp.append(c, 9.0)
    assert steady(more, weak, direction) and not steady(more, onp.append(BY, -1.1e-3), direction)
    assert not steady(onp.log(1 + 0.9e-6 * BY), direction=direction)
    assert steady(onp.log(1 + 1.1e-6 * BY), direction=direction)


def test_a_ratio_is_taken_from_one_of_the_first_three_rows():
    """The fourth row's stands between the ends of what the others allow."""
    c = onp.log(1 + 0.8 * BY * (1 + 0.8e-3 * onp.array([-1, -1, -1, 1])))
    assert not steady(c) and steady(onp.log(1 + 0.8 * BY * (1 + 0.4e-3 * onp.array([-1, -1, -1, 1]))))


@pytest.mark.parametrize(("one", "rank", "fits", "name"), [
    ("h", True, (), "PLANAR_H"), ("u", True, (), "PLANAR_U"), (None, True, ("trace", "h"), "PLANAR_U"),
    (None, True, ("h",), "PLANAR_H"), (None, True, (), None), (None, False, ("trace", "h"), None),
])  # fmt: skip
def test_which_planar_mistake_fits_every_sample_that_failed(one, rank, fits, name, monkeypatch):
    by = {"h": 5.0, "u": 2.0}
    monkeypatch.setattr(wrong_planar, "_is_tanh_of_one_variable", lambda s, f: f(5.0, 3.0) == by.get(one))
    monkeypatch.setattr(wrong_planar, "_rank_one", lambda s: "w" if rank else None)
    monkeypatch.setattr(wrong_planar, "_ratio_to_trace", lambda s: s.failed and "trace" in fits)
    monkeypatch.setattr(wrong_planar, "_ratio_to_h", lambda s: s.failed and "h" in fits)
    wide, right = SimpleNamespace(failed=True, dim=2), SimpleNamespace(failed=False, dim=2)
    found = wrong_planar.planar_mistake([right, wide])
    assert found is (Mistake[name] if name else None)
    if one is None:
        assert wrong_planar.planar_mistake([SimpleNamespace(failed=True, dim=1)]) is None


# --- radial layers ---


def radial(centre=(0.0, 0.0), off=0.0, bend=0.0):
    """Rows of x = z + 2 / (3 + r) (z - c); the centre, and the line in r, are off in one of them."""
    z = onp.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [0.0, -4.0], [3.0, 4.0], [0.6, -0.8]]) + centre
    r = onp.linalg.norm(z - onp.array(centre), axis=1)
    g = 1 + 1 / ((3 + r) / 2 + bend * (onp.arange(6) == 2))
    x = z + (z - onp.array(centre)) * (g - 1)[:, None]
    x[1, 0] -= off * (g[1] - 1)
    return SimpleNamespace(z=z, x=x, back=z), g


@pytest.mark.parametrize("centre", [(0.0, 0.0), (4.0, 0.0)])
@pytest.mark.parametrize(("numbers", "told"), [
    ({}, True), ({"off": 0.9e-5}, True), ({"off": 1.1e-5}, False), ({"off": -1.1e-5}, False), ({"bend": 1e-5}, True),
    ({"bend": 2e-4}, False),
])  # fmt: skip
def test_a_radial_map_has_one_centre_and_one_line(centre, numbers, told):
    off = {k: v * (1 + centre[0]) if k == "off" else v for k, v in numbers.items()}
    c, g = radial(centre, **off)
    found = wrong_radial._predictions(c, g)
    assert bool(found) is told
    if not numbers:
        q, r = (onp.linalg.norm(a - onp.array(centre), axis=1) for a in (c.x, c.z))
        other = -3 * q / r
        close(other**2 + (3 + 2 - q) * other - 3 * q, onp.zeros(6), 1e-9)  # the other root
        close(found[Mistake.OTHER_ROOT], centre + (c.x - centre) / (1 + 2 / (3 + other))[:, None], 1e-9)
        close(found[Mistake.MULTIPLIES], centre + (c.x - centre) * g[:, None], 1e-9)
        close(found[Mistake.SHIFT_NOT_UNDONE], c.z - centre, 1e-9)


# --- sawtooths ---


def test_the_error_along_a_variable_is_that_of_the_column_in_which_it_is_largest():
    """z stands at (1, 2), z' at (1.5, 2.25); column 0 is off by z_1 / 4, and column 1 by z_1 / 8."""
    asked = []

    def apply(way, at, rows):
        assert at.dtype == onp.float32 and rows.tolist() == [9] * 201 and at.shape == (201, 2, 1)
        asked.append((way, at[:, :, 0]))
        return (at if way == "forward" else at + at[:, 1:] / onp.array([[4.0], [8.0]], dtype="float32"),)

    subject = SimpleNamespace(in_shape=(2, 1), dtype=onp.dtype("float32"))
    trial = SimpleNamespace(subject=subject, apply=apply)
    z, back = onp.array([[0.0, 0.0], [1.0, 2.0]]), onp.array([[0.0, 0.0], [1.5, 2.25]])
    e = wrong_halving._error(SimpleNamespace(trial=trial, z=z, back=back, rows=onp.array([3, 9])), 1, 1, 5.0)
    line = 2.0 + onp.linspace(-30, 30, 201)
    assert [way for way, _ in asked] == ["forward", "inverse"]
    close(asked[0][1], onp.stack([onp.ones(201), line], axis=1), 1e-6)
    close(e, line / 4, 1e-6)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_tooth_may_stand_still_on_its_way(side):
    flat = onp.tile(onp.repeat(onp.linspace(-0.5, 0.5, 10), 2), 6)
    assert wrong_halving._is_sawtooth(side * flat) is True


@pytest.mark.parametrize(("length", "is_one"), [(120, True), (116, False)])
def test_a_sixth_of_the_points_may_be_jumps(length, is_one):
    """Teeth of six points, of which the first and the last are cut: twenty jumps."""
    cut = {120: slice(3, 123), 116: slice(5, 121)}[length]
    assert wrong_halving._is_sawtooth(onp.tile(onp.linspace(-0.5, 0.5, 6), 21)[cut]) is is_one


@pytest.mark.parametrize(("off", "looked"), [
    (1.1e-6, True), (0.9e-6, False), (0.49, True), (0.51, False), (onp.nan, False),
])  # fmt: skip
def test_two_rows_nearest_to_0_and_three_variables_are_looked_at(off, looked, monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_halving, "_error", lambda c, *way: asked.append(way) or way)
    monkeypatch.setattr(wrong_halving, "_is_sawtooth", lambda e: e == last)
    z = onp.array([[3.0, 0, 0, 0], [-1.0, 0, 0, 0], [2.0, 0, 0, 0], [0.0, 1.5, 0, 0]])
    back = z + onp.array([0.0, 2.0, 3.0, 2.5])[:, None] * [0, 0, 0, off]
    last = (2, 2, 625.0)
    found = wrong_halving.halved_too_seldom(SimpleNamespace(z=z, back=back, dim=4))
    assert found is None
    assert asked == [(row, j, w) for row in (1, 3) for j in range(3) for w in wrong_halving.WIDTHS if looked]
    last = (3, 2, 625.0)
    found = wrong_halving.halved_too_seldom(SimpleNamespace(z=z, back=back, dim=4))
    assert found is (Mistake.TOO_FEW_STEPS if looked else None)


@pytest.mark.parametrize(("first", "is_one"), [(-3.0, True), (-3.001, False)])
def test_a_step_of_three_tenths_is_no_jump(first, is_one):
    """Each tooth runs from 5 to -5, and jumps back."""
    tooth = onp.append(5.0, onp.linspace(5.0 + first, -5.0, 9))
    assert wrong_halving._is_sawtooth(onp.tile(tooth, 6)) is is_one
    assert wrong_halving._is_sawtooth(-onp.tile(tooth, 6)) is is_one


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_tooth_that_begins_or_ends_at_0_does_not_cross_it(side):
    for ends in ((0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)):
        assert wrong_halving._is_sawtooth(side * onp.tile(onp.linspace(*ends, 20), 6)) is False


# --- branches ---


def test_without_rows_no_side_is_wrong(monkeypatch):
    monkeypatch.setattr(wrong_branches, "_rights", lambda s, sign: onp.ones(3, bool))
    subject = SimpleNamespace(ends=lambda direction: (-onp.inf, onp.inf), given=None)
    s = SimpleNamespace(J=onp.zeros((0, 2, 2)), dim=2, direction="forward", trial=SimpleNamespace(subject=subject))
    assert not wrong_branches._one_side(s)


@pytest.mark.parametrize(("above", "below", "entry", "given", "bounds", "one"), [
    ("all", "none", 0.0, None, False, True), ("none", "all", 0.0, None, False, True),
    ("all", "all", 0.0, None, False, False), ("none", "none", 0.0, None, False, False),
    ("all", "some", 0.0, None, False, False), ("some", "none", 0.0, None, False, False),
    ("some", "all", 0.0, None, False, False), ("all", "none", 0.9e-7, None, False, True),
    ("all", "none", 1e-7, None, False, False), ("all", "none", 0.0, "a context", False, False),
    ("all", "none", 0.0, None, True, False),
])  # fmt: skip
def test_one_side_is_right_and_the_other_wrong(above, below, entry, given, bounds, one, monkeypatch):
    rows = {"all": onp.ones(3, bool), "none": onp.zeros(3, bool), "some": onp.array([True, False, False])}
    sides = {1.0: rows[above], -1.0: rows[below]}
    monkeypatch.setattr(wrong_branches, "_rights", lambda s, sign: sides[sign])
    monkeypatch.setattr(wrong_branches, "bounded", lambda ends: ends == "bounded inverse")
    ends = lambda direction: f"{'bounded' if bounds else 'free'} {direction}"  # noqa: E731
    J = onp.stack([onp.eye(2), onp.diag([5.0, 6.0]) + [[0, -entry], [0, 0]]])
    trial = SimpleNamespace(subject=SimpleNamespace(ends=ends, given=given))
    s = SimpleNamespace(J=J, dim=2, direction="inverse", trial=trial, failed=True)
    assert bool(wrong_branches._one_side(s)) is one
    right = SimpleNamespace(failed=False)
    assert wrong_branches.by_side([right, s]) is (Mistake.ONE_BRANCH if one else None)
    assert wrong_branches.by_side([right]) is None
