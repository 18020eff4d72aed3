"""`minimize`: gradient descent on any loss of a parameter tree.

One step:   loss, grads = value_and_grad(params, batch);   clip;   flat <- optimizer(flat, grads)      (run.py)

Every `evaluate_every` steps `evaluate(params)` is taken; the parameters with its smallest finite value are returned.
Ctrl-C ends the run after the step in hand and returns them; so does a run that diverges, with a warning.
With a checkpoint, calling the same again goes on where the last call ended, bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import autograd
import numpy as onp

from nfscratch import returned, terminal, trees, validate
from nfscratch.blas import one_thread
from nfscratch.checkpoint.description import fingerprint
from nfscratch.excerpt import excerpt
from nfscratch.training import interrupts
from nfscratch.training.batches import Batches
from nfscratch.training.budget import Budget
from nfscratch.training.called_with import check_functions
from nfscratch.training.defaults import Times
from nfscratch.training.ending import Ended
from nfscratch.training.interrupts import Interrupted, Interruptible
from nfscratch.training.optimizers import Adam, adam, cosine
from nfscratch.training.progress import Progress
from nfscratch.training.record import Result, TrainingWarning
from nfscratch.training.resume import RunFile, named
from nfscratch.training.run import Evaluation, Plan, Run

__all__ = ["Result", "TrainingWarning", "minimize"]


def minimize(
    loss: Callable[..., Any],
    params: Any,
    *,
    rng: onp.random.Generator | int,
    data: Any = None,
    evaluate: Callable[[Any], float] | None = None,
    update: Callable[[Any, Any], Any] | None = None,
    blame: Callable[[Any, Any, Any], str] | None = None,
    augment: Callable[[Any, Any], Any] | None = None,
    finish: Callable[[Result], Any] | None = None,
    has_grad: bool = False,
    title: str = "minimize",
    steps: int = 2000,
    batch_size: int = 256,
    optimizer: Adam | None = None,
    schedule: Callable[[float], float] = cosine,
    clip: float | None = None,
    evaluate_every: int | Times | None = None,
    patience: int | None = None,
    seconds: float | Budget | None = None,
    callback: Callable[[Evaluation], Any] | None = None,
    interrupt: str = interrupts.RETURN,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | RunFile | None = None,
    checkpoint_every: int | None = None,
) -> Result:
    """Minimize loss(params, rng) -> scalar; with `data`, loss(params, rng, batch).

    data: an array, or a tuple of arrays (or None) with one row per example; batches are drawn without replacement.
    evaluate(params): the number to rank parameters by; the smallest is best.
    update(params, batch): the tree with new "fixed" leaves, of the same shapes, and the same trained ones, once a step.
    blame(params, grads, batch): the part at fault and a remedy, in words, when the loss diverges.
    augment(batch, rng): the batch that loss, update and blame see, such as one with fresh noise; once a step.
    finish(result): called with the result before it is returned, or raised with Interrupted.
    has_grad: loss returns (value, gradient tree) itself.
    rng: a generator, or the integer seed of one.
    seconds: a budget of time. The run stops after the step in which it is spent; the rate falls with the time, where
        that is ahead of the steps, but not in a run with a checkpoint, whose steps must not depend on the clock.
    callback(Evaluation): called after each evaluation; the run stops where it returns True.
    interrupt: "return" gives the result after Ctrl-C, and the program goes on; "raise" ends in Interrupted, a
        KeyboardInterrupt whose `result` it is. A handler that the host of the program has for Ctrl-C, other than
        Python's own, is called before that.
    checkpoint: a file that keeps the run: written every `checkpoint_every` steps (default: every 30 seconds), at
        Ctrl-C and at the end. Where it is there, the run goes on from it, to the same result as without a stop. So does
        one that the callback or `seconds` ended; the callback's next evaluation may end it again. A file of another run
        is refused with CheckpointError. Functions are compared by name only: whatever they use besides their arguments
        must be as it was. With schedule=nf.constant `steps` may be another number, of at least the steps done; then
        evaluate_every, unless given, is that of the file.
    """
    steps, batch_size = validate.count("steps", steps, 1), validate.count("batch_size", batch_size, 1)
    patience = None if patience is None else validate.count("patience", patience, 1)
    optimizer = adam() if optimizer is None else optimizer
    optional = {"evaluate": evaluate, "update": update, "blame": blame, "augment": augment, "finish": finish}
    check_functions(data is not None, loss=loss, schedule=schedule, callback=callback, **optional)
    _check_arguments(optimizer, clip, patience, evaluate, interrupt)
    validate.part("title", title, str, '"minimize"')
    progress = None if progress is None else validate.flag("progress", progress)
    rng, budget = validate.seeded(rng), Budget.of(seconds)
    _check_floats(params)
    if augment is not None and data is None:
        raise ValueError("augment needs data, whose batches it changes; got data=None")
    file = _run_file(checkpoint, checkpoint_every, rng, params, data)
    has_grad = validate.flag("has_grad", has_grad)
    plan = Plan(
        returned.with_gradient("loss with has_grad=True", loss) if has_grad else _traced(loss),
        *(optimizer, schedule, steps, _times(evaluate_every, file, schedule, steps)),
        *(clip, evaluate, patience, update, blame, augment, callback, budget if file is None else None),
    )
    if file is not None:
        _claim(file, plan, batch_size, params)
    run = Run(plan, params, rng, None if data is None else Batches(data, batch_size, rng))
    raise_malloc_thresholds()
    with one_thread(params, batch_size):
        pressed = _descend(run, file, title, progress, budget)
    result = run.result()
    if finish is not None:
        finish(result)
    return _handed_back(result, steps, title, interrupt, pressed)


def _times(evaluate_every, file, schedule, steps):
    """When to evaluate: as asked for, as in the file, or 50 times in the run."""
    if isinstance(evaluate_every, Times):
        return evaluate_every
    if evaluate_every is not None:
        every = validate.count("evaluate_every", evaluate_every, 1)
    else:
        every = (file and file.evaluate_every(schedule)) or max(10, steps // 50)
    return Times(every, every)


def _handed_back(result, steps, title, interrupt, pressed):
    """The result. After Ctrl-C a line says what happens next, because the program goes on as if nothing had been."""
    with interrupts.with_result(result):
        pressed.tell_the_host()
    if result.ended is not Ended.INTERRUPTED:
        return result
    line = f"{title}: {result.stopped} of {steps}; the best parameters so far are kept"
    if interrupt == interrupts.RAISE:
        raise Interrupted(f"{line}, in `result` of this exception", result)
    terminal.say(f'{line}. The program goes on after it; interrupt="raise" would end it here')
    return result


def _descend(run, file, title, progress, budget):
    """Run to the end, to Ctrl-C or out of time. The file, where there is one, is read before and written on the way."""
    steps = run.plan.steps
    # errstate: a warning of overflow would add nothing, because every loss is checked for being finite.
    with Interruptible() as interrupt, Progress(steps, title, progress) as bar, onp.errstate(all="ignore"):
        if file is not None:
            file.restore(run)
        bar.begin(run.step)
        _advance_to_the_end(run, file, interrupt, bar, budget)
        if file is not None:
            file.save(run)
        run.end(Ended.INTERRUPTED if interrupt.stopped else Ended.OUT_OF_TIME)  # after the file is written
    return interrupt


def _advance_to_the_end(run, file, interrupt, bar, budget):
    """One step at least, so that a budget that the start has spent already gives a result all the same."""
    run.begin()
    while not run.over and not interrupt.stopped:
        run.advance()
        if file is not None and file.due(run.step) and not run.over:
            file.save(run)
        bar.update(run.step, run.record.text)
        if budget.spent:
            break


def _check_arguments(optimizer, clip, patience, evaluate, interrupt):
    validate.choice("interrupt", interrupt, (interrupts.RETURN, interrupts.RAISE))
    if patience is not None and evaluate is None:
        raise ValueError(
            "patience needs something to evaluate on: validation rows in fit, evaluate= in minimize; "
            f"got patience={patience} and neither"
        )
    if clip is not None:
        validate.positive("clip", clip)
    if isinstance(optimizer, type) or not hasattr(optimizer, "step"):
        raise TypeError(f"optimizer must have a step method, such as nf.adam(1e-3); got {excerpt(optimizer)}")


def _run_file(checkpoint, checkpoint_every, rng, params, data):
    """The checkpoint of this run, or None. `fit` passes its own, which also knows the flow."""
    if checkpoint is None:
        if checkpoint_every is not None:
            raise ValueError(
                f"checkpoint_every needs a checkpoint to write; got {checkpoint_every} and checkpoint=None"
            )
        return None
    if not isinstance(checkpoint, RunFile):
        given = {"data": fingerprint(data), "params": fingerprint(params)}
        checkpoint = RunFile(checkpoint, checkpoint_every, rng, given)
    return checkpoint


def _claim(file, plan, batch_size, params):
    """Register the arguments that a step depends on; refuse the file if it is of a run with other ones."""
    file.claim_steps(plan.steps, plan.schedule)
    file.claim(
        {
            "batch_size": batch_size,
            "optimizer": plan.optimizer,
            "schedule": named(plan.schedule),
            "clip": plan.clip,
            "evaluate_every": plan.evaluations.described,
            "patience": plan.patience,
            "dtype": [str(leaf.dtype) for leaf in trees.leaves(params)][:1],
        }
    )


def _check_floats(params):
    dtypes = {}
    for path, leaf in trees.named_leaves(params):
        if getattr(getattr(leaf, "dtype", None), "kind", "") != "f":
            kind = getattr(leaf, "dtype", type(leaf).__name__)
            raise TypeError(f"params must be arrays of floats; got {kind}{f' at {path}' if path else ''}")
        dtypes.setdefault(str(leaf.dtype), path)
    if len(dtypes) > 1:
        raise TypeError(f"params must share one dtype; got {', '.join(f'{d} at {p}' for d, p in dtypes.items())}")


def _traced(loss):
    """The loss as a function that returns (value, gradient tree), by autograd."""
    both = autograd.value_and_grad(returned.one_number("loss", loss))
    return lambda params, rng, *batch: both(params, rng, *batch)


def raise_malloc_thresholds():
    """Let glibc keep freed memory: after one large free it raises its thresholds, and a step's arrays are recycled.

    Without it each array above 128 KiB is mapped anew, about a tenth of a step's time. Elsewhere it does nothing.
    """
    onp.empty(31 * 2**20, dtype=onp.uint8)
