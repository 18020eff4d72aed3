"""Target: a log-density of the user's own, with its gradient.

It is a function of x (n, D) that gives one number for each row, (n,): log p(x, y) with the data y inside, up to a
constant. Its gradient is autograd's, or it is given:

    log_prob(x) -> (n,)                               written with autograd.numpy
    log_prob(x) -> (n,), (n, D)                       has_grad=True: the values and their gradients
    log_prob_vjp(x) -> (n,), pullback(g) -> g_x       as the package's own densities have it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import autodiff, backend, returned
from nfscratch.excerpt import excerpt


@dataclass(frozen=True)
class Target:
    """A log-density of x (n, D); `value(x)` -> (n,), `vjp(x)` -> (n,), pullback(g) -> g_x."""

    log_prob: Callable | None
    log_prob_vjp: Callable | None = None
    has_grad: bool = False

    def __post_init__(self):
        for name in ("log_prob", "log_prob_vjp"):
            given = getattr(self, name)
            if given is not None and not callable(given):
                raise TypeError(f"{name} must be a function of x (n, D); got {excerpt(given)}")
        if self.log_prob is None and self.log_prob_vjp is None:
            raise TypeError("log_prob must be a function of x (n, D); got None")
        if self.has_grad and self.log_prob_vjp is not None:
            raise ValueError("the gradient must come one way, by has_grad=True or by log_prob_vjp=; got both")

    def value(self, x: Any) -> Any:
        """log p of each row."""
        if self.log_prob_vjp is not None:
            return self._with_pullback(x)[0]
        return self._pair(x)[0] if self.has_grad else self.checked(self.log_prob(x), x)

    def vjp(self, x: Any) -> tuple[Any, Callable]:
        """log p of each row, and the pullback of g (n,)."""
        if self.log_prob_vjp is not None:
            return self._with_pullback(x)
        if self.has_grad:
            log_p, slope = self._pair(x)
            return log_p, lambda g: (g * slope.T).T
        log_p, pullback = autodiff.value_and_vjp(lambda x: self.checked(self.log_prob(x), x), x)
        return log_p, lambda g: pullback(g)[0]

    def _with_pullback(self, x):
        log_p, pullback = returned.values_and_pullback("log_prob_vjp", self.log_prob_vjp(x))
        return self.checked(log_p, x), pullback

    def _pair(self, x):
        pair = self.log_prob(x)
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(f"log_prob with has_grad=True must return (values, gradients); got {type(pair).__name__}")
        log_p, slope = self.checked(pair[0], x), pair[1]
        if getattr(slope, "shape", None) != x.shape:
            raise ValueError(
                f"log_prob must return gradients of the shape of x, {x.shape}; got {getattr(slope, 'shape', slope)}"
            )
        return log_p, slope

    def checked(self, log_p: Any, x: Any) -> Any:
        """The values, if there is one for each row."""
        shape, n = getattr(log_p, "shape", None), len(x)
        if shape == (n,):
            return returned.floats("log_prob", log_p)
        got = type(log_p).__name__ if shape is None else f"shape {tuple(shape)}"
        hint = "; sum over the variables alone, axis=1" if shape == () else ""
        if shape == tuple(x.shape[1:]):
            hint = "; x has a row for each draw: write x[:, 0], not x[0]"
        raise ValueError(
            f"log_prob must return one number for each row of x, shape ({n},) for x of shape {tuple(x.shape)}; "
            f"got {got}{hint}"
        )


def of_draws(flow: Any, target: Target, params: Any, n: int) -> tuple[Any, Any]:
    """log p at n draws of the flow, and the draws."""
    x = flow.sample(params, onp.random.default_rng(0), n)
    with onp.errstate(all="ignore"):
        return backend.to_numpy(target.value(x)), x


def check_values(log_p: Any, x: Any) -> None:
    """Refuse a log p (n,) at draws x of the flow that is NaN or infinite anywhere."""
    if words := not_finite(log_p, x):
        raise ValueError(words)


def not_finite(log_p: Any, x: Any) -> str:
    """Where log p (n,) at draws x of the flow is NaN or infinite, in words; "" where it is finite at all of them."""
    bad = onp.flatnonzero(~onp.isfinite(log_p))
    if not len(bad):
        return ""
    value, point = log_p[bad[0]], listed_point(x[int(bad[0])])
    words = f"log_prob must be finite at every draw of the flow; got {value} at {len(bad)} of {len(log_p)}"
    edge = "; end the flow where the density is positive: nf.flows.inference(constraints=...)"
    return f"{words}, such as x = {point}{'' if value == onp.inf else edge}"


def listed_point(x: Any) -> str:
    """A row, short enough for a message."""
    row = [f"{float(v):.4g}" for v in onp.ravel(backend.to_numpy(x))[:6]]
    return f"[{', '.join(row)}{', ...' if onp.size(x) > 6 else ''}]"
