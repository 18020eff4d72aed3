"""How many objects a description asks for: what they cost is time, whatever the tensors hold.

    objects(part) = 1 + the layers of a network + objects(each part in it)            a Stack: `count` times its layer

A stack of 300,000 planar layers has 40 bytes a layer, so that a file has room for them, and takes ten seconds to build.
So a flow has at most 8,192 objects: 8,180 permutations took 0.53 seconds to load. `nf.save` refuses what
`nf.load` would, by the same rule. A flow with parts of the caller's own is of any size, in both.
"""

from __future__ import annotations

from typing import Any

from nfscratch.checkpoint.described_part import Described, parts_in
from nfscratch.checkpoint.header import CheckpointError

MOST = 2**13
LAYERS = ("hidden", "channels", "widths")  # lists with a number for each layer of a network
REPEATED = {"ResidualConvNet": "blocks", "MaskEnsemble": "masks"}  # as many of their own


def judge(description: Any) -> None:
    """Refuse a description of more objects than are built in about a second."""
    asked = objects(description)
    if not asked <= MOST:
        raise CheckpointError(f"the flow must have at most {MOST} parts, with each layer of a Stack; got {asked:.7g}")


def objects(value: Any) -> float:
    """The number of objects in a description."""
    return sum(map(_of_part, parts_in(value)))


def _of_part(description):
    part = Described(description)
    inside = sum(map(objects, part.fields.values()))
    if part.name == "Stack":
        return 1 + max(part.whole("count"), 1.0) * inside
    own = part.whole(REPEATED[part.name]) if part.name in REPEATED else 0.0
    return 1 + own + inside + sum(part.count(field) for field in LAYERS if field in part.fields)
