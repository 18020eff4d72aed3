"""Layers of images: what moves pixels and channels. A case's dimension chooses a small shape (C, H, W)."""

import nfscratch as nf
from cases.case import CONTEXT, Case

SHAPES = {1: (1, 2, 2), 2: (2, 2, 2), 5: (3, 2, 2), 6: (1, 4, 2)}  # all can be squeezed once


def image_coupling(mask, network, context_dim=0):
    return lambda dim: nf.Coupling(nf.Affine(), mask(SHAPES[dim]), network, context_dim)


def two_levels(dim):
    """A squeeze inside of each level, as in RealNVP and Glow; the second level's own layer sees a context."""
    C, H, W = SHAPES[dim]
    data, deep = (4 * C, H // 2, W // 2), (2 * C, H // 2, W // 2)
    affine = nf.Coupling(nf.Affine(), nf.channel_mask(data), nf.ConvNet((2,), "tanh", 1), CONTEXT)
    return nf.MultiScale([nf.Chain([nf.ActNorm(deep), nf.Conv1x1(deep)]), nf.Chain([affine, nf.Squeeze((C, H, W))])])


IMAGES = [
    Case("masked convolution", lambda dim: nf.MaskedConv(SHAPES[dim])),
    Case(
        "masked convolution, turned, QR",
        lambda dim: nf.MaskedConv((dim, 2, 1), 5, nf.QR(dim), turned=True),
    ),
    Case("emerging convolution", lambda dim: nf.EmergingConv((min(dim, 2), 1, 2) if dim < 6 else (1, 2, 2))),
    Case("squeeze", lambda dim: nf.Squeeze(SHAPES[dim])),
    Case("pixel levels", lambda dim: nf.PixelLevels(SHAPES[dim], 16), reach=6.0),
    Case("pixel levels of a vector, no alpha", lambda dim: nf.PixelLevels(dim, 1, 0.0), reach=6.0),
    Case("multi-scale", two_levels),
    Case("coupling of channels, ConvNet", image_coupling(nf.channel_mask, nf.ConvNet((4,), "tanh", (3, 1)))),
    Case(
        "coupling of pixels, ResidualConvNet, context",
        image_coupling(nf.checkerboard_mask, nf.ResidualConvNet(3, 1, "tanh"), CONTEXT),
    ),
    Case(
        "coupling of pixels, flipped, separate s and t",
        image_coupling(
            lambda shape: nf.checkerboard_mask(shape, flip=True),
            nf.Heads((nf.ConvNet((3,), "tanh"), nf.ConvNet((2,), "relu", (1, 3)))),
        ),
    ),
]
