"""`fit_posterior`: a flow q that is near a density p, known up to a constant, by the largest ELBO.

    1. start     rough draws of p (start.py); the flow looks at them as it looks at data
    2. descent   -ELBO of fresh draws at every step (objectives.reverse_kl_value_and_grad), by `minimize`
    3. choice    the parameters with the largest ELBO on draws that stay the same
    4. verdict   fresh draws: the ELBO, k_hat, and the evidence by importance sampling (posterior_result.py)

Where the flow has both directions in one pass, the gradient is the one through the draws alone (evidence.py): it is 0
where q = p, so that the last steps are not lost in noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import backend, trees, validate
from nfscratch.flows.flow import Flow
from nfscratch.posteriors.posterior_result import PosteriorResult, judged
from nfscratch.posteriors.start import draws_of, rough_posterior
from nfscratch.posteriors.target import Target, check
from nfscratch.posteriors.unbounded import Unbounded
from nfscratch.training import interrupts, objectives
from nfscratch.training.minimize import minimize
from nfscratch.training.optimizers import Adam, adam
from nfscratch.training.resume import RunFile
from nfscratch.training.run import Evaluation

STEPS, DRAWS, RATE = 3000, 64, 5e-3
CHOOSING, JUDGING = 1000, 10_000  # draws that choose among the steps, and that judge the result
STARTING = 1000  # rough draws that the flow looks at


def fit_posterior(
    log_prob: Callable | None,
    flow: Flow,
    *,
    rng: onp.random.Generator | int,
    log_prob_vjp: Callable | None = None,
    has_grad: bool = False,
    start: Any = None,
    params: Any = None,
    draws: int = DRAWS,
    steps: int = STEPS,
    anneal: int | None = None,
    optimizer: Adam | None = None,
    evaluate_every: int | None = None,
    patience: int | None = None,
    seconds: float | None = None,
    callback: Callable[[Evaluation], Any] | None = None,
    interrupt: str = interrupts.RETURN,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | RunFile | None = None,
    checkpoint_every: int | None = None,
) -> PosteriorResult:
    """Fit `flow` to the density whose logarithm, up to a constant, is log_prob(x): (n, D) -> (n,).
    """
    rng, draws = validate.seeded(rng), validate.count("draws", draws, 1)
    target = Target(log_prob, log_prob_vjp, has_grad)
    params = _started(flow, target, rng, start) if params is None else params
    loss = _Loss(flow, target, draws, anneal)
    result = minimize(
        loss,
        loss.tree(params),
        rng=rng,
        evaluate=loss.evaluate,
        update=loss.update,
        has_grad=True,
        title="fit_posterior",
        steps=steps,
        optimizer=adam(RATE) if optimizer is None else optimizer,
        evaluate_every=evaluate_every,
        patience=patience,
        seconds=seconds,
        callback=callback,
        interrupt=interrupt,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
    )
    result.params, result.last_params = result.params["flow"], result.last_params["flow"]
    return judged(flow, target, result, rng)


def _started(flow, target, rng, start):
    """Parameters of the flow after a look at rough draws of the posterior."""
    if start is None:
        unbounded = Unbounded(flow, target)
        roughs = rough_posterior(unbounded.value, unbounded.gradient, unbounded.dim, rng)
        start = unbounded.x(draws_of(roughs, rng, STARTING))
    return flow.init(rng, start)


class _Loss:
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
            beta=self._beta(tree),
            gradient=self.gradient,
        )
        return value, {"flow": grads}

    def _beta(self, tree):
        """min(1, 0.01 + t / anneal)."""
        return 1.0 if self.anneal is None else min(1.0, 0.01 + float(tree[trees.FIXED]["step"][0]) / self.anneal)

    def update(self, tree):
        return {"flow": tree["flow"], trees.FIXED: {"step": tree[trees.FIXED]["step"] + 1.0}}

    def evaluate(self, tree):
        """-ELBO of draws that are the same each time."""
        x, log_q = self.flow.sample_and_log_prob(tree["flow"], onp.random.default_rng(0), CHOOSING)
        log_w = onp.asarray(backend.to_numpy(self.target.value(x) - log_q), dtype=onp.float64)
        return float(2.0 * log_w.std() / CHOOSING**0.5 - log_w.mean())
