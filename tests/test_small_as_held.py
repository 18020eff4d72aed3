"""States and log_dets in double precision, however they are held; and states that forward and inverse share."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.diagnosis import held
from nfscratch.check.diagnosis.paired import Paired

COLUMN = onp.array([1.0, 2.0, 3.0])
SINGLE = onp.float32(0.1)  # which no double is


def test_a_state_is_taken_in_double_precision():
    for value, names, dim, state in (
        ([COLUMN], ("h",), 1, [[1], [2], [3]]), ([COLUMN, 2 * COLUMN], ("h",), 2, [[1, 2], [2, 4], [3, 6]]),
        (COLUMN[None], ("h",), 3, [[1, 2, 3]]), (COLUMN[:, None], ("h",), 1, [[1], [2], [3]]),
        (onp.full((2, 1), SINGLE), ("h",), 1, [[float(SINGLE)]] * 2), ([SINGLE, SINGLE], ("h",), 2, None),
        ([onp.full(2, SINGLE)], ("h",), 1, [[float(SINGLE)]] * 2), ([0.5, 0.25], ("h",), 2, [[0.5, 0.25]]),
    ):  # fmt: skip
        if state is not None:
            found = held.taken({"h": value}, names, dim)
            assert found.dtype == onp.float64 and found.tolist() == state, value
    halves = {"u": onp.full((2, 1), SINGLE), "v": COLUMN[:2].astype("float32")}
    found = held.taken(halves, ("u", "v"), 2)
    assert found.dtype == onp.float64 and found.tolist() == [[float(SINGLE), 1], [float(SINGLE), 2]]


def test_a_state_that_is_taken_is_a_copy():
    for value in (COLUMN[None].copy(), COLUMN[:, None].copy()):
        found = held.taken({"h": value}, ("h",), value.shape[1])
        found[:] = 9
        assert value.ravel().tolist() == [1, 2, 3]


def test_log_dets_are_added_up_in_double_precision():
    small = onp.float32(1e-8)  # nothing, beside 1 in single precision
    both = onp.array([[1, 1, 1], [small, small, small]], dtype="float32")
    for value in (both, both.T.copy(), [both[0], both[1]], [1.0, both[1]]):
        assert held.summed({"v": value}, [("v", 1.0)], 3).tolist() == [1 + float(small)] * 3, value
    assert held.summed({"v": both, "w": 0.5}, [("v", -2.0), ("w", 4.0)], 3).tolist() == [-2 * float(small)] * 3


def test_one_log_det_in_a_list_is_one():
    for value, one in (([COLUMN], True), ([0.5], True), ([], False), ([[COLUMN]], True), ([COLUMN, "a"], False)):
        assert held.is_log_det(value, 3) is one, value


# --- pairs ---


class Side(SimpleNamespace):
    def __len__(self):
        return len(self.all)


def side(*values):
    return Side(all=[SimpleNamespace(value=onp.full((2, 2), float(v)), spots=[]) for v in values])


LARGE = 1e6
NEXT = LARGE + 1.0000015  # it is LARGE within 1e-6 of 1 and NEXT, and not within 1e-6 of 1 and LARGE


def paired(forward, inverse, run=lambda i, j: None):
    found = object.__new__(Paired)
    found.forward, found.inverse, found._run = side(*forward), side(*inverse), run
    return found


def test_a_state_of_the_inverse_is_forwards_within_a_share_of_forwards():
    for of_forward, of_inverse, met in ((LARGE, NEXT, False), (NEXT, LARGE, True), (LARGE, LARGE + 0.999, True)):
        both = paired([10, of_forward, 13], [13, of_inverse, 10])
        assert both._comes_to_z(1) is met, (of_forward, of_inverse)
        values = [b.value for b in both.inverse.all]
        assert both._next((2, 0), values, 0) == ((1, 1) if met else (0, 2)), (of_forward, of_inverse)
        assert both._arrives([onp.full((2, 2), of_inverse)] * 2, 2, strong=False) is met
        ends = paired([of_forward, 13], [])
        assert ends._arrives([onp.full((2, 2), of_inverse)], 1, strong=True) is met
