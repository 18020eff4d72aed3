"""ConvDecoder: an image (C, H, W) from a few numbers, such as the latent ones of an autoencoder; ConvFeatures mirrored.

    h_0 = act(dense network of z), as C_0 small images,    h_k = act(K_k^T h_{k-1} + b_k),    out = h_K without act

K_k^T makes an image s times as high and wide: the transpose of the convolution in steps of s (ops/convolution.py). An
image whose height s does not divide comes from one of ceil(H / s) pixels. A row of output is the image as one vector
of its C H W numbers, in C order.
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

AT_ONCE = 2**22  # numbers in the images of one layer before they are added up: 32 MiB in float64


@dataclass(frozen=True, eq=False)
class ConvDecoder(Network):
    """params: {"convolutions": [{"W", "b"}, ...], "dense": those of an MLP}.

    shape: (C, H, W) of the image. channels: of h_0, h_1, ..., one transposed convolution for each, the last one to C.
    hidden: widths of the dense layers before them. kernels: the odd widths of the convolutions; one number for all.
    step: every image is so many times as high and wide as the one before it.
    """

    shape: Sequence[int]
    channels: Sequence[int] = (32, 16)
    hidden: Sequence[int] = (64,)
    activation: str = "relu"
    kernels: int | Sequence[int] = 3
    step: int = 2
    gain: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "shape", validate.event_shape("ConvDecoder", self.shape, (3,)))
        object.__setattr__(self, "channels", hidden_widths(self.channels, "channels"))
        object.__setattr__(self, "hidden", hidden_widths(self.hidden))
        object.__setattr__(self, "kernels", kernel_widths(self.kernels, len(self.channels)))
        if not self.channels:
            raise ValueError("ConvDecoder needs the channels of at least one image; got none")
        check_activation(self.activation)
        validate.count("step", self.step, least=1)
        validate.factor("gain", self.gain)

    def n_in(self, params):
        return params["dense"][0]["W"].shape[1]

    def init(self, rng, n_in, n_out, context_dim=0):
        """Weights gain * N(0, v / fan_in), as in MLP; the last kernel is 0."""
        params = self._drawn(rng, n_in + context_dim, n_out)
        params["convolutions"][-1]["W"] *= 0.0
        return params

    def init_features(self, rng, n_in, n_out):
        """The last kernel is drawn like the others."""
        return self._drawn(rng, n_in, n_out)

    def _drawn(self, rng, n_in, n_out):
        if n_out != prod(self.shape):
            raise ValueError(
                f"ConvDecoder makes the {prod(self.shape)} numbers of shape {self.shape}; got n_out {n_out}"
            )
        variance = weight_variance(self.activation, self.gain)
        widths = zip(pairwise([*self.channels, self.shape[0]]), self.kernels, strict=True)
        kernels = [_kernel(rng, m, n, k, variance * self.step**2) for (m, n), k in widths]
        dense_layers = MLP(self.hidden, self.activation, self.gain).init_features(rng, n_in, prod(self._first))
        return {"convolutions": kernels, "dense": dense_layers}

    @property
    def _sizes(self):
        """Height and width of h_0, h_1, ..., and of the image."""
        sizes = [self.shape[1:]]
        for _ in self.channels:
            sizes.append(tuple(ceil(n / self.step) for n in sizes[-1]))
        return sizes[::-1]

    @property
    def _first(self):
        """The shape of h_0."""
        return (self.channels[0], *self._sizes[0])

    def apply(self, params, x, context=None):
        act, steps = ACTIVATIONS[self.activation].plain, (self.step, self.step)
        rows = x.T if context is None else np.concatenate((x.T, context.T), axis=0)
        h = np.reshape(dense(params["dense"], rows, self.activation), (*self._first, x.shape[0]))
        for layer, size in zip(params["convolutions"], self._sizes[1:], strict=True):
            h = back(layer["W"], act(h), size, steps)
            h = h + bias(layer["b"], h)
        return np.reshape(h, (prod(self.shape), x.shape[0])).T

    def apply_vjp(self, params, x, context=None):
        rows = x.T if context is None else onp.concatenate((x.T, context.T), axis=0)
        out, back_dense = dense_vjp(params["dense"], rows, self.activation)
        image, back_images = self._images_vjp(params["convolutions"], out.reshape((*self._first, x.shape[0])))

        def pullback(g):
            g_kernels, g_h = back_images(onp.reshape(g.T, image.shape))
            g_dense, g_rows = back_dense(g_h.reshape(out.shape))
            n = x.shape[1]
            grads = {"convolutions": g_kernels, "dense": g_dense}
            return grads, g_rows[:n].T, None if context is None else g_rows[n:].T

        return image.reshape((prod(self.shape), x.shape[0])).T, pullback

    def _images_vjp(self, layers, h):
        """The image (C, H, W, N), and pullback(g) -> gradients of the layers, and of h, which has no act yet."""
        act, seen, zeros = ACTIVATIONS[self.activation], [], onp.zeros_like(h, shape=(1, h.shape[-1]))
        steps = (self.step, self.step)
        for layer, size in zip(layers, self._sizes[1:], strict=True):
            u, kept = activated(h, act, zeros)
            h = back(layer["W"], u, size, steps)
            h += bias(layer["b"], h)
            seen.append((layer["W"], u, kept))

        def pullback(g):
            grads = []
            for K, u, kept in reversed(seen):
                grads.append({"W": correlate(u, g, K.shape[2:], steps), "b": bias_gradient(g)})
                g = convolve(K, g, steps) * act.slope(kept)
            return grads[::-1], g

        return h, pullback

    def apply_value(self, params, x, context=None):
        """Some rows at a time: the images of all before they are added up would not fit."""
        layers = zip(params["convolutions"], self._sizes[:-1], strict=True)
        few = max(1, AT_ONCE // max(prod(layer["W"].shape[1:]) * prod(size) for layer, size in layers))
        pieces = [slice(start, start + few) for start in range(0, max(len(x), 1), few)]
        outs = [self.apply_vjp(params, x[p], None if context is None else context[p])[0] for p in pieces]
        return outs[0] if len(outs) == 1 else onp.concatenate([out.T for out in outs], axis=1).T


def _kernel(rng, n_in, n_out, k, variance):
    """Each pixel of the larger image gets n_in k^2 / s^2 products, on average."""
    K = rng.normal(size=(n_in, n_out, k, k)) * (variance / (n_in * k * k)) ** 0.5
    return {"W": backend.asarray(K), "b": backend.asarray(onp.zeros(n_out))}
