"""Columns of recorded values: a grid of few steps, few levels, or one value in many rows.

A density can be as high as it likes at a value that many rows share: the likelihood grows without bound and says
nothing. Noise as wide as the recording step, `jitter` in fit, makes it a density of rounded values, which is bounded.

A column is discrete where
    its values lie on a grid, a + k s with whole k, at most half as many levels as rows, and s above 1/80 of the
        standard deviation; or on a finer one, and a value stands in 10 rows at least, and in 2 % of them; or
    most lie on a grid: half of the gaps between levels are multiples of the usual one, or half of the rows have values
        on one; and each level stands in 5 rows on average, or one in so many as above.
It is spiked, and no noise is its recording step, where its values lie on no grid, or on so fine a one that most
steps of it are empty, and
    one value stands in 10 rows at least, and in 2 % of them, such as a zero among continuous amounts; or
    each level stands in 5 rows on average, such as the area of a country in a table of countries and years.
A constant column is none of these: it has no scale at all.
On a finer grid numbers are as good as continuous: no flow here resolves it. Nothing here depends on the unit: whole
inches, the same in centimetres, and half steps times 1e-18 are all found. Values of a grid that never repeat, such as
the times of a sensor that reports every minute, are not discrete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import backend, outside, validate
from nfscratch.excerpt import excerpt
from nfscratch.flows.dequantized import Dequantized
from nfscratch.training import remedies
from nfscratch.training.record import TrainingWarning

ENOUGH_ROWS, NUMBERS, MOST_ROWS = 20, 2**21, 20_000  # a table is judged by a sample of its rows
GRID_LEVELS, GRID_STEP = 0.5, 1 / 80
LEVELS, THIN = 0.2, 5
SAME_ROWS, SAME_SHARE = 10, 0.02
SEVERAL, OFTEN = 5, 0.2  # levels of such a grid at least; each in so many rows as a share of the most frequent one
MULTIPLE = 0.05  # a gap so near to a multiple of the usual one is a multiple, up to the last digit written
MULTIPLES = 10  # the smallest gap between levels is at most so many steps: 0, 6, 10, 15 have the step 1
ROUNDING = 4  # levels that lie less than so many eps max|x| apart are one level
NAMED = 3
SHOWN = 60  # columns, for all of which the message gives the jitter


class DiscreteDataWarning(TrainingWarning):
    """A fit of a density to columns of recorded values, without jitter."""


@dataclass(frozen=True)
class Recorded:
    """What is repeated in a column: its recording step, 0 where there is none, and its most frequent value."""

    step: float
    value: float
    share: float  # of the rows that have `value`
    levels: int
    rows: int

    def __str__(self):
        if self.levels <= LEVELS * self.rows:
            return (
                f"has {self.levels} values with no common step, each in {self.rows / self.levels:.0f} rows on average"
            )
        return f"is {self.value:.6g} in {100 * self.share:.2g} % of the rows and continuous elsewhere"


def is_for_discrete_data(flow: Any) -> bool:
    """Whether a part of the flow is a law of discrete values, to which noise must not be added."""
    return any(isinstance(part, Dequantized) or getattr(part, "n_levels", 0) > 0 for part in remedies.inside(flow))


def refuse_jitter(flow: Any, jitter: Any) -> None:
    """ValueError for noise that would be added to whole numbers before the flow adds its own."""
    if jitter is not None and isinstance(flow, Dequantized):
        raise ValueError(f"jitter must be None for a Dequantized flow, which adds its own noise; got {excerpt(jitter)}")


def recording_steps(x: Any) -> Any:
    """The `jitter` that suits x (N, D): the recording step of each discrete column, 0 for the others: (D,).

    A column without a step has 0 as well, such as amounts of which many are exactly 0. Events of another shape have the
    steps of their entries in that shape.
    """
    x = validate.numeric("x", x)
    if x.ndim < 2:
        raise ValueError(f"x must have shape (N, D); got {x.shape}")
    if x.size == 0:
        raise ValueError(f"x must have at least one row and one column; got shape {x.shape}")
    validate.finite("x", x)
    steps = onp.zeros(x[0].size)
    for column, step in discrete_columns(x).items():
        steps[column] = step
    return steps.reshape(x.shape[1:])


def warn_of_columns(x: Any, jitter: Any = None) -> None:
    """Warn of the discrete and the spiked columns of x without jitter, at most three of each by name.

    One width for all columns, 0 too, is taken as meant.
    """
    if jitter is not None and onp.ndim(jitter) == 0:
        return
    given = onp.zeros(x.shape[1:]) if jitter is None else onp.asarray(jitter, float)
    if given.all():
        return
    recorded = {column: found for column, found in recorded_columns(x).items() if not given.flat[column]}
    steps = {column: found.step for column, found in recorded.items() if found.step}
    spiked = {column: found for column, found in recorded.items() if not found.step}
    if not recorded:
        return
    stepped = [f"column {column} (jitter {step:.3g})" for column, step in steps.items()]
    shown = [_named(stepped), _named([f"column {column} {found}" for column, found in spiked.items()])]
    words = [
        f"x has the same values in many rows: {', '.join(filter(None, shown))}. Its density has no upper bound there, "
        "so a high log-likelihood says nothing about the fit"
    ]
    if steps:
        words.append(
            f"{_jitter(steps, given.ravel())}, one width for each column (0 where it is continuous), adds noise within "
            "the recording step"
        )
    if spiked:
        words.append(
            f"noise is no remedy for {_named([f'column {column}' for column in spiked])}: give such a column as "
            "context=, which needs no density, or fit to the rows with other values, or leave it out"
        )
    silence = "warnings.simplefilter('ignore', nf.DiscreteDataWarning) silences this"
    outside.warn(f"{'; '.join(words)}. {silence}", DiscreteDataWarning)


def _named(columns):
    return ", ".join(columns[:NAMED]) + (f" and {len(columns) - NAMED} more" if len(columns) > NAMED else "")


def _jitter(steps, given):
    """The argument to copy, where it is short."""
    if len(given) > SHOWN:
        return "jitter=nf.recording_steps(x)"
    return f"jitter=[{', '.join(f'{steps.get(column, width):.3g}' for column, width in enumerate(given))}]"


def discrete_columns(x: Any) -> dict[int, float]:
    """{column: recording step} of the discrete columns, events flattened."""
    return {column: found.step for column, found in recorded_columns(x).items() if found.step}


def recorded_columns(x: Any) -> dict[int, Recorded]:
    """The discrete columns and the spiked ones, events flattened."""
    if len(x) < ENOUGH_ROWS:
        return {}
    eps = float(onp.finfo(x.dtype).eps) if x.dtype.kind == "f" else 0.0
    x = _sample(backend.to_numpy(x).reshape((len(x), -1)))
    found = ((column, _recorded(x[:, column].astype(onp.float64), eps)) for column in range(x.shape[1]))
    return {column: what for column, what in found if what is not None}


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


def _recorded(column, eps):
    """None for a continuous column, and for a constant. eps: of the numbers as they came."""
    size = onp.abs(column).max()
    if size == 0.0:
        return None
    given, column = column, column / size  # from here on without a unit
    levels, counts = _levels(column, ROUNDING * eps)
    if len(hidden := _hidden(given, column, levels, counts)):
        return _recorded(hidden, eps)
    if len(levels) == 1:
        return None
    gaps, share, most = onp.diff(levels), len(levels) / len(column), int(counts.argmax())
    step, usual = _grid_step(gaps, eps), float(onp.median(gaps))
    thin = usual >= THIN * step  # no grid, or one that says nothing
    if not (step > GRID_STEP * column.std() and share <= GRID_LEVELS):
        if not (counts[most] >= max(SAME_ROWS, SAME_SHARE * len(column)) or (thin and share <= LEVELS)):
            return None
        if thin:
            step = usual if _are_multiples(gaps, usual) else _step_of_most(levels, counts, eps, column.std())
    return Recorded(
        float(step * size), float(levels[most] * size), counts[most] / len(column), len(levels), len(column)
    )


def _hidden(given, column, levels, counts):
    """The rows that a few far larger ones make equal by rounding, though they have several values; else none."""
    most = int(counts.argmax())
    if len(column) - counts[most] >= max(SAME_ROWS, SAME_SHARE * len(column)) or len(levels) == 1:
        return given[:0]
    below, above = [*levels[most : most + 2], onp.inf][:2]
    inside = given[(column >= below) & (column < above)]
    return inside if len(onp.unique(inside)) > SEVERAL else given[:0]


def _are_multiples(gaps, usual):
    """Whether half of the gaps are the usual one, or a multiple of it."""
    return bool(onp.median(onp.abs(gaps / usual - onp.maximum(1.0, onp.rint(gaps / usual)))) < MULTIPLE)


def _step_of_most(levels, counts, eps, std):
    """The step of a grid that half of the rows lie on, by the levels that stand in the most rows; else 0."""
    often = counts >= max(2, OFTEN * counts.max())
    if often.sum() < SEVERAL or counts[often].sum() < counts.sum() / 2:
        return 0.0
    step = _grid_step(onp.diff(levels[often]), eps)
    return step if step > GRID_STEP * std else 0.0


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
