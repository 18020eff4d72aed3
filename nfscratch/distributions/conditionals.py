"""Laws of one number: what an autoregressive density says of x_i, once x_1 ... x_{i-1} have given its parameters.

    Bernoulli              theta = l                 log p(x) = x l - log(1 + e^l),            x in {0, 1}
    Gaussian               theta = (a, t)            log p(x) = log N(x; t, e^s),              s = c tanh(a / c)
    MixtureOfGaussians     theta = (l_k, a_k, t_k)   log p(x) = log sum_k w_k N(x; m_k, e^s_k)
                           w = softmax(l),  s_k = c tanh(a_k / c),  m_k = q_k + t_k

q_k = the (k - 1/2)/K quantiles of N(0, 1): at theta = 0, where every network starts, the components stand apart. From
one place they would all get the same gradient, and never part.

Shapes are those of a transformer: theta (N, D, P), x (N, D) -> log p (N, D). Pullbacks, with u = (x - m) e^-s:

    Bernoulli    dl = x - sigmoid(l)
    Gaussian     dx = -u e^-s,   dt = u e^-s,   ds = u^2 - 1
    mixture      with r_k = w_k N_k / p:   dl_k = r_k - w_k,   the Gaussian's derivatives times r_k

So far out that u^2 overflows, log p is -inf. (r_k u) u, in this order, is 0 where r_k is 0 and u^2 is not a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend, validate
from nfscratch.backend import Constant
from nfscratch.distributions.distribution import standard_normal
from nfscratch.distributions.normal import HALF_LOG_2PI, from_component
from nfscratch.ops.affine import bounded, bounded_vjp
from nfscratch.ops.layout import columns, from_columns, stacked
from nfscratch.typed_fields import TypedFields


@dataclass(frozen=True, eq=False)
class Conditional(TypedFields):
    """A law of one number with P parameters."""

    n_params = 1  # P
    n_levels = 0  # how many values x can have, evenly from 0 to 1; 0: any real number

    def log_prob(self, theta, x):
        """log p(x; theta), (N, D)."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def log_prob_vjp(self, theta, x):
        """log p(x; theta), and pullback(g) -> g_theta, g_x; g (N, D) or (N, 1)."""
        log_p, pullback = autodiff.value_and_vjp(self.log_prob, theta, x)
        return log_p, lambda g: pullback(g + onp.zeros_like(log_p))

    def noise(self, rng, n, dim, like):
        """All randomness that `draw` needs for n rows of `dim` numbers: arrays (dim, n)."""
        raise NotImplementedError(f"{type(self).__name__} has no noise")

    def draw(self, theta, *noise):
        """One variable's draws from its parameters theta (P, N) and its rows (N,) of the noise: (N,)."""
        raise NotImplementedError(f"{type(self).__name__} has no draw")


@dataclass(frozen=True, eq=False)
class Bernoulli(Conditional):
    """x = 1 with probability sigmoid(l), else 0."""

    n_levels = 2

    def log_prob(self, theta, x):
        _check_binary(x)
        logit = theta[..., 0]
        return x * logit - np.logaddexp(0.0, logit)

    def log_prob_vjp(self, theta, x):
        _check_binary(x)
        logit, rows = columns(theta, 2)[0], x.T
        log_p = rows * logit - onp.logaddexp(onp.zeros_like(logit), logit)

        def pullback(g):
            p = 0.5 + 0.5 * onp.tanh(0.5 * logit)
            return from_columns((g.T * (rows - p))[None], theta), (g.T * logit).T

        return log_p.T, pullback

    def noise(self, rng, n, dim, like):
        return (uniform(rng, (dim, n), like),)

    def draw(self, theta, u):
        p = 0.5 + 0.5 * onp.tanh(0.5 * theta[0])
        return (u < p).astype(theta.dtype)


def _check_binary(x):
    x = autodiff.raw(x)
    good = (x == 0) | (x == 1)
    if not bool(good.all()):
        rows = onp.flatnonzero(~backend.to_numpy(good.all(axis=1)))
        raise ValueError(f"x must be 0 or 1 everywhere for Bernoulli; got something else in row {int(rows[0])}")


@dataclass(frozen=True, eq=False)
class Gaussian(Conditional):
    """N(t, e^2s), |s| <= max_log_scale. Over a standard normal, Autoregressive(Affine(c)) is the same density."""

    max_log_scale: float = 3.0

    n_params = 2

    def __post_init__(self):
        _check_bound(self.max_log_scale)

    def log_prob(self, theta, x):
        a, t = columns(theta, 2)
        return _log_normal(x.T, t, bounded(a, self.max_log_scale)).T

    def log_prob_vjp(self, theta, x):
        a, t = columns(theta, 2)
        s, back_s = bounded_vjp(a, self.max_log_scale)
        scale = onp.exp(-s)
        u = (x.T - t) * scale

        def pullback(g):
            g_t = g.T * u * scale
            return from_columns(stacked([back_s(g.T * (u * u - 1.0)), g_t]), theta), -g_t.T

        return (-0.5 * (u * u) - s - HALF_LOG_2PI).T, pullback

    def noise(self, rng, n, dim, like):
        return (standard_normal(rng, (n, dim), like).T,)

    def draw(self, theta, eps):
        return theta[1] + onp.exp(bounded(theta[0], self.max_log_scale)) * eps


@dataclass(frozen=True, eq=False)
class MixtureOfGaussians(Conditional):
    """K Gaussians with weights; theta holds K logits, K log-scales, K shifts of the means."""

    components: int = 10
    max_log_scale: float = 3.0

    n_params = property(lambda self: 3 * self.components)

    def __post_init__(self):
        validate.size("components", self.components)
        _check_bound(self.max_log_scale)
        quantiles = [NormalDist().inv_cdf((k + 0.5) / self.components) for k in range(self.components)]
        object.__setattr__(self, "_start", Constant(quantiles))

    def _parts(self, rows):
        """Logits, a and means, K each along the first axis of the P rows."""
        K = self.components
        start = np.reshape(self._start.on(rows), (K, *(1,) * (rows.ndim - 1)))
        return rows[:K], rows[K : 2 * K], rows[2 * K :] + start

    def log_prob(self, theta, x):
        logits, a, m = self._parts(columns(theta, 2))
        log_w = logits - autodiff.logsumexp(logits, axis=0, keepdims=True)
        return autodiff.logsumexp(log_w + _log_normal(x.T, m, bounded(a, self.max_log_scale)), axis=0).T

    def log_prob_vjp(self, theta, x):
        logits, a, m = self._parts(columns(theta, 2))
        s, back_s = bounded_vjp(a, self.max_log_scale)
        w = onp.exp(logits - logits.max(axis=0))
        total_w = w.sum(axis=0)
        u, scale = from_component(x.T, m, s, onp)
        joint = logits - logits.max(axis=0) - 0.5 * (u * u) - s
        top = joint.max(axis=0)
        r = autodiff.exp_shifted(joint, top, onp)
        total = r.sum(axis=0)
        r /= total
        w /= total_w

        def pullback(g):
            gr = g.T * r
            ru = gr * u
            g_m = ru * scale
            g_theta = onp.concatenate([gr - g.T * w, back_s(ru * u - gr), g_m], axis=0)
            return from_columns(g_theta, theta), -g_m.sum(axis=0).T

        return (top + onp.log(total) - onp.log(total_w) - HALF_LOG_2PI).T, pullback

    def noise(self, rng, n, dim, like):
        return uniform(rng, (dim, n), like), standard_normal(rng, (n, dim), like).T

    def draw(self, theta, u, eps):
        logits, a, m = self._parts(theta)
        w = onp.exp(logits - logits.max(axis=0))
        edges = onp.cumsum(w, axis=0)
        chosen = (edges[:-1] <= u * edges[-1]).sum(axis=0)  # a count of edges below: at most K - 1
        s, m = _pick(bounded(a, self.max_log_scale), chosen), _pick(m, chosen)
        return m + onp.exp(s) * eps


def _pick(rows, chosen):
    """rows[chosen[n], n] for every n."""
    return onp.take_along_axis(rows, chosen[None], axis=0)[0]


def _log_normal(x, m, s):
    return -0.5 * np.square(from_component(x, m, s, np)[0]) - s - HALF_LOG_2PI


def _check_bound(max_log_scale):
    validate.divisor("max_log_scale", max_log_scale)


def uniform(rng, shape, like):
    """Draws of U[0, 1) like the array `like`: float64 on the host, then cast."""
    return backend.asarray(rng.random(shape), dtype=like.dtype, like=like)
