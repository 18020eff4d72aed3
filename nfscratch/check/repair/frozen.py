"""Frozen: the user's own arrays cannot be written into while changes of his functions are tried.

x[:, 1] += t, with a weight in the place of x, would change the weight for all changes that are tried after it. An array
that lies in a file, or in memory that other processes see, would be changed for good: where there is one, nothing is
tried.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from mmap import mmap
from sysconfig import get_path
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

import numpy as onp

from nfscratch.check.repair.live_code import Reached

INSTALLED = get_path("stdlib")
DEEPEST = 4  # an array in a dict of a layer in a list
MOST = 2_000  # of one list


@contextmanager
def frozen(reached: Reached, run: Callable[[], Any]) -> Iterator[None]:
    """The arrays that the functions know, frozen, but for those into which `run` as it is writes."""
    arrays = [a for a in _known(reached) if a.flags.writeable]
    _write(arrays, False)
    if not reached.raised and Reached(run).raised:
        _write(_written(arrays, run), True)
        if Reached(run).raised:  # it is a view of one of them that is written
            _write(arrays, True)
    try:
        yield
    finally:
        _write(arrays, True)


def shares_memory(reached: Reached) -> bool:
    """Whether an array that the functions know lies in a file, or in memory that other processes see."""
    return any(map(_is_mapped, _known(reached)))


def _known(reached):
    variables, seen = [*reached.globals.values(), *reached.locals.values()], {}
    return [a for v in variables for a in _arrays(v, DEEPEST, seen)]


def _is_mapped(array):
    while isinstance(array, onp.ndarray):
        if isinstance(array, onp.memmap):
            return True
        array = array.base
    return isinstance(array.obj if isinstance(array, memoryview) else array, mmap)


def _written(arrays, run):
    """Those whose numbers are others after a run."""
    _write(arrays, True)
    before = [a.tobytes() for a in arrays]
    Reached(run)
    written = [a for a, b in zip(arrays, before, strict=True) if a.tobytes() != b]
    _write(arrays, False)
    return written


def _write(arrays, writeable):
    for a in arrays:
        try:
            a.flags.writeable = writeable
        except ValueError:  # a view of what cannot be written
            pass


def _arrays(value, depth, seen):
    """Arrays that nobody has met yet. seen: {id: (how deep it was looked into, the value, which so stays alive)}"""
    if seen.get(id(value), (-1,))[0] >= depth:
        return
    is_new, seen[id(value)] = id(value) not in seen, (depth, value)
    if isinstance(value, onp.ndarray):
        yield from [value] if is_new else []
    elif depth:
        for part in _parts(value):
            yield from _arrays(part, depth - 1, seen)


def _parts(value):
    """What a row, a table, an object, or a class or a module of the user's holds."""
    if isinstance(value, dict):
        return [v for k, v in list(value.items())[:MOST] if not str(k).startswith("__")]
    if isinstance(value, (list, tuple)):
        return value[:MOST]
    if isinstance(value, (type, ModuleType)):
        return list(vars(value).values())[:MOST] if _is_users(value) else []
    if isinstance(value, FunctionType):
        return []
    return [type(value), *getattr(value, "__dict__", {}).values(), *_in_slots(value)]


def _is_users(value):
    """Whether a class or a module is not built in or installed. One of a notebook has no file, or no module."""
    name = str(value.__name__ if isinstance(value, ModuleType) else value.__module__)
    module = value if isinstance(value, ModuleType) else sys.modules.get(name)
    file = getattr(module, "__file__", None) or ""
    return name not in sys.builtin_module_names and not file.startswith(INSTALLED) and "site-packages" not in file


def _in_slots(value):
    slots = [d for kind in type(value).__mro__ for d in vars(kind).values() if isinstance(d, MemberDescriptorType)]
    for slot in slots if _is_users(type(value)) else []:
        with suppress(AttributeError):  # nothing is in it
            yield slot.__get__(value)
