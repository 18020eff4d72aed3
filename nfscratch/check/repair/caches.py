"""Caches: what an object or a function keeps so as not to compute it again.

    if self._weight is None: self._weight = ...        functools.cached_property        functools.lru_cache

A run goes past the lines that made it, and a change of one of them shows only once the cache is empty. A cache counts
as one that may be emptied where its lines draw no numbers, and give the same again; and it is emptied for changes of
these lines alone: to fill it may take long.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
        self.attributes = list(_attributes(_objects(reached)))
        self.functions = [each.function for each in _functions(reached) if each.comes_again(run)]
        if self.attributes and not self._come_again(run):
            self.attributes = []
        self.run = run
        self.lines = self._filling(reached) if self else {}

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
    def emptied_for(self, file: str, lines: Iterable[int]) -> Iterator[None]:
        """Empty at first if these lines fill them; at the end they hold what the lines make that stand there then."""
        if not self.lines.get(file, set()).intersection(lines):
            yield
            return
        self.empty()
        try:
            yield
        finally:
            self.empty()
            with suppress(Exception):  # of any kind: the mistake itself may raise
                self.run()

    def _filling(self, reached):
        """The lines that a run meets only when they are empty, by file. `reached` has met them, too, then."""
        full = Reached(self.run).lines
        self.empty()
        reached.goes_through(self.run)
        return {file: lines - full.get(file, set()) for file, lines in reached.lines.items()}

    def _come_again(self, run):
        """Whether another run fills all of them with what they held. If not, they hold it again."""
        held = [vars(obj).get(name) for obj, name, _ in self.attributes]
        self.empty()
        with suppress(Exception):  # of any kind: the mistake itself may raise
            run()
        again = [vars(obj).get(name) for obj, name, _ in self.attributes]
        if all(map(_same, held, again)):
            return True
        for (obj, name, _), value in zip(self.attributes, held, strict=True):
            setattr(obj, name, value)
        return False


def _same(a, b):
    if isinstance(a, (tuple, list)) and type(a) is type(b) and len(a) == len(b):
        return all(map(_same, a, b))
    return isinstance(a, (onp.ndarray, float, int)) and onp.array_equal(a, b)


@dataclass(frozen=True)
class KeptResults:
    """A function that keeps its results, and the variables of a module or the class in which it stands."""

    holder: Any
    name: str
    function: Any

    def comes_again(self, run: Callable[[], Any]) -> bool:
        """Whether it computes anew what it gave in a run: not what was drawn, nor a net that was trained since."""
        given: list[tuple[Any, Any, Any]] = []

        def asked(*arguments: Any, **named: Any) -> Any:
            given.append((arguments, named, self.function(*arguments, **named)))
            return given[-1][2]

        self._put(asked)
        with suppress(Exception):  # of any kind: the mistake itself may raise
            run()
        self._put(self.function)
        try:
            return all(_same(result, self.function.__wrapped__(*a, **named)) for a, named, result in given)
        except Exception:  # the user's own
            return False

    def _put(self, function):
        if isinstance(self.holder, type):
            setattr(self.holder, self.name, function)
        else:
            self.holder[self.name] = function


def _objects(reached):
    """The user's objects that the run's variables hold, by themselves or in lists."""
    values = [
        v for held in (reached.locals, reached.globals) for variables in held.values() for v in variables.values()
    ]
    values += [part for v in values if isinstance(v, (list, tuple)) for part in v[:50]]
    found = {id(v): v for v in values if hasattr(v, "__dict__") and not isinstance(v, (type, FunctionType))}
    return [v for v in found.values() if type(v).__module__ != "builtins"]


def _attributes(objects):
    """(object, name, whether it is a cached property) of what they keep."""
    of_kind: dict[type, list[tuple[str, bool]]] = {}
    for obj in objects:
        if type(obj) not in of_kind:
            of_kind[type(obj)] = list(_kept_by_kind(type(obj)))
        kept = of_kind[type(obj)]
        yield from ((obj, name, is_property) for name, is_property in kept if vars(obj).get(name) is not None)


def _kept_by_kind(kind):
    """(name, whether it is a cached property)"""
    if kind.__setattr__ is not object.__setattr__:  # it says itself how attributes are set
        return
    for name, member in [item for base in kind.__mro__ for item in vars(base).items()]:
        if isinstance(member, functools.cached_property) and _computes(member.func, kind):
            yield name, True
        function = member.fget if isinstance(member, property) else member
        if isinstance(function, FunctionType) and _computes(function, kind):
            yield from ((attribute, False) for attribute in _kept_by(function))


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
    holders = [*reached.globals.values(), *(kind for obj in _objects(reached) for kind in type(obj).__mro__)]
    for holder in {id(holder): holder for holder in holders}.values():
        for name, value in list((vars(holder) if isinstance(holder, type) else holder).items()):
            if isinstance(value, functools._lru_cache_wrapper) and _computes(value.__wrapped__):
                yield KeptResults(holder, name, value)
