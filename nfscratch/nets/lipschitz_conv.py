"""LipschitzConv: convolutions of images (C, H, W) with |F(x) - F(x')| <= coefficient |x - x'|, by (1) of lipschitz.py.

The power iteration runs on the convolution itself, from image to image: its largest singular value is not that of the
kernel written as a matrix (C_out, C_in k^2), which may be k times smaller, or larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from nfscratch.nets.conv import ConvNet, kernel_widths
from nfscratch.nets.lipschitz import Lipschitz
from nfscratch.ops.convolution import CONVOLUTION
from nfscratch.ops.products import Product


@dataclass(frozen=True, eq=False)
class LipschitzConv(Lipschitz):
    """A convolutional network with `hidden` channels and a stated Lipschitz constant. kernels: as of ConvNet."""

    hidden: Sequence[int] = (32, 32)
    kernels: int | Sequence[int] = (3, 1, 3)

    product: ClassVar[Product] = CONVOLUTION

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "kernels", kernel_widths(self.kernels, len(self.hidden) + 1))

    @property
    def inner(self):
        return ConvNet(self.hidden, self.activation, self.kernels, self.gain)

    def init(self, rng, n_in, n_out, context_dim=0):
        """n_in, n_out: the shapes (C, H, W) of what goes in and of what comes out; H and W are the same."""
        layers = self.inner.init(rng, n_in[0], n_out[0], context_dim)
        return self._with_vectors(rng, layers, n_in[0], [(c, *n_in[1:]) for c in (n_in[0], *self.hidden, n_out[0])])
