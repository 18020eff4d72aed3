"""`minimize`: gradient descent on any loss of a parameter tree.

One step:   loss, grads = value_and_grad(params, batch);   clip;   flat <- optimizer(flat, grads)

The optimizer works on one flat vector, and the tree's leaves are views of it, so that moving the vector moves the
parameters. Every `evaluate_every` steps `evaluate(params)` is taken; the parameters with its smallest finite value are
returned. Ctrl-C ends the run after the step in hand and returns them; so does a run that diverges, with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import autograd
import numpy as onp

from nfscratch import backend, validate
from nfscratch import params as trees
from nfscratch.divergence import diverged
from nfscratch.optimizers import Adam, adam, clip_by_norm, cosine
from nfscratch.progress import Interruptible, Progress


class TrainingWarning(RuntimeWarning):
    """A run ended early because it diverged."""


@dataclass
class Result:
    """What a run gives back."""

    params: Any  # the best by validation; without one, the last; of a run that diverged, the last with a finite loss
    history: dict[str, list[float]] = field(default_factory=dict)
    stopped: str = "all steps done"  # or "early stopping ...", "interrupted ...", "diverged ..."
    best_step: int | None = None  # where `params` are from


def minimize(
    loss: Callable[..., Any],
    params: Any,
    *,
    rng: onp.random.Generator,
    data: Any = None,
    evaluate: Callable[[Any], float] | None = None,
    update: Callable[[Any, Any], Any] | None = None,
    blame: Callable[[Any, Any, Any], str] | None = None,
    has_grad: bool = False,
    title: str = "minimize",
    steps: int = 2000,
    batch_size: int = 256,
    optimizer: Adam | None = None,
    schedule: Callable[[float], float] = cosine,
    clip: float | None = None,
    evaluate_every: int | None = None,
    patience: int | None = None,
    progress: bool | None = None,
) -> Result:
    """Minimize loss(params, rng) -> scalar; with `data`, loss(params, rng, batch).

    data: an array, or a tuple of arrays (or None) with one row per example; batches are drawn without replacement.
    evaluate(params): the number to rank parameters by; the smallest is best.
    update(params, batch): the tree with new "fixed" leaves and the same trained ones, once a step.
    blame(params, grads, batch): who is at fault, in words, when the loss diverges.
    has_grad: loss returns (value, gradient tree) itself.
    """
    steps, batch_size = validate.count("steps", steps, 1), validate.count("batch_size", batch_size, 1)
    patience = None if patience is None else validate.count("patience", patience, 1)
    if patience is not None and evaluate is None:
        raise ValueError("patience needs something to evaluate on: validation rows in fit, evaluate= in minimize")
    if clip is not None and not clip > 0:
        raise ValueError(f"clip must be positive; got {clip}")
    validate.generator(rng)
    _check_floats(params)
    optimizer = adam() if optimizer is None else optimizer
    every = max(10, steps // 50) if evaluate_every is None else validate.count("evaluate_every", evaluate_every, 1)
    value_and_grad = loss if has_grad else _traced(loss)
    flat, params = trees.flatten(params)
    gradient, state = onp.empty_like(flat), optimizer.init(flat)
    batches = None if data is None else Batches(data, batch_size, rng)
    run = _Run(evaluate, patience)
    _raise_malloc_thresholds()

    # Overflow on the way to a loss that is not finite is no news: the loss itself is looked at.
    with (
        Interruptible() as interrupt,
        Progress(steps, title, progress) as bar,
        onp.errstate(all="ignore"),
        _one_blas_thread_if_small(params, batch_size),
    ):
        if evaluate is not None:
            run.consider(0, params)
        for step in range(1, steps + 1):
            batch = () if batches is None else (batches.next(),)
            value, grads = value_and_grad(params, rng, *batch)
            value = float(value)
            trees.gather(grads, out=gradient)
            norm = float(gradient @ gradient) ** 0.5
            if diverged(value, norm, run.first_loss(value)):
                run.diverge(step, value, blame(params, grads, *batch) if blame else "the loss")
                break
            if evaluate is None and (step - 1) % every == 0:
                run.consider(step - 1, params)  # their loss has been seen
            clip_by_norm(gradient, norm, clip)
            optimizer.step(flat, gradient, state, schedule((step - 1) / steps))
            if update is not None:
                params = update(params, *batch)
            run.history["loss"].append(value)
            if (evaluate is not None and step % every == 0) or step == steps or interrupt.stopped:
                run.consider(step, params)
            bar.update(step, run.text)
            if interrupt.stopped:
                run.stopped = f"interrupted at step {step}"
            if run.stopped:
                break
    return run.result()


def _check_floats(params):
    for path, leaf in trees.named_leaves(params):
        if getattr(getattr(leaf, "dtype", None), "kind", "") != "f":
            kind = getattr(leaf, "dtype", type(leaf).__name__)
            raise TypeError(f"params must be arrays of floats; got {kind}{f' at {path}' if path else ''}")


def _traced(loss):
    """(value, gradient tree) of a loss by autograd."""
    both = autograd.value_and_grad(loss)
    return lambda params, rng, *batch: both(params, rng, *batch)


class Batches:
    """Minibatches of rows, shuffled anew for every pass over the data; the remainder of a pass is left out.

    With fewer rows than a batch, every batch is all of them.
    """

    def __init__(self, data: Any, size: int, rng: onp.random.Generator):
        self.data, self.rng = data, rng
        lengths = {len(part) for part in (data if isinstance(data, tuple) else (data,)) if part is not None}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"data must have at least 1 row, and as many in every part; got {sorted(lengths)} rows")
        self.n = lengths.pop()
        self.size = min(size, self.n)
        self.order, self.position = rng.permutation(self.n), 0

    def next(self) -> Any:
        if self.position + self.size > self.n:
            self.order, self.position = self.rng.permutation(self.n), 0
        rows = self.order[self.position : self.position + self.size]
        self.position += self.size
        return take_rows(self.data, rows)


def take_rows(data, rows):
    """Rows of an array, or of each array of a tuple, batch-last in memory."""
    if data is None:
        return None
    if isinstance(data, tuple):
        return tuple(take_rows(part, rows) for part in data)
    rows = backend.asarray(rows, dtype=int, like=data)
    if data.ndim == 2:
        return data.T[:, rows].T
    return data[rows]


class _Run:
    """The record of a run: losses, the best parameters, and why it ended."""

    def __init__(self, evaluate, patience):
        self.evaluate, self.patience = evaluate, patience
        self.history = {"loss": [], "step": [], "validation": []}
        self.best, self.best_step, self.best_value = None, None, onp.inf
        self.since_best, self.stopped = 0, ""

    def first_loss(self, value):
        return self.history["loss"][0] if self.history["loss"] else value

    def consider(self, step, params):
        """Evaluate, and keep a copy of the best so far. NaN is never best; without `evaluate`, the latest are."""
        value = -step if self.evaluate is None else self.evaluate(params)
        if self.evaluate is not None:
            self.history["step"].append(step)
            self.history["validation"].append(value)
        if onp.isfinite(value) and value < self.best_value:
            self.best, self.best_step, self.best_value, self.since_best = trees.copy(params), step, value, 0
            return
        self.since_best += 1
        if self.patience is not None and self.since_best >= self.patience:
            self.stopped = f"early stopping at step {step}: no better validation in {self.since_best} evaluations"

    def diverge(self, step, value, blamed):
        self.stopped = f"diverged at step {step} (loss {value:.3g}): {blamed}"
        if self.best is not None:
            warnings.warn(
                f"training {self.stopped}. The parameters of step {self.best_step} are returned; "
                "try a smaller rate, or clip=1.0",
                TrainingWarning,
                stacklevel=4,
            )

    def text(self):
        shown = f"loss {onp.mean(self.history['loss'][-50:]):.4f}"
        return shown + (f", validation {self.history['validation'][-1]:.4f}" if self.history["validation"] else "")

    def result(self):
        if self.best is None:
            raise FloatingPointError(f"no finite loss was seen, so there are no parameters to return; {self.stopped}")
        return Result(self.best, self.history, self.stopped or "all steps done", self.best_step)


def _one_blas_thread_if_small(params, batch_size):
    """Up to 2^25 multiplications in a product, two BLAS threads gain little, and wait for each other.

    On a machine with anything else to do the wait is long: a 64 x 64 by 64 x 256 product was seen to take from 38
    microseconds on one thread to 15 milliseconds on two.
    """
    largest = max((leaf.size for leaf in trees.leaves(params)), default=0)
    if largest * batch_size > 2**25:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


def _raise_malloc_thresholds():
    """Let glibc keep freed memory: after one large free it raises its thresholds, and a step's arrays are recycled.

    Without it every array above 128 KiB is mapped and unmapped anew: thousands of page faults a step, about a tenth of
    its time. Elsewhere than on glibc it does nothing.
    """
    onp.empty(31 * 2**20, dtype=onp.uint8)
