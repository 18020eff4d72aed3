"""Edit: one change of a syntax tree, done and undone, and the source before and after it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from itertools import pairwise
from typing import Any

AXES = {"axis", "keepdims", "dtype", "axes", "indexing", "side", "shape"}  # arguments by name
WIDEST = 60  # characters of an expression that a message shows


class Kind(Enum):
    LEFT_OUT = auto()
    EXCHANGED = auto()
    AT_ONCE = auto()
    PUT_IN = auto()
    SWAPPED = auto()
    BOUND = auto()


@dataclass(frozen=True)
class OfLines:
    """What is done, the source of the lines that it is done to, what these set, and the words for it."""

    kind: Kind
    lines: tuple[str, ...]
    targets: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Edit:
    """`new` in the place of what a field of a node holds; of a field that is a list, the whole list."""

    node: ast.AST
    field: str
    new: Any
    of_lines: OfLines | None = None  # where it is a change of whole lines
    also: tuple[Edit, ...] = ()  # the same in other places
    lines: tuple[int, ...] = ()  # those places' lines

    def __post_init__(self):
        old = getattr(self.node, self.field)
        for new in self.new if isinstance(self.new, list) else [self.new]:
            if isinstance(new, (ast.expr, ast.stmt)) and not hasattr(new, "lineno"):
                ast.fix_missing_locations(ast.copy_location(new, old))

    @contextmanager
    def done(self) -> Iterator[None]:
        edits = (self, *self.also)
        old = [getattr(edit.node, edit.field) for edit in edits]
        for edit in edits:
            setattr(edit.node, edit.field, edit.new)
        try:
            yield
        finally:
            for edit, value in zip(reversed(edits), reversed(old), strict=True):
                setattr(edit.node, edit.field, value)


class Place:
    """An expression or statement in its tree: what stands there can be exchanged, and its surroundings be shown."""

    def __init__(self, node: ast.AST, parent: ast.AST, field: str, index: int | None, above: tuple[ast.AST, ...]):
        self.node, self.parent, self.field, self.index = node, parent, field, index
        self.above = above  # the nodes around it, the nearest last

    def exchanged(self, new: ast.AST) -> Edit:
        if not hasattr(new, "lineno"):
            ast.copy_location(new, self.node)
        ast.fix_missing_locations(new)  # a part of it may be new, too
        if self.index is None:
            return Edit(self.parent, self.field, new)
        row = list(getattr(self.parent, self.field))
        row[self.index] = new
        return Edit(self.parent, self.field, row)

    @property
    def line(self) -> int:
        return next(n.lineno for n in (self.node, *reversed(self.above)) if hasattr(n, "lineno"))

    @property
    def function(self) -> ast.AST | None:
        """The innermost function around it."""
        around = [n for n in self.above if isinstance(n, (ast.FunctionDef, ast.Lambda))]
        return around[-1] if around else None

    @property
    def statement(self) -> ast.AST | None:
        """The innermost statement around it."""
        return next((n for n in reversed(self.above) if isinstance(n, ast.stmt)), None)

    @property
    def is_index(self) -> bool:
        """Whether it says which elements, which axis or how many: no part of a formula."""
        row = [*self.above, self.node]
        inside = any(isinstance(a, ast.Subscript) and b is a.slice for a, b in pairwise(row))
        return inside or any(isinstance(n, ast.keyword) and n.arg in AXES for n in row)

    @cached_property
    def shown(self) -> ast.AST:
        """The largest part of the source around it that a message can show."""
        if isinstance(self.node, (ast.For, ast.comprehension)):
            return self.node
        around = [n for n in reversed((*self.above, self.node)) if isinstance(n, (ast.expr, *SIMPLE))]
        around = around[1:] if isinstance(self.node, ast.expr) else around  # an expression may be exchanged itself
        short = [n for n in around if len(source(n)) <= WIDEST]
        return short[-1] if short else next(iter(around), self.parent)

    @cached_property
    def before(self) -> str:
        """The source of that part, asked for while no edit is done."""
        return shown_source(self.shown)

    def after(self, edit: Edit) -> str:
        """The source of that part, while the edit is done."""
        if self.shown is not self.node or edit.node is not self.parent or edit.of_lines:
            return shown_source(self.shown)
        return source(edit.new if self.index is None else edit.new[self.index])


SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)


def places(tree: ast.AST, above: tuple[ast.AST, ...] = ()) -> Iterator[Place]:
    """All nodes below a tree, with their places."""
    for field, value in ast.iter_fields(tree):
        row = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, node in row:
            if isinstance(node, ast.AST):
                yield Place(node, tree, field, index, (*above, tree))
                yield from places(node, (*above, tree))


def placed(new: ast.AST, like: ast.AST) -> ast.AST:
    """A copy of a node, put at the lines of another: a run may go through the lines alone that it met."""
    copy = deepcopy(new)
    for part in ast.walk(copy):
        ast.copy_location(part, like)
    return copy


def is_endless(node: ast.AST) -> bool:
    """np.c_ and its like, without an index: NumPy reads on and on in it, and no line of the user's ends that."""
    return isinstance(node, ast.Attribute) and node.attr in ("c_", "r_", "s_", "index_exp", "mgrid", "ogrid")


def shown_source(node: ast.AST) -> str:
    """The source of a node for a message: of a loop, what it runs over."""
    if isinstance(node, (ast.For, ast.comprehension)):
        return f"for {source(node.target)} in {source(node.iter)}"
    return source(node)


def source(node: ast.AST) -> str:
    """The source of a node, in one line."""
    return " ".join(ast.unparse(node).split())


def lost_names(edit: Edit, statements: Iterable[Any]) -> tuple[str, ...]:
    """The variables that the statements read before an edit, and none of them after it, where others are read instead.

    Such a change may mend a law by leaving out what should be there: M for M * W. What only takes away may be right. An
    argument that its own function reads no more is lost, too.
    """
    trees = [s.tree for s in {id(s): s for s in statements}.values()]
    before, arguments = _names_read(trees), _arguments_read(trees)
    with edit.done():
        after, kept = _names_read(trees), _arguments_read(trees)
    lost = {*(before.keys() - after.keys()), *(name for _, name in arguments - kept)}
    return tuple(sorted(lost)) if after - before else ()


def orphans(edit: Edit, statements: Iterable[Any]) -> tuple[str, ...]:
    """The attributes that an edit takes away from where they are read, so that nothing reads them any more: self.P.

    An object keeps what it needs: the other direction lacks it, rather.
    """
    trees = [s.tree for s in {id(s): s for s in statements}.values()]
    before = _attributes_read(trees)
    with edit.done():
        after = _attributes_read(trees)
    return () if after - before else tuple(sorted(before.keys() - after.keys()))  # one for another is none


def _attributes_read(trees):
    everything = (n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Attribute))
    own = (n for n in everything if getattr(n.value, "id", "") == "self" and isinstance(n.ctx, ast.Load))
    return Counter(map(ast.unparse, own))


def _names_read(trees):
    everything = (n for tree in trees for n in ast.walk(tree))
    return Counter(n.id for n in everything if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def _arguments_read(trees):
    """(function, argument) of each that its function reads."""
    functions = [n for tree in trees for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.Lambda))]
    return {
        (id(f), a.arg)
        for f in functions for a in f.args.args
        if any(isinstance(n, ast.Name) and n.id == a.arg and isinstance(n.ctx, ast.Load) for n in ast.walk(f))
    }  # fmt: skip
