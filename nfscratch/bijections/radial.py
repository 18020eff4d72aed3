"""Radial: points move towards a centre or away from it, each on its own ray.

    x = z + beta (z - z0) / (alpha + r),   r = |z - z0|,   alpha > 0,   beta > -alpha                         (1)

With gamma = alpha + beta > 0 and d = z - z0 that is x - z0 = f d, f = (gamma + r) / (alpha + r): the radius becomes
r f, which increases with r. Its D - 1 directions across the ray are scaled by f, the ray itself by d(r f)/dr:

    J = f I + f' d d^T / r,      f' = (alpha - gamma) / (alpha + r)^2                                         (2)
    log_det = (D - 1) log f + log(g),   g = (r^2 + 2 alpha r + alpha gamma) / (alpha + r)^2 = d(r f)/dr       (3)

In (3) all terms are positive, and none cancel. Near the identity f - 1 = beta / (alpha + r) and
g - 1 = alpha beta / (alpha + r)^2 are small, and log1p of them keeps the digits that f and g do not have.

Inverse, with r_x = |x - z0| = r f, a quadratic equation in r:

    r^2 + B r - alpha r_x = 0,   B = gamma - r_x,   r = (-B + sqrt(B^2 + 4 alpha r_x)) / 2                    (4)
    z = z0 + (x - z0) (alpha + r) / (gamma + r)                                                               (5)

For B > 0 the root in (4) is 2 alpha r_x / (B + sqrt(...)), which does not subtract near-equal numbers.
Rezende and Mohamed 2015, arXiv:1505.05770, section 4.1 and appendix A.2. alpha and gamma are 1e-3 + softplus of free
numbers: softplus alone reaches 0 in floats. J at r = 0 is (gamma / alpha) I; |.| has no gradient there: it counts as 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp
from autograd.tracer import getval

from nfscratch import backend, validate
from nfscratch.bijections.contract import Bijection
from nfscratch.ops.identity import identity
from nfscratch.ops.layout import columns, from_columns
from nfscratch.ops.rank_update import few_layers
from nfscratch.ops.sigmoid import sigmoid

MARGIN = 1e-3
FAR = 2.0**60  # the square of a larger number may leave float32
ONE = math.log(math.expm1(1.0 - MARGIN))  # alpha = gamma = 1 there


@dataclass(frozen=True, eq=False)
class Radial(Bijection):
    """params: {"centre": (D,), "alpha": (1,), "gamma": (1,)}, or (N, D), (N, 1) and (N, 1) for parameters per sample.

    "alpha" and "gamma" are free numbers, before the softplus.
    """

    dim: int

    jacobian_structure = "multiple of the identity + rank 1"
    leaf_dims = property(lambda self: {"centre": 1, "alpha": 1, "gamma": 1})
    in_shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        validate.size("dim", self.dim)

    def init(self, rng, x=None, context=None):
        """gamma = alpha, the identity, about a centre from N(0, 4 I): from N(0, I) layers start too much alike."""
        radii = {key: backend.asarray(onp.full(1, ONE)) for key in ("alpha", "gamma")}
        return {"centre": backend.asarray(2.0 * rng.normal(size=self.dim)), **radii}

    def forward(self, params, z, context=None, rng=None):
        centre, alpha, gamma = _positive(params, np)
        d = z.T - centre
        r = _length(d)
        return (centre + d * ((gamma + r) / (alpha + r))).T, self._log_det(alpha, gamma, r)

    def inverse(self, params, x, context=None, rng=None):
        centre, alpha, gamma = _positive(params, np)
        d = x.T - centre
        r = _radius_before(alpha, gamma, _length(d), np)[0]
        return (centre + d * ((alpha + r) / (gamma + r))).T, -self._log_det(alpha, gamma, r)

    def _log_det(self, alpha, gamma, r):
        over, a, g = _ray_slope(alpha, gamma, r)
        both = (self.dim - 1) * _log((gamma + r) / (alpha + r), over) + _log(g, a * over)
        return np.sum(both, axis=tuple(range(r.ndim - 1)))

    def _log_det_slopes(self, alpha, gamma, r):
        """Derivatives of (3) with respect to alpha, gamma and r."""
        over, a, g = _ray_slope(alpha, gamma, r)
        h, near = 1.0 / (alpha + r), (self.dim - 1) / (gamma + r)
        of_alpha = h * ((2.0 * r + gamma) * h / g - (self.dim + 1))
        return of_alpha, near + a * h / g, -over * (near + 2.0 * h * a / g)

    def forward_vjp(self, params, z, context=None, rng=None):
        centre, alpha, gamma = _positive(params, onp)
        d = z.T - centre
        r = _length(d)
        f = (gamma + r) / (alpha + r)

        def pullback(g_x, g_log_det):
            g_x = g_x.T
            g_f = (g_x * d).sum(axis=0, keepdims=True) / (alpha + r)
            of_alpha, of_gamma, of_r = self._log_det_slopes(alpha, gamma, r)
            g_r = g_f * (1.0 - f) + g_log_det * of_r
            g_z = g_x * f + d * _over(g_r, r)
            g = (g_x - g_z, g_log_det * of_alpha - g_f * f, g_log_det * of_gamma + g_f)
            return _free(params, *g), g_z.T, None

        return (centre + d * f).T, self._log_det(alpha, gamma, r), pullback

    def inverse_vjp(self, params, x, context=None, rng=None):
        centre, alpha, gamma = _positive(params, onp)
        d = x.T - centre
        r_x = _length(d)
        r, root = _radius_before(alpha, gamma, r_x, onp)
        v = (alpha + r) / (gamma + r)

        def pullback(g_z, g_log_det):
            g_z = g_z.T
            g_v = (g_z * d).sum(axis=0, keepdims=True) / (gamma + r)
            of_alpha, of_gamma, of_r = self._log_det_slopes(alpha, gamma, r)
            g_r = (g_v * (1.0 - v) - g_log_det * of_r) / root  # (4), differentiated: root dr = (alpha + r) dr_x + ...
            g_x = g_z * v + d * _over(g_r * (alpha + r), r_x)
            g = (g_z - g_x, g_v - g_log_det * of_alpha + g_r * r_x, -g_v * v - g_log_det * of_gamma - g_r * r)
            return _free(params, *g), g_x.T, None

        return (centre + d * v).T, -self._log_det(alpha, gamma, r), pullback

    def stack_value(self, params, z):
        """x and log_det of a Stack of radial layers; no arrays are kept for a pullback."""
        centre, alpha, gamma = (p.T[:, :, None] for p in _positive(params, onp))
        x, log_det = z.T, 0.0
        count = few_layers(len(z))
        for first in range(0, len(centre), count):
            few = slice(first, first + count)
            lengths = []
            for c, a, g in zip(centre[few], alpha[few], gamma[few], strict=True):
                d = x - c
                r = _length(d)
                lengths.append(r)
                x = c + d * ((g + r) / (a + r))
            log_det = log_det + self._log_det(alpha[few], gamma[few], onp.stack(lengths))
        return x.T, log_det

    def stack_vjp(self, params, z):
        """forward_vjp of a Stack of radial layers: params are (K, D), (K, 1) and (K, 1)."""
        centre, alpha, gamma = (p.T[:, :, None] for p in _positive(params, onp))  # (K, D, 1), (K, 1, 1), (K, 1, 1)
        x = z.T
        scale = _scale(x)
        d, r = (onp.empty_like(x, shape=(len(centre), rows, len(z))) for rows in (len(x), 1))
        for k in range(len(centre)):
            d[k] = x - centre[k]
            scaled = d[k] / scale
            r[k] = scale * onp.sqrt((scaled * scaled).sum(axis=0))
            x = centre[k] + d[k] * ((gamma[k] + r[k]) / (alpha[k] + r[k]))
        f = (gamma + r) / (alpha + r)

        def pullback(g_x, g_log_det):
            of_alpha, of_gamma, of_r = (g_log_det * slope for slope in self._log_det_slopes(alpha, gamma, r))
            f_slope, ray = (1.0 - f) / (alpha + r), _over(d, r)
            g_f, arriving = onp.empty_like(r), onp.empty_like(d, shape=(len(d) + 1, *d.shape[1:]))
            arriving[-1] = g_x.T
            for k in reversed(range(len(d))):
                g_f[k] = (arriving[k + 1] * d[k]).sum(axis=0)
                arriving[k] = arriving[k + 1] * f[k] + ray[k] * (g_f[k] * f_slope[k] + of_r[k])
            g_f = g_f / (alpha + r)
            g = {"centre": arriving[1:] - arriving[:-1], "alpha": of_alpha - g_f * f, "gamma": of_gamma + g_f}
            grads = {key: value.sum(axis=2) for key, value in g.items()}
            for key in ("alpha", "gamma"):
                grads[key] = grads[key] * sigmoid(params[key])
            return grads, arriving[0].T, None

        return x.T, self._log_det(alpha, gamma, r), pullback

    def jacobian(self, params, z, context=None):
        centre, alpha, gamma = _positive(params, np)
        d = z.T - centre
        r = _length(d)
        ray, bend = _over(d, r), (alpha - gamma) / (alpha + r) * (r / (alpha + r))
        f = (gamma + r) / (alpha + r)
        return f.T[:, :, None] * identity(self.dim, z) + (bend * ray).T[:, :, None] * ray.T[:, None, :]


def _positive(params, np):
    """centre, alpha and gamma, batch-last: (D, n), (1, n), (1, n)."""
    centre, alpha, gamma = (columns(params[key]) for key in ("centre", "alpha", "gamma"))
    return centre, MARGIN + np.logaddexp(0.0, alpha), MARGIN + np.logaddexp(0.0, gamma)


def _free(params, g_centre, g_alpha, g_gamma):
    """Gradients (., N) as those of the free numbers: softplus' = sigmoid."""
    grads = {"centre": from_columns(g_centre, params["centre"])}
    for key, g in (("alpha", g_alpha), ("gamma", g_gamma)):
        grads[key] = from_columns(g, params[key]) * sigmoid(params[key])
    return grads


def _length(d):
    """|d| (1, N) with the gradient 0 at d = 0, where sqrt has none."""
    scale = _scale(getval(d))
    squares = np.sum(np.square(d / scale), axis=0, keepdims=True)
    away = squares > 0.0
    return np.where(away, scale * np.sqrt(np.where(away, squares, 1.0)), 0.0)


def _scale(d):
    """A number for each column: 1, and far out the column's largest one. Divided by it, the column has a square."""
    largest = onp.abs(d).max(axis=0)
    return onp.where(largest > FAR, largest, onp.ones_like(largest))


def _ray_slope(alpha, gamma, r):
    """f - 1, alpha / (alpha + r), and g of (3)."""
    a, ray = alpha / (alpha + r), r / (alpha + r)
    return (gamma - alpha) / (alpha + r), a, ray * (ray + 2.0 * a) + a * (gamma / (alpha + r))


def _log(f, f_minus_1):
    """log f from the one of the two that has the digits."""
    near = np.abs(f_minus_1) < 0.5
    return np.where(near, np.log1p(np.where(near, f_minus_1, 0.0)), np.log(np.where(near, 1.0, f)))


def _over(g, r):
    """g / r, and 0 at r = 0."""
    away = r > 0.0
    return np.where(away, g / np.where(away, r, 1.0), 0.0)


def _radius_before(alpha, gamma, r_x, np):
    """r of (4), and the root in it, which is positive."""
    B = gamma - r_x
    size = alpha + gamma + r_x  # (B / size and the like have squares in any dtype)
    root = size * np.sqrt((B / size) ** 2 + 4.0 * (alpha / size) * (r_x / size))
    half = 0.5 * (np.where(B > 0.0, B, -B) + root)
    return np.where(B > 0.0, alpha * (r_x / half), half), root
