"""Parts whose fields are of the types that their class states: a truth for a network, a text for a number are refused.

    class Bijection(TypedFields), class Network(TypedFields), ...

    int, float     a number, also one of NumPy's; a whole one is a float too, a truth is neither
    bool           a truth, 0 or 1
    Sequence[t], tuple[t, ...], tuple[t, t, t]     a list, a tuple or an array, each entry a t
    a class        an instance of it                          t | u     one of them

A part judges the values of its fields in `__post_init__`, and says what it needs. Where it takes a value of another
type, or fails at one without saying so, the annotation says it. Parts of a caller's own are left alone. Of a file
(checkpoint/rebuilding.py) the same is asked before the part is made, and more strictly: there an array is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as onp

LISTS = (list, tuple)
TRUTHS = (bool, onp.bool_)
PLAIN = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", NoneType: "None"}
KINDS = {int: "iu", float: "iuf", bool: "b"}  # of an array's dtype, by what its entries are to be
METHODS = ("init", "forward", "apply", "march")  # an object with one of them may stand for a part
SAYS = "; got "  # how the package's own messages end


class TypedFields:
    """The base of all contracts. A class that is none of the package's is not judged."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if "__post_init__" in vars(cls) or not hasattr(cls, "__post_init__"):
            cls.__post_init__ = _judging(vars(cls).get("__post_init__", _nothing))


def _nothing(self, *arguments):
    """A part without a word of its own about its fields."""


def _judging(own: Callable) -> Callable:
    """`own`, a `__post_init__`, and then a look at the fields as it leaves them."""

    @wraps(own)
    def __post_init__(self, *arguments):  # of a caller's own part: its InitVars
        if type(self).__post_init__ is not __post_init__:  # a subclass has called it, and judges at its own end
            return own(self, *arguments)
        try:
            own(self, *arguments)
        except Exception as error:
            if SAYS in str(error) or not (why := _odd_field(self)):
                raise
            raise TypeError(why) from error
        if why := _odd_field(self):
            raise TypeError(why)

    return __post_init__


def _odd_field(part):
    kind = type(part)
    if not _is_ours(kind) or not is_dataclass(kind):
        return ""
    return odd(kind, {name: getattr(part, name) for name in stated(kind) if hasattr(part, name)}, of_a_file=False)


@cache
def stated(part: type) -> dict[str, Any]:
    """The annotations of the fields of a part, by name."""
    hints = get_type_hints(part)
    return {field.name: hints[field.name] for field in fields(part)} if is_dataclass(part) else {}


def odd(part: type, values: dict[str, Any], of_a_file: bool = True) -> str:
    """What is wrong with the values of the fields, in a few words; "" where each is of its type."""
    hints = stated(part)
    for name, value in values.items():
        if name in hints and not fits(value, hints[name], of_a_file):
            return f"{name} must be {_named(hints[name])}{SAYS}{_cut(repr(value))}"
    return ""


def _cut(text, most=60):
    return text if len(text) <= most else f"{text[:most]} ..."


def fits(value: Any, hint: Any, of_a_file: bool = True) -> bool:
    """Whether a value is of an annotated type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(fits(value, each, of_a_file) for each in arguments)
    if hint in (Sequence, tuple, list) or origin in (Sequence, tuple, list):
        return _is_list(value, arguments[0] if arguments else Any, of_a_file)
    if hint in (int, float, bool):
        return _is_number(value, hint)
    return isinstance(value, hint) or (hint not in PLAIN and not of_a_file and _may_be_a_part(value))


def _is_list(value, hint, of_a_file):
    if isinstance(value, LISTS) or (isinstance(value, range) and not of_a_file):
        return all(fits(item, hint, of_a_file) for item in _telling(value, hint))
    if of_a_file or not getattr(value, "shape", ()):
        return False
    return hint is Any or value.dtype.kind in KINDS.get(hint, "")


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


def _may_be_a_part(value):
    """Whether it looks like a part of the caller's own. The package's parts say by their class what they are."""
    if isinstance(value, type) or (isinstance(value, TypedFields) and _is_ours(type(value))):
        return False
    return any(callable(getattr(value, method, None)) for method in METHODS)


def _is_ours(kind):
    return kind.__module__.partition(".")[0] == __package__


def _named(hint):
    """An annotation as it is written, without the modules."""
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_named(each) for each in get_args(hint))
    if get_args(hint):
        return f"a list, each entry {_named(get_args(hint)[0])}"
    if hint in PLAIN or hint in (Sequence, tuple, list):
        return PLAIN.get(hint, "a list")
    return f"{'an' if hint.__name__[0] in 'AEIOU' else 'a'} {hint.__name__}"
