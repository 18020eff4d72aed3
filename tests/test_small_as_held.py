"""States and log_dets in double precision, however they are held; and states that forward and inverse share."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.diagnosis import held
from nfscratch.check.diagnosis import paired as of_pairs
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


class Rows(SimpleNamespace):
    """A trial."""

    def __len__(self):
        return len(self.z)


def side(*values):
    return Side(all=[SimpleNamespace(value=onp.full((2, 2), float(v)), spots=[]) for v in values])


LARGE = 1e6
NEXT = LARGE + 1.0000015  # it is not LARGE within 1e-6 of 1 and LARGE


def paired(forward, inverse, run=lambda i, j: None):
    found = object.__new__(Paired)
    found.forward, found.inverse, found._run = side(*forward), side(*inverse), run
    return found


def test_a_state_of_the_inverse_is_forwards_within_a_millionth():
    for of_forward, of_inverse, met in ((LARGE, NEXT, False), (NEXT, LARGE, False), (LARGE, LARGE + 0.999, True)):
        both = paired([10, of_forward, 13], [13, of_inverse, 10])
        assert both._comes_to_z(1) is met, (of_forward, of_inverse)
        values = [b.value for b in both.inverse.all]
        assert both._next((2, 0), values, 0) == ((1, 1) if met else (0, 2)), (of_forward, of_inverse)
        assert both._arrives([onp.full((2, 2), of_inverse)] * 2, 2, strong=False) is met
        ends = paired([of_forward, 13], [])
        assert ends._arrives([onp.full((2, 2), of_inverse)], 1, strong=True) is met


def test_directions_of_as_many_boundaries_are_paired_in_reverse_from_one_between_the_ends_on():
    for forward, inverse, turns in (
        ([10, 11], [11, 10], []), ([10, 11, 12], [12, 11, 10], [[(2, 0), (1, 1), (0, 2)]]),
        ([10, 11, 12], [12, 11, 9, 10], []), ([10, 11, 12, 13], [13, 0, 0, 10], [[(3, 0), (2, 1), (1, 2), (0, 3)]]),
    ):  # fmt: skip
        both = paired(forward, inverse)
        both.forward.loops = both.inverse.loops = list
        assert both.turns == turns, (forward, inverse)


def test_layers_are_undone_in_the_order_of_forward_where_there_are_two_of_them():
    """Over all boundaries, or those of two loops of a length; every one of them."""
    for forward, inverse, loops, back, wrong, in_order in (
        ([10, 11], [11, 10], [], [], (), False), ([10, 11, 12], [12, 11, 10], [], [], (), True),
        ([10, 11, 12], [12, 11, 10], [], [], (1,), False), ([10, 11, 12], [12, 11, 10], [], [], (0,), False),
        ([10, 11, 12, 13], [13, 12], [], [], (), False),
        ([10, 11, 12, 13], [13, 12, 11], [[0, 1, 2]], [[0, 1, 2]], (), True),
        ([10, 11, 12, 13], [13, 12, 11], [[0, 1]], [[0, 1]], (), False),
        ([10, 11, 12, 13], [13, 12, 11], [[0, 1, 2]], [[0, 1]], (), False),
        ([10, 11, 12, 13], [13, 12, 11], [[0, 1, 3], [1, 2, 3]], [[0, 1, 2]], (0,), True),
    ):  # fmt: skip
        both = paired(forward, inverse)
        both.forward.loops, both.inverse.loops = (lambda loops=loops: loops), (lambda back=back: back)
        both._undoes = lambda f, g, wrong=wrong: len(f) == len(g) == 2 and f[0] not in wrong
        assert both.in_order() is in_order, (forward, inverse, loops, back, wrong)


def test_a_layer_stands_where_inverse_undoes_it_or_where_forward_makes_it_if_nothing_does():
    words = SimpleNamespace(
        forward=SimpleNamespace(lines=lambda i, j: f"forward {i} to {j}"),
        inverse=SimpleNamespace(lines=lambda i, j: f"inverse {i} to {j}"),
    )
    for low, high, said in (
        ((1, 7), (2, 5), "inverse 5 to 7"), ((1, 7), (2, 7), "forward 1 to 2"), ((0, 4), (3, 4), "forward 0 to 3"),
    ):  # fmt: skip
        assert Paired._words(words, low, high) == said


def test_rows_of_one_size_are_told_in_their_order(monkeypatch):
    """The nearest to 0 first; a check that raises has nothing to say, and where no row is good there is none."""

    def raises(*of):
        raise ZeroDivisionError

    z = onp.where(onp.arange(64) % 3 == 0, 1.0, 2.0)[:, None]
    nearest = [*range(0, 64, 3), *(k for k in range(64) if k % 3)]
    bad = onp.isin(onp.arange(64), [1, 5, 9])
    finding = SimpleNamespace(evidence={"bad": bad})
    for trip, of_jacobian, first in (
        (raises, raises, []), (lambda t: finding, raises, [9, 1, 5]), (raises, lambda t, way: finding, [9, 1, 5]),
        (lambda t: SimpleNamespace(evidence=None), lambda t, way: SimpleNamespace(evidence={}), []),
    ):  # fmt: skip
        monkeypatch.setattr(of_pairs, "check_round_trip", trip)
        monkeypatch.setattr(of_pairs, "check_jacobian", of_jacobian)
        trial = Rows(z=z, x=z, usable=onp.ones(64, dtype=bool))
        found = of_pairs._telling_rows(trial)
        assert found.tolist() == [*first, *(k for k in nearest if k not in first)], first
        trial.usable[:] = False
        nothing = of_pairs._telling_rows(trial)
        assert nothing.tolist() == [] and nothing.dtype.kind == "i"  # rows are taken by it
