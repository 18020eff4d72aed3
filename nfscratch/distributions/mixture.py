"""A trainable mixture of K diagonal Gaussians.

    log p(z) = logsumexp_k l_k,    l_k = log w_k - 1/2 |u_k|^2 - sum_i s_ki - D/2 log(2 pi)         (1)
    u_k = (z - m_k) exp(-s_k),     w = softmax(logits)

As the base of a flow it brings modes that no continuous map of one blob can make: an invertible map cannot tear.
With the responsibilities r_k = softmax_k(l_k), which are dlog p/dl_k, the derivative is

    dlogits_k = r_k - w_k,   dm_k = r_k u_k exp(-s_k),   ds_k = r_k (u_k^2 - 1),   dz = -sum_k dm_k   (2)

So far out that every u_k^2 overflows, log p is -inf. u_k and exp(-s_k) are kept finite, and (r_k u_k) u_k, in this
order, is 0 where r_k is 0 and u_k^2 is not a number any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend, validate
from nfscratch.distributions.distribution import Distribution, standard_normal
from nfscratch.distributions.normal import HALF_LOG_2PI, deviation, from_component


@dataclass(frozen=True, eq=False)
class GaussianMixture(Distribution):
    """params: {"log_std": (K, D), "logits": (K,), "mean": (K, D)}, or (N, ...) each for parameters per sample.

    spread: standard deviation of the first means.
    """

    dim: int
    components: int
    spread: float = 1.0

    reparameterized = False  # which component a draw comes from is a choice: it has no derivative
    shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        validate.size("dim", self.dim)
        validate.size("components", self.components)
        validate.factor("spread", self.spread)

    def init(self, rng, z=None, context=None):
        means = rng.normal(size=(self.components, self.dim)) * self.spread
        return {
            "log_std": backend.asarray(onp.zeros((self.components, self.dim))),
            "logits": backend.asarray(onp.zeros(self.components)),
            "mean": backend.asarray(means),
        }

    def log_joint(self, params, z):
        """l_k of equation (1): (N, K). Its softmax over k is the posterior over components."""
        log_w = params["logits"] - autodiff.logsumexp(params["logits"], axis=-1, keepdims=True)
        u, _ = from_component(z[:, None, :], params["mean"], params["log_std"], np)
        log_n = -0.5 * np.sum(np.square(u), axis=2) - np.sum(params["log_std"], axis=-1) - self.dim * HALF_LOG_2PI
        return log_w + log_n

    def log_prob(self, params, z, context=None):
        return autodiff.logsumexp(self.log_joint(params, z), axis=1)

    def log_prob_vjp(self, params, z, context=None):
        m, s, logits = (_batch_last(params[name], axes) for name, axes in (("mean", 2), ("log_std", 2), ("logits", 1)))
        u, inverse_std = from_component(z.T, m, s, onp)  # u: (K, D, N)
        shifted = logits - logits.max(axis=0)
        log_w = shifted - onp.log(onp.exp(shifted).sum(axis=0))  # never log(0), however small a weight
        joint = -0.5 * (u * u).sum(axis=1)
        joint += log_w - s.sum(axis=1) - self.dim * HALF_LOG_2PI
        top = joint.max(axis=0)
        r = autodiff.exp_shifted(joint, top, onp)
        total = r.sum(axis=0)
        r /= total

        def pullback(g):  # equation (2)
            gr = g * r
            ru = gr[:, None, :] * u
            dm = ru * inverse_std
            grads = {"log_std": ru * u - gr[:, None, :], "logits": gr - g * onp.exp(log_w), "mean": dm}
            return {k: _batch_first(grad, params[k]) for k, grad in grads.items()}, -dm.sum(axis=0).T

        return top + onp.log(total), pullback

    def sample(self, params, rng, n, like=None, context=None):
        k = backend.asarray(self._components(params["logits"], rng, n), dtype=int, like=params["mean"])
        eps = standard_normal(rng, (n, self.dim), params["mean"])
        return _chosen(params["mean"], k) + deviation(_chosen(params["log_std"], k), eps)

    def _components(self, logits, rng, n):
        """The component of each of n draws: how many edges of the cumulated weights lie at or below U[0, 1)."""
        logits = onp.asarray(backend.to_numpy(logits), dtype=onp.float64)
        edges = onp.cumsum(onp.exp(logits - logits.max(axis=-1, keepdims=True)), axis=-1)
        return (edges[..., :-1] <= rng.random(n)[:, None] * edges[..., -1:]).sum(axis=-1)


def _batch_last(p, event_dims):
    """A parameter with the rows last, 1 of them where all rows share it: (K, D, n) or (K, n)."""
    return onp.moveaxis(p, 0, -1) if p.ndim > event_dims else p[..., None]


def _batch_first(g, like):
    """The gradient of _batch_last(like), as that of `like`."""
    return onp.moveaxis(g, -1, 0) if like.ndim == g.ndim else g.sum(axis=-1)


def _chosen(p, k):
    """Row n of component k_n: (N, D)."""
    return p[k] if p.ndim == 2 else p[onp.arange(len(k)), k]
