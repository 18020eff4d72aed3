"""Caches: what an object or a function keeps so as not to compute it again.

    if self._weight is None: self._weight = ...        functools.cached_property        functools.lru_cache

A run goes past the lines that made it, and a change of one of them shows only once the cache is empty. A cache counts
as one that may be emptied where its lines draw no numbers, and give the same again.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.recorded import is_users
from nfscratch.check.repair.code_objects import codes, functions_met
from nfscratch.check.repair.computes import RANDOM
from nfscratch.check.repair.live_code import OUTSIDE, Reached


class Caches:
    """Those of the objects and functions that a run met."""

    def __init__(self, reached: Reached, run: Callable[[], Any]):
        self.attributes = [cache for obj in _objects(reached) for cache in _attributes(obj)]
        self.functions = list(_functions(reached))
        if self.attributes and not self._come_again(run):
            self.attributes = []

    def __bool__(self) -> bool:
        return bool(self.attributes or self.functions)

    def empty(self) -> None:
        for obj, name, is_property in self.attributes:
            if is_property:
                vars(obj).pop(name, None)
            else:
                setattr(obj, name, None)
        for function in self.functions:
            function.cache_clear()

    @contextmanager
    def emptied(self) -> Iterator[None]:
        """Empty at first, and at the end: what a changed line has made is not kept."""
        self.empty()
        try:
            yield
        finally:
            self.empty()

    def _come_again(self, run):
        """Whether another run fills all of them with what they held. If not, they hold it again."""
        held = [vars(obj).get(name) for obj, name, _ in self.attributes]
        self.empty()
        try:
            run()
        except Exception:  # of any kind: the mistake itself may raise
            pass
        again = [vars(obj).get(name) for obj, name, _ in self.attributes]
        if all(map(_same, held, again)):
            return True
        for (obj, name, _), value in zip(self.attributes, held, strict=True):
            setattr(obj, name, value)
        return False


def _same(a, b):
    return isinstance(a, (onp.ndarray, float, int)) and onp.array_equal(a, b)


def _objects(reached):
    """The objects that have methods among the functions that ran."""
    values = [v for variables in reached.locals.values() for v in variables.values()]
    values += [part for v in values if isinstance(v, (list, tuple)) for part in v[:50]]
    found = {id(v): v for v in values if hasattr(v, "__dict__") and not isinstance(v, (type, FunctionType))}
    return [v for v in found.values() if any(c.__module__ != "builtins" for c in type(v).__mro__[:1])]


def _attributes(obj):
    """(object, name, whether it is a cached property) of what it keeps."""
    if type(obj).__setattr__ is not object.__setattr__:  # it says itself how attributes are set
        return
    for kind in type(obj).__mro__:
        for name, member in vars(kind).items():
            if (
                isinstance(member, functools.cached_property)
                and _computes(member.func, type(obj))
                and name in vars(obj)
            ):
                yield obj, name, True
            function = member.fget if isinstance(member, property) else member
            if isinstance(function, FunctionType) and _computes(function, type(obj)):
                yield from ((obj, k, False) for k in _kept_by(function) if vars(obj).get(k) is not None)


def _computes(function, kind=None):
    """Whether it is the user's, and no name in it, or in what it calls, speaks of random numbers or of files."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType) or not is_users(code.co_filename):
        return False
    return not (OUTSIDE | RANDOM) & _names_within(function, kind, set())


def _names_within(function, kind, seen):
    """All names of a function and of the user's functions and methods that it names."""
    if id(function) in seen:
        return set()
    seen.add(id(function))
    names = {name for code in codes(function.__code__) for name in code.co_names}
    called = [function.__globals__.get(n) for n in names] + [getattr(kind, n, None) for n in names]
    called = [getattr(f, "fget", f) for f in called]
    users = [f for f in called if isinstance(f, FunctionType) and is_users(f.__code__.co_filename)]
    return names.union(*(_names_within(f, kind, seen) for f in users))


def _kept_by(function):
    """The attributes that it sets where they are None."""
    code = function.__code__
    for node in functions_met(code.co_filename, [line for *_, line in code.co_lines() if line]):
        for test in [n for n in ast.walk(node) if isinstance(n, ast.If) and _asks_for_none(n.test)]:
            stored = [n for s in test.body for n in ast.walk(s) if isinstance(n, ast.Attribute)]
            yield from (n.attr for n in stored if isinstance(n.ctx, ast.Store) and n.attr == test.test.left.attr)


def _asks_for_none(test):
    """self.a is None"""
    asks = isinstance(test, ast.Compare) and isinstance(test.left, ast.Attribute) and isinstance(test.ops[0], ast.Is)
    return asks and getattr(test.comparators[0], "value", 0) is None


def _functions(reached):
    """The user's functions that keep their results."""
    module = [v for variables in reached.globals.values() for v in list(variables.values())]
    members = [m for obj in _objects(reached) for kind in type(obj).__mro__ for m in vars(kind).values()]
    found = {id(v): v for v in [*module, *members] if isinstance(v, functools._lru_cache_wrapper)}
    return [v for v in found.values() if _computes(v.__wrapped__)]
