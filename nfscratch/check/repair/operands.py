"""Operands: the expressions that could stand at another place of a user's function.

own       what the function itself reads, up to a length; its arrays
others'   what other functions read, as far as this one knows the variables, and with its argument for theirs
varied    the function's own calls and elements with another variable of the same shape: diag(R2) beside diag(R1)
inverted  exp(-s) of all these where exp(s) is one, and exp(s) where exp(-s) is: the other direction has the other
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import numpy as onp

from nfscratch.check.repair.edit import Place, source
from nfscratch.check.repair.expressions import ENDLESS
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.siblings import renamed

KINDS = (ast.Name, ast.Subscript, ast.Attribute, ast.Call, ast.BinOp, ast.UnaryOp)
OWN, OTHERS, VARIED = 48, 24, 24  # so many of each
LONGEST = 40  # characters
CHANGING = {"append", "extend", "insert", "pop", "remove", "update", "setdefault", "clear", "sort", "reverse", "fill"}
NO_OPERAND = CHANGING | {"next", "range", "enumerate", "zip", "print", "copyto", "put", "add", "send", "list", "iter"}


def operands(met: Iterable[Place], function: ast.AST, scope: Scope) -> list[ast.expr]:
    """Deep copies, so that a node does not come to stand within itself."""
    here, there, of = {}, {}, {}
    for place in met:
        if _is_operand(place):
            if place.function is not function:
                of.setdefault(source(place.node), place.function)
            (here if place.function is function else there).setdefault(source(place.node), place.node)
    short = {k: v for k, v in here.items() if len(k) <= LONGEST}
    found = dict(list(short.items())[:OWN])
    arrays = [k for k, v in scope.values.items() if getattr(v, "ndim", 0) and k not in found]
    found |= {k: ast.Name(k, ast.Load()) for k in arrays[: OWN // 2]}
    known = {k: v for k, v in there.items() if k not in found and len(k) <= LONGEST and _is_known(v, scope)}
    found |= dict(list(known.items())[:OTHERS])
    elsewhere = {k: v for k, v in here.items() if k in of} | there
    found |= dict(list(_of_own_argument(elsewhere, of, function).items())[:OTHERS])
    found |= dict(list(_varied(short, scope).items())[:VARIED])
    found |= {k: v for k, v in _inverted(found) if k not in found}
    return [deepcopy(node) for node in found.values()]


def _is_operand(place):
    node = place.node
    if getattr(node, "attr", "") in ENDLESS:
        return False
    if not isinstance(node, KINDS) or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return False
    called = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    if any(getattr(f, "attr", getattr(f, "id", "")) in NO_OPERAND for f in called):
        return False
    return not isinstance(place.parent, (ast.Attribute, ast.Call)) or place.field == "args"


def _is_known(node, scope):
    return all(scope.knows(n.id) for n in ast.walk(node) if isinstance(n, ast.Name))


def _of_own_argument(there, of, function):
    """What functions of one argument make of it, made of ours: log1p(x ** 2) where the other has log1p(z ** 2)."""
    own, found = argument_of(function), {}
    for text, node in there.items():
        theirs = argument_of(of[text])
        if own and theirs and own != theirs and {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} >= {theirs}:
            new = renamed(node, theirs, own)
            if len(source(new)) <= LONGEST and not isinstance(new, ast.Name):
                found[source(new)] = new
    return found


def argument_of(function: Any) -> str | None:
    """The name of the last argument, if there are no others than self."""
    names = [a.arg for a in function.args.args] if function is not None else []
    return names[-1] if len(names) == 1 or (len(names) == 2 and names[0] == "self") else None


def _varied(here, scope):
    """Expressions with one variable exchanged for another one of the same shape."""
    found = {}
    for node in here.values():
        if isinstance(node, (ast.Call, ast.Subscript)):
            for name in dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)):
                for other in _of_shape(scope.values.get(name), name, scope.values):
                    new = renamed(node, name, other)
                    if (text := source(new)) not in here:
                        found[text] = new
    return found


def _inverted(found):
    """(text, node) of the exponentials with the other sign."""
    for node in found.values():
        if isinstance(node, ast.Call) and len(node.args) == 1 and source(node.func).split(".")[-1] == "exp":
            a = node.args[0]
            minus = isinstance(a, ast.UnaryOp) and isinstance(a.op, ast.USub)
            new = ast.Call(node.func, [a.operand if minus else ast.UnaryOp(ast.USub(), a)], node.keywords)
            yield source(new), new


def _of_shape(value, name, values: dict[str, Any]):
    if not isinstance(value, onp.ndarray) or value.ndim == 0:
        return []
    return [k for k, v in values.items() if k != name and isinstance(v, onp.ndarray) and v.shape == value.shape][:4]
