"""Forms: what is done to one value, done to another that lacks it.

np.where(mask, 0, t)         for t, which stands beside np.where(mask, 0, s)
v[:, ::-1] if flip else v    for v, where another function turns its columns so
w * slope * scale            for w * slope, where t = (v - m) * scale stands: the factor of the chain rule
l + h * (d1 + d2) / 2        for l + h * d1, where x + h * (k1 + k2) / 2 stands, and `k1, d1 = f(x)`
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from copy import deepcopy

from nfscratch.check.repair.conditions import is_summed
from nfscratch.check.repair.edit import Place, source
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.terms import is_term

LONGEST = 60  # characters of a form
MOST = 12  # of one place


def forms_beside(place: Place, beside: Iterable[ast.AST], scope: Scope) -> Iterator[ast.AST]:
    """The value in the form of each of those that stand beside it: in the place of an array of numbers, as it is."""
    for other in beside:
        if isinstance(other, (ast.Call, ast.IfExp, ast.Subscript)) and len(source(other)) <= LONGEST:
            for name in [k for k in _read(other) if _is_of_numbers(scope.values.get(k))]:
                yield _with(other, name, place.node)


def parallel(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """What another variable of the function is given, in the words of this one, which comes along with it."""
    if not isinstance(place.parent, ast.Assign) or place.field != "value" or scope.function is None:
        return
    lines = [n for n in ast.walk(scope.function) if isinstance(n, ast.Assign) and len(n.targets) == 1]
    twins = _twins(lines)
    own = getattr(place.parent.targets[0], "id", None)
    for line in lines if own and twins else ():
        other = getattr(line.targets[0], "id", None)
        said = [name for name in _read(line.value) if name in twins]
        if other and other != own and said and len(source(line.value)) <= LONGEST:
            yield _renamed(line.value, {**{name: twins[name] for name in said}, other: own})


def _twins(lines):
    """k1 -> d1 and d1 -> k1, of all lines `k1, d1 = ...`."""
    pairs = [t.elts for line in lines for t in line.targets if isinstance(t, ast.Tuple) and len(t.elts) == 2]
    names = [(a.id, b.id) for a, b in pairs if isinstance(a, ast.Name) and isinstance(b, ast.Name)]
    return {**{b: a for a, b in names}, **dict(names)}


def inner_factors(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A product that is summed, or is a whole value, with a factor that the function has elsewhere."""
    if not isinstance(place.node, ast.BinOp) or not isinstance(place.node.op, ast.Mult) or scope.function is None:
        return
    if is_term(place) or is_summed(place):
        own = {source(n) for n in ast.walk(place.node)}
        for op, factor in _factors_of(scope.function):
            if source(factor) not in own:
                yield ast.BinOp(place.node, op, factor)


def _factors_of(function):
    """(op, a) of each a by which the function multiplies or divides, and which is short; of each text once."""
    products = [n for n in ast.walk(function) if isinstance(n, ast.BinOp) and isinstance(n.op, (ast.Mult, ast.Div))]
    kinds = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
    found = {(type(n.op), source(n.right)): n for n in products if isinstance(n.right, kinds)}
    return [(n.op, n.right) for (_, text), n in found.items() if len(text) <= LONGEST // 2][:MOST]


def turned_forms(met: Iterable[tuple[Place, Scope]]) -> dict[str, tuple[ast.AST, str]]:
    """The forms that put columns in another order, of all functions: text -> the form, and its variable."""
    found = {}
    for place, _ in met:
        node = place.node
        if isinstance(node, ast.IfExp) and len(source(node)) <= LONGEST:
            held = [n for n in (node.body, node.orelse) if isinstance(n, ast.Name)]
            if held and any(_is_turned(n, held[0].id) for n in (node.body, node.orelse)):
                found[source(node)] = node, held[0].id
    return found


def turned(place: Place, scope: Scope, forms: dict[str, tuple[ast.AST, str]]) -> Iterator[ast.AST]:
    """The value in each of these forms, as far as its function knows the variables."""
    for form, name in list(forms.values())[:MOST]:
        if all(scope.knows(other) for other in _read(form) if other != name) and not isinstance(place.node, ast.IfExp):
            yield _with(form, name, place.node)


def _is_of_numbers(value):
    return getattr(value, "ndim", 0) > 0 and value.dtype.kind in ("f", "c")


def _is_turned(node, name):
    return isinstance(node, ast.Subscript) and getattr(node.value, "id", None) == name


def _read(node):
    """The variables of an expression, without the functions that it calls and the modules that they are of."""
    called = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    holders = {id(n.value) for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in called | holders]
    return list(dict.fromkeys(n.id for n in names))


def _renamed(form, names):
    return _put(form, {old: ast.Name(new, ast.Load()) for old, new in names.items()})


def _with(form, name, value):
    """The form with the value wherever its variable stands."""
    return _put(form, {name: value})


def _put(form, values):
    class Put(ast.NodeTransformer):
        def visit_Name(self, node):
            return ast.copy_location(deepcopy(values[node.id]), node) if node.id in values else node

    return Put().visit(deepcopy(form))
