"""Changes of whole statements: = for +=, a line left out, two lines exchanged, a loop in the other order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from nfscratch.check.repair.edit import SIMPLE, Edit, Place, source
from nfscratch.check.repair.indices import plus
from nfscratch.check.repair.of_lines import after, at_once, before, exchanged, left_out, swapped

LONGEST, FURTHEST, NEAR = 16, 6, 3  # lines of a block, how far one of them moves, and how far two stand apart
SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


def changed_statements(place: Place) -> Iterator[Edit]:
    """The changes of a statement that is simple, or of the head of a loop."""
    node = place.node
    if isinstance(node, ast.AugAssign):
        if type(node.op) in SIGNS:
            yield Edit(node, "op", SIGNS[type(node.op)]())
        yield place.exchanged(ast.Assign([_to(node.target, ast.Store())], node.value))
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        for op in (ast.Add(), ast.Sub()):
            yield place.exchanged(ast.Assign(node.targets, ast.BinOp(_to(node.targets[0], ast.Load()), op, node.value)))
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
        yield from (place.exchanged(ast.AugAssign(node.targets[0], op(), node.value)) for op in SIGNS)
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield from (Edit(node, "iter", other) for other in _other_orders(node.iter))
    if isinstance(node, SIMPLE):
        yield from _names_exchanged(node)
    if isinstance(node, ast.Assign) and place.field in ("body", "orelse"):
        yield from _values_exchanged(place)
    if isinstance(node, SIMPLE) and not isinstance(node, ast.Return) and place.field in ("body", "orelse"):
        yield from _moved(place)


def _to(target, ctx):
    return ast.Name(target.id, ctx) if isinstance(target, ast.Name) else target


def _names_exchanged(statement):
    """Two variables, each in the place of the other."""
    read = [n for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    for a, b in combinations(sorted({n.id for n in read})[:9], 2):
        first, *others = [Edit(n, "id", b if n.id == a else a) for n in read if n.id in (a, b)]
        if others:
            yield Edit(first.node, "id", first.new, also=tuple(others))


def _values_exchanged(place):
    """a[:, k] = f, a[:, j] = e for a[:, k] = e, a[:, j] = f: two parts of one array, one of them a little below."""
    first, row = place.node, getattr(place.parent, place.field)
    for second in row[place.index + 1 : place.index + 1 + NEAR]:
        if _is_part(first) and _is_part(second) and source(first.targets[0].value) == source(second.targets[0].value):
            other = Edit(second, "value", first.value)
            lines = (first.lineno, second.lineno)
            yield Edit(first, "value", second.value, swapped(first, second), also=(other,), lines=lines)


def _is_part(line):
    return isinstance(line, ast.Assign) and len(line.targets) == 1 and isinstance(line.targets[0], ast.Subscript)


def _moved(place):
    """The statement left out, and after the one that follows it."""
    row, k = list(getattr(place.parent, place.field)), place.index
    if len(row) > 1:
        yield Edit(place.parent, place.field, row[:k] + row[k + 1 :], left_out(row[k]))
    if k + 1 < len(row) and isinstance(row[k + 1], SIMPLE) and not isinstance(row[k + 1], ast.Return):
        yield from _at_once(place, row, k)
        turned = [*row[:k], row[k + 1], row[k], *row[k + 2 :]]
        yield Edit(place.parent, place.field, turned, exchanged(row[k], row[k + 1]))


def moved_further(place: Place) -> Iterator[Edit]:
    """A line some lines before or after where it stands: the columns turned before the rest, or the rest first."""
    row, k = list(getattr(place.parent, place.field)) if place.field in ("body", "orelse") else [], place.index
    if not isinstance(place.node, ast.Assign) or len(row) > LONGEST:
        return
    rest = [*row[:k], *row[k + 1 :]]
    for j in range(max(0, k - FURTHEST), min(len(rest), k + FURTHEST) + 1):
        if abs(j - k) > 1 and not isinstance(rest[j - 1] if j > k else rest[j], ast.Return):
            where = before(row[k], rest[j]) if j < k else after(row[k], rest[j - 1])
            yield Edit(place.parent, place.field, [*rest[:j], row[k], *rest[j:]], where)


def _at_once(place, row, k):
    """a, b = e, f for a = e and then b = f: f sees the old a."""
    first, second = row[k], row[k + 1]
    if all(isinstance(s, ast.Assign) and len(s.targets) == 1 for s in (first, second)) and _needs_old(first, second):
        targets = [s.targets[0] for s in (first, second)]
        both = ast.Assign([ast.Tuple(targets, ast.Store())],
                          ast.Tuple([first.value, second.value], ast.Load()))  # fmt: skip
        if all(isinstance(t, (ast.Name, ast.Subscript)) for t in targets):
            ast.fix_missing_locations(ast.copy_location(both, first))
            yield Edit(place.parent, place.field, [*row[:k], both, *row[k + 2 :]], at_once(both, first, second))


def _needs_old(first, second):
    """Whether the first reads what the second writes: with nothing of the kind, the second just loses the first."""
    written = {n.id for n in ast.walk(second.targets[0]) if isinstance(n, ast.Name)}
    return any(isinstance(n, ast.Name) and n.id in written for n in ast.walk(first.value))


def _other_orders(row):
    """A loop backwards, without its first or last turn, with one turn more, or with many times as many."""
    name = getattr(getattr(row, "func", None), "id", "")
    if name == "reversed":
        yield row.args[0]
    else:
        yield _call("reversed", [_call("list", [row])])
    if name == "range":
        yield from _other_ranges(row.args)
    if name == "enumerate":
        yield from (_call("enumerate", [other]) for other in _other_orders(row.args[0]))
    if name == "zip":
        for k, part in enumerate(row.args):
            back = _call("reversed", [_call("list", [part])])
            yield _call("zip", [back if i == k else a for i, a in enumerate(row.args)])


def _other_ranges(args):
    stop = args[0] if len(args) == 1 else args[1]
    start = ast.Constant(0) if len(args) == 1 else args[0]
    for a, b in ((0, -1), (0, 1), (1, 0), (-1, 0), (1, 1), (-1, -1)):
        first, last = plus(start, a) if a else start, plus(stop, b) if b else stop
        yield _call("range", [last] if len(args) == 1 and not a else [first, last, *args[2:]])
    for times in (10, 100) if len(args) < 3 else ():
        yield _call("range", [*args[:-1], ast.BinOp(ast.Constant(times), ast.Mult(), stop)])


def _call(name, args):
    return ast.Call(ast.Name(name, ast.Load()), args, [])
