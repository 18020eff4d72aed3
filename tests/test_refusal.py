"""Far out a map may decline a point in words; a fault in its code is told."""

import math

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.refusal import is_refusal
from nfscratch.ops.roots import InversionError


def in_words(z):
    raise ValueError("z must lie within 1e5")


def no_root(z):
    raise InversionError("the bracket was doubled 100 times")


def an_assertion(z):
    assert np.abs(z).max() < 1e5, "too far"


def overflow(z):
    return math.exp(np.abs(z).max())


def singular(z):
    return np.linalg.inv(np.zeros((2, 2)))


def off_the_domain_of_math(z):
    return math.sqrt(-np.abs(z).max())


REFUSALS = (in_words, no_root, an_assertion, overflow, singular, off_the_domain_of_math)


def out_of_a_table(z):
    return np.arange(5)[int(np.abs(z).max() // 1e5)]


def out_of_a_dictionary(z):
    return {0: "near"}[1]


def of_another_shape(z):
    return z @ np.ones((7, 7))


def stacked_unevenly(z):
    return np.stack([z, z[:1]])


def no_such_attribute(z):
    return z.far


def no_such_name(z):
    return undefined  # noqa: F821


def added_to_words(z):
    return z + "far"


FAULTS = (out_of_a_table, out_of_a_dictionary, of_another_shape, stacked_unevenly, no_such_attribute, no_such_name,
          added_to_words)  # fmt: skip


def doubling(beyond):
    """x = 2 z, with something done at |z| > 1e5."""

    def forward(z):
        if np.abs(z).max(initial=0.0) > 1e5:
            beyond(z)
        return 2 * z, np.full(len(z), z.shape[1] * np.log(2))

    return forward, lambda x: (x / 2, np.full(len(x), -x.shape[1] * np.log(2)))


@pytest.mark.parametrize("beyond", REFUSALS)
def test_a_map_may_decline_a_point_far_out(beyond):
    assert nf.check.audit(doubling(beyond), dims=(2,), letters="SO", show=False).ok


@pytest.mark.parametrize("beyond", FAULTS)
def test_a_fault_far_out_is_told(beyond):
    failure = nf.check.audit(doubling(beyond), dims=(2,), letters="SO", show=False).failures[0]
    assert failure.letter == "O" and failure.mistake is Mistake.RAISES
    assert failure.name.startswith("forward raises ") and "e+0" in failure.message


def test_a_result_of_another_shape_far_out_is_told():
    forward, inverse = doubling(lambda z: None)

    def narrow(z):
        x, log_det = forward(z)
        return x[:, :1] if np.abs(z).max(initial=0.0) > 1e5 else x, log_det

    assert nf.check.audit((narrow, inverse), dims=(2,), letters="SO", show=False).failures[0].letter == "O"


def test_an_exception_without_a_place_is_no_statement_of_the_map():
    assert not is_refusal(ValueError("made, and not raised")) and is_refusal(OverflowError())
