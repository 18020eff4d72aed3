"""Endless forgeries of a good file, honestly sealed: any place of it holds what belongs there least."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as onp

from hostile.forging import DTYPES, Pieces

ODD = (
    *(None, True, False, -1, 0, 1, 3, 1000, 10**6, 10**9, 10**15, 2**63, 10**300, -(2**63)),
    *(0.0, -1.0, 0.5, 2.5, 1e-300, 1e300, "", "relu", "MLP", "os.system", "S100000000", "\x00", "x" * 5000),
    *([], {}, [1], [[]] * 3, [[[]]], [0] * 3000, {"a": 1}),
    *({"float": "nan"}, {"float": "inf"}, {"float": "-inf"}, {"numpy": "float32", "value": 1e300}),
    *({"numpy": "int64", "value": 3}, {"numpy": "bool", "value": 2}, {"tuple": []}, {"tuple": [1]}),
    *({"tuple": [10**9, 10**9]}, {"dict": []}, {"dict": [["a", 1]]}, {"dict": [[[], 1]]}, {"own": "Mine"}),
    *({"part": "ActNorm", "fields": {"dim": 2}}, {"part": "MLP", "fields": {"hidden": {"tuple": [4]}}}),
    *({"part": "Exp", "fields": {}}, {"part": "RK4", "fields": {"steps": 10**9}}, {"part": "Flow"}),
    *({"dtype": "S1000000000", "array": [""]}, {"dtype": "<f8", "array": []}, {"array": [1], "dtype": "O"}),
)


def copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of everything in a value of JSON."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from places(child)


def _any(rng, items):
    return items[int(rng.integers(len(items)))]


def _odd_or_swapped(value, rng, other):
    """A value of JSON with one place of it odd, or one that stands elsewhere in it or in another."""
    holder = {"": copied(value)}
    node, key = _any(rng, list(places(holder)))
    draw = rng.random()
    if draw < 0.3:
        node[key] = copied(node_of(rng, holder[""] if draw < 0.2 else other, node[key]))
    elif draw < 0.4 and isinstance(node, dict) and node is not holder:
        del node[key]
    elif draw < 0.5 and isinstance(node, list):
        node.insert(int(key), copied(node[key]))
    elif draw < 0.6 and type(node[key]) in (int, float):
        node[key] = type(node[key])(10 ** rng.uniform(0, 14)) if rng.random() < 0.7 else -node[key]
    else:
        node[key] = copied(_any(rng, ODD))
    return holder[""]


def node_of(rng, value, default):
    found = list(places(value))
    if not found:
        return default
    node, key = _any(rng, found)
    return node[key]


# --- what is changed ---


def a_field(pieces, rng, other):
    pieces.description = _odd_or_swapped(pieces.description, rng, other.description)


def several_fields(pieces, rng, other):
    for _ in range(int(rng.integers(2, 5))):
        a_field(pieces, rng, other)


def a_field_of_each_part(pieces, rng, other):
    """A stack of what there is, or another flow's description over this one's tensors."""
    fields = pieces.description.get("fields", {}) if isinstance(pieces.description, dict) else {}
    if "bijection" in fields and rng.random() < 0.7:
        count = int(10 ** rng.uniform(0, 12))
        fields["bijection"] = {"part": "Stack", "fields": {"layer": fields["bijection"], "count": count}}
    else:
        pieces.description = copied(other.description)


def a_tensor(pieces, rng, other):
    name = _tensor(pieces, rng)
    if name is not None:
        pieces.tensors[name] = _any(rng, TENSORS)(pieces.tensors[name], rng)


def two_tensors(pieces, rng, other):
    one, two = _tensor(pieces, rng), _tensor(pieces, rng)
    if one is not None:
        pieces.tensors[one], pieces.tensors[two] = pieces.tensors[two], pieces.tensors[one]


def a_tensor_more_or_less(pieces, rng, other):
    name = _tensor(pieces, rng)
    if rng.random() < 0.5 and name is not None:
        del pieces.tensors[name]
    else:
        pieces.tensors[_any(rng, ("extra", "", "a/b", "bijection/0", "__proto__"))] = onp.zeros(2)


def an_entry(pieces, rng, other):
    """What the header says of a tensor is not so."""
    name = _tensor(pieces, rng)
    if name is not None:
        key = _any(rng, ("dtype", "shape", "data_offsets", "more"))
        pieces.entries[name] = {key: _any(rng, (*ODD, [2**32, 2**32], [0, 2**60], [0, 8], "F64", "F32", "F8", "I64"))}


def the_tree(pieces, rng, other):
    tree = _odd_or_swapped(json.loads(pieces.texts["tree"]), rng, json.loads(other.texts["tree"]))
    pieces.texts["tree"] = json.dumps(tree)


def a_text(pieces, rng, other):
    key = _any(rng, ("format", "version", "kind", "config", "own", "metadata", "tree", "more"))
    pieces.honest_hash = key != "config"
    pieces.texts[key] = _any(rng, ("", "0", "2", "run", "flow", "null", "[" * 5000, '"' + "x" * 10**5 + '"', "[1e999]"))


def _tensor(pieces, rng):
    return _any(rng, sorted(pieces.tensors)) if pieces.tensors else None


def _of_dtype(array, rng):
    with onp.errstate(all="ignore"):
        return array.astype(DTYPES[_any(rng, sorted(DTYPES))])


def _filled(array, rng):
    new = array.copy()
    with onp.errstate(all="ignore"):
        value = _any(rng, (onp.nan, onp.inf, -onp.inf, 1e300, 1e-300, -1e30, 0, -1, 2**40))
        value = onp.nan_to_num(value) if array.dtype.kind not in "f" else value
        value = onp.array(value).astype(array.dtype)
    new.reshape(-1)[slice(None) if rng.random() < 0.5 or not new.size else int(rng.integers(new.size))] = value
    return new


TENSORS: tuple[Callable, ...] = (
    _of_dtype,
    _filled,
    lambda array, rng: array.T.copy(),
    lambda array, rng: array[None],
    lambda array, rng: array.reshape(-1),
    lambda array, rng: onp.concatenate([array.reshape(-1)] * 2),
    lambda array, rng: array.reshape(-1)[:-1],
    lambda array, rng: onp.zeros(0, array.dtype),
    lambda array, rng: onp.zeros((0, 2**20), array.dtype),
    lambda array, rng: array.reshape(-1)[::-1].copy(),
    lambda array, rng: rng.permutation(array.reshape(-1).copy()).reshape(array.shape),
)

KINDS = (a_field, several_fields, a_field_of_each_part, a_tensor, two_tensors, a_tensor_more_or_less)
KINDS += (an_entry, the_tree, a_text)
SHARES = (0.4, 0.15, 0.05, 0.15, 0.03, 0.05, 0.07, 0.05, 0.05)


def forgeries(content: bytes, rng: onp.random.Generator, others: tuple[bytes, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """(kind, forged content), without end."""
    while True:
        pieces, kind = Pieces(content), KINDS[int(rng.choice(len(KINDS), p=SHARES))]
        kind(pieces, rng, Pieces(_any(rng, others)) if others else pieces)
        yield kind.__name__, pieces.sealed()
