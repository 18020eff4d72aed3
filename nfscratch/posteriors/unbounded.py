"""The log-density in the unbounded variables y that a flow has before its constraints, for the search of a start.

    x = c(y)        the layers without any parameters that a flow ends in: Bounds, Simplex, Blocks of these
    log p(y) = log p(c(y)) + log |det dc/dy|                                                                      (1)

The search is NumPy in float64; log p is called with arrays like the flow's.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as onp

from nfscratch import backend, trees
from nfscratch.bijections.chain import Chain
from nfscratch.posteriors.target import Target


class Unbounded:
    """(1) for a flow and a target: `dim`, `value(y)` -> (n,), `both(y)` with its gradient, `x(y)`."""

    def __init__(self, flow: Any, target: Target):
        self.target, self.constraints, self.params = target, *constraints_of(flow)
        self.dim = prod(flow.shape if self.constraints is None else self.constraints.in_shape)

    def x(self, y: Any) -> Any:
        """The rows of x, as arrays like the flow's."""
        y = backend.asarray(y)
        return y if self.constraints is None else self.constraints.forward_value(self.params, y)[0]

    def holds(self, x: Any) -> Any:
        """(n,): whether each row lies inside of the constraints, where it has a y."""
        if self.constraints is None:
            return onp.ones(len(x), dtype=bool)
        with onp.errstate(all="ignore"):
            y, log_det = self.constraints.inverse_value(self.params, x)
        return onp.isfinite(_host(y)).all(axis=1) & onp.isfinite(_host(log_det))

    def value(self, y: Any) -> Any:
        """NaN counts as -inf: a search steps back from where log p is not defined."""
        with onp.errstate(all="ignore"):
            y = backend.asarray(y)
            x, log_det = (y, 0.0) if self.constraints is None else self.constraints.forward_value(self.params, y)
            total = _host(self.target.value(x) + log_det)
        return onp.where(onp.isnan(total), -onp.inf, total)

    def both(self, y: Any) -> tuple[Any, Any]:
        """(1) and its gradient at each row."""
        with onp.errstate(all="ignore"):
            y = backend.asarray(y)
            one = onp.ones_like(y, shape=(len(y),))
            if self.constraints is None:
                log_p, back = self.target.vjp(y)
                return _host(log_p), _host(back(one))
            x, log_det, back_x = self.constraints.forward_vjp(self.params, y)
            log_p, back = self.target.vjp(x)
            return _host(log_p + log_det), _host(back_x(back(one), one)[1])


def constraints_of(flow: Any) -> tuple[Any, Any]:
    """The layers without parameters at the data's end, as one Chain, and its empty parameters; None where none is."""
    layers = flow.bijection.layers if isinstance(flow.bijection, Chain) else (flow.bijection,)
    last = len(layers)
    while last > 0 and trees.first_array(layers[last - 1].init(onp.random.default_rng(0))) is None:
        last -= 1
    if last == len(layers):
        return None, None
    chain = Chain(layers[last:])
    return chain, chain.init(onp.random.default_rng(0))


def _host(a):
    return onp.asarray(backend.to_numpy(a), dtype=onp.float64)
