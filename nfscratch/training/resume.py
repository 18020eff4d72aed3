"""A training run that stops anywhere and goes on bit for bit.

The file holds everything that a step depends on: parameters, the state of the optimizer and of the generator, the
order of the rows and the position in it, the record with the best parameters. It also holds the state that the
generator had when the run began: the draws before the first step (held-out rows, jitter, the first parameters) are
repeated from it.
The run's configuration stands beside it, and a file of another run is refused, by the first argument that differs.
The number of steps may differ where no step depends on it: with a constant rate it only says where to end. So the
evaluation at the end of a run is not in the file: it is done again.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as onp

from nfscratch import outside, validate
from nfscratch.checkpoint import atomic, container, header
from nfscratch.checkpoint.description import canonical, config_hash, describe, fingerprint
from nfscratch.checkpoint.header import CheckpointError, about
from nfscratch.excerpt import excerpt
from nfscratch.training import earlier, saved_run
from nfscratch.training.drawn import comes_to
from nfscratch.training.optimizers import constant

STATE = ("began", "configuration", "rng", "run")
SECONDS = 30.0  # between two writes, where no number of steps was asked for


class RunFile:
    """The checkpoint of a run: its contents, and when it is due again."""

    def __init__(self, path: str | os.PathLike, every: int | None, rng: onp.random.Generator, configuration: dict):
        """Read `path` if it is there, check that it is of this run, and set `rng` to where the run began."""
        atomic.check(path, "checkpoint")
        self.path, self.rng = Path(path), rng
        self.every = None if every is None else validate.count("checkpoint_every", every, 1)
        self.configuration: dict[str, Any] = {}
        self._given = self.began = rng.bit_generator.state
        self._last, self._written = time.monotonic(), None
        self._seal, self._saved = self._read()
        self.claim({"seed": seed(rng), **configuration})
        if self._saved is not None:
            self.began = self._rewound("began")

    def _read(self):
        """Its seal and its texts. The arrays are read once it is known which there must be."""
        if not os.path.exists(self.path):  # a link to a file that is still to come is followed
            return None, None
        with container.opened(self.path, "run") as sealed:
            saved = header.parse(sealed.fields.get("run", ""), "the run")
            if not isinstance(saved, dict) or not set(saved) <= set(STATE):
                raise CheckpointError(f"the run must be an object with {', '.join(STATE)}; got {excerpt(saved)}")
            return sealed.fields.get("sha256"), saved

    def _entry(self, key):
        if not isinstance(self._saved, dict) or key not in self._saved:
            self.rng.bit_generator.state = self._given
            raise CheckpointError(f"{self.path}: it must hold the state of a run; its {key} is missing")
        return self._saved[key]

    def claim(self, configuration: dict) -> None:
        """Add arguments to the identity of this run; refuse the file of a run with other ones."""
        described = {name: describe(value, name, own=True) for name, value in configuration.items()}
        self.configuration |= described
        for name, mine in described.items():
            if self._saved is not None and canonical(theirs := self._of(name)) != canonical(mine):
                self._refuse(
                    f"{name} must be as in the run that wrote the file, {excerpt(theirs)}; got {excerpt(mine)}"
                )

    def claim_steps(self, steps: int, schedule: Any) -> None:
        """Accept any number of steps from those done on where the rate is constant; else the same number only."""
        theirs = steps if self._saved is None else self._of("steps")
        if theirs == steps:
            return self.claim({"steps": steps})
        if schedule is not constant or self._of("schedule") != named(constant):
            self._refuse(
                f"steps must be as in the run that wrote the file, {excerpt(theirs)}; got {steps}: the rate of each "
                "step depends on their number. A run with schedule=nf.constant can be made longer"
            )
        done = self._entry("run").get("step") if isinstance(self._entry("run"), dict) else None
        if type(done) is not int or steps < done:
            self._refuse(
                f"steps must be at least {excerpt(done)}, the number that the run in the file has done; got {steps}"
            )
        if type(theirs) is not int or theirs < done:
            self._refuse(
                f"configuration/steps must be a whole number of at least the {done} done; got {excerpt(theirs)}"
            )
        self.configuration["steps"] = steps

    def evaluate_every(self, schedule: Any) -> int | None:
        """The file's number, where the run in it may have had another length: the default depends on the length."""
        every = None if self._saved is None or schedule is not constant else self._of("evaluate_every")
        return every if type(every) is int and every > 0 else None

    def _of(self, name):
        """The value of one argument in the file's run."""
        saved = self._entry("configuration")
        if not isinstance(saved, dict):
            raise CheckpointError(f"{self.path}: configuration must be an object; got {excerpt(saved)}")
        return saved.get(name)

    def _refuse(self, why):
        self.rng.bit_generator.state = self._given
        raise CheckpointError(f"{self.path}: {why}. To start anew, remove the file or name another")

    def restore(self, run: Any) -> None:
        """Bring `run` to where the file left off; without a file, write the first state, to see that writing works."""
        if self._saved is None:
            return self._write(run)
        try:
            with about(self.path):
                if unknown := set(self._entry("configuration")) - set(self.configuration):
                    raise CheckpointError(
                        f"configuration must have no other entries than a run's; got {excerpt(unknown)}"
                    )
                tree, numbers = self._judged(run)
            self._follow()
        except CheckpointError:
            self.rng.bit_generator.state = self._given  # a file that is refused moves no generator
            raise
        run.restore(tree, numbers)
        self._seal, self._saved, self._written = None, None, _mark(run)

    def _judged(self, run):
        """The tree and the numbers of the file, once each of them is known to be one of `run`."""
        try:
            numbers = earlier.updated(self._entry("run"))
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"run/record/stopped must be one of version 0.1; {excerpt(str(error))}") from None
        saved_run.numbers(run, numbers)
        with container.opened(self.path, "run") as sealed:
            if sealed.fields.get("sha256") != self._seal:
                raise CheckpointError("the file must stay as it is while a run begins; another one was written")
            saved_run.shapes(run.state()[0], sealed.shapes(), numbers["step"])
            tree = sealed.read()
        saved_run.values(run, tree, numbers)
        return tree, numbers

    def _rewound(self, key):
        """Set the generator to a state in the file, and return it."""
        with about(self.path):
            saved_run.generator(self.rng.bit_generator.state, self._entry(key), key)
        return _rewind(self.rng, self._entry(key), self.path)

    def _follow(self):
        """Set the generator to where the run in the file stood, which it has come to from where its steps began."""
        first = self.rng.bit_generator.state
        if not comes_to(first, self._rewound("rng")):
            raise CheckpointError(
                f"{self.path}: rng must be a state that the generator comes to from began; got two of different runs"
            )

    def due(self, step: int) -> bool:
        """Whether it is time to write again."""
        return step % self.every == 0 if self.every else time.monotonic() - self._last > SECONDS

    def save(self, run: Any) -> None:
        """Write the run's state. A full disk does not end a run: the state before stays, and a warning says so."""
        if self._written == _mark(run):
            return
        try:
            self._write(run)
        except OSError as error:
            outside.warn(
                f"{self.path}: the checkpoint of step {run.step} could not be written ({error})",
                RuntimeWarning,
            )
            self._last = time.monotonic()

    def _write(self, run):
        tree, numbers = run.state()
        state = {"configuration": self.configuration, "began": self.began, "run": numbers}
        state["rng"] = self.rng.bit_generator.state
        text = json.dumps(state, default=_array_as_list, allow_nan=False)
        with about(self.path):
            container.write(self.path, "run", tree, {"run": text, "config": config_hash(self.configuration)})
        self._last, self._written = time.monotonic(), _mark(run)


def _mark(run):
    return run.step, run.record.ending


def seed(rng: onp.random.Generator) -> Any:
    """The seed of a generator, as far as it is known. Unlike the state, it does not change when numbers are drawn."""
    sequence = getattr(rng.bit_generator, "seed_seq", None)
    entropy = getattr(sequence, "entropy", None)
    given = entropy.tolist() if hasattr(entropy, "tolist") else entropy
    return [type(rng.bit_generator).__name__, given, list(getattr(sequence, "spawn_key", ()))]


def named(function: Any) -> Any:
    """The name of a function; an object that can be called stands for itself."""
    return getattr(function, "__qualname__", function)


def _rewind(rng, state, path):
    try:
        rng.bit_generator.state = state = _lists_as_arrays(state)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise CheckpointError(f"{path}: the generator must take the state in the file; {excerpt(str(error))}") from None
    return state


def _array_as_list(value):
    if isinstance(value, onp.ndarray):
        return {"dtype": value.dtype.str, "array": value.tolist()}
    if isinstance(value, onp.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _lists_as_arrays(value):
    if isinstance(value, dict) and set(value) == {"dtype", "array"}:
        return onp.array(value["array"], dtype=value["dtype"])
    return {key: _lists_as_arrays(child) for key, child in value.items()} if isinstance(value, dict) else value


__all__ = ["RunFile", "fingerprint", "named", "seed"]
