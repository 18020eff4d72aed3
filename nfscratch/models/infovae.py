"""InfoVAE: a VAE whose codes as a whole are pulled to the prior, instead of each row's by itself.

    loss = -E[log p(x | z)] + (1 - alpha) E[KL(q(z | x) || p(z))] + (alpha + lambda - 1) MMD^2(q(z), p(z))       (1)
    q(z) = mean over the data of q(z | x)                        the aggregate posterior                         (2)

Zhao et al. 2017, arXiv:1706.02262. With alpha = 0 and lambda = 1 it is the ELBO: then q(z | x) of every row
is pulled to the prior, and a strong decoder may leave z unused. With alpha = 1, their choice, nothing keeps a row's
codes from telling the row; only (2) must look like the prior, so that `sample` finds codes that the decoder knows.
Here `posterior_weight` is 1 - alpha, and `mmd_weight` alpha + lambda - 1, in nats.

How to choose `mmd_weight`: -log p(x | z) is a sum over the columns of x, so the weight must grow with them, and it must
grow where the likelihood has less noise. If it is too small, codes lie far from the prior, where the kernel is flat and
pulls no more: nf.evaluate.mmd of codes and draws of the prior is then far above 0. If it is too large, codes look like
the prior and say nothing of x: `reconstruct` returns the mean of x. A few hundred steps show either.

MMD^2 compares the batch's draws of z with as many draws of the prior, by a Gaussian kernel (ops/gaussian_mmd.py). The
draws of the prior are constants: q(z) moves to the prior, never the prior to q(z). The derivative of MMD^2 in z joins
that of log p(x | z) on its way back through the posterior.

    vae = nf.models.InfoVAE(nf.MLP((128,)), nf.MLP((128,)), nf.flows.posterior(2, 128), likelihood="normal")
    result = nf.fit_vae(vae, x, rng=0)

`elbo` and `log_prob` are those of every VAE: (1) is what trains, not a bound on log p(x).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.models.vae import VAE
from nfscratch.ops.gaussian_mmd import mmd_vjp

MMD_WEIGHT = 10.0  # for each column of x
ROWS = 2**10  # held-out rows whose MMD is taken at once: its kernel is a matrix


@dataclass(frozen=True, eq=False)
class InfoVAE(VAE):
    """params: those of the VAE. mmd_weight: None is 10 for each column of x. bandwidth: b of the kernel; None is the
    root of `dim`.

    Two draws of a standard normal lie about sqrt(2 dim) apart: at that distance, the default kernel is 1/e.
    """

    posterior_weight: float = 0.0
    mmd_weight: float | None = None
    bandwidth: float | None = None

    def __post_init__(self):
        super().__post_init__()
        validate.not_negative("posterior_weight", self.posterior_weight)
        if self.mmd_weight is not None:
            validate.not_negative("mmd_weight", self.mmd_weight)
        if self.bandwidth is not None:
            validate.bound("bandwidth", self.bandwidth)

    def loss_value_and_grad(
        self, params: Any, rng: Any, x: Any, beta: float = 1.0, draws: int = 1, importance: bool = False
    ) -> tuple[Any, Any]:
        """(1) over the rows x (N, D), N at least 2, and its gradient tree. beta: a factor on posterior_weight."""
        value, log_w, pullback, back_mmd = self._terms(params, rng, x, beta, draws, importance)
        return value, pullback(onp.full_like(log_w, -1.0 / log_w.size), back_mmd(self._mmd_weight(x)))

    def validation_loss(
        self, params: Any, rng: Any, x: Any, beta: float = 1.0, draws: int = 1, importance: bool = False
    ) -> float:
        """(1), whatever beta was in the step; MMD^2 is the mean over pieces of the rows."""
        count = max(1, -(-len(x) // ROWS))
        ends = [k * len(x) // count for k in range(count + 1)]
        pieces = [x[start:end] for start, end in pairwise(ends)]
        values = [self._terms(params, rng, piece, 1.0, draws, importance)[0] * len(piece) for piece in pieces]
        return sum(map(float, values)) / len(x)

    def _terms(self, params, rng, x, beta, draws, importance):
        if len(x) < 2:
            raise ValueError(f"InfoVAE needs batches of at least 2 rows, whose codes it compares; got {len(x)}")
        if importance:
            raise ValueError("importance must be False: InfoVAE has no importance-weighted bound")
        log_w, z, pullback = self.drawn_vjp(params, x, rng, draws, beta * self.posterior_weight)
        distance, back_mmd = mmd_vjp(z, self._from_prior(params, rng, len(z)), self.bandwidth or self.dim**0.5)
        return -log_w.mean() + self._mmd_weight(x) * distance, log_w, pullback, back_mmd

    def _mmd_weight(self, x):
        return MMD_WEIGHT * x.shape[1] if self.mmd_weight is None else self.mmd_weight
