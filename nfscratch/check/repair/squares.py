"""Squares: a norm where its square is meant, or the other way round, in a line that made what keeps a map from folding.

u + (m - w @ u) * w / np.sqrt(w @ w)      w @ w is meant: so w . u comes out as m, which is more than -1
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.scope import Scope

ROOTS = re.compile(r"sqrt\(|norm\(|\*\* 0\.5")
# of a norm, or of what is divided by
SQUARED = re.compile(r"(?:norm\([^()]*\)|/ (?:[\w.]+\([^()]*\)|\([^()]*\)|[\w.]+)) \*\* 2")


def squares(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """What stands under a root; the square of a norm, and of what something is divided by."""
    node = place.node
    name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
    if isinstance(node, ast.Call) and name == "sqrt" and len(node.args) == 1:
        yield node.args[0]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.right) in ("0.5", "1 / 2"):
        yield node.left
    elif (isinstance(node, ast.Call) and name == "norm") or (place.field == "right" and _divides(place.parent)):
        yield ast.BinOp(node, ast.Pow(), ast.Constant(2))


def of_squares(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """Half a logarithm, or the sum of such: of a variance, where that of the deviation is meant."""
    node, outer = place.node, place.parent
    handed_on = isinstance(outer, ast.Attribute) or (isinstance(outer, ast.Call) and place.field == "args")
    if isinstance(node, ast.Call) and not handed_on and "log(" in (text := ast.unparse(node)) and "mean(" not in text:
        yield ast.BinOp(ast.Constant(0.5), ast.Mult(), node)


def squares_a_norm(before: str, after: str) -> bool:
    """Whether a root is gone, or a square of a norm is new: that of a vector itself bounds nothing."""
    fewer, more = (len(words.findall(before)) - len(words.findall(after)) for words in (ROOTS, SQUARED))
    return fewer > 0 or more < 0


def _divides(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
