"""At the very ends of an interval a map may refuse in words, and its tables may not be too short."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake

KNOTS = onp.array([0.0, 0.2, 0.7, 1.0])
VALUES = onp.array([0.0, 0.5, 0.6, 1.0])


def bent(z, knots, values, last):
    """Straight pieces, and the sum of the logarithms of their slopes. last: the highest bin that is allowed."""
    k = onp.minimum(onp.searchsorted(knots, z, side="right") - 1, last)
    slope = onp.diff(values)[k] / onp.diff(knots)[k]
    return values[k] + slope * (z - knots[k]), onp.log(slope).sum(axis=1)


def pair(forward_last=2, inverse_last=2):
    return lambda z: bent(z, KNOTS, VALUES, forward_last), lambda x: bent(x, VALUES, KNOTS, inverse_last)


def failures(subject, letters="E", domain=(0, 1), codomain=(0, 1)):
    report = nf.check.audit(subject, dims=(2,), letters=letters, domain=domain, codomain=codomain, show=False)
    return report.failures


@pytest.mark.parametrize(("lasts", "words"), [((9, 2), "forward raises IndexError"), ((2, 9), "inverse raises Index")])
def test_a_bin_after_the_last_one_is_a_mistake(lasts, words):
    (failure,) = failures(pair(*lasts))
    assert failure.letter == "E" and failure.mistake is Mistake.BIN_AT_RIGHT_EDGE and words in failure.message


def test_a_bin_that_is_clipped_is_none():
    assert not failures(pair(), "SPIRXJEO")


def test_an_end_that_is_refused_in_words_or_has_no_number_is_none():
    def logit(z):
        if not ((z > 0) & (z < 1)).all():
            raise ValueError("z must lie between 0 and 1")
        return onp.log(z / (1 - z)), -onp.log(z * (1 - z)).sum(axis=1)

    def sigmoid(x):
        z = 1 / (1 + onp.exp(-x))
        return z, onp.log(z * (1 - z)).sum(axis=1)

    assert not failures((logit, sigmoid), codomain=None)


def test_only_variables_that_have_ends_are_put_there():
    """The second variable is free: its end is nowhere, and the first one's is found."""

    def beside(last):
        def forward(z):
            x, log_det = bent(z[:, :1], KNOTS, VALUES, last)
            return onp.concatenate([x, z[:, 1:]], axis=1), log_det

        def inverse(x):
            z, log_det = bent(x[:, :1], VALUES, KNOTS, 2)
            return onp.concatenate([z, x[:, 1:]], axis=1), log_det

        return forward, inverse

    ends = ([0, -onp.inf], [1, onp.inf])
    assert not failures(beside(2), domain=ends, codomain=ends)
    (failure,) = failures(beside(9), domain=ends, codomain=ends)
    assert failure.mistake is Mistake.BIN_AT_RIGHT_EDGE and "z = [1, " in failure.message
