"""InverseTransformer: the same map of one variable, read in the other direction.

`Inverse(h)` makes one from a transformer h. It swaps everything that belongs to a direction, and leaves the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from nfscratch.transformers.transformer import Transformer


@dataclass(frozen=True, eq=False)
class InverseTransformer(Transformer):
    """x = h^-1(z; theta)."""

    transformer: Transformer

    n_params = property(lambda self: self.transformer.n_params)
    identity_at_zero = property(lambda self: self.transformer.identity_at_zero)
    least_width = property(lambda self: self.transformer.least_width)
    smooth = property(lambda self: self.transformer.smooth)
    forward_cost = property(lambda self: self.transformer.inverse_cost)
    inverse_cost = property(lambda self: self.transformer.forward_cost)
    domain = property(lambda self: self.transformer.codomain)
    codomain = property(lambda self: self.transformer.domain)

    def image(self, interval):
        return self.transformer.preimage(interval)

    def preimage(self, interval):
        return self.transformer.image(interval)

    def forward(self, theta, z):
        return self.transformer.inverse(theta, z)

    def inverse(self, theta, x):
        return self.transformer.forward(theta, x)

    def forward_value(self, theta, z):
        return self.transformer.inverse_value(theta, z)

    def inverse_value(self, theta, x):
        return self.transformer.forward_value(theta, x)

    def forward_vjp(self, theta, z):
        return self.transformer.inverse_vjp(theta, z)

    def inverse_vjp(self, theta, x):
        return self.transformer.forward_vjp(theta, x)
