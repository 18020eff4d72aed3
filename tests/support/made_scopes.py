"""A part of a text, and the variables of the function that it stands in, made by hand for pieces of check/repair."""

import ast
import gc
from contextlib import contextmanager

import numpy as onp

from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.scope import Scope


def scope_of(function=None, module=(), named=(), **held):
    """The variables of a function: `held` are its own, `module` those of the module beside np."""
    scope = object.__new__(Scope)
    scope.function = ast.parse(function).body[0] if isinstance(function, str) else function
    scope.module, scope.locals, scope.met, scope.pool = {"np": onp, **dict(module)}, held, set(), []
    scope.named, scope.file = {*scope.module, *named}, __file__
    return scope


def place_in(text, part, last=False):
    """The first place with this source, or the last one."""
    found = [p for p in places(ast.parse(text)) if source(p.node) == part]
    return found[-1 if last else 0]


def tree(text):
    return ast.parse(text, mode="eval").body


def text_of(new):
    """The text of an expression that Python can compile."""
    compile(ast.fix_missing_locations(ast.Expression(new)), "<made>", "eval")
    return source(new)


@contextmanager
def nothing_older():
    """Who refers to a thing is asked of all objects: those that were there before hold none of what a test makes."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
