"""Conditioned: a layer of any kind whose parameters follow the context.

    theta_n = theta_0 + network(c_n)                 the layer's parameters for row n with the context c_n       (1)
    x_n = g(z_n; theta_n),   log_det and Jacobian    those of g, at theta_n

The network starts at 0, so that the layer starts as it would without a context, at theta_0. A gradient of theta_n goes
to both terms of (1):

    g_theta_0 = sum_n g_theta_n,     g_out_n = g_theta_n, and through the network to its parameters and to c_n   (2)

The layer takes parameters per sample: each leaf (N, ...) in place of (...). All that are made of plain numbers do:
Planar, Radial, Sylvester, the linear layers, ActNorm, Elementwise, and Inverse and Chain of these. A Chain of K layers
gets all its parameters from one network, as an encoder gives them (Rezende and Mohamed 2015, arXiv:1505.05770,
section 4.2); a Stack of K Conditioned layers has a network in each. Couplings and autoregressive layers have a network
of their own, which takes the context directly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as onp

from nfscratch import trees, validate
from nfscratch.bijections.contract import Bijection, used_context
from nfscratch.bijections.traits import Derived, traits_of
from nfscratch.nets import MLP, Network
from nfscratch.nets.network import check_rows, network_value
from nfscratch.nets.per_row import per_row, per_row_vjp, takes_rows


@dataclass(frozen=True, eq=False)
class Conditioned(Derived):
    """params: {"layer": theta_0, as the layer makes it, "network": those of the network}.

    layer: a bijection that takes parameters per sample. network: from the context (N, context_dim) to all numbers that
    the layer trains. What the layer stores but does not train ("fixed") stays the same for all rows.
    """

    layer: Bijection
    network: Network = MLP()  # noqa: RUF009 (frozen: safe to share)
    context_dim: int = 1

    def __post_init__(self):
        validate.part("layer", self.layer, Bijection, "nf.Planar(2)")
        validate.size("context_dim", self.context_dim)
        check_rows("network", self.network)
        if self.layer.context_dim not in (0, self.context_dim):
            raise ValueError(
                f"layer must take the same context, of {self.context_dim} numbers, or none; "
                f"got {type(self.layer).__name__} of context_dim {self.layer.context_dim}"
            )

    def derive(self):
        updates = self.layer.updates or getattr(self.network, "updates", False)
        return replace(traits_of(self.layer), context_dim=self.context_dim, updates=updates)

    def image(self, interval):
        return self.layer.image(interval)

    def preimage(self, interval):
        return self.layer.preimage(interval)

    def init(self, rng, x=None, context=None):
        layer = self.layer.init(rng, x, self._of_layer(context))
        n_out = trees.count(layer)
        if n_out == 0:
            raise ValueError(f"layer must have parameters that the context can move; got {type(self.layer).__name__}")
        self._check_rows(layer)
        return {"layer": layer, "network": self.network.init(rng, self.context_dim, n_out)}

    def forward(self, params, z, context=None, rng=None):
        context = used_context(self, context, z)
        return self.layer.forward(self.theta(params, context), z, self._of_layer(context), rng)

    def inverse(self, params, x, context=None, rng=None):
        context = used_context(self, context, x)
        return self.layer.inverse(self.theta(params, context), x, self._of_layer(context), rng)

    def forward_value(self, params, z, context=None, rng=None):
        context = used_context(self, context, z)
        return self.layer.forward_value(self._theta_value(params, context), z, self._of_layer(context), rng)

    def inverse_value(self, params, x, context=None, rng=None):
        context = used_context(self, context, x)
        return self.layer.inverse_value(self._theta_value(params, context), x, self._of_layer(context), rng)

    def forward_vjp(self, params, z, context=None, rng=None):
        return self._vjp(self.layer.forward_vjp, params, z, used_context(self, context, z), rng)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self._vjp(self.layer.inverse_vjp, params, x, used_context(self, context, x), rng)

    def jacobian(self, params, z, context=None):
        context = used_context(self, context, z)
        return self.layer.jacobian(self.theta(params, context), z, self._of_layer(context))

    def update(self, params, x, context=None):
        if not self.updates:
            return params
        updated = dict(params)
        if self.layer.updates:
            theta = self.layer.update(self._theta_value(params, context), x, self._of_layer(context))
            updated["layer"] = trees.with_fixed_of(theta, params["layer"])
        if getattr(self.network, "updates", False):
            updated["network"] = self.network.update(params["network"])
        return updated

    def theta(self, params, context):
        """(1): the layer's parameters, a row of each trained leaf for each row of the context."""
        return per_row(params["layer"], self.network.apply(params["network"], context))

    def _theta_value(self, params, context):
        return per_row(params["layer"], network_value(self.network, params["network"], context))

    def _vjp(self, layer_vjp, params, x, context, rng):
        out, back_network = self.network.apply_vjp(params["network"], context)
        theta, back_theta = per_row_vjp(params["layer"], out)
        y, log_det, back_layer = layer_vjp(theta, x, self._of_layer(context), rng)

        def pullback(g_y, g_log_det):  # (2)
            g_theta, g_x, g_direct = back_layer(g_y, g_log_det)
            g_layer, g_out = back_theta(g_theta)
            g_network, g_context = back_network(g_out)[:2]
            return {"layer": g_layer, "network": g_network}, g_x, trees.total(g_context, g_direct)

        return y, log_det, pullback

    def _of_layer(self, context):
        """The context for the layer itself, where it takes one."""
        return context if self.layer.context_dim else None

    def _check_rows(self, params):
        """Refuse a layer that does not take a row of parameters for each row of z."""

        def outputs(theta, z):
            return self.layer.forward(theta, z, self._of_layer(onp.zeros_like(z, shape=(len(z), self.context_dim))))

        if not takes_rows(outputs, params, self.layer.in_shape):
            raise ValueError(
                "layer must take parameters per sample, as nf.Planar, nf.PLU and a Chain of these do; "
                f"got {type(self.layer).__name__} (couplings and autoregressive layers take context_dim themselves)"
            )
