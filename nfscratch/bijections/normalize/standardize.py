"""Standardize: the flow inside sees columns of mean 0 and variance 1; its log_prob stays in the data's units.

    x = mean + std z,    log_det = H W sum_i log std_i
                         for an event (C, H, W), which has one mean and std per channel; H W = 1 for (D,)

kind = "robust" takes the median and the distance of quantiles in place of mean and std (statistics.py).

Standing inside the flow, the scale is counted in log_det. Rescaling the data by hand leaves it out, and shifts every
log-likelihood by a constant that is easily forgotten. Mean and std come from the batch that `init` is given (the
training set: never the test set) and are stored, not trained.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.normalize.channels import channel_jacobian, channel_log_det, channel_shape, per_channel
from nfscratch.bijections.normalize.statistics import STATISTICS, centre_and_scale
from nfscratch.nets.network import ADDED_LATER
from nfscratch.ops.events import batch_first, batch_last, check_event
from nfscratch.trees import FIXED


@dataclass(frozen=True, eq=False)
class Standardize(Bijection):
    """params: {"fixed": {"mean": (D,), "std": (D,)}}; D = C for (C, H, W).

    dim: D, or the shape (C, H, W). kind: "moments" or "robust".
    """

    dim: int | tuple[int, ...]
    kind: str = field(default="moments", metadata=ADDED_LATER)

    jacobian_structure = "diagonal"
    in_shape = cached_property(lambda self: channel_shape("Standardize", self.dim))

    def __post_init__(self):
        channel_shape("Standardize", self.dim)
        validate.choice("kind", self.kind, STATISTICS)

    def init(self, rng, x=None, context=None):
        n = self.in_shape[0]
        mean, std = (onp.zeros(n), onp.ones(n)) if x is None else centre_and_scale(x, "Standardize", self.kind)
        return {FIXED: {"mean": backend.asarray(mean), "std": backend.asarray(std)}}

    def forward(self, params, z, context=None, rng=None):
        mean, std = self._coefficients(params, z)
        return batch_first(batch_last(z) * std + mean), channel_log_det(np.log(std), z)

    def inverse(self, params, x, context=None, rng=None):
        mean, std = self._coefficients(params, x)
        return batch_first((batch_last(x) - mean) / std), -channel_log_det(np.log(std), x)

    def forward_vjp(self, params, z, context=None, rng=None):
        _, std = self._coefficients(params, z)
        return *self.forward(params, z), lambda g_x, g_log_det: ({}, batch_first(batch_last(g_x) * std), None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        _, std = self._coefficients(params, x)
        return *self.inverse(params, x), lambda g_z, g_log_det: ({}, batch_first(batch_last(g_z) / std), None)

    def jacobian(self, params, z, context=None):
        _, std = self._coefficients(params, z)
        return channel_jacobian(std, z)

    def _coefficients(self, params, z):
        """Mean and std, to be broadcast against batch_last(z)."""
        check_event("Standardize", z, self.in_shape)
        return per_channel(params[FIXED]["mean"], z), per_channel(params[FIXED]["std"], z)
