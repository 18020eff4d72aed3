"""PosteriorResult: a flow q that was fitted to a posterior, and how far it can be trusted.

Of S fresh draws x_i of q, with log w_i = log p(x_i, y) - log q(x_i),

    elbo           mean log w_i            at most log p(y), and below it by KL(q || posterior)                    (1)
    log_evidence   log mean w_i            log p(y), by importance sampling with Pareto smoothed weights           (2)
    k_hat          the tail of the w_i     how far q covers the posterior's mass (evaluate/psis.py)

The standard errors are those of S independent draws; that of (2) is sd(w) / mean(w) / sqrt(S).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as onp

from nfscratch import backend, validate
from nfscratch.training.record import Result

JUDGING = 10_000  # draws


class Weighted(NamedTuple):
    """Draws of the flow, and the weights that make their averages those of the posterior."""

    draws: Any  # (S, D)
    weights: Any  # (S,), of sum 1


@dataclass(repr=False, eq=False)
class PosteriorResult:
    """A fitted posterior. Arrays are NumPy's.

    flow, params: the approximation q. elbo, log_evidence: in nats, each with its standard error, `..._error`.
    k_hat: below `k_reliable` (0.7 at most) weighted averages are to be trusted. Above, a few draws carry the weights,
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
    k_reliable: float
    draws: Any
    log_weights: Any
    training: Result
    rng: onp.random.Generator

    @property
    def history(self) -> dict[str, list[float]]:
        """The keys: "loss", minus the ELBO of each step; "validation", which chose the step, and the "step" of each."""
        return self.training.history

    @property
    def reliable(self) -> bool:
        """Whether k_hat is below k_reliable."""
        return self.k_hat < self.k_reliable

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
        if self.reliable:
            return f"k_hat {self.k_hat:.2f}, below {self.k_reliable:.2f}: averages with the weights are reliable"
        return (
            f"k_hat {self.k_hat:.2f}, not below {self.k_reliable:.2f}: a few draws carry the weights, and log evidence "
            "and weighted averages may be off"
        )


def judged(flow: Any, target: Any, training: Result, rng: Any, n: int = JUDGING) -> PosteriorResult:
    """The result of a training run, after n fresh draws."""
    from nfscratch.evaluate.psis import psis, reliable_below

    x, log_q = flow.sample_and_log_prob(training.params, rng, n)
    log_w = onp.asarray(backend.to_numpy(target.value(x) - log_q), dtype=onp.float64)
    smoothed, k_hat = psis(log_w)
    top = smoothed.max()
    w = onp.exp(smoothed - top)
    return PosteriorResult(
        flow=flow,
        params=training.params,
        elbo=float(log_w.mean()),
        elbo_error=float(log_w.std(ddof=1) / n**0.5),
        log_evidence=float(top + onp.log(w.mean())),
        log_evidence_error=float(w.std(ddof=1) / w.mean() / n**0.5),
        k_hat=k_hat,
        k_reliable=reliable_below(n),
        draws=backend.to_numpy(x),
        log_weights=smoothed - top - onp.log(w.sum()),
        training=training,
        rng=rng,
    )
