"""InfoVAE: a VAE whose codes as a whole are pulled to the prior, instead of each row's by itself.

    loss = -E[log p(x | z)] + (1 - alpha) E[KL(q(z | x) || p(z))] + (alpha + lambda - 1) MMD^2(q(z), p(z))       (1)
    q(z) = mean over the data of q(z | x)                        the aggregate posterior                         (2)

Zhao et al. 2017, arXiv:1706.02262. With alpha = 0 and lambda = 1 it is the ELBO: then q(z | x) of every row
is pulled to the prior, and a strong decoder may leave z unused. With alpha = 1, their choice, nothing keeps a row's
codes from telling the row; only (2) must look like the prior, so that `sample` finds codes that the decoder knows.
Here `posterior_weight` is 1 - alpha, and `mmd_weight` alpha + lambda - 1, in nats.

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
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.models.vae import VAE
from nfscratch.ops.gaussian_mmd import mmd_vjp

ROWS = 2**10  # held-out rows whose MMD is taken at once: its kernel is a matrix


@dataclass(frozen=True, eq=False)
class InfoVAE(VAE):
    """params: those of the VAE. bandwidth: b of the kernel; None is the root of `dim`.

    Two draws of a standard normal lie about sqrt(2 dim) apart: at that distance, the default kernel is 1/e.
    """

    posterior_weight: float = 0.0
    mmd_weight: float = 100.0
    bandwidth: float | None = None

    def __post_init__(self):
        super().__post_init__()
        for name in ("posterior_weight", "mmd_weight"):
            weight = getattr(self, name)
            if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 <= weight < onp.inf:
                raise ValueError(f"{name} must be at least 0 and finite; got {weight!r}")
        if self.bandwidth is not None:
            validate.positive("bandwidth", self.bandwidth)

    def loss_value_and_grad(
        self, params: Any, rng: Any, x: Any, beta: float = 1.0, draws: int = 1, importance: bool = False
    ) -> tuple[Any, Any]:
        """(1) over the rows x (N, D), N at least 2, and its gradient tree. beta: a factor on posterior_weight."""
        value, log_w, pullback, back_mmd = self._terms(params, rng, x, beta, draws, importance)
        return value, pullback(onp.full_like(log_w, -1.0 / log_w.size), back_mmd(self.mmd_weight))

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
        return -log_w.mean() + self.mmd_weight * distance, log_w, pullback, back_mmd
