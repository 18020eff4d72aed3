"""What is missing around an expression: a sign, a function, a factor, a term that one of the variables holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.expressions import turned
from nfscratch.check.repair.planar import is_bounded_by_product
from nfscratch.check.repair.scope import Scope, is_scale

FUNCTIONS = ("abs", "log", "exp", "tanh", "sqrt")
INVERSES = {
    "sinh": "arcsinh", "tanh": "arctanh", "tan": "arctan", "cosh": "arccosh", "sin": "arcsin", "cos": "arccos",
    "expm1": "log1p", "square": "sqrt", "exp": "log",
}  # fmt: skip
INVERSES |= {inverse: name for name, inverse in INVERSES.items()}
RARE = ("argsort", "cumsum", "log1p", "expm1")
VALUES = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)  # their value, or an element of it, is a whole term


def negated(place: Place) -> Iterator[ast.AST]:
    """The other sign of a whole term, of an argument, and of an exponent."""
    twice = isinstance(place.node, ast.UnaryOp) and isinstance(place.node.op, ast.USub)  # a minus is taken away as such
    if is_number(place.node) and not twice and (is_term(place) or isinstance(place.parent, (ast.Call, ast.keyword))):
        yield ast.UnaryOp(ast.USub(), place.node)


def wrapped(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A function or a factor around an expression."""
    node, np = place.node, scope.array_module
    of_call = isinstance(place.parent, ast.Attribute) and isinstance(node, ast.Call)
    if not is_number(node) or (of_call and place.parent.attr not in ("sum", "mean", "prod")):
        return
    value = scope.value_of(node)
    if isinstance(value, (int, str, list, tuple)):
        if isinstance(value, int):
            yield from (ast.BinOp(node, op, ast.Constant(1)) for op in (ast.Sub(), ast.Add()))
        return
    for name in (*FUNCTIONS, *_undoing(scope)) if np else ():
        yield _call(np, name, node)
    if isinstance(place.node, (ast.Call, ast.BinOp)):
        yield from (ast.BinOp(_call(np, "sign", v), ast.Mult(), node) for v in _sizes_taken(node) if np)
    one, two = ast.Constant(1), ast.Constant(2)
    yield ast.BinOp(node, ast.Pow(), two)
    yield from (ast.BinOp(two, ast.Mult(), node), ast.BinOp(node, ast.Div(), two), ast.BinOp(one, ast.Div(), node))
    yield from (ast.BinOp(one, op, node) for op in (ast.Sub(), ast.Add()))
    yield from (ast.BinOp(node, op, one) for op in (ast.Sub(), ast.Add()))
    if getattr(value, "ndim", 2) > 1:
        yield turned(node)


def _undoing(scope):
    """What undoes a function that the user's functions call, or repeats it: the other direction may lack it."""
    named = [other for name in sorted(scope.named & INVERSES.keys()) for other in (INVERSES[name], name)]
    return [name for name in dict.fromkeys(named) if name not in FUNCTIONS]


def constrained(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """What makes a parameter of both signs positive."""
    node, np = place.node, scope.array_module
    if np and isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and place.field != "func":
        value = scope.value_of(node)
        if is_bounded_by_product(value, scope):
            return
        if getattr(getattr(value, "dtype", None), "kind", "") == "f" and (value < 0).any() and (value > 0).any():
            yield from (_call(np, name, node) for name in ("exp", "abs"))


def counted(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """One more or one less of a count that is a factor or an exponent: D - 1 directions, for D."""
    factor = isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, (ast.Mult, ast.Pow, ast.Div))
    if factor and isinstance(place.node, (ast.Name, ast.Attribute)) and not place.is_index:
        if type(scope.value_of(place.node)) is int:
            yield from (ast.BinOp(place.node, op, ast.Constant(1)) for op in (ast.Sub(), ast.Add()))


def _sizes_taken(node):
    """Each a of an abs(a) within: its sign may be missing."""
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and len(n.args) == 1]
    names = [getattr(n.func, "attr", getattr(n.func, "id", "")) for n in calls]
    found = [n.args[0] for n, name in zip(calls, names, strict=True) if name in ("abs", "absolute", "fabs")]
    return list({ast.dump(a): a for a in found}.values())


def rarely_wrapped(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """What is missing around an expression less often."""
    node, np = place.node, scope.array_module
    value = scope.value_of(node)
    if not is_number(node) or isinstance(value, (int, str, list, tuple)):
        return
    whole = getattr(getattr(value, "dtype", None), "kind", None) in ("i", "u")
    order = whole or (value is None and place.is_index)  # a permutation
    one, two = ast.Constant(1), ast.Constant(2)
    yield ast.BinOp(one, ast.Sub(), ast.BinOp(node, ast.Pow(), two))  # the slope of a tanh
    yield ast.BinOp(node, ast.Mult(), ast.BinOp(one, ast.Sub(), node))  # of a sigmoid
    yield ast.BinOp(ast.Constant(3), ast.Mult(), node)
    yield ast.BinOp(node, ast.Pow(), ast.Constant(3))
    if np:
        yield from (_call(np, name, node) for name in RARE if name != "argsort" or order)
        yield from (ast.BinOp(_call(np, "eye", size), ast.Add(), node) for size in _sizes(scope))
        yield from (ast.BinOp(node, op, c) for op in (ast.Add(), ast.Sub()) for c in _logarithms(np))
        yield _call(np, "exp", ast.UnaryOp(ast.USub(), node))
    yield from (ast.Call(ast.Name(f, ast.Load()), [node], []) for f in _of_one_argument(scope))
    yield from (_reversed(node, columns) for columns in (True, False))


def _sizes(scope):
    """How many columns there are, as the function may write it."""
    whole = {k: v for k, v in scope.values.items() if type(v) is int and 1 < v < 50}
    return [ast.Name(k, ast.Load()) for k in list(whole)[:3]] or [ast.Constant(n) for n in _dims(scope)[:1]]


def _dims(scope):
    return [v.shape[1] for v in scope.locals.values() if getattr(v, "ndim", 0) == 2]


def _logarithms(np):
    """log 2 and log 2 pi: the constants of slopes and densities."""
    two_pi = ast.BinOp(ast.Constant(2), ast.Mult(), ast.Attribute(ast.Name(np, ast.Load()), "pi", ast.Load()))
    return [_call(np, "log", ast.Constant(2)), _call(np, "log", two_pi)]


def _of_one_argument(scope):
    """The user's own functions of one argument."""
    codes = {k: getattr(v, "__code__", None) for k, v in scope.values.items()}
    return [k for k, c in codes.items() if c is not None and c.co_argcount == 1 and not scope.comes_back(k)][:6]


def joined(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A whole term, plus, minus or times what a variable holds; a part of a formula, plus or minus a variable."""
    if not is_number(place.node):
        return
    if not is_term(place):
        if isinstance(place.node, (ast.BinOp, ast.Call, ast.Name, ast.Subscript)):
            yield from _with_variable(place.node, scope)
        return
    for name in scope.like(0.0) + [k for k, v in scope.values.items() if getattr(v, "ndim", 0) in (1, 2)]:
        for held in _forms(name, scope):
            for op in (ast.Add(), ast.Sub(), ast.Mult(), ast.Div()):
                yield ast.BinOp(place.node, op, held)
    whole = [k for k in scope.like(1) if isinstance(scope.values[k], int) and scope.values[k] > 1]
    for a, b in combinations(whole[:8], 2):  # the pixels of an image
        yield ast.BinOp(place.node, ast.Mult(), ast.BinOp(ast.Name(a, ast.Load()), ast.Mult(), ast.Name(b, ast.Load())))


def _with_variable(node, scope):
    for name in [k for k, v in scope.values.items() if getattr(v, "ndim", 0) or isinstance(v, (int, float))]:
        for op in (ast.Sub(), ast.Add(), ast.Mult(), ast.Div(), ast.Pow()):
            yield ast.BinOp(node, op, ast.Name(name, ast.Load()))


def replaced(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """Another operation with another operand, which stands elsewhere in the function; or such an operand besides."""
    node = place.node
    if isinstance(node, ast.BinOp):
        for op in (ast.Mult(), ast.Div(), ast.Add(), ast.Sub()):
            yield from (ast.BinOp(node.left, op, other) for other in scope.pool)
    if isinstance(node, (ast.Name, ast.Subscript, ast.Attribute, ast.Call, ast.BinOp)) and is_number(node):
        yield from scope.pool
        for op in (ast.Add(), ast.Mult(), ast.Sub(), ast.Div()):
            yield from (ast.BinOp(node, op, other) for other in scope.pool)


def slopes(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The derivative of a call that the functions make, in the place of a whole value."""
    np = scope.array_module
    if np is None or not is_term(place) or not (is_number(place.node) or isinstance(place.node, ast.Constant)):
        return
    one, two = ast.Constant(1), ast.Constant(2)
    for call in [n for n in scope.pool if isinstance(n, ast.Call) and len(n.args) == 1]:
        name, a = getattr(call.func, "attr", getattr(call.func, "id", "")), call.args[0]
        if name == "tanh":
            yield ast.BinOp(one, ast.Sub(), ast.BinOp(call, ast.Pow(), two))
        elif name in ("sin", "sinh"):
            yield _call(np, {"sin": "cos", "sinh": "cosh"}[name], a)
        elif name == "arctan":
            yield ast.BinOp(one, ast.Div(), ast.BinOp(one, ast.Add(), ast.BinOp(a, ast.Pow(), two)))


def straight(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The logarithm of a number that the function holds, for 0: a straight piece has a slope, too."""
    np, node = scope.array_module, place.node
    if np and is_term(place) and isinstance(node, ast.Constant) and type(node.value) in (int, float) and not node.value:
        for name in [k for k, v in scope.locals.items() if is_scale(v) and v > 0]:
            log = _call(np, "log", ast.Name(name, ast.Load()))
            yield from (log, ast.UnaryOp(ast.USub(), log))


def of_tanh(place: Place) -> Iterator[ast.AST]:
    """The slope of tanh, and of a sigmoid, where a variable that holds its value stands as a whole term."""
    one, node = ast.Constant(1), place.node
    if is_term(place) and isinstance(node, ast.Name) and isinstance(place.parent, ast.Assign):
        yield ast.BinOp(one, ast.Sub(), ast.BinOp(node, ast.Pow(), ast.Constant(2)))
        yield ast.BinOp(node, ast.Mult(), ast.BinOp(one, ast.Sub(), node))


def logarithms_joined(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The logarithm of another expression in its place, or besides."""
    node, np = place.node, scope.array_module
    if np and isinstance(node, (ast.Name, ast.Subscript, ast.Call, ast.BinOp)) and is_number(node):
        yield from (_call(np, "log", other) for other in scope.pool)
    if np and isinstance(node, (ast.Call, ast.BinOp)) and is_number(node):
        for other in scope.pool:
            for op in (ast.Add(), ast.Sub()):
                yield ast.BinOp(node, op, _call(np, "log", other))


def filled(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """An expression in the place of a number."""
    if isinstance(place.node, ast.Constant) and type(place.node.value) in (int, float):
        yield from (node for node in scope.pool if isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)))


def is_number(node: ast.AST) -> bool:
    """Whether an expression is likely to have numbers as its value."""
    kinds = (ast.Name, ast.BinOp, ast.Call, ast.Subscript, ast.UnaryOp, ast.Attribute)
    return isinstance(node, kinds) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def is_term(place: Place) -> bool:
    """Whether it is the whole value of a statement, or one of the values that the statement gives together."""
    around = place.above[-2] if isinstance(place.parent, ast.Tuple) and len(place.above) > 1 else place.parent
    return isinstance(around, (*VALUES, ast.Lambda)) and place.field in ("value", "elts", "body")


def _forms(name, scope):
    """A variable as a term: itself, its sum over the columns, and the logarithms and exponentials of it."""
    v, np = ast.Name(name, ast.Load()), scope.array_module
    yield v
    if np is None:
        return
    size = _call(np, "log", _call(np, "abs", v))
    yield from (size, _call(np, "exp", v))
    axes = getattr(scope.values.get(name), "ndim", 0)
    if axes:
        over_columns = [ast.keyword("axis", ast.Constant(1))] if axes > 1 else []
        yield from (_call(np, "sum", term, over_columns) for term in (v, size))


def _call(np, name, node, keywords=()):
    return ast.Call(ast.Attribute(ast.Name(np, ast.Load()), name, ast.Load()), [node], list(keywords))


def _reversed(node, columns):
    back = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
    return ast.Subscript(node, ast.Tuple([ast.Slice(), back], ast.Load()) if columns else back, ast.Load())
