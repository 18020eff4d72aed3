"""A trial of two plain functions without log_dets, for tests of single looks of the audit."""

import numpy as onp

from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def rng(seed=0):
    return onp.random.default_rng(seed)


def trial_of(forward, inverse=None, dim=2, n=40, seed=0, **declared):
    """A trial of two functions without log_dets."""
    zero = lambda f: None if f is None else lambda a: (f(a), onp.zeros(len(a)))  # noqa: E731
    subject = of_pair(zero(forward), zero(inverse or forward), dim, **declared)
    return Trial(subject, rng(seed).normal(size=(n, dim)))
