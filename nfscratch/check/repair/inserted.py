"""Changes that put in a line which is missing, as it stands elsewhere.

What one direction does in a line the other undoes in one of its own, and loops repeat what was done before them. So
each line of assignment is tried at each place of the functions that know its variables: as it is, and as the other
direction has it, with one sign, one operator or one call the other way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy

from nfscratch.check.repair.edit import Edit, Place, source
from nfscratch.check.repair.of_lines import put_in
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.siblings import in_scope, renamed

INVERSE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
LINES = (ast.Assign, ast.AugAssign)
LONGEST = 120  # characters of a line that is taken over


class Lines:
    """The assignments of all functions that the run met."""

    def __init__(self, met: list[tuple[Place, Scope]]):
        self.found = [(place.node, scope) for place, scope in met if _is_taken(place.node)]
        self.known: dict[int, dict[str, ast.stmt]] = {}  # by scope, the lines that it could have, by their text

    def around(self, place: Place, scope: Scope) -> Iterator[Edit]:
        """The edits that put a line before a statement, and after the last one of a loop."""
        if not isinstance(place.node, ast.stmt) or place.field not in ("body", "orelse"):
            return
        row, k = list(getattr(place.parent, place.field)), place.index
        last = k + 1 == len(row) and not isinstance(place.node, ast.Return)
        for at, word in [(k, "before"), (k + 1, "after")][: 1 + last]:
            near = {source(s) for s in row[max(0, at - 1) : at + 1]}
            for text, line in self._lines(scope).items():
                if (
                    text not in near
                    and not _overwrites(line, row[at - 1] if at else None)
                    and not _empties(line, scope)
                ):
                    new, where = _at_line_of(line, place.node), f"{word} `{_first_words(place.node)}`"
                    yield Edit(place.parent, place.field, [*row[:at], new, *row[at:]], put_in(line, where))

    def _lines(self, scope):
        if id(scope) not in self.known:
            own = [line for line, there in self.found if there is scope]
            named = (new for line, there in self.found if there is not scope for new in in_scope(line, there, scope))
            theirs = [line for line in named if _targets(line) <= set(scope.locals)]
            lines = [new for line in theirs for new in (line, *_undone(line))]
            lines += [new for line in own for new in (line, *_of_other_end(line, scope))]
            self.known[id(scope)] = {source(new): new for new in lines}
        return self.known[id(scope)]


def _overwrites(line, before):
    """Whether it gives other values to what the line before it has just set: that is no line that is missing."""
    if not isinstance(line, ast.Assign) or not isinstance(before, ast.Assign):
        return False
    read = {n.id for n in ast.walk(line.value) if isinstance(n, ast.Name)}
    return _targets(line) == _targets(before) and not read & _targets(line)


def _empties(line, scope):
    """Whether it puts zeros in the place of an argument: then the function looks at nothing."""
    arguments = {a.arg for a in getattr(getattr(scope.function, "args", None), "args", [])}
    value = getattr(line, "value", None)
    zeros = isinstance(value, ast.Call) and getattr(value.func, "attr", "") in ("zeros", "zeros_like")
    return isinstance(line, ast.Assign) and zeros and bool(_targets(line) & arguments)


def _at_line_of(line, statement):
    """A copy of the line that stands where the statement does: a run may go through the lines alone that it met."""
    new = deepcopy(line)
    for node in ast.walk(new):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = statement.lineno
            node.col_offset = node.end_col_offset = 0
    return new


def _is_taken(node):
    return isinstance(node, LINES) and len(source(node)) <= LONGEST


def _targets(line):
    targets = line.targets if isinstance(line, ast.Assign) else [line.target]
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def _undone(line):
    """The line with one thing the other way: an operator, a sign of an argument, an inverse matrix or order."""
    for node in ast.walk(line):
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in INVERSE:
            yield _with(line, node, "op", INVERSE[type(node.op)]())
        elif isinstance(node, ast.Call):
            for k, a in enumerate(node.args):
                yield from (_with(line, node, "args", [*node.args[:k], b, *node.args[k + 1 :]]) for b in _others(a))


def _of_other_end(line, scope):
    """hi = where(below, hi, mid), for lo = where(below, mid, lo)."""
    call = line.value
    if not isinstance(call, ast.Call) or len(call.args) != 3 or not isinstance(line, ast.Assign):
        return
    target = line.targets[0]
    if isinstance(target, ast.Name):
        turned = _with(line, call, "args", [call.args[0], call.args[2], call.args[1]])
        like = scope.like(scope.locals.get(target.id))
        yield from (renamed(turned, target.id, name) for name in like if name in scope.locals and name != target.id)


def _others(argument):
    if isinstance(argument, ast.UnaryOp):
        yield argument.operand
    elif isinstance(argument, (ast.Name, ast.Constant)):
        yield ast.UnaryOp(ast.USub(), argument)
    elif isinstance(argument, ast.Call) and len(argument.args) == 1:
        yield argument.args[0]


def _with(line, node, field, new):
    """A copy of the line with another value of one field."""
    old = getattr(node, field)
    setattr(node, field, new)
    try:
        return ast.fix_missing_locations(deepcopy(line))
    finally:
        setattr(node, field, old)


def _first_words(node):
    return source(node).split(":")[0] if isinstance(node, (ast.For, ast.If, ast.While, ast.With)) else source(node)
