"""A parameter tree as named tensors and a skeleton, and back.

    {"bijection": [{"W": W}, {}]}   <->   {"bijection/0/W": W}   and   {"bijection": [{"W": null}, {}]}

The names are paths, as a reader of the file would like them. The skeleton says what names cannot: which nodes are
lists, which are dicts or tuples ({"/": [...]}), and which are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.checkpoint.header import DTYPES, CheckpointError
from nfscratch.excerpt import excerpt

TUPLE = "/"  # no key of a tree may hold it


def split(tree: Any, path: str = "") -> tuple[Any, dict[str, onp.ndarray]]:
    """Skeleton, and host arrays by path."""
    if isinstance(tree, dict):
        children = {_checked_key(key, path): split(tree[key], _join(path, key)) for key in sorted(tree, key=str)}
        return {key: skeleton for key, (skeleton, _) in children.items()}, _merged(children.values())
    if isinstance(tree, (list, tuple)):
        parts = [split(child, _join(path, i)) for i, child in enumerate(tree)]
        skeletons = [skeleton for skeleton, _ in parts]
        return {TUPLE: skeletons} if isinstance(tree, tuple) else skeletons, _merged(parts)
    return None, {path: _host_array(tree, path)}


def join(skeleton: Any, leaf: Mapping[str, Any]) -> Any:
    """The tree of a skeleton, with `leaf[path]` at its leaves. Every leaf must be used, and be there."""
    unused = set(leaf)
    tree = _grow(skeleton, leaf, unused, ())
    if unused:
        raise CheckpointError(f"every tensor must have its place in the tree; {excerpt(min(unused))} has none")
    return tree


def map_tree(fun: Callable[[Any], Any], tree: Any) -> Any:
    """`fun` at every leaf."""
    if isinstance(tree, dict):
        return {key: map_tree(fun, value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(map_tree(fun, value) for value in tree)
    return fun(tree)


def _grow(skeleton, leaf, unused, keys):
    """keys: those on the way here. Only at a leaf is their path put together: a forged one may be long."""
    if isinstance(skeleton, dict) and TUPLE in skeleton:
        children = skeleton[TUPLE]
        if len(skeleton) > 1 or not isinstance(children, list):
            raise CheckpointError(f"the tree must be of dicts, lists and tuples; got {excerpt(skeleton)}")
        return tuple(_grow(child, leaf, unused, (*keys, i)) for i, child in enumerate(children))
    if isinstance(skeleton, dict):
        return {key: _grow(child, leaf, unused, (*keys, key)) for key, child in skeleton.items()}
    if isinstance(skeleton, list):
        return [_grow(child, leaf, unused, (*keys, i)) for i, child in enumerate(skeleton)]
    if skeleton is not None:
        raise CheckpointError(f"the tree must be of dicts, lists and tuples; got {excerpt(skeleton)}")
    path = "/".join(map(str, keys))
    if path not in unused:
        raise CheckpointError(
            f"every leaf of the tree must have a tensor; {excerpt(path) if path else 'the tree'} has none"
        )
    unused.remove(path)
    return leaf[path]


def _join(path, key):
    return f"{path}/{key}" if path else str(key)


def _merged(parts):
    return {path: array for _, arrays in parts for path, array in arrays.items()}


def _checked_key(key, path):
    if not isinstance(key, str) or not key or "/" in key or key == "__metadata__":
        raise CheckpointError(
            f"keys of params must be texts without '/'; got {excerpt(key)} in {excerpt(path or 'params')}"
        )
    return key


def _host_array(leaf, path):
    array = onp.asarray(backend.to_numpy(leaf), order="C")
    if not hasattr(leaf, "dtype") or array.dtype.newbyteorder("<").str not in DTYPES.values():
        kind = leaf.dtype if hasattr(leaf, "dtype") else type(leaf).__name__
        raise CheckpointError(f"params must be arrays of real numbers; got {kind} at {excerpt(path)}")
    return array
