"""ConvFeatures: features h(y) of an image (C, H, W) or a series (C, T), which condition a flow of a few numbers.

    h_0 = y,    h_k = act(K_k * h_{k-1} + b_k) at every s-th pixel,    out = dense network of the pixels of h_K

The convolutions in steps (ops/convolution.py) make the image smaller and its channels more. A row of input is the
image as one vector of its C H W numbers, in C order. A Flow whose `embed` this is takes images (N, C, H, W), too.
The kernels pass over all pixels alike, so a StandardizedInput gives each channel one mean and one scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, prod

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.nets.conv import kernel_widths
from nfscratch.nets.mlp import MLP, check_activation, hidden_widths, weight_variance
from nfscratch.nets.network import Network
from nfscratch.ops.activations import ACTIVATIONS, activated
from nfscratch.ops.convolution import back, convolve, correlate
from nfscratch.ops.dense import dense, dense_vjp
from nfscratch.ops.products import bias, bias_gradient

AT_ONCE = 2**22  # numbers in the images of one layer: 32 MiB in float64


@dataclass(frozen=True, eq=False)
class ConvFeatures(Network):
    """params: {"convolutions": [{"W", "b"}, ...], "dense": those of an MLP}.

    shape: (C, H, W) of an image, (C, T) of a series of C numbers at a time, or T of a series of one.
    channels: of each convolution, one convolution for each. kernels: their widths, odd; one number for all.
    step: every step-th pixel goes on, along each side. hidden: widths of the dense layers that follow.
    """

    shape: int | Sequence[int]
    channels: Sequence[int] = (16, 32)
    hidden: Sequence[int] = (64,)
    activation: str = "relu"
    kernels: int | Sequence[int] = 3
    step: int = 2
    gain: float = 1.0

    def __post_init__(self):
        shape = validate.event_shape("ConvFeatures", self.shape, (1, 2, 3))
        object.__setattr__(self, "shape", shape if len(shape) > 1 else (1, *shape))
        object.__setattr__(self, "channels", hidden_widths(self.channels, "channels"))
        object.__setattr__(self, "hidden", hidden_widths(self.hidden))
        object.__setattr__(self, "kernels", kernel_widths(self.kernels, len(self.channels)))
        check_activation(self.activation)
        validate.count("step", self.step, least=1)
        validate.factor("gain", self.gain)

    in_shape = property(lambda self: self.shape)

    @property
    def _image(self):
        """(C, H, W); a series is an image of height 1."""
        return self.shape if len(self.shape) == 3 else (self.shape[0], 1, self.shape[1])

    @property
    def _steps(self):
        return (self.step if len(self.shape) == 3 else 1, self.step)

    def n_in(self, params):
        return prod(self.shape)

    def init(self, rng, n_in, n_out, context_dim=0):
        """Weights gain * N(0, v / fan_in), as in MLP; the last ones are 0."""
        params = self._drawn(rng, n_in, n_out, context_dim)
        params["dense"][-1]["W"] *= 0.0
        return params

    def init_features(self, rng, n_in, n_out):
        """The last layer is drawn like the others."""
        return self._drawn(rng, n_in, n_out, 0)

    def _drawn(self, rng, n_in, n_out, context_dim):
        if n_in != prod(self.shape):
            raise ValueError(f"rows must have the {prod(self.shape)} numbers of shape {self.shape}; got {n_in}")
        variance, widths = weight_variance(self.activation, self.gain), [self.shape[0], *self.channels]
        pairs = zip(pairwise(widths), self.kernels, strict=True)
        kernels = [_kernel(rng, m, n, self._offsets(k), variance) for (m, n), k in pairs]
        layers = MLP(self.hidden, self.activation, self.gain)
        pixels = widths[-1] * prod(self._sizes[-1])
        return {"convolutions": kernels, "dense": layers.init_features(rng, pixels + context_dim, n_out)}

    def _offsets(self, k):
        return (k if len(self.shape) == 3 else 1, k)

    @property
    def _sizes(self):
        """Height and width of each image, the input first."""
        sizes = [self._image[1:]]
        for _ in self.channels:
            sizes.append(tuple(ceil(n / step) for n, step in zip(sizes[-1], self._steps, strict=True)))
        return sizes

    def apply(self, params, x, context=None):
        h, act = np.reshape(x.T, (*self._image, x.shape[0])), ACTIVATIONS[self.activation].plain
        for layer in params["convolutions"]:
            h = act(convolve(layer["W"], h, self._steps) + bias(layer["b"], h))
        rows = np.reshape(h, (prod(h.shape[:-1]), h.shape[-1]))
        rows = rows if context is None else np.concatenate((rows, context.T), axis=0)
        return dense(params["dense"], rows, self.activation).T

    def apply_vjp(self, params, x, context=None):
        h, back_convolutions = self._convolutions_vjp(params["convolutions"], x)
        pixels = prod(h.shape[:-1])
        rows = onp.reshape(h, (pixels, h.shape[-1]))
        rows = rows if context is None else onp.concatenate((rows, context.T), axis=0)
        out, back_dense = dense_vjp(params["dense"], rows, self.activation)

        def pullback(g):
            g_dense, g_rows = back_dense(g.T)
            g_kernels, g_x = back_convolutions(onp.reshape(g_rows[:pixels], h.shape))
            g_context = None if context is None else g_rows[pixels:].T
            return {"convolutions": g_kernels, "dense": g_dense}, g_x, g_context

        return out.T, pullback

    def apply_value(self, params, x, context=None):
        """Some rows at a time: the images of all would not fit."""
        largest = max(C * prod(size) for C, size in zip((self._image[0], *self.channels), self._sizes, strict=True))
        few, n = max(1, AT_ONCE // largest), x.shape[0]
        pieces = [slice(start, start + few) for start in range(0, max(n, 1), few)]
        outs = [self.apply_vjp(params, x[p], None if context is None else context[p])[0] for p in pieces]
        return outs[0] if len(outs) == 1 else onp.concatenate([out.T for out in outs], axis=1).T

    def _convolutions_vjp(self, layers, x):
        """The last image h_K, batch-last, and pullback(g) -> gradients of the layers, g_x (N, C H W)."""
        h, act, seen = onp.reshape(x.T, (*self._image, x.shape[0])), ACTIVATIONS[self.activation], []
        zeros = onp.zeros_like(h, shape=(1, x.shape[0]))
        for layer in layers:
            a = convolve(layer["W"], h, self._steps)
            a += bias(layer["b"], a)
            before = h
            h, kept = activated(a, act, zeros)
            seen.append((layer["W"], before, kept))

        def pullback(g):
            grads = []
            for K, before, kept in reversed(seen):
                g = g * act.slope(kept)
                grads.append({"W": correlate(g, before, K.shape[2:], self._steps), "b": bias_gradient(g)})
                g = back(K, g, before.shape[1:3], self._steps)
            return grads[::-1], onp.reshape(g, (x.shape[1], x.shape[0])).T

        return h, pullback


def _kernel(rng, n_in, n_out, widths, variance):
    K = rng.normal(size=(n_out, n_in, *widths)) * (variance / (n_in * prod(widths))) ** 0.5
    return {"W": backend.asarray(K), "b": backend.asarray(onp.zeros(n_out))}
