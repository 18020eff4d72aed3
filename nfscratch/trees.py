"""Parameter trees: nested dicts and lists whose leaves are arrays, and the flat vector that an optimizer sees.

    leaves(tree)            the trainable arrays, in a fixed order
    flatten(tree)           -> (flat, tree'): one contiguous vector, and the same tree whose leaves are views of it
    gather(grads, out)      the leaves of a gradient tree, written side by side into a vector like `flat`

What is stored but not trained (the mean and scale of Standardize, running statistics) stands under the reserved key
"fixed": none of these functions counts it as trainable, and the tree carries it along.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.autodiff.boxes import raw, raw_tree

FIXED = "fixed"
Tree = Any


def leaves(tree: Tree) -> list[Any]:
    """The trainable leaves: depth first, dicts in the order of their sorted keys; "fixed" subtrees are passed over."""
    found: list[Any] = []
    _collect(tree, found)
    return found


def _collect(tree, found):
    """Append the leaves. (Called at every step: one list for all, no generators, and no call for a plain array.)"""
    if isinstance(tree, dict):
        tree = [tree[key] for key in sorted(tree) if key != FIXED]
    elif not isinstance(tree, (list, tuple)):
        found.append(tree)
        return
    for child in tree:
        if type(child) is onp.ndarray:
            found.append(child)
        else:
            _collect(child, found)


def named_leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """Pairs of path ("bijection/0/shift") and trainable leaf."""
    if isinstance(tree, dict):
        children: Any = ((key, tree[key]) for key in sorted(tree) if key != FIXED)
    elif isinstance(tree, (list, tuple)):
        children = enumerate(tree)
    else:
        yield path, tree
        return
    for key, child in children:
        yield from named_leaves(child, f"{path}/{key}" if path else str(key))


def map_leaves(fun: Callable[[Any], Any], tree: Tree, fixed: Callable[[Any], Any] | None = None) -> Tree:
    """Apply `fun` to every trainable leaf, and `fixed` (default: `fun` too) to every stored one."""
    if isinstance(tree, dict):
        return {
            key: map_leaves(fixed or fun, tree[key]) if key == FIXED else map_leaves(fun, tree[key], fixed)
            for key in sorted(tree)
        }
    if isinstance(tree, (list, tuple)):
        return type(tree)(map_leaves(fun, value, fixed) for value in tree)
    return fun(tree)


def is_finite(tree: Tree) -> bool:
    """Whether all numbers of the tree are, stored ones too."""
    found: list[bool] = []
    map_leaves(lambda leaf: found.append(bool(onp.isfinite(leaf).all())), tree)
    return all(found)


def copy(tree: Tree) -> Tree:
    """A tree of new arrays with the same values."""
    return map_leaves(lambda leaf: leaf.copy(), tree)


def cast(tree: Tree, dtype: Any = None) -> Tree:
    """The tree on the active backend, in `dtype` (default: the active one): how host-made parameters enter."""
    return map_leaves(lambda leaf: backend.asarray(leaf, dtype), tree)


def first_array(tree: Tree) -> Any:
    """Any array of the tree, stored ones too, or None: it tells the tree's dtype and kind of array."""
    kind = type(tree)  # (asked at every log_prob: isinstance is a call)
    if kind is dict:
        tree = tree.values()
    elif kind is not list and kind is not tuple:
        return tree
    for child in tree:
        if (array := first_array(child)) is not None:
            return array
    return None


def array_like(tree: Tree) -> Any:
    """An array that tells dtype and backend: one of the tree's, or the active ones where it has none."""
    array = first_array(raw(tree))
    return backend.asarray([]) if array is None else array


def count(tree: Tree) -> int:
    """How many numbers are trained."""
    return sum(leaf.size for leaf in leaves(tree))


def flatten(tree: Tree) -> tuple[Any, Tree]:
    """One new vector of all trainable numbers, and the tree whose leaves are views of it (stored leaves are copied)."""
    like = first_array(tree)
    if not leaves(tree):
        return backend.asarray([], like=like), copy(tree)
    flat = onp.concatenate([leaf.ravel() for leaf in leaves(tree)])
    return flat, views(flat, tree)


def views(flat: Any, tree: Tree) -> Tree:
    """A tree like `tree` whose trainable leaves are consecutive pieces of `flat`; stored leaves are copied."""
    start = 0

    def piece(leaf: Any) -> Any:
        nonlocal start
        start += leaf.size
        return flat[start - leaf.size : start].reshape(leaf.shape)

    return map_leaves(piece, tree, fixed=lambda leaf: leaf.copy())


def gather(grads: Tree, out: Any) -> Any:
    """Write the leaves of a gradient tree into the vector `out`, in the order of `flatten`."""
    pieces = [grad.reshape(-1) for grad in leaves(grads)]
    return onp.concatenate(pieces, out=out) if pieces else out


def complete(grads: Tree, like: Tree) -> Tree:
    """The gradient tree with zeros under "fixed": every leaf of `like`, as autograd asks for."""
    if isinstance(like, dict):
        return {
            key: map_leaves(onp.zeros_like, value) if key == FIXED else complete(grads[key], value)
            for key, value in like.items()
        }
    if isinstance(like, (list, tuple)):
        return type(like)(complete(grad, value) for grad, value in zip(grads, like, strict=True))
    return grads


def completing(pullback: Callable[[Any], tuple], like: Tree) -> Callable[[Any], tuple]:
    """pullback(g) -> gradient tree of `like`, others; the tree completed, for autograd."""

    def completed(g: Any) -> tuple:
        grads, *others = pullback(g)
        return complete(grads, like), *others

    return completed


def with_fixed_of(source: Tree, tree: Tree) -> Tree:
    """`tree`, with the stored leaves of `source`."""
    if isinstance(tree, dict):
        return {key: source[key] if key == FIXED else with_fixed_of(source[key], tree[key]) for key in tree}
    if isinstance(tree, (list, tuple)):
        return type(tree)(with_fixed_of(a, b) for a, b in zip(source, tree, strict=True))
    return tree


def difference(tree: Any, like: Tree, path: str = "") -> str | None:
    """How `tree` first differs from `like` in keys, lengths, shapes or the kind of its numbers; None where it does not.

    path: where the two stand.
    """
    at = f" at {path}" if path else ""
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != like.keys():
            came = f"the keys {sorted(map(str, tree))}" if isinstance(tree, dict) else f"a {type(tree).__name__}"
            return f"{came}{at}, where a dict of {sorted(like)} is needed"
        children = [(key, tree[key], like[key]) for key in like]
    elif isinstance(like, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(tree) != len(like):
            came = f"{len(tree)} parts" if isinstance(tree, (list, tuple)) else f"a {type(tree).__name__}"
            return f"{came}{at}, where {len(like)} parts are needed"
        children = [(str(k), a, b) for k, (a, b) in enumerate(zip(tree, like, strict=True))]
    else:
        return _other_array(tree, like, at)
    found = (difference(a, b, f"{path}/{key}" if path else key) for key, a, b in children)
    return next((wrong for wrong in found if wrong is not None), None)


def _other_array(array, like, at):
    shape = getattr(array, "shape", None)
    if shape is None or not hasattr(array, "dtype"):
        return f"a {type(array).__name__}{at}, where an array of shape {like.shape} is needed"
    if tuple(shape) != tuple(like.shape) or array.dtype.kind != like.dtype.kind:
        return f"{array.dtype} of shape {tuple(shape)}{at}, where {like.dtype} of shape {tuple(like.shape)} is needed"
    return None


def with_constant_fixed(tree: Tree) -> Tree:
    """The tree, under a derivative, with its stored leaves as constants: the plain definitions start from it."""
    inside = raw(tree)
    if isinstance(inside, dict):
        return {key: raw_tree(tree[key]) if key == FIXED else with_constant_fixed(tree[key]) for key in inside}
    if isinstance(inside, (list, tuple)):
        return type(inside)(with_constant_fixed(tree[i]) for i in range(len(inside)))
    return tree


def row(tree: Tree, k: int) -> Tree:
    """Entry k of every leaf, stored ones too; the tree may be under a derivative."""
    inside = raw(tree)
    if isinstance(inside, dict):
        return {key: row(tree[key], k) for key in inside}
    if isinstance(inside, (list, tuple)):
        return type(inside)(row(tree[i], k) for i in range(len(inside)))
    return tree[k]


def stack(trees: list[Tree]) -> Tree:
    """Equal trees as one: their leaves side by side, along a new first axis."""
    first = trees[0]
    if isinstance(first, dict):
        return {key: stack([tree[key] for tree in trees]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(stack([tree[i] for tree in trees]) for i in range(len(first)))
    return onp.stack(trees)


def add(a: Tree, b: Tree) -> Tree:
    """Sum of two gradient trees, leaf by leaf."""
    if isinstance(a, dict):
        return {key: add(a[key], b[key]) for key in a}
    if isinstance(a, (list, tuple)):
        return type(a)(add(p, q) for p, q in zip(a, b, strict=True))
    return a + b


def total(*grads: Any) -> Any:
    """The sum of arrays, each of which may be None: a gradient that is zero. None where all are."""
    known = [grad for grad in grads if grad is not None]
    return reduce(operator.add, known) if known else None
