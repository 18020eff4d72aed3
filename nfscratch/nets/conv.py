"""ConvNet: a network of convolutions, from images (N, C, H, W) to images of the same height and width.

out = K_K * act(... act(K_1 * x + b_1) ...) + b_K         K_j (C_j, C_{j-1}, k_j, k_j), zeros outside of the image
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as onp

from nfscratch import backend, validate
from nfscratch.excerpt import excerpt
from nfscratch.nets.layered import Layered
from nfscratch.nets.mlp import check_activation, hidden_widths, weight_variance
from nfscratch.nets.network import ADDED_LATER
from nfscratch.ops.convolution import CONVOLUTION
from nfscratch.ops.products import Product


@dataclass(frozen=True, eq=False)
class ConvNet(Layered):
    """A convolutional network with `hidden` channels. A context becomes channels that are constant in space.

    kernels: the widths k_1 ... k_K, odd, one more than there are hidden layers; one number for all.
    context_channels: c, where the context is an image of c channels, of the height and width of x, flattened.
    """

    hidden: Sequence[int] = (32, 32)
    activation: str = "relu"
    kernels: int | Sequence[int] = 3
    gain: float = 1.0
    context_channels: int = field(default=0, metadata=ADDED_LATER)

    product: ClassVar[Product] = CONVOLUTION
    sees_images = True

    def __post_init__(self):
        object.__setattr__(self, "hidden", hidden_widths(self.hidden))
        object.__setattr__(self, "kernels", kernel_widths(self.kernels, len(self.hidden) + 1))
        check_activation(self.activation)
        validate.factor("gain", self.gain)
        validate.size("context_channels", self.context_channels, 0)

    def init(self, rng, n_in, n_out, context_dim=0):
        """n_in, n_out: channels. Kernels gain * N(0, v / fan_in), as in MLP; the last one is 0."""
        layers = self._drawn(rng, n_in + of_context(self, context_dim), n_out)
        layers[-1]["W"] *= 0.0
        return layers

    def init_features(self, rng, n_in, n_out):
        """The last kernel is drawn like the others."""
        return self._drawn(rng, n_in, n_out)

    def _drawn(self, rng, n_in, n_out):
        variance = weight_variance(self.activation, self.gain)
        pairs = zip(pairwise([n_in, *self.hidden, n_out]), self.kernels, strict=True)
        return [conv_layer(rng, m, n, k, variance) for (m, n), k in pairs]


def of_context(network, context_dim):
    """How many channels a context of context_dim numbers becomes."""
    channels = network.context_channels
    if channels and (context_dim == 0 or context_dim % channels):
        raise ValueError(
            f"context_channels must divide the context, an image of {channels} channels flattened; got {context_dim} "
            "numbers"
        )
    return channels or context_dim


def kernel_widths(kernels, count):
    """`kernels` as a tuple of `count` odd numbers, or ValueError."""
    several = isinstance(kernels, Iterable) and validate.is_in_order(kernels)
    widths = tuple(kernels) if several else (kernels,) * count
    if len(widths) != count or not all(map(is_odd, widths)):
        hint = f", which are {len(widths)}; one number, such as 3, is for any count of layers" if several else ""
        raise ValueError(
            f"kernels must be an odd number, or {count} of them, one a layer; got {excerpt(kernels)}{hint}"
        )
    return tuple(validate.size("each of kernels", k) for k in widths)


def is_odd(k):
    return isinstance(k, (int, onp.integer)) and not isinstance(k, bool) and k > 0 and k % 2 == 1


def conv_layer(rng, n_in, n_out, k, variance):
    K = rng.normal(size=(n_out, n_in, k, k)) * (variance / max(n_in * k * k, 1)) ** 0.5
    return {"W": backend.asarray(K), "b": backend.asarray(onp.zeros(n_out))}
