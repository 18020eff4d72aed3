"""Columns of recorded values: a grid of few steps, few levels, or one value in many rows.

A density can be as high as it likes at a value that many rows share: the likelihood grows without bound and says
nothing. Noise as wide as the recording step, `jitter` in fit, makes it a density of rounded values, which is bounded.

A column is discrete where
    its values lie on a grid, a + k s with whole k, at most half as many levels as rows, and s above 1/80 of the
        standard deviation; or
    each level stands in 5 rows on average, and the levels are no grid, or one so thin that half of the gaps are 5 s: a
        table whose rows stand in it five times, with all their decimals; or
    one value stands in 10 rows at least, and in 2 % of them (a constant column is none: it has no scale at all).
On a finer grid numbers are as good as continuous: no flow here resolves it. Nothing here depends on the unit: whole
inches, the same in centimetres, and half steps times 1e-18 are all found. Values of a grid that never repeat, such as
the times of a sensor that reports every minute, are not discrete.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as onp

from nfscratch import backend, validate
from nfscratch.flows.dequantized import Dequantized
from nfscratch.training import remedies
from nfscratch.training.record import TrainingWarning

ENOUGH_ROWS, NUMBERS, MOST_ROWS = 20, 2**21, 20_000  # a table is judged by a sample of its rows
GRID_LEVELS, GRID_STEP = 0.5, 1 / 80
LEVELS, THIN = 0.2, 5
SAME_ROWS, SAME_SHARE = 10, 0.02
MULTIPLES = 10  # the smallest gap between levels is at most so many steps: 0, 6, 10, 15 have the step 1
ROUNDING = 4  # levels that lie less than so many eps max|x| apart are one level
NAMED = 3
SHOWN = 60  # columns, for all of which the message gives the jitter


class DiscreteDataWarning(TrainingWarning):
    """A fit of a density to columns of recorded values, without jitter."""


def is_for_discrete_data(flow: Any) -> bool:
    """Whether a part of the flow is a law of discrete values, to which noise must not be added."""
    return any(isinstance(part, Dequantized) or getattr(part, "n_levels", 0) > 0 for part in remedies.inside(flow))


def refuse_jitter(flow: Any, jitter: Any) -> None:
    """ValueError for noise that would be added to whole numbers before the flow adds its own."""
    if jitter is not None and isinstance(flow, Dequantized):
        raise ValueError(f"jitter must be None for a Dequantized flow, which adds its own noise; got {jitter!r}")


def recording_steps(x: Any) -> Any:
    """The `jitter` that suits x (N, D): the recording step of each discrete column, 0 for the others: (D,).

    Events of another shape have the steps of their entries in that shape.
    """
    x = validate.numeric("x", x)
    if x.ndim < 2:
        raise ValueError(f"x must have shape (N, D); got {x.shape}")
    steps = onp.zeros(x[0].size if len(x) else x.shape[1])
    for column, step in discrete_columns(x).items():
        steps[column] = step
    return steps.reshape(x.shape[1:])


def warn_of_columns(x: Any, jitter: Any = None) -> None:
    """Warn of the discrete columns of x without jitter, at most three by name, each with the jitter that fits it.

    One width for all columns, 0 too, is taken as meant.
    """
    if jitter is not None and onp.ndim(jitter) == 0:
        return
    given = onp.zeros(x.shape[1:]) if jitter is None else onp.asarray(jitter, float)
    if given.all():
        return
    steps = {column: step for column, step in discrete_columns(x).items() if not given.flat[column]}
    if not steps:
        return
    named = ", ".join(f"column {column} (jitter {step:.3g})" for column, step in list(steps.items())[:NAMED])
    more = f" and {len(steps) - NAMED} more" if len(steps) > NAMED else ""
    warnings.warn(
        f"x has the same values in many rows: {named}{more}. Its density has no upper bound there, so that a high "
        f"log-likelihood is no skill; {_jitter(steps, given.ravel())}, one width for each column (0 where it is "
        "continuous), adds noise within the recording step. "
        "warnings.simplefilter('ignore', nf.DiscreteDataWarning) silences this",
        DiscreteDataWarning,
        stacklevel=3,
    )


def _jitter(steps, given):
    """The argument to copy, where it is short."""
    if len(given) > SHOWN:
        return "jitter=nf.recording_steps(x)"
    return f"jitter=[{', '.join(f'{steps.get(column, width):.3g}' for column, width in enumerate(given))}]"


def discrete_columns(x: Any) -> dict[int, float]:
    """{column: recording step} of the discrete columns, events flattened."""
    if len(x) < ENOUGH_ROWS:
        return {}
    eps = float(onp.finfo(x.dtype).eps) if x.dtype.kind == "f" else 0.0
    x = _sample(backend.to_numpy(x).reshape((len(x), -1)))
    steps = ((column, _recording_step(x[:, column].astype(onp.float64), eps)) for column in range(x.shape[1]))
    return {column: step for column, step in steps if step}


def _sample(x):
    rows = min(len(x), MOST_ROWS, max(500, NUMBERS // x.shape[1]))
    if rows == len(x):
        return x
    return x[onp.random.default_rng(0).choice(len(x), rows, replace=False, shuffle=False)]


def on_coarse_grids(x: Any) -> Any:
    """(D,): whether the values of a column lie on a grid so coarse that equal rows come by chance."""
    eps = float(onp.finfo(x.dtype).eps) if x.dtype.kind == "f" else 0.0
    x = _sample(backend.to_numpy(x).reshape((len(x), -1)))
    return onp.array([_is_coarse(column.astype(onp.float64), eps) for column in x.T])


def _is_coarse(column, eps):
    column = column / max(onp.abs(column).max(), onp.finfo(onp.float64).tiny)
    levels, _ = _levels(column, ROUNDING * eps)
    return len(levels) == 1 or _grid_step(onp.diff(levels), eps) > GRID_STEP * column.std()


def _recording_step(column, eps):
    """The step of a discrete column; 0 for a continuous one, and for a constant. eps: of the numbers as they came."""
    size = onp.abs(column).max()
    if size == 0.0:
        return 0.0
    column = column / size  # from here on without a unit
    levels, counts = _levels(column, ROUNDING * eps)
    if len(levels) == 1:
        return 0.0
    gaps, share = onp.diff(levels), len(levels) / len(column)
    step, usual = _grid_step(gaps, eps), float(onp.median(gaps))
    discrete = step > GRID_STEP * column.std() and share <= GRID_LEVELS
    if usual >= THIN * step and not discrete:
        step, discrete = usual, share <= LEVELS
    discrete |= counts.max() >= max(SAME_ROWS, SAME_SHARE * len(column))
    return float(step * size) if discrete else 0.0


def _levels(column, rounding):
    """The different values of a column, and how many rows have each; what differs by rounding is one value.

    Numbers so dense that each is near the next, such as 1000 + N(0, 1) in float32, stay as they are.
    """
    values, counts = onp.unique(column, return_counts=True)
    starts = onp.flatnonzero(onp.diff(values, prepend=-onp.inf) > rounding)
    ends = onp.append(starts[1:], len(values)) - 1
    if (values[ends] - values[starts] > rounding).any():
        return values, counts
    return values[starts], onp.add.reduceat(counts, starts)


def _grid_step(gaps, eps):
    """The s of which all gaps are whole multiples, up to the rounding of numbers up to 1; 0 where there is none."""
    for k in range(1, MULTIPLES + 1):
        step = gaps.min() / k
        tolerance = 0.05 + ROUNDING * eps / step
        if tolerance < 0.2 and (onp.abs(gaps / step - onp.rint(gaps / step)) < tolerance).all():
            return float(step)
    return 0.0
