"""Good files: a flow of each kind that there is, and runs that were stopped on their way."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as onp
from every_part import described, rng

import nfscratch as nf
from nfscratch.checkpoint import container
from nfscratch.checkpoint.description import config_hash
from nfscratch.checkpoint.rebuilding import build

STEPS, DONE = 6, 4
ROWS = rng(1).normal(size=(30, 2))


@dataclass(frozen=True)
class Original:
    """A good file. read(path): what a user does with it, and gets. doors: other functions that read such a file."""

    name: str
    kind: str  # "flow" or "run"
    content: bytes
    read: Callable[[Path], Any]
    right: Any = None  # what a run's file gives
    doors: tuple[Callable[[Path], Any], ...] = ()


def flows(path: Path, share: int = 1) -> Iterator[Original]:
    """Every `share`-th of the flows of every_part.py, in the active dtype."""
    for i, (name, description, params) in enumerate(described()):
        if i % share == 0:
            fields = {"flow": json.dumps(description), "config": config_hash(description), "own": "[]"}
            container.write(path, "flow", params, {**fields, "metadata": "null"})
            doors = (nf.checkpoint.metadata, partial(nf.load, flow=build(description)))
            yield Original(name, "flow", path.read_bytes(), nf.load, doors=doors)


def fitted(path: Path, kind: type = onp.random.PCG64, stop: bool = False, **options: Any) -> Any:
    flow = nf.flows.real_nvp(2, layers=1, hidden=(4,), whiten="diagonal")
    return nf.fit(flow, ROWS, rng=onp.random.Generator(kind(0)), **_run(path, stop), **options)


def minimized(path: Path, stop: bool = False) -> Any:
    def loss(params, rng):
        return onp.sum(params["a"] ** 2), {"a": 2 * params["a"]}

    return nf.minimize(loss, {"a": onp.ones(3)}, rng=0, has_grad=True, **_run(path, stop))


def encoded(path: Path, stop: bool = False) -> Any:
    model = nf.models.AutoEncoder(nf.MLP((4,)), nf.MLP((4,)), 1)
    return nf.fit_model(model, ROWS, rng=0, **_run(path, stop))


RUNS = {
    "fit": fitted,
    "fit, another generator": lambda path, stop=False: fitted(path, onp.random.MT19937, stop),
    "fit without rows held out": lambda path, stop=False: fitted(path, stop=stop, validation=None),
    "minimize": minimized,
    "fit_model": encoded,
}


def _run(path, stop):
    callback = (lambda at: at.step == DONE) if stop else None
    options = {"steps": STEPS, "evaluate_every": 2, "progress": False, "checkpoint": path, "callback": callback}
    return options


def runs(path: Path) -> Iterator[Original]:
    """Each run as its file after DONE steps, with the result of all STEPS."""
    for name, run in RUNS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", nf.TrainingWarning)
            path.unlink(missing_ok=True)
            run(path, stop=True)
            content = path.read_bytes()
            yield Original(name, "run", content, run, run(path))
