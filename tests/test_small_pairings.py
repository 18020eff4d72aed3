"""Which boundaries of two directions are paired: states that both meet, and those from which the inverse comes to z."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import paired
from nfscratch.check.diagnosis.paired import Paired


def state(tag):
    return onp.array([[float(tag), 1.0], [2.0, float(tag)]])


def side(tags, runs=None):
    """A direction whose run meets these states; from boundary j and state t on it meets runs[j, t]."""

    def states_from(j, h):
        return [h, *map(state, runs[j, round(float(h[0, 0]))])]

    return SimpleNamespace(
        all=[SimpleNamespace(value=state(t)) for t in tags], __len__=len, states_from=states_from, loops=list
    )


class Side(SimpleNamespace):
    def __len__(self):
        return len(self.all)


def pairing(forward, inverse, runs=None, loops=(), back=()):
    found = object.__new__(Paired)
    found.forward, found.inverse = Side(**vars(side(forward))), Side(**vars(side(inverse, runs or {})))
    found.forward.loops, found.inverse.loops = (lambda: list(loops)), (lambda: list(back))
    return found


FORWARD = [10, 11, 12, 13, 14]  # z is 10, and x is 14


@pytest.mark.parametrize(("inverse", "runs", "matched"), [
    ([14, 13, 12, 11, 10], {}, [(4, 0), (3, 1), (2, 2), (1, 3), (0, 4)]),
    ([14, 12, 11, 10], {}, [(4, 0), (2, 1), (1, 2), (0, 3)]),
    ([14, 13, 50, 12, 10], {}, [(4, 0), (3, 1), (2, 3), (0, 4)]),
    ([14, 13, 14, 12, 10], {}, [(4, 0), (3, 1), (2, 3), (0, 4)]),  # it comes to x again
    ([14, 13, 92, 91, 90], {(2, 12): [11, 10]}, [(4, 0), (3, 1), (2, 2), (1, 3), (0, 4)]),  # one wrong layer
    ([14, 93, 92, 91, 90], {(1, 13): [92, 91, 90], (2, 12): [11, 10]}, [(4, 0), (2, 2), (1, 3), (0, 4)]),
    ([14, 93, 92, 90], {(1, 13): [92, 90], (2, 12): [10]}, [(4, 0), (2, 2), (0, 3)]),
    ([14, 93, 92, 90], {(1, 13): [12, 90], (2, 12): [90]}, [(4, 0), (3, 1), (2, 2), (0, 3)]),
    ([14, 93, 92, 90], {(1, 13): [92, 90], (2, 12): [90]}, [(4, 0), (0, 3)]), ([14, 90], {}, [(4, 0), (0, 1)]),
    ([14, 13, 92, 90], {(1, 12): [11, 10], (2, 12): [90]}, [(4, 0), (3, 1), (2, 1), (1, 2), (0, 3)]),
])  # fmt: skip
def test_states_of_forward_from_which_the_inverse_comes_to_z(inverse, runs, matched):
    assert pairing(FORWARD, inverse, runs).matched == matched


@pytest.mark.parametrize(("values", "i", "strong", "weak"), [
    ([12, 11, 10], 2, True, True), ([12, 10, 11], 2, False, True), ([12, 91, 90], 2, False, False),
    ([11, 12, 90], 2, False, False), ([10, 90], 2, False, False), ([12, 11, 90], 1, False, False),
])  # fmt: skip
def test_a_run_arrives_at_z_or_at_an_earlier_state(values, i, strong, weak):
    """Its first value is where it starts."""
    found, values = pairing(FORWARD, [14, 10]), list(map(state, values))
    assert found._arrives(values, i, True) is strong and found._arrives(values, i, False) is weak


def test_a_state_that_the_inverse_does_not_take_has_no_run():
    found = pairing(FORWARD, [14, 92, 90], {(1, 12): [10]})
    assert found._run(1, 1) is None and [v[0, 0] for v in found._run(2, 1)] == [12, 10]


@pytest.mark.parametrize(("loops", "back", "turns"), [
    ([[0, 1, 2]], [[0, 1, 2]], [[(4, 0), (2, 0), (1, 1), (0, 2), (0, 4)], [(4, 0), (3, 1), (2, 2), (1, 3), (0, 4)]]),
    ([[1, 2, 3]], [[1, 2, 3]], [[(4, 0), (3, 1), (2, 2), (1, 3), (0, 4)]] * 2),
    ([[1, 2, 3]], [[1, 2]], [[(4, 0), (3, 1), (2, 2), (1, 3), (0, 4)]]),
])  # fmt: skip
def test_turns_of_loops_of_equal_length_are_paired_in_reverse(loops, back, turns):
    found = pairing(FORWARD, [14, 3, 2, 1, 90], loops=loops, back=back)
    inner = [[p for p in pairs if p in ((4, 0), (0, 4)) or (0 < p[0] < 4 and 0 < p[1] < 4)] for pairs in turns]
    assert found.turns == inner
    assert pairing(FORWARD, [14, 90], loops=loops, back=[]).turns == []
    assert pairing([10, 14], [14, 90]).turns == []


@pytest.mark.parametrize(("pairs", "whole"), [
    ([(4, 0), (4, 1), (4, 2), (2, 3), (0, 4)], [(4, 0), (2, 3), (0, 4)]),
    ([(4, 0), (2, 1), (2, 2), (2, 3), (0, 4)], [(4, 0), (2, 3), (0, 4)]), ([(4, 0)], [(4, 0)]),
])  # fmt: skip
def test_what_inverse_does_beside_a_layer_belongs_to_it(pairs, whole):
    assert paired.whole_layers(pairs) == whole


@pytest.mark.parametrize(("wrong", "orders"), [((), True), ((1,), False), ((3,), False)])
def test_an_inverse_in_the_order_of_forward_undoes_each_of_its_layers(wrong, orders):
    """Its k-th step undoes the k-th of forward."""
    found = pairing(FORWARD, [14, 3, 2, 1, 90])

    def step(i, j):
        assert j == i + 1
        return lambda h: (state(10 + i if i not in wrong else 77), None)

    found.inverse.step = step
    assert found.in_order() is orders
    short = pairing([10, 14], [14, 90])
    short.inverse.step = step
    assert not short.in_order()
    loop = pairing(FORWARD, [14, 3, 2, 90], loops=[[0, 1, 2]], back=[[0, 1, 2]])
    loop.inverse.step = step
    assert loop.in_order() is (1 not in wrong)
    loop.inverse.loops = lambda: [[0, 1]]
    assert not loop.in_order()


def test_a_step_that_does_not_take_a_state_undoes_nothing():
    found = pairing(FORWARD, [14, 90])

    def step(i, j):
        raise ValueError("no state of that kind")

    found.inverse.step = step
    assert found._undoes([0, 1], [0, 1]) is False
