"""Stack: K layers of one kind, one after the other, their parameters side by side.

    x = g(g(... g(z; theta_1) ...; theta_{K-1}); theta_K)         each leaf of params is (K, ...), row k for layer k

It is the Chain of K such layers, with one array where the Chain has K. What depends on the parameters alone can then be
computed for all layers at once, and log-dets and gradients of parameters too: a layer that knows how has `stack_vjp`,
and `stack_value` for values alone. With layers as small as planar ones that is most of the work, and the stack is
several times faster. With parameters per sample, (K, N, ...), there is nothing to share: it is then the Chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nfscratch import trees, validate
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.traits import Derived
from nfscratch.excerpt import excerpt


@dataclass(frozen=True, eq=False)
class Stack(Derived):
    """`count` times `layer`, which keeps the event shape; params: the layer's, with K in front of every leaf."""

    layer: Bijection
    count: int

    def __post_init__(self):
        validate.size("count", self.count)
        if not isinstance(self.layer, Bijection):
            raise TypeError(f"layer must be a bijection, such as nf.Planar(2); got {excerpt(self.layer)}")
        if self.layer.in_shape != self.layer.out_shape:
            raise ValueError(
                f"layer must keep the event shape; got {type(self.layer).__name__}, "
                f"{self.layer.in_shape} to {self.layer.out_shape}"
            )
        _ = self.chain  # it checks the intervals

    @cached_property
    def chain(self) -> Chain:
        """The same map as a Chain."""
        return Chain([self.layer] * self.count)

    def derive(self):
        return self.chain.traits

    def image(self, interval):
        return self.chain.image(interval)

    def preimage(self, interval):
        return self.chain.preimage(interval)

    def init(self, rng, x=None, context=None):
        return trees.stack(self.chain.init(rng, x, context))

    def each(self, params: Any) -> list:
        """The parameters layer by layer: what the Chain takes."""
        return [trees.row(params, k) for k in range(self.count)]

    def forward(self, params, z, context=None, rng=None):
        return self.chain.forward(self.each(params), z, context, rng)

    def inverse(self, params, x, context=None, rng=None):
        return self.chain.inverse(self.each(params), x, context, rng)

    def forward_value(self, params, z, context=None, rng=None):
        if not self._at_once(params):
            return self.chain.forward_value(self.each(params), z, context, rng)
        return self.layer.stack_value(params, z)

    def inverse_value(self, params, x, context=None, rng=None):
        return self.chain.inverse_value(self.each(params), x, context, rng)

    def forward_vjp(self, params, z, context=None, rng=None):
        if self._at_once(params):
            return self.layer.stack_vjp(params, z)
        return _stacked(*self.chain.forward_vjp(self.each(params), z, context, rng))

    def inverse_vjp(self, params, x, context=None, rng=None):
        return _stacked(*self.chain.inverse_vjp(self.each(params), x, context, rng))

    def _at_once(self, params):
        """Whether the layer has a kernel for all K, and all rows share every leaf.

        The layer's `leaf_dims` are the dims of its leaves without K or N in front.
        """
        if self.layer.stack_vjp is None:
            return False
        return all(p.ndim == 1 + self.layer.leaf_dims[key] for key, p in params.items())

    def jacobian(self, params, z, context=None):
        return self.chain.jacobian(self.each(params), z, context)

    def update(self, params, x, context=None):
        return trees.stack(self.chain.update(self.each(params), x, context)) if self.updates else params


def _stacked(y, log_det, back):
    """A Chain's results, with the gradients of its parameters side by side."""

    def pullback(g_y, g_log_det):
        grads, g_x, g_context = back(g_y, g_log_det)
        return trees.stack(grads), g_x, g_context

    return y, log_det, pullback
