"""A description that is of no flow, honestly sealed: a CheckpointError, also beside a flow of one's own.

`load(path, flow=)` builds nothing: it compares descriptions, and says where they part. So it reads what a forger put
anywhere.
"""

import copy

import numpy as onp
import pytest
from test_forged_sizes import sealed

import nfscratch as nf
from nfscratch.checkpoint import container
from nfscratch.checkpoint.description import describe, difference

FLOW = nf.Flow(nf.StandardNormal(2), nf.Elementwise(nf.Affine(), 2))
ODD = [
    *(None, True, 1, 0.5, "a", "\ud800", [], [[]], {}),
    *(
        {key: value}
        for key in ("tuple", "part", "own", "float", "dict", "numpy")
        for value in (None, 1, True, "a", [], {})
    ),
]


def places(value, path=()):
    """The way to everything in a description, itself among it."""
    yield path
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(child, (*path, key))


def replaced(description, path, value):
    if not path:
        return value
    description = copy.deepcopy(description)
    at = description
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return description


def test_every_difference_to_an_odd_description_has_words():
    own = describe(FLOW)
    for path in places(own):
        for value in ODD:
            forged = replaced(own, path, value)
            for one, other in ((forged, own), (own, forged)):
                assert isinstance(difference(one, other), str)


def test_a_file_with_an_odd_description_is_refused_with_and_without_a_flow_of_ones_own(tmp_path):
    params = FLOW.init(onp.random.default_rng(0))
    for value in (None, 1, True, {}):
        sealed({"tuple": value}, params, tmp_path / "forged")
        for options in ({}, {"flow": FLOW}):
            with pytest.raises(nf.CheckpointError, match="forged: "):
                nf.load(tmp_path / "forged", **options)


def nested(levels, wrap):
    layer = nf.Diagonal(2)
    for _ in range(levels):
        layer = wrap(layer)
    return nf.Flow(nf.StandardNormal(2), layer)


def test_what_load_refuses_for_its_depth_or_its_axes_is_not_written(tmp_path, monkeypatch):
    chain, stack = lambda layer: nf.Chain([layer]), lambda layer: nf.Stack(layer, 1)
    for wrap, most, why in (
        (chain, 99, "at most 400 brackets in one another"),
        (stack, 31, "got 33 axes, more than 32"),
    ):
        for levels, fits in ((most, True), (most + 1, False)):
            flow, path = nested(levels, wrap), tmp_path / f"{levels}"
            params = flow.init(onp.random.default_rng(0))
            if fits:
                nf.save(path, flow, params)
                nf.load(path), nf.load(path, flow=flow)
                continue
            with pytest.raises(nf.CheckpointError, match=why):
                nf.save(path, flow, params)
            assert not path.exists()
            monkeypatch.setattr(container, "_check_readable", lambda *args: None)
            nf.save(path, flow, params)
            monkeypatch.undo()
            for options in ({}, {"flow": flow}):
                with pytest.raises(nf.CheckpointError, match=why):
                    nf.load(path, **options)


def test_a_flow_that_cannot_be_made_of_its_description_is_not_written(tmp_path):
    transformer = nf.Affine()
    flow = nf.Flow(nf.StandardNormal(2), nf.Elementwise(transformer, 2))
    object.__setattr__(transformer, "max_log_scale", 1e300)  # past the constructor
    with pytest.raises(nf.CheckpointError, match=r"transformer cannot be made: .* at most 1e30"):
        nf.save(tmp_path / "flow", flow, flow.init(onp.random.default_rng(0)))
    assert not (tmp_path / "flow").exists()


IMAGE = (2, 2, 2)
CONV = nf.ConvNet((2,), context_channels=1)


def on_images(network, context_dim):
    return nf.Coupling(nf.Affine(), nf.channel_mask(IMAGE), network, context_dim)


def test_channels_of_a_context_are_those_of_an_image_that_is_as_large_as_the_events(tmp_path):
    for network in (CONV, nf.ResidualConvNet(2, 1, context_channels=1), nf.Heads((CONV, CONV))):
        on_images(network, 4)
        for context_dim in (0, 1, 2, 5, 8):
            with pytest.raises(
                ValueError, match=f"context_dim must be 4, because .* of 2 by 2 pixels; got {context_dim}"
            ):
                on_images(network, context_dim)

    class Own(nf.Network):
        sees_images, context_channels = True, 7  # whatever it means by that

    on_images(Own(), 2)
    flow = nf.Flow(nf.StandardNormal(IMAGE), on_images(nf.ConvNet((2,)), 2))
    forged = describe(flow)
    forged["fields"]["bijection"]["fields"]["conditioner"]["fields"]["context_channels"] = 2
    sealed(forged, flow.init(onp.random.default_rng(0)), tmp_path / "forged")
    with pytest.raises(nf.CheckpointError, match="context_dim must be 8"):
        nf.load(tmp_path / "forged")


FOR_ROWS = {
    "Field": lambda net: nf.Field(net),
    "Residual": lambda net: nf.Residual(2, net),
    "Continuous": lambda net: nf.Continuous(net, 2),
    "Conditioned": lambda net: nf.Conditioned(nf.Planar(2), net, 3),
    "ConditionedBase": lambda net: nf.ConditionedBase(nf.DiagonalNormal(2), net, 3),
    "StandardizedInput": lambda net: nf.StandardizedInput(net),
    "embed": lambda net: nf.Flow(nf.StandardNormal(2), nf.Coupling(nf.Affine(), (True, False), context_dim=3), net),
    "a recipe's embed": lambda net: nf.flows.maf(2, context_dim=3, embed=net),
    "encoder": lambda net: nf.models.AutoEncoder(net, nf.MLP((3,)), 2),
    "decoder": lambda net: nf.models.FreeForm(nf.MLP((3,)), net),
    "generator": lambda net: nf.models.GAN(net, nf.MLP((3,)), 2),
    "critic": lambda net: nf.models.GAN(nf.MLP((3,)), net, 2),
}


def test_a_network_of_images_is_refused_where_rows_go_in():
    for make in FOR_ROWS.values():
        make(nf.MLP((3,)))
        for net in (nf.ConvNet((2,)), nf.ResidualConvNet(2, 1), nf.Heads((nf.ConvNet((2,)), nf.ConvNet((2,))))):
            with pytest.raises(ValueError, match="must take rows of numbers; got a "):
                make(net)
    with pytest.raises(ValueError, match="Heads needs networks that all see images, or none of them"):
        nf.Heads((nf.ConvNet((2,)), nf.MLP((3,))))
