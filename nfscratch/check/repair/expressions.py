"""Changes of one expression, which need no variable: operators, signs, constants, calls, slices.

Each function yields what could stand in the place of a node: `slips` where the pen slipped, `thoughts` where a formula
was remembered wrongly.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, product

from nfscratch.check.repair.edit import is_endless
from nfscratch.check.repair.indices import indices, is_whole, slices

# No sets: the order of classes in a set is another in each process.
OPERATORS = [(ast.Add, ast.Sub), (ast.Mult, ast.Div)]
COMPARISONS = [(ast.Lt, ast.LtE, ast.Gt, ast.GtE), (ast.Eq, ast.NotEq)]
ALIKE = [
    {"exp", "log", "expm1", "log1p"},
    {"sum", "mean", "prod", "max", "min"},
    {"cumsum", "cumprod"},
    {"sin", "cos", "tan"},
    {"tanh", "arctanh", "sinh", "arcsinh", "cosh", "arctan", "tan"},
    {"atanh", "tanh", "atan"},
    {"fft", "rfft", "ifft", "irfft"},
    {"conj", "real", "imag", "abs"},
    {"sort", "argsort"},
    {"log", "log2", "log10"},
    {"trace", "det"},
    {"sqrt", "square"},
    {"triu", "tril"},
    {"maximum", "minimum"},
    {"argmax", "argmin"},
    {"zeros", "ones"},
    {"zeros_like", "ones_like"},
    {"floor", "ceil"},
    {"forward", "inverse"},
    {"det", "slogdet"},
    {"inv", "pinv"},
    {"logaddexp", "maximum"},
]
OF_COMPLEX = {"conj", "real", "imag"}  # of a real number they say nothing, or 0
SMALL = 1e-2  # a float below it may be a tolerance
WITH_AXIS = {
    "sum", "mean", "prod", "max", "min", "cumsum", "cumprod", "flip", "roll", "concatenate", "stack", "softmax",
}  # fmt: skip


def slips(node: ast.AST) -> Iterator[ast.AST]:
    """What could have been meant where the pen slipped: one sign, one operator, one order."""
    if isinstance(node, ast.BinOp):
        yield from _operators(node)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
        if isinstance(node.op, ast.Invert):
            yield ast.BinOp(ast.Constant(1), ast.Sub(), node.operand)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from (
            ast.Compare(node.left, [op()], node.comparators)
            for group in COMPARISONS if type(node.ops[0]) in group for op in group if op is not type(node.ops[0])
        )  # fmt: skip
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Subscript):
        yield from slices(node)
        yield from indices(node)
    elif isinstance(node, ast.Call):
        yield from _arguments_exchanged(node)
    elif isinstance(node, (ast.Tuple, ast.List)) and 2 <= len(node.elts) <= 4:
        yield from (type(node)(row, node.ctx) for row in _exchanged(node.elts))


def thoughts(node: ast.AST) -> Iterator[ast.AST]:
    """What could have been meant where a formula was remembered wrongly."""
    if isinstance(node, ast.Constant):
        yield from map(ast.Constant, constants(node.value))
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.Lt, ast.LtE)):
        yield ast.Compare(ast.Call(ast.Name("abs", ast.Load()), [node.left], []), node.ops, node.comparators)
    elif isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
        if isinstance(node.op, ast.MatMult):
            for left, right in ((turned(node.left), node.right), (node.left, turned(node.right))):
                yield ast.BinOp(left, node.op, right)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Attribute):
        names = [n for n in _alike(node.attr) if node.attr != "abs" or n not in OF_COMPLEX]
        yield from (ast.Attribute(node.value, name, node.ctx) for name in names)
        if node.attr == "T":
            yield node.value
    elif isinstance(node, ast.Name):
        yield from (ast.Name(name, node.ctx) for name in _alike(node.id))
    elif isinstance(node, ast.Subscript) and not is_endless(node.value):
        yield node.value
        if is_whole(node.slice) or isinstance(node.slice, ast.UnaryOp):  # of a list, the last one
            yield ast.Call(ast.Name("sum", ast.Load()), [node.value], [])


def constants(value: object) -> list[object]:
    """The numbers and words that could have been meant for a constant."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        near = (value + 1, value - 1, -value, 2 * value, 10 * value, 0, 1, -1, 2, 3, 0.5, None)
        return [k for k in dict.fromkeys(near) if k != value]
    if isinstance(value, float):
        near = [-value, 2 * value, value / 2, value * value, 1.0, 0.0, value + 1, value - 1, 10 * value, value / 10]
        near += [1 / value, abs(value) ** 0.5] if value else []
        return [c for c in near if c != value] + ([1e-6 * value, 1e3 * value] if abs(value) < SMALL else [])
    if isinstance(value, str):
        return {"left": ["right"], "right": ["left"]}.get(value, []) + list(
            _turned_indices(value) if "->" in value else []
        )
    return []


def turned(node: ast.expr) -> ast.expr:
    """The transpose; of a transpose, the matrix."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _operators(node):
    for group in OPERATORS:
        if type(node.op) in group:
            yield from (ast.BinOp(node.left, op(), node.right) for op in group if op is not type(node.op))
    if not isinstance(node.op, (ast.Add, ast.Mult)):
        yield ast.BinOp(node.right, node.op, node.left)
    if isinstance(node.op, ast.Pow):
        yield from (ast.BinOp(node.left, ast.Mult(), node.right), node.left)
    if _is_repeated(node):
        yield node.left
    yield from _two_signs(node)
    if isinstance(inner := node.left, ast.BinOp):  # a * c - b, or a - b * c, for (a - b) * c
        yield ast.BinOp(ast.BinOp(inner.left, node.op, node.right), inner.op, inner.right)
        yield ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, node.op, node.right))
        if isinstance(node.op, (ast.Add, ast.Sub)) and isinstance(inner.op, (ast.Mult, ast.Div)):  # -a * (b + c)
            other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, other, node.right))
    if isinstance(inner := node.right, ast.BinOp):
        yield ast.BinOp(ast.BinOp(node.left, node.op, inner.left), inner.op, inner.right)


def _two_signs(node):
    """a - b - c, for a + b + c: the last two terms with the other sign."""
    inner, signs = node.left, {ast.Add: ast.Sub, ast.Sub: ast.Add}
    if type(node.op) in signs and isinstance(inner, ast.BinOp) and type(inner.op) in signs:
        other = ast.BinOp(inner.left, signs[type(inner.op)](), inner.right)
        yield ast.BinOp(other, signs[type(node.op)](), node.right)


def _is_repeated(node):
    """Whether it adds a term that has just been added."""
    before = node.left.right if isinstance(node.left, ast.BinOp) and type(node.left.op) is type(node.op) else node.left
    return isinstance(node.op, (ast.Add, ast.Sub)) and ast.dump(before) == ast.dump(node.right)


def _exchanged(row):
    for a, b in combinations(range(len(row)), 2):
        new = list(row)
        new[a], new[b] = new[b], new[a]
        yield new


def _arguments_exchanged(node):
    axes = all(map(is_whole, node.args))  # of a transposition of many axes
    if 2 <= len(node.args) <= (8 if axes else 4):
        yield from (ast.Call(node.func, row, node.keywords) for row in _exchanged(node.args))


def _calls(node):
    """Without the call, or with another axis; of a logarithm, that of the size."""
    if is_logarithm(node):
        yield ast.Call(node.func, [ast.Call(_size_beside(node.func), node.args, [])], node.keywords)
    if len(node.args) == 1:
        yield node.args[0]
    yield from _real_part(node)
    yield from _at_once(node)
    if isinstance(node.func, ast.Attribute) and not node.args:
        yield node.func.value
    for k, keyword in enumerate(node.keywords):
        yield ast.Call(node.func, node.args, [w for i, w in enumerate(node.keywords) if i != k])
        if keyword.arg == "axis":
            for axis in (0, 1, -1, None):
                other = ast.keyword("axis", ast.Constant(axis))
                yield ast.Call(node.func, node.args, [other if i == k else w for i, w in enumerate(node.keywords)])
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in WITH_AXIS and not any(w.arg == "axis" for w in node.keywords):
        for axis in (1, 0, -1):
            yield ast.Call(node.func, node.args, [*node.keywords, ast.keyword("axis", ast.Constant(axis))])


def _at_once(node):
    """a.sum(axis=1), for a.mean(axis=0).sum(): columns and rows in one's place."""
    inner = getattr(node.func, "value", None)
    if not isinstance(inner, ast.Call) or not isinstance(inner.func, ast.Attribute) or inner.args:  # np.sum(a) has one
        return
    if {node.func.attr, inner.func.attr} <= {"sum", "mean"}:
        yield ast.Call(ast.Attribute(inner.func.value, "sum", ast.Load()), [], [ast.keyword("axis", ast.Constant(1))])


def _real_part(node):
    """np.real(ifft(a)), for np.abs(ifft(a))."""
    if len(node.args) == 1 and isinstance(node.func, ast.Attribute) and node.func.attr == "abs":
        if "fft" in ast.unparse(node.args[0]):
            yield ast.Call(ast.Attribute(node.func.value, "real", ast.Load()), node.args, [])


def is_logarithm(node: ast.AST) -> bool:
    """Whether it is log(a), by whatever name the module goes."""
    name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
    return isinstance(node, ast.Call) and name == "log" and len(node.args) == 1


def _size_beside(func):
    """np.abs, beside np.log."""
    of_arrays = isinstance(func, ast.Attribute) and getattr(func.value, "id", "math") != "math"
    return ast.Attribute(func.value, "abs", ast.Load()) if of_arrays else ast.Name("abs", ast.Load())


def _alike(name):
    return [other for group in ALIKE if name in group for other in sorted(group - {name})]


def _turned_indices(text):
    """An einsum with the letters of one operand the other way round."""
    left, _, right = text.partition("->")
    operands = left.split(",")
    for letter in [] if right else sorted(set(filter(str.isalpha, left))):  # a number for each row, for one of all
        yield f"{left}->{letter}{right}"
    for k, letters in enumerate(operands):
        for a, b in combinations(range(len(letters)), 2):
            new = list(letters)
            new[a], new[b] = new[b], new[a]
            yield ",".join("".join(new) if i == k else o for i, o in enumerate(operands)) + "->" + right
        for a, other in product(range(len(letters)), sorted(set(filter(str.isalpha, left)))):
            new = letters[:a] + other + letters[a + 1 :]
            both = ",".join(new if i == k else o for i, o in enumerate(operands))
            if new != letters and set(right) <= set(both):  # a diagonal, for the sum of all products
                yield f"{both}->{right}"
