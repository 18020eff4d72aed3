"""ActNorm: an elementwise affine map that starts from the data.

    x = exp(s) z + t,    log_det = sum_i s_i
    init on a batch:     t = mean(x),  s = log std(x),   so that z starts with mean 0 and variance 1

After that s and t are ordinary parameters. That they have been initialised is recorded by their values alone, which
live in the parameter tree: loading a saved flow cannot initialise them again.
Kingma and Dhariwal 2018, arXiv:1807.03039, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import backend
from nfscratch.bijections.contract import Bijection, same_jacobian
from nfscratch.bijections.normalize.statistics import mean_and_std
from nfscratch.ops.affine import affine, affine_inverse, affine_inverse_vjp, affine_vjp
from nfscratch.ops.identity import identity


@dataclass(frozen=True, eq=False)
class ActNorm(Bijection):
    """params: {"log_scale": (D,), "shift": (D,)}, or (N, D) each for parameters per sample."""

    dim: int

    jacobian_structure = "diagonal"
    in_shape = property(lambda self: (self.dim,))

    def init(self, rng, x=None, context=None):
        zeros = backend.asarray(onp.zeros(self.dim))
        if x is None:
            return {"log_scale": zeros, "shift": zeros.copy()}
        mean, std = mean_and_std(x, "ActNorm")
        return {"log_scale": backend.asarray(onp.log(std)), "shift": backend.asarray(mean)}

    def forward(self, params, z, context=None, rng=None):
        s, t = _columns(params)
        return affine(s, t, z.T).T, np.sum(s + np.zeros_like(z.T), axis=0)

    def inverse(self, params, x, context=None, rng=None):
        s, t = _columns(params)
        return affine_inverse(s, t, x.T).T, -np.sum(s + np.zeros_like(x.T), axis=0)

    def forward_vjp(self, params, z, context=None, rng=None):
        return _vjp(affine_vjp, +1.0, params, z)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return _vjp(affine_inverse_vjp, -1.0, params, x)

    def jacobian(self, params, z, context=None):
        scale = np.exp(params["log_scale"])[..., None] * identity(self.dim, z)
        return same_jacobian(scale, z)


def _columns(params):
    """s and t, batch-last: (D, 1), or (D, N)."""
    return tuple(p.T if p.ndim == 2 else p[:, None] for p in (params["log_scale"], params["shift"]))


def _vjp(kernel_vjp, sign, params, z):
    s, t = _columns(params)
    x, back = kernel_vjp(s, t, z.T)
    log_det = sign * s.sum(axis=0) + onp.zeros_like(z, shape=(len(z),))

    def pullback(g_x, g_log_det):
        g_s, g_t, g_z = back(g_x.T, g_log_det)
        grads = {"log_scale": _rows(g_s, params["log_scale"]), "shift": _rows(g_t, params["shift"])}
        return grads, g_z.T, None

    return x.T, log_det, pullback


def _rows(g, like):
    return g.T if like.ndim == 2 else g[:, 0]
