"""A description that is of no flow, honestly sealed: a CheckpointError, also beside a flow of one's own.

`load(path, flow=)` builds nothing: it compares descriptions, and says where they part. So it reads what a forger put
anywhere.
"""

import copy

import numpy as onp
import pytest
from test_forged_sizes import sealed

import nfscratch as nf
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
