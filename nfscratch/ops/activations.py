"""The activations of the networks, with their slopes: one table for the dense, the masked and the one-pass kernels.

    name       h = act(a)                           act'(a)
    relu       max(a, 0)                            1 where h > 0, else 0
    tanh       tanh(a)                              1 - h^2
    elu        a where a > 0, else e^a - 1          1 + min(h, 0)
    gelu       a G(a),  G = (1 + tanh u(a)) / 2     G + a G',   G' = 2 G (1 - G) u',   u = sqrt(2/pi) (a + 0.044715 a^3)
    silu       a S(a),  S = (1 + tanh(a/2)) / 2     S + a S',   S' = S (1 - S)
    lipswish   a S(a) / 1.1                         (S + a S') / 1.1: between -0.091 and 0.99985

and the second slopes, which the derivative of a derivative needs (ops/tangents.py):

    relu 0      tanh -2 h (1 - h^2)      elu 1 + h where h < 0, else 0      a gate G: 2 G' + a G''
    gelu: G'' = 2 u' G' (1 - 2 G) + 2 G (1 - G) u''      silu: S'' = S' (1 - 2 S)      lipswish: that over 1.1

The first three slopes are written in terms of the value h: a kernel overwrites a with h, and keeps h, which it needs
for the gradient of the weights anyway. The two gated ones need a itself, and their kernels keep it beside h.
gelu is the form with tanh (Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2), not the one with the normal
distribution function; they differ by less than 5e-4. elu: Clevert et al. 2016, arXiv:1511.07289. silu: Elfwing et al.
2018, arXiv:1702.03118. lipswish: Chen et al. 2019, arXiv:1906.02735, section 3.2, there a S(beta a) / 1.1 with a
trained beta: the largest slope is the same for every beta. `lipschitz` is the largest |slope|.

Beyond |a| = FAR a gate is 0 or 1 to the last bit. The kernels cut a there, so that neither a^3 nor inf * 0 occurs.

`variance` is that of a fresh weight times its number of inputs, at which the units' size neither grows nor shrinks
from layer to layer: 2 for relu and its smooth forms (He et al. 2015), 1 for tanh (LeCun et al. 1998).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import autograd.numpy as np
import numpy as onp

FAR = 40.0
CUBIC = 0.044715
RATE = sqrt(2.0 / pi)


@dataclass(frozen=True)
class Activation:
    """One row of the table.

    plain: a -> h, for autograd. write: (a, zeros, out) puts act(a) into `out`, which may be `a` where `of_value` is
    true; zeros (1, N): ufuncs take a row twice as fast as the number 0. slope and second: of h where `of_value`, else
    of a; slope may be traced.
    """

    plain: Callable[[Any], Any]
    write: Callable[[Any, Any, Any], Any]
    slope: Callable[[Any], Any]
    second: Callable[[Any], Any]
    of_value: bool = True
    variance: float = 1.0
    lipschitz: float = 1.0
    at_once: Callable[[Any], tuple[Any, Any, Any]] | None = None  # `jet`, where it shares work

    def jet(self, a: Any) -> tuple[Any, Any, Any]:
        """act(a), act'(a) and act''(a)."""
        if self.at_once is not None:
            return self.at_once(a)
        h = self.plain(a)
        return h, self.slope(h), self.second(h)


def activated(a: Any, activation: Activation, zeros: Any) -> tuple[Any, Any]:
    """(h, what `slope` takes). a is a kernel's own array, and is overwritten where that is possible."""
    h = a if activation.of_value else onp.empty_like(a)
    activation.write(a, zeros, h)
    return h, a


def _elu(a):
    return np.maximum(a, 0.0) + np.expm1(np.minimum(a, 0.0))


def _write_elu(a, zeros, out):
    below = onp.expm1(onp.minimum(a, zeros))
    onp.maximum(a, zeros, out=out)
    out += below


def _gelu_gate(a):
    return 0.5 + 0.5 * np.tanh(RATE * a * (1.0 + CUBIC * a * a))


def _silu_gate(a):
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def _gelu_rates(a):
    """G, G' and G''."""
    gate, du = _gelu_gate(a), RATE * (1.0 + 3.0 * CUBIC * a * a)
    width = 2.0 * gate * (1.0 - gate)
    return gate, width * du, 2.0 * width * du * (1.0 - 2.0 * gate) * du + width * (6.0 * RATE * CUBIC) * a


def _silu_rates(a):
    gate = _silu_gate(a)
    rate = gate * (1.0 - gate)
    return gate, rate, rate * (1.0 - 2.0 * gate)


def _gated(gate, rates, lipschitz, divisor=1.0):
    """The row of h = a gate(a) / divisor."""

    def near(a):
        return np.minimum(np.maximum(a, -FAR), FAR)

    def plain(a):
        return np.maximum(a, -FAR) * gate(near(a)) / divisor

    def write(a, zeros, out):
        onp.multiply(onp.maximum(a, -FAR), gate(onp.clip(a, -FAR, FAR)), out=out)
        if divisor != 1.0:
            out /= divisor

    def jet(a):
        at = onp.clip(a, -FAR, FAR)
        value, rate, second_rate = rates(at)
        return tuple(
            part if divisor == 1.0 else part / divisor
            for part in (onp.maximum(a, -FAR) * value, value + at * rate, 2.0 * rate + at * second_rate)
        )

    def slope(a):
        value, rate, _ = rates(near(a))
        return (value + near(a) * rate) / divisor

    return Activation(
        *(plain, write, slope, lambda a: jet(a)[2]),
        of_value=False,
        variance=2.0 * divisor**2,
        lipschitz=lipschitz / divisor,
        at_once=jet,
    )


ACTIVATIONS = {
    "relu": Activation(
        lambda a: np.maximum(a, 0.0),
        lambda a, zeros, out: onp.maximum(a, zeros, out=out),
        lambda h: h > 0,
        onp.zeros_like,
        variance=2.0,
    ),
    "tanh": Activation(
        np.tanh,
        lambda a, zeros, out: onp.tanh(a, out=out),
        lambda h: 1.0 - h * h,
        lambda h: 2.0 * h * (h * h - 1.0),
    ),
    "elu": Activation(
        _elu,
        _write_elu,
        lambda h: 1.0 + np.minimum(h, 0.0),
        lambda h: (1.0 + h) * (h < 0),
        variance=1.5,
    ),
    "gelu": _gated(_gelu_gate, _gelu_rates, 1.129),
    "silu": _gated(_silu_gate, _silu_rates, 1.09984),
    "lipswish": _gated(_silu_gate, _silu_rates, 1.09984, divisor=1.1),
}
