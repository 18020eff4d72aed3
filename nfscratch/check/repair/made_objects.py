"""MadeObjects: attributes that an object was given when it was made, and what they would be if a line had been another.

    self.back = np.argsort(self.order)     a line of __init__ or __post_init__ that is tried otherwise, for all objects
    self.size = len(self.back)             what was made from it is made anew

As in made.py, a line counts only where it can be run again. Its arguments are known where the object has kept them. A
class that says itself how attributes are set is left alone: its objects may hold them elsewhere.
"""

from __future__ import annotations

import ast
import gc
import linecache
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from types import CodeType

from nfscratch.check.repair.candidates import WITHOUT_POOL, Candidate, edits_of
from nfscratch.check.repair.edit import places
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made import can_run_again, is_of_numbers, is_same, keeps_something, run_again
from nfscratch.check.repair.scope import Scope

MAKERS = ("__init__", "__post_init__")
MOST = 12  # objects of one class
Lines = dict[str, set[int]]


class MadeAttribute:
    """A line that made an attribute, with those that have to run after it. It stands where a LiveStatement may."""

    runs_at_import = True

    def __init__(
        self, maker: ast.FunctionDef, k: int, after: list[ast.stmt], file: str, objects: list, variables: dict
    ):
        self.maker, self.tree, self.after, self.file, self.objects = maker, maker.body[k], after, file, objects
        self.me = maker.args.args[0].arg
        self.nodes = len(objects) * sum(1 for line in (self.tree, *after) for _ in ast.walk(line))
        self.known: dict[tuple[str, int], CodeType] = {}
        self.inside = [variables | _arguments(maker, each) for each in objects]
        locals_before = [
            line
            for line in maker.body[:k]
            if can_run_again(line, variables | {self.me: objects[0]}) and _is_local(line, self.me)
        ]
        for inside, each in zip(self.inside, objects, strict=True):
            for line in locals_before:
                with suppress(ValueError):  # it needs what the object has not kept
                    inside |= run_again([line], file, inside | {self.me: copy(each)})
        self.later = {name for line in maker.body[k:] for name in _attributes(line, self.me)}

    @property
    def is_repeatable(self) -> bool:
        """Whether it gives, as it is, what the objects hold."""
        try:
            made = self._made()
        except Exception:  # of any kind: of the user's own classes
            return False
        pairs = zip(self.objects, made, strict=True)
        return all(is_of_numbers(v) and is_same(v, getattr(each, k, None)) for each, m in pairs for k, v in m.items())

    @contextmanager
    def edited(self) -> Iterator[None]:
        """The objects with what the line, as it is now, makes. ValueError: it makes nothing."""
        made = self._made()
        old = [{name: vars(each)[name] for name in m} for each, m in zip(self.objects, made, strict=True)]
        try:
            for each, m in zip(self.objects, made, strict=True):
                vars(each).update(m)
            yield
        finally:
            for each, m in zip(self.objects, old, strict=True):
                vars(each).update(m)

    def _made(self):
        lines, made = [self.tree, *self.after], []
        names = [name for line in lines for name in _attributes(line, self.me)]
        for each, inside in zip(self.objects, self.inside, strict=True):
            new = copy(each)
            for name in self.later:  # not there yet when the line runs
                vars(new).pop(name, None)
            inside = run_again([self.tree], self.file, inside | {self.me: new})
            vars(new).update({k: v for k, v in vars(each).items() if k not in vars(new)})
            run_again(self.after, self.file, inside)
            made.append({name: vars(new)[name] for name in names})
        return made


class ObjectScope(Scope):
    """The variables of a maker, for the first object."""

    def __init__(self, statement: MadeAttribute, reached: Reached):
        super().__init__(None, statement, reached)
        own = statement.inside[0]
        self.module = {k: v for k, v in own.items() if not k.startswith("__")}
        self.locals = {statement.me: statement.objects[0]} | {
            k: own[k] for k in _local_names(statement.maker) & own.keys()
        }
        self.named = {n.id for n in ast.walk(statement.tree) if isinstance(n, ast.Name)}


def attributes_otherwise(reached: Reached, lines: Lines) -> Iterator[Candidate]:
    """The changes of all expressions in lines that made what methods read at `lines` of them."""
    made = list(made_attributes(reached, lines))
    found = [(s, place, ObjectScope(s, reached)) for s in made for place in places(s.tree)]
    for kinds in WITHOUT_POOL:
        for statement, place, scope in found:
            if isinstance(place.node, ast.expr) and place.field != "targets":
                yield from ((statement, place, edit) for edit in edits_of(place, scope, kinds))


def made_attributes(reached: Reached, lines: Lines) -> Iterator[MadeAttribute]:
    """The lines of makers that made a number or an array which one of the methods reads."""
    for cls, file, variables in _classes(reached):
        objects = [each for each in gc.get_referrers(cls) if type(each) is cls and hasattr(each, "__dict__")]
        for maker in _makers(file, cls) if 0 < len(objects) <= MOST else ():
            read = {n for c in reached.codes.values() if c.co_filename == file for n in c.co_names
                    if lines.get(file, set()) & {at for _, _, at in c.co_lines()}}  # fmt: skip
            for k in range(len(maker.body)):
                after = _needed_after(maker, k, read, variables | {maker.args.args[0].arg: objects[0]})
                made = None if after is None else _made_attribute(maker, k, after, file, objects, variables)
                if made is not None and made.is_repeatable:
                    yield made


def _made_attribute(*parts):
    try:
        return MadeAttribute(*parts)
    except Exception:  # of any kind: objects that cannot be copied
        return None


def _classes(reached):
    """(class, its file, the module's variables) of the objects whose methods were met."""
    found = {}
    for key, code in reached.codes.items():
        me = reached.locals[key].get(code.co_varnames[0]) if code.co_argcount else None
        plain = type(me).__setattr__ is object.__setattr__
        if plain and getattr(type(me), "__module__", None) == reached.globals[key].get("__name__"):
            found[type(me)] = (type(me), code.co_filename, reached.globals[key])
    return list(found.values())


def _makers(file, cls):
    try:
        body = ast.parse("".join(linecache.getlines(file))).body
    except SyntaxError:
        return []
    own = [s for s in body if isinstance(s, ast.ClassDef) and s.name == cls.__name__]
    return [f for s in own for f in s.body if isinstance(f, ast.FunctionDef) and f.name in MAKERS and f.args.args]


def _needed_after(maker, k, read, variables):
    """The lines that have to run after line k; None where they cannot, or where no method reads what they make."""
    me = maker.args.args[0].arg
    line, changed, after = maker.body[k], set(_written(maker.body[k], me)), []
    if not changed or not can_run_again(line, variables):
        return None
    for later in maker.body[k + 1 :]:
        if _reads(later, me) & changed:
            if can_run_again(later, variables) and _written(later, me):
                after.append(later)
                changed |= set(_written(later, me))
            elif keeps_something(later):
                return None
    return after if {f"{me}.{name}" for name in read} & changed else None


def _written(line, me):
    """What a line gives values to: "a", "self.a"; nothing where it also writes into something else."""
    targets = [e for t in getattr(line, "targets", []) for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
    names = [ast.unparse(t) for t in targets]
    return names if all(n.removeprefix(f"{me}.").isidentifier() for n in names) else []


def _attributes(line, me):
    return [name.removeprefix(f"{me}.") for name in _written(line, me) if "." in name]


def _reads(statement, me):
    own = [n for n in ast.walk(statement) if isinstance(getattr(n, "ctx", None), ast.Load)]
    attributes = {ast.unparse(n) for n in own if isinstance(n, ast.Attribute)}
    return attributes | {n.id for n in own if isinstance(n, ast.Name) and n.id != me}


def _is_local(line, me):
    return bool(_written(line, me)) and not any("." in name for name in _written(line, me))


def _local_names(maker):
    stored = {n.id for n in ast.walk(maker) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {a.arg for a in maker.args.args}


def _arguments(maker, each):
    """The arguments that the object has kept: self.a = a."""
    kept = [s for s in maker.body if isinstance(s, ast.Assign) and isinstance(s.value, ast.Name)]
    names = [(s.value.id, t.attr) for s in kept for t in s.targets if isinstance(t, ast.Attribute)]
    own = {a.arg for a in maker.args.args}
    return {name: vars(each)[a] for name, a in names if name in own and a in vars(each)}
