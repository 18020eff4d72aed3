"""PosteriorResult: a flow q that was fitted to a posterior, and how far it can be trusted.

Of S fresh draws x_i of q, with log w_i = log p(x_i, y) - log q(x_i),

    elbo           mean log w_i            at most log p(y), and below it by KL(q || posterior)                    (1)
    log_evidence   log mean w_i            log p(y), by importance sampling with Pareto smoothed weights           (2)
    k_hat          the tail of the w_i     how far q covers the posterior's mass (evaluate/psis.py)
    n_eff          1 / sum v_i^2           how many equal weights are worth as much, v_i = w_i / sum_j w_j          (3)

The standard errors are those of S independent draws; that of (2) is sd(w) / mean(w) / sqrt(S). Weights whose k is 1/2
or more have no finite variance. sd(w) is then only that of the draws that were seen, and the true error can be many
times as large: a Gaussian was fitted to Student's t with 2 degrees of freedom in 4 variables, k_hat was 0.66, and
log_evidence was 0.15 below the truth with a standard error of 0.017. k_hat is an estimate too, from M = 300 weights,
with a standard error near (1 + k) / sqrt(M), 0.1. So the verdict calls the weights reliable only where k_hat plus its
error is below 0.5, though averages are often good up to 0.7 (Vehtari et al. 2024, arXiv:1507.02646). No number here
sees what q never draws.

A draw at which log p is not finite has the weight 0. The ELBO is then that of q without these draws, whose density is
q / (the share of the others).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as onp

from nfscratch import backend, outside, validate
from nfscratch.posteriors.target import not_finite
from nfscratch.training.record import Result, TrainingWarning

JUDGING = 10_000  # draws
FINITE_VARIANCE = 0.5  # weights of a smaller k have one
UNSEEN = "a mode that the flow never draws does not show in k_hat"


class Trust(Enum):
    """What k_hat means for averages with the weights."""

    RELIABLE = "averages with the weights are reliable"
    DOUBTFUL = "the weights may have no finite variance, and log evidence may be off by more than its error"
    UNRELIABLE = "a few draws carry the weights, and log evidence and weighted averages may be off"


class Weighted(NamedTuple):
    """Draws of the flow, and the weights that make their averages those of the posterior."""

    draws: Any  # (S, D)
    weights: Any  # (S,), of sum 1


@dataclass(repr=False, eq=False)
class PosteriorResult:
    """A fitted posterior. Arrays are NumPy's.

    flow, params: the approximation q. elbo, log_evidence: in nats, each with its standard error, `..._error`.
    k_hat: below 0.5 by `k_error`, weighted averages are reliable, and so is log_evidence_error. Up to `k_usable`, 0.7
        at most, averages are often good, but log_evidence_error can be too small. Above, a few draws carry the weights,
        because q misses a part of the posterior, or only because its tails are lighter: train longer, take more layers,
        or compare the ELBO and log_evidence. A mode that no draw reaches does not show in k_hat.
    draws, log_weights: the draws that judged q, and the logarithms of their normalised, smoothed weights.
    training: the Result of `minimize`, whose history it is.
    """

    flow: Any
    params: Any
    elbo: float
    elbo_error: float
    log_evidence: float
    log_evidence_error: float
    k_hat: float
    k_usable: float
    draws: Any
    log_weights: Any
    training: Result
    rng: onp.random.Generator

    @property
    def history(self) -> dict[str, list[float]]:
        """The keys: "loss", minus the ELBO of each step; "validation", which chose the step, and the "step" of each."""
        return self.training.history

    @property
    def trust(self) -> Trust:
        """What k_hat says."""
        if self.k_hat + self.k_error < min(FINITE_VARIANCE, self.k_usable):
            return Trust.RELIABLE
        return Trust.DOUBTFUL if self.k_hat < self.k_usable else Trust.UNRELIABLE

    @property
    def reliable(self) -> bool:
        """Whether k_hat is below 0.5 by its standard error. It does not know of modes that no draw reaches."""
        return self.trust is Trust.RELIABLE

    @property
    def k_error(self) -> float:
        """The standard error of k_hat, (1 + k) / sqrt(M) for a tail of M weights."""
        n = len(self.log_weights)
        return (1.0 + max(float(self.k_hat), 0.0)) / min(0.2 * n, 3.0 * n**0.5) ** 0.5

    @property
    def n_eff(self) -> float:
        """Equation (3)."""
        return float(1.0 / onp.sum(onp.exp(2.0 * self.log_weights)))

    @property
    def weighted(self) -> Weighted:
        """The draws that judged q, with their weights."""
        return Weighted(self.draws, onp.exp(self.log_weights))

    def sample(self, n: int, rng: Any = None) -> Any:
        """n fresh draws of q, (n, D). rng: a generator or a seed; default: the result's own generator, going on."""
        rng = self.rng if rng is None else validate.seeded(rng)
        return backend.to_numpy(self.flow.sample(self.params, rng, n))

    def resample(self, n: int, rng: Any = None) -> Any:
        """n of the draws that judged q, each taken with its weight's probability: nearer to the posterior than q.

        A draw of large weight comes several times.
        """
        rng = self.rng if rng is None else validate.seeded(rng)
        weights = onp.exp(self.log_weights)
        return self.draws[rng.choice(len(weights), validate.count("n", n), p=weights / weights.sum())]

    def __repr__(self):
        figures = (
            f"elbo {self.elbo:.4f} ± {self.elbo_error:.2g}, "
            f"log evidence {self.log_evidence:.4f} ± {self.log_evidence_error:.2g}"
        )
        return f"PosteriorResult({figures}; {self.verdict}; {self.training.stopped})"

    @property
    def verdict(self) -> str:
        """What k_hat means, in words."""
        return f"k_hat {self.k_hat:.2f}: {self.trust.value}; {UNSEEN}"


def judged(flow: Any, target: Any, training: Result, rng: Any, n: int = JUDGING) -> PosteriorResult:
    """The result of a training run, after n fresh draws. Warns where log p is not finite at some of them."""
    from nfscratch.evaluate.psis import psis, reliable_below

    x, log_q = flow.sample_and_log_prob(training.params, rng, n)
    log_w = _log_weights(target, x, log_q)
    seen = log_w[log_w > -onp.inf]
    smoothed, k_hat = psis(log_w)
    top = smoothed.max()
    w = onp.exp(smoothed - top)
    return PosteriorResult(
        flow=flow,
        params=training.params,
        elbo=float(seen.mean() + onp.log(len(seen) / n)),
        elbo_error=float(seen.std(ddof=1) / len(seen) ** 0.5),
        log_evidence=float(top + onp.log(w.mean())),
        log_evidence_error=float(w.std(ddof=1) / w.mean() / n**0.5),
        k_hat=k_hat,
        k_usable=reliable_below(n),
        draws=backend.to_numpy(x),
        log_weights=smoothed - top - onp.log(w.sum()),
        training=training,
        rng=rng,
    )


def _log_weights(target, x, log_q):
    """log w_i, -inf where log p is not finite. A fit that is done is not thrown away for such draws."""
    with onp.errstate(all="ignore"):
        log_p = onp.asarray(backend.to_numpy(target.value(x)), dtype=onp.float64)
    if words := not_finite(log_p, x):
        outside.warn(f"{words}; these draws have the weight 0", TrainingWarning)
    log_q = onp.asarray(backend.to_numpy(log_q), dtype=onp.float64)
    return onp.where(onp.isfinite(log_p), log_p - log_q, -onp.inf)
