"""Splines by their pieces: the p and q of one bin, the points that are wrong, votes, and where a log_det is off."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import spline_line, wrong_spline


def curve(z):
    return (1 + 2 * z + 3 * z**2) / (2 + z**2)


@pytest.fixture
def line(monkeypatch):
    """A line from 0 to 3000, so that the windows reach 10, 3 and 1 to both sides; `asked` has what each asks."""
    found = SimpleNamespace(curve=curve, asked=[])

    def along(line, j, values, row):
        assert (j, row) == (1, "row") and len(values) == 9
        found.asked.append((values[0], values[-1]))
        x = found.curve(values)
        return SimpleNamespace(x=onp.stack([onp.zeros_like(x), x], axis=1))

    monkeypatch.setattr(wrong_spline, "span", lambda line: (0.0, 3000.0))
    monkeypatch.setattr(wrong_spline, "along", along)
    return found


def fitted(line, centre=1.0, value=0.5):
    return wrong_spline._fit(line, "row", 1, centre, value)


@pytest.mark.parametrize(("knot", "windows"), [(11.5, 1), (-9.5, 1), (6.0, 2), (-3.0, 2), (2.5, 3), (1.2, 3)])
def test_the_pieces_of_one_bin_solve_the_curve_off_its_knots(knot, windows, line):
    beyond = (lambda z: z > knot) if knot > 1 else (lambda z: z < knot)
    line.curve = lambda z: curve(z) + beyond(z) * (z - knot)
    p, q, _ = fitted(line)
    assert line.asked == [(1 - size, 1 + size) for size in (10, 3, 1)[:windows]]
    if knot != 1.2:
        z = onp.linspace(0, 2, 7)
        assert onp.abs(p(z) - curve(z) * q(z)).max() < 1e-9 * onp.abs(p(z)).max()


@pytest.mark.parametrize(("value", "solvable"), [(0.31, False), (0.32, True), (1.0, True), (3.18, True), (3.19, False)])
def test_a_quadratic_has_a_root_for_what_the_pieces_reach(value, solvable, line):
    """The curve lies between 0.3139 and 3.186."""
    assert fitted(line, value=value)[2] == solvable


@pytest.mark.parametrize(("beyond", "solvable"), [(0.0, True), (0.95e-9, True), (1.05e-9, False)])
def test_a_double_root_is_one_up_to_rounding(beyond, solvable, line):
    """The discriminant is that share of b^2 + |4 a c|, which falls by 0.2114 times as much as the value does."""
    assert fitted(line, value=(7 - 33**0.5) / 4 - beyond / 0.2114)[2] == solvable


def test_numbers_that_are_not_finite_say_nothing(line):
    line.curve = lambda z: onp.where(z > 10, onp.inf, curve(z))
    fitted(line)
    assert len(line.asked) == 2
    line.curve = lambda z: onp.where(z > 10, -onp.inf, onp.where(z > 2.5, onp.nan, curve(z)))
    fitted(line)
    assert len(line.asked) == 5


# --- votes ---


@pytest.mark.parametrize(("back", "bins", "vote"), [
    (3.0, {"z": 3.0}, "OTHER_ROOT"), (3.0, {"x": 3.0}, "KNOTS_OF_Z"), (3.0, {"z": 3.0, "x": 3.0}, "OTHER_ROOT"),
    (3.0, {}, None), (3.0005, {"z": 3.0}, "OTHER_ROOT"), (3.0008, {"z": 3.0}, None), (3.0, {"z": None}, "no root"),
    (3.0, {"x": None}, "no root"), (3.0, {"z": 3.0, "x": None}, "OTHER_ROOT"),
])  # fmt: skip
def test_the_bin_whose_quadratic_the_result_solves(back, bins, vote, monkeypatch):
    """p - x q = z - root, beside |p| + |x q| = z + root; no root: the bin does not reach x."""

    def fit(line, row, j, centre, value):
        assert value == 7.0
        root = bins.get({5.0: "z", 7.0: "x"}[centre], 1.0)
        return (lambda z: z), (lambda z: (root or 0.0) / 7.0), root is not None

    monkeypatch.setattr(wrong_spline, "_fit", fit)
    found = wrong_spline._vote("line", 1, 5.0, 7.0, back, "row")
    assert (found.name if isinstance(found, Mistake) else found) == vote


def test_a_dozen_points_that_are_wrong(monkeypatch):
    z = onp.linspace(0, 1, 400)
    off = onp.where(onp.arange(400) % 2 == 0, 1e-5, 0.9e-6)
    off[:6] = [onp.nan, 0, onp.inf, 0, -onp.inf, 0]
    line = SimpleNamespace(z=onp.stack([0 * z, z], axis=1), x=onp.stack([0 * z, 3 * z], axis=1))
    line.back = (onp.stack([0 * z, z + off], axis=1),)
    monkeypatch.setattr(wrong_spline, "variable", lambda trial: 1)
    monkeypatch.setattr(wrong_spline, "inner", lambda trial, n: n)
    monkeypatch.setattr(wrong_spline, "along", lambda trial, j, values: line if (j, values) == (1, 400) else None)
    found = wrong_spline._wrong_points("trial")
    at = [6 + 14 * k for k in range(12)]
    for (of, j, *values, row), k in zip(found, at, strict=True):
        assert of is line and j == 1 and row.tolist() == [0, z[k]]
        assert values == [z[k], 3 * z[k], (z + off)[k]]


# --- log_dets ---


STEP = onp.where(onp.arange(60) < 30, 0.0, 0.5)


@pytest.mark.parametrize(("gap", "off", "quadratic", "name"), [
    (STEP[:60], True, (), "SPLINE_SLOPE"), (STEP[:60], False, (), None), (STEP[:49], True, (), None),
    (STEP[:50], True, (), "SPLINE_SLOPE"),
    (onp.linspace(0, 0.9e-4, 60), True, (1, -1), None), (onp.linspace(0, 1, 60), True, (), None),
    (onp.linspace(0, 1, 60), True, (1,), "SPLINE_DENOMINATOR"),
    (onp.linspace(0, 1, 60), True, (-1,), "SPLINE_DENOMINATOR"),
    (None, True, (1, -1), None), (onp.cumsum(onp.arange(61) % 10 == 0), True, (), None),
    (onp.cumsum(onp.arange(61) % 11 == 0), True, (), "SPLINE_SLOPE"),
])  # fmt: skip
def test_what_the_error_of_a_log_det_is_along_a_line(gap, off, quadratic, name, monkeypatch):
    """One number in each piece, of nine steps in ten or more; or the logarithm of something quadratic."""
    signs = {} if gap is None else {onp.exp(sign * gap).tobytes(): sign for sign in (1, -1)}
    monkeypatch.setattr(wrong_spline, "is_rational_quadratic", lambda trial: trial == "spline")
    monkeypatch.setattr(wrong_spline, "_gap_along_a_line", lambda sample: gap)
    monkeypatch.setattr(wrong_spline, "_is_off_where_bent", lambda trial, given: off and given is gap)
    monkeypatch.setattr(wrong_spline, "_is_quadratic", lambda values: signs[values.tobytes()] in quadratic)
    failed = SimpleNamespace(failed=True, trial="spline")
    right = SimpleNamespace(failed=False, trial="smooth")
    assert wrong_spline.spline_mistake([right, failed]) is (Mistake[name] if name else None)
    assert wrong_spline.spline_mistake([SimpleNamespace(failed=True, trial="smooth"), failed]) is None
    assert wrong_spline.spline_mistake([right]) is None


@pytest.mark.parametrize(("bent", "wrong", "off"), [
    (slice(0, 20), 11, True), (slice(0, 20), 10, False), (slice(0, 0), 11, False), (slice(20, 40), 11, False),
])  # fmt: skip
def test_a_log_det_is_off_in_most_places_where_the_map_is_bent(bent, wrong, off, monkeypatch):
    bends = onp.zeros(60)
    bends[bent] = 1e-3
    x = onp.concatenate([[0, 0], onp.cumsum(onp.cumsum(bends))])
    monkeypatch.setattr(wrong_spline, "variable", lambda trial: 0)
    monkeypatch.setattr(wrong_spline, "inner", lambda trial, n: n)
    line = SimpleNamespace(x=x[:, None])
    monkeypatch.setattr(wrong_spline, "along", lambda trial, j, n: line if n == 1201 else None)
    gap = onp.concatenate([[9.0], onp.where(onp.arange(60) < wrong, -1.1e-4, 0.9e-4), [9.0]])
    assert wrong_spline._is_off_where_bent("trial", gap) is off


T = onp.linspace(-1, 1, 13)
QUOTIENT, SMOOTH = (1 + 2 * T + 3 * T**2) / (4 + T + T**2), onp.exp(2 * T)
NEARLY = T + 0.9e-4 * (1 - T**2)  # it is off a straight line by less than a ten-thousandth of its rise


@pytest.mark.parametrize(("quotients", "smooth", "made"), [
    (5, 0, True), (4, 0, False), (5, 10, True), (5, 11, False), (0, 7, False), (2, 4, True), (2, 3, True),
    (1, 4, False),
])  # fmt: skip
def test_five_stretches_are_curved_and_a_third_are_quotients(quotients, smooth, made, monkeypatch):
    """Of 61; the others are straight, or of one number, or not finite."""
    others = [T, 7 + 0 * T, onp.where(T > 0, onp.nan, SMOOTH), NEARLY] * 16
    x = onp.array(([QUOTIENT] * quotients + [SMOOTH] * smooth + others)[:61])
    asked = []
    monkeypatch.setattr(spline_line, "span", lambda trial: (0.0, 100.0))
    monkeypatch.setattr(spline_line, "inner", lambda trial, n, margin: 10 * onp.arange(n) if margin == 0.05 else None)
    line = lambda trial, j, values: asked.append(values) or SimpleNamespace(x=x.reshape(-1, 1))  # noqa: E731
    monkeypatch.setattr(spline_line, "along", line)
    assert bool(spline_line._is_made_of_quotients("trial", 0, 0.05, 1e-10)) is made
    assert asked[0].reshape(61, 13)[2].tolist() == pytest.approx((20 + 2.5 * T).tolist())
