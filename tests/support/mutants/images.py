"""Mistakes of layers of images, each with the name that the audit should give it."""

from math import log, prod

import autograd.numpy as np
import numpy as onp

import nfscratch as nf
from mutants.mutant import Mutant

SHAPE = (4, 2, 2)


class DroppedSplit(nf.MultiScale):
    """Only the last level's z makes the image: what left earlier is taken to be 0. (A published bug.)"""

    def forward(self, params, z, context=None, rng=None):
        kept = onp.arange(z.shape[1]) < onp.prod(self.shapes[0])
        return super().forward(params, z * kept, context)


class LastLevel(nf.MultiScale):
    """The log-det of the level next to the data alone."""

    def forward(self, params, z, context=None, rng=None):
        x, _ = super().forward(params, z, context)
        _, log_det = self.levels[-1].inverse(params[-1], x, context)
        return x, -log_det

    def inverse(self, params, x, context=None, rng=None):
        z, _ = super().inverse(params, x, context)
        return z, self.levels[-1].inverse(params[-1], x, context)[1]


class OneOrder(nf.Squeeze):
    """Its inverse takes the channels of a block column by column, its forward row by row."""

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x)
        C, f = self.shape[0], self.factor
        blocks = np.reshape(z, (len(z), C, f, f, *z.shape[2:]))
        return np.reshape(np.swapaxes(blocks, 2, 3), z.shape), log_det


class OneOver(nf.ActNorm):
    """Per channel, and counted once for each channel: the factor H W is missing."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z, context)
        return x, log_det / float(onp.prod(z.shape[2:]))

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x, context)
        return z, log_det / float(onp.prod(x.shape[2:]))


class NoAlpha(nf.PixelLevels):
    """log(1 - 2 alpha) is left out, in both directions: 0.152 bits for each pixel at alpha = 0.05."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x, log_det + prod(self.shape) * log(1 - 2 * self.alpha)

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x)
        return z, log_det - prod(self.shape) * log(1 - 2 * self.alpha)


class OneBinLess(nf.PixelLevels):
    """255 in the scale, 256 in the log-det: the same mistake as log(256 / 255) nats for each pixel."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x, log_det + prod(self.shape) * log(255 / 256)

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x)
        return z, log_det - prod(self.shape) * log(255 / 256)


def levels(dim):
    return [nf.ActNorm((2, 2, 2)), nf.ActNorm(SHAPE)]


def one_parity():
    """Checkerboards of one parity: the pixels that it keeps are those of z in the end."""
    shape, network = (1, 3, 3), nf.ConvNet((3,), "tanh")
    return nf.Chain([nf.Coupling(nf.Affine(), nf.checkerboard_mask(shape), network) for _ in range(2)])


def parity_undone_by_the_squeeze():
    """Channel masks after the squeeze that keep the same pixels as the checkerboard before it."""
    shape = (1, 2, 4)
    squeeze = nf.Squeeze(shape)
    kept, _ = squeeze.inverse({}, onp.array([nf.checkerboard_mask(shape)], dtype=float))
    network = nf.ConvNet((3,), "tanh")
    before = nf.Coupling(nf.Affine(), nf.checkerboard_mask(shape), network)
    return nf.Chain([nf.Coupling(nf.Affine(), kept[0].astype(bool), network), squeeze, before])


IMAGES = {
    "a dropped split z": Mutant(lambda dim: DroppedSplit(levels(dim)), "a column is skipped", (2,)),
    "the last level's log-det": Mutant(lambda dim: LastLevel(levels(dim)), "it is off by a constant", (2,)),
    "squeeze in another order": Mutant(lambda dim: OneOrder((1, 4, 4)), "the permutation is not undone", (2,)),
    "14 H*W of ActNorm": Mutant(lambda dim: OneOver((2, 2, 3)), "H*W", (2,)),
    "log(1 - 2 alpha)": Mutant(lambda dim: NoAlpha((1, 2, 2), 16), "off by a constant", (2,)),
    "255 or 256 bins": Mutant(lambda dim: OneBinLess((1, 2, 2), 256), "off by a constant", (2,)),
    "one parity": Mutant(lambda dim: one_parity(), "never move", (2,)),
    "parity after the squeeze": Mutant(lambda dim: parity_undone_by_the_squeeze(), "never move", (2,)),
}
