"""Clamps of a scale: which raw scales are tried, in which rows, and where a bound or an offset may lie."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_affine, wrong_clamp

# --- the raw scale of an inverse ---


def columns(**fields):
    subject = SimpleNamespace(in_shape=(2,), dtype=onp.dtype("float64"))
    derivatives = lambda way, at, rows: (onp.stack([onp.diag(7 * row) for row in at]),) if way == "forward" else None  # noqa: E731
    z, back = onp.array([[1.0, 2.0], [3.0, 4.0]]), onp.array([[0.5, 4.0], [6.0, -2.0]])
    J = onp.stack([onp.diag([2.0, 3.0]), onp.diag([4.0, 5.0])])
    x, again = onp.array([[10.0, 20.0], [30.0, 40.0]]), onp.array([[11.0, 21.0], [31.0, 41.0]])
    trial = SimpleNamespace(subject=subject, derivatives=derivatives)
    return SimpleNamespace(trial=trial, z=z, back=back, J=J, x=x, again=again, rows=onp.arange(2), **fields)


def test_raw_scales_of_both_orders_at_z_and_then_at_what_came():
    c = columns()
    found = list(wrong_affine._raw_scales(c))
    assert len(found) == 4
    d = onp.array([[2.0, 3.0], [4.0, 5.0]])
    t = c.x - d * c.z
    d_back = 7 * c.back
    t_back = c.again - d_back * c.back
    wanted = [(d, (c.x - t) / c.back), (d, c.x / (c.back + t / d))]
    wanted += [(d_back, (c.x - t_back) / c.back), (d_back, c.x / (c.back + t_back / d_back))]
    for (scale, raw), (of, to) in zip(found, wanted, strict=True):
        close(scale, of, 1e-12)
        close(raw, to, 1e-12)


A = onp.linspace(-2, 2, 11)


def of_clamp(s=onp.tanh, wrong=(True, True), rows=11):
    a = onp.stack([A, A[::-1]], axis=1)[:rows]
    ones = onp.ones_like(a)
    return SimpleNamespace(back=ones.copy(), z=ones.copy(), wrong=onp.array(wrong)), onp.exp(s(a)), onp.exp(a)


@pytest.mark.parametrize(("s", "wrong", "clamps"), [
    (onp.tanh, (True, True), True), (onp.tanh, (True, False), True), (onp.tanh, (False, False), False),
    (lambda a: a, (True, True), False), (lambda a: 0 * a, (True, True), False),
    (lambda a: onp.stack([onp.tanh(a[:, 0]), a[:, 1]], axis=1), (True, True), False),
    (lambda a: onp.stack([onp.tanh(a[:, 0]), a[:, 1]], axis=1), (True, False), True),
    (lambda a: onp.stack([onp.tanh(a[:, 0]), 0 * a[:, 1]], axis=1), (True, True), True),
])  # fmt: skip
def test_every_wrong_scale_that_varies_is_a_clamp_of_the_raw_one(s, wrong, clamps):
    c, d, raw = of_clamp(s, wrong)
    assert wrong_affine._is_clamp(c, d, raw) is clamps
    assert wrong_affine._is_clamp(c, -d, raw) is clamps and wrong_affine._is_clamp(c, d, -raw) is clamps


@pytest.mark.parametrize("field", ["back", "z"])
@pytest.mark.parametrize(("size", "counts"), [(1e-6, False), (-1.1e-6, True), (0.0, False)])
def test_a_row_at_0_tells_no_scale(field, size, counts):
    """Its raw scale is off: a clamp is seen where the row does not count."""
    c, d, raw = of_clamp()
    getattr(c, field)[2] = size
    raw[2] = 1e9
    assert wrong_affine._is_clamp(c, d, raw) is not counts


def test_a_row_that_is_not_finite_tells_no_scale():
    c, d, raw = of_clamp()
    d[1, 0], raw[3, 1], raw[4, 0] = onp.inf, onp.nan, 0.0
    assert wrong_affine._is_clamp(c, d, raw)


@pytest.mark.parametrize(("linear", "scales", "clamps", "name"), [
    (False, True, [False, True], "CLAMP_IN_FORWARD"), (False, True, [False, False], None), (True, True, [True], None),
    (False, False, [True], None),
])  # fmt: skip
def test_a_clamp_is_looked_for_where_the_scale_varies(linear, scales, clamps, name, monkeypatch):
    monkeypatch.setattr(wrong_affine, "scales", lambda trial: scales)
    monkeypatch.setattr(wrong_affine, "_raw_scales", lambda c: [("d", k) for k in range(len(clamps))])
    monkeypatch.setattr(wrong_affine, "_is_clamp", lambda c, d, raw: clamps[raw])
    c = SimpleNamespace(is_linear=linear, trial="trial")
    assert wrong_affine._clamped(c) is (Mistake[name] if name else None)


# --- the bound of a clamp ---


@pytest.mark.parametrize("l", [onp.array([[0.5, -2.0], [1.0, 0.0]]), onp.zeros((0, 2))])
def test_bounds_lie_above_the_largest_number(l):
    top = 2.0 if l.size else 1e-3
    found = wrong_clamp._above(l)
    assert len(found) == 160 and (onp.diff(found) > 0).all()
    close([found[0], found[-1]], [top * (1 + 1e-6), 41 * top], 1e-12)


@pytest.mark.parametrize(
    "l", [onp.log(onp.array([[0.5, 2.0], [1.0, 0.25]])), onp.zeros((0, 2)) + 9, onp.full((1, 1), 3.0)]
)
def test_offsets_lie_below_the_smallest_scale(l):
    """Close to it, as close to 0, and between; above 1 no sigmoid leaves any."""
    least = 0.25 if l.min(initial=0) < 0 else 1.0
    found = wrong_clamp._below(l)
    assert (onp.diff(found) > 0).all() and 160 < len(found) < 320
    close([found[0], found[-1]], [0.0, least * (1 - 1e-6)], 1e-12)
    assert onp.abs(found - 0.5 * least).min() < 0.005 * least


@pytest.mark.parametrize("best", [0.3, 0.0, 1.0, 0.77])
def test_the_best_between_two_bounds(best):
    found = wrong_clamp._best_between(lambda p: abs(p - best), 0.0, 1.0)
    assert 0 <= found < 1e-11
    asked = []
    wrong_clamp._best_between(lambda p: asked.append(p) or abs(p - best), 2.0, 3.0)
    close(asked[:2], [3 - 0.6180339887498949, 2 + 0.6180339887498949], 1e-12)
    assert len(asked) == 120


@pytest.mark.parametrize(("slope", "rows", "miss"), [
    (2.0, 12, 0.0), (-2.0, 12, onp.inf), (2.0, 10, 0.0), (2.0, 9, onp.inf),
])  # fmt: skip
def test_the_miss_of_a_rising_line(slope, rows, miss):
    l = onp.linspace(0, 1, rows)[:, None]
    assert wrong_clamp._miss(slope * l[:, 0] + 3, l, lambda l, p: p * l, 5.0) == pytest.approx(miss, abs=1e-12)


def test_the_miss_is_the_largest_error_in_shares_of_the_spread():
    l = onp.linspace(-1, 1, 41)[:, None]
    c = 4 * l[:, 0] + onp.where(onp.arange(41) % 2 == 0, 0.1, -0.1)
    slope, start = onp.polyfit(l[:, 0], c, 1)
    wanted = onp.abs(c - slope * l[:, 0] - start).max() / onp.ptp(c)
    assert wrong_clamp._miss(c, l, lambda l, p: l, 0.0) == pytest.approx(wanted)


@pytest.mark.parametrize(("steep", "told"), [(999.0, True), (1001.0, False)])
def test_rows_where_a_clamp_is_flat_do_not_count(steep, told):
    """h is the inverse of a clamp: it is steep where the clamp is flat."""
    l = onp.linspace(0, 1, 40)[:, None]
    h = lambda l, p: l + (steep - 1) * onp.maximum(l - 0.49, 0)  # noqa: E731
    c = h(l, 0).sum(axis=1)
    c[30:] += 5
    assert bool(wrong_clamp._miss(c, l, h, 0.0) > 1e-9) is told
