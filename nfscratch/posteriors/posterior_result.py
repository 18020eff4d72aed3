"""PosteriorResult: a flow that was fitted to a posterior, and how far it can be trusted.

Of fresh draws x_i of the flow q, with log w_i = log p(x_i, y) - log q(x_i),

    elbo           mean log w_i                    at most log p(y); the gap is KL(q || posterior)
    log_evidence   log mean w_i                    log p(y) by importance sampling, with Pareto smoothed weights
    k_hat          the tail of the weights         small: q covers the posterior (evaluate/psis.py)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as onp

from nfscratch import backend, validate


class Weighted(NamedTuple):
    draws: Any  # (n, D)
    weights: Any  # (n,), their sum is 1


@dataclass(repr=False)
class PosteriorResult:
    flow: Any
    params: Any
    elbo: float
    elbo_error: float
    log_evidence: float
    log_evidence_error: float
    k_hat: float
    draws: Any = field(repr=False)
    log_weights: Any = field(repr=False)
    training: Any = field(repr=False)
    rng: Any = field(repr=False)

    @property
    def history(self):
        return self.training.history


def judged(flow, target, training, rng, n=10_000):
    from nfscratch.evaluate.psis import psis

    x, log_q = flow.sample_and_log_prob(training.params, rng, n)
    log_w = onp.asarray(backend.to_numpy(target.value(x) - log_q), dtype=onp.float64)
    smoothed, k_hat = psis(log_w)
    top = smoothed.max()
    w = onp.exp(smoothed - top)
    return PosteriorResult(
        flow, training.params, float(log_w.mean()), float(log_w.std() / n**0.5),
        float(top + onp.log(w.mean())), float(w.std() / w.mean() / n**0.5), k_hat,
        backend.to_numpy(x), smoothed - top - onp.log(w.sum()), training, rng,
    )
