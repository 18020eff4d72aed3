"""What the file of a run must hold to go on with this run: every field is judged before it is used.

Anyone can compute a seal, so a sealed file may still hold anything. `shapes` compares the tensors with those of the
run, before one of them is read; `values` compares the numbers with one another. What is of the right form and agrees
with the rest is taken as it stands: whether the parameters are those that the run would have had cannot be seen.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.checkpoint import stored
from nfscratch.checkpoint.header import CheckpointError
from nfscratch.checkpoint.tree import split
from nfscratch.excerpt import excerpt
from nfscratch.training.ending import Ended
from nfscratch.training.optimizers import Adam

MT19937, PHILOX = 624, 2  # the words of a twister's state, and of the other's key
WORDS = {int: "a whole number", str: "a text", float: "a number", bool: "True or False"}
HISTORY = {"loss": "f8", "step": "i8", "validation": "f8"}
ENDING = {"how": str, "step": int, "evaluations": int, "loss": str, "blamed": str}
WRITTEN = {  # the endings that stand in a file, each with what must not be null: the others come after it is written
    Ended.EARLY_STOPPING.name: ("how", "step", "evaluations"),
    Ended.DIVERGED.name: ("how", "step", "loss", "blamed"),
    Ended.STOPPED.name: ("how", "step"),
}


def shapes(own: Any, theirs: Any, step: Any) -> None:
    """Refuse a tree whose arrays are not those of a run after `step` steps. Leaves need a dtype and a shape only."""
    _keys("the run", theirs, own)
    for name in ("params", "optimizer", "order"):
        _alike(name, own[name], theirs[name])
    record = theirs["record"]
    _keys("record", record, own["record"])
    _keys("record/history", record["history"], HISTORY)
    best = record["best"]
    _require(isinstance(best, list) and len(best) <= 1, "record/best", "a list of at most one tree", best)
    for tree in best:
        _alike("record/best/0", own["params"], tree)
    _leaf("record/best_value", onp.dtype("f8"), (), record["best_value"])
    count = getattr(record["history"]["step"], "shape", None)
    for key, dtype in HISTORY.items():
        _leaf(f"record/history/{key}", onp.dtype(dtype), (step,) if key == "loss" else count, record["history"][key], 1)


def numbers(run: Any, theirs: Any) -> None:
    """Refuse numbers that are not those of such a run: counts in their range, an ending that there is."""
    own = run.state()[1]
    _keys("run", theirs, own)
    _count("step", theirs["step"], run.plan.steps)
    _keys("run/optimizer", theirs["optimizer"], own["optimizer"])
    for name, value in own["optimizer"].items():
        got = theirs["optimizer"][name]
        _require(type(got) is type(value), f"run/optimizer/{name}", WORDS[type(value)], got)
        if type(value) is int and isinstance(run.plan.optimizer, Adam):
            _count(f"run/optimizer/{name}", got, theirs["step"])
            updates = got == theirs["step"] or not _is_ours(run.plan.optimizer)
            _require(updates, f"run/optimizer/{name}", f"{theirs['step']}, as many updates as steps", got)
    _keys("run/record", theirs["record"], own["record"])
    _count("run/record/since_best", theirs["record"]["since_best"])
    if theirs["record"]["best_step"] is not None:
        _count("run/record/best_step", theirs["record"]["best_step"], theirs["step"])
    _ending(theirs["record"]["ended"], theirs["step"])
    if run.batches is not None:
        _position(run.batches, theirs)
    _patience(theirs["record"], run.plan.patience)


def _position(batches, theirs):
    """A step takes one batch, also one that diverges and is not taken itself."""
    ended = theirs["record"]["ended"]
    taken = theirs["step"] + (ended is not None and ended["how"] == Ended.DIVERGED.name)
    due, got = batches.size * ((taken - 1) % (batches.n // batches.size) + 1) if taken else 0, theirs["position"]
    _require(type(got) is int and got == due, "position", f"{due}, after {taken} batches of {batches.size}", got)


def values(run: Any, tree: Any, theirs: Any) -> None:
    """Refuse arrays that contradict the numbers or one another, and best parameters that nothing can be done with."""
    record, found = tree["record"], theirs["record"]
    steps, validation = record["history"]["step"], record["history"]["validation"]
    in_order = steps.size == 0 or (steps[0] >= 0 and steps[-1] <= theirs["step"] and bool((onp.diff(steps) > 0).all()))
    _require(in_order, "record/history/step", f"growing from 0 to at most {theirs['step']}", steps.tolist())
    due = all(map(run.plan.evaluations.due, steps.tolist())) and not any(steps[:1])
    _require(due, "record/history/step", "0 and then the steps after which this run evaluates", steps.tolist())
    _require(not (validation == -onp.inf).any(), "record/history/validation", "free of -inf", -onp.inf)
    finite = bool(onp.isfinite(record["history"]["loss"]).all())
    _require(finite, "record/history/loss", "finite numbers", "NaN or infinity")
    own = run.state()[0]
    for name in ("params", "optimizer"):  # a step that is not finite is not taken
        _finite(name, tree[name], own[name])
    _squares(run, tree["optimizer"])
    stored.judge("params", tree["params"], own["params"])
    _count("run/record/since_best", found["since_best"], len(steps) if run.plan.evaluate is not None else 0)
    for order in tree["order"]:
        _require(_is_permutation(order), "order", "each row once", order.tolist())
    value, best_step = float(record["best_value"]), found["best_step"]
    if not record["best"]:
        _require(best_step is None, "run/record/best_step", "null without best parameters", best_step)
        return _require(value == onp.inf, "record/best_value", "infinity without best parameters", value)
    _require(best_step is not None, "run/record/best_step", "a count, for the best parameters", best_step)
    best = float(-best_step) if run.plan.evaluate is None else _lowest(steps, validation, best_step)
    _require(value == best, "record/best_value", f"{best}, that of step {best_step}", value)
    _finite("record/best", record["best"], [own["params"]])
    stored.judge("record/best", record["best"], [own["params"]])


def _finite(name, theirs, own):
    """Stored leaves too, except where those of a new run are not finite either: a mask of a caller's own may be so."""
    pairs = zip(split(theirs)[1].items(), split(own)[1].values(), strict=True)
    for (path, leaf), mine in pairs:
        finite = bool((onp.isfinite(leaf) | ~onp.isfinite(mine)).all())
        _require(finite, f"{name}/{path}", "finite numbers", "NaN or infinity")


def _squares(run, theirs):
    """Adam takes the root of its second moments, and so does each player of a GAN."""
    squares = not _is_ours(run.plan.optimizer) or bool((theirs["v"] >= 0).all())
    _require(squares, "optimizer/v", "at least 0, means of squares", "numbers below 0")


def _is_ours(optimizer):
    """An Adam of the package: of a caller's own class nothing is known."""
    return isinstance(optimizer, Adam) and type(optimizer).__module__.startswith("nfscratch.")


def _patience(record, patience):
    """A run whose patience is at its end has stopped, and no other has stopped for that."""
    stopped = record["ended"] is not None and record["ended"]["how"] == Ended.EARLY_STOPPING.name
    if patience is None:
        return _require(not stopped, "run/record/ended/how", "another in a run without patience", "EARLY_STOPPING")
    since = record["ended"]["evaluations"] if stopped else record["since_best"]
    name = "run/record/ended/evaluations" if stopped else "run/record/since_best"
    wanted = (
        f"at least {patience}, the patience" if stopped else f"below {patience}, the patience of a run that goes on"
    )
    _require((since >= patience) is stopped, name, wanted, since)


def generator(own: Any, theirs: Any, name: str) -> None:
    """Refuse the state of a generator that has another form than `own`, the state of such a one: some do not check."""
    if isinstance(own, dict):
        _keys(name, theirs, own)
        for key in own:
            generator(own[key], theirs[key], f"{name}/{key}")
    elif isinstance(own, onp.ndarray):
        _array(own, theirs, name)
    elif isinstance(own, str):
        _require(theirs == own, name, repr(own), theirs)
    else:
        limits = {"pos": 624, "buffer_pos": 4, "has_uint32": 1, "uinteger": 2**32 - 1}  # beyond them memory is read
        last = name.rsplit("/")[-1]
        _count(name, theirs, limits.get(last, 2**128 - 1))
        _require(last != "inc" or theirs == own, name, f"{own}, that of this generator: it never changes", theirs)


def _array(own, theirs, name):
    """An array in JSON is its dtype and its numbers."""
    _keys(name, theirs, ("array", "dtype"))
    _require(theirs["dtype"] == own.dtype.str, f"{name}/dtype", own.dtype.str, theirs["dtype"])
    most, listed = int(onp.iinfo(own.dtype).max), theirs["array"]
    fits = isinstance(listed, list) and len(listed) == own.size and own.ndim == 1
    fits = fits and all(type(n) is int and 0 <= n <= most for n in listed)
    _require(fits, f"{name}/array", f"{own.size} whole numbers of at most {most}", listed)
    _require(own.size != MT19937 or any(listed), f"{name}/array", "other than all 0: only 0 would be drawn", 0)
    key = own.tolist() if own.size == PHILOX else listed
    _require(listed == key, f"{name}/array", f"{key}, those of this generator: they never change", listed)


def _lowest(steps, validation, best_step):
    """The best validation, which must be that of `best_step`."""
    _require(best_step in steps, "run/record/best_step", "a step of the history", best_step)
    lowest = float(validation[onp.isfinite(validation)].min(initial=onp.inf))
    at_best = float(validation[steps == best_step][0])
    _require(at_best == lowest, "record/history/validation", f"lowest at the best step, {best_step}", lowest)
    return lowest


def _is_permutation(order):
    return onp.array_equal(onp.sort(order), onp.arange(len(order)))


def _alike(name, own, theirs):
    """The same tree, with arrays of the same dtypes and shapes."""
    if isinstance(own, dict):
        _keys(name, theirs, own)
        for key in own:
            _alike(f"{name}/{key}", own[key], theirs[key])
    elif isinstance(own, (list, tuple)):
        fits = isinstance(theirs, (list, tuple)) and len(theirs) == len(own)
        _require(fits, name, f"{len(own)} entries", theirs)
        for i, child in enumerate(own):
            _alike(f"{name}/{i}", child, theirs[i])
    else:
        _leaf(name, own.dtype, own.shape, theirs)


def _leaf(name, dtype, shape, got, ndim=None):
    seen = getattr(got, "shape", None), getattr(got, "dtype", None)
    fits = seen[0] is not None and tuple(seen[0]) == tuple(shape or ()) and onp.dtype(seen[1]) == dtype
    fits = fits and (ndim is None or len(seen[0]) == ndim)
    _require(fits, name, f"an array of {onp.dtype(dtype).name} of shape {tuple(shape or ())}", seen)


def _keys(name, got, wanted):
    fits = isinstance(got, dict) and set(got) == set(wanted)
    _require(fits, name, f"an object with {', '.join(sorted(wanted))}", sorted(got) if isinstance(got, dict) else got)


def _count(name, got, most=2**62):
    fits = type(got) is int and 0 <= got <= most
    _require(fits, name, f"a whole number from 0 to {'2^62' if most == 2**62 else most}", got)


def _ending(got, step):
    """None, or an ending that a run can have when its file is written, with the numbers that belong to it."""
    if got is None:
        return
    _keys("run/record/ended", got, ENDING)
    known = isinstance(got["how"], str) and got["how"] in WRITTEN
    _require(known, "run/record/ended/how", f"one of {', '.join(WRITTEN)}", got["how"])
    for key, kind in ENDING.items():
        belongs = key in WRITTEN[got["how"]]
        fits = type(got[key]) is kind if belongs else got[key] is None
        _require(
            fits, f"run/record/ended/{key}", WORDS[kind] if belongs else f"null where it is {got['how']}", got[key]
        )
    last = step + (got["how"] == Ended.DIVERGED.name)  # the step that diverged was not taken
    _require(got["step"] == last, "run/record/ended/step", f"{last}, by the steps that were done", got["step"])
    if got["evaluations"] is not None:
        _count("run/record/ended/evaluations", got["evaluations"], step + 1)
    _require(got["loss"] is None or _is_float(got["loss"]), "run/record/ended/loss", "a number as text", got["loss"])
    plain = (got["blamed"] or "").replace("\n", "").isprintable()  # a message shows it
    _require(plain, "run/record/ended/blamed", "free of control characters", got["blamed"])


def _is_float(text):
    try:
        return bool(repr(float(text)) == text)
    except ValueError:
        return False


def _require(holds, name, what, got):
    if not holds:
        raise CheckpointError(f"{name} must be {what}; got {excerpt(got)}")
