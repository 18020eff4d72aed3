"""Bent elementwise maps whose affine part is undone wrongly: which numbers are the same, to five digits."""

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_elementwise

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
