"""`fit_posterior`: a flow q that is near a density p, known up to a constant, by the largest ELBO.

    1. start     rough draws of p (search.py); the flow looks at them as it looks at data, and where they lie in several
                 places it is fitted to them first
    2. descent   -ELBO of fresh draws at every step (objectives.reverse_kl_value_and_grad), by `minimize`
    3. choice    the parameters with the largest ELBO on draws that stay the same
    4. verdict   fresh draws: the ELBO, k_hat, and the evidence by importance sampling (posterior_result.py)

Where the flow has both directions in one pass, the gradient is the one through the draws alone (evidence.py): it is 0
where q = p, so that the last steps are not lost in noise.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as onp

from nfscratch import backend, trees, validate
from nfscratch.flows.flow import Flow
from nfscratch.flows.inference import inference
from nfscratch.posteriors.posterior_loss import CHOOSING, PosteriorLoss
from nfscratch.posteriors.posterior_result import PosteriorResult, judged
from nfscratch.posteriors.search import FAR, NoStart, Why, draws_of, rough_posterior, several
from nfscratch.posteriors.target import Target, check_function, check_values, listed_point, of_draws
from nfscratch.posteriors.unbounded import Unbounded
from nfscratch.training import interrupts, objectives
from nfscratch.training.minimize import minimize
from nfscratch.training.optimizers import Adam, adam
from nfscratch.training.record import TrainingWarning
from nfscratch.training.run import Evaluation

STEPS, DRAWS, RATE = 2000, 64, 5e-3
FAR_OFF = 30.0  # standard deviations between a flow's first draws and the rough ones, or the ratio of the two
STARTING = 1000  # rough draws that the flow looks at
WARM_UP = 300  # steps of maximum likelihood on these, where they lie in several places


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
        has_grad=True or log_prob_vjp=. Priors, likelihood and data are inside of it.
    flow: a Flow of D variables, or the number D, for which nf.flows.inference(D) is taken. Where variables are
        bounded, the flow must end there: nf.flows.inference(constraints=...), or support= of the other recipes.
    start: draws (n, D) that say roughly where the posterior is; default: a search finds it (search.py). A flow with
        Standardize or Whiten at the data's end, as recipes for data have, takes location and scales from them. The
        flow is first fitted to draws that are given, so that it keeps all of several modes.
    params: parameters to go on from; then nothing is searched.
    draws: fresh draws of the flow at each step.
    anneal: log p is weighed with min(1, 0.01 + t / anneal) at step t, so that a flow can find several modes before it
        settles; default: no annealing. anneal should be less than `steps`.
    The other arguments are those of `minimize`, where optimizer is nf.adam(5e-3) by default. An evaluation,
    "validation" in the history, is -ELBO plus two standard errors, of draws that are always the same.

    Raises TypeError or ValueError, in one line, for a log_prob that cannot be fitted.
    """
    rng, draws = validate.seeded(rng), validate.count("draws", draws, 1)
    anneal = None if anneal is None else validate.count("anneal", anneal, 1)
    flow = checked_flow(flow)
    target = Target(log_prob, log_prob_vjp, has_grad)
    params = _started(flow, target, rng, start) if params is None else params
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
    return judged(flow, target, training, rng)


def _unwrap(training):
    """The flow's own parameters, also in a result that an interrupt carries."""
    training.params, training.last_params = training.params["flow"], training.last_params["flow"]


def checked_flow(flow: Any) -> Flow:
    """`flow`, or the recipe's for a number of variables; refused where draws cannot be fitted."""
    if not isinstance(flow, Flow):
        if isinstance(flow, bool) or not isinstance(flow, (int, onp.integer)) or flow < 1:
            raise TypeError(
                f"flow must be a Flow, such as nf.flows.inference(3), or a number of variables; got {flow!r}"
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


def _started(flow, target, rng, start):
    """Parameters of the flow after a look at rough draws of the posterior, and a fit to them where it needs one."""
    unbounded = Unbounded(flow, target)
    check_function(target, unbounded.x(rng.uniform(-1.0, 1.0, (3, unbounded.dim))))
    if start is not None:
        return _warmed_up(flow, flow.init(rng, start), start, rng)
    try:
        roughs = rough_posterior(unbounded.value, unbounded.both, unbounded.dim, rng)
    except NoStart as failed:
        raise ValueError(no_start(failed.args[0], unbounded)) from None
    start = unbounded.x(draws_of(roughs, rng, STARTING))
    params = flow.init(rng, start)
    warn_if_far(flow, params, start)
    return _warmed_up(flow, params, start, rng) if several(roughs) else params


def warn_if_far(flow: Any, params: Any, start: Any) -> None:
    """Say so where a flow does not begin where the rough draws are: descent alone may never bring it there."""
    ours = onp.asarray(backend.to_numpy(flow.sample(params, onp.random.default_rng(0), CHOOSING)), dtype=onp.float64)
    theirs = onp.asarray(backend.to_numpy(start), dtype=onp.float64)
    centre, spread = onp.median(theirs, axis=0), theirs.std(axis=0)
    off = onp.abs(onp.median(ours, axis=0) - centre) > FAR_OFF * spread
    scale = ours.std(axis=0) / spread
    bad = onp.flatnonzero(off | ~((scale > 1 / FAR_OFF) & (scale < FAR_OFF)))
    if len(bad):
        i = bad[0]
        warnings.warn(
            f"variable {i} of the flow begins at {onp.median(ours[:, i]):.4g} ± {ours[:, i].std():.3g}, and the "
            f"posterior is near {centre[i]:.4g} ± {spread[i]:.3g}; end the flow in nf.Standardize(dim), which takes "
            "location and scale from rough draws",
            TrainingWarning,
            stacklevel=4,
        )


def _warmed_up(flow, params, start, rng):
    """Maximum likelihood on the draws, for flows that can."""
    if flow.bijection.inverse_cost == "iterative":
        return params
    start = validate.events("start", start, flow.shape, trees.array_like(params))
    loss = lambda p, rng, x: objectives.nll_value_and_grad(flow, p, x)  # noqa: E731
    optimizer = adam(RATE)
    done = minimize(
        loss, params, rng=rng, data=start, steps=WARM_UP, has_grad=True, optimizer=optimizer, progress=False
    )
    return done.params


def no_start(why: Why, unbounded: Unbounded) -> str:
    """The failure of the search as a message."""
    x = unbounded.x(onp.zeros((1, unbounded.dim)))
    with onp.errstate(all="ignore"):
        at = f"log_prob is {backend.to_numpy(unbounded.target.value(x))[0]:.4g} at x = {listed_point(x[0])}"
    return {
        Why.NOT_FINITE: f"{at}, and finite nowhere near; say where the posterior is, roughly: start=, draws (n, D)",
        Why.NO_PEAK: f"log_prob must have a peak; it still rises where x is {FAR:.0e} (is a prior missing?)",
        Why.EDGE: f"{at}, and not finite at a part of the points around its peak; the flow must end where the density "
        "is positive: nf.flows.inference(constraints=...)",
    }[why]
