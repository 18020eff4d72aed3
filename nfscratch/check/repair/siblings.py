"""Siblings: an expression in the place of its like in another function, or at another line of the same one.

    v = ...        what is assigned to a variable of that name elsewhere
    return v, w    what another function returns at that place
    f(...)         the arguments of another call of f, one of them or all
    a[...]         another index of the same a
    ifft(...)      the options of a call of fft
    a - b          wrapped round as other values are: (a - b) % c
    for k in ...   what another loop runs over

One formula is often written twice, in forward and in inverse, and the mistake is in one of them. A variable that the
function lacks is taken for each of its own arrays with as many axes: z in one direction is x in the other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from nfscratch.check.repair.edit import Place, source
from nfscratch.check.repair.forms import forms_beside, parallel, turned, turned_forms
from nfscratch.check.repair.live_code import kind
from nfscratch.check.repair.moduli import moduli, wrapped_round
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.terms import is_term

MOST = 24  # of one expression
LONGEST = 120  # characters of an expression that is taken over


class Siblings:
    """The expressions of all functions that the run met, by what they are the value, the call or the index of."""

    def __init__(self, met: Iterable[tuple[Place, Scope]]):
        self.found: dict[Any, list[tuple[ast.AST, Scope]]] = {}
        met = list(met)
        self.turned, self.moduli = turned_forms(met), moduli(met)
        for place, scope in met:
            for key, node in _keys(place):
                if len(source(node)) <= LONGEST:
                    self.found.setdefault(key, []).append((node, scope))

    def of(self, place: Place, scope: Scope) -> Iterator[ast.AST]:
        """What stands elsewhere in a place like this one."""
        seen = {ast.dump(place.node)}
        for new in self._all(place, scope):
            if (text := ast.dump(new)) not in seen and len(seen) <= MOST:
                seen.add(text)
                yield deepcopy(new)

    def _all(self, place, scope):
        yield from wrapped_round(place, self.moduli, scope)
        if is_term(place):
            yield from forms_beside(place, _beside(place), scope)
            yield from turned(place, scope, self.turned)
            yield from parallel(place, scope)
        for key, node in _keys(place):
            for other, there in self.found.get(key, ()):
                if key[0] == "options":
                    yield ast.Call(place.node.func, place.node.args, other.keywords)
                elif other is not node:
                    for named in in_scope(other, there, scope):
                        yield from _taken(place.node, named, scope)


def factors_beside(place: Place) -> Iterator[ast.AST]:
    """A value with the factor that another value has, which stands beside it: mask * s, mask * t."""
    for other in _beside(place):
        if isinstance(other, ast.BinOp) and isinstance(other.op, ast.Mult):
            for factor in (other.left, other.right):
                yield ast.BinOp(factor, ast.Mult(), place.node)


def _beside(place):
    """The other values of a tuple, or of the assignments around."""
    if isinstance(place.parent, ast.Tuple) and place.index is not None:
        return [e for e in place.parent.elts if e is not place.node]
    if isinstance(place.parent, ast.Assign) and place.field == "value" and len(place.above) > 1:
        row = getattr(place.above[-2], "body", [])
        return [s.value for s in row if isinstance(s, ast.Assign) and s is not place.parent]
    return []


def _keys(place):
    """What an expression is known by: a value by its variable, a call by its function, an index by its array."""
    node, parent = place.node, place.parent
    if isinstance(parent, ast.Assign) and place.field == "value":
        yield from ((("=", source(target)), node) for target in parent.targets)
    elif isinstance(parent, ast.AugAssign) and place.field == "value":
        yield ("=", source(parent.target)), node
    elif _is_returned(place):
        yield ("return", place.index, len(parent.elts)), node
    if place.field == "iter":
        yield ("for",), node
    if isinstance(node, ast.Call):
        yield ("call", source(node.func), len(node.args)), node
        yield ("options", source(node.func).split(".")[-1].removeprefix("i")), node  # fft and ifft have the same
    elif isinstance(node, ast.Subscript):
        yield ("index", source(node.value)), node


def _is_returned(place):
    """Whether it is one of the values that a function returns together."""
    return isinstance(place.parent, ast.Tuple) and len(place.above) > 1 and isinstance(place.above[-2], ast.Return)


def _taken(node, other, scope):
    """The other expression; of a call, also each of its arguments alone, the numbers among them, and its options."""
    yield other
    if isinstance(node, ast.Call) and isinstance(other, ast.Call) and node.args:
        yield ast.Call(node.func, node.args, other.keywords)
    if isinstance(node, ast.Call) and isinstance(other, ast.Call) and len(node.args) > 1:
        for k, a in enumerate(other.args):
            yield ast.Call(node.func, [a if i == k else mine for i, mine in enumerate(node.args)], node.keywords)
        yield from _with_numbers_of(node, other, scope)


def _with_numbers_of(node, other, scope):
    """Our arguments with the numbers of another call, and with these the other way round: (0.0, 1.0), (1.0, 0.0)."""
    at = [k for k, a in enumerate(node.args) if _is_number(a, scope)]
    alike = len(other.args) == len(node.args)
    if len(at) < 2 or not alike or not all(_is_number(other.args[k], scope) for k in at):
        return
    for numbers in ([other.args[k] for k in at], [other.args[k] for k in at[::-1]]):
        new = dict(zip(at, numbers, strict=True))
        yield ast.Call(node.func, [new.get(k, a) for k, a in enumerate(node.args)], node.keywords)


def _is_number(node, scope):
    """Whether it is a number, or one that the module has a name for."""
    node = node.operand if isinstance(node, ast.UnaryOp) else node
    named = isinstance(node, ast.Name) and node.id not in scope.locals
    return isinstance(node, ast.Constant) or (named and isinstance(scope.module.get(node.id), (int, float)))


def in_scope(node, there, scope):
    """The expression, with the variable that the function lacks replaced by its own of that kind."""
    if there is scope:
        yield node
        return
    missing = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not scope.knows(n.id)}
    if not missing:
        yield node
    elif len(missing) == 1 and (wanted := kind(there.values.get(name := missing.pop()))) not in (None, "callable"):
        for own in [k for k in scope.locals if kind(scope.locals[k]) == wanted][:6]:
            yield renamed(node, name, own)


def renamed(node: ast.expr, old: str, new: str) -> ast.expr:
    """A copy of an expression with another variable in the place of one."""
    copy = deepcopy(node)
    for n in ast.walk(copy):
        if isinstance(n, ast.Name) and n.id == old:
            n.id = new
    return copy
