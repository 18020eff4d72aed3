"""What a case is, and how it is tried: a bijection with wild parameters, at points on either side of its kinks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as onp

from nfscratch.bijections.contract import Bijection
from nfscratch.check import random_params

DIMS = (1, 2, 5, 6)
CONTEXT = 3  # the width of the context of a case that has one


@dataclass(frozen=True, eq=False)
class Case:
    """A bijection for any dimension, and what the laws may ask of it.

    make: the bijection for D variables.
    reach: the largest |z| at which it is tried. Near the ends of a bounded range no difference quotient fits inside.
    searched: an inverse is found by a search, to its residual and not to the last digit.
    tolerance: what two ways to the same gradient may differ by; long sums of terms need more.
    moves: something moves. The audit's letter T calls an identity a mistake.
    like: the case whose audit takes the same way through the code in less time; the default run audits that one.
    """

    name: str
    make: Callable[[int], Bijection]
    reach: float = onp.inf
    searched: bool = False
    tolerance: float = 1e-12
    moves: bool = True
    like: str = ""

    def example(self, dim, n=7, scale=1.0):
        """bijection, wild parameters, n points z to try it at, and their context."""
        rng = onp.random.default_rng([dim, *self.name.encode()])
        bijection = self.make(dim)
        params = wild_params(bijection, rng, scale)
        z = rng.normal(size=(n, *bijection.in_shape))
        z[n - n // 2 :] *= 3.0
        return bijection, params, onp.clip(z, -self.reach, self.reach), context_for(bijection, rng, n)


def by_search(name, make, reach=onp.inf, like=""):
    """A case whose inverse, or forward, is a search."""
    return Case(name, make, reach, searched=True, tolerance=1e-11, like=like)


def wild_params(bijection, rng, scale=1.0):
    """Random parameters, started from a batch of data with offsets, unequal scales and correlations.

    Near the identity many mistakes agree with what is right.
    """
    x = rng.normal(size=(50, *bijection.out_shape)) * 3 + 1
    x = x + x[..., :1]
    return random_params(bijection, rng, scale, context_for(bijection, rng, 50), x)


def context_for(bijection, rng, n):
    return rng.normal(size=(n, bijection.context_dim)) if bijection.context_dim else None
