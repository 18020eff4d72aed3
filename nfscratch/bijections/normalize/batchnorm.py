"""BatchNorm: batch normalisation as an invertible map.

    x = exp(s) (z - beta) + m,    s_i = log(v_i + eps) / 2 - log_gamma_i
    log_det = H W sum_i s_i       for an event (C, H, W), which has one s, m, beta per channel; H W = 1 for (D,)

    m <- rho m + (1 - rho) mean(x),    v <- rho v + (1 - rho) var(x)         `update`, once a step

Dinh et al. 2017, arXiv:1605.08803, section 3.7 and appendix E; with gamma and beta as Papamakarios et al. 2017,
arXiv:1705.07057, section 3.

Deviation: m and v are the running statistics in training too, and no gradient flows through the batch's own. With
batch statistics the result of one row depends on the rows beside it: no function of the parameters alone, so there is
no density to check, and none of a batch of one. Dinh et al. already normalise by running averages, into which they
count the current batch; here it enters after its step, so that the training loss is the model's log-density.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.normalize.channels import (
    channel_jacobian,
    channel_log_det,
    channel_shape,
    from_channels,
    per_channel,
    samples,
)
from nfscratch.bijections.normalize.statistics import mean_and_std
from nfscratch.ops.affine import affine, affine_inverse, affine_inverse_vjp, affine_vjp, held
from nfscratch.ops.events import batch_first, batch_last, check_event
from nfscratch.ops.layout import sum_to
from nfscratch.trees import FIXED


@dataclass(frozen=True, eq=False)
class BatchNorm(Bijection):
    """params: {"beta": (D,), "log_gamma": (D,), "fixed": {"mean": (D,), "variance": (D,)}}; D = C for (C, H, W).

    shape: D, or (C, H, W). momentum: rho; 0.99 averages over the last 100 batches or so, and a larger one lags more.
    eps: added to every variance, so the scale is never below sqrt(eps), which is in the units that this layer sees.
    It starts from the batch that `init` is given; without one, from mean 0 and variance 1.
    Inverse refuses it: there the statistics would be of its own output, and change with every update. Use ActNorm.
    """

    shape: int | tuple[int, ...]
    momentum: float = 0.99
    eps: float = 1e-5

    jacobian_structure = "diagonal"
    updates = True
    data_side_only = True
    in_shape = property(lambda self: self.shape)

    def __post_init__(self):
        object.__setattr__(self, "shape", channel_shape("BatchNorm", self.shape))
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be in [0, 1); got {self.momentum}")
        validate.divisor("eps", self.eps)

    def init(self, rng, x=None, context=None):
        n = self.shape[0]
        mean, std = (onp.zeros(n), onp.ones(n)) if x is None else mean_and_std(x, "BatchNorm")
        zeros = backend.asarray(onp.zeros(n))
        largest = float(onp.finfo(zeros.dtype).max)
        variance = backend.asarray(onp.square(onp.minimum(std, largest**0.5)))
        return {"beta": zeros, "log_gamma": zeros.copy(), FIXED: {"mean": backend.asarray(mean), "variance": variance}}

    def forward(self, params, z, context=None, rng=None):
        s, m, beta = self._coefficients(params, z)
        return batch_first(affine(held(s), m, batch_last(z) - beta)), channel_log_det(s, z)

    def inverse(self, params, x, context=None, rng=None):
        s, m, beta = self._coefficients(params, x)
        return batch_first(affine_inverse(held(s), m, batch_last(x)) + beta), -channel_log_det(s, x)

    def forward_vjp(self, params, z, context=None, rng=None):
        s, m, beta = self._coefficients(params, z)
        x, back = affine_vjp(held(s), m, batch_last(z) - beta)

        def pullback(g_x, g_log_det):
            g_s, _, g_z = back(batch_last(g_x), g_log_det)
            return _grads(params, -g_s, -sum_to(g_z, beta.shape)), batch_first(g_z), None

        return batch_first(x), channel_log_det(s, z), pullback

    def inverse_vjp(self, params, x, context=None, rng=None):
        s, m, beta = self._coefficients(params, x)
        u, back = affine_inverse_vjp(held(s), m, batch_last(x))

        def pullback(g_z, g_log_det):
            g_u = batch_last(g_z)
            g_s, _, g_x = back(g_u, g_log_det)
            return _grads(params, -g_s, sum_to(g_u, beta.shape)), batch_first(g_x), None

        return batch_first(u + beta), -channel_log_det(s, x), pullback

    def jacobian(self, params, z, context=None):
        s, _, _ = self._coefficients(params, z)
        return channel_jacobian(np.exp(s), z)

    def update(self, params, x, context=None):
        """New running mean and variance; the variance of a batch is the unbiased one (N - 1).

        A column that is constant in the batch, as every column is in a batch of one row (and one pixel), says nothing
        of its scale: its variance is kept. So one that is constant in most batches has the variance of the others.
        Neither does one whose mean or variance overflows: both are kept.
        """
        rows = samples(x)
        if len(rows) == 0:
            return params
        mean, variance = params[FIXED]["mean"], params[FIXED]["variance"]
        rate, unbiased = 1.0 - self.momentum, len(rows) / max(1, len(rows) - 1)
        constant = onp.all(rows == rows[:1], axis=0)
        with onp.errstate(over="ignore", invalid="ignore"):
            centre, spread = onp.mean(rows, axis=0), onp.var(rows, axis=0) * unbiased
        known = onp.isfinite(centre) & onp.isfinite(spread)
        centre, spread = onp.where(known, centre, mean), onp.where(known & ~constant, spread, variance)
        moved = {"mean": mean + rate * (centre - mean), "variance": variance + rate * (spread - variance)}
        return {**params, FIXED: moved}

    def _coefficients(self, params, z):
        """s, m and beta, to be broadcast against batch_last(z)."""
        check_event("BatchNorm", z, self.shape)
        mean, variance = (per_channel(params[FIXED][key], z) for key in ("mean", "variance"))
        s = 0.5 * np.log(variance + self.eps) - per_channel(params["log_gamma"], z)
        return s, mean, per_channel(params["beta"], z)


def _grads(params, g_log_gamma, g_beta):
    grads = {"beta": g_beta, "log_gamma": g_log_gamma}
    return {key: from_channels(g, params[key]) for key, g in grads.items()}
