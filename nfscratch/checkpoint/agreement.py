"""Whether the parameters of a file are those of its flow, without trust in either.

flows/parameters.py compares them. Here each layer's `init` gets a generator that draws no more numbers than the file
has, so that a forged description cannot ask for memory that its file does not fill.
"""

from __future__ import annotations

from math import inf, prod
from typing import Any

import numpy as onp

from nfscratch.checkpoint import tree
from nfscratch.checkpoint.container import FLOATS
from nfscratch.checkpoint.description import describe, own_parts
from nfscratch.checkpoint.header import CheckpointError
from nfscratch.excerpt import excerpt
from nfscratch.flows import Dequantized, Flow
from nfscratch.flows.parameters import Comparison, ParamsError
from nfscratch.models import Model

SMALL = 2**16  # so many numbers may be drawn, and
WIDE = 2**20  # events may have so many, whatever the file holds: neither costs much


def check(flow: Any, params: Any, numbers: float = inf) -> None:
    """Refuse params that are not the flow's. Leaves need a shape only. `numbers`: how many the file holds."""
    if not isinstance(flow, (Flow, Dequantized, Model)):
        raise CheckpointError(f"flow must be a Flow, a Dequantized flow or a model; got a {type(flow).__name__}")
    try:
        shape = (flow.dim or 1,) if isinstance(flow, Model) else flow.base.shape
        if prod(shape) > max(numbers, WIDE):
            raise CheckpointError(f"the flow must be as wide as its tensors say; got events of shape {shape}")
        comparison = Comparison(_Sparing(max(numbers, SMALL)), _unmade)
        flow.compare(comparison, params) if isinstance(flow, Model) else comparison.flow(flow, params)
        _check_dtypes(flow, params)
    except (CheckpointError, RecursionError):
        raise
    except ParamsError as error:
        raise CheckpointError(str(error)) from None
    except Exception as error:  # a forged description may put anything anywhere
        raise CheckpointError(
            f"params must be those of the flow; {type(error).__name__}: {excerpt(str(error))}"
        ) from None


def _check_dtypes(flow, params):
    """The package's own parts have parameters of one dtype; of a caller's own, nothing is known."""
    found = {}
    tree.map_tree(lambda leaf: found.setdefault(onp.dtype(leaf.dtype).name, leaf), params)
    if (len(found) > 1 or not set(found) <= set(FLOATS)) and not any(own_parts(describe(flow, own=True))):
        wanted = " or all ".join(FLOATS)
        raise CheckpointError(f"params must be arrays of real numbers, all {wanted}; got {' and '.join(sorted(found))}")


def _unmade(part, path, error):
    """Refuse a part that cannot be made, unless it is a caller's own, which may need more than a generator."""
    if isinstance(error, CheckpointError):
        raise CheckpointError(f"{path} ({type(part).__name__}) {error}") from None
    if not any(own_parts(describe(part, own=True))):
        raise CheckpointError(f"{path} ({type(part).__name__}) cannot be made: {excerpt(str(error))}") from None


class _Sparing(onp.random.Generator):
    """A generator that counts what is asked of it, and stops at a limit."""

    def __init__(self, limit):
        super().__init__(onp.random.PCG64(0))
        self._left = limit

    def _spend(self, size):
        self._left -= prod(max(int(n), 1) for n in onp.atleast_1d(1 if size is None else size))
        if self._left < 0:
            raise CheckpointError("must have no more parameters than the file has; its description asks for more")

    def normal(self, loc=0.0, scale=1.0, size=None):
        self._spend(size)
        return super().normal(loc, scale, size)

    def standard_normal(self, size=None, dtype=onp.float64, out=None):
        self._spend(size)
        return super().standard_normal(size, dtype, out)

    def uniform(self, low=0.0, high=1.0, size=None):
        self._spend(size)
        return super().uniform(low, high, size)

    def random(self, size=None, dtype=onp.float64, out=None):
        self._spend(size)
        return super().random(size, dtype, out)
