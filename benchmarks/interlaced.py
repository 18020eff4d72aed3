"""A flow of interlaced lattices: each pixel's density is a mixture that a network makes of the pixels around it.

    a b a b      level (from the data):   Squeeze -> b, c given a, d -> d given a -> b, c, d leave; a is handed on
    c d c d      a is the image of half the height and width, and the next level's data
    a b a b      the last a, 7 x 7 of MNIST's pixels, is autoregressive
    c d c d

b and c see all four of their neighbours, and d its four diagonal ones, so that within a step little is left that one
pixel could tell of another. Each step is a coupling with the mixture of logistics of Flow++ (Ho et al. 2019,
arXiv:1902.00275) on a logistic base: exactly a conditional density of mixtures. The order is that of interlaced
pictures (Reed et al. 2017, arXiv:1703.03664). Costly layers work at 14 x 14 and 7 x 7 alone.

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


def interlaced(
    shape=(1, 28, 28), hidden=(64, 96), blocks=3, components=4, last=(512,), steps=("ad>bc", "abc>d"), bound=4.0,
    noise_hidden=16, noise_bound=2.5, activation="relu",
):  # fmt: skip
    """hidden: channels of the networks, level by level. last: hidden layers of the last lattice's MADE."""
    mixture = nf.Inverse(nf.LogisticMixtureCDF(components, bound))
    levels, size = [], shape
    for width in hidden:
        squeeze = nf.Squeeze(size)
        inner = squeeze.in_shape
        network = WithPlaces(nf.ResidualConvNet(width, blocks, activation), inner[1:])
        couplings = [nf.Coupling(mixture, _mask(inner, step), network) for step in steps]
        levels.insert(0, nf.Chain([*reversed(couplings), squeeze]))
        size = (1, *inner[1:])
    D = prod(size)
    made = nf.Autoregressive(mixture, D, nf.MADE(last, activation))
    levels.insert(0, nf.Chain([nf.Reshape(size, (D,)), made, nf.Reshape((D,), size)]))
    chain = nf.Chain([nf.MultiScale(levels), nf.ActNorm(shape), nf.PixelLevels(shape)])
    flow = nf.Flow(nf.StandardLogistic(prod(shape)), chain)
    return nf.Dequantized(flow, noise(shape, noise_hidden, noise_bound))


def noise(shape, hidden, bound):
    """u = sigmoid(e^s z + t), with s and t from the image around a pixel."""
    network = nf.ConvNet((hidden,), "relu", (3, 3), context_channels=1)
    coupling = nf.Coupling(nf.Affine(bound), onp.zeros(shape, dtype=bool), network, prod(shape))
    return nf.Flow(nf.StandardLogistic(shape), nf.Chain([coupling, nf.PixelLevels(shape, 1, 0.0)]))


def _mask(shape, step):
    """ "ad>bc": a and d are kept, b and c change; letters that are not named are kept too."""
    changed = step.split(">")[1]
    kept = onp.array([letter not in changed for letter in "abcd"])
    return onp.broadcast_to(kept[:, None, None], shape)
