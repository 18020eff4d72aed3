"""How a hostile file ends, judged without the package's own checks.

A forged file may be a good description of another flow: a smaller mask, another seed. That is no fault. It is told from
one by comparing what came with what stands in the file, read here with json and NumPy alone: every field of the flow,
every byte of its parameters. Then two rows are drawn and their density is computed. A run that goes on must keep the
losses in its file, take the steps that are left, and end in finite parameters of the flow's own shapes and dtype.
"""

from __future__ import annotations

import enum
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as onp

import nfscratch as nf
from hostile.forging import Pieces
from hostile.originals import DONE, STEPS, Original
from nfscratch.checkpoint import tree
from nfscratch.checkpoint.description import describe


class Verdict(enum.Enum):
    REFUSED = "refused with CheckpointError"
    HARMLESS = "loaded, equal to the original"
    ANOTHER = "loaded, and what the file says"
    WRONG = "loaded wrong"
    UNUSABLE = "loaded, and computing with it fails"
    OTHER = "another exception"
    SLOW = "slow"
    FAT = "fat"

    @property
    def good(self) -> bool:
        return self in (Verdict.REFUSED, Verdict.HARMLESS, Verdict.ANOTHER)


MEANT = (ValueError, ArithmeticError)  # of a flow whose numbers are of no use; a TypeError and such are not


def opened(original: Original, path: Path) -> tuple[Verdict | None, str, Any]:
    """The verdict of reading the file, or None where something was read; why; and what was read."""
    try:
        with warnings.catch_warnings(), onp.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return None, "", original.read(path)
    except nf.CheckpointError as error:
        return *_refusal(error, path), None
    except FloatingPointError as error:  # a run of huge numbers diverges: `fit` says so
        return (Verdict.ANOTHER if original.kind == "run" else Verdict.OTHER), f"{error}", None
    except MemoryError as error:
        return Verdict.FAT, f"{error}", None
    except BaseException as error:
        return Verdict.OTHER, f"{type(error).__name__}: {error}", None


def _refusal(error, path):
    message, cause = str(error), error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return Verdict.FAT, message
        cause = cause.__context__
    if not message.startswith(f"{path}: ") or "\n" in message or len(message) > 600:
        return Verdict.OTHER, f"a message that is not one short line with the file's name: {message!r}"
    return Verdict.REFUSED, message


def by_other_doors(original: Original, path: Path) -> tuple[Verdict, str]:
    """The verdict of every other function that reads such a file, where it ends in an exception that it must not."""
    for door in original.doors:
        verdict, why, _ = opened(replace(original, read=door), path)
        if verdict is not None and not verdict.good:
            return verdict, f"by another door: {why}"
    return Verdict.REFUSED, ""


def judged(original: Original, content: bytes, got: Any) -> tuple[Verdict, str]:
    """The verdict on what was read."""
    if content == original.content:
        return Verdict.HARMLESS, ""
    if original.kind == "run":
        return _judged_run(original, Pieces(content), got)
    return _judged_flow(Pieces(original.content), Pieces(content), *got)


def _judged_flow(good, pieces, flow, params):
    leaves = tree.split(params)[1]
    for name in {*leaves, *pieces.tensors}:
        if not _same(leaves.get(name), pieces.tensors.get(name)):
            return Verdict.WRONG, f"the tensor {name} is not that of the file"
    if len({leaf.dtype for leaf in leaves.values()} | {onp.dtype("f4")}) > 2:
        return Verdict.WRONG, f"parameters of {sorted({leaf.dtype.name for leaf in leaves.values()})}"
    if any(leaf.dtype.kind != "f" or leaf.itemsize < 4 for leaf in leaves.values()):
        return Verdict.WRONG, f"parameters of {sorted({leaf.dtype.name for leaf in leaves.values()})}"
    if where := unsaid(pieces.description, describe(flow)):
        return Verdict.WRONG, f"the flow is not that of the description: {where}"
    if pieces.description == good.description and all(
        _same(leaf, good.tensors.get(name)) for name, leaf in leaves.items()
    ):
        return Verdict.HARMLESS, ""
    return Verdict.ANOTHER, ""


def _same(one, two):
    return (
        one is not None
        and two is not None
        and (one.dtype, one.shape) == (two.dtype, two.shape)
        and (one.tobytes() == two.tobytes())
    )


def unsaid(said: Any, found: Any, where: str = "flow") -> str:
    """Where a description says something else than the flow that was made of it; "" where it does not.

    A list and a tuple say the same, and so do 2 and 2.0. A field that is not said, or is None, is at its default.
    """
    said, found = _plain(said), _plain(found)
    if isinstance(said, dict) and isinstance(found, dict):
        return next((w for key in said if (w := unsaid(said[key], found.get(key), f"{where}.{key}"))), "")
    if isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        pairs = zip(said, found, strict=True)
        return next((w for i, (a, b) in enumerate(pairs) if (w := unsaid(a, b, f"{where}[{i}]"))), "")
    return "" if said is None or said == found else f"{where} is {str(said)[:80]}; got {str(found)[:80]}"


def _plain(value):
    if isinstance(value, dict) and "tuple" in value:
        return value["tuple"]
    if isinstance(value, dict) and "numpy" in value:
        return value.get("value")
    return value


def _judged_run(original, pieces, result):
    right, kept = original.right, pieces.tensors.get("record/history/loss", onp.empty(0))
    losses = onp.array(result.history["loss"])
    mine, theirs = tree.split(right.params)[1], tree.split(result.params)[1]
    if {k: (v.dtype, v.shape) for k, v in mine.items()} != {k: (v.dtype, v.shape) for k, v in theirs.items()}:
        return Verdict.WRONG, "the parameters have other shapes or dtypes than those of the flow"
    if all(_same(mine[name], theirs[name]) for name in mine) and right.history == result.history:
        return Verdict.HARMLESS, ""
    if not all(onp.isfinite(leaf).all() for leaf in theirs.values()):
        return Verdict.WRONG, "parameters of NaN or infinity"
    if losses[: len(kept)].tobytes() != kept.tobytes() or not onp.isfinite(losses).all():
        return Verdict.WRONG, "the losses in the file were not kept, or are not finite"
    if len(kept) != DONE or len(losses) > STEPS or result.best_step > len(losses):
        return Verdict.WRONG, f"{len(kept)} steps in the file, {len(losses)} in the end, the best {result.best_step}"
    if result.ended is nf.Ended.ALL_STEPS and len(losses) != STEPS:
        return Verdict.WRONG, f"all steps done after {len(losses)} of {STEPS}"
    f"{result}"  # to print it must not fail
    return Verdict.ANOTHER, ""


def used(flow: Any, params: Any) -> tuple[Verdict, str]:
    """Draw two rows from a flow that is another, and compute their density."""
    if isinstance(flow, nf.models.Model):
        return Verdict.ANOTHER, ""
    try:
        with warnings.catch_warnings(), onp.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            given = _context(flow, params)
            x = flow.sample(params, onp.random.default_rng(0), 2, *given)
            flow.log_prob(params, x, *given)
    except MEANT as error:
        return Verdict.ANOTHER, f"{type(error).__name__}: {error}"
    except Exception as error:
        return Verdict.UNUSABLE, f"{type(error).__name__}: {error}"
    return Verdict.ANOTHER, ""


def _context(flow, params):
    if not flow.context_dim:
        return ()
    embed = getattr(flow, "embed", None)
    columns = embed.n_in(params["embed"]) if hasattr(embed, "n_in") else 16 if embed is not None else flow.context_dim
    return (onp.zeros((2, columns)),)
