"""Whether a parameter tree is one of a flow: every leaf that the flow's layers make, in its shape, and no other.

The layers' own `init` says what they make. It is asked layer by layer, with a generator that draws no more numbers
than the file has, so that a forged description cannot ask for memory that its file does not fill.
"""

from __future__ import annotations

from math import inf, prod
from typing import Any

import numpy as onp

from nfscratch.bijections.chain import Chain
from nfscratch.bijections.inverse import InverseBijection
from nfscratch.checkpoint.description import describe, own_parts
from nfscratch.checkpoint.header import CheckpointError, shown
from nfscratch.flows import Flow

SMALL = 2**16  # so many numbers may be drawn, and
WIDE = 2**20  # events may have so many, whatever the file holds: neither costs much


def check(flow: Any, params: Any, numbers: float = inf) -> None:
    """Refuse params that are not the flow's. Leaves need a shape only. `numbers`: how many the file holds."""
    if not isinstance(flow, Flow):
        raise CheckpointError(f"flow must be a Flow; got a {type(flow).__name__}")
    try:
        if prod(flow.base.shape) > max(numbers, WIDE):
            raise CheckpointError(f"the flow must be as wide as its tensors say; got events of shape {flow.base.shape}")
        _check_flow(flow, params, max(numbers, SMALL))
    except (CheckpointError, RecursionError):
        raise
    except Exception as error:  # a forged description may put anything anywhere
        raise CheckpointError(
            f"params must be those of the flow; {type(error).__name__}: {shown(str(error))}"
        ) from None


def _check_flow(flow, params, limit):
    _same_keys({"base": 0, "bijection": 0, "embed": 0}, params, "params")
    _check_part(flow.base, (), params["base"], "base", limit)
    _check_bijection(flow.bijection, params["bijection"], "bijection", limit)
    if flow.embed is None:
        return _compare({}, params["embed"], "embed")
    n_in = flow.embed.n_in(params["embed"]) if hasattr(flow.embed, "n_in") else None
    if n_in is not None:  # else the parameters do not tell for which context the network was made
        _check_part(flow.embed, (n_in, flow.bijection.context_dim), params["embed"], "embed", limit)


def _check_bijection(bijection, params, path, limit):
    if type(bijection) is InverseBijection:
        return _check_bijection(bijection.bijection, params, path, limit)
    if type(bijection) is not Chain:
        return _check_part(bijection, (), params, path, limit)
    if not isinstance(params, (list, tuple)) or len(params) != len(bijection.layers):
        raise CheckpointError(f"{path} must have the parameters of {len(bijection.layers)} layers; got {_kind(params)}")
    for i, (layer, layer_params) in enumerate(zip(bijection.layers, params, strict=True)):
        _check_bijection(layer, layer_params, f"{path}/{i}", limit)


def _check_part(part, sizes, params, path, limit):
    try:
        made = part.init(_Sparing(limit), *sizes)
    except CheckpointError as error:
        raise CheckpointError(f"{path} ({type(part).__name__}) {error}") from None
    except Exception as error:
        if any(own_parts(describe(part, own=True))):
            return None  # a caller's own layer may need more than a generator to begin with
        raise CheckpointError(f"{path} ({type(part).__name__}) cannot be made: {shown(str(error))}") from None
    return _compare(made, params, path)


def _compare(made, params, path):
    if isinstance(made, dict):
        _same_keys(made, params, path)
        for key in made:
            _compare(made[key], params[key], f"{path}/{key}")
    elif isinstance(made, (list, tuple)):
        if not isinstance(params, (list, tuple)) or len(params) != len(made):
            raise CheckpointError(f"{path} must have {len(made)} entries; got {_kind(params)}")
        for i, child in enumerate(made):
            _compare(child, params[i], f"{path}/{i}")
    elif not hasattr(params, "shape") or tuple(params.shape) != tuple(made.shape):
        raise CheckpointError(f"{path} must have shape {tuple(made.shape)} in this flow; got {_kind(params)}")


def _same_keys(made, params, path):
    if not isinstance(params, dict) or set(params) != set(made):
        raise CheckpointError(f"{path} must have the entries {sorted(made)}; got {_kind(params)}")


def _kind(params):
    if isinstance(params, dict):
        return shown(sorted(params, key=str))
    if isinstance(params, (list, tuple)):
        return f"{len(params)} entries"
    return f"shape {tuple(params.shape)}" if hasattr(params, "shape") else f"a {type(params).__name__}"


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
