"""Changes: the small mistakes that one node of a syntax tree can be given, each as its kind and the new text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import copy
from enum import StrEnum

Change = StrEnum(
    "Change",
    {
        "BOUNDARY": "comparison: its boundary",
        "OPPOSITE": "comparison: its opposite",
        "ARITHMETIC": "another operation",
        "SIGN": "sign",
        "CONSTANT": "constant",
        "TRUTH": "True and False",
        "LOGIC": "and, or",
        "NEGATED": "negated condition",
        "REMOVED": "removed statement",
        "SWAPPED": "swapped arguments",
        "DROPPED": "dropped keyword",
    },
)
BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITE = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot}
OPPOSITE |= {ast.IsNot: ast.Is}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
ARITHMETIC |= {ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}

SYMMETRIC = {"maximum", "minimum", "fmax", "fmin", "logaddexp", "array_equal"}  # of NumPy: no input tells an order
SYMMETRIC |= {"max", "min"}  # of Python
SYMMETRIC |= {"same", "near", "equal", "_is"}  # of the diagnosis: tests/test_small_symmetric.py holds them to it


def changes(node: ast.AST, is_condition: bool = False) -> Iterator[tuple[Change, str]]:
    """All changes of a node itself; those of its children are theirs."""
    for change, new in OF_NODES.get(type(node), lambda node: ())(node):
        yield change, new if isinstance(new, str) else f"({ast.unparse(new)})"
    if is_condition and not has_opposite(node):
        yield Change.NEGATED, f"(not {ast.unparse(node)})"
    if isinstance(node, ast.stmt) and removable(node):
        yield Change.REMOVED, "pass"


def conditions(node: ast.AST) -> list[ast.expr]:
    """The expressions that decide what a node does."""
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        return [node.test]
    return list(node.ifs) if isinstance(node, ast.comprehension) else []


def has_opposite(node: ast.expr) -> bool:
    """Another change negates it already."""
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1 and type(node.ops[0]) in OPPOSITE
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def with_(node, **fields):
    new = copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def replaced(items: list, index: int, item) -> list:
    return [*items[:index], item, *items[index + 1 :]]


def of_compare(node):
    for i, operator in enumerate(node.ops):
        for change, table in ((Change.BOUNDARY, BOUNDARY), (Change.OPPOSITE, OPPOSITE)):
            if type(operator) in table:
                yield change, with_(node, ops=replaced(node.ops, i, table[type(operator)]()))


def of_operation(node):
    if type(node.op) in ARITHMETIC:
        yield Change.ARITHMETIC, with_(node, op=ARITHMETIC[type(node.op)]())
    if isinstance(node.op, ast.MatMult):
        yield Change.SWAPPED, with_(node, left=node.right, right=node.left)


def of_augmented(node):
    if type(node.op) in ARITHMETIC:
        yield Change.ARITHMETIC, ast.unparse(with_(node, op=ARITHMETIC[type(node.op)]()))


def of_unary(node):
    yield (Change.NEGATED if isinstance(node.op, ast.Not) else Change.SIGN), node.operand


def of_constant(node):
    if isinstance(node.value, bool):
        yield Change.TRUTH, str(not node.value)
    elif isinstance(node.value, int):
        yield Change.CONSTANT, str(node.value + 1)
    elif isinstance(node.value, float):
        yield Change.CONSTANT, repr(2 * node.value or 1.0)


def of_logic(node):
    yield Change.LOGIC, with_(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def of_call(node):
    first_two = {ast.dump(a) for a in node.args[:2]}  # of one text, they are one argument twice
    if len(first_two) > 1 and not is_symmetric(node) and not any(isinstance(a, ast.Starred) for a in node.args):
        yield Change.SWAPPED, with_(node, args=[node.args[1], node.args[0], *node.args[2:]])
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield Change.DROPPED, with_(node, keywords=node.keywords[:i] + node.keywords[i + 1 :])


def is_symmetric(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in SYMMETRIC and not any(keyword.arg == "key" for keyword in call.keywords)


def open_sizes(node: ast.AST) -> list[ast.expr]:
    """The 1 of each -1 in a reshape: NumPy takes any negative number for it, so that -2 is no mistake."""
    if not (isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "reshape"):
        return []
    sizes = [size for a in node.args for size in (a.elts if isinstance(a, ast.Tuple) else [a])]
    return [s.operand for s in sizes if isinstance(s, ast.UnaryOp) and isinstance(s.op, ast.USub)]


def removable(node: ast.stmt) -> bool:
    """A statement without which the rest still has all of its names."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant | ast.Yield | ast.YieldFrom)
    if isinstance(node, ast.Assign):
        return all(not isinstance(t, ast.Name | ast.Tuple) or is_read(t, node.value) for t in node.targets)
    return isinstance(node, ast.AugAssign | ast.Raise | ast.Delete | ast.Break | ast.Continue)


def is_read(target, value) -> bool:
    names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    return names <= {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}


OF_NODES = {
    ast.Compare: of_compare,
    ast.BinOp: of_operation,
    ast.AugAssign: of_augmented,
    ast.UnaryOp: of_unary,
    ast.Constant: of_constant,
    ast.BoolOp: of_logic,
    ast.Call: of_call,
}
