"""Worker: audits classes of one library, one after another, and prints a line of JSON when each begins and ends.

python -m benchmarks.field.worker zuko 600 NSF MAF ...     at most 600 s of processor time for each dtype and weights

The limit is of processor time, so that a busy machine leaves out no more than a quiet one.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

import nfscratch as nf
from benchmarks.field.one_way import NO_Z, searched
from benchmarks.field.specimen import SCALES, Draw, NotBuilt, Specimen
from benchmarks.field.state import state
from nfscratch.check.adapters.adapt import adapted

DTYPES = ("float64", "float32")
ONE_WAY = "SPIRJ"  # what can be asked of a map whose other direction is searched for
NO_ROUND_TRIP = "SPIJ"  # and where that search fails
LAYER = "SPIRXJTEO"  # of a layer, which has no samples of its own
SIZES = [64 * 4**k for k in range(12)]  # JAX compiles a function anew for every size of a batch


def main() -> None:
    library, limit, *names = sys.argv[1:]
    constructors = import_module(f"benchmarks.field.of_{library}").CONSTRUCTORS
    for name in names:
        say({"begins": name})
        for row in audited(name, constructors.get(name), float(limit)):
            say({"library": library, "class": name, "audit": state(), **row})
        say({"ends": name})


def say(record: dict) -> None:
    print(json.dumps(record), flush=True)


def allow(seconds: float) -> None:
    """The system ends this process when it has had that much more processor time."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, hard))


def audited(name: str, construct: Any, limit: float | None = None) -> Any:
    """One row for each dtype and scale of weights; a single one where a class is not built. limit: seconds for each."""
    for dtype in DTYPES:
        for weights, scale in SCALES.items():
            if limit is not None:
                allow(limit)
            begin, draw = time.process_time(), Draw(scale, dtype)
            try:
                specimen = built(construct, draw)
            except NotBuilt as why:
                yield {"dtype": "", "weights": "", "outcome": "not built", "why": str(why)}
                return
            row = judged(specimen, dtype)
            row |= {"note": specimen.note, "seconds": round(time.process_time() - begin, 1)}
            yield {"dtype": dtype, "weights": weights if draw.used else "none", **row}
            if not draw.used:
                break


def built(construct: Any, draw: Draw) -> Specimen:
    if construct is None:
        raise NotBuilt("no constructor is written for it")
    try:
        with in_dtype(draw.dtype):
            return construct(draw)
    except NotBuilt:
        raise
    except Exception as error:  # the library's own, of any kind
        raise NotBuilt(f"{type(error).__name__}: {str(error)[:200]}") from error


def in_dtype(dtype: str) -> Any:
    """A context in which the library that is loaded makes arrays of this dtype."""
    if "jax" in sys.modules:
        return sys.modules["jax"].enable_x64(dtype == "float64")
    if "torch" not in sys.modules:
        return nullcontext()
    from nfscratch.check.adapters.in_torch import _quietly

    return _quietly(dtype, 0)


def judged(specimen: Specimen, dtype: str) -> dict:
    """The letters that hold, fail and are not judged, and what was found."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report, empty = _report(specimen, dtype)
    except Exception as error:  # the audit is to name a subject's exceptions itself: this one is told as it is
        return {"outcome": "raises", "why": f"{type(error).__name__}: {str(error)[:300]}"}
    failed = [failure.letter for failure in report.failures]
    outcomes = {line.letter: line.status.value for line in report.lines}
    outcome = "failed" if failed else "passed" if report.ok else "not judged"
    messages = {failure.letter: failure.message for failure in report.failures}
    if specimen.one_way:
        outcomes.setdefault("R", "inconclusive")
    return {"outcome": outcome, "failed": "".join(failed), "letters": outcomes, "messages": messages, "empty": empty}


def _report(specimen: Specimen, dtype: str) -> tuple[Any, str]:
    """The audit, with batches of no rows answered for the library and told apart: they hide what E finds after them."""
    foreign = adapted(specimen.subject, dtype)
    options = dict(specimen.options)
    if not specimen.one_way and "sample" not in foreign.density:
        options.setdefault("letters", LAYER)
    report = _one_way(foreign, options) if specimen.one_way else _audited(foreign, options)
    return report, _on_empty(foreign, foreign.shape or options["dims"][0], dtype)


def _one_way(foreign, options):
    """With the other direction searched for; where the search fails, without R, the search starting at known points."""
    report = _audited(searched(foreign), {**options, "letters": ONE_WAY})
    if not any(NO_Z in failure.message for failure in report.failures):
        return report
    return _audited(searched(foreign, remembers=True), {**options, "letters": NO_ROUND_TRIP})


def _audited(foreign, options):
    guarded = replace(foreign, forward=_guarded(foreign.forward), inverse=_guarded(foreign.inverse))
    return nf.check.audit(guarded, dtype=foreign.dtype, show=False, rng=np.random.default_rng(0), **options)


def _guarded(f: Any) -> Any:
    """f, with an answer of its own for no rows, and JAX's batches filled up with copies of the last row."""

    def call(a):
        if len(a) == 0:
            return a.copy(), np.zeros(0, dtype=a.dtype)
        if "jax" not in sys.modules:
            return f(a)
        size = next(size for size in SIZES if size >= len(a))
        y, log_det = f(np.concatenate([a, np.repeat(a[-1:], size - len(a), axis=0)]))
        same = np.shape(log_det)[:1] == (size,)
        return y[: len(a)], log_det[: len(a)] if same else log_det

    return call


def _on_empty(foreign: Any, dim: Any, dtype: str) -> str:
    """What a batch of no rows gives: nothing is wrong, or the exception's name."""
    shape = dim if isinstance(dim, tuple) else (dim,)
    for f in (foreign.forward, foreign.inverse):
        try:
            f(np.zeros((0, *shape), dtype=dtype))
        except Exception as error:  # of any kind
            return type(error).__name__
    return ""


if __name__ == "__main__":
    main()
