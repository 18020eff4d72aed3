"""ActNorm: an elementwise affine map that starts from the data.

    x = exp(s) z + t,    log_det = H W sum_i s_i
                         for an event (C, H, W), which has one s and t per channel; H W = 1 for (D,)
    init on a batch:     t = mean(x),  s = log std(x),   so that z starts with mean 0 and variance 1

After that s and t are ordinary parameters. That they have been initialised is recorded by their values alone, which
live in the parameter tree: loading a saved flow cannot initialise them again.
Kingma and Dhariwal 2018, arXiv:1807.03039, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import autograd.numpy as np
import numpy as onp

from nfscratch import backend
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.normalize.channels import (
    channel_jacobian,
    channel_log_det,
    channel_shape,
    from_channels,
    per_channel,
)
from nfscratch.bijections.normalize.statistics import mean_and_std
from nfscratch.ops.affine import affine, affine_inverse, affine_inverse_vjp, affine_vjp, held
from nfscratch.ops.events import batch_first, batch_last, check_event


@dataclass(frozen=True, eq=False)
class ActNorm(Bijection):
    """params: {"log_scale": (D,), "shift": (D,)}, or (N, D) each for parameters per sample; D = C for (C, H, W).

    dim: D, or the shape (C, H, W).
    """

    dim: int | tuple[int, ...]

    jacobian_structure = "diagonal"
    in_shape = cached_property(lambda self: channel_shape("ActNorm", self.dim))

    def __post_init__(self):
        channel_shape("ActNorm", self.dim)

    def init(self, rng, x=None, context=None):
        zeros = backend.asarray(onp.zeros(self.in_shape[0]))
        if x is None:
            return {"log_scale": zeros, "shift": zeros.copy()}
        mean, std = mean_and_std(x, "ActNorm")
        return {"log_scale": backend.asarray(onp.log(std)), "shift": backend.asarray(mean)}

    def forward(self, params, z, context=None, rng=None):
        s, t = self._coefficients(params, z)
        return batch_first(affine(held(s), t, batch_last(z))), channel_log_det(s, z)

    def inverse(self, params, x, context=None, rng=None):
        s, t = self._coefficients(params, x)
        return batch_first(affine_inverse(held(s), t, batch_last(x))), -channel_log_det(s, x)

    def forward_vjp(self, params, z, context=None, rng=None):
        return self._vjp(affine_vjp, +1.0, params, z)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self._vjp(affine_inverse_vjp, -1.0, params, x)

    def _vjp(self, kernel_vjp, sign, params, z):
        s, t = self._coefficients(params, z)
        x, back = kernel_vjp(held(s), t, batch_last(z))

        def pullback(g_x, g_log_det):
            g_s, g_t, g_z = back(batch_last(g_x), g_log_det)  # each pixel adds g_log_det to g_s: the factor H W
            grads = {"log_scale": g_s, "shift": g_t}
            return {key: from_channels(g, params[key]) for key, g in grads.items()}, batch_first(g_z), None

        return batch_first(x), sign * channel_log_det(s, z), pullback

    def jacobian(self, params, z, context=None):
        s, _ = self._coefficients(params, z)
        return channel_jacobian(np.exp(s), z)

    def _coefficients(self, params, z):
        """s and t, to be broadcast against batch_last(z)."""
        check_event("ActNorm", z, self.in_shape)
        return per_channel(params["log_scale"], z), per_channel(params["shift"], z)
