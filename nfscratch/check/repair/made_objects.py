"""MadeObjects: attributes that an object was given when it was made, and what they would be if a line had been another.

    self.back = np.argsort(self.order)     a line of __init__ or __post_init__ that is tried otherwise, for all objects
    self.size = len(self.back)             what was made from it is made anew

As in made.py, a line counts only where it can be run again. Its arguments are known where the object has kept them, and
where the module's own lines say with what it was made. A class that says itself how attributes are set is left alone:
its objects may hold them elsewhere.
"""

from __future__ import annotations

import ast
import gc
import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from typing import Any

from nfscratch.check.repair.call_sites import calls_at_import
from nfscratch.check.repair.candidates import Candidate
from nfscratch.check.repair.computes import can_run_again
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made_lines import (
    Changes,
    needed_after,
    otherwise,
    run_again,
    with_locals,
    written,
)
from nfscratch.check.repair.maker_lines import MakerLine, MakerScope
from nfscratch.check.repair.masked_draws import masked_again
from nfscratch.check.repair.pure import pure_functions

MAKERS = ("__init__", "__post_init__")
MOST = 12  # objects of one class
Lines = dict[str, set[int]]


class MadeAttribute(MakerLine):
    """A line that made an attribute, for all objects of its class."""

    def __init__(self, maker: ast.FunctionDef, k: int, after: list[ast.stmt], file: str, objects: list, known: list):
        self.me = maker.args.args[0].arg
        self.later = {name for line in maker.body[k:] for name in _attributes(line, self.me)}
        super().__init__(maker, k, after, file, objects, known)

    def _myself(self, owner):
        return {self.me: copy(owner)}

    def held(self, owner: Any, name: str) -> Any:
        return getattr(owner, name, None)

    @contextmanager
    def edited(self) -> Iterator[None]:
        """The objects with what the line, as it is now, makes. ValueError: it makes nothing."""
        new = self.all_made()
        old = [(each, {name: vars(each)[name] for name in made}) for each, made in new]
        try:
            for each, made in new:
                vars(each).update(made)
            yield
        finally:
            for each, made in old:
                vars(each).update(made)

    def made_for(self, owner: Any, inside: dict[str, Any]) -> dict[str, Any]:
        names = [name for line in (self.tree, *self.after) for name in _attributes(line, self.me)]
        new = copy(owner)
        for name in self.later:  # not there yet when the line runs
            vars(new).pop(name, None)
        inside = run_again([self.tree], self.file, inside | {self.me: new})
        vars(new).update({k: v for k, v in vars(owner).items() if k not in vars(new)})
        if self.after:
            inside = with_locals(self.rest, self.file, inside, self.me)
        run_again(self.after, self.file, inside)
        return {name: vars(new)[name] for name in names}


def attributes_otherwise(reached: Reached, lines: Lines, changes: Changes | None = None) -> Iterator[Candidate]:
    """The changes of all expressions in lines that made what methods read at `lines` of them."""
    made = ((statement, MakerScope(statement, reached)) for statement in made_attributes(reached, lines))
    return otherwise(made, changes)


def made_attributes(reached: Reached, lines: Lines) -> Iterator[MadeAttribute]:
    """The lines of makers that made a number or an array which one of the methods reads."""
    for cls, file, variables in _classes(reached):
        objects = [each for each in gc.get_referrers(cls) if type(each) is cls and hasattr(each, "__dict__")]
        body = _body(file) if 0 < len(objects) <= MOST else []
        pure = pure_functions(body, file, variables) if objects else {}
        for maker in _makers(body, cls):
            me = maker.args.args[0].arg
            read = {f"{me}.{n}" for c in reached.codes.values() if c.co_filename == file for n in c.co_names
                    if lines.get(file, set()) & {at for _, _, at in c.co_lines()}}  # fmt: skip
            calls = (
                [] if maker.name != MAKERS[0] else calls_at_import(cls.__name__, cls.__init__, body, file, variables)
            )
            known = [[variables | _arguments(maker, each)] for each in objects]
            known = [[*guesses, *(guesses[0] | call for call in calls)] for guesses in known]
            written_so, again = maker.body, partial(can_run_again, variables=variables | {me: objects[0]}, pure=pure)
            held = variables | {f"{me}.{name}": value for name, value in vars(objects[0]).items()}
            maker.body = [masked_again(line, again, held.get) for line in maker.body]
            for k in [k for k, line in enumerate(maker.body) if line is written_so[k]]:
                after = _needed_after(maker, k, read, again)
                made = None if after is None else _made_attribute(maker, k, after, file, objects, known)
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


def _body(file):
    try:
        return ast.parse("".join(linecache.getlines(file))).body
    except SyntaxError:
        return []


def _makers(body, cls):
    own = [s for s in body if isinstance(s, ast.ClassDef) and s.name == cls.__name__]
    return [f for s in own for f in s.body if isinstance(f, ast.FunctionDef) and f.name in MAKERS and f.args.args]


def _needed_after(maker, k, read, again):
    """The lines that have to run after line k; None where they cannot, or where no method reads what they make."""
    me, line = maker.args.args[0].arg, maker.body[k]
    if not written(line, me) or not again(line):
        return None
    after = needed_after(line, maker.body[k + 1 :], set(), again, me)
    made = {name for each in (line, *(after or ())) for name in written(each, me)}
    return after if read & made else None


def _attributes(line, me):
    return [name.removeprefix(f"{me}.") for name in written(line, me) if "." in name]


def _arguments(maker, each):
    """The arguments that the object has kept: self.a = a."""
    kept = [s for s in maker.body if isinstance(s, ast.Assign) and isinstance(s.value, ast.Name)]
    names = [(s.value.id, t.attr) for s in kept for t in s.targets if isinstance(t, ast.Attribute)]
    own = {a.arg for a in maker.args.args}
    return {name: vars(each)[a] for name, a in names if name in own and a in vars(each)}
