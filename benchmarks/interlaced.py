"""A flow of interlaced lattices: each pixel's density is a mixture that a network makes of the pixels around it.

    a b a b      level (from the data):   Squeeze -> b, c given a, d -> d given a -> b, c, d leave; a is handed on
    c d c d      a is the image of half the height and width, and the next level's data
    a b a b      the last a, 7 x 7 of MNIST's pixels, is autoregressive
    c d c d

b and c see all four of their neighbours, and d its four diagonal ones, so that within a step little is left that one
pixel could tell of another. (d's network also sees what b and c have become: noise, which tells it nothing.) Each step
is a coupling with the mixture of logistics of Flow++ (Ho et al. 2019, arXiv:1902.00275) on a logistic base: exactly a
conditional density of mixtures. The order is that of interlaced pictures (Reed et al. 2017, arXiv:1703.03664). Costly
layers work at 14 x 14 and 7 x 7 alone.

The noise of the dequantisation is a logistic variable moved and scaled by what a network makes of the image around a
pixel, then a sigmoid: pixel by pixel, as the densities that it meets are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import autograd.numpy as np
import numpy as onp

import nfscratch as nf
from nfscratch.backend import Constant

MIXTURE_BOUND, NOISE_BOUND = 4.0, 2.5  # of log-scales: a density as narrow as a black pixel is needed


@dataclass(frozen=True, eq=False)
class WithPlaces(nf.Network):
    """A network that also sees where a pixel stands: its row and column, and their squares, as four more channels."""

    network: nf.Network = field(default_factory=nf.ResidualConvNet)
    shape: tuple[int, int] = (14, 14)

    sees_images = True

    def __post_init__(self):
        ways = [onp.linspace(-1.7, 1.7, n) for n in self.shape]
        i, j = onp.meshgrid(*ways, indexing="ij")
        places = onp.stack([i, j, i * i - 1.0, j * j - 1.0])
        object.__setattr__(self, "_places", Constant(places[..., None]))

    def init(self, rng, n_in, n_out, context_dim=0):
        return self.network.init(rng, n_in + 4, n_out, context_dim)

    def apply(self, params, x, context=None):
        return self.network.apply(params, self._with_places(x), context)

    def apply_vjp(self, params, x, context=None):
        out, back = self.network.apply_vjp(params, self._with_places(x), context)

        def pullback(g):
            g_params, g_x, g_context = back(g)
            return g_params, g_x[:, : x.shape[1]], g_context

        return out, pullback

    def _with_places(self, x):
        rows = np.transpose(x, (1, 2, 3, 0))
        places = np.zeros_like(x, shape=(4, *self.shape, len(x))) + self._places.on(x)
        return np.transpose(np.concatenate((rows, places), axis=0), (3, 0, 1, 2))


def interlaced(shape, hidden=(64, 96), blocks=3, components=6, noise="learned", last=(512,), steps=("bc", "d")):
    """A Dequantized flow for images `shape` = (1, H, W); H and W are divided by 2 for each number in `hidden`.

    hidden: channels of the networks, level by level. blocks: of each. last: hidden layers of the last lattice's MADE.
    steps: which letters change, step by step, the first one next to the data; every other letter is seen.
    """
    mixture = nf.Inverse(nf.LogisticMixtureCDF(components, MIXTURE_BOUND))
    levels, size = [], shape
    for width in hidden:
        squeeze = nf.Squeeze(size)
        inner = squeeze.in_shape
        network = WithPlaces(nf.ResidualConvNet(width, blocks), inner[1:])
        couplings = [nf.Coupling(mixture, _mask(inner, letters), network) for letters in steps]
        levels.insert(0, nf.Chain([*reversed(couplings), squeeze]))
        size = (1, *inner[1:])
    levels.insert(0, _autoregressive(size, mixture, last))
    chain = nf.Chain([nf.MultiScale(levels), nf.ActNorm(shape), nf.PixelLevels(shape)])
    flow = nf.Flow(nf.StandardLogistic(prod(shape)), chain)
    return nf.Dequantized(flow, pixel_by_pixel(shape) if noise == "learned" else None)


def _autoregressive(size, transformer, hidden):
    D = prod(size)
    made = nf.Autoregressive(transformer, D, nf.MADE(hidden, "relu"))
    return nf.Chain([nf.Reshape(size, (D,)), made, nf.Reshape((D,), size)])


def pixel_by_pixel(shape, hidden=16):
    """The noise: u = sigmoid(e^s z + t), with s and t from the image around a pixel."""
    network = nf.ConvNet((hidden,), context_channels=1)
    coupling = nf.Coupling(nf.Affine(NOISE_BOUND), onp.zeros(shape, dtype=bool), network, prod(shape))
    return nf.Flow(nf.StandardLogistic(shape), nf.Chain([coupling, nf.PixelLevels(shape, 1, 0.0)]))


def _mask(shape, letters):
    """True for the channels a, b, c and d that are not in `letters`."""
    kept = onp.array([letter not in letters for letter in "abcd"])
    return onp.broadcast_to(kept[:, None, None], shape)
