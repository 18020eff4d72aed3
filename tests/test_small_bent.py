"""Bent maps: what is left of a shift, to five digits; and the bound of a clamp, looked for beside the best of many."""

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_clamp, wrong_elementwise

T = onp.array([1e6, 2e6])
SLOPE = onp.array([2.0, 3.0])


@pytest.mark.parametrize(("start", "name"), [
    (T, "SHIFT_NOT_UNDONE"), (T + 0.99e-5 * (1 + T), "SHIFT_NOT_UNDONE"), (T + 1.000005e-5 * (1 + T), None),
    (2 * T, "SHIFT_NOT_UNDONE"), (2 * T - 0.99e-5 * (1 + 2 * T), "SHIFT_NOT_UNDONE"),
    (2 * T + 1.000005e-5 * (1 + 2 * T), None), (T * (1 - SLOPE), "WRONG_ORDER"), (T * (1 - 1.3 * SLOPE), "WRONG_ORDER"),
    (T * onp.array([1.0, 2.0]), None), (T * (1 - SLOPE**2), None), (T * (1 + SLOPE), None),
])  # fmt: skip
def test_what_is_left_of_a_shift(start, name):
    assert wrong_elementwise._of_shift(start, T, SLOPE) is (Mistake[name] if name else None)


C, L = onp.linspace(0, 1, 12), onp.ones((12, 2))


@pytest.mark.parametrize(("best", "low", "high"), [(1.0, 1.0, 2.0), (2.0, 1.0, 3.0), (4.0, 3.0, 4.0)])
@pytest.mark.parametrize(("least", "between", "fits"), [(0.0, 1.0, True), (1.0, 0.9e-5, True), (1.0, 1e-5, False)])
def test_a_bound_is_looked_for_beside_the_best_of_many(best, low, high, least, between, fits, monkeypatch):
    asked = []
    miss = lambda c, l, h, p: 1.0 if p == 0.0 else least + abs(p - best)  # noqa: E731

    def closer(miss, low, high):
        asked.append((low, high, miss(best)))
        return between

    monkeypatch.setattr(wrong_clamp, "_miss", miss)
    monkeypatch.setattr(wrong_clamp, "_best_between", closer)
    assert bool(wrong_clamp._fits(C, L, "h", lambda l: [1.0, 2.0, 3.0, 4.0])) is fits
    assert asked == [(low, high, least)]


@pytest.mark.parametrize(("c", "l", "straight", "tried"), [
    (C, L, 1e-3, True), (C[:10], L, 1.0, True), (C[:9], L, 1.0, False), (1e-3 * C, L, 1.0, True),
    (0.9e-3 * C, L, 1.0, False),
    (C, L[:, :0], 1.0, False), (C, L, 0.9e-3, False),
])  # fmt: skip
def test_a_clamp_needs_ten_rows_a_spread_and_no_straight_line(c, l, straight, tried, monkeypatch):
    miss = lambda c, l, h, p: 0.0 if p else (straight if h(7, 8) == 7 else None)  # noqa: E731
    monkeypatch.setattr(wrong_clamp, "_miss", miss)
    assert bool(wrong_clamp._fits(c, l, lambda l, p: p, lambda l: [1.0])) is tried
