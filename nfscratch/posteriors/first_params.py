"""The parameters with which the fit of a posterior begins, from rough draws of it.

The flow looks at the draws as it looks at data. Where they lie in several places it is fitted to them first, by maximum
likelihood: a descent on the ELBO alone, from one wide Gaussian, ends in one of the places.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, lost_digits, outside, validate
from nfscratch.bijections import Standardize, Whiten
from nfscratch.posteriors.posterior_loss import CHOOSING
from nfscratch.posteriors.search import FAR, NoStart, Why, draws_of, rough_posterior, several
from nfscratch.posteriors.target import listed_point
from nfscratch.posteriors.unbounded import Unbounded
from nfscratch.training.minimize import minimize
from nfscratch.training.objectives.likelihood import nll_of_batch
from nfscratch.training.optimizers import adam
from nfscratch.training.record import TrainingWarning
from nfscratch.training.remedies import inside

RATE = 5e-3  # of nf.adam
FAR_OFF = 30.0  # standard deviations between a flow's first draws and the rough ones, or the ratio of the two
STARTING = 1000  # rough draws that the flow looks at
WARM_UP = 300  # steps of maximum likelihood on these, where they lie in several places


def first_params(flow: Any, unbounded: Unbounded, rng: Any, start: Any = None) -> Any:
    """Parameters of the flow after a look at rough draws of the posterior, and a fit to them where it needs one."""
    if start is not None:
        start = checked_start(flow, unbounded, start)
        return _warmed_up(flow, flow.init(rng, start), start, rng)
    try:
        roughs = rough_posterior(unbounded.value, unbounded.both, unbounded.dim, rng)
    except NoStart as failed:
        raise ValueError(no_start(failed.args[0], unbounded)) from None
    draws = draws_of(roughs, rng, STARTING)
    start = unbounded.x(draws)
    _check_digits(draws if unbounded.constraints is None else start, start.dtype)
    params = flow.init(rng, start)
    warn_if_far(flow, params, start)
    return _warmed_up(flow, params, start, rng) if several(roughs) else params


def _check_digits(x, dtype):
    """Refuse a posterior that is narrower than the distance of two float32 numbers of its size."""
    lost_digits.check("the posterior", onp.asarray(backend.to_numpy(x), dtype=onp.float64), dtype)


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
        outside.warn(
            f"variable {i} of the flow begins at {onp.median(ours[:, i]):.4g} ± {ours[:, i].std():.3g}, and the "
            f"posterior is near {centre[i]:.4g} ± {spread[i]:.3g}; {_remedy(flow)}",
            TrainingWarning,
        )


def _remedy(flow):
    if any(isinstance(part, (Standardize, Whiten)) for part in inside(flow.bijection)):
        return "say where the posterior is, roughly: start=, draws (n, D)"
    return "end the flow in nf.Standardize(dim), which takes location and scale from rough draws"


def checked_start(flow: Any, unbounded: Unbounded, start: Any) -> Any:
    """`start` as an array like the flow's. Refused where a row lies outside of the flow's constraints."""
    start = validate.events("start", start, flow.shape, backend.asarray(onp.zeros(1)))
    if not len(start):
        raise ValueError("start must have at least one row; got none")
    outside = onp.flatnonzero(~unbounded.holds(start))
    if len(outside):
        i = int(outside[0])
        raise ValueError(
            f"start must lie inside of the constraints that the flow ends in; {len(outside)} of {len(start)} rows do "
            f"not, such as row {i}, {listed_point(start[i])}"
        )
    return start


def _warmed_up(flow, params, start, rng):
    """Maximum likelihood on the draws, for flows that can."""
    if flow.bijection.inverse_cost == "iterative":
        return params
    loss = lambda p, rng, x: nll_of_batch(flow, p, x)  # noqa: E731
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
