"""LateBinding: functions that a loop made, and that read its variables when they are called: all find the last turn's.

for M in matrices:                       for M in matrices:
    steps.append(lambda z: z @ M)            steps.append(lambda z, M=M: z @ M)

What each turn had is computed again, where that can be done, and each function is given its own: the living functions
stand in a list, in the order of the turns.
"""

from __future__ import annotations

import ast
import gc
import linecache
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from types import CodeType, FunctionType
from typing import Any

from nfscratch.check.repair.code_objects import codes, functions_of
from nfscratch.check.repair.computes import can_run_again
from nfscratch.check.repair.edit import Edit, Kind, OfLines, Place, placed, places, source
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made_lines import run_again, with_locals

MOST = 24  # turns
ROW, ITEM = "_row", "_item"


class BoundFunctions:
    """The living functions of one lambda or def, each with its own values. It stands where a LiveStatement may."""

    runs_at_import, makes_by_function = False, False

    def __init__(self, tree: ast.stmt, file: str, node: Any, functions: list[FunctionType], values: list[dict]):
        self.tree, self.file, self.functions, self.values = tree, file, functions, values
        self.node = deepcopy(node)  # as it is before the edit
        self.nodes, self.known = sum(1 for _ in ast.walk(node)), {}
        self.names = list(values[0])

    @contextmanager
    def edited(self) -> Iterator[None]:
        """ValueError: Python does not let the code stand there."""
        old = [(f, f.__code__, f.__defaults__) for f in self.functions]
        new = _bound_code(self.node, self.names, old[0][1], self.file)
        try:
            for (function, _, defaults), own in zip(old, self.values, strict=True):
                function.__code__ = new
                function.__defaults__ = (*(defaults or ()), *(own[name] for name in self.names))
            yield
        finally:
            for function, code, defaults in old:
                function.__code__, function.__defaults__ = code, defaults


def bound_at_once(reached: Reached) -> Iterator[tuple[BoundFunctions, Place, Edit]]:
    """The candidates: one for each lambda or def in a loop whose variables it reads."""
    for file in list(reached.lines):
        try:
            body = ast.parse("".join(linecache.getlines(file))).body
        except SyntaxError:
            continue
        for statement in body:
            for place in places(statement):
                if isinstance(place.node, (ast.Lambda, ast.FunctionDef)) and (loop := _loop_around(place)):
                    yield from _candidates(statement, file, place, loop, reached)


def _candidates(statement, file, place, loop, reached):
    node, names = place.node, [n for n in _set_by(loop) if n in _reads_freely(place.node)]
    for code in [c for c in reached.codes.values() if names and _is_code_of(c, node, file)]:
        row = _in_order(functions_of(code))
        if len(row) < 2:  # the last turn's is its own
            continue
        known = reached.globals[id(code)] | _attributes_given(place, file, reached)
        values = _values(loop, place, names, code, row, known)
        values = _kept_by_others(loop, file, names, reached) if values is None else values
        if values is not None and len(values) == len(row):
            bound = BoundFunctions(statement, file, node, row, values)
            inner = Place(node.args, node, "args", None, (*place.above, node))
            yield bound, inner, Edit(node, "args", _with_defaults(node.args, names), _words(node, names))


def _words(node, names):
    own = f"def {node.name}({{}})" if isinstance(node, ast.FunctionDef) else "lambda {}"
    before, after = (own.format(source(a)) for a in (node.args, _with_defaults(node.args, names)))
    return OfLines(Kind.BOUND, (before,), ("",), f"with `{after}` in place of `{before}` ({why(names)})")


def why(names: Iterable[str]) -> str:
    return f"each is to keep its own {' and '.join(names)}, and finds the last turn's when it is called"


def _loop_around(place):
    """The innermost loop around a function, in the function or the module that makes it."""
    for node in reversed(place.above):
        if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            return None
        if isinstance(node, ast.For):
            return node
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and len(node.generators) == 1:
            return node.generators[0]
    return None


def _set_by(loop):
    """The variables that each turn sets: those of its head, and those of its lines."""
    lines = [n for n in getattr(loop, "body", []) if isinstance(n, ast.Assign)]
    targets = [loop.target, *(t for line in lines for t in line.targets)]
    return list(dict.fromkeys(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)))


def _reads_freely(node):
    if node.args.vararg is not None:  # an argument more would take the first of those that are given
        return set()
    own = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
    parts = node.body if isinstance(node.body, list) else [node.body]
    inside = [n for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)]
    own |= {n.id for n in inside if isinstance(n.ctx, ast.Store)}
    return {n.id for n in inside if n.id not in own}


def _is_code_of(code, node, file):
    name = getattr(node, "name", "<lambda>")
    here = code.co_filename == file and code.co_name == name and code.co_firstlineno == node.lineno
    return here and code.co_varnames[: code.co_argcount] == tuple(a.arg for a in node.args.args)


def _in_order(functions):
    """The functions as a list holds them, by themselves or in tuples; [] where none holds all of them, each once."""
    for row in _lists_of(functions[0]) if functions else []:
        held = [[f for f in functions if _holds(item, f)] for item in row]
        found = [of_item[0] for of_item in held if len(of_item) == 1]
        if row is not functions and len({id(f) for f in found}) == len(functions) == len(row):
            return found
    return []


def _lists_of(function):
    holders = gc.get_referrers(function)
    around = [row for h in holders if isinstance(h, tuple) for row in gc.get_referrers(h) if row is not holders]
    return [row for row in holders + around if isinstance(row, list)]


def _holds(item, function):
    return item is function or (isinstance(item, tuple) and any(part is function for part in item))


def _values(loop, place, names, code, row, module):
    """For each turn, the values of these variables in it; None where they are not known."""
    cells = dict(zip(code.co_freevars, row[0].__closure__ or (), strict=True))
    known = {k: v for k, v in module.items() if k != "__builtins__"}
    known |= {k: cell.cell_contents for k, cell in cells.items()}
    row = ast.Call(ast.Name("list", ast.Load()), [loop.iter], [])
    line = placed(ast.Assign([ast.Name(ROW, ast.Store())], row), place.node)
    try:
        if not can_run_again(line, known):
            return None
        items = run_again([line], code.co_filename, dict(known))[ROW]
        turns = [_turn(loop, place, code.co_filename, known | {ITEM: item}) for item in items[:MOST]]
        return [{name: turn[name] for name in names} for turn in turns]
    except (ValueError, KeyError):
        return None


def _attributes_given(place, file, reached):
    """The arguments of __init__, where the object keeps them and was met; and the object itself."""
    maker = next((n for n in reversed(place.above) if isinstance(n, ast.FunctionDef)), None)
    me = maker.args.args[0].arg if maker and maker.name == "__init__" and maker.args.args else ""
    met = {id(known[me]): known[me] for known in reached.locals.values() if me in known}
    made = [o for o in met.values() if _is_at(getattr(type(o).__init__, "__code__", None), file, maker.lineno)]
    if len(made) != 1:  # of which of them the functions are is not known
        return {}
    kept = [n for n in maker.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Name)]
    given = {source(t): n.value.id for n in kept for t in n.targets}
    own = getattr(made[0], "__dict__", {})
    return {me: made[0], **{given[f"{me}.{k}"]: value for k, value in own.items() if f"{me}.{k}" in given}}


def _is_at(code, file, line):
    return code is not None and (code.co_filename, code.co_firstlineno) == (file, line)


def _kept_by_others(loop, file, names, reached):
    """For each turn, what functions of the same loop keep as defaults: lambda x, s=s: x * s. None where none does."""
    for node in [n for n in ast.walk(loop) if isinstance(n, (ast.Lambda, ast.FunctionDef))]:
        for code in [c for c in reached.codes.values() if _is_code_of(c, node, file)]:
            last = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            own = [a.arg if source(d) == a.arg else None for a, d in zip(last, node.args.defaults, strict=True)]
            row = _in_order(functions_of(code)) if set(names) <= set(own) else []
            if row:
                return [{n: f.__defaults__[own.index(n)] for n in names} for f in row if f.__defaults__]
    return None


def _turn(loop, place, file, known):
    """The variables after the lines of one turn that stand before the function."""
    own = _set_by(loop)
    head = placed(ast.Assign([loop.target], ast.Name(ITEM, ast.Load())), place.node)
    start = place.node.lineno, place.node.col_offset
    before = [n for n in getattr(loop, "body", []) if (n.end_lineno, n.end_col_offset) < start]
    inside = run_again([head], file, {k: v for k, v in known.items() if k not in own})
    return with_locals([line for line in before if isinstance(line, ast.Assign)], file, inside)


def _with_defaults(args, names):
    new = deepcopy(args)
    new.args += [ast.arg(name) for name in names]
    new.defaults += [ast.Name(name, ast.Load()) for name in names]
    return new


def _bound_code(node, names, old: CodeType, file):
    """The code of the function with further arguments: it has the variables of those around it that it had."""

    class Renamed(ast.NodeTransformer):
        def visit_Name(self, name):
            return ast.copy_location(ast.Name(f"_own_{name.id}", name.ctx), name) if name.id in names else name

    new = Renamed().visit(deepcopy(node))
    new.args.args += [ast.copy_location(ast.arg(f"_own_{name}"), node) for name in names]
    new.args.defaults += [ast.copy_location(ast.Constant(None), node) for _ in names]
    free = [ast.copy_location(ast.Name(name, ast.Load()), node) for name in old.co_freevars]
    if isinstance(new, ast.Lambda):
        if free:
            new.body = ast.IfExp(ast.Constant(True), new.body, ast.Tuple(free, ast.Load()))
        maker = ast.Expr(new)
    else:
        if free:
            new.body = [*new.body, ast.If(ast.Constant(0), [ast.Expr(n) for n in free], [])]
        maker = new
    given = [ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)) for name in old.co_freevars]
    outer = ast.parse("def outer():\n    pass").body[0]
    outer.body = [*given, maker]
    tree = ast.Module([ast.fix_missing_locations(ast.copy_location(outer, node))], [])
    found = [c for c in codes(compile(tree, file, "exec", dont_inherit=True)) if c.co_name == old.co_name]
    if not found or found[0].co_freevars != old.co_freevars:
        raise ValueError("the function sees other variables of those around it")
    return found[0].replace(co_qualname=old.co_qualname)
