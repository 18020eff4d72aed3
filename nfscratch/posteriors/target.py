"""Target: a log-density of the user's own, with its gradient, and what can be wrong with it.

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

from nfscratch import autodiff, backend

WITH_AUTOGRAD = (
    "write it with autograd.numpy (import autograd.numpy as np), or give the gradient too: has_grad=True or "
    "log_prob_vjp="
)


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
                raise TypeError(f"{name} must be a function of x (n, D); got {given!r}")
        if self.log_prob is None and self.log_prob_vjp is None:
            raise TypeError("log_prob must be a function of x (n, D); got None")
        if self.has_grad and self.log_prob_vjp is not None:
            raise ValueError("the gradient must come one way, by has_grad=True or by log_prob_vjp=; got both")

    def value(self, x: Any) -> Any:
        """log p of each row."""
        if self.log_prob_vjp is not None:
            return self.checked(self.log_prob_vjp(x)[0], x)
        return self._pair(x)[0] if self.has_grad else self.checked(self.log_prob(x), x)

    def vjp(self, x: Any) -> tuple[Any, Callable]:
        """log p of each row, and the pullback of g (n,)."""
        if self.log_prob_vjp is not None:
            log_p, pullback = self.log_prob_vjp(x)
            return self.checked(log_p, x), pullback
        if self.has_grad:
            log_p, slope = self._pair(x)
            return log_p, lambda g: (g * slope.T).T
        log_p, pullback = autodiff.value_and_vjp(lambda x: self.checked(self.log_prob(x), x), x)
        return log_p, lambda g: pullback(g)[0]

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
            return log_p
        got = type(log_p).__name__ if shape is None else f"shape {tuple(shape)}"
        hint = "; sum over the variables alone, axis=1" if shape == () else ""
        if shape == tuple(x.shape[1:]):
            hint = "; x has a row for each draw: write x[:, 0], not x[0]"
        raise ValueError(
            f"log_prob must return one number for each row of x, shape ({n},) for x of shape {tuple(x.shape)}; "
            f"got {got}{hint}"
        )


def check_function(target: Target, x: Any) -> None:
    """Refuse a log_prob that mixes its rows, or that has no gradient, as seen at 3 rows x. One line for each fault."""
    with onp.errstate(all="ignore"):
        log_p, alone = backend.to_numpy(target.value(x)), backend.to_numpy(target.value(x[:1]))
        slope = _slope(target, x)
    if onp.isfinite(log_p[0]) and not onp.allclose(alone[0], log_p[0], rtol=1e-3, atol=1e-6):
        raise ValueError(
            f"log_prob must treat each row of x by itself; a row gives {alone[0]:.6g} alone and {log_p[0]:.6g} among "
            f"{len(x)} rows"
        )
    if slope.shape != x.shape or (onp.isfinite(log_p).all() and not slope.any()):
        raise ValueError(
            f"the gradient of log_prob must not be 0; got zeros at x = {listed_point(x[0])}: log_prob does not depend "
            f"on x there, or in a way that autograd does not see; {WITH_AUTOGRAD}"
        )


def _slope(target, x):
    try:
        return backend.to_numpy(target.vjp(x)[1](onp.ones_like(x, shape=(len(x),))))
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise TypeError(
            f"log_prob cannot be differentiated ({type(error).__name__}: {' '.join(str(error).split())[:80]}); "
            f"{WITH_AUTOGRAD}"
        ) from error


def of_draws(flow: Any, target: Target, params: Any, n: int) -> tuple[Any, Any]:
    """log p at n draws of the flow, and the draws."""
    x = flow.sample(params, onp.random.default_rng(0), n)
    with onp.errstate(all="ignore"):
        return backend.to_numpy(target.value(x)), x


def check_values(log_p: Any, x: Any) -> None:
    """Refuse a log p (n,) at draws x of the flow that is NaN or infinite anywhere."""
    bad = onp.flatnonzero(~onp.isfinite(log_p))
    if not len(bad):
        return
    value, point = log_p[bad[0]], listed_point(x[int(bad[0])])
    words = f"log_prob must be finite at every draw of the flow; got {value} at {len(bad)} of {len(log_p)}"
    edge = "; end the flow where the density is positive: nf.flows.inference(constraints=...)"
    raise ValueError(f"{words}, such as x = {point}{edge if value == -onp.inf else ''}")


def listed_point(x: Any) -> str:
    """A row, short enough for a message."""
    row = [f"{float(v):.4g}" for v in onp.ravel(backend.to_numpy(x))[:6]]
    return f"[{', '.join(row)}{', ...' if onp.size(x) > 6 else ''}]"
