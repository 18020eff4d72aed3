"""Networks whose outputs move by less than their inputs: |F(x) - F(x')| <= L |x - x'| with a stated L < 1.

    F = W~_K act(... act(W~_1 x + C c + b_1) ...) + b_K          W~_k = W_k / max(1, sigma(W_k) / L^(1/K))     (1)

A product of maps moves points by at most the product of their Lipschitz constants. With |act'| <= 1 and K layers of
constant L^(1/K), that is L. sigma is the largest singular value, u . W v with vectors that a power iteration keeps
(ops/spectral.py). They are stored beside each layer's weights under "fixed", and `update` moves them to a tolerance
after every step of training: with vectors of older weights, sigma is too small, and the bound does not hold.
`lipschitz_bound` says what holds. The context c needs no bound, because x + F(x, c) is inverted in x alone.

Behrmann et al. 2019, arXiv:1811.00995; there each layer has the constant L, and the network L^K.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.autodiff import raw_tree
from nfscratch.excerpt import excerpt
from nfscratch.nets.mlp import MLP, hidden_widths
from nfscratch.nets.network import Network
from nfscratch.ops.activations import ACTIVATIONS
from nfscratch.ops.products import DENSE, Product
from nfscratch.ops.spectral import bounded, bounded_vjp, norm, power_iteration, stirred
from nfscratch.trees import FIXED

CONTRACTING = tuple(name for name, act in ACTIVATIONS.items() if act.lipschitz <= 1.0 and name != "relu")
EXACTLY = 1e-4  # the tolerance for a bound that is to be believed


@dataclass(frozen=True, eq=False)
class Lipschitz(Network):
    """A Layered network, `inner`, with weights bounded by (1). params: [{"W", "b", "fixed": {"u", "v"}}, ...].

    The first layer has also "C" (n, context_dim), where there is a context. activation: smooth, with slopes of at most
    1 ("relu" has a slope that jumps, and with it a density). tanh has the slope 1 where units start, lipswish 0.45, so
    that a short fit gets further with tanh. tolerance: of the power iteration in `update`.
    """

    hidden: Sequence[int] = (64, 64)
    coefficient: float = 0.97
    activation: str = "tanh"
    gain: float = 1.0
    tolerance: float = 1e-3

    updates = True
    product: ClassVar[Product] = DENSE

    def __post_init__(self):
        object.__setattr__(self, "hidden", hidden_widths(self.hidden))
        validate.positive("coefficient", self.coefficient)
        if not self.coefficient < 1:
            raise ValueError(
                f"coefficient must be below 1, or x + F(x) need not be invertible; got {excerpt(self.coefficient)}"
            )
        validate.choice("activation", self.activation, CONTRACTING)
        validate.factor("gain", self.gain)
        validate.positive("tolerance", self.tolerance)

    @property
    def inner(self):
        """The network that takes the bounded weights."""
        raise NotImplementedError(f"{type(self).__name__} does not say which network it bounds")

    def _with_vectors(self, rng, layers, n_in, shapes):
        """params from the inner network's layers; shapes: those of what goes into each layer, and of what comes out."""
        params = []
        for k, layer in enumerate(layers):
            n, (v, u) = shapes[k][0], (backend.asarray(rng.normal(size=s)) for s in shapes[k : k + 2])
            params.append({"W": layer["W"][:, :n], "b": layer["b"], FIXED: {"u": u / norm(u), "v": v / norm(v)}})
            if layer["W"].shape[1] > n:
                params[k]["C"] = layer["W"][:, n:]
        return self.update(params)

    def n_in(self, params):
        return sum(params[0][key].shape[1] for key in ("W", "C") if key in params[0])

    # --- the bounded weights ---------------------------------------------------------------------------------------

    def _constant(self, params):
        """Of each layer; a power iteration that stops at `tolerance` may have missed that share of sigma."""
        return self.coefficient ** (1.0 / len(params)) / (1.0 + self.tolerance)

    def layers(self, params):
        """The inner network's parameters, (1)."""
        c, layers = self._constant(params), []
        for k in range(len(params)):
            p = params[k]
            fixed = raw_tree(p[FIXED])
            W = bounded(self.product, p["W"], fixed["u"], fixed["v"], c)
            layers.append({"W": np.concatenate((W, p["C"]), axis=1) if "C" in p else W, "b": p["b"]})
        return layers

    def _layers_vjp(self, params):
        """The inner network's parameters, and the pullback of their gradients."""
        c, layers, backs = self._constant(params), [], []
        for p in params:
            W, back = bounded_vjp(self.product, p["W"], p[FIXED]["u"], p[FIXED]["v"], c)
            layers.append({"W": onp.concatenate((W, p["C"]), axis=1) if "C" in p else W, "b": p["b"]})
            backs.append(back)

        def pullback(grads):
            return [_gradient(p, g, back) for p, g, back in zip(params, grads, backs, strict=True)]

        return layers, pullback

    def update(self, params):
        """The power iteration goes on, from where it was, to `tolerance`."""
        return [self._iterated(p, self.tolerance)[0] for p in params]

    def _iterated(self, p, tolerance):
        u, v, sigma = power_iteration(self.product, p["W"], p[FIXED]["u"], stirred(p[FIXED]["v"]), tolerance)
        return {**p, FIXED: {"u": u, "v": v}}, sigma

    def lipschitz_bound(self, params):
        """A number L with |F(x) - F(x')| <= L |x - x'|, from a power iteration on the bounded weights themselves."""
        L = 1.0
        for p, layer in zip(params, self.layers(params), strict=True):
            L *= self._iterated({**p, "W": layer["W"][:, : p["W"].shape[1]]}, EXACTLY)[1]
        return L

    # --- the network -----------------------------------------------------------------------------------------------

    def apply(self, params, x, context=None):
        return self.inner.apply(self.layers(params), x, context)

    def jvp(self, params, x, v, context=None):
        return self.inner.jvp(self.layers(params), x, v, context)

    def jacobian(self, params, x, context=None):
        return self.inner.jacobian(self.layers(params), x, context)

    def prepared(self, params):
        """(x, context) -> F, with the weights bounded once."""
        layers, inner = self.layers(params), self.inner
        return lambda x, context=None: inner.apply_vjp(layers, x, context)[0]

    def linearized(self, params, x, context=None):
        return self.inner.linearized(self.layers(params), x, context)

    def apply_vjp(self, params, x, context=None):
        return self._vjp(self.inner.apply_vjp, params, x, context)

    def jvp_vjp(self, params, x, v, context=None):
        return self._vjp(self.inner.jvp_vjp, params, x, v, context)

    def jacobian_vjp(self, params, x, context=None):
        return self._vjp(self.inner.jacobian_vjp, params, x, context)

    def _vjp(self, method, params, *args):
        layers, back_layers = self._layers_vjp(params)
        *values, back = method(layers, *args)

        def pullback(*g):
            grads, *others = back(*g)
            return (back_layers(grads), *others)

        return (*values, pullback)


def _gradient(p, g, back):
    n = p["W"].shape[1]
    grads = {"W": back(g["W"][:, :n]), "b": g["b"]}
    return {**grads, "C": g["W"][:, n:]} if "C" in p else grads


@dataclass(frozen=True, eq=False)
class LipschitzMLP(Lipschitz):
    """A dense network with |F(x) - F(x')| <= coefficient |x - x'|."""

    @property
    def inner(self):
        return MLP(self.hidden, self.activation, self.gain)

    def init(self, rng, n_in, n_out, context_dim=0):
        layers = self.inner.init(rng, n_in, n_out, context_dim)
        return self._with_vectors(rng, layers, n_in, [(n,) for n in (n_in, *self.hidden, n_out)])
