"""A trainable mixture of K diagonal Gaussians.

    log p(z) = logsumexp_k l_k,    l_k = log w_k - 1/2 |u_k|^2 - sum_i s_ki - D/2 log(2 pi)         (1)
    u_k = (z - m_k) exp(-s_k),     w = softmax(logits)

As the base of a flow it brings modes that no continuous map of one blob can make: an invertible map cannot tear.
With the responsibilities r_k = softmax_k(l_k), which are dlog p/dl_k, the derivative is

    dlogits_k = r_k - w_k,   dm_k = r_k u_k exp(-s_k),   ds_k = r_k (u_k^2 - 1),   dz = -sum_k dm_k   (2)

So far out that every u_k^2 overflows, log p is -inf. (r_k u_k) u_k, in this order, is 0 where r_k is 0 and u_k^2 is not
a number any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend
from nfscratch.distributions.distribution import Distribution, standard_normal
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

    def init(self, rng, z=None, context=None):
        means = rng.normal(size=(self.components, self.dim)) * self.spread
        return {
            "log_std": backend.asarray(onp.zeros((self.components, self.dim))),
            "logits": backend.asarray(onp.zeros(self.components)),
            "mean": backend.asarray(means),
        }

    def log_joint(self, params, z):
        """l_k of equation (1): (N, K). Its softmax over k is the posterior over components."""
        log_w = params["logits"] - autodiff.logsumexp(params["logits"], axis=0)
        u = (z[:, None, :] - params["mean"]) * np.exp(-params["log_std"])
        log_n = -0.5 * np.sum(np.square(u), axis=2) - np.sum(params["log_std"], axis=1) - self.dim * HALF_LOG_2PI
        return log_w + log_n

    def log_prob(self, params, z, context=None):
        return autodiff.logsumexp(self.log_joint(params, z), axis=1)

    def log_prob_vjp(self, params, z, context=None):
        m, inverse_std = params["mean"][:, :, None], onp.exp(-params["log_std"])[:, :, None]
        shifted = params["logits"] - params["logits"].max()
        log_w = shifted - onp.log(onp.exp(shifted).sum())  # never log(0), however small a weight
        u = (z.T - m) * inverse_std  # (K, D, N)
        joint = -0.5 * (u * u).sum(axis=1)
        joint += (log_w - params["log_std"].sum(axis=1) - self.dim * HALF_LOG_2PI)[:, None]
        top = joint.max(axis=0)
        r = autodiff.exp_shifted(joint, top, onp)
        total = r.sum(axis=0)
        r /= total

        def pullback(g):  # equation (2)
            gr = g * r
            ru = gr[:, None, :] * u
            dm = ru * inverse_std
            grads = {
                "log_std": (ru * u - gr[:, None, :]).sum(axis=2),
                "logits": gr.sum(axis=1) - g.sum() * onp.exp(log_w),
                "mean": dm.sum(axis=2),
            }
            return grads, -dm.sum(axis=0).T

        return top + onp.log(total), pullback

    def sample(self, params, rng, n, like=None, context=None):
        weights = onp.asarray(backend.to_numpy(params["logits"]), dtype=onp.float64)
        weights = onp.exp(weights - weights.max())
        k = rng.choice(self.components, size=n, p=weights / weights.sum())
        k = backend.asarray(k, dtype=int, like=params["mean"])
        eps = standard_normal(rng, (n, self.dim), params["mean"])
        return params["mean"][k] + np.exp(params["log_std"][k]) * eps
