"""The frame of the recipes for images: what stands around the levels of Glow and RealNVP.

    z ~ N(0, I) -> MultiScale(levels) -> PixelLevels -> y in (0, V),    x = floor(y)

    level           [prior ->] steps -> Squeeze             the deepest level has no prior, since it hands nothing on
    PixelLevels     the logit: what is trained is a density of logits; log_prob is one of whole numbers (Dequantized)

The units of the data need no choice: `fit` takes the whole numbers, 0 to V - 1, as they are, adds noise within the step
of a pixel to every batch afresh, and the first ActNorm gives each channel of logits mean 0 and variance 1.
The prior is a coupling that moves what leaves at a level by what is handed on: the mean and scale of z_k given h_k are
those that a convolution computes (Kingma and Dhariwal 2018, arXiv:1807.03039, in its code).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from nfscratch import validate
from nfscratch.bijections import Coupling, MultiScale, PixelLevels, channel_mask
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.excerpt import excerpt
from nfscratch.flows.dequantized import Dequantized
from nfscratch.flows.pixel_noise import pixel_noise
from nfscratch.flows.recipe import on_base
from nfscratch.nets import ConvNet, Network
from nfscratch.transformers import Affine

Shape = tuple[int, int, int]
NOISES = ("uniform", "learned")
MOST_LEVELS = 3


def for_pixels(
    shape: Shape,
    levels: Sequence[Bijection],
    values: int,
    alpha: float | None,
    noise: str,
    embed: Network | None = None,
) -> Dequantized:
    """`levels` in the order in which z meets them, the last one for images of logits of the given shape."""
    validate.choice("noise", noise, NOISES)
    chain = Chain([MultiScale(levels), PixelLevels(shape, values, alpha)])
    flow = on_base(prod(shape), chain, embed=embed)
    return Dequantized(flow, pixel_noise(shape) if noise == "learned" else None, values)


def image_shape(shape: Shape) -> Shape:
    """(C, H, W), or ValueError."""
    try:
        C, H, W = validate.event_shape("shape", shape, axes=(3,))
    except ValueError:
        raise ValueError(f"shape must be (C, H, W), such as (1, 28, 28); got {excerpt(shape)}") from None
    if W in (1, 3) and min(C, H) > 3:
        raise ValueError(f"shape must be (C, H, W), channels first: ({W}, {C}, {H}); got {excerpt(shape)}")
    return C, H, W


def checked_levels(shape: Shape, levels: int | None) -> int:
    """How many times the image is squeezed. None: up to 3 times, while 2 divides both sides and 2 pixels remain."""
    _, H, W = shape
    possible = [n for n in range(1, MOST_LEVELS + 1) if not (H % 2**n or W % 2**n) and (n == 1 or min(H, W) > 2**n)]
    if levels is None and possible:
        return possible[-1]
    n = 1 if levels is None else validate.size("levels", levels)
    if H % 2**n or W % 2**n:
        remedy = f"levels={possible[-1]} would do" if possible else "pad the images to an even size"
        raise ValueError(
            f"shape must have a height and a width that 2^levels = {2**n} divides; got {H} x {W}: {remedy}"
        )
    return n


def multi_scale_levels(
    shape: Shape, levels: int, level: Callable[[Shape, bool], list[Bijection]], prior: bool, context_dim: int
) -> list[Bijection]:
    """Levels in the order in which z meets them.

    level(shape, deepest): the layers of one in that order, for images of the given shape on their data's side.
    """
    validate.choice("prior", prior, (True, False))
    found: list[Bijection] = []
    for k in range(levels):
        deepest = k == levels - 1
        layers = level(shape, deepest)
        inner = layers[0].in_shape
        before = [_prior(inner, context_dim)] if prior and not deepest else []
        found.insert(0, Chain([*before, *layers]))
        shape = (inner[0] // 2, *inner[1:])
    return found


def _prior(shape, context_dim):
    """Moves the channels that leave, by those that are handed on: the first half."""
    return Coupling(Affine(), channel_mask(shape), ConvNet(()), context_dim)
