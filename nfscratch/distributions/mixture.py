"""A trainable mixture of K diagonal Gaussians.

    log p(z) = logsumexp_k [ log w_k + log N(z; m_k, diag exp(2 s_k)) ],      w = softmax(logits)

As the base of a flow it brings modes that no continuous map of one blob can make: an invertible map cannot tear.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend
from nfscratch.distributions.base import Distribution, standard_normal
from nfscratch.distributions.normal import HALF_LOG_2PI


@dataclass(frozen=True, eq=False)
class GaussianMixture(Distribution):
    """params: {"log_std": (K, D), "logits": (K,), "mean": (K, D)}; `spread`: standard deviation of the first means."""

    dim: int
    components: int
    spread: float = 1.0

    reparameterized = False  # which component a draw comes from is a choice: it has no derivative
    shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        if self.components < 1:
            raise ValueError(f"components must be at least 1; got {self.components}")

    def init(self, rng, z=None):
        means = rng.normal(size=(self.components, self.dim)) * self.spread
        return {
            "log_std": backend.asarray(onp.zeros((self.components, self.dim))),
            "logits": backend.asarray(onp.zeros(self.components)),
            "mean": backend.asarray(means),
        }

    def log_prob(self, params, z):
        return autodiff.logsumexp(self.log_joint(params, z), axis=1)

    def log_joint(self, params, z):
        """log w_k + log N(z; m_k, s_k): (N, K). Its softmax over k is the posterior over components."""
        log_w = params["logits"] - autodiff.logsumexp(params["logits"], axis=0)
        u = (z[:, None, :] - params["mean"]) * np.exp(-params["log_std"])
        log_n = -0.5 * np.sum(np.square(u), axis=2) - np.sum(params["log_std"], axis=1) - self.dim * HALF_LOG_2PI
        return log_w + log_n

    def sample(self, params, rng, n, like=None):
        weights = onp.asarray(backend.to_numpy(params["logits"]), dtype=onp.float64)
        weights = onp.exp(weights - weights.max())
        k = rng.choice(self.components, size=n, p=weights / weights.sum())
        k = backend.asarray(k, dtype=int, like=params["mean"])
        eps = standard_normal(rng, (n, self.dim), params["mean"])
        return params["mean"][k] + np.exp(params["log_std"][k]) * eps
