"""Heads: several networks side by side, each with outputs of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import autograd.numpy as np

from nfscratch import validate
from nfscratch.nets.network import Network, features
from nfscratch.ops.events import batch_first, batch_last


@dataclass(frozen=True, eq=False)
class Heads(Network):
    """One network for each parameter kind, side by side: Heads((MLP(...), MLP(...))) is RealNVP's separate s and t.

    The outputs of network p are parameter p of every variable. In `params`, network p has entry p.
    """

    networks: Sequence[Network]

    def __post_init__(self):
        object.__setattr__(self, "networks", validate.listed(self.networks))
        if not self.networks:
            raise ValueError("Heads needs at least one network; got none")
        if len({bool(getattr(network, "sees_images", False)) for network in self.networks}) > 1:
            raise ValueError("Heads needs networks that all see images, or none of them; got some that do")

    def n_in(self, params):
        return self.networks[0].n_in(params[0])

    def init(self, rng, n_in, n_out, context_dim=0):
        each = self._each(n_out)
        return [network.init(rng, n_in, each, context_dim) for network in self.networks]

    def init_features(self, rng, n_in, n_out):
        return [features(network, rng, n_in, self._each(n_out)) for network in self.networks]

    def _each(self, n_out):
        """How many outputs a network has."""
        each, rest = divmod(n_out, len(self.networks))
        if rest:
            raise ValueError(
                f"Heads needs one network for each of a variable's parameters; "
                f"got {len(self.networks)} networks for {n_out} outputs"
            )
        return each

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

        return batch_first(np.concatenate([batch_last(out) for out in outs], axis=0)), pullback

    @property
    def sees_images(self):
        return all(getattr(network, "sees_images", False) for network in self.networks)

    @property
    def updates(self):
        return any(getattr(network, "updates", False) for network in self.networks)

    def update(self, params):
        pairs = zip(self.networks, params, strict=True)
        return [net.update(p) if getattr(net, "updates", False) else p for net, p in pairs]

    def jacobian(self, params, x, context=None):
        return np.concatenate(
            [net.jacobian(p, x, context) for net, p in zip(self.networks, params, strict=True)], axis=1
        )
