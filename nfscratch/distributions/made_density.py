"""MADE as a density: p(x) = prod_i p(x_i | x_1 ... x_{i-1}), every factor's parameters from one masked network.

    log p(x) = sum_i log p(x_i; theta_i),     theta = MADE(x)          one pass                          (1)
    x_i ~ p(. ; theta_i),  i = 1 ... D        one after the other, by ops/one_pass.py: again one pass    (2)

Germain et al. 2015, arXiv:1502.03509: Bernoulli factors, for binary data; Uria et al. 2013, arXiv:1306.0186, and
Papamakarios et al. 2017, arXiv:1705.07057: mixtures of Gaussians ("MADE MoG"). As the base of an autoregressive flow
it makes "MAF MoG". With `Gaussian` factors it is the same density as a standard normal seen through one
`Autoregressive(Affine())`, which is the better form where a draw is to be differentiated.

With context_dim = C, theta depends on a context (N, C) too: p(x | context).

So far out that the network overflows (inf - inf) the density is 0, as it is in a Flow: log p is -inf, its gradient 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf

import autograd.numpy as np
import numpy as onp

from nfscratch import trees, validate
from nfscratch.autodiff import raw
from nfscratch.autodiff.boxes import raw_tree
from nfscratch.bijections.contract import used_context
from nfscratch.bijections.order import Sorting, variable_order
from nfscratch.distributions.conditionals import Conditional
from nfscratch.distributions.distribution import Distribution
from nfscratch.excerpt import excerpt
from nfscratch.nets import MADE
from nfscratch.nets.network import ADDED_LATER
from nfscratch.ops.rows import nearer


@dataclass(frozen=True, eq=False)
class AutoregressiveDensity(Distribution):
    """params: those of the conditioner. conditional: the law of one variable; order: as of `Autoregressive`."""

    dim: int
    conditional: Conditional
    conditioner: MADE = MADE()  # noqa: RUF009 (frozen: safe to share)
    order: Sequence[int] | str | None = None
    context_dim: int = field(default=0, metadata=ADDED_LATER)

    reparameterized = False
    shape = property(lambda self: (self.dim,))
    updates = property(lambda self: getattr(self.conditioner, "updates", False))

    def __post_init__(self):
        validate.size("dim", self.dim)
        validate.size("context_dim", self.context_dim, 0)
        object.__setattr__(self, "order", variable_order(self.order, self.dim))
        if not isinstance(self.conditioner, MADE):
            raise TypeError(f"conditioner must be a MADE, whose masks keep the order; got {excerpt(self.conditioner)}")
        validate.part("conditional", self.conditional, Conditional, "nf.Bernoulli()")

    @cached_property
    def _by_order(self):
        return Sorting(self.order)

    def init(self, rng, z=None, context=None):
        return self.conditioner.init(rng, self.dim, self.dim * self.conditional.n_params, self.context_dim)

    def update(self, params):
        return self.conditioner.update(params)

    def log_prob(self, params, z, context=None):
        with onp.errstate(over="ignore", invalid="ignore"):
            log_p = self._log_prob(params, z, context)
            lost = self._overflowing(raw(log_p), params, z)
            if lost is None:
                return log_p
            return np.where(lost, -inf, self._log_prob(params, *nearer(z, context, lost)))

    def log_prob_vjp(self, params, z, context=None):
        with onp.errstate(over="ignore", invalid="ignore"):
            log_p, pullback = self._log_prob_vjp(params, z, context)
            lost = self._overflowing(log_p, params, z)
            if lost is None:
                return log_p, pullback
            other, pullback = self._log_prob_vjp(params, *nearer(z, context, lost))
        return onp.where(lost, log_p.dtype.type(-inf), other), lambda g: pullback(onp.where(lost, onp.zeros_like(g), g))

    def _overflowing(self, log_p, params, z):
        """The rows (N,) on which the network meets inf - inf with finite parameters; None where there is none."""
        if not bool(onp.isnan(log_p).any()) or not trees.is_finite(raw_tree(params)):
            return None
        lost = onp.isnan(log_p) & onp.isfinite(raw(z)).all(axis=1)
        return lost if bool(lost.any()) else None

    def _log_prob(self, params, z, context):
        z, context = self._by_order.there(z), used_context(self, context, z)
        out = self.conditioner.apply(params, z, context)
        theta = np.reshape(out, (len(z), self.dim, self.conditional.n_params))
        return np.sum(self.conditional.log_prob(theta, z), axis=1)

    def _log_prob_vjp(self, params, z, context):
        z, context = self._by_order.there(z), used_context(self, context, z)
        out, back_net = self.conditioner.apply_vjp(params, z, context)
        theta = out.reshape((len(z), self.dim, self.conditional.n_params))
        log_p, back_p = self.conditional.log_prob_vjp(theta, z)

        def pullback(g):
            g_theta, g_z = back_p(g[:, None])
            g_out = onp.moveaxis(g_theta, 0, 2).reshape((out.shape[1], len(z)))
            g_params, g_through, g_context = back_net(g_out.T)
            grads = (g_params, self._by_order.back((g_z.T + g_through.T).T))
            return grads if context is None else (*grads, g_context)

        return log_p.sum(axis=1), pullback

    def sample(self, params, rng, n, like=None, context=None):
        noise = self.conditional.noise(rng, n, self.dim, params[0]["b"])

        def value(i, theta):
            return self.conditional.draw(theta, *(part[i] for part in noise))

        context = used_context(self, context, range(n))
        x, _ = self.conditioner.generate(params, value, self.dim, noise[0], context)
        return self._by_order.back(x.T)
