"""What a step of training keeps of the layers: all that their pullbacks need, or their inputs alone.

    "store"        the activations of all layers, from the pass to the way back
    "recompute"    each layer's input; a layer is computed again when its gradient is taken (bijections/recomputed.py)

Both give the same gradients, to the last bit. With K layers whose networks have h hidden numbers where the data have D,
"store" keeps about K (D + h) numbers a row, "recompute" K D + h.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from nfscratch import validate
from nfscratch.bijections.recomputed import recomputing
from nfscratch.excerpt import excerpt
from nfscratch.flows.dequantized import Dequantized
from nfscratch.training.objectives import MaximumLikelihood, Objective

STORE, RECOMPUTE = "store", "recompute"


def for_steps(flow: Any, memory: str, objective: Objective) -> Any:
    """The flow that a loss is taken of: `flow` itself, or one with the same parameters that keeps less."""
    validate.choice("memory", memory, (STORE, RECOMPUTE))
    if memory == STORE:
        return flow
    if not isinstance(objective, MaximumLikelihood):
        raise ValueError(
            f'memory must be "store" for {objective}, whose loss goes through one layer; got {excerpt(memory)}'
        )
    return _recomputing(flow)


def _recomputing(flow):
    if isinstance(flow, Dequantized):
        noise = flow.noise if flow.noise is None else _recomputing(flow.noise)
        return _with(_with(flow, "flow", _recomputing(flow.flow)), "noise", noise)
    return _with(flow, "bijection", recomputing(flow.bijection))


def _with(flow, name, value):
    """A copy with another part. It is not made anew: what a flow warns of when it is made has been said."""
    again = copy(flow)
    object.__setattr__(again, name, value)
    return again
