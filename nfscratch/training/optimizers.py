"""Optimizers on one flat vector, in place.

    Adam      m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2
              p <- p - rate ( (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w p )

Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; the decay stands outside of the moments (Loshchilov and Hutter 2019,
arXiv:1711.05101). In a run w is 1 for the numbers of matrices and 0 for all others, such as biases and
shifts: a large weight makes a function steep, a large bias only moves it.

One vector instead of one array per leaf: a step costs ten passes over memory, whatever the tree.

A schedule maps the share of the run that is done, in [0, 1], to a factor on the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sqrt
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import backend, trees, validate
from nfscratch.excerpt import excerpt

MOST_EPS = 1e3  # of a number beside the root mean square of a gradient: with a larger one hardly anything moves


@dataclass(frozen=True)
class Adam:
    """Adam, with decoupled weight decay where `weight_decay` > 0."""

    rate: float = 1e-3
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self):
        validate.positive("rate", self.rate)
        for name in ("b1", "b2"):
            validate.not_negative(name, getattr(self, name))
        if not (self.b1 < 1 and self.b2 < 1):
            raise ValueError(f"b1 and b2 must be in [0, 1); got {self.b1} and {self.b2}")
        validate.positive("eps", self.eps)  # with 0, a number whose gradient is 0 would become NaN
        if self.eps > MOST_EPS:
            raise ValueError(f"eps must be at most {MOST_EPS:g}; got {self.eps}")
        validate.not_negative("weight_decay", self.weight_decay)

    def init(self, p: Any) -> dict:
        """The state: two moments, a scratch vector, and the count of steps; every number decays (but see `begin`)."""
        return {"m": onp.zeros_like(p), "v": onp.zeros_like(p), "scratch": onp.empty_like(p), "t": 0}

    def step(self, p: Any, g: Any, state: dict, factor: float = 1.0) -> None:
        """Move `p` in place, with rate * factor. `g` is used up."""
        m, v, scratch = state["m"], state["v"], state["scratch"]
        state["t"] += 1
        rate = self.rate * factor
        m *= self.b1
        onp.multiply(g, 1.0 - self.b1, out=scratch)
        m += scratch
        v *= self.b2
        g *= g
        g *= 1.0 - self.b2
        v += g
        onp.sqrt(v, out=g)
        g *= 1.0 / sqrt(1.0 - self.b2 ** state["t"])
        g += self.eps
        onp.divide(m, g, out=scratch)
        scratch *= rate / (1.0 - self.b1 ** state["t"])
        if self.weight_decay:
            onp.multiply(p, state.get("decays", 1.0), out=g)
            g *= rate * self.weight_decay
            p -= g
        p -= scratch


def begin(optimizer: Any, flat: Any, tree: Any) -> dict:
    """The state of an optimizer for `flat`, whose views are the leaves of `tree`: of an Adam, only matrices decay."""
    state = optimizer.init(flat)
    if isinstance(optimizer, Adam) and optimizer.weight_decay:
        leaves = trees.leaves(tree)
        decays = onp.repeat([float(leaf.ndim > 1) for leaf in leaves], [leaf.size for leaf in leaves])
        state["decays"] = backend.asarray(decays, dtype=flat.dtype, like=flat)
    return state


def adam(rate: float = 1e-3, **options: float) -> Adam:
    """Adam(rate, b1, b2, eps, weight_decay)."""
    return Adam(rate, **options)


def constant(done: float) -> float:
    """The full rate throughout."""
    _check_done(done)
    return 1.0


def cosine(done: float) -> float:
    """From 1 to 0 along half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts)."""
    _check_done(done)
    return 0.5 * (1.0 + cos(pi * done))


def _check_done(done):
    """A little below 0 or above 1 is right where a schedule is put together of several."""
    number = isinstance(done, (Real, onp.ndarray)) and not isinstance(done, bool) and onp.ndim(done) == 0
    if not number or not onp.isfinite(done):
        raise ValueError(f"done must be the share of a run that is done, a finite number; got {excerpt(done)}")


def clip_by_norm(g: Any, norm: float, limit: float | None) -> None:
    """Shorten `g` in place to length `limit`, where its length `norm` exceeds it."""
    if limit is not None and norm > limit:
        g *= limit / norm
