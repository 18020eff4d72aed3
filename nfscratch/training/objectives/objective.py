"""Objectives as objects: what `fit` minimizes, with its options.

    nf.fit(flow, x, objective=nf.objectives.FlowMatching(pairing="optimal"), rng=0)

`value` is what held-out rows are judged by; it must give the same number whenever it is asked with the same
parameters, so `fit` hands it a generator of a fixed seed. `value_and_grad` is the loss of one batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.training import divergence
from nfscratch.training.objectives.ends import Ends
from nfscratch.training.objectives.likelihood import nll, nll_of_batch
from nfscratch.training.objectives.matching import (
    denoiser_of,
    flow_matching,
    flow_matching_of_batch,
    score_matching,
    score_matching_of_batch,
)
from nfscratch.training.objectives.pairing import PAIRINGS

LEAST_ROWS = 10_000  # with fewer, each held-out row is taken several times, with noise of its own


@dataclass(frozen=True)
class Objective:
    """A loss of a flow on rows of data: less is better."""

    def check(self, flow: Any) -> None:
        """Raise TypeError unless the objective suits the flow."""

    def value(self, flow: Any, params: Any, x: Any, context: Any, rng: Any, weights: Any) -> float:
        """The mean over the rows, weighted where there are weights."""
        raise NotImplementedError(f"{type(self).__name__} has no value")

    def value_and_grad(
        self, flow: Any, params: Any, x: Any, context: Any, rng: Any, weights: Any, total: Any
    ) -> tuple[Any, Any]:
        """The same for a batch, as (number, gradient tree). total: what the weighted sum is divided by."""
        raise NotImplementedError(f"{type(self).__name__} has no value_and_grad")

    def blame(self, flow: Any, params: Any, grads: Any, x: Any, context: Any, rows: Any) -> str:
        """What is at fault where the loss of a batch is not finite, and a remedy, in words."""
        return divergence.blame_gradients(grads)


@dataclass(frozen=True)
class MaximumLikelihood(Objective):
    """-log p, in nats. Held-out rows are judged by the exact density: no rng."""

    def value(self, flow, params, x, context, rng, weights):
        return nll(flow, params, x, context, weights)

    def value_and_grad(self, flow, params, x, context, rng, weights, total):
        return nll_of_batch(flow, params, x, context, rng, weights, total)

    def blame(self, flow, params, grads, x, context, rows):
        return divergence.blame(flow, params, grads, x, context, rows)


@dataclass(frozen=True)
class FlowMatching(Objective):
    """Equation (1) of matching.py, for a continuous flow. pairing: "independent" or "optimal" (pairing.py)."""

    pairing: str = "independent"

    def __post_init__(self):
        validate.choice("pairing", self.pairing, PAIRINGS)

    def check(self, flow):
        Ends.of(flow)

    def value(self, flow, params, x, context, rng, weights):
        return flow_matching(flow, params, *_repeated(x, context), rng, *_repeated(weights), self.pairing)

    def value_and_grad(self, flow, params, x, context, rng, weights, total):
        return flow_matching_of_batch(flow, params, x, context, rng, weights, total, self.pairing)


@dataclass(frozen=True)
class ScoreMatching(Objective):
    """Equation (2) of matching.py, for a continuous flow whose field is a ProbabilityFlow."""

    def check(self, flow):
        denoiser_of(Ends.of(flow).layer.field)

    def value(self, flow, params, x, context, rng, weights):
        return score_matching(flow, params, *_repeated(x, context), rng, *_repeated(weights))

    def value_and_grad(self, flow, params, x, context, rng, weights, total):
        return score_matching_of_batch(flow, params, x, context, rng, weights, total)


def _repeated(*arrays):
    """Each of the arrays, or None, as often as LEAST_ROWS asks for."""
    return (a if a is None else onp.concatenate([a] * -(-LEAST_ROWS // len(a))) for a in arrays)
