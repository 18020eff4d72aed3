"""PosteriorLoss: minus the annealed ELBO of a flow and a target, as `minimize` calls it.

    1 / T = min(1, 0.01 + t / anneal)      the weight of log p at step t (Rezende and Mohamed 2015, equation 20)

t stands in the tree of parameters, under "fixed", and is kept with the run across a stop. Where the flow has both
directions in one pass, the gradient is the one through the draws alone (objectives/evidence.py).
"""

from __future__ import annotations

import numpy as onp

from nfscratch import backend, trees
from nfscratch.posteriors.target import check_values, of_draws
from nfscratch.training import objectives
from nfscratch.training.remedies import SMALLER_STEPS

CHOOSING = 1000  # draws that choose among the steps


class PosteriorLoss:
    """What `minimize` calls, on the tree {"flow": params, "fixed": {"step": t}}: t is kept with the run."""

    def __init__(self, flow, target, draws, anneal):
        self.flow, self.target, self.draws, self.anneal = flow, target, draws, anneal
        self.gradient = "path" if flow.bijection.inverse_cost == "one pass" else "total"

    def tree(self, params):
        return {"flow": params, trees.FIXED: {"step": backend.asarray(onp.zeros(1))}}

    def __call__(self, tree, rng):
        value, grads = objectives.reverse_kl_value_and_grad(
            self.flow,
            None,
            tree["flow"],
            rng,
            self.draws,
            log_target_vjp=self.target.vjp,
            inverse_temperature=self._inverse_temperature(tree),
            gradient=self.gradient,
        )
        return value, {"flow": grads}

    def _inverse_temperature(self, tree):
        """min(1, 0.01 + t / anneal)."""
        return 1.0 if self.anneal is None else min(1.0, 0.01 + float(tree[trees.FIXED]["step"][0]) / self.anneal)

    def update(self, tree):
        flow = self.flow.update(tree["flow"], None) if self.flow.updates else tree["flow"]
        return {"flow": flow, trees.FIXED: {"step": tree[trees.FIXED]["step"] + 1.0}}

    def evaluate(self, tree):
        """-ELBO of draws that are the same each time, plus two of its standard errors.

        The ELBO of 1000 draws of a bad flow varies much, and is high by chance now and then. Its standard error is then
        large too, so that such a flow is not chosen.
        """
        log_w = self._log_weights(tree)
        return float(2.0 * log_w.std() / len(log_w) ** 0.5 - log_w.mean())

    def blame(self, tree, grads):
        """Where log p is not finite, that; else the steps are too large."""
        try:
            check_values(*of_draws(self.flow, self.target, tree["flow"], CHOOSING))
        except ValueError as error:
            return str(error)
        return f"the gradient; {SMALLER_STEPS}"

    def _log_weights(self, tree):
        x, log_q = self.flow.sample_and_log_prob(tree["flow"], onp.random.default_rng(0), CHOOSING)
        return onp.asarray(backend.to_numpy(self.target.value(x) - log_q), dtype=onp.float64)
