"""Dataset: named data in three parts, with what is needed to read a likelihood on it.

    x = recorded value + U[0, jitter)    uniform noise makes a recorded number a continuous one

A table records 5.1 for anything near 5.1; a flow can put unbounded density on such a value. Uniform noise as wide as
the recording step bounds it (Theis et al. 2016, arXiv:1511.01844; Uria et al. 2013, arXiv:1306.0186), and

    E_U[log p(k + U)] <= log int_0^1 p(k + u) du = log P(k)      (Jensen; step 1)

so a density's mean test score, in units of the step, is a lower bound on the log-probability of what was recorded.
`validation` and `test` carry their noise already, drawn once, so that scores compare; `train` does not: draw it
afresh for every batch with `jittered`. Everything is float64: in float32 255 + U rounds up to 256 now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nfscratch import validate
from nfscratch.excerpt import excerpt

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Three (N, D) float64 arrays and their description. Statistics for scaling belong to `train` alone."""

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    source: str  # where it comes from, and its licence
    units: str
    labels: dict[str, np.ndarray] | None = None  # by part
    columns: tuple[str, ...] | None = None
    jitter: float | np.ndarray | None = None  # width of the uniform noise, for all columns or one each; 0: none
    log_prob: Callable[[np.ndarray], np.ndarray] | None = None  # toy sets only: the true density
    entropy: float | None = None  # toy sets only, in nats

    @property
    def dim(self) -> int:
        return self.train.shape[1]

    def jittered(self, rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
        """x + U[0, jitter): what training sees; a copy of x where the set has no jitter."""
        return jittered(validate.seeded(rng), np.asarray(validate.numeric("x", x), dtype=float), self.jitter)

    def images(self, part: str, shape: tuple[int, int, int] | None = None) -> np.ndarray:
        """A part as images (N, C, H, W) of whole numbers, which models of images take: its noise is rounded away.

        shape: (C, H, W); default: one channel, square. ValueError for a set that is not one of whole numbers.
        """
        if part not in PARTS:
            raise ValueError(f"part must be one of {', '.join(PARTS)}; got {excerpt(part)}")
        if np.ndim(self.jitter) or self.jitter != 1.0:
            raise ValueError(f"images needs a set of whole numbers, whose jitter is 1; {self.name} is none")
        side = round(self.dim**0.5)
        shape = (1, side, side) if shape is None else tuple(shape)
        if np.prod(shape) != self.dim:
            raise ValueError(f"shape must have {self.dim} numbers, such as (1, 28, 28) for 784; got {shape}")
        return np.floor(getattr(self, part)).astype(int).reshape(-1, *shape)

    def summary(self) -> str:
        """A few lines to print: sizes, units, noise, source."""
        sizes = ", ".join(f"{len(getattr(self, part)):,} {part}" for part in PARTS)
        lines = [f"{self.name}: {self.dim} columns; {sizes} rows", f"  units   {self.units}"]
        if self.labels is not None:
            lines.append(f"  labels  {_describe_labels(self.labels['train'])}")
        if self.jitter is not None:
            lines.append(f"  jitter  {_describe_jitter(self.jitter)}; fresh in training, frozen in validation and test")
        if self.entropy is not None:
            lines.append(f"  entropy {self.entropy:.4f} nats: the test loss of a perfect fit")
        return "\n".join([*lines, f"  source  {self.source}"])

    def __repr__(self) -> str:
        sizes = ", ".join(f"{part} {getattr(self, part).shape}" for part in PARTS)
        return f"Dataset({self.name!r}: {sizes})"


def _describe_labels(y: np.ndarray) -> str:
    if np.issubdtype(y.dtype, np.integer):
        return f"{len(np.unique(y))} classes"
    return f"numbers from {y.min():g} to {y.max():g}"


def _describe_jitter(jitter: float | np.ndarray) -> str:
    widths = np.unique(jitter)
    one = widths.size == 1
    return f"U[0, {widths[0]:g})" if one else f"U[0, w), w from {widths[0]:g} to {widths[-1]:g} by column"


def jittered(rng: np.random.Generator, x: np.ndarray, jitter: float | np.ndarray | None) -> np.ndarray:
    """x + jitter U, U uniform on [0, 1)."""
    return x.copy() if jitter is None else x + jitter * rng.random(x.shape)


def split(rng: np.random.Generator, x: np.ndarray, shares: tuple[float, float] = (0.7, 0.15)) -> list[np.ndarray]:
    """Row numbers of train, validation and test, shuffled; equal rows of x stay in one part.

    A row that stands in train and in test rewards memory: the density may then pile up on it.
    """
    _, group = np.unique(x, axis=0, return_inverse=True)
    group = group.reshape(-1)  # NumPy 2.0 alone returns it as a column
    rank = rng.permutation(group.max() + 1)[group]
    order = np.argsort(rank, kind="stable")
    cuts = np.cumsum(shares) * len(x)
    return np.split(order, [_after_equals(rank[order], int(cut)) for cut in cuts])


def _after_equals(rank: np.ndarray, cut: int) -> int:
    while 0 < cut < len(rank) and rank[cut] == rank[cut - 1]:
        cut += 1
    return cut


def recording_step(x: np.ndarray, share: float = 0.8, finest: int = 6) -> np.ndarray | None:
    """Each column's step: the coarsest power of ten of which at least `share` of its values are multiples.

    Not all of them: a column kept to .01 holds a few averages and typing slips with more digits, and it is the
    step of the many that makes ridges. None where a column has no step down to 10^-finest. Steps belong to the
    instrument, not to the sample, so all rows are looked at; no scale or mean is taken from them.
    """
    steps = [_column_step(column, share, finest) for column in x.T]
    return None if None in steps else np.array(steps)


def _column_step(column: np.ndarray, share: float, finest: int) -> float | None:
    for digits in range(finest + 1):
        scaled = column * 10.0**digits
        rounding = 4 * np.finfo(float).eps * np.abs(scaled)  # of the decimal's own representation, and the product
        if np.mean(np.abs(scaled - np.round(scaled)) <= rounding) >= share:
            return 10.0**-digits
    return None
