"""EmergingConv: a k x k convolution that is invertible, made of two masked ones that read in opposite orders.

    x = M_2 M_1 z        M_1 sees the pixels before, M_2 those after: together the whole k x k neighbourhood and more

    log|det| = H W (log|det A_1| + log|det A_2|)

Any convolution with k = 1 is a Conv1x1; this is its counterpart that also mixes neighbouring pixels. Each of the two is
undone by back-substitution (masked_conv.py). Hoogeboom, van den Berg and Welling 2019, arXiv:1901.11137, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from nfscratch.bijections.chain import Chain
from nfscratch.bijections.image.masked_conv import MaskedConv
from nfscratch.bijections.linear import Linear
from nfscratch.bijections.traits import Derived


@dataclass(frozen=True, eq=False)
class EmergingConv(Derived):
    """params: [those of M_1, those of M_2]. Arguments as of MaskedConv. Fresh parameters: the identity."""

    shape: tuple[int, int, int]
    kernel: int = 3
    linear: Linear | None = None

    def __post_init__(self):
        object.__setattr__(self, "shape", self.chain.in_shape)

    @cached_property
    def chain(self) -> Chain:
        """The two masked convolutions."""
        return Chain([MaskedConv(self.shape, self.kernel, self.linear, turned) for turned in (False, True)])

    def derive(self):
        return self.chain.traits

    def image(self, interval):
        return self.chain.image(interval)

    def preimage(self, interval):
        return self.chain.preimage(interval)

    def init(self, rng, x=None, context=None):
        return self.chain.init(rng)

    def forward(self, params, z, context=None, rng=None):
        return self.chain.forward(params, z)

    def inverse(self, params, x, context=None, rng=None):
        return self.chain.inverse(params, x)

    def forward_vjp(self, params, z, context=None, rng=None):
        return self.chain.forward_vjp(params, z)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self.chain.inverse_vjp(params, x)

    def forward_value(self, params, z, context=None, rng=None):
        return self.chain.forward_value(params, z)

    def inverse_value(self, params, x, context=None, rng=None):
        return self.chain.inverse_value(params, x)

    def jacobian(self, params, z, context=None):
        return self.chain.jacobian(params, z)
