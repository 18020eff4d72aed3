"""Shapes, levels and pixels of image flows: the rules at their bounds, and what is said of what does not fit."""

from math import log

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.flows import image_recipe


@pytest.mark.parametrize(
    ("size", "most"),
    [
        ((2, 2), 1),
        ((4, 4), 1),  # two pixels remain on each side
        ((4, 6), 1),
        ((8, 8), 2),
        ((16, 16), 3),
        ((64, 64), 3),
        ((12, 12), 2),
        ((8, 2), 1),
    ],
)
def test_an_image_is_squeezed_while_two_pixels_remain(size, most):
    assert image_recipe.checked_levels((1, *size), None) == most
    assert image_recipe.checked_levels((1, *size), 1) == 1


def test_levels_that_do_not_divide_the_sides():
    assert image_recipe.checked_levels((1, 16, 16), 4) == 4
    for size, levels, words in (
        ((6, 6), 2, "2^levels = 4 divides; got 6 x 6: levels=1 would do"),
        ((8, 12), 3, "2^levels = 8 divides; got 8 x 12: levels=2 would do"),
        ((12, 8), 3, "2^levels = 8 divides; got 12 x 8: levels=2 would do"),
        ((5, 4), 1, "2^levels = 2 divides; got 5 x 4: pad the images to an even size"),
        ((4, 5), None, "2^levels = 2 divides; got 4 x 5: pad the images to an even size"),
    ):
        with pytest.raises(ValueError) as caught:
            image_recipe.checked_levels((1, *size), levels)
        assert str(caught.value) == f"shape must have a height and a width that {words}"


def test_channels_come_first():
    for shape in ((1, 28, 28), (3, 4, 3), (4, 3, 3), (4, 4, 2), (3, 3, 1), [onp.int64(1), 2, 2]):
        assert image_recipe.image_shape(shape) == tuple(shape)
    for shape, meant in (((28, 28, 1), "(1, 28, 28)"), ((4, 4, 3), "(3, 4, 4)")):
        with pytest.raises(ValueError) as caught:
            image_recipe.image_shape(shape)
        assert str(caught.value) == f"shape must be (C, H, W), channels first: {meant}; got {shape}"
    for shape in ((28, 28), 5, (0, 4, 4)):
        with pytest.raises(ValueError, match=r"shape must be \(C, H, W\), such as \(1, 28, 28\); got"):
            image_recipe.image_shape(shape)


def test_levels_of_images_meet():
    squeezed = lambda *shape: nf.Squeeze(shape)  # noqa: E731
    with pytest.raises(ValueError) as caught:
        nf.MultiScale([squeezed(1, 4, 4), nf.Reverse((1, 4, 4))])
    assert str(caught.value) == (
        "level 1 must take the height and width of level 0 and more channels, because the others of its z are noise "
        "that enters there; level 0 gives (1, 4, 4), level 1 takes (1, 4, 4)"
    )
    with pytest.raises(ValueError, match="level 2 must take the height and width of level 1"):
        nf.MultiScale([nf.Reverse((1, 2, 2)), nf.Reverse((2, 2, 2)), nf.Reverse((3, 2, 1))])
    with pytest.raises(ValueError, match="MultiScale needs at least one level; got none"):
        nf.MultiScale([])
    layer = nf.MultiScale([nf.Reverse((1, 2, 2)), nf.Reverse((3, 2, 2)), squeezed(1, 8, 8)][:2])
    assert layer.shapes == ((1, 2, 2), (2, 2, 2)) and layer.in_shape == (12,) and layer.out_shape == (3, 2, 2)
    z = onp.arange(12.0)[None]
    x, log_det = layer.forward([{}, {}], z)
    assert x[0].reshape(3, 4).tolist() == [[8, 9, 10, 11], [4, 5, 6, 7], [0, 1, 2, 3]] and log_det.tolist() == [0.0]
    assert layer.inverse([{}, {}], x)[0].tolist() == z.tolist()


def test_levels_of_pixels_and_what_lies_outside():
    layer = nf.PixelLevels(2, 4, 0.1)
    close([layer.low, layer.high], [-0.5, 4.5], 1e-15)
    z, log_det = layer.inverse({}, onp.array([[2.0, 0.0], [2.0, 4.5], [2.0, 5.0]]))
    close(z, [[0.0, log(0.5 / 4.5)], [0.0, 0.0], [0.0, 0.0]], 1e-15)
    close(log_det[0], log(5.0 / 6.25) + log(5.0 / (0.5 * 4.5)), 1e-14)  # 1 / (5 s (1 - s)) each
    assert log_det[1] == log_det[2] == -onp.inf
    terms = layer.terms(onp.array([[2.0, 0.0]]))
    assert list(terms) == ["1 / 4 of the pixel levels", "1 - 2 alpha of the logit", "s (1 - s) of the logit"]
    close(sum(terms.values()), log_det[:1], 1e-14)
    close(terms["1 / 4 of the pixel levels"], [-2.0 * log(4.0)], 1e-15)
    close(terms["1 - 2 alpha of the logit"], [2.0 * log(0.8)], 1e-15)
    assert nf.PixelLevels(2, 8).alpha == 1 / 32
    for alpha in (True, "0.1", 0.5, -1e-9):
        with pytest.raises(ValueError, match=r"alpha must be a number from 0 up to, but less than, 0.5; got"):
            nf.PixelLevels(2, 4, alpha)


def test_the_recipe_puts_levels_pixels_and_noise_together():
    flow = nf.flows.glow((1, 4, 4), 1, 1, 2, values=4, noise="learned")
    assert flow.noise is not None and flow.values == 4 and flow.bijection.layers[1].values == 4
    assert nf.flows.glow((1, 4, 4), 1, 1, 2, values=4).noise is None
    for kind, words in (("loud", "noise must be one of uniform, learned"), (None, "noise must be one of")):
        with pytest.raises(ValueError, match=words):
            nf.flows.glow((1, 4, 4), 1, 1, 2, values=4, noise=kind)
    two = nf.flows.glow((1, 8, 8), 2, 1, 2, values=4)
    levels = two.bijection.layers[0].levels
    assert [level.out_shape for level in levels] == [(2, 4, 4), (1, 8, 8)]
    has_prior = [
        isinstance(level.layers[0], nf.Coupling) and level.layers[0].conditioner.hidden == () for level in levels
    ]
    assert has_prior == [False, True]
    assert not any(
        isinstance(level.layers[0], nf.Coupling) and level.layers[0].conditioner.hidden == ()
        for level in nf.flows.glow((1, 8, 8), 2, 1, 2, values=4, prior=False).bijection.layers[0].levels
    )
