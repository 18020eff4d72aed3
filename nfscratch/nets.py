"""Conditioner networks: what turns the variables that a layer keeps into the parameters of the ones it changes.

    out = network.apply(params, x, context)        x (N, n_in), context (N, C) or None -> out (N, n_out)

A network is an architecture without sizes: the layer that owns it tells them to `init(rng, n_in, n_out, context_dim)`.
Every network here starts at out = 0 (its last layer's weights are zero), and every transformer is the identity at 0,
so that a fresh flow of any depth is the identity. Any object with these three methods may serve in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend
from nfscratch.ops.dense import ACTIVATIONS, dense, dense_jacobian, dense_vjp


@dataclass(frozen=True, eq=False)
class Network:
    """A function of x and the context with trainable parameters."""

    def init(self, rng, n_in, n_out, context_dim=0):
        """Parameters of a map from n_in + context_dim numbers to n_out."""
        raise NotImplementedError(f"{type(self).__name__} has no init")

    def apply(self, params, x, context=None):
        """(N, n_out)."""
        raise NotImplementedError(f"{type(self).__name__} has no apply")

    def apply_vjp(self, params, x, context=None):
        """(N, n_out), and pullback(g) -> g_params, g_x, g_context. The default traces `apply`."""
        return autodiff.value_and_vjp(self.apply, params, x, context)

    def n_in(self, params):
        """How many numbers a row of input has (x and context together), or None where the parameters do not tell."""
        return None

    def jacobian(self, params, x, context=None):
        """d out / d x for every row: (N, n_out, n_in). The default takes one pullback per output."""
        out, pullback = autodiff.value_and_vjp(lambda a: self.apply(params, a, context), x)
        unit = backend.Constant(onp.eye(out.shape[1])).on(out)
        return np.stack([pullback(np.zeros_like(out) + row)[0] for row in unit], axis=1)


@dataclass(frozen=True, eq=False)
class MLP(Network):
    """A dense network with `hidden` layer widths. `hidden=()` is a linear map."""

    hidden: Sequence[int] = (64, 64)
    activation: str = "relu"

    def __post_init__(self):
        widths = tuple(self.hidden) if isinstance(self.hidden, Iterable) else None
        if widths is None or any(not isinstance(width, (int, onp.integer)) or width < 1 for width in widths):
            raise ValueError(f"hidden must be a sequence of widths, each a positive integer; got {self.hidden!r}")
        object.__setattr__(self, "hidden", widths)
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {self.activation!r}")

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


def _dense_layer(rng, n_in, n_out, gain):
    W = rng.normal(size=(n_out, n_in)) * (gain / max(n_in, 1)) ** 0.5
    return {"W": backend.asarray(W), "b": backend.asarray(onp.zeros(n_out))}


def _columns(x, context):
    """The network's input, batch-last: (n_in + C, N)."""
    return x.T if context is None else np.concatenate((x.T, context.T), axis=0)


@dataclass(frozen=True, eq=False)
class Heads(Network):
    """One network for each parameter kind, side by side: Heads((MLP(...), MLP(...))) is RealNVP's separate s and t.

    The outputs of network p are parameter p of every variable. In `params`, network p has entry p.
    """

    networks: Sequence[Network]

    def __post_init__(self):
        object.__setattr__(self, "networks", tuple(self.networks))
        if not self.networks:
            raise ValueError("Heads needs at least one network; got none")

    def n_in(self, params):
        return self.networks[0].n_in(params[0])

    def init(self, rng, n_in, n_out, context_dim=0):
        each, rest = divmod(n_out, len(self.networks))
        if rest:
            raise ValueError(
                f"Heads needs one network for each of a variable's parameters; "
                f"got {len(self.networks)} networks for {n_out} outputs"
            )
        return [network.init(rng, n_in, each, context_dim) for network in self.networks]

    def apply(self, params, x, context=None):
        outs = [net.apply(p, x, context) for net, p in zip(self.networks, params, strict=True)]
        return np.concatenate(outs, axis=1)

    def apply_vjp(self, params, x, context=None):
        pairs = [net.apply_vjp(p, x, context) for net, p in zip(self.networks, params, strict=True)]
        outs, pullbacks = zip(*pairs, strict=True)
        each = outs[0].shape[1]

        def pullback(g):
            parts = [back(g[:, i * each : (i + 1) * each]) for i, back in enumerate(pullbacks)]
            g_params, g_x, g_context = zip(*parts, strict=True)
            return list(g_params), sum(g_x), None if context is None else sum(g_context)

        return np.concatenate([out.T for out in outs], axis=0).T, pullback

    def jacobian(self, params, x, context=None):
        return np.concatenate(
            [net.jacobian(p, x, context) for net, p in zip(self.networks, params, strict=True)], axis=1
        )
