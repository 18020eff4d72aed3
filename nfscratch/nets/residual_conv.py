"""ResidualConvNet: a convolutional network whose blocks add to what comes in, from images (N, C, H, W) to images.

    h_0 = K_in * (x, context) + b_in
    h_j = h_{j-1} + K_j2 * act(K_j1 * act(h_{j-1}) + b_j1) + b_j2            j = 1 ... blocks
    out = K_out * act(h_B) + b_out

The sum hands a gradient g of h_j on to h_{j-1} as it is, so that depth does not make it vanish:

    g_{j-1} = g_j + act'(h_{j-1}) (the block's own pullback of g_j)

It is the network of RealNVP's couplings (Dinh et al. 2017, arXiv:1605.08803, section 4.1, there with batch and weight
normalization); the order act, convolution, act, convolution is that of He et al. 2016, arXiv:1603.05027.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.nets.conv import conv_layer, kernel_widths, of_context
from nfscratch.nets.layered import apart, columns
from nfscratch.nets.mlp import check_activation, weight_variance
from nfscratch.nets.network import Network
from nfscratch.ops.activations import ACTIVATIONS, activated
from nfscratch.ops.convolution import CONVOLUTION
from nfscratch.ops.dense import dense, dense_vjp
from nfscratch.ops.events import batch_first, batch_last


@dataclass(frozen=True, eq=False)
class ResidualConvNet(Network):
    """`blocks` residual blocks of `hidden` channels. A context becomes channels that are constant in space.

    kernels: the odd widths of K_in, K_j1, K_j2 and K_out; one number for all. gain: a factor on the fresh weights.
    context_channels: as of ConvNet.
    """

    hidden: int = 64
    blocks: int = 2
    activation: str = "relu"
    kernels: int | Sequence[int] = (3, 3, 1, 1)
    gain: float = 1.0
    context_channels: int = 0

    sees_images = True

    def __post_init__(self):
        validate.size("hidden", self.hidden)
        validate.size("blocks", self.blocks)
        object.__setattr__(self, "kernels", kernel_widths(self.kernels, 4))
        check_activation(self.activation)
        validate.factor("gain", self.gain)
        validate.size("context_channels", self.context_channels, 0)

    def init(self, rng, n_in, n_out, context_dim=0):
        """n_in, n_out: channels. Weights as in ConvNet, but those of K_j2 over the root of `blocks`, and K_out = 0."""
        variance, width, k = weight_variance(self.activation, self.gain), self.hidden, self.kernels
        first = conv_layer(rng, n_in + of_context(self, context_dim), width, k[0], variance)
        blocks = [
            [conv_layer(rng, width, width, k[1], variance), conv_layer(rng, width, width, k[2], variance / self.blocks)]
            for _ in range(self.blocks)
        ]
        return {"blocks": blocks, "first": first, "last": conv_layer(rng, width, n_out, k[3], 0.0)}

    def n_in(self, params):
        return params["first"]["W"].shape[1]

    def apply(self, params, x, context=None):
        act = ACTIVATIONS[self.activation].plain
        h = self._dense([params["first"]], columns(x, context, self.context_channels))
        for block in params["blocks"]:
            h = h + self._dense(block, act(h))
        return batch_first(self._dense([params["last"]], act(h)))

    def apply_vjp(self, params, x, context=None):
        h, back_first = self._dense_vjp([params["first"]], columns(x, context, self.context_channels))
        backs = []
        for block in params["blocks"]:
            added, back = self._activated_dense_vjp(block, h)
            h = h + added
            backs.append(back)
        out, back_last = self._activated_dense_vjp([params["last"]], h)

        def pullback(g):
            (g_last,), g = back_last(batch_last(g))
            g_blocks: list[Any] = []
            for back in reversed(backs):
                g_block, through = back(g)
                g_blocks.insert(0, g_block)
                g = g + through
            (g_first,), g = back_first(g)
            return {"blocks": g_blocks, "first": g_first, "last": g_last}, *apart(g, x, context, self.context_channels)

        return batch_first(out), pullback

    def _dense(self, layers, h):
        return dense(layers, h, self.activation, CONVOLUTION)

    def _dense_vjp(self, layers, h):
        return dense_vjp(layers, h, self.activation, CONVOLUTION)

    def _activated_dense_vjp(self, layers, h):
        """`_dense` of act(h), and pullback(g) -> (gradients of the layers, g_h)."""
        act = ACTIVATIONS[self.activation]
        u, kept = activated(h.copy(), act, onp.zeros_like(h, shape=(1, h.shape[-1])))
        out, back = self._dense_vjp(layers, u)

        def pullback(g):
            grads, g_u = back(g)
            return grads, g_u * act.slope(kept)

        return out, pullback
