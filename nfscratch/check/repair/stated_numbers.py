"""StatedNumbers: the numbers that a user's file states, each of which can be exchanged for another one for a while.

A, B = 2.0, 3.0                  of a module: what it made from them is made again
class Layer: slope = 0.2         of a class
self.slope = slope               of objects, where __init__ does nothing else with it

With a stale rest the functions would disagree without a mistake, so that a number is left out where another line of
__init__ reads it, too.
"""

from __future__ import annotations

import ast
import gc
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from textwrap import dedent
from typing import Any

from nfscratch.check.repair.edit import places
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made import made_statements

OTHER = 0.9375  # times as large: a contraction is one still
MOST = 12  # objects of one class

Exchange = Callable[[], AbstractContextManager[bool]]  # False: nothing can be made of it


def stated_numbers(reached: Reached) -> Iterator[Exchange]:
    """Of the modules, classes and objects whose functions a run met."""
    for made in made_statements(reached, reached.lines):
        for place in [place for place in places(made.tree) if _is_stated(place)]:
            yield partial(_made_with, made, place.exchanged(ast.Constant(OTHER * place.node.value)))
    for cls in _classes(reached):
        yield from (partial(_held_with, [cls], name) for name in _floats(vars(cls)) if _is_alone(cls, name))
        objects = [o for o in gc.get_referrers(cls) if type(o) is cls and hasattr(o, "__dict__")][:MOST]
        names = dict.fromkeys(name for o in objects for name in _floats(vars(o)))
        yield from (partial(_held_with, objects, name) for name in names if _is_alone(cls, name))


def _is_stated(place):
    """Whether it is a number with a point, and no argument: a shape, a seed."""
    number = isinstance(place.node, ast.Constant) and type(place.node.value) is float and place.node.value != 0
    return number and not any(isinstance(n, (ast.Call, ast.Subscript)) for n in place.above)


def _floats(held):
    return [name for name, v in held.items() if isinstance(v, float) and v != 0 and not name.startswith("__")]


def _classes(reached):
    """The user's own classes whose methods were met, and which say nothing of how attributes are set."""
    found = {}
    for key, code in reached.codes.items():
        me = reached.locals[key].get(code.co_varnames[0]) if code.co_argcount else None
        own = getattr(type(me), "__module__", None) == reached.globals[key].get("__name__")
        if own and type(me).__setattr__ is object.__setattr__:
            found[type(me)] = None
    return list(found)


def _is_alone(cls, name):
    """Whether nothing was made of it when an object was made."""
    makers = [vars(cls).get(maker) for maker in ("__init__", "__post_init__")]
    try:
        trees = [ast.parse(dedent(inspect.getsource(maker))) for maker in makers if maker is not None]
    except (OSError, TypeError, SyntaxError):
        return False
    read = [n for tree in trees for n in ast.walk(tree) if isinstance(getattr(n, "ctx", None), ast.Load)]
    of_self = [n for n in read if isinstance(n, ast.Attribute) and n.attr == name]
    return not of_self and sum(getattr(n, "id", "") == name for n in read) <= 1


@contextmanager
def _made_with(made: Any, edit: Any) -> Iterator[bool]:
    with ExitStack() as stack:
        stack.enter_context(edit.done())
        try:
            stack.enter_context(made.edited())
            stands = True
        except ValueError:
            stands = False
        yield stands


@contextmanager
def _held_with(owners: list[Any], name: str) -> Iterator[bool]:
    old = [(owner, vars(owner)[name]) for owner in owners if name in vars(owner)]
    try:
        for owner, value in old:
            setattr(owner, name, OTHER * value)
        yield True
    finally:
        for owner, value in old:
            setattr(owner, name, value)
