"""`fit_posterior`: a flow q that is near a density p, known up to a constant, by the largest ELBO.

    1. start     rough draws of p (search.py), at which the flow looks as it looks at data (first_params.py)
    2. descent   -ELBO of fresh draws at every step (objectives.reverse_kl_value_and_grad), by `minimize`
    3. choice    the parameters with the largest ELBO minus two of its standard errors, on draws that stay the same
    4. verdict   fresh draws: the ELBO, k_hat, and the evidence by importance sampling (posterior_result.py)

Where the flow has both directions in one pass, the gradient is the one through the draws alone (evidence.py): it is 0
where q = p, so that the last steps are not lost in noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.blas import one_thread
from nfscratch.excerpt import excerpt
from nfscratch.flows.flow import Flow
from nfscratch.flows.inference import inference
from nfscratch.posteriors.first_params import RATE, first_params
from nfscratch.posteriors.posterior_loss import CHOOSING, PosteriorLoss
from nfscratch.posteriors.posterior_result import PosteriorResult, judged
from nfscratch.posteriors.target import Target, check_values, of_draws
from nfscratch.posteriors.target_checks import check_function
from nfscratch.posteriors.unbounded import Unbounded
from nfscratch.training import far_end, interrupts
from nfscratch.training.minimize import minimize
from nfscratch.training.optimizers import Adam, adam
from nfscratch.training.run import Evaluation

STEPS, DRAWS = 2000, 64


def fit_posterior(
    log_prob: Callable | None,
    flow: Flow | int,
    *,
    rng: onp.random.Generator | int,
    log_prob_vjp: Callable | None = None,
    has_grad: bool = False,
    start: Any = None,
    params: Any = None,
    draws: int = DRAWS,
    anneal: int | None = None,
    steps: int = STEPS,
    optimizer: Adam | None = None,
    clip: float | None = None,
    evaluate_every: int | None = None,
    patience: int | None = None,
    seconds: float | None = None,
    callback: Callable[[Evaluation], Any] | None = None,
    interrupt: str = interrupts.RETURN,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int | None = None,
) -> PosteriorResult:
    """Fit a flow to the density whose logarithm, up to a constant, is log_prob(x): (n, D) -> (n,).

        result = nf.fit_posterior(log_prob, 3, rng=0)
        result.resample(1000)

    log_prob: written with autograd.numpy, for all rows at once; target.py says how it may come with its gradient,
        has_grad=True or log_prob_vjp=. Priors, likelihood and data are inside of it. A gradient that is given is
        compared once with a difference quotient.
    flow: a Flow of D variables, or the number D, for which nf.flows.inference(D) is taken. Where variables are
        bounded, the flow must end there: nf.flows.inference(constraints=...), or support= of the other recipes.
    start: draws (n, D) that say roughly where the posterior is; default: a search finds it (search.py). A flow with
        Standardize or Whiten at the data's end, as recipes for data have, takes location and scales from them. The
        flow is first fitted to draws that are given, so that it keeps all of several modes. They lie inside of the
        flow's constraints.
    params: parameters to go on from; then nothing is searched.
    draws: fresh draws of the flow at each step.
    anneal: log p is weighed with min(1, 0.01 + t / anneal) at step t, so that a flow can find several modes before it
        settles; default: no annealing. anneal is less than `steps`.
    The other arguments are those of `minimize`, where optimizer is nf.adam(5e-3) by default. An evaluation,
    "validation" in the history, is -ELBO plus two standard errors, of draws that are always the same.

    Raises TypeError or ValueError, in one line, for a log_prob that cannot be fitted. TrainingWarning: the end of the
    run is far worse than its best.
    """
    rng, draws = validate.seeded(rng), validate.count("draws", draws, 1)
    anneal, flow = _checked_anneal(anneal, steps), checked_flow(flow)
    if callback is not None:  # it is called by a function of ours, which `minimize` would let pass
        validate.function("callback", callback, "an Evaluation", 1)
    target = Target(log_prob, log_prob_vjp, has_grad)
    unbounded = Unbounded(flow, target)
    if start is not None and params is not None:
        raise ValueError("fit_posterior takes start or params, not both: it goes on from params; got both")
    check_function(unbounded)
    params = first_params(flow, unbounded, rng, start) if params is None else params
    check_values(*of_draws(flow, target, params, CHOOSING))
    loss = PosteriorLoss(flow, target, draws, anneal)
    training = minimize(
        loss,
        loss.tree(params),
        rng=rng,
        evaluate=loss.evaluate,
        update=loss.update,
        blame=loss.blame,
        has_grad=True,
        title="fit_posterior",
        steps=steps,
        optimizer=adam(RATE) if optimizer is None else optimizer,
        clip=clip,
        evaluate_every=evaluate_every,
        patience=patience,
        seconds=seconds,
        callback=None if callback is None else lambda at: callback(replace(at, params=at.params["flow"])),
        finish=_unwrap,
        interrupt=interrupt,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
    )
    far_end.review(training, far_end.nats(flow.shape[0]))
    with one_thread(training.params, draws):
        return judged(flow, target, training, rng)


def _checked_anneal(anneal, steps):
    if anneal is None:
        return None
    if validate.count("anneal", anneal, 1) >= validate.count("steps", steps):
        raise ValueError(
            f"anneal must be less than steps, because log p has its full weight only after it; got {anneal} and {steps}"
        )
    return anneal


def _unwrap(training):
    """The flow's own parameters, also in a result that an interrupt carries."""
    training.params, training.last_params = training.params["flow"], training.last_params["flow"]


def checked_flow(flow: Any) -> Flow:
    """`flow`, or the recipe's for a number of variables; refused where draws cannot be fitted."""
    if not isinstance(flow, Flow):
        if isinstance(flow, bool) or not isinstance(flow, (int, onp.integer)) or flow < 1:
            raise TypeError(
                f"flow must be a Flow, such as nf.flows.inference(3), or a number of variables; got {excerpt(flow)}"
            )
        return inference(int(flow))
    if len(flow.shape) != 1:
        raise ValueError(f"flow must be of vectors (D,); got shape {tuple(flow.shape)}")
    if flow.context_dim:
        raise ValueError(
            f"flow must take no context, because there is one posterior; got context_dim {flow.context_dim} (for one "
            "per context, minimize nf.objectives.reverse_kl)"
        )
    if not flow.base.reparameterized:
        raise ValueError(
            f"a draw of {type(flow.base).__name__} has no derivative; take a reparameterized base, such as "
            "nf.StandardNormal(dim)"
        )
    return flow
