"""A flow as JSON: a part is the name of its class, and its fields. `rebuilding.py` has the way back.

    MLP((64, 64), "relu")  <->  {"part": "MLP", "fields": {"hidden": {"tuple": [64, 64]}, "activation": "relu"}}

The registry holds the package's own classes; a file names them, and can name nothing else. A caller's own class is
written as {"own": "Name", "fields": ...}: such a flow is saved, and loaded into one that the caller made.
The configuration hash is the SHA-256 of the canonical JSON: names sorted, no blanks.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as onp

from nfscratch import backend, bijections, distributions, flows, models, nets, ode, transformers, typed_fields
from nfscratch.checkpoint.header import CheckpointError
from nfscratch.excerpt import excerpt
from nfscratch.nets.network import ADDED_LATER

MODULES = (bijections, transformers, distributions, nets, ode, flows, models)
LARGEST_WHOLE = 14_000  # bits: Python reads and writes texts of at most 4,300 digits
WHOLE = (flows.Flow, flows.Dequantized)  # contracts that are parts themselves
CONTRACTS = (
    bijections.Bijection,
    transformers.Transformer,
    distributions.Distribution,
    distributions.Conditional,
    nets.Network,
    nets.Velocity,
    ode.Solver,
    models.Likelihood,
    models.Model,
    *WHOLE,
)
SCALARS = {(t := onp.dtype(code)).name: t.type for code in ("?", *"bBefd", *(k + n for k in "iu" for n in "248"))}


@lru_cache(maxsize=1)
def registry() -> dict[str, type]:
    """Every part of the package, by the name of its class."""
    parts: dict[str, type] = {}
    for module in MODULES:
        for part in _parts_of(module):
            if parts.setdefault(_name_of(part), part) is not part:
                raise RuntimeError(f"two parts must not share a name; got {_name_of(part)} twice")
    return parts


def refuse_unknown(part: type, given: dict[str, Any]) -> None:
    """Refuse fields that a part does not have. Their names may be of any length, so that no place is made of them."""
    known = typed_fields.stated(part)
    for name in given if is_dataclass(part) else ():
        if name not in known:
            raise CheckpointError(
                f"the fields of {part.__name__} must be among {', '.join(known)}; got {excerpt(name)}"
            )


def _name_of(part: type) -> str:
    """The name of a class in files: its own, unless it has been renamed since files were written with it."""
    return vars(part).get("saved_as", part.__name__)


def _parts_of(module: ModuleType) -> Iterator[type]:
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, CONTRACTS) and (value in WHOLE or value not in CONTRACTS):
            yield value


def canonical(value: Any) -> str:
    """The one JSON text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def config_hash(description: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(description).encode()).hexdigest()


# --- to JSON ---


def describe(value: Any, where: str = "flow", *, own: bool = False) -> Any:
    """A part or a field as JSON. `own`: what has no description is named by its type, where else it is refused."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, onp.generic) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
        return {"numpy": value.dtype.name, "value": describe(value.item(), where, own=own)}
    if isinstance(value, int):
        if value.bit_length() > LARGEST_WHOLE:
            raise CheckpointError(f"{where} must be below 2^{LARGEST_WHOLE}, to be saved; got a larger number")
        return int(value)
    if isinstance(value, float):
        return float(value) if isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, (tuple, list)):
        items = [describe(item, f"{where}[{i}]", own=own) for i, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {
            "dict": [[describe(k, where, own=own), describe(v, f"{where}[{k!r}]", own=own)] for k, v in value.items()]
        }
    if registry().get(_name_of(type(value))) is type(value):
        return {"part": _name_of(type(value)), "fields": _fields(value, where, own=own)}
    if isinstance(value, CONTRACTS) or (not inspect.isclass(value) and callable(getattr(value, "init", None))):
        return {"own": type(value).__name__, "fields": _fields(value, where, own=True)}
    return _opaque(value, where, own=own)


def _fields(part, where, own):
    if not is_dataclass(part):
        return None
    written = [f for f in fields(part) if f.init and not _left_out(part, f)]
    return {f.name: describe(getattr(part, f.name), f"{where}.{f.name}", own=own) for f in written}


def _left_out(part, field):
    """A field that older files lack is left out at its default: the same part has the same hash as in those files."""
    return field.metadata == ADDED_LATER and getattr(part, field.name) == field.default


def _opaque(value, where, own):
    if not own:
        raise CheckpointError(
            f"{where} must be a number, a text, None, a part, or a tuple, list or dict of these, to be saved; "
            f"got a {type(value).__name__}"
        )
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return {"array": fingerprint(value)}
    return {"opaque": type(value).__name__}


def own_parts(description: Any, path: tuple[str, ...] = ("flow",)) -> Iterator[str]:
    """Places and names of the parts that the registry does not have."""
    if isinstance(description, dict) and "own" in description:
        yield f"{''.join(path)} is a {description['own']}"
    elif isinstance(description, (dict, list)):
        for piece, value in _inside(description):
            yield from own_parts(value, (*path, piece))  # it is put together where it is used: a forger's may be long


def _inside(description):
    """What stands in a description, each with its piece of the path."""
    if isinstance(description, list):
        return [(f"[{i}]", value) for i, value in enumerate(description) if isinstance(value, (dict, list))]
    if isinstance(description.get("fields"), dict):
        return [(f".{field}", value) for field, value in description["fields"].items()]
    return [("", value) for value in description.values()]


def difference(one: Any, other: Any, where: str = "flow") -> str:
    """Where two descriptions part, and how; "" where they do not."""
    if isinstance(one, dict) and isinstance(other, dict) and set(one) == set(other):
        pairs = [(one[k], other[k], where if k in ("fields", "tuple") else f"{where}.{k}") for k in sorted(one)]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(one, other, strict=True))]
    else:
        return "" if canonical(one) == canonical(other) else f"{where} is {_brief(one)}; got {_brief(other)}"
    return next((found for a, b, name in pairs if (found := difference(a, b, name))), "")


def _brief(value):
    if isinstance(value, dict):
        named = next((value[key] for key in ("part", "own", "float") if isinstance(value.get(key), str)), None)
        items = value.get("tuple")  # a forged one may be anything
        return f"a {named}" if named else excerpt(tuple(items) if isinstance(items, list) else value)
    return excerpt(value)


def fingerprint(tree: Any) -> str | None:
    """Dtype, shape and SHA-256 of an array; of a tree, one SHA-256 for all of that; of None, None."""
    if tree is None:
        return None
    if isinstance(tree, dict):
        return config_hash([[key, fingerprint(tree[key])] for key in sorted(tree)])
    if isinstance(tree, (list, tuple)):
        return config_hash([fingerprint(child) for child in tree])
    array = onp.asarray(backend.to_numpy(tree), order="F").T  # data is batch-last: this copies nothing
    digest = hashlib.sha256(array if array.dtype != object else repr(array).encode()).hexdigest()
    return f"{array.dtype.str} {list(array.T.shape)} {digest}"
