"""Specimen: one class of a library, built as small as it goes, with the declarations that an audit needs.

A constructor takes a Draw, which hands out weights. One that never asks for any gives the same map for calm and for
wild weights, so that it is audited once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SCALES = {"calm": 0.5, "wild": 3.0}  # weights are moved by N(0, scale^2 / fan_in)


class NotBuilt(Exception):
    """Why a class is not audited: "an abstract base", "its events change their shape"."""


@dataclass
class Draw:
    """Weights from one seed: N(0, scale^2), and positive ones e^that. used: whether any were asked for."""

    scale: float
    dtype: str
    seed: int = 0
    used: bool = False
    rng: np.random.Generator = field(init=False)

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)

    def normal(self, *shape: int) -> np.ndarray:
        self.used = True
        return np.asarray(self.scale * self.rng.normal(size=shape), dtype=self.dtype)

    def positive(self, *shape: int) -> np.ndarray:
        return np.exp(self.normal(*shape))


@dataclass(frozen=True)
class Specimen:
    """What `nf.check.audit` is given: `subject`, and options such as dims, domain, codomain, smooth, accuracy.

    one_way: the library gives no inverse, or no forward, for this class; the other direction is searched for.
    note: what a reader of the page should know.
    """

    subject: Any
    options: dict[str, Any] = field(default_factory=dict)
    one_way: bool = False
    note: str = ""


Constructor = Callable[[Draw], Specimen]


def refuse(why: str) -> Constructor:
    """A constructor that says why there is none."""

    def construct(draw: Draw) -> Specimen:
        raise NotBuilt(why)

    return construct


ABSTRACT = refuse("an abstract base")
SHAPE = refuse("its events change their shape or length, or lie on a surface: det J does not exist")
CUT = "a map of a circle: it jumps where the circle is cut, so that E is not asked"
MANY_TO_ONE = refuse("not a bijection, and not meant as one")
