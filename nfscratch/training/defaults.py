"""How long to train, on how many rows at a time, and how often to look: numbers that follow the size of the data.

    an epoch    N // batch steps
    batch       N / 10 rows, at least 32 and at most 512, and never more than N; fewer for very wide rows
    steps       the most of: 200 epochs, but at most 2,000 steps; 4 for each row, but at most 4,000; 20 epochs, but at
                most 10,000 steps
    evaluate    every 10 steps, then every fifth of the steps done so far, and at least every 50th of the run
    patience    15 evaluations without a better one after step 0
    rate        3e-3, along a cosine
    held out    the share that is asked for, but at least 10 rows, or a fifth where there are fewer than 50

A table of 100 rows is at its best after some 40 steps, so the first evaluations stand close together. From the start on
15 of them are 300 steps; late in a run they are a third of it. A thousand rows bear more steps: in a panel, the same
places year after year, rows lie near each other, and after 2,000 steps the validation still falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nfscratch import validate
from nfscratch.excerpt import excerpt

BATCH_SHARE, SMALLEST_BATCH, LARGEST_BATCH = 10, 32, 512
BATCH_NUMBERS = 2**20  # of a batch: rows of an image are many numbers each
MANY_EPOCHS, STEPS_OF_SMALL = 200, 2000
STEPS_OF_ROW, STEPS_OF_LARGE = 4, 4000
FEW_EPOCHS, MOST_STEPS = 20, 10_000
LEAST_STEPS = 500
FIRST_EVALUATION, GROWTH, PATIENCE = 10, 5, 15
RATE = 3e-3  # of Adam, for so few steps
TO_JUDGE = 10  # held-out rows at least, where there are 50 rows or more


@dataclass(frozen=True)
class Times:
    """The steps after which a run evaluates: 0, `first`, then each a fifth later than the one before.

    The distance is at least `first` and at most `most` steps; where the two are equal, it is always the same.
    """

    first: int
    most: int

    def due(self, step: int) -> bool:
        """Whether to evaluate after `step` steps."""
        if self.first == self.most:
            return step % self.most == 0
        return step in self.growing if step < self.growing[-1] else (step - self.growing[-1]) % self.most == 0

    @cached_property
    def growing(self) -> tuple[int, ...]:
        """The steps up to where the distance is `most`."""
        steps = [0]
        while (distance := max(self.first, steps[-1] // GROWTH)) < self.most:
            steps.append(steps[-1] + distance)
        return tuple(steps)

    @property
    def described(self) -> int | list[int]:
        """As a checkpoint names it: one number where the distance is always the same."""
        return self.most if self.first == self.most else [self.first, self.most]


@dataclass(frozen=True)
class Defaults:
    """What `fit` takes where it is told nothing."""

    steps: int
    batch_size: int
    patience: int
    evaluate: Times


def plan_for(n_rows: int, dim: int, batch_size: int | None = None, steps: int | None = None) -> Defaults:
    """The numbers for `n_rows` rows to train on, of `dim` numbers each; those that are given stay as they are."""
    if batch_size is None:
        batch_size = min(
            max(n_rows // BATCH_SHARE, SMALLEST_BATCH), LARGEST_BATCH, n_rows, max(1, BATCH_NUMBERS // dim)
        )
    epoch = max(1, n_rows // batch_size)
    if steps is None:
        small, large = min(MANY_EPOCHS * epoch, STEPS_OF_SMALL), min(STEPS_OF_ROW * n_rows, STEPS_OF_LARGE)
        steps = max(LEAST_STEPS, small, large, min(FEW_EPOCHS * epoch, MOST_STEPS))
    return Defaults(steps, batch_size, PATIENCE, times_for(steps, n_rows, batch_size))


def times_for(steps: int, n_rows: int, batch_size: int) -> Times:
    """Evaluations that cost less than the steps between them, where a tenth of the rows is held out."""
    most = max(10, steps // 50)
    return Times(min(max(FIRST_EVALUATION, n_rows // (10 * batch_size)), most), most)


def chosen(
    n_rows: int,
    dim: int,
    *,
    steps: Any,
    epochs: Any,
    batch_size: Any,
    patience: Any,
    evaluate_every: Any,
    held_out: bool,
) -> dict:
    """The arguments of `minimize`. Where `steps` is given, the others are 256 rows, no patience, 50 evaluations."""
    if steps is not None and epochs is not None:
        raise ValueError(f"fit takes steps or epochs, not both; got steps={steps} and epochs={epochs}")
    if steps is not None:
        batch_size = 256 if batch_size is None else batch_size
        return {"steps": steps, "batch_size": batch_size, "patience": patience, "evaluate_every": evaluate_every}
    if batch_size is not None:
        batch_size = min(validate.count("batch_size", batch_size, 1), n_rows)
    plan = plan_for(n_rows, dim, batch_size)
    if epochs is None:
        patience = plan.patience if patience is None and held_out else patience
    else:
        plan = plan_for(n_rows, dim, plan.batch_size, _steps_of(epochs, n_rows // plan.batch_size))
    every = plan.evaluate if evaluate_every is None else evaluate_every
    return {"steps": plan.steps, "batch_size": plan.batch_size, "patience": patience, "evaluate_every": every}


def _steps_of(epochs, steps_per_epoch):
    if not validate.is_finite(epochs) or epochs <= 0:
        raise ValueError(f"epochs must be a positive number; got {excerpt(epochs)}")
    if epochs > validate.LARGEST:
        raise ValueError(f"epochs must be at most {validate.LARGEST}; got {excerpt(epochs)}")
    return max(1, round(float(epochs) * steps_per_epoch))
