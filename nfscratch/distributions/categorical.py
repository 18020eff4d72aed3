"""Categorical: a number with K levels, each of which has a probability of its own.

    theta = (l_0 ... l_{K-1})     x in {0, 1/(K-1), ..., 1}     log p(x) = l_k - log sum_j e^{l_j},   k = (K - 1) x

The levels stand evenly between 0 and 1, as a network likes its inputs: pixels 0 ... 16 are divided by 16. K = 2 is
`Bernoulli` with l = l_1 - l_0. It knows nothing of an order among the levels.
van den Oord et al. 2016, arXiv:1601.06759, section 2.3: a softmax over the values of a pixel.

    pullback    dl_j = [j = k] - p_j,     dx = 0: x has no derivative
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend, validate
from nfscratch.distributions.conditionals import Conditional, uniform
from nfscratch.ops.layout import columns, from_columns

TOLERANCE = 1e-4  # of k: float32 tells 1,024 levels apart with room


@dataclass(frozen=True, eq=False)
class Categorical(Conditional):
    """levels: K, from 2 to 256."""

    levels: int

    n_params = property(lambda self: self.levels)
    n_levels = property(lambda self: self.levels)

    def __post_init__(self):
        validate.size("levels", self.levels, least=2)
        if self.levels > 256:
            raise ValueError(f"levels must be at most 256; got {self.levels}")

    def log_prob(self, theta, x):
        logits = columns(theta, 2)
        chosen = self._chosen(x)
        return (np.sum(logits * chosen, axis=0) - autodiff.logsumexp(logits, axis=0)).T

    def log_prob_vjp(self, theta, x):
        logits, chosen = columns(theta, 2), self._chosen(x)
        p = onp.exp(logits - logits.max(axis=0))
        total = p.sum(axis=0)
        log_p = (logits * chosen).sum(axis=0) - logits.max(axis=0) - onp.log(total)

        def pullback(g):
            return from_columns(g.T * (chosen - p / total), theta), onp.zeros_like(x)

        return log_p.T, pullback

    def noise(self, rng, n, dim, like):
        return (uniform(rng, (dim, n), like),)

    def draw(self, theta, u):
        edges = onp.cumsum(onp.exp(theta - theta.max(axis=0)), axis=0)
        return (edges[:-1] <= u * edges[-1]).sum(axis=0).astype(theta.dtype) / (self.levels - 1)

    def _chosen(self, x):
        """1 at each x's level, else 0: (K, D, N)."""
        k = autodiff.raw(x).T * (self.levels - 1)
        level = onp.rint(k)
        good = (abs(k - level) < TOLERANCE) & (level >= 0) & (level < self.levels)
        if not bool(good.all()):
            row = int(onp.flatnonzero(~backend.to_numpy(good.all(axis=0)))[0])
            top = self.levels - 1
            raise ValueError(f"x must be one of 0, 1/{top}, 2/{top} ... 1; got something else in row {row}")
        all_levels = backend.asarray(onp.arange(self.levels), dtype=k.dtype, like=k)
        return (level[None] == all_levels[:, None, None]).astype(k.dtype)
