"""Parts whose fields have the types that their class states: True for a network, or a text for a number, is refused.

    class Bijection(TypedFields), class Network(TypedFields), ...

    int, float     a number, also one of NumPy's; a whole number is a float too; True and False are neither
    bool           True, False, 0 or 1
    Sequence[t], tuple[t, ...], tuple[t, t, t]     a list, a tuple or an array, each entry a t
    a class        an instance of it                          t | u     one of them

A part checks the values of its fields in `__post_init__`, and its messages say what it needs. The types are looked at
after that, or where the check raised an error that says nothing. A field that takes other types too has them in its
annotation. Before all that a number of NumPy's, or of a subclass of int or float such as an IntEnum, becomes an int or
a float, alone or in a list: 200 as a uint8 overflows, and beside arrays of float32 NumPy takes the others for float64.
The classes of a caller are not checked. A file's values are checked before a part is made of them
(checkpoint/rebuilding.py), and more strictly: a list in a file is a list, never an array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as onp

from nfscratch.excerpt import excerpt

LISTS = (list, tuple)
BOOLS = (bool, onp.bool_)
PLAIN = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", NoneType: "None"}
KINDS = {int: "iu", float: "iuf", bool: "b"}  # the kinds of dtypes whose entries fit
METHODS = ("init", "forward", "apply", "march")  # an object that has one of these methods may be a part
LARGEST = int(onp.finfo(float).max)
SAYS = "; got "  # how the package's own messages end


class TypedFields:
    """The base of all contracts. It checks the fields of the package's own classes."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if "__post_init__" in vars(cls) or not hasattr(cls, "__post_init__"):
            cls.__post_init__ = _checking(vars(cls).get("__post_init__", _nothing))


def _nothing(self, *arguments):
    """The `__post_init__` of a part that has none."""


def _checking(own: Callable) -> Callable:
    """A `__post_init__` that runs `own`, and then checks the types of the fields."""

    @wraps(own)
    def __post_init__(self, *arguments):  # of a caller's own part: its InitVars
        if type(self).__post_init__ is not __post_init__:  # a subclass called it, and checks when it is done itself
            return own(self, *arguments)
        _plain_numbers(self)
        try:
            own(self, *arguments)
        except Exception as error:
            if SAYS in str(error) or not (why := _odd_field(self)):
                raise
            raise TypeError(why) from error
        if why := _odd_field(self):
            raise TypeError(why)

    return __post_init__


def _plain_numbers(part):
    """The numbers in the fields of a part, as ints and floats: arithmetic with one of NumPy's stays in its dtype."""
    if not _is_ours(type(part)) or not is_dataclass(part):
        return
    for field in fields(part):
        value = getattr(part, field.name, None)
        if (plain := plain_numbers(value)) is not value:
            object.__setattr__(part, field.name, plain)


def plain_numbers(value: Any) -> Any:
    """A number of another type as an int or a float, and a list of such numbers as one of these; else as it is."""
    if _is_odd(type(value)):
        return int(value) if isinstance(value, (int, onp.integer)) else float(value)
    if type(value) is onp.ndarray and value.ndim == 1 and value.dtype.kind in "iu":
        return tuple(value.tolist())
    if type(value) in LISTS and any(map(_is_odd, set(map(type, value)))):
        return type(value)(map(plain_numbers, value))
    return value


def _is_odd(kind):
    """Whether it is a type of real numbers, neither Python's own nor of truths."""
    return issubclass(kind, (int, float, onp.integer, onp.floating)) and kind not in (bool, int, float)


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
    """A sentence about the first value that is not of its field's type; "" where there is none."""
    hints = stated(part)
    for name, value in values.items():
        if name in hints and not fits(value, hints[name], of_a_file):
            items = value if isinstance(value, LISTS) else (value,)
            too_large = any(type(item) is int and _is_too_large(item) for item in items)
            return f"{name} must be {_named(hints[name])}{', finite as a float' * too_large}{SAYS}{excerpt(value)}"
    return ""


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
        return all(fits(item, hint, of_a_file) for item in _to_check(value, hint))
    if of_a_file or not getattr(value, "shape", ()) or not hasattr(value, "dtype"):  # a flow has a shape, too
        return False
    return hint is Any or value.dtype.kind in KINDS.get(hint, "")


def _to_check(items, hint):
    """The items to check: one of each type where that is enough. A forged file may hold half a million numbers."""
    if hint is bool or not {type(item) for item in items} <= {int, float, str}:
        return items
    of_type = {type(item): item for item in items}
    if hint is float and int in of_type:  # a whole number may be too large
        of_type[int] = max((item for item in items if type(item) is int), key=abs)
    return of_type.values()


def _is_number(value, hint):
    if isinstance(value, BOOLS):
        return hint is bool
    if isinstance(value, (int, onp.integer)):
        return value in (0, 1) if hint is bool else hint is int or not _is_too_large(value)
    return hint is float and isinstance(value, (float, onp.floating))


def _is_too_large(n):
    """Whether a whole number is beyond the largest float."""
    return abs(int(n)) > LARGEST


def _may_be_a_part(value):
    """Whether `value` may be a part of a caller's own class. The package's own objects are told by their class."""
    if isinstance(value, type) or _is_ours(type(value)):
        return False
    return any(callable(getattr(value, method, None)) for method in METHODS)


def _is_ours(kind):
    return kind.__module__.partition(".")[0] == __package__


def _named(hint):
    """An annotation in words, for messages."""
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_named(each) for each in get_args(hint))
    if get_args(hint):
        return f"a list, each entry {_named(get_args(hint)[0])}"
    if hint in PLAIN or hint in (Sequence, tuple, list):
        return PLAIN.get(hint, "a list")
    return f"{'an' if hint.__name__[0] in 'AEIOU' else 'a'} {hint.__name__}"
