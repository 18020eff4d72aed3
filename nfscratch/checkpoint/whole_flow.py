"""save and load: a flow and its parameters, as one file.

    nf.save("moons.safetensors", flow, params)
    flow, params = nf.load("moons.safetensors")

The flow is rebuilt from its description. With parts of your own in it, make the flow yourself and pass it:
`load(path, flow=flow)`; its configuration is compared with the one in the file.

Parameters with NaN or infinity are warned of by both, and refused by neither: no density can be computed with them,
but of a run that has diverged they are what one wants to look at.
"""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

import numpy as onp

from nfscratch import backend, outside
from nfscratch.checkpoint import agreement, atomic, container, header, sizes, stored, tree
from nfscratch.checkpoint.description import canonical, config_hash, describe, difference, own_parts
from nfscratch.checkpoint.header import CheckpointError, about
from nfscratch.checkpoint.rebuilding import build


def save(path: str | os.PathLike, flow: Any, params: Any, *, metadata: Any = None) -> None:
    """Write the flow's description and its parameters, stored ones too, as the file `path`: whole, or not at all.

    metadata: anything that JSON can say; `nfscratch.checkpoint.metadata(path)` reads it.
    Raises CheckpointError for parameters that are not the flow's, and for a part that cannot be described; warns of
    parameters that are NaN or infinite.
    """
    _check_path(path)
    with about(path):
        description = describe(flow)
        agreement.check(flow, params)
        own = list(own_parts(description))
        if not own:  # `load` will judge it so: what it would refuse is not written
            sizes.judge(description, sum(onp.size(leaf) for leaf in tree.split(params)[1].values()))
            stored.judge("params", params)
            with warnings.catch_warnings():  # whoever made the flow has seen them
                warnings.simplefilter("ignore")
                build(description)
        fields = {
            "flow": canonical(description),
            "config": config_hash(description),
            "own": canonical(own[:10]),
            "metadata": _json(metadata),
        }
        container.write(path, "flow", params, fields)
    _warn_if_not_finite(path, params)


def _check_path(path):
    atomic.check(path)
    with about(path):
        atomic.check_place(path)


def load(path: str | os.PathLike, flow: Any = None) -> tuple[Any, Any]:
    """(flow, params) of a file that `save` wrote, the arrays on the active backend, in the dtype that they had.

    flow: the flow to load into; needed where the saved one has parts that are not nfscratch's own.
    Raises CheckpointError, before memory is taken, for a file that is damaged, forged, of another version or flow;
    warns of parameters that are NaN or infinite.
    """
    atomic.check(path)
    with container.opened(path, "flow") as sealed:
        description = _described(sealed)
        flow = _rebuilt(description, sealed) if flow is None else _agreeing(flow, description, sealed)
        params = sealed.read()
        if not any(own_parts(description)):  # of a caller's own part nothing is known
            stored.judge("params", params)
    _warn_if_not_finite(path, params)
    return flow, tree.map_tree(lambda leaf: backend.asarray(leaf, dtype=leaf.dtype), params)


def metadata(path: str | os.PathLike) -> Any:
    """What was passed to `save` as metadata. A large file is judged by its header before all of it is hashed.

    With parts of your own in it, only its seal can be judged.
    """
    atomic.check(path)
    with container.opened(path, "flow") as sealed:
        description = None if sealed.verified else _described(sealed)
        if description is not None and next(own_parts(description), None) is None:
            _rebuilt(description, sealed)
        sealed.verify()
        return header.parse(sealed.fields.get("metadata", "null"), "the metadata")


def _warn_if_not_finite(path, params):
    _, leaves = tree.split(params)
    bad = [name for name, leaf in leaves.items() if not onp.isfinite(leaf).all()]
    if bad:
        others = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        outside.warn(f"{path}: params must be finite to be used; NaN or infinity in {bad[0]}{others}")


def _described(sealed):
    description = header.parse(sealed.fields.get("flow", ""), "the description")
    if sealed.fields.get("config") != config_hash(description):
        raise CheckpointError("the configuration hash must be that of the description; it is another")
    return description


def _rebuilt(description, sealed):
    """The flow of a description that nobody vouches for: nothing is built that its tensors have no room for."""
    own = next(own_parts(description), None)
    if own is not None:
        raise CheckpointError(
            f"{own}, which is not a part of nfscratch: make the flow and pass it as load(path, flow=)"
        )
    sealed.check_dtypes()
    sizes.judge(description, sealed.numbers())
    flow = build(description)
    agreement.check(flow, sealed.shapes(), sealed.numbers())
    return flow


INFINITE = [{"float": text} for text in ("inf", "-inf", "nan")]


def _in_plain_numbers(description):
    """NumPy's numbers as ints and floats, which parts make of them; older files have them as they were given."""
    if isinstance(description, list):
        return [_in_plain_numbers(item) for item in description]
    if not isinstance(description, dict):
        return description
    value = description.get("value")
    if set(description) == {"numpy", "value"} and (type(value) in (int, float) or value in INFINITE):
        return value
    return {name: _in_plain_numbers(item) for name, item in description.items()}


def _agreeing(flow, description, sealed):
    """The caller's own flow, of any size, if it is the one in the file."""
    mine, its = (_in_plain_numbers(d) for d in (describe(flow), description))
    if config_hash(mine) != config_hash(its):
        raise CheckpointError(f"it must be of this flow; it is of another: {difference(its, mine)}")
    agreement.check(flow, sealed.shapes())
    return flow


def _json(value):
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"metadata must be something that JSON can say; {error}") from None
