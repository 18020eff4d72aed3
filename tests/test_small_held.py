"""What objects hold before their first call and after it, and how two copies are told apart by their first batches."""

from functools import partial

import numpy as onp
import pytest

from nfscratch.check import first_batch
from nfscratch.check.first_batch import depends_on_first_batch

Z = onp.arange(12.0).reshape(6, 2) ** 2


class Layer:
    """forward gives m and s to every row, after its first call has set what `sets` says from its batch."""

    def __init__(self, sets, **held):
        self.sets, self.seen = sets, None
        self.__dict__.update({"m": onp.array([1.0, 2.0]), "s": onp.array([3.0, 5.0])} | held)

    def forward(self, z):
        if self.seen is None:
            self.seen = z[:1].tolist()  # no array
            self.sets(self, z)
        return 0 * z + self.m, z[:, 0] * 0 + self.s[0]

    def inverse(self, x):
        return x, x[:, 0]

    pair = property(lambda self: (self.forward, self.inverse))


def set_m(layer, z):
    layer.m = z.mean(axis=0)


def set_both(layer, z):
    layer.m, layer.s = z.mean(axis=0), z.std(axis=0)


def set_log_det(layer, z):
    layer.s = z.mean(axis=0)


def set_always(layer, z):
    layer.m = onp.array([4.0, 4.5])


def add_one(layer, z):
    """What it held is lost, but not to its batch: both copies are alike again."""
    layer.m = layer.m + 1


def fill(layer, z):
    """It keeps what it held, and answers by what it had not."""
    layer.m, layer.old = z.mean(axis=0) * onp.ones((1, 1)), layer.m


def set_other_shape(layer, z):
    layer.m = z[:1].mean() + onp.zeros((1, 1))


def set_for_even_rows(layer, z):
    if z[0, 0] == 0:
        layer.m = z.mean(axis=0)


def divide(layer, z):
    set_m(layer, z)
    return z / 0.0


@pytest.mark.parametrize(("sets", "depends"), [
    (set_m, True), (set_both, True), (set_log_det, True), (set_always, False), (add_one, False), (fill, False),
    (set_other_shape, False), (set_for_even_rows, False), (divide, True), (lambda layer, z: None, False),
    (lambda layer, z: 1 // 0, False),
])  # fmt: skip
def test_a_map_depends_on_its_first_batch_where_both_copies_lose_numbers_to_it_and_differ(sets, depends):
    with onp.errstate(all="raise"):
        assert depends_on_first_batch(Layer(sets).pair, 2, Z) is depends


def test_one_copy_is_given_the_even_rows_and_one_the_odd_ones_and_both_all_of_them():
    asked = []

    class Asked(Layer):
        def forward(self, z):
            asked.append(z.copy())
            z += 1  # it may write into what it is given
            return super().forward(z)

    assert depends_on_first_batch(Asked(set_m).pair, 2, Z)
    before = onp.arange(12.0).reshape(6, 2) ** 2
    assert [a.tolist() for a in asked] == [b.tolist() for b in (before[::2], before, before[1::2], before)]
    assert (Z == before).all()


def test_a_single_number_beside_is_held_by_nobody_and_does_no_harm():
    assert depends_on_first_batch(Layer(set_m, one=onp.array([7.0]), none=onp.zeros(0)).pair, 2, Z)


def held(thing):
    return {path: array.tolist() for path, array in first_batch._held(thing)}


def test_arrays_are_held_where_they_have_fractions_and_several_numbers():
    numbers = [onp.array([1.0, 2.0]), onp.array([1.0, 1.0]), onp.array([1, 2]), onp.array([5.0]), onp.zeros(0), [1.0]]
    assert held(numbers) == {(0,): [1, 2]} and held(onp.array([1.0, 1.0, 2.0], "float32")) == {(): [1, 1, 2]}
    assert held({"a": {"b": numbers[0]}, "c": numbers[1]}) == {("a", "b"): [1, 2]}
    assert held((3, "words", None, len)) == {}


def test_objects_are_looked_into_six_deep():
    inner = onp.array([1.0, 2.0])
    for depth in range(8):
        nested = inner
        for _ in range(depth):
            nested = [nested]
        assert held(nested) == ({(0,) * depth: [1, 2]} if depth <= 6 else {}), depth


def test_a_method_holds_its_object_and_a_partial_its_arguments():
    layer, array, other = Layer(set_m), onp.array([7.0, 8.0]), onp.array([9.0, 10.0])
    assert held(layer.forward) == {("self", "m"): [1, 2], ("self", "s"): [3, 5]}
    bound = partial(layer.forward, array, k=other)
    assert held(bound) == {
        (0,): [7, 8], ("k",): [9, 10], ("func", "self", "m"): [1, 2], ("func", "self", "s"): [3, 5],
    }  # fmt: skip


def test_numbers_are_alike_to_a_millionth_of_the_second_and_a_millionth_more():
    for p, q, alike in (
        (0.0, 0.9e-6, True), (0.0, 1.1e-6, False), (1000.0, 1000.0009, True), (1000.0, 1000.0011, False),
        (0.0, 1.0000005e-6, True), (1.0000005e-6, 0.0, False),
        (onp.nan, onp.nan, True), (onp.nan, 1.0, False), (onp.inf, onp.inf, True),
    ):  # fmt: skip
        assert first_batch._alike(onp.array([1.0, p]), onp.array([1.0, q])) is alike, (p, q)


def test_numbers_are_lost_that_moved_by_more_than_a_millionth_of_what_they_were_and_a_millionth_more():
    for before, now, lost in ((0.0, 1.0000005e-6, True), (1.0000005e-6, 0.0, False)):
        layer = Layer(
            lambda layer, z, now=now: layer.__dict__.update(m=onp.array([now, 2.0])), m=onp.array([before, 2.0])
        )
        assert first_batch._after(layer.pair, 2, Z, Z)[1] is lost, before


def test_what_is_its_own_copy_is_not_asked():
    layer, plain = Layer(set_m), lambda a: (a, a[:, 0])
    forward, inverse = layer.pair
    for pairs, copied in (
        ((forward, inverse), True), ((forward, plain), False), ((plain, inverse), False), ((len, inverse), False),
        ((Layer, inverse), False), ([(forward, inverse), (plain, inverse)], False), ([(forward, inverse)] * 2, True),
        ((partial(plain), inverse), True),
    ):  # fmt: skip
        assert first_batch._can_be_copied(pairs) is copied, pairs
