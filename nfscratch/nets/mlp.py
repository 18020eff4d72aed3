"""MLP: a dense network of any number of hidden layers.

out = W_K act(... act(W_1 (x, context) + b_1) ...) + b_K
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.nets.network import ADDED_LATER, Network
from nfscratch.ops.activations import ACTIVATIONS
from nfscratch.ops.dense import dense, dense_jacobian, dense_vjp
from nfscratch.ops.identity import identity
from nfscratch.ops.tangents import tangents, tangents_vjp


@dataclass(frozen=True, eq=False)
class MLP(Network):
    """A dense network with `hidden` layer widths. `hidden=()` is a linear map.

    activation: "relu", "tanh", "elu", "gelu", "silu" or "lipswish" (ops/activations.py). gain: a factor on the hidden
    weights with which it starts.
    """

    hidden: Sequence[int] = (64, 64)
    activation: str = "relu"
    gain: float = field(default=1.0, metadata=ADDED_LATER)

    def __post_init__(self):
        object.__setattr__(self, "hidden", hidden_widths(self.hidden))
        check_activation(self.activation)
        validate.positive("gain", self.gain)

    def init(self, rng, n_in, n_out, context_dim=0):
        """Weights gain * N(0, v / fan_in), v = 2 for relu, 1 for tanh (ops/activations.py); last layer 0."""
        widths = [n_in + context_dim, *self.hidden, n_out]
        variance = weight_variance(self.activation, self.gain)
        layers = [_dense_layer(rng, m, n, variance) for m, n in pairwise(widths)]
        layers[-1]["W"] *= 0.0
        return layers

    def n_in(self, params):
        return params[0]["W"].shape[1]

    def apply(self, params, x, context=None):
        return dense(params, _columns(x, context), self.activation).T

    def apply_vjp(self, params, x, context=None):
        out, dense_pullback = dense_vjp(params, _columns(x, context), self.activation)

        def pullback(g):
            g_params, g_in = dense_pullback(g.T)
            n = x.shape[1]
            return g_params, g_in[:n].T, None if context is None else g_in[n:].T

        return out.T, pullback

    def jvp(self, params, x, v, context=None):
        f, Jv = tangents(params, _columns(x, context), np.transpose(v, (2, 0, 1)), self.activation)
        return f.T, np.transpose(Jv, (1, 2, 0))

    def jvp_vjp(self, params, x, v, context=None):
        f, Jv, back = self._tangents_vjp(params, x, np.transpose(v, (2, 0, 1)), context)

        def pullback(g_f, g_Jv):
            g_params, g_x, g_v, g_context = back(g_f.T, np.transpose(g_Jv, (2, 0, 1)))
            return g_params, g_x, np.transpose(g_v, (1, 2, 0)), g_context

        return f.T, np.transpose(Jv, (1, 2, 0)), pullback

    def jacobian_vjp(self, params, x, context=None):
        n = x.shape[1]
        f, J, back = self._tangents_vjp(params, x, identity(n, x).reshape((n, n, 1)), context)

        def pullback(g_f, g_J):
            g_params, g_x, _, g_context = back(g_f.T, np.transpose(g_J, (1, 2, 0)))
            return g_params, g_x, g_context

        return f.T, np.transpose(J, (2, 0, 1)), pullback

    def _tangents_vjp(self, params, x, v, context):
        """`tangents_vjp`, batch-last, with the gradients of x and of the context apart."""
        f, Jv, back = tangents_vjp(params, _columns(x, context), v, self.activation)

        def pullback(g_f, g_Jv):
            g_params, g_in, g_v = back(g_f, g_Jv)
            n = x.shape[1]
            return g_params, g_in[:n].T, g_v, None if context is None else g_in[n:].T

        return f, Jv, pullback

    def jacobian(self, params, x, context=None):
        return dense_jacobian(params, _columns(x, context), self.activation)[:, :, : x.shape[1]]


def hidden_widths(hidden):
    """`hidden` as a tuple, or ValueError."""
    widths = tuple(hidden) if isinstance(hidden, Iterable) else None
    if widths is None or not all(map(_is_width, widths)):
        raise ValueError(f"hidden must be a sequence of widths, each a positive integer; got {hidden!r}")
    return widths


def _is_width(width):
    return isinstance(width, (int, onp.integer)) and not isinstance(width, bool) and width >= 1


def check_activation(activation):
    validate.choice("activation", activation, ACTIVATIONS)


def weight_variance(activation, gain):
    """Of a fresh weight, times the number of its inputs."""
    return ACTIVATIONS[activation].variance * gain**2


def _dense_layer(rng, n_in, n_out, variance):
    W = rng.normal(size=(n_out, n_in)) * (variance / max(n_in, 1)) ** 0.5
    return {"W": backend.asarray(W), "b": backend.asarray(onp.zeros(n_out))}


def _columns(x, context):
    """The network's input, batch-last: (n_in + C, N)."""
    return x.T if context is None else np.concatenate((x.T, context.T), axis=0)
