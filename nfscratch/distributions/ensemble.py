"""MaskEnsemble: many orders and masks on one set of weights, trained in turn and averaged.

    log p(x) = log 1/K sum_k p_k(x)

Germain et al. 2015, arXiv:1502.03509, section 4.2 and 4.3, "order-agnostic" and "connectivity-agnostic" training: every
batch takes another k (`member_log_prob_vjp`); the test probability is the average over all (`log_prob`).

A weight belongs to the pair of units that it joins, whatever their degrees. So mask k is the one network with its
variables and its hidden units shuffled before they get their degrees: a permutation of the rows and columns of W.
Mask 0 leaves everything in place.

Deviation: degrees are dealt out, an equal share of each; the paper draws each unit's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import log

import autograd.numpy as np
import numpy as onp

from nfscratch import trees, validate
from nfscratch.autodiff import logsumexp
from nfscratch.autodiff.functions import logsumexp_weights
from nfscratch.bijections.contract import used_context
from nfscratch.bijections.order import Sorting
from nfscratch.distributions.distribution import Distribution
from nfscratch.distributions.made_density import AutoregressiveDensity


@dataclass(frozen=True, eq=False)
class MaskEnsemble(Distribution):
    """params: those of the density, shared by all masks. `seed` fixes the shuffles."""

    density: AutoregressiveDensity
    masks: int = 32
    seed: int = 0

    reparameterized = False
    shape = property(lambda self: self.density.shape)
    context_dim = property(lambda self: self.density.context_dim)
    updates = property(lambda self: self.density.updates)

    def __post_init__(self):
        validate.size("masks", self.masks)
        validate.seed(self.seed)

    def init(self, rng, z=None, context=None):
        return self.density.init(rng, z)

    def update(self, params):
        return self.density.update(params)

    def log_prob(self, params, z, context=None):
        members = [self.member_log_prob(params, z, k, context) for k in range(self.masks)]
        return logsumexp(np.stack(members), axis=0) - log(self.masks)

    def log_prob_vjp(self, params, z, context=None):
        """Weighted by its share p_k / sum p, every member's pullback; the members are run again for it, one by one."""
        members = onp.stack([self.member_log_prob_vjp(params, z, k, context)[0] for k in range(self.masks)])
        total = logsumexp(members, axis=0)
        shares = logsumexp_weights(total, members, axis=0)  # their sum is 1, however large log p is

        def pullback(g):
            total_grads = None
            for k in range(self.masks):
                grads = list(self.member_log_prob_vjp(params, z, k, context)[1](g * shares[k]))
                total_grads = grads if total_grads is None else trees.add(total_grads, grads)
            return tuple(total_grads)

        return total - log(self.masks), pullback

    def sample(self, params, rng, n, like=None, context=None):
        """n draws, each of a member drawn uniformly."""
        context = used_context(self, context, range(n))
        counts = rng.multinomial(n, [1 / self.masks] * self.masks)
        places, order = onp.split(onp.arange(n), onp.cumsum(counts)[:-1]), rng.permutation(n)
        parts = []
        for k, place in enumerate(places):  # row r of the result is number order[r] of the parts side by side
            own = None if context is None else context[onp.argsort(order)[place]]
            parts.append(self._members[k].sample(self._shuffled(params, k), rng, len(place), like, own))
        return onp.concatenate([part.T for part in parts], axis=1)[:, order].T

    # --- one mask ---

    def member_log_prob(self, params, z, k: int, context=None):
        """log p_k(z)."""
        return self._members[k].log_prob(self._shuffled(params, k), z, context)

    def member_log_prob_vjp(self, params, z, k: int, context=None):
        """log p_k(z), and pullback(g) -> g_params, g_z, and g_context where there is one."""
        log_p, back = self._members[k].log_prob_vjp(self._shuffled(params, k), z, context)

        def pullback(g):
            g_params, *others = back(g)
            return self._put_back(g_params, k), *others

        return log_p, pullback

    @cached_property
    def _shuffles(self):
        """For every mask, for every layer of units, variables first, outputs last: which unit stands at each place."""
        rng, dim = onp.random.default_rng(self.seed), self.density.dim
        widths, P = (dim, *self.density.conditioner.hidden), self.density.conditional.n_params
        shuffles = []
        for k in range(self.masks):
            units = [onp.arange(width) if k == 0 else rng.permutation(width) for width in widths]
            outputs = (units[0][:, None] * P + onp.arange(P)).ravel()
            shuffles.append([Sorting(places) for places in (*units, outputs)])
        return shuffles

    @cached_property
    def _members(self):
        """The density with every mask's order of the variables."""
        order = onp.array(self.density.order)
        return [replace(self.density, order=tuple(order[list(units[0].order)])) for units in self._shuffles]

    def _shuffled(self, params, k):
        return self._moved(params, k, lambda sorting, a: sorting.there(a))

    def _put_back(self, grads, k):
        return self._moved(grads, k, lambda sorting, a: sorting.back(a))

    def _moved(self, layers, k, move):
        variables, *units = self._shuffles[k]
        C = self.context_dim  # the context's columns come first, and stay
        inputs = Sorting((*range(C), *(C + i for i in variables.order)))
        return [
            {"W": move(rows, move(columns, layer["W"]).T).T, "b": move(rows, layer["b"][None])[0]}
            for layer, columns, rows in zip(layers, [inputs, *units], units, strict=False)
        ]
