"""Whether held-out rows show that training helped: few rows cannot tell a better flow from luck.

    d_n = log p(x_n; best) - log p(x_n; start),    mean(d) > t_{0.99, n-1} sd(d) / sqrt(n)

With 3 held-out rows the best of 50 evaluations is a matter of chance, and it can be far below the Gaussian with which a
flow starts. So where `fit` chooses how long to train, and holds out a share itself, a gain that fails this one-sided
t-test is not taken: the parameters of step 0 are returned, with a warning (`fit` then takes them from all rows, see
beginning.py). Fewer than 7 rows never suffice: even if all of them gain, a coin would do as well once in 2^6 times.
Where fewer would be held out, folds.py holds out every row once.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, outside
from nfscratch.training.record import Result, TrainingWarning

LEVEL = 0.99
LEAST = 7  # held-out rows


def takes_back(flow: Any, start: Any, result: Result, held_out: Any) -> bool:
    """Whether `result` was given the parameters `start` of step 0 again."""
    n = len(held_out.x)
    if result.best_step == 0:
        return False
    gain, error = mean_and_error(log_prob(flow, result.params, held_out) - log_prob(flow, start, held_out))
    wanted = quantile(n - 1)
    if n >= LEAST and gain > wanted * error:
        return False
    shown = f"{gain:.3g} ± {error:.2g} nats" if n > 1 else f"{gain:.3g} nats"
    outside.warn(
        f"{n} held-out row{'s do' if n > 1 else ' does'} not show that training helped: on average step "
        f"{result.best_step} is {shown} better than the start, and it takes {LEAST} rows or more and a gain of "
        f"{wanted:.1f} standard errors. The parameters of step 0 are returned; hold out more rows, or say how long to "
        "train",
        TrainingWarning,
    )
    result.params, result.best_step = start, 0
    return True


def log_prob(flow, params, rows):
    """log p of each row, times its weight where there are weights, of mean 1."""
    log_p = backend.to_numpy(flow.log_prob(params, rows.x, rows.context)).astype(onp.float64)
    return log_p if rows.weights is None else weighted(log_p, rows.weights)


def weighted(log_p: Any, weights: Any) -> Any:
    """log p (..., N) times weights (N,) of mean 1."""
    weights = backend.to_numpy(weights)
    return log_p * weights / weights.mean()


def mean_and_error(d):
    """The mean and its standard error; infinite for one number."""
    return d.mean(), d.std(ddof=1) / onp.sqrt(len(d)) if len(d) > 1 else onp.inf


def quantile(freedom):
    """Of Student's t."""
    from scipy.special import stdtrit  # importing nfscratch does not import scipy

    return float(stdtrit(max(freedom, 1), LEVEL))
