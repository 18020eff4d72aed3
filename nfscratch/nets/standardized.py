"""StandardizedInput: a network that sees its input in units of its own spread. It is how a flow takes a raw context.

    out = network((c - m) / s),    m and s the mean and standard deviation of the context rows that `look` was given

A year of 2,026 or a pressure of 1,013 hPa as it is would drive a network's first layer by its mean alone, and the rest
would never be heard. m and s are stored beside the network's parameters, saved with them, and not trained. A column
that is constant, such as a context that is one row for all, gets s = 1. Where the network says that a row is an image
or a series (ConvFeatures), m and s are those of a channel: the same for all of its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as onp

from nfscratch import backend, validate
from nfscratch.nets.network import ADDED_LATER, Network, check_rows, features, network_shape, network_value
from nfscratch.ops.moments import moments, robust_moments
from nfscratch.trees import FIXED


@dataclass(frozen=True, eq=False)
class StandardizedInput(Network):
    """params: {"fixed": {"mean": (C,), "std": (C,)}, "network": those of `network`}; None is the identity."""

    network: Network | None = None
    kind: str = field(default="moments", metadata=ADDED_LATER)  # or "robust": median and quantiles

    keeps_width = property(lambda self: self.network is None)
    in_shape = property(lambda self: network_shape(self.network))

    def __post_init__(self):
        validate.choice("kind", self.kind, ("moments", "robust"))
        check_rows("network", self.network)

    def init(self, rng, n_in, n_out, context_dim=0):
        if self.network is None and n_in != n_out:
            raise ValueError(f"context must have {n_out} columns, since no network changes their number; got {n_in}")
        inner = {} if self.network is None else self.network.init(rng, n_in, n_out, context_dim)
        return _scaled_by_1(n_in, inner)

    def init_features(self, rng, n_in, n_out):
        if self.network is None:
            return self.init(rng, n_in, n_out)
        return _scaled_by_1(n_in, features(self.network, rng, n_in, n_out))

    def look(self, params, x):
        """The parameters with mean and standard deviation of the rows x (N, C), taken in float64."""
        x = onp.asarray(backend.to_numpy(x), dtype=onp.float64)
        n_in, x = x.shape[1], _by_channel(x, self.in_shape)
        mean, std = moments(x)
        if self.kind == "robust":
            mean, std = robust_moments(x, std)
        rounding = 4 * float(onp.finfo(params[FIXED]["std"].dtype).eps) * onp.abs(x).max(axis=0)
        std = onp.where(x.max(axis=0) - x.min(axis=0) <= rounding, 1.0, std)
        mean, std = (onp.repeat(a, n_in // x.shape[1]) for a in (mean, std))
        return {**params, FIXED: {"mean": backend.asarray(mean), "std": backend.asarray(std)}}

    def n_in(self, params):
        return params[FIXED]["mean"].shape[0]

    @property
    def updates(self):
        return getattr(self.network, "updates", False)

    def update(self, params):
        return {**params, "network": self.network.update(params["network"])} if self.updates else params

    def _scaled(self, params, x):
        return (x - params[FIXED]["mean"]) / params[FIXED]["std"]

    def apply(self, params, x, context=None):
        u = self._scaled(params, x)
        return u if self.network is None else self.network.apply(params["network"], u, *_given(context))

    def apply_value(self, params, x, context=None):
        u = self._scaled(params, x)
        return u if self.network is None else network_value(self.network, params["network"], u, *_given(context))

    def apply_vjp(self, params, x, context=None):
        if self.network is None:
            return self._scaled(params, x), lambda g: ({"network": {}}, g / params[FIXED]["std"], None)
        out, back = self.network.apply_vjp(params["network"], self._scaled(params, x), *_given(context))

        def pullback(g):
            g_network, g_u, *g_context = back(g)
            return {"network": g_network}, g_u / params[FIXED]["std"], *g_context

        return out, pullback


def _scaled_by_1(n_in, inner):
    """Parameters before a look at data: mean 0, standard deviation 1."""
    fixed = {"mean": backend.asarray(onp.zeros(n_in)), "std": backend.asarray(onp.ones(n_in))}
    return {FIXED: fixed, "network": inner}


def _by_channel(x, shape):
    """Rows (N, C H W) of images as (N H W, C), a column for each channel; other rows as they are."""
    if shape is None:
        return x
    pixels = x.reshape((len(x), shape[0], x.shape[1] // shape[0]))
    return onp.moveaxis(pixels, 1, 2).reshape((x.size // shape[0], shape[0]))


def _given(context):
    """The last argument of a network's methods, which one of a caller's own may lack."""
    return () if context is None else (context,)
