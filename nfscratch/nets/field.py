"""Field: a velocity made from any network, which sees the point, the time, and the context.

    f(z, t) = network(z; e(t), context),    e(t) = (t, cos pi t, sin pi t, ..., cos F pi t, sin F pi t)           (1)

Time runs from 0 to 1. The waves let a network of few units change its mind quickly in t (Tancik et al. 2020,
arXiv:2006.10739, for points in space); they enter it like a context. With F = 0 it sees t alone.

A fresh field is 0 everywhere, as every network here starts at 0: its flow is the identity. Its derivatives are those of
the network (tangents.py): by formula for the dense MLP, by autograd for any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.nets.mlp import MLP
from nfscratch.nets.network import Network, check_rows, network_method
from nfscratch.nets.velocity import Velocity, checked_velocity, time_per_row

SMOOTH = MLP((64, 64), "silu")


@dataclass(frozen=True, eq=False)
class Field(Velocity):
    """network: any network; a smooth one (not "relu"), so that solvers keep their order. frequencies: F of (1)."""

    network: Network = SMOOTH
    frequencies: int = 3

    def __post_init__(self):
        check_rows("network", self.network)
        object.__setattr__(self, "frequencies", validate.size("frequencies", self.frequencies, 0))

    updates = property(lambda self: getattr(self.network, "updates", False))

    def init(self, rng: onp.random.Generator, dim: int, context_dim: int = 0) -> Any:
        """The network's parameters."""
        return self.network.init(rng, dim, dim, 1 + 2 * self.frequencies + context_dim)

    def apply(self, params: Any, z: Any, t: Any, context: Any = None) -> Any:
        return checked_velocity(self.network.apply(params, z, self.seen(z, t, context)), z)

    def apply_vjp(self, params: Any, z: Any, t: Any, context: Any = None) -> Any:
        f, pullback = self.network.apply_vjp(params, z, self.seen(z, t, context))
        return checked_velocity(f, z), lambda g_f: self._of_context(context, *pullback(g_f))

    def jvp(self, params: Any, z: Any, t: Any, v: Any, context: Any = None) -> Any:
        f, Jv = network_method(self.network, "jvp")(params, z, v, self.seen(z, t, context))
        return checked_velocity(f, z), Jv

    def jvp_vjp(self, params: Any, z: Any, t: Any, v: Any, context: Any = None) -> Any:
        f, Jv, back = network_method(self.network, "jvp_vjp")(params, z, v, self.seen(z, t, context))

        def pullback(g_f, g_Jv):
            g_params, g_z, _, g_seen = back(g_f, g_Jv)  # without the tangents' own gradient
            return self._of_context(context, g_params, g_z, g_seen)

        return checked_velocity(f, z), Jv, pullback

    def update(self, params: Any) -> Any:
        return self.network.update(params) if self.updates else params

    def seen(self, z: Any, t: Any, context: Any = None) -> Any:
        """What the network sees beside z: e(t) of (1), then the context, batch-last: (N, 1 + 2 F + C)."""
        t = time_per_row(t, z)
        waves = (wave(pi * k * t) for k in range(1, self.frequencies + 1) for wave in (np.cos, np.sin))
        rows = np.stack([t, *waves])
        return rows.T if context is None else np.concatenate((rows, context.T), axis=0).T

    def _of_context(self, context, g_params, g_z, g_seen):
        """The gradients that a pullback hands back: of what the network has seen, the context's part alone."""
        return g_params, g_z, None if context is None else g_seen[:, 1 + 2 * self.frequencies :]
