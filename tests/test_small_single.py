"""Whether functions compute in float32: by their dtypes, and by the digits of what they return."""

import numpy as onp

from nfscratch.check import pairs
from nfscratch.check.pairs import computes_in_float32

Z = onp.random.default_rng(0).normal(size=(5, 2))


def single(a):
    return onp.asarray(a).astype("float32")


def zero(a):
    return single(0 * a[:, 0])


def forward(z):
    return single(z / 3), zero(z)


def inverse(x):
    return single(x * 3), zero(x)


def test_functions_compute_in_float32_where_all_four_results_have_no_more_digits():
    def but(result, which, f):
        def call(a):
            answer = list(f(a))
            answer[which] = result(a)
            return tuple(answer)

        return call

    wide, log_det = (lambda a: a / 3), (lambda a: a[:, 0] / 3)
    for both, found in (
        ((forward, inverse), True), ((but(wide, 0, forward), inverse), False),
        ((forward, but(wide, 0, inverse)), False),
        ((but(log_det, 1, forward), inverse), False), ((forward, but(log_det, 1, inverse)), False),
        ((but(lambda z: single(z / 3).astype(float), 0, forward), inverse), True),
    ):  # fmt: skip
        assert computes_in_float32(both, 2, Z) is found, both


def test_inverse_is_asked_in_float64_as_forward_is():
    asked = []
    follows = lambda x: asked.append(x.dtype) or (x / 3, 0 * x[:, 0])  # noqa: E731
    assert not computes_in_float32((forward, follows), 2, Z) and asked == [onp.float64]


def test_functions_may_divide_by_zero_and_write_into_what_they_are_given_and_raise():
    def divides(a):
        a += 1
        return single(a / 0.0), zero(a)

    z = Z.copy()
    with onp.errstate(all="raise"):
        assert computes_in_float32((divides, lambda x: (single(x / 0.0), zero(x))), 2, z)
    assert (z == Z).all()
    assert not computes_in_float32((lambda z: 1 / 0, inverse), 2, Z)
    assert not computes_in_float32((forward, lambda x: 1 / 0), 2, Z)


def test_numbers_have_the_digits_of_float32():
    for a, found in (
        (onp.ones(2, "float32"), True), (onp.array([0.5, 1e10]), True), (onp.array([0.1]), False),
        (onp.array([0.5, 0.1]), False), (onp.array([onp.nan, 0.5]), False), (onp.array([onp.inf]), False),
        (onp.ones(2, "int64"), False), (onp.ones(2, "float16"), False), (onp.full(2, onp.nan, "float32"), True),
        (0.5, True), ([0.5, 0.1], False),
    ):  # fmt: skip
        assert pairs.is_single(a) is found, a


def test_what_is_made_of_few_digits_has_few_by_chance():
    x = single(Z)
    for made, z, found in (
        (x, Z, True), (x, single(Z).astype(float), False), (x[:3], Z, False), (x[:0], Z[:0], False),
        (x, onp.where(Z == Z[0, 0], Z, 0.5), True),
    ):  # fmt: skip
        assert pairs._is_single_beyond_z(made, z) is found
