"""ConditionedBase: a density whose parameters follow the context.

    theta_n = theta_0 + network(c_n)          the density's parameters for row n with the context c_n            (1)
    log p(z_n | c_n) = log p(z_n; theta_n)

With DiagonalNormal it is the usual posterior of a variational autoencoder, N(m(c), diag exp 2 s(c)) (Kingma and
Welling 2014, arXiv:1312.6114), and as the base of a flow it is where a flow posterior starts (Rezende and Mohamed 2015,
arXiv:1505.05770). The network starts at 0, so that all rows start at theta_0. A gradient of theta_n goes to both terms
of (1), and through the network to its parameters and to c_n (nets/per_row.py).

The density takes parameters per sample: each leaf (N, ...) in place of (...). DiagonalNormal, StudentT, FittedTails and
GaussianMixture do. AutoregressiveDensity has a network of its own, which takes the context directly.
"""

from __future__ import annotations

from dataclasses import dataclass

from nfscratch import trees, validate
from nfscratch.bijections.contract import used_context
from nfscratch.distributions.distribution import Distribution
from nfscratch.nets import MLP, Network
from nfscratch.nets.network import check_rows, network_value
from nfscratch.nets.per_row import per_row, per_row_vjp, takes_rows


@dataclass(frozen=True, eq=False)
class ConditionedBase(Distribution):
    """params: {"distribution": theta_0, as the density makes it, "network": those of the network}.

    network: from the context (N, context_dim) to all numbers that the density trains.
    """

    distribution: Distribution
    network: Network = MLP()  # noqa: RUF009 (frozen: safe to share)
    context_dim: int = 1

    shape = property(lambda self: self.distribution.shape)
    support = property(lambda self: self.distribution.support)
    reparameterized = property(lambda self: self.distribution.reparameterized)
    updates = property(lambda self: getattr(self.network, "updates", False))

    def __post_init__(self):
        validate.part("distribution", self.distribution, Distribution, "nf.DiagonalNormal(2)")
        validate.size("context_dim", self.context_dim)
        check_rows("network", self.network)
        if self.distribution.context_dim:
            raise ValueError(
                "distribution must take no context of its own; "
                f"got {type(self.distribution).__name__} of context_dim {self.distribution.context_dim}"
            )

    def init(self, rng, z=None, context=None):
        theta = self.distribution.init(rng, z)
        n_out = trees.count(theta)
        if n_out == 0:
            name = type(self.distribution).__name__
            raise ValueError(f"distribution must have parameters that the context can move; got {name}")
        self._check_rows(theta)
        return {"distribution": theta, "network": self.network.init(rng, self.context_dim, n_out)}

    def update(self, params):
        return {**params, "network": self.network.update(params["network"])} if self.updates else params

    def theta(self, params, context):
        """(1): the density's parameters, a row of each trained leaf for each row of the context."""
        return per_row(params["distribution"], self.network.apply(params["network"], context))

    def log_prob(self, params, z, context=None):
        return self.distribution.log_prob(self.theta(params, used_context(self, context, z)), z)

    def log_prob_value(self, params, z, context=None):
        out = network_value(self.network, params["network"], used_context(self, context, z))
        return self.distribution.log_prob_value(per_row(params["distribution"], out), z)

    def log_prob_vjp(self, params, z, context=None):
        theta, back_theta = self._theta_vjp(params, used_context(self, context, z))
        log_p, back = self.distribution.log_prob_vjp(theta, z)

        def pullback(g):
            g_theta, g_z = back(g)
            g_params, g_context = back_theta(g_theta)
            return g_params, g_z, g_context

        return log_p, pullback

    def sample(self, params, rng, n, like=None, context=None):
        return self.distribution.sample(self.theta(params, used_context(self, context, range(n))), rng, n, like)

    def sample_and_log_prob_vjp(self, params, rng, n, like=None, context=None):
        theta, back_theta = self._theta_vjp(params, used_context(self, context, range(n)))
        z, log_p, back = self.distribution.sample_and_log_prob_vjp(theta, rng, n, like)
        return z, log_p, lambda g_z, g_log_p: back_theta(back(g_z, g_log_p))

    def _theta_vjp(self, params, context):
        """(1), and pullback(g_theta) -> g_params, g_context."""
        out, back_network = self.network.apply_vjp(params["network"], context)
        theta, back_rows = per_row_vjp(params["distribution"], out)

        def pullback(g_theta):
            g_distribution, g_out = back_rows(g_theta)
            g_network, g_context = back_network(g_out)[:2]
            return {"distribution": g_distribution, "network": g_network}, g_context

        return theta, pullback

    def _check_rows(self, theta):
        """Refuse a density that does not take a row of parameters for each row of z."""
        if not takes_rows(lambda theta, z: (self.distribution.log_prob(theta, z),), theta, self.shape):
            raise ValueError(
                "distribution must take parameters per sample, as nf.DiagonalNormal and nf.GaussianMixture do; "
                f"got {type(self.distribution).__name__} (nf.AutoregressiveDensity takes context_dim itself)"
            )
