"""MLP: a dense network of any number of hidden layers.

out = W_K act(... act(W_1 (x, context) + b_1) ...) + b_K
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as onp

from nfscratch import backend, validate
from nfscratch.excerpt import excerpt
from nfscratch.nets.layered import Layered
from nfscratch.nets.network import ADDED_LATER
from nfscratch.ops.activations import ACTIVATIONS


@dataclass(frozen=True, eq=False)
class MLP(Layered):
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
        validate.factor("gain", self.gain)

    def init(self, rng, n_in, n_out, context_dim=0):
        """Weights gain * N(0, v / fan_in), v = 2 for relu, 1 for tanh (ops/activations.py); last layer 0."""
        layers = self._drawn(rng, n_in + context_dim, n_out)
        layers[-1]["W"] *= 0.0
        return layers

    def init_features(self, rng, n_in, n_out):
        """The last layer is drawn like the others."""
        return self._drawn(rng, n_in, n_out)

    def _drawn(self, rng, n_in, n_out):
        variance = weight_variance(self.activation, self.gain)
        return [_dense_layer(rng, m, n, variance) for m, n in pairwise([n_in, *self.hidden, n_out])]


def hidden_widths(hidden, name="hidden"):
    """`hidden` as a tuple, or ValueError."""
    widths = tuple(hidden) if isinstance(hidden, Iterable) and validate.is_in_order(hidden) else None
    if widths is None or not all(map(_is_width, widths)):
        raise ValueError(f"{name} must be a sequence of widths, each a positive integer; got {excerpt(hidden)}")
    return tuple(validate.size(f"each of {name}", width) for width in widths)


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
