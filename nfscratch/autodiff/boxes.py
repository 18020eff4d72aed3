"""Boxes: what autograd puts around an array that is under a derivative. This is the one place that opens them.

A box holds a value, which may itself be a box of an enclosing derivative. A whole dict, list or tuple may be one box.

    contains_box(tree)   whether any part of it is under a derivative
    unbox(tree)          the value of a box, one derivative further out
    raw(value)           the innermost value: no box around it
    raw_tree(tree)       the same for every leaf
    rebox(tree)          a tree that contains boxes, as one box
"""

from __future__ import annotations

from typing import Any

from autograd import builtins
from autograd.extend import defjvp
from autograd.tracer import box_types, isbox, trace_stack

CONTAINERS = {dict, list, tuple}


def contains_box(tree: Any) -> bool:
    """Whether `tree` is a box or has one inside."""
    if type(tree) in box_types:
        return True
    # No derivative is being taken: then a tree has boxes only if somebody kept one, so its first leaf is looked at.
    if trace_stack.top < 0:
        return type(tree) in CONTAINERS and type(_first_leaf(tree)) in box_types
    return _holds_box(tree)


def _first_leaf(tree):
    for part in tree.values() if type(tree) is dict else tree:
        leaf = _first_leaf(part) if type(part) in CONTAINERS else part
        if leaf is not None:
            return leaf
    return None


def _holds_box(tree):
    """This walks through all parameters at every derivative, so it avoids generators, which are slow."""
    kind = type(tree)
    if kind is dict:
        tree = tree.values()
    elif kind is not list and kind is not tuple:
        return kind in box_types
    for part in tree:
        kind = type(part)
        if kind in box_types or (kind in CONTAINERS and _holds_box(part)):
            return True
    return False


def unbox(tree: Any) -> Any:
    """The value of a box; anything else as it is."""
    return tree._value if isbox(tree) else tree


def raw(value: Any) -> Any:
    """The value inside all boxes; anything else as it is."""
    while isbox(value):
        value = value._value
    return value


def raw_tree(tree: Any) -> Any:
    """A tree without any box in it."""
    tree = raw(tree)
    if isinstance(tree, dict):
        return {key: raw_tree(part) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(raw_tree(part) for part in tree)
    return tree


def rebox(tree: Any) -> Any:
    """A dict, list or tuple that *contains* boxes, as one box; anything else as it is.

    autograd sees a box when it is an argument, not when it is inside one: parameters that a network has made are a
    plain dict of boxes.
    """
    if isbox(tree) or not contains_box(tree):
        return tree
    if type(tree) is dict:
        return builtins.dict({key: rebox(part) for key, part in tree.items()})
    return (builtins.list if type(tree) is list else builtins.tuple)([rebox(part) for part in tree])


# autograd has the VJP only; forward mode comes here through `rebox`.
defjvp(builtins._make_dict, lambda g, ans, keys, vals: builtins.dict(zip(keys, g, strict=True)), argnums=(1,))
