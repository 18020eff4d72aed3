"""Trials of two plain functions, most of them without log_dets, for tests of single looks of the audit."""

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


def zero(a):
    return onp.zeros(len(a))


def pair(forward, inverse=lambda x: x, log_det=zero):
    """Both functions with the same log_det."""
    return tuple(lambda a, f=f: (f(a), log_det(a)) for f in (forward, inverse))


def small_trial(forward, inverse=lambda x: x, dim=2, n=12, z=None, log_det=zero, **declared):
    """A trial of a few rows, or of these rows; without an inverse, of one that gives x back."""
    subject = of_pair(*pair(forward, inverse, log_det), dim, **declared)
    return Trial(subject, rng().normal(size=(n, dim)) if z is None else onp.array(z, dtype=float))
