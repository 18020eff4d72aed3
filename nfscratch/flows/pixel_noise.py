"""A learned noise for dequantisation: q(u | x), a flow whose context is the image.

    logistic -> coupling, checkerboard -> coupling, flipped -> ... -> sigmoid -> u in (0, 1)

A coupling's network sees the pixels of u that are kept, in logit space, and the image x beside them, as channels. A
fresh one is uniform noise exactly: the couplings start as the identity, and the sigmoid of a logistic variable is
uniform. Training then tightens the bound. The scale of a coupling is bounded narrowly, because a u that is rounded to
0 or 1 has no density. Ho et al. 2019, arXiv:1902.00275, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from nfscratch import validate
from nfscratch.bijections import Coupling, PixelLevels, checkerboard_mask
from nfscratch.bijections.chain import Chain
from nfscratch.distributions import StandardLogistic
from nfscratch.flows.flow import Flow
from nfscratch.nets import ConvNet
from nfscratch.transformers import Affine


def pixel_noise(
    shape: tuple[int, int, int],
    *,
    layers: int = 4,
    hidden: Sequence[int] = (32, 32),
    activation: str = "relu",
    max_log_scale: float = 1.0,
) -> Flow:
    """A Flow on (0, 1) for images of `shape` (C, H, W), with the image, flattened, as its context: for Dequantized."""
    shape = validate.event_shape("pixel_noise", shape, axes=(3,))
    network = ConvNet(hidden, activation, context_channels=shape[0])
    couplings = [
        Coupling(Affine(max_log_scale), checkerboard_mask(shape, flip=k % 2 == 1), network, prod(shape))
        for k in range(validate.size("layers", layers))
    ]
    return Flow(StandardLogistic(shape), Chain([*couplings, PixelLevels(shape, 1, 0.0)]))
