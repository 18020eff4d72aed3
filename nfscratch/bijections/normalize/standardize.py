"""Standardize: the flow inside sees columns of mean 0 and variance 1; its log_prob stays in the data's units.

    x = mean + std z,    log_det = sum_i log std_i

Standing inside the flow, the scale is counted in log_det. Rescaling the data by hand leaves it out, and shifts every
log-likelihood by a constant that nobody reports. Mean and std come from the batch that `init` is given (the training
set: never the test set) and are stored, not trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import backend
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.bijections.normalize.statistics import mean_and_std
from nfscratch.ops.identity import identity
from nfscratch.trees import FIXED


@dataclass(frozen=True, eq=False)
class Standardize(Bijection):
    """params: {"fixed": {"mean": (D,), "std": (D,)}}."""

    dim: int

    jacobian_structure = "diagonal"
    in_shape = property(lambda self: (self.dim,))

    def init(self, rng, x=None, context=None):
        if x is None:
            mean, std = onp.zeros(self.dim), onp.ones(self.dim)
        else:
            mean, std = mean_and_std(x, "Standardize")
        return {FIXED: {"mean": backend.asarray(mean), "std": backend.asarray(std)}}

    def forward(self, params, z, context=None, rng=None):
        mean, std = _columns(params)
        return (z.T * std + mean).T, zeros_per_row(z) + np.sum(np.log(std))

    def inverse(self, params, x, context=None, rng=None):
        mean, std = _columns(params)
        return ((x.T - mean) / std).T, zeros_per_row(x) - np.sum(np.log(std))

    def forward_vjp(self, params, z, context=None, rng=None):
        _, std = _columns(params)
        return *self.forward(params, z), lambda g_x, g_log_det: ({}, (g_x.T * std).T, None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        _, std = _columns(params)
        return *self.inverse(params, x), lambda g_z, g_log_det: ({}, (g_z.T / std).T, None)

    def jacobian(self, params, z, context=None):
        _, std = _columns(params)
        return same_jacobian(std * identity(self.dim, z), z)


def _columns(params):
    """Mean and std, batch-last: (D, 1)."""
    return params[FIXED]["mean"][:, None], params[FIXED]["std"][:, None]
