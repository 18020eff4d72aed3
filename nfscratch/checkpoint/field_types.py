"""Whether the fields of a part are of the types that its class states, before the part is made of them.

A constructor judges the values that its user may get wrong. What a forger puts into a field may be of any type: a truth
for a network, a layer for a number. Every field of a part of the registry is annotated, and that is compared here:

    int, float     a number, also one of NumPy's; a whole one is a float too, a truth is neither
    bool           a truth, 0 or 1
    Sequence[t], tuple[t, ...], tuple[t, t, t]     a list or a tuple, each entry a t
    a class        an instance of it                          t | u     one of them
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as onp

from nfscratch.checkpoint.header import CheckpointError, shown

LISTS = (list, tuple)
TRUTHS = (bool, onp.bool_)
PLAIN = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", NoneType: "None"}


@cache
def stated(part: type) -> dict[str, Any]:
    """The annotations of the fields of a part, by name."""
    hints = get_type_hints(part)
    return {field.name: hints[field.name] for field in fields(part)} if is_dataclass(part) else {}


def refuse_unknown(part: type, given: dict[str, Any]) -> None:
    """Refuse fields that a part does not have. Their names may be of any length, so that no place is made of them."""
    known = stated(part)
    for name in given if is_dataclass(part) else ():
        if name not in known:
            raise CheckpointError(f"the fields of {part.__name__} must be among {', '.join(known)}; got {shown(name)}")


def odd(part: type, values: dict[str, Any]) -> str:
    """What is wrong with the values of the fields, in a few words; "" where each is of its type."""
    hints = stated(part)
    for name, value in values.items():
        if name in hints and not fits(value, hints[name]):
            return f"{name} must be {_named(hints[name])}; got {shown(value)}"
    return ""


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in arguments)
    if hint in (Sequence, tuple, list) or origin in (Sequence, tuple, list):
        entry = arguments[0] if arguments else Any
        return isinstance(value, LISTS) and all(fits(item, entry) for item in _telling(value, entry))
    return _is_number(value, hint) if hint in (int, float, bool) else isinstance(value, hint)


def _telling(items, hint):
    """One item of each type where the type tells enough: a forger's list has half a million numbers."""
    of_type = {type(item): item for item in items}
    return of_type.values() if set(of_type) <= {int, float, str} and hint is not bool else items


def _is_number(value, hint):
    if isinstance(value, TRUTHS):
        return hint is bool
    if isinstance(value, (int, onp.integer)):
        return hint is not bool or value in (0, 1)
    return hint is float and isinstance(value, (float, onp.floating))


def _named(hint):
    """An annotation as it is written, without the modules."""
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_named(each) for each in get_args(hint))
    if get_args(hint):
        return f"a list, each entry {_named(get_args(hint)[0])}"
    return PLAIN.get(hint, f"a {hint.__name__}")
