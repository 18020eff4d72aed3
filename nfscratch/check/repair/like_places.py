"""LikePlaces: what is done to an expression, done to another one that stands in a like place of another function.

l.mean(axis=1)   and   curve(y)[1].mean(axis=1)     both with .sum
np.log1p(-t)     and   np.log1p(-x[:, j])           both with a square
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy

from nfscratch.check.repair.edit import Edit, Place, placed

HOLE = ast.Name("HOLE", ast.Load())


def changed_alike(place: Place, new: ast.AST, twin: Place) -> Iterator[Edit]:
    """The edit of the twin that is like `new` in the place of the expression; none where the two are not alike."""
    if not isinstance(twin.node, ast.expr) or type(twin.parent) is not type(place.parent):
        return
    if _is_other_function(place.node, new):
        same = isinstance(twin.node, ast.Attribute) and twin.node.attr == place.node.attr
        if same and _without(place.parent, place.node) == _without(twin.parent, twin.node):
            yield twin.exchanged(placed(ast.Attribute(twin.node.value, new.attr, ast.Load()), twin.node))
    elif _has_within(new, place.node) and _around(place) == _around(twin):
        yield twin.exchanged(placed(_with(new, place.node, twin.node), twin.node))


def _is_other_function(node, new):
    """Whether it is sum for mean, of the same."""
    both = isinstance(node, ast.Attribute) and isinstance(new, ast.Attribute)
    return both and node.attr != new.attr and ast.dump(node.value) == ast.dump(new.value)


def _around(place):
    """The two nodes around an expression, without itself; of a whole value, what gets it, or which it is."""
    outer = place.above[-2] if len(place.above) > 1 else place.parent
    if isinstance(outer, ast.Return) and isinstance(place.parent, ast.Tuple):
        return "return", place.index, len(place.parent.elts)
    if isinstance(outer, ast.expr):
        return _without(_with(outer, place.parent, HOLE)), _without(place.parent, place.node)
    return type(outer), _without(place.parent, place.node)


def _without(tree, node=None):
    return ast.dump(tree if node is None else _with(tree, node, HOLE))


def _has_within(new, node):
    return new is not node and any(part is node or ast.dump(part) == ast.dump(node) for part in ast.walk(new))


def _with(tree, old, new):
    """A copy of the tree with another node in the place of the first that says what the old one does."""
    text, left = ast.dump(old), [1]

    class Put(ast.NodeTransformer):
        def visit(self, node):
            if left and (node is old or ast.dump(node) == text):
                left.pop()
                return deepcopy(new)
            return self.generic_visit(node)

    return Put().visit(deepcopy(tree))
