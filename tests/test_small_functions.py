"""Two plain functions as a subject: what they may return, in which order they are done, and which words they get."""

import itertools

import numpy as onp
import pytest

from nfscratch.check import pairs
from nfscratch.check.pairs import of_pair, of_pairs

Z = onp.arange(6.0).reshape(3, 2)


class Tensor:
    """Of a library that keeps a gradient."""

    steps = ""

    def __init__(self, values):
        self.values = onp.asarray(values)

    def detach(self):
        return self._after("d")

    def cpu(self):
        return self._after("c")

    def _after(self, step):
        found = Tensor(self.values)
        found.steps = self.steps + step
        return found

    def __array__(self, dtype=None, copy=None):
        assert self.steps == "dc"
        return self.values


def zero(z):
    return onp.zeros(len(z))


def test_a_pair_is_a_subject_of_rows_or_of_events():
    def mine(z):
        return 2 * z, zero(z)

    for dim, shape in ((2, (2,)), (onp.int64(3), (3,)), ((2, 1, 4), (2, 1, 4)), ([5], (5,))):
        s = of_pair(mine, mine, dim, "float32")
        assert s.in_shape == s.out_shape == shape and s.dtype == onp.float32 and s.name == "pair (mine, ...)"
    assert of_pair(mine, mine, 2, name="a layer").name == "a layer"
    assert of_pair(mine, mine, 2).dtype == onp.float64
    s = of_pair(mine, lambda x: (x / 2, zero(x)), 2)
    assert s.forward(Z)[0].tolist() == (2 * Z).tolist() and s.inverse(Z)[0].tolist() == (Z / 2).tolist()


def test_what_a_user_declares_is_of_arrays_on_the_host():
    both = (lambda z: (z, zero(z)),) * 2
    given = {"log_prob": lambda x: Tensor(x[:, 0]), "sample": lambda rng, n: Tensor(onp.ones((n, 2)))}
    s = of_pair(*both, 2, domain=(0.0, 1.0), codomain=(None, 2.0), smooth=False, **given)
    assert (s.domain, s.codomain, s.smooth) == ((0.0, 1.0), (-onp.inf, 2.0), False)
    assert type(s.log_prob(Z)) is onp.ndarray and s.log_prob(Z).tolist() == [0, 2, 4]
    assert type(s.sample("rng", 3)) is onp.ndarray and s.sample("rng", 3).shape == (3, 2)
    with pytest.raises(TypeError, match=r"sample must return an array of numbers; got str"):
        of_pair(*both, 2, sample=lambda rng, n: "none").sample("rng", 3)
    bare = of_pair(*both, 2, log_prob=None, sample=None)
    assert bare.log_prob is None and bare.sample is None and bare.domain == (-onp.inf, onp.inf)


def test_several_pairs_are_done_in_the_order_in_which_z_meets_them():
    first = (lambda z: (2 * z, zero(z) + 1), lambda x: (x / 2, zero(x) - 1))
    second = (lambda z: (z + 3, zero(z) + 10), lambda x: (x - 3, zero(x) - 10))
    s = of_pairs([first, second], 2, "float32", smooth=False)
    x, log_det = s.forward(Z)
    assert x.tolist() == (2 * Z + 3).tolist() and log_det.tolist() == [11] * 3
    back, log_det = s.inverse(2 * Z + 3)
    assert back.tolist() == Z.tolist() and log_det.tolist() == [-11] * 3
    assert s.name == "2 pairs" and s.dtype == onp.float32 and s.smooth is False and len(s.pairs) == 2
    assert [layer.dtype for layer in s.pairs] == [onp.float32] * 2 and s.pairs[1].forward(Z)[0].tolist() == (
        Z + 3
    ).tolist()
    one = of_pairs(first, 2, "float32", smooth=False)
    assert not one.pairs and one.dtype == onp.float32 and one.smooth is False and one.name.startswith("pair (")


# --- what functions return ---


@pytest.mark.parametrize(("returned", "got"), [
    ((1, 2, 3), "3 values"), ((1,), "1 values"), (Z, r"ndarray of shape \(3, 2\)"), (None, "NoneType"), ("ab", "str"),
])  # fmt: skip
def test_two_values_have_to_be_returned(returned, got):
    s = of_pair(lambda z: returned, lambda x: returned, 2)
    for direction, symbol in (("forward", "x"), ("inverse", "z")):
        with pytest.raises(TypeError, match=rf"{direction} must return two values, {symbol} and log_det; got {got}$"):
            getattr(s, direction)(Z)


def test_an_async_function_is_told_and_closed():
    async def forward(z):
        return z, zero(z)

    with pytest.raises(TypeError, match="got a coroutine: an async function cannot be audited"):
        of_pair(forward, forward, 2).forward(Z)


def test_a_list_or_a_generator_of_two_is_two_values():
    def yields(z):
        yield z
        yield zero(z)

    for forward in (lambda z: [z, zero(z)], yields, lambda z: (Tensor(z), Tensor(zero(z)))):
        found = of_pair(forward, forward, 2).forward(Z)
        assert (
            type(found) is tuple and [type(a) for a in found] == [onp.ndarray] * 2 and found[0].tolist() == Z.tolist()
        )
    with pytest.raises(TypeError, match=f"got {pairs.MOST_RESULTS} values"):
        of_pair(lambda z: itertools.repeat(z), yields, 2).forward(Z)


@pytest.mark.parametrize(("a", "kind"), [
    (onp.ones(2), onp.ndarray), (onp.float32(1), onp.float32), (Tensor([1.0]), onp.ndarray),
    (3.0, float), ("a", str), ([1.0], list),
])  # fmt: skip
def test_numbers_of_another_library_become_arrays(a, kind):
    found = pairs._numbers(a)
    assert type(found) is kind and (found is a or isinstance(a, Tensor))


def test_results_of_single_precision():
    f = pairs.single(lambda z: [z, 3.0])
    x, number = f(Z)
    assert x.dtype == onp.float32 and number == 3.0 and type(f(Z)) is tuple
    assert pairs.single(lambda z: Tensor(z))(Z).dtype == onp.float32
    assert pairs.single(zero).__name__ == "zero"
