"""Training for a given time: Adam, a rate that follows the time spent, and the mean of the weights. It can be resumed.

    rate(done) = rate min(1, done / warm_up) (1 + cos(pi done)) / 2        done = minutes spent / minutes given
    mean <- mean + (1 - decay_t) (weights - mean),    decay_t = min(decay, (1 + t) / (10 + t))

All that the next step depends on stands in one file, written whole or not at all: weights, moments, mean, the
generator, the minutes spent and the curve. Minutes are of the clock on the wall; those of the processor stand beside.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from math import cos, pi
from pathlib import Path

import numpy as np

import nfscratch as nf
from nfscratch import trees
from nfscratch.training.optimizers import clip_by_norm

KEPT = ("flat", "mean", "m", "v")


@dataclass
class Training:
    """A run of `minutes` in the file `path`. value_and_grad(params, rows, rng) -> loss, gradient tree."""

    value_and_grad: object
    rows: np.ndarray
    params: object
    minutes: float
    path: Path
    batch: int = 64
    rate: float = 1e-3
    warm_up: float = 0.02
    decay: float = 0.999
    clip: float = 50.0
    seed: int = 0
    clock: str = "wall"
    spent: dict = field(default_factory=lambda: {"wall": 0.0, "processor": 0.0, "steps": 0})
    curve: list = field(default_factory=list)

    def __post_init__(self):
        self.flat, self.weights = trees.flatten(self.params)
        self.mean, self.grad = self.flat.copy(), np.empty_like(self.flat)
        self.adam, self.rng = nf.adam(self.rate), np.random.default_rng(self.seed)
        self.state = self.adam.init(self.flat)
        if self.path.exists():
            self._restore()

    @property
    def done(self) -> float:
        return self.spent[self.clock] / self.minutes

    def run(self, evaluate, every=2.0, keep_every=1.0):
        """Train until the minutes are spent; `evaluate(mean weights)` every so many minutes goes into the curve."""
        evaluated = kept = self.spent[self.clock]
        while self.done < 1:
            wall, processor = time.perf_counter(), time.process_time()
            loss = self._step()
            self.spent["wall"] += (time.perf_counter() - wall) / 60
            self.spent["processor"] += (time.process_time() - processor) / 60
            self.spent["steps"] += 1
            if self.spent[self.clock] - evaluated >= every or self.done >= 1:
                evaluated = self.spent[self.clock]
                self.curve.append({**self.spent, "loss": float(loss), "validation": evaluate(self.average)})
                print(json.dumps(self.curve[-1]), flush=True)
            if self.spent[self.clock] - kept >= keep_every or self.done >= 1:
                kept = self.spent[self.clock]
                self.keep()

    @property
    def average(self):
        """The mean of the weights as a parameter tree."""
        return trees.views(self.mean, self.weights)

    def _step(self):
        rows = self.rows[self.rng.integers(0, len(self.rows), self.batch)]
        loss, grads = self.value_and_grad(self.weights, rows, self.rng)
        trees.gather(grads, out=self.grad)
        norm = float(self.grad @ self.grad) ** 0.5
        if not np.isfinite(norm):
            print("a step was left out: its gradient is not finite", flush=True)
            return loss
        clip_by_norm(self.grad, norm, self.clip)
        factor = min(1.0, self.done / self.warm_up) * (1 + cos(pi * self.done)) / 2
        self.adam.step(self.flat, self.grad, self.state, factor)
        t = self.state["t"]
        self.mean += (1 - min(self.decay, (1 + t) / (10 + t))) * (self.flat - self.mean)
        return loss

    def keep(self):
        """One file, put in place at once."""
        arrays = {"flat": self.flat, "mean": self.mean, "m": self.state["m"], "v": self.state["v"]}
        numbers = {"t": self.state["t"], "spent": self.spent, "curve": self.curve, "rng": self.rng.bit_generator.state}
        fixed = {f"fixed{k}": leaf for k, leaf in enumerate(_stored(self.weights))}
        part = self.path.with_suffix(".part.npz")
        np.savez(part, numbers=json.dumps(numbers), **arrays, **fixed)
        os.replace(part, self.path)

    def _restore(self):
        kept = np.load(self.path)
        numbers = json.loads(str(kept["numbers"]))
        self.flat[:], self.mean[:] = kept["flat"], kept["mean"]
        self.state.update(m=kept["m"].copy(), v=kept["v"].copy(), t=numbers["t"])
        self.spent, self.curve = numbers["spent"], numbers["curve"]
        self.rng.bit_generator.state = numbers["rng"]
        for k, leaf in enumerate(_stored(self.weights)):
            leaf[...] = kept[f"fixed{k}"]


def _stored(tree):
    """The leaves under "fixed", in a fixed order."""
    found = []
    trees.map_leaves(lambda leaf: leaf, tree, fixed=lambda leaf: found.append(leaf) or leaf)
    return found
