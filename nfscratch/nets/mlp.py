"""MLP: a dense network of any number of hidden layers.

out = W_K act(... act(W_1 (x, context) + b_1) ...) + b_K
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.nets.network import Network
from nfscratch.ops.dense import ACTIVATIONS, dense, dense_jacobian, dense_vjp


@dataclass(frozen=True, eq=False)
class MLP(Network):
    """A dense network with `hidden` layer widths. `hidden=()` is a linear map."""

    hidden: Sequence[int] = (64, 64)
    activation: str = "relu"

    def __post_init__(self):
        object.__setattr__(self, "hidden", hidden_widths(self.hidden))
        check_activation(self.activation)

    def init(self, rng, n_in, n_out, context_dim=0):
        """Weights N(0, 2 / fan_in) for ReLU (He et al. 2015), 1 / fan_in for tanh (LeCun et al. 1998); last layer 0."""
        widths = [n_in + context_dim, *self.hidden, n_out]
        gain = 2.0 if self.activation == "relu" else 1.0
        layers = [_dense_layer(rng, m, n, gain) for m, n in pairwise(widths)]
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


def _dense_layer(rng, n_in, n_out, gain):
    W = rng.normal(size=(n_out, n_in)) * (gain / max(n_in, 1)) ** 0.5
    return {"W": backend.asarray(W), "b": backend.asarray(onp.zeros(n_out))}


def _columns(x, context):
    """The network's input, batch-last: (n_in + C, N)."""
    return x.T if context is None else np.concatenate((x.T, context.T), axis=0)
