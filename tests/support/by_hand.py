"""Places of a line of source, and the variables of a function, made by hand for what is tried in their places."""

import ast

from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.scope import Scope


def place_of(text, part, nth=0):
    """The nth place of a source at which an expression or a statement stands."""
    return [p for p in places(ast.parse(text)) if source(p.node) == part][nth]


def expression(text):
    return ast.parse(text, mode="eval").body


def texts(nodes):
    """The source of each of them; a row of statements would have one, too."""
    nodes = list(nodes)
    assert all(isinstance(node, ast.AST) for node in nodes)
    return [source(node) for node in nodes]


def scope_of(function=None, module=(), named=(), pool=(), met=(), file="f.py", **held):
    """The variables `held` of a function, and those of its module. named: those of the module that functions read.

    pool: sources of expressions. met: functions of the user's that the run came to. file: where all this stands.
    """
    made = object.__new__(Scope)
    made.function = None if function is None else ast.parse(function).body[0]
    made.module, made.locals, made.named = dict(module), held, {*named}
    made.met, made.file, made.pool = {id(f.__code__) for f in met}, file, [expression(text) for text in pool]
    return made
