"""Columns of recorded values: integers, few levels, or one value in many rows.

A density can be as high as it likes at a value that many rows share: the likelihood grows without bound and says
nothing. Noise as wide as the recording step, `jitter` in fit, makes it a density of rounded values, which is bounded.

A column is discrete where
    it holds integers, at most half as many levels as rows, and a step above 1/500 of its standard deviation; or
    each level stands in 5 rows on average, and the levels are no fine grid (a step above 1/50 of the deviation); or
    one value stands in 10 rows at least, and in 2 % of them (a constant column is none: it has no scale at all).
Continuous numbers that were rounded to a few per cent of their deviation are on a fine grid: they stay unmentioned.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.distributions import Bernoulli
from nfscratch.ops.moments import moments
from nfscratch.training import remedies
from nfscratch.training.record import TrainingWarning

ENOUGH_ROWS, NUMBERS, MOST_ROWS = 20, 2**21, 20_000  # a table is judged by a sample of its rows
INTEGER_LEVELS, INTEGER_STEP = 0.5, 1 / 500
LEVELS, STEP = 0.2, 1 / 50
SAME_ROWS, SAME_SHARE = 10, 0.02
NAMED = 3


class DiscreteDataWarning(TrainingWarning):
    """A fit of a density to columns of recorded values, without jitter."""


def is_for_discrete_data(flow: Any) -> bool:
    """Whether a part of the flow is a law of discrete values, to which noise must not be added."""
    return any(isinstance(part, Bernoulli) for part in remedies.inside(flow))


def warn_of_columns(x: Any) -> None:
    """Warn of the discrete columns of x, at most three by name, each with the jitter that fits it."""
    steps = recording_steps(x)
    if not steps:
        return
    named = ", ".join(f"column {column} (jitter {step:.3g})" for column, step in list(steps.items())[:NAMED])
    more = f" and {len(steps) - NAMED} more" if len(steps) > NAMED else ""
    warnings.warn(
        f"x has the same values in many rows: {named}{more}. Its density has no upper bound there, so that a high "
        "log-likelihood is no skill; jitter=, one width for each column (0 where it is continuous), adds noise within "
        "the recording step. warnings.simplefilter('ignore', nf.DiscreteDataWarning) silences this",
        DiscreteDataWarning,
        stacklevel=3,
    )


def recording_steps(x: Any) -> dict[int, float]:
    """{column: recording step} of the discrete columns, events flattened."""
    if len(x) < ENOUGH_ROWS:
        return {}
    x = _sample(backend.to_numpy(x).reshape((len(x), -1)))
    steps = ((column, _recording_step(x[:, column].astype(onp.float64))) for column in range(x.shape[1]))
    return {column: step for column, step in steps if step}


def _sample(x):
    rows = min(len(x), MOST_ROWS, max(500, NUMBERS // x.shape[1]))
    if rows == len(x):
        return x
    return x[onp.random.default_rng(0).choice(len(x), rows, replace=False, shuffle=False)]


def _recording_step(column):
    """The step of a discrete column; 0 for a continuous one, and for a constant."""
    levels, counts = onp.unique(column, return_counts=True)
    if len(levels) == 1:
        return 0.0
    gaps, share = onp.diff(levels), len(levels) / len(column)
    deviation = moments(column[:, None])[1][0]
    integers = bool((levels == onp.rint(levels)).all())
    if integers and share <= INTEGER_LEVELS and gaps.min() > INTEGER_STEP * deviation:
        return float(gaps.min())
    grid = _is_grid(gaps)
    step = float(gaps.min() if grid else onp.median(gaps))
    few_levels = share <= LEVELS and not (grid and step <= STEP * deviation)
    return step if few_levels or counts.max() >= max(SAME_ROWS, SAME_SHARE * len(column)) else 0.0


def _is_grid(gaps):
    """Whether all gaps are multiples of the smallest one, up to the rounding of decimal numbers."""
    steps = gaps / gaps.min()
    return bool((onp.abs(steps - onp.rint(steps)) < 0.05).all())
